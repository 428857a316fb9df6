# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of conditions, also those that are not known, and what can be done with them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True)
class Open:
    """A text of which only the beginning is known: the name of any object in a folder."""

    prefix: str


@dataclass(frozen=True)
class Unknown:
    """What cannot be known from here."""


UNKNOWN = Unknown()


Value: TypeAlias = "str | bool | datetime | Open | Unknown | tuple[Value, ...]"


def moment(text: str) -> Value:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNKNOWN
    return moment if moment.tzinfo is not None else UNKNOWN


def truth_of(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def negated(value: Value) -> Value:
    return not value if isinstance(value, bool) else UNKNOWN


def either(one: Value, other: Value) -> Value:
    if one is True or other is True:
        return True
    return False if one is False and other is False else UNKNOWN


def compared(sign: str, one: Value, other: Value) -> Value:
    if sign == "in":
        return among(one, other)
    if sign in ("==", "!="):
        equal = same(one, other)
        return equal if sign == "==" else negated(equal)
    if not isinstance(one, datetime) or not isinstance(other, datetime):
        return UNKNOWN
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


def among(value: Value, values: Value) -> Value:
    if not isinstance(values, tuple):
        return UNKNOWN
    found: Value = False
    for item in values:
        found = either(found, same(value, item))
    return found


def same(one: Value, other: Value) -> Value:
    if isinstance(one, Open) or isinstance(other, Open):
        whole, opened = (other, one) if isinstance(one, Open) else (one, other)
        differs = isinstance(whole, str) and isinstance(opened, Open) and not whole.startswith(opened.prefix)
        return False if differs else UNKNOWN
    if isinstance(one, str | datetime | bool) and type(one) is type(other):
        return one == other
    return UNKNOWN


def _starts_with(text: str | Open, given: str) -> Value:
    if isinstance(text, str):
        return text.startswith(given)
    if text.prefix.startswith(given):
        return True
    # Of a folder inside, some of the names begin so.
    return UNKNOWN if given.startswith(text.prefix) else False


def _ends_with(text: str | Open, given: str) -> Value:
    return text.endswith(given) if isinstance(text, str) else UNKNOWN


def _contains(text: str | Open, given: str) -> Value:
    if isinstance(text, str):
        return given in text
    return True if given in text.prefix else UNKNOWN


def _extract(text: str | Open, template: str) -> Value:
    """Return the part of a text that stands for the braces of a template, empty if the template does not fit."""
    before, brace, rest = template.partition("{")
    _name, end, after = rest.partition("}")
    known = text.prefix if isinstance(text, Open) else text
    start = known.find(before) + len(before)
    stop = known.find(after, start) if after else -1
    if not brace or not end:
        return UNKNOWN
    if before in known and not after:
        return Open(known[start:]) if isinstance(text, Open) else known[start:]
    if before in known and stop >= 0:
        return known[start:stop]
    return UNKNOWN if isinstance(text, Open) else ""


METHODS: Mapping[str, Callable[[str | Open, str], Value]] = {
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "contains": _contains,
    "extract": _extract,
}
