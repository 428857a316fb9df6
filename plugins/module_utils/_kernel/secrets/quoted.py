# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find where a text quotes secrets, whole or in part, in time that grows with the text and not with the secrets.

A part counts as quoted where it is a run of at least :data:`SHORTEST_RUN` characters, or a beginning or an end beside
dots or asterisks that stand for the rest. Capitals and small letters are the same, but in a secret that is shorter than
such a run: it may be a word.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .spellings import SHORTEST, Secret, has_escapes, in_small_letters, spellings, unescaped

Span = tuple[int, int]
Position = tuple[int, int]

# Every run of so many characters holds a block of SHORTEST characters that begins at a multiple of SHORTEST.
SHORTEST_RUN = 2 * SHORTEST
# Of shorter secrets, an end would be half of it, and a word.
_SHORTEST_IN_PART = 8
_SHORTEST_END = 4
# What so many secrets have in common tells nothing of one.
_MOST_ALIKE = 16

_MASK = re.compile(r"\*{2,}|[•●∙·]{2,}|…|\.{3,}|#{4,}|[xX]{4,}")
_SURE_MASKS = "*•●∙·…#"
_BEFORE = re.compile(r"[\w+/=~@!$%^&-]+\Z")
_AFTER = re.compile(r"[\w+/=~@!$%^&-]+")
_LONGEST_END = 200
# A number, such as that of a year, stands beside words; a run of key material may be nothing but numbers.
_WORD_OR_NUMBER = re.compile(r"[A-Z]?[a-z]*(?:[A-Z][a-z]+)*|[A-Z]+|[0-9]{1,4}")
_LETTERS = re.compile(r"[A-Za-z]{3,}")
_BETWEEN_WORDS = re.compile(r"[-_.:/@\s]+")


class Spelling(NamedTuple):
    """A spelling of a secret. ``compared``: how it is compared. ``in_part``: also a part of it is secret."""

    text: str
    compared: str
    in_part: bool


