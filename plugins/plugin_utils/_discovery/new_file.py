# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a file that is not there yet, whole or not at all."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from ...module_utils._kernel.errors import Failure, OnrampError
from .._files import beside, fill_new


def check_new(path: Path) -> None:
    """Refuse what cannot become a new file, before any work is done for it.

    :raises OnrampError: ``file_exists``, or ``cannot_write``.
    """
    if os.path.lexists(path):
        _exists(path)
    if not os.path.isdir(path.parent):
        _cannot(path, f"There is no directory {path.parent}.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        _cannot(path, f"The directory {path.parent} does not let you write.")


def write_new(path: Path, text: str) -> None:
    """Write the file, with the permissions that a new file gets here. What is there already stays as it is.

    :raises OnrampError: ``file_exists``, or ``cannot_write``.
    """
    try:
        _place(path, text)
    except FileExistsError:
        _exists(path)
    except OSError as error:
        _cannot(path, f"{error.strerror or type(error).__name__}.")


def _place(path: Path, text: str) -> None:
    temporary = beside(path)
    fill_new(temporary, text)
    try:
        # Unlike a renaming, a link never takes the place of what is there.
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links. A reader may see half of it there, but nothing is replaced either.
        fill_new(path, text)
    finally:
        temporary.unlink(missing_ok=True)


def _exists(path: Path) -> NoReturn:
    msg = (
        f"{path} exists already, and nothing is ever overwritten. Move it away, or name another file: in discover_file"
        " for the playbook, in dest for the module."
    )
    raise OnrampError(msg=msg, failure=Failure(code="file_exists", message=msg)) from None


def _cannot(path: Path, why: str) -> NoReturn:
    msg = f"{path} cannot be written. {why}"
    raise OnrampError(msg=msg, failure=Failure(code="cannot_write", message=msg)) from None
