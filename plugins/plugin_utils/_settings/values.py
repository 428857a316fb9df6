# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the inventory says to a value of the right type.

Stricter than Ansible's own conversion, which makes a text of everything: a list is no name of a bucket.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._kernel.secrets.redact import texts_in
from ...module_utils._kernel.secrets.shown import described, looks_like, shown
from . import meant
from .options import Option

# How alike a value and a choice have to be, from 0 to 1, to be taken for misspelt.
_ALIKE = 0.75

# What Ansible makes of ``omit`` inside a text: before 2.19, and since.
_OMIT = re.compile(r"__omit_place_holder__|<<Omit>>")
_WHOLE_NUMBER = re.compile(r"\s*-?[0-9]{1,18}\s*")


class Refused(Exception):
    """A value that cannot be used. ``str()`` goes on after the name of the variable and a colon."""


def either(choices: Iterable[str | int]) -> str:
    """Return choices as a sentence has them: ``s3, gcs, azure or none``."""
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last


def no_secret(option: Option, value: Any) -> Any:
    """Return the value of an option that is for no secret.

    :raises Refused: it holds what is nothing else than one. Never shows it.
    """
    for text in texts_in(value):
        if looks_like(text, certain=True):
            expected = "the path of a file" if option.type == "path" else "no secret"
            raise Refused(f"expected {expected}, got {described(text)}.")
    return value


def typed(option: Option, value: Any) -> Any:
    """Return ``value`` in the type of ``option``.

    :raises Refused: what is none, and none of the choices.
    """
    if holds_omit(value):
        raise Refused("is Ansible's omit, which is not a value here; leave the variable out instead.")
    return _CONVERSIONS[option.type](option, value)


def holds_omit(value: Any) -> bool:
    """Tell whether ``omit`` has become part of ``value``."""
    if isinstance(value, Mapping):
        return any(map(holds_omit, value.values()))
    if isinstance(value, list):
        return any(map(holds_omit, value))
    return isinstance(value, str) and _OMIT.search(value) is not None


def _text(option: Option, value: Any) -> str | int:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return _chosen(option, str(value)) if option.choices else str(value)
    if option.choices:
        refusal = f"expected {either(option.choices)}, got {shown(value, secret=option.no_log)}."
        raise Refused(f"{refusal}{meant.choice(str(value), option.choices)}")
    step = " Put it in quotes." if isinstance(value, bool | float | date) else " Write a single value."
    raise Refused(f"expected text, got {shown(value, secret=option.no_log)}.{step}")


def _chosen(option: Option, value: str | int) -> str | int:
    if value in option.choices:
        return value
    refusal = f"expected {either(option.choices)}, got {shown(value, secret=option.no_log)}."
    names = {str(choice).lower(): choice for choice in option.choices if isinstance(choice, str)}
    close = get_close_matches(str(value).strip().lower(), names, 1, _ALIKE)
    if close:
        raise Refused(f"{refusal} Did you mean {names[close[0]]}?")
    if not names:
        raise Refused(f"{refusal}{meant.minutes(value, option.choices)}")
    raise Refused(f"{refusal}{meant.choice(str(value), option.choices)}")


def _path(option: Option, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"expected the path of a file, got {shown(value, secret=option.no_log)}.")
    if not value.strip():
        raise Refused("is empty. Name a file, or leave it out.")
    if not value.isprintable() or value.lstrip().startswith("{"):
        raise Refused(f"expected the path of a file, got {described(value)}.")
    return os.path.expanduser(os.path.expandvars(value))


def _bool(option: Option, value: Any) -> bool:
    try:
        return bool(boolean(value))
    except TypeError:
        raise Refused(f"expected true or false, got {shown(value, secret=option.no_log)}.") from None


def _int(option: Option, value: Any) -> str | int:
    number = _whole_number(value)
    if number is None:
        expected = either(option.choices) if option.choices else "a whole number"
        unit = meant.minutes(value, option.choices) if option.choices else ""
        raise Refused(f"expected {expected}, got {shown(value, secret=option.no_log)}.{unit}")
    return _chosen(option, number) if option.choices else number


def _whole_number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else None


def _list(option: Option, value: Any) -> list[str | int]:
    if isinstance(value, str):
        if option.choices and not value.strip():
            raise Refused(f"expected {either(option.choices)}, got an empty text.")
        # As Ansible does it, for roles and modules get the text: blanks beside a comma belong to the parts.
        value = value.split(",") if value.strip() else []
    if not isinstance(value, list):
        raise Refused(f"expected a list, got {shown(value, secret=option.no_log)}.")
    odd = [item for item in value if not isinstance(item, str | int) or isinstance(item, bool)]
    if odd:
        raise Refused(f"expected a list of texts, got one with {shown(odd[0], secret=option.no_log)} in it.")
    return [_text(option, item) for item in value]


def _dict(option: Option, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(f"expected a dictionary (name: value), got {shown(value, secret=option.no_log)}.")
    given = {str(key): inner for key, inner in value.items()}
    if not option.fields or not given:
        return given
    unknown = [key for key in given if key not in option.fields]
    if unknown:
        raise Refused(f"holds {shown(unknown[0])}, which is not one of {', '.join(option.fields)}.")
    missing = [name for name, inner in option.fields.items() if inner.required and given.get(name) in (None, "")]
    if missing:
        raise Refused(f"needs {' and '.join(missing)}.")
    return {key: _field(option.fields[key], inner) for key, inner in given.items() if inner is not None}


def _field(option: Option, value: Any) -> Any:
    try:
        return typed(option, value)
    except Refused as refusal:
        raise Refused(f"{option.name}: {refusal}") from None


_CONVERSIONS: Mapping[str, Callable[[Option, Any], Any]] = {
    "str": _text,
    "path": _path,
    "bool": _bool,
    "int": _int,
    "list": _list,
    "dict": _dict,
}
