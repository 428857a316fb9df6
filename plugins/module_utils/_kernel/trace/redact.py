# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put placeholders in the place of secrets, so that what is left can be given to somebody else.

A secret is what is known as one, what stands where secrets stand, and what looks like one. In doubt it is one. The same
secret has the same placeholder as long as the key is the same; without the key, nobody can try out what it stands for.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import base64
import hmac
import re
import threading
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ..secrets.names import is_secret_name
from ..secrets.quoted import Quotations, comparable
from ..secrets.redact import is_mask
from ..secrets.spellings import Secret, secrets_in, spellings

# What stands for a secret. It can stand in a URL, and is no secret by its looks.
PLACEHOLDER = re.compile(r"REDACTED-[0-9a-f]{12}")

# What objects and tags are called, how many are listed, and where a listing goes on.
_NO_SECRET_NAME = re.compile(r"(?:.*\.)?key|max-?keys|.*page_?token|.*continuation-?token", re.IGNORECASE)
# In requests for tokens, and in signed URLs.
_ALSO_SECRET = frozenset({"assertion", "sig", "code_verifier", "refresh"})

_ELEMENT = re.compile(r"<([A-Za-z]+)>([^<>]+)</\1>")
_NAMED_IN_TEXT = re.compile(
    r"(?i)((?:account_?key|shared_?access_?signature|[?&;]sig|passw(?:or)?d|secret|token|api[_ -]?key)"
    r"[\"']?\s?[=:]\s?[\"']?)"
    r"((?=[^\s\"'&,;<>{}]*[0-9])[^\s\"'&,;<>{}]{6,})"
)
# A group is the secret; without one, it is the whole.
_LOOKS: tuple[re.Pattern[str], ...] = (
    re.compile(r"-----BEGIN[A-Z0-9 +%]*PRIVATE[0-9 +%]+KEY-----.*?(?:-----END[A-Z0-9 +%]*KEY-----|\Z)", re.DOTALL),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"\b(?:Bearer|Basic)[ +]+((?=[^\s\"'<>,]*[0-9=._~-])[^\s\"'<>,]{6,})", re.IGNORECASE),
    re.compile(r"://([^/\s:@\"']+:[^/\s@\"']+)@"),
    re.compile(r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{30,}|\bya29\.[0-9A-Za-z_.-]{10,}|\b1//0[0-9A-Za-z_-]{10,}"),
    # The keys of Braze.
    re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"),
    re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![0-9A-Za-z])"),
)
# The length of AWS's secret keys, and what is longer than a name in base64.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_.-])(?:[A-Za-z0-9+/]{40}|[A-Za-z0-9+/]{60,}={0,2})(?![A-Za-z0-9+/=_.-])")
_WORD = re.compile(r"[A-Za-z0-9]{20,}={0,2}")
# What may stand in a field of this name without being a secret, and then stands in other fields, too.
_PLAIN_WORDS = re.compile(r"[A-Za-z_ ]*")
_LONGEST_REMEMBERED = 100
# Names in camel case change between capitals, small letters and digits less often than what chance has made.
_CHANGES_OF_CHANCE = 0.47


def names_a_secret(name: str) -> bool:
    """Tell whether what has this name in a request or an answer is a secret."""
    if name.lower() in _ALSO_SECRET:
        return True
    is_secret = is_secret_name(name) or is_secret_name(name.removesuffix("s"))
    return is_secret and _NO_SECRET_NAME.fullmatch(name) is None


