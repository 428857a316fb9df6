# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts with IAM's wildcards, and how much of one lies within others. Pure functions.

What is asked about is a pattern itself ("every object below the folder"), so the answer has four values. Sources: AWS's
documentation of the elements Resource and Action, of policy variables and of ARNs.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

# What a condition key may be: each text a pattern, None that the request lacks the key.
Alternatives: TypeAlias = tuple[str | None, ...]
Lookup: TypeAlias = Callable[[str], Alternatives]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*,\s*'(.*)'\s*", re.DOTALL)
_ARN_FIELDS = 6
# A pattern that takes more than this is not meant to be understood: nothing is said about it.
_MOST_STEPS = 100_000

# The wildcards among the tokens of a pattern. All other tokens are one character, so none of them can be one of these.
ANY = "**"
ONE = "??"


@dataclass(frozen=True)
class Pattern:
    """Characters and wildcards. ``exact``: false if a variable of unknown value was replaced by a wildcard."""

    tokens: tuple[str, ...]
    exact: bool = True

    @property
    def is_literal(self) -> bool:
        return ANY not in self.tokens and ONE not in self.tokens

    @property
    def text(self) -> str:
        """Return what a pattern without wildcards spells."""
        return "".join(self.tokens)

    def lower(self) -> Pattern:
        """Return the pattern for comparing without regard to case."""
        return Pattern(tuple(token.lower() for token in self.tokens), self.exact)

    def fields(self) -> list[Pattern]:
        """Return the parts between colons, at most as many as an ARN has, of which the last one may hold colons."""
        parts: list[list[str]] = [[]]
        for token in self.tokens:
            if token == ":" and len(parts) < _ARN_FIELDS:
                parts.append([])
            else:
                parts[-1].append(token)
        return [Pattern(tuple(part), self.exact) for part in parts]


class Extent(Enum):
    """How much of what a pattern stands for lies within others; ``MAYBE``: that depends on what is not known."""

    ALL = "all"
    PART = "part"
    NONE = "none"
    MAYBE = "maybe"

    def outside(self) -> Extent:
        """Return how much of it lies outside of them."""
        return {Extent.ALL: Extent.NONE, Extent.NONE: Extent.ALL}.get(self, self)


def parse(text: str, lookup: Lookup | None = None, wildcards: bool = True) -> Pattern | None:
    """Return ``text`` as a pattern; None if a variable in it has no value, so that it matches nothing.

    ``lookup``: what a variable stands for; without it, variables are plain text, as in policies of 2008.
    """
    tokens: list[str] = []
    exact = True
    position = 0
    for match in _VARIABLE.finditer(text) if lookup else ():
        tokens += _tokens(text[position : match.start()], wildcards)
        position = match.end()
        value = _value(match.group(1), lookup)
        if value is None:
            return None
        tokens += value.tokens
        exact = exact and value.exact
    tokens += _tokens(text[position:], wildcards)
    return Pattern(tuple(tokens), exact)


def _tokens(text: str, wildcards: bool) -> Iterator[str]:
    for character in text:
        yield character * 2 if wildcards and character in "*?" else character


def _value(variable: str, lookup: Lookup | None) -> Pattern | None:
    if variable in ("*", "?", "$"):
        return Pattern((variable,))
    with_default = _WITH_DEFAULT.fullmatch(variable)
    found = lookup(with_default.group(1) if with_default else variable.strip()) if lookup else ()
    if found == (None,):
        return Pattern(tuple(with_default.group(2))) if with_default else None
    value = parse_value(found[0]) if len(found) == 1 and found[0] is not None else None
    return value if value is not None and value.is_literal else Pattern((ANY,), exact=False)


@lru_cache(maxsize=4096)
def parse_value(text: str) -> Pattern:
    """Return what a request holds, perhaps only known as a pattern; ``${*}`` is an asterisk itself."""
    return parse(text, lambda _key: ("",)) or Pattern(())


def extent(patterns: Sequence[Pattern], what: Pattern) -> Extent:
    """Return how much of what ``what`` stands for is matched by any of ``patterns``."""
    met = {pattern: _overlap(pattern.tokens, what.tokens) for pattern in patterns}
    touching = [pattern for pattern, overlaps in met.items() if overlaps is not False]
    if not touching:
        return Extent.NONE
    exact = frozenset(pattern.tokens for pattern in touching if pattern.exact and met[pattern])
    covered = bool(exact) if what.is_literal else _covered(exact, what.tokens)
    if covered:
        return Extent.ALL
    return Extent.PART if covered is False and len(exact) == len(touching) else Extent.MAYBE


