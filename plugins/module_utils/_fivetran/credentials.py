# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's key and secret: what one sees of them without asking Fivetran."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._kernel.errors import InvalidArgument
from .._kernel.secrets.keys import bare, complaint
from .._kernel.secrets.redact import Redactor, texts_in


def checked_credential(option: str, variable: str, value: str) -> str:
    """Return a key without the blanks and line breaks around it, which come with it from a file.

    :raises InvalidArgument: it is empty, or holds what no key does. It names option and environment, never the value.
    """
    key = bare(value)
    wrong = complaint(key)
    if wrong:
        raise InvalidArgument(f"{option}: {wrong} Where the option is unset, {variable} of the environment counts.")
    return key


def credentials_redactor(params: Mapping[str, Any], *more: Mapping[str, Any] | None) -> Redactor:
    """Return what keeps the key and the secret in use out of results, should a server echo them.

    ``more``: what else must not be shown.
    """
    return Redactor([params["fivetran_api_key"], params["fivetran_api_secret"], *texts_in(list(more))])
