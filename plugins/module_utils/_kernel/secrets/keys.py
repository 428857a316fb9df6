# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a key is that can stand in a header: the same for every vendor, and wherever the key comes from."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .redact import is_mask
from .spellings import SHORTEST

BLANKS = " \t\r\n\v\f"

_AUTHORIZATION = re.compile(r"(?:Bearer|Basic)\s", re.IGNORECASE)
# Of several, the first is told.
_COMPLAINTS: Sequence[tuple[str, Callable[[str], object]]] = (
    ("is empty.", lambda key: not key),
    ("is not valid UTF-8.", lambda key: any("\ud800" <= char <= "\udfff" for char in key)),
    ("begins with Bearer or Basic; give the key alone.", _AUTHORIZATION.match),
    (
        "stands in quotation marks, which became part of it; remove them.",
        lambda key: key[0] in "\"'" or key[-1] in "\"'",
    ),
    (
        "holds a character that no key has, such as a no-break space or a letter with an accent.",
        lambda key: not key.isascii(),
    ),
    ("holds white space inside; give the key alone, in one line.", re.compile(r"\s").search),
    ("holds a control character.", lambda key: not key.isprintable()),
    ("is a mask, as vendors show stored keys; give the key itself.", is_mask),
    ("is shorter than any key is; it may have been cut off.", lambda key: len(key) < SHORTEST),
)


def bare(value: str) -> str:
    """Return a key without the blanks and line breaks around it, which come with it from a file."""
    return value.strip(BLANKS)


def complaint(key: str) -> str:
    """Return what is wrong with a key that :func:`bare` has returned, as a sentence that goes on after its name.

    Empty if nothing is; never with the key in it.
    """
    return next((sentence for sentence, applies in _COMPLAINTS if applies(key)), "")