def arn_extent(patterns: Sequence[Pattern], what: Pattern) -> Extent:
    """Return the same of ARNs: a wildcard does not reach over a colon, and missing fields are wildcards."""
    wanted = what.fields()
    if len(wanted) < _ARN_FIELDS:
        return extent(patterns, what)
    last = [rest for pattern in patterns if (rest := _last_field(pattern, wanted)) is not None]
    return extent(last, wanted[-1])


def _last_field(pattern: Pattern, wanted: Sequence[Pattern]) -> Pattern | None:
    """Return what the pattern says of the last field, None if one of the others differs."""
    fields = pattern.fields()
    fields += [Pattern((ANY,))] * (_ARN_FIELDS - len(fields))
    extents = {extent([field], other) for field, other in zip(fields[:-1], wanted[:-1], strict=True)}
    if Extent.NONE in extents:
        return None
    return Pattern(fields[-1].tokens, exact=extents == {Extent.ALL})


@lru_cache(maxsize=8192)
def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool | None:
    """Tell whether there is a text that both match; None if that would take too long."""
    todo, seen = [(0, 0)], {(0, 0)}
    while todo:
        if len(seen) > _MOST_STEPS:
            return None
        i, j = todo.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps_together(one, other, i, j):
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return False


def _steps_together(one: tuple[str, ...], other: tuple[str, ...], i: int, j: int) -> Iterator[tuple[int, int]]:
    first = one[i] if i < len(one) else None
    second = other[j] if j < len(other) else None
    if first == ANY:
        yield i + 1, j
    if second == ANY:
        yield i, j + 1
    if first is None or second is None:
        return
    if first == second or first in (ANY, ONE) or second in (ANY, ONE):
        yield i + (first != ANY), j + (second != ANY)


@lru_cache(maxsize=8192)
def _covered(patterns: frozenset[tuple[str, ...]], what: tuple[str, ...]) -> bool | None:
    """Tell whether the patterns together match all that ``what`` stands for; None if that would take too long.

    Follows every text of ``what``, and where the patterns can be meanwhile: one must be at its end when it is.
    """
    tracks = [tuple(_without_repeats(pattern)) for pattern in patterns]
    start = (_closed(tracks, ((track, 0) for track in range(len(tracks)))), 0)
    todo, seen = [start], {start}
    work = 0
    while todo:
        places, position = todo.pop()
        if position == len(what):
            if not any(place == len(tracks[track]) for track, place in places):
                return False
            continue
        for step in _steps_of(tracks, places, what[position], position):
            work += 1 + len(places)
            if step not in seen:
                seen.add(step)
                todo.append(step)
        if work > _MOST_STEPS:
            return None
    return True


Places: TypeAlias = frozenset[tuple[int, int]]


def _steps_of(tracks: Sequence[tuple[str, ...]], places: Places, token: str, at: int) -> Iterator[tuple[Places, int]]:
    if token == ANY:
        yield places, at + 1
    # What no pattern waits for is all the same to them: "" stands for it.
    awaited = {tracks[track][place] for track, place in places if place < len(tracks[track])} - {ANY, ONE} | {""}
    for character in awaited if token in (ANY, ONE) else (token,):
        moved = (
            (track, place + (tracks[track][place] != ANY))
            for track, place in places
            if place < len(tracks[track]) and tracks[track][place] in (ANY, ONE, character)
        )
        yield _closed(tracks, moved), at + (token != ANY)


def _closed(tracks: Sequence[tuple[str, ...]], places: Iterable[tuple[int, int]]) -> Places:
    """Add where the patterns are if an asterisk stands for nothing."""
    found = set(places)
    skipped = {(track, place + 1) for track, place in found if tracks[track][place : place + 1] == (ANY,)}
    return frozenset(found | skipped)


def _without_repeats(tokens: Iterable[str]) -> Iterator[str]:
    """Leave out asterisks that follow one: they mean nothing."""
    last = ""
    for token in tokens:
        if not token == last == ANY:
            yield token
        last = token
