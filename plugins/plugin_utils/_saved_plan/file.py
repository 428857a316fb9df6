# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a saved plan: written whole and for its owner only, read only as it was written."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from ...module_utils._kernel.errors import Failure, OnrampError
from .._files import read_regular, write_whole
from .model import Saved
from .parse import from_data, unusable

# A plan of ten thousand workspaces has a third of it.
LARGEST = 100 * 1024 * 1024
_OWNER_ONLY = 0o600
_FOLDER = "It is a folder."
_NO_PLANS = {
    errno.ELOOP: "It is a link: name the file itself.",
    errno.EISDIR: _FOLDER,
    errno.EINVAL: "It is not a file.",
}


def rendered(data: Mapping[str, Any]) -> str:
    """Return a plan as it stands in its file, the only way in which it may stand there."""
    return json.dumps(data, indent=1, ensure_ascii=True) + "\n"


def check_writable(path: str) -> None:
    """Refuse a place where no file can be written, before any work is done for it.

    :raises OnrampError: ``cannot_write``.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        _cannot_write(path, _FOLDER)
    folder = next(parent for parent in target.parents if parent.exists())
    if not folder.is_dir() or not os.access(target if target.exists() else folder, os.W_OK):
        _cannot_write(path, "You may not write there.")


def write(path: str, data: Mapping[str, Any]) -> None:
    """Write a plan, whole or not at all; a new file is for its owner only.

    :raises OnrampError: ``cannot_write``.
    """
    try:
        write_whole(Path(path), rendered(data), _OWNER_ONLY)
    except (OSError, ValueError) as error:
        _cannot_write(path, f"{getattr(error, 'strerror', None) or type(error).__name__}.")


def _cannot_write(path: str, why: str) -> NoReturn:
    msg = f"onramp_plan_file: {path} cannot be written: {why} Nothing was changed."
    raise OnrampError(msg=msg, failure=Failure(code="cannot_write", message=msg)) from None


def read(path: str) -> tuple[dict[str, Any], Saved]:
    """Return a plan as it stands in its file, and as it was saved.

    :raises OnrampError: it is not a file, cannot be read, is too large, or is not exactly what was written.
    """
    try:
        text = _text(path)
    except OSError as error:
        why = _NO_PLANS.get(error.errno or 0)
        unusable(path, why or f"The plan cannot be read: {error.strerror}.")
    except ValueError:
        unusable(path, "This is not a plan: it is not text.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        unusable(path, "This is not a plan: it is not JSON.")
    saved = from_data(data, path)
    # Blanks and fields that stand there twice are not in what was read.
    if rendered(data) != text:
        unusable(path, "The file is not as it was written. Make a new plan.")
    return data, saved


def _text(path: str) -> str:
    content = read_regular(path, LARGEST + 1, os.O_NOFOLLOW)
    if len(content) > LARGEST:
        unusable(path, f"The file is larger than {LARGEST // 1024 // 1024} MB, and no plan is.")
    return content.decode("utf-8")
