# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say which Python package is missing, in Ansible's own words."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import platform
import sys

from .errors import Failure, OnrampError


def require_library(package: str, import_error: ImportError | None) -> None:
    """Raise a clear error if importing ``package`` failed.

    :raises OnrampError: with code ``missing_library``.
    """
    if import_error is not None:
        message = (
            f"Failed to import the required Python library ({package}) on {platform.node()}'s Python {sys.executable}."
            " Install it there, or let ansible_python_interpreter name a Python that has it."
        )
        raise OnrampError(msg=message, failure=Failure(code="missing_library", message=str(import_error)))
