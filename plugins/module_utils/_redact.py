# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Keep secrets out of everything that a person or a log can see, also when a server echoes them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

REDACTED = "********"

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
    """Replaces the given secrets, in every spelling in which they travel, by ``********``."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # A secret of a file ends with a line break, with which nobody quotes it.
        forms = {form for secret in secrets for form in (secret, secret.strip()) if form}
        spellings = {spelling for form in forms for spelling in _spellings(form)}
        # The longest first, so that a secret that contains another disappears as a whole.
        alternatives = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._pattern = re.compile("|".join(map(re.escape, alternatives))) if alternatives else None

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text

    def data(self, data: Any) -> Any:
        """Return a copy of JSON-like ``data`` without the secrets, in keys and in values."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {self.data(key): self.data(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.data(value) for value in data]
        return data


def _spellings(secret: str) -> set[str]:
    # A secret of the environment that is no UTF-8 holds halves of surrogate pairs.
    content = secret.encode(errors="surrogatepass")
    return {
        secret,
        quote(content, safe=""),
        quote_plus(content),
        json.dumps(secret)[1:-1],
        base64.b64encode(content).decode(),
    }
