# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep secrets out of everything that a person or a log can see, also when a server echoes them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from itertools import chain, count
from typing import Any

from .quoted import Quotations
from .spellings import secrets_in

REDACTED = "********"
LONGEST_KEPT, MOST_KEPT = 100, 20_000

# Fivetran returns a stored secret as asterisks; six today, other lengths occur.
_MASK = re.compile(r"\*+")


def is_mask(value: object) -> bool:
    """Tell whether ``value`` is a vendor's mask for a stored secret and not a value of its own."""
    return isinstance(value, str) and _MASK.fullmatch(value) is not None


def texts_in(data: Any) -> Iterator[str]:
    """Yield every text in the values of JSON-like ``data``, however deep."""
    values = [data]
    while values:
        value = values.pop()
        if isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str):
            yield value


class Redactor:
    """Replaces the given secrets, whole and in part, in every spelling in which they travel, by ``********``.

    What is too short for a key, or nothing but punctuation, is none. The same for as many secrets as there are; they
    are prepared when the first text is there.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        # Names of fields and states, which a listing repeats a thousand times.
        self._harmless: set[str] = set()

    @cached_property
    def _quotations(self) -> Quotations:
        return Quotations(secret for value in dict.fromkeys(self._secrets) for secret in secrets_in(value))

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets; the text itself if there are none in it."""
        if not self._secrets or text in self._harmless:
            return text
        spans = self._quotations.spans(text)
        if not spans:
            if len(text) <= LONGEST_KEPT and len(self._harmless) < MOST_KEPT:
                self._harmless.add(text)
            return text
        pieces, done = [], 0
        for start, end in spans:
            pieces += [text[done:start], REDACTED]
            done = end
        return "".join([*pieces, text[done:]])

    def data(self, data: Any) -> Any:
        """Return a copy of JSON-like ``data`` without the secrets, in keys and in values, also of data classes."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return self._mapping(data)
        if isinstance(data, list):
            return [self.data(value) for value in data]
        if isinstance(data, tuple):
            items = [self.data(value) for value in data]
            return type(data)(*items) if hasattr(data, "_fields") else tuple(items)
        if is_dataclass(data) and not isinstance(data, type):
            # As Ansible keeps warnings and errors.
            return replace(
                data, **{item.name: self.data(getattr(data, item.name)) for item in fields(data) if item.init}
            )
        return data

    def _mapping(self, data: Mapping[Any, Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in data.items():
            shown = self.data(key)
            found[shown if shown == key else _free(shown, found, data)] = self.data(value)
        return found


def _free(name: Any, *taken: Mapping[Any, Any]) -> Any:
    """Return a name that nobody else has: two secrets as keys are two entries all the same."""
    names = chain([name], (f"{name} ({number})" for number in count(2)))
    return next(name for name in names if not any(name in names for names in taken))
