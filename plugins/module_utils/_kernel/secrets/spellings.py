# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which forms a secret travels: what of it is secret by itself, how it is encoded, and how that is read back.

Pure functions. A text is compared with a secret twice: as it stands, and with all escapes undone.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from string import ascii_uppercase
from typing import NamedTuple
from urllib.parse import unquote

# What is shorter is no key, and would make asterisks of words and of names of hosts.
SHORTEST = 6
# So many letters and digits a secret has, at least.
_FEWEST_SIGNS = 3
# A line of a secret that stands for itself, as in a private key.
_SHORTEST_LINE = 12
# What is escaped more often is not text that anybody reads.
_MOST_ESCAPED = 3

_COMPOUND = re.compile(
    r"(?:^|;)\s*(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)\s*=\s*([^;]+)", re.IGNORECASE
)
_SIGNATURE = re.compile(r"(?:^|[?&;])sig=([^&;\s]+)", re.IGNORECASE)
_IS_COMPOUND = re.compile(r"(?:^|;)\s*\w+=[^;]*;")
_UUID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})", re.IGNORECASE)
_BREAK = re.compile(r"(?:\r|\n|\\r|\\n)+")
_ESCAPE = re.compile(
    r"%[0-9A-Fa-f]{2}"
    r"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}"
    r"|\\x[0-9A-Fa-f]{2}|\\[\"'\\/bfnrt]"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});"
)
_SMALL_LETTERS = {ord(letter): letter.lower() for letter in ascii_uppercase}
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Secret(NamedTuple):
    """One text that is secret. ``in_part``: also a part of it is, because nothing of it is a word of anybody."""

    text: str
    in_part: bool


class Unescaped(NamedTuple):
    """A text without escapes, as bytes in UTF-8 of one character each; where each stands in what was given."""

    text: str
    starts: list[int]
    ends: list[int]


def secrets_in(value: str) -> Iterator[Secret]:
    """Yield what is secret of a value: itself, or of a connection string and of a private key what makes it secret."""
    # A secret of a file ends with a line break, with which nobody quotes it.
    whole = value.strip()
    if not is_secret(whole):
        return
    inner = [text for text in (*_COMPOUND.findall(whole), *_SIGNATURE.findall(whole)) if text != whole]
    lines = list(filter(_is_line_of_a_key, map(str.strip, _BREAK.split(whole)))) if _BREAK.search(whole) else []
    if not inner and not lines:
        yield Secret(whole, in_part=not _IS_COMPOUND.search(whole))
    for text in inner:
        yield from secrets_in(text)
        # Part of a URL, as which it is escaped in a connection string.
        yield from secrets_in(unquote(text)) if "%" in text else ()
    for line in lines:
        yield Secret(line, in_part=True)


def _is_line_of_a_key(line: str) -> bool:
    return len(line) >= _SHORTEST_LINE and not line.startswith("-----")


def is_secret(text: str) -> bool:
    """Tell whether a text is long enough, and enough of a text, that taking it out of messages does no harm."""
    return len(text) >= SHORTEST and sum(map(str.isalnum, text)) >= _FEWEST_SIGNS


def spellings(text: str, *, encoded: bool = True) -> set[str]:
    """Return how a secret may stand in a text: as it is, without escapes of its own, and in base64 at any place.

    A UUID may stand there without its hyphens, or with them.
    """
    plain = {text, *(form.text for form in unescaped(text))} if has_escapes(text) else {text}
    if uuid := _UUID.fullmatch(text):
        plain |= {hyphen.join(uuid.groups()) for hyphen in ("", "-")}
    found = {*plain, *(_in_base64(_bytes(text)) if encoded else ())}
    if " " in text:
        # As in a form that a browser sends.
        found |= {form.replace(" ", "+") for form in plain}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def in_small_letters(text: str) -> str:
    """Return a text as it is compared where capitals do not matter: of the same length, whatever stands in it."""
    # Of other letters, the small one may be two characters.
    return text.lower() if text.isascii() else text.translate(_SMALL_LETTERS)


def _in_base64(content: bytes) -> Iterator[str]:
    whole = base64.b64encode(content).decode()
    # Encoded together with more, the secret is shifted by one or two bytes; what depends on its neighbors is left out.
    forms = [whole]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + content).decode()
        forms.append(encoded[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6])
    for form in forms:
        yield form
        if "+" in form or "/" in form:
            yield form.translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")


def _bytes(text: str) -> bytes:
    # A secret of the environment that is not UTF-8 holds halves of surrogate pairs.
    return text.encode(errors="surrogatepass")


def has_escapes(text: str) -> bool:
    """Tell whether :func:`unescaped` yields another text."""
    return not text.isascii() or _ESCAPE.search(text) is not None


def unescaped(text: str) -> Iterator[Unescaped]:
    """Yield a text without the escapes of URLs, JSON, HTML and Python: as often as it is escaped, one after another."""
    found = _as_bytes(text)
    if not text.isascii():
        yield found
    for _time in range(_MOST_ESCAPED):
        if not _ESCAPE.search(found.text):
            break
        found = _once(found)
        yield found


def _as_bytes(text: str) -> Unescaped:
    if text.isascii():
        return Unescaped(text, list(range(len(text))), list(range(1, len(text) + 1)))
    pieces = [_bytes(char).decode("latin-1") for char in text]
    starts = [at for at, piece in enumerate(pieces) for _byte in piece]
    return Unescaped("".join(pieces), starts, [start + 1 for start in starts])


def _once(found: Unescaped) -> Unescaped:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in _ESCAPE.finditer(found.text):
        start, end = match.span()
        meaning = _meaning(match[0])
        pieces += [found.text[done:start], meaning]
        starts += found.starts[done:start] + [found.starts[start]] * len(meaning)
        ends += found.ends[done:start] + [found.ends[end - 1]] * len(meaning)
        done = end
    pieces.append(found.text[done:])
    return Unescaped("".join(pieces), starts + found.starts[done:], ends + found.ends[done:])


def _meaning(escape: str) -> str:
    if escape[0] == "%":
        return chr(int(escape[1:], 16))
    if escape[0] == "&":
        meaning = html.unescape(escape)
    elif escape[1] == "x":
        # As Python writes bytes; letters with accents stand in a text as they are.
        return chr(int(escape[2:], 16))
    elif escape[1] == "u":
        units = [int(unit, 16).to_bytes(2, "big") for unit in escape.split("\\u")[1:]]
        meaning = b"".join(units).decode("utf-16-be", errors="surrogatepass")
    else:
        meaning = _SHORT_ESCAPES.get(escape[1], escape[1])
    return _bytes(meaning).decode("latin-1")
