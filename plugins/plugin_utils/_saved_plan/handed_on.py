# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan as a short text, which goes from job to job as a variable, such as an artifact of an AWX workflow.

Compressed, because AWX stores it with every job that gets it; and text, because what is text in between is never taken
for a number or a date, nor evaluated.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

PREFIX = "onramp-plan:1:"
# Of the text. Between its nodes, AWX passes on messages of up to four megabytes, and in the one that holds the text,
# the names of all hosts stand several times.
LONGEST = 2_000_000


class NotHandedOn(ValueError):
    """A plan that is too large for a variable, or a text that is none."""


def is_handed_on(value: Any) -> bool:
    """Tell whether a value is such a text, and neither a path nor the plan itself."""
    return isinstance(value, str) and value.lstrip().startswith("onramp-plan:")


def to_text(data: Mapping[str, Any], longest: int = LONGEST) -> str:
    """Return a plan as text.

    :raises NotHandedOn: it is too large.
    """
    packed = zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 9)
    text = PREFIX + base64.b64encode(packed).decode()
    if len(text) > longest:
        raise NotHandedOn(
            f"The plan of {len(data.get('workspaces', ()))} workspaces has {len(text)} characters, and {longest} are"
            " handed on from job to job. Save it with onramp_plan_file on a path that all jobs see, and name that path"
            " in onramp_approved_plan."
        )
    return text


def from_text(text: str, largest: int) -> dict[str, Any]:
    """Return the plan that a text holds. ``largest``: so many bytes it may be when unpacked.

    :raises NotHandedOn: it holds none, or a larger one.
    """
    version, _colon, packed = text.strip().removeprefix("onramp-plan:").partition(":")
    if version != "1":
        raise NotHandedOn("It was handed on by another version of this collection.")
    try:
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(base64.b64decode(packed, validate=True), largest + 1)
        if len(unpacked) > largest:
            raise NotHandedOn(f"It is larger than {largest} bytes.")
        data = json.loads(unpacked) if unpacking.eof and not unpacking.unused_data else None
    except (binascii.Error, zlib.error, ValueError) as error:
        if isinstance(error, NotHandedOn):
            raise
        raise NotHandedOn("It was cut off or changed on its way.") from None
    if not isinstance(data, dict):
        raise NotHandedOn("It was cut off or changed on its way.")
    return data
