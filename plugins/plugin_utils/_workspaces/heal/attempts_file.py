# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where heal.yml remembers what it has tried: a file, for the runs of one machine; it holds no secret.

What is damaged counts as empty: at worst something is tried once more.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..._files import read_regular, write_whole
from ..model.attempts import Attempts

NAME = "onramp_heal.json"
LARGEST = 16 * 1024 * 1024


def read(path: Path) -> Attempts:
    """Return what the file holds.

    :raises OSError: it is there, and is not a file or cannot be read.
    """
    try:
        content = read_regular(path, LARGEST + 1)
        known = Attempts() if len(content) > LARGEST else Attempts.from_json(json.loads(content))
        return known.until(datetime.now(UTC))
    except (FileNotFoundError, ValueError, RecursionError):
        return Attempts()


def change(path: Path, change: Callable[[Attempts], Attempts]) -> Attempts:
    """Change what the file holds, while no other run does; return what it holds then.

    :raises OSError: it cannot be written.
    """
    with _alone(path):
        before = read(path)
        after = change(before)
        if after != before:
            after = after.bounded(datetime.now(UTC))
            write_whole(path, json.dumps(after.as_json(), indent=1) + "\n")
        return after


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock beside the file; the file itself is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
