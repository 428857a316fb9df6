# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leaves the sandbox's own tests out of ``make test`` where nothing has changed since they last passed.

``python -m tests.changed`` prints what to leave out; ``python -m tests.changed passed`` notes that what was tested then
has passed. The note is a hash of contents, because a checkout gives files new times. A clean clone has no note.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TESTS = "tests/sandbox/tests"
# The sandbox, and what its tests are run with.
READ = ("tests/sandbox", "tests/conftest.py", "tests/collection.py", "tests/requirements.txt", "examples/fleet")
GENERATED = ("__pycache__", ".hypothesis")


def files(checkout: Path) -> Iterator[Path]:
    """Yield the files that the sandbox's tests depend on."""
    for name in READ:
        place = checkout / name
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in found if path.is_file() and not set(path.parts) & set(GENERATED))


def content_hash(checkout: Path) -> str:
    """Return a hash of the names and contents of these files, and of the Python that runs them."""
    digest = hashlib.sha256(sys.version.encode())
    for path in files(checkout):
        digest.update(f"\0{path.relative_to(checkout)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def left_out(checkout: Path) -> str:
    """Return the option that leaves the tests out, or nothing; remember what is being tested."""
    cache = checkout / ".cache"
    cache.mkdir(exist_ok=True)
    now, noted = content_hash(checkout), cache / "sandbox.passed"
    (cache / "sandbox.tested").write_text(now)
    return f"--ignore={TESTS}" if noted.exists() and noted.read_text() == now else ""


def passed(checkout: Path) -> None:
    """Note that what was tested has passed."""
    (checkout / ".cache" / "sandbox.tested").replace(checkout / ".cache" / "sandbox.passed")


if __name__ == "__main__":
    if sys.argv[1:] == ["passed"]:
        passed(CHECKOUT)
    else:
        print(left_out(CHECKOUT))