class Quotations:
    """Where texts quote these secrets."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        # What is found both as a whole and within something else is secret in part, too.
        known: dict[str, bool] = {}
        for text, in_part in secrets:
            known[text] = known.get(text, False) or in_part
        found = {form: in_part for text, in_part in known.items() for form in spellings(text, encoded=in_part)}
        self._spellings = [Spelling(form, comparable(form), in_part) for form, in_part in found.items()]
        self._places = _index(self._spellings)
        ends = [in_small_letters(text) for text, in_part in known.items() if in_part and len(text) >= _SHORTEST_IN_PART]
        self._beginnings = _by(ends, slice(None, _SHORTEST_END))
        self._ends = _by(ends, slice(-_SHORTEST_END, None))

    def spans(self, text: str) -> list[Span]:
        """Return where ``text`` quotes a secret, in order, without overlaps."""
        if len(text) < SHORTEST_RUN // 2 or not self._spellings:
            return []
        found = [*self._runs(text), *self._masked(text)]
        if has_escapes(text):
            for plain, starts, ends in unescaped(text):
                found += [(starts[start], ends[end - 1]) for start, end in self._runs(plain)]
        return list(_merged(found))

    def _runs(self, text: str) -> Iterator[Span]:
        places, done, small = self._places, 0, in_small_letters(text)
        for at in [at for at in range(len(small) - SHORTEST + 1) if small[at : at + SHORTEST] in places]:
            if at + SHORTEST <= done:
                continue
            found = places[small[at : at + SHORTEST]]
            for number, offset in found if isinstance(found, list) else [found]:
                spelling = self._spellings[number]
                span = _run(small if _has_no_case(spelling.text) else text, at, spelling, offset)
                if span:
                    done = max(done, span[1])
                    yield span

    def _masked(self, text: str) -> Iterator[Span]:
        """Yield beginnings and ends of secrets beside what stands for the rest of them."""
        if not self._ends:
            return
        for mask in _MASK.finditer(text):
            sure = mask[0][0] in _SURE_MASKS
            before = _BEFORE.search(text, max(0, mask.start() - _LONGEST_END), mask.start())
            after = _AFTER.match(text, mask.end(), mask.end() + _LONGEST_END)
            if before and (sure or is_telling(before[0])):
                head = in_small_letters(before[0])
                known = self._beginnings.get(head[:_SHORTEST_END], ())
                if any(secret.startswith(head) for secret in known):
                    yield before.start(), mask.end()
            if after and (sure or is_telling(after[0])):
                tail = in_small_letters(after[0])
                known = self._ends.get(tail[-_SHORTEST_END:], ())
                if any(secret.endswith(tail) for secret in known):
                    yield mask.start(), after.end()


def comparable(spelling: str) -> str:
    """Return how a spelling of a secret is compared with a text."""
    return in_small_letters(spelling) if _has_no_case(spelling) else spelling


def _has_no_case(spelling: str) -> bool:
    return len(spelling) >= SHORTEST_RUN


def _run(text: str, at: int, spelling: Spelling, offset: int) -> Span | None:
    """Return how far the text goes on as the secret does; nothing if that is too little to tell anything."""
    secret, whole = spelling.compared, at - offset
    if whole >= 0 and text.startswith(secret, whole):
        return whole, whole + len(secret)
    if not spelling.in_part:
        return None
    start, end, first = at, at + SHORTEST, max(0, whole)
    while start > first and text[start - 1] == secret[start - 1 - whole]:
        start -= 1
    last = min(len(text), whole + len(secret))
    while end < last and text[end] == secret[end - whole]:
        end += 1
    # In capitals, key material looks like a word.
    tells = end - start >= SHORTEST_RUN and is_telling(spelling.text[start - whole : end - whole])
    return (start, end) if tells else None


def _index(known: Sequence[Spelling]) -> dict[str, Position | list[Position]]:
    """Return where each block of :data:`SHORTEST` characters stands, so that every long run of a secret holds one."""
    places: dict[str, Position | list[Position]] = {}
    for number, spelling in enumerate(known):
        small = in_small_letters(spelling.text)
        for at in _blocks(spelling):
            _add(places, small[at : at + SHORTEST], (number, at))
    common = {block for block, found in places.items() if isinstance(found, list) and len(found) > _MOST_ALIKE}
    if common:
        _leave_out(common, places, known)
    return places


def _blocks(spelling: Spelling) -> range:
    last = len(spelling.text) - SHORTEST
    # What is found as a whole only needs one; in the middle stands what is different in each.
    return range(0, last + 1, SHORTEST) if spelling.in_part else range(last // 2, last // 2 + 1)


def _leave_out(common: set[str], places: dict[str, Position | list[Position]], known: Sequence[Spelling]) -> None:
    for block in common:
        del places[block]
    for number, spelling in enumerate(known):
        small = in_small_letters(spelling.text)
        if all(small[at : at + SHORTEST] in common for at in _blocks(spelling)):
            # By its end it is found as a whole all the same.
            _add(places, small[-SHORTEST:], (number, len(small) - SHORTEST))


def _add(places: dict[str, Position | list[Position]], block: str, place: Position) -> None:
    # Mostly there is one, and a hundred thousand lists would take their time.
    others = places.setdefault(block, place)
    if isinstance(others, list):
        others.append(place)
    elif others is not place:
        places[block] = [others, place]


def _by(secrets: Iterable[str], end: slice) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for secret in secrets:
        found.setdefault(secret[end], []).append(secret)
    return found


def is_telling(run: str) -> bool:
    """Tell whether a part looks like key material, and not like words that a secret and a sentence may share."""
    pieces = list(filter(None, _BETWEEN_WORDS.split(run)))
    return not (all(map(_WORD_OR_NUMBER.fullmatch, pieces)) and any(map(_LETTERS.fullmatch, pieces)))


def _merged(spans: list[Span]) -> Iterator[Span]:
    current: Span | None = None
    for start, end in sorted(spans):
        if current is None or start > current[1]:
            if current is not None:
                yield current
            current = start, end
        else:
            current = current[0], max(current[1], end)
    if current is not None:
        yield current
