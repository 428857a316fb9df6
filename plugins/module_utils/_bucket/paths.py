# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths in messages: where a path belongs, a person may have put what stands in the file."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re

_LONGEST = 255
# JSON, PEM, a token of three parts, and what Google's and Amazon's secrets begin with or look like.
_SECRET = re.compile(
    r"[\n{}]|-----BEGIN|PRIVATE KEY|eyJ[\w-]*\.|^(?:1//|ya29\.|GOCSPX-|AIza)|^[\w+=-][\w+/=-]{35,}$", re.ASCII
)


def may_be_secret(path: str) -> bool:
    """Tell whether a text in the place of a path may be the content itself."""
    return len(path) > _LONGEST or _SECRET.search(path) is not None


def shown_path(path: str) -> str:
    """Return a path as messages show it."""
    return "(not shown, because it may be a secret)" if may_be_secret(path) else path
