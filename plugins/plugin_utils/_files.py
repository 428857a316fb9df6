# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write files for people: whole or not at all, where they said, and with the permissions that they chose.

And read what may be no file at all.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_AS_USUAL = 0o666


def write_whole(path: Path, text: str, mode: int = _AS_USUAL) -> None:
    """Write a file so that nobody who reads it meanwhile sees half of it.

    A link is followed. A file that is there keeps its permissions, a new one gets those of ``mode`` that new files get
    here. What is not a file, such as a pipe, is written to. Folders that are missing are made.

    :raises OSError: it cannot be written; what was there is as it was.
    """
    try:
        # Of the path as it is given: /dev/stdout leads to what has no other name.
        status = os.stat(path)
    except FileNotFoundError:
        status = None
    if status is not None and not stat.S_ISREG(status.st_mode):
        _write_to(path, text)
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(target)
    try:
        fill_new(temporary, text, mode)
        if status is not None:
            _give(temporary, status)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_regular(path: str | Path, most: int, flags: int = 0) -> bytes:
    """Return the first ``most`` bytes of a file, without waiting for the other end of a pipe. ``flags``: of opening it.

    :raises OSError: it cannot be read, or is not a file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | flags)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        return file.read(most)


def beside(path: Path) -> Path:
    """Return the path of a file in the same folder that is there for a moment."""
    return path.with_name(f".{secrets.token_hex(8)}")


def fill_new(path: Path, text: str, mode: int = _AS_USUAL) -> None:
    """Make a file, or leave none; half a surrogate pair, as in a name of another encoding, becomes a question mark."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _give(path: Path, status: os.stat_result) -> None:
    """Give a file the owner, if that is allowed, and the permissions of the one whose place it takes."""
    own = path.stat()
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        # If not: it is the file of somebody else, who has let us write there.
        with suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
    path.chmod(stat.S_IMODE(status.st_mode))


def _write_to(path: Path, text: str) -> None:
    """Write to a device or a pipe; one that nobody reads is an error, and no reason to wait."""
    handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    os.set_blocking(handle, True)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