class Scrubber:
    """Replaces secrets by placeholders, and learns on the way what is one. Safe to use from several threads.

    ``key``: by which placeholders are made. ``secrets``: those that are known.
    """

    def __init__(self, key: bytes, secrets: Iterable[str] = ()) -> None:
        self._key = key
        self._lock = threading.Lock()
        # By each way of writing it, the secret.
        self._secrets: dict[str, str] = {}
        # Of the many that were known from the start, and of the few that have turned up since.
        self._quotations = [Quotations(self._add(secrets)), Quotations(())]
        self._learned: list[Secret] = []
        # Names and values come again and again; what was seen before a secret was known is forgotten.
        self._seen: dict[str, str] = {}

    def placeholder(self, secret: str) -> str:
        """Return what stands for the secret."""
        return f"REDACTED-{hmac.new(self._key, secret.encode(errors='surrogatepass'), 'sha256').hexdigest()[:12]}"

    def _add(self, secrets: Iterable[str]) -> list[Secret]:
        """Return what is new of these."""
        given = (secret for secret in secrets if not is_mask(secret) and not PLACEHOLDER.search(secret))
        new = [found for secret in given for found in secrets_in(secret) if comparable(found.text) not in self._secrets]
        for found in new:
            self._secrets |= {comparable(spelling): found.text for spelling in spellings(found.text)}
        return new

    def learn(self, *secrets: str) -> None:
        """Take these for secrets from now on, wherever they turn up, however they are written."""
        if all(comparable(secret.strip()) in self._secrets for secret in secrets):
            return
        with self._lock:
            new = self._add(secrets)
            if new:
                self._learned += new
                self._quotations[1] = Quotations(self._learned)
                self._seen = {}

    def text(self, text: str) -> str:
        """Return ``text`` without secrets."""
        if len(text) > _LONGEST_REMEMBERED:
            return self._scrubbed(text)
        seen = self._seen
        found = seen.get(text)
        if found is None:
            found = seen[text] = self._scrubbed(text)
        return found

    def _scrubbed(self, text: str) -> str:
        for quotations in self._quotations:
            text = self._without(text, quotations.spans(text))
        text = _NAMED_IN_TEXT.sub(lambda found: found[1] + self._of_value(found[2]), text)
        for look in _LOOKS:
            text = look.sub(self._of_match, text)
        text = _BASE64.sub(lambda found: self._of_chance(found[0]), text)
        return _WORD.sub(lambda found: self._of_chance(found[0]), text)

    def _without(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        pieces, done = [], 0
        for start, end in spans:
            quoted = text[start:end]
            pieces += [text[done:start], self.placeholder(self._secrets.get(comparable(quoted), quoted))]
            done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def data(self, data: Any, name: str = "") -> Any:
        """Return a copy of JSON-like ``data`` without secrets. ``name``: under which it stands."""
        if isinstance(data, str):
            return self.named(name, data)
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.data(value, str(key)) for key, value in data.items()}
        if isinstance(data, list):
            return [self.data(value, name) for value in data]
        return data

    def named(self, name: str, value: str) -> str:
        """Return the value of what has this name."""
        if not names_a_secret(name):
            return self.text(value)
        if not _PLAIN_WORDS.fullmatch(value):
            self.learn(value)
        return self._of_value(value)

    def elements(self, text: str) -> str:
        """Return XML without secrets."""
        return self.text(_ELEMENT.sub(lambda found: f"<{found[1]}>{self.named(found[1], found[2])}</{found[1]}>", text))

    def url(self, url: str) -> str:
        """Return a URL without secrets."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = "&".join(
            f"{quote(self.text(name), safe='')}={quote(self.named(name, value), safe='/:,')}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        path = quote(self.text(unquote(parts.path)), safe="/:=,@+~!$&'()*;")
        return f"{parts.scheme}://{host}{path}" + (f"?{query}" if query else "")

    def _of_value(self, value: str) -> str:
        """Return the placeholder of a whole value; what is none, or what a vendor masks, stays."""
        if not value.strip() or is_mask(value) or PLACEHOLDER.search(value):
            return value
        return self.placeholder(value.strip())

    def _of_match(self, found: re.Match[str]) -> str:
        secret = found[1] if found.re.groups else found[0]
        if PLACEHOLDER.search(secret):
            return found[0]
        return found[0].replace(secret, self.placeholder(secret))

    def _of_chance(self, text: str) -> str:
        return self.placeholder(text) if _is_made_by_chance(text) else text


def _is_made_by_chance(text: str) -> bool:
    """Tell whether a text without blanks is a key rather than a name."""
    kinds = [_kind(character) for character in text.rstrip("=")]
    if {"A", "a", "0"} - set(kinds):
        return False
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes >= _CHANGES_OF_CHANCE * (len(kinds) - 1)


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    return "A" if character.isupper() else "a"


def basic_parts(authorization: str) -> tuple[str, ...]:
    """Return what a header of basic authentication is made of: user and password, which are secrets by themselves."""
    scheme, _blank, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return (value,) if value else ()
    try:
        decoded = base64.b64decode(value).decode()
    except ValueError:
        return (value,)
    return (value, decoded, *decoded.split(":", 1))
