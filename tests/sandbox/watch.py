# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells whether a request changed the state of its server, at a cost that does not grow with the state.

What a handler can change, it has got hold of before: a :class:`Table` remembers what a row was like when a handler
asked for it, and compares by value once the handler has run. What is in no table is compared as a whole, so it should
be small.
"""

from __future__ import annotations

import marshal
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

Json = Any
Row = TypeVar("Row")


def fingerprint(state: Json) -> bytes:
    """Return bytes that differ for states that differ in any value."""
    # Version 2 of the format is a function of the values alone, and dumps three times as fast as JSON.
    return marshal.dumps(state, 2)


class Table(MutableMapping[str, Row]):
    """Rows by name. ``dump`` returns what counts as the state of a row."""

    def __init__(self, dump: Callable[[Row], Json]) -> None:
        self._dump = dump
        self._rows: dict[str, Row] = {}
        # While a handler runs: what the rows were like that it has got hold of.
        self._marks: dict[str, bytes | None] | None = None

    def __getitem__(self, name: str) -> Row:
        row = self._rows[name]
        self._note(name)
        return row

    def __setitem__(self, name: str, row: Row) -> None:
        self._note(name)
        self._rows[name] = row

    def __delitem__(self, name: str) -> None:
        self._note(name)
        del self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, wanted: Callable[[Row], bool]) -> list[Row]:
        """Return the rows that ``wanted``, which only reads, accepts; the caller gets hold of no other."""
        return [self[name] for name in [name for name, row in self._rows.items() if wanted(row)]]

    def watch(self, held: Iterable[str]) -> None:
        """Remember from now on what rows are like, beginning with those that a handler holds already."""
        self._marks = {name: self._mark(name) for name in held}

    def unwatch(self) -> tuple[bool, tuple[str, ...]]:
        """Tell whether a row has changed since :meth:`watch`, and name those that the handler holds by now."""
        marks, self._marks = self._marks or {}, None
        return any(self._mark(name) != mark for name, mark in marks.items()), tuple(marks)

    def _note(self, name: str) -> None:
        if self._marks is not None and name not in self._marks:
            self._marks[name] = self._mark(name)

    def _mark(self, name: str) -> bytes | None:
        return fingerprint(self._dump(self._rows[name])) if name in self._rows else None


class Watched:
    """Awaits a handler and remembers in ``changed`` whether the handler itself changed the state.

    Others run only while the handler waits, so the state is compared around each of its steps. ``rest`` returns what
    stands in no table.
    """

    def __init__(
        self, handling: Awaitable[web.StreamResponse], tables: Sequence[Table[Any]], rest: Callable[[], Json]
    ) -> None:
        self.changed = False
        self._steps = handling.__await__()
        self._rest = rest
        # What the handler got hold of in one step it can change in the next.
        self._held: list[tuple[Table[Any], tuple[str, ...]]] = [(table, ()) for table in tables]

    def __await__(self) -> Generator[Any, Any, web.StreamResponse]:
        step: Callable[[], Any] = self._steps.__next__
        while True:
            before = self._watch()
            try:
                waiting_for = step()
            except StopIteration as end:
                answer: web.StreamResponse = end.value
                return answer
            finally:
                self._compare(before)
            try:
                yield waiting_for
                step = self._steps.__next__
            except BaseException as error:
                # Also a cancellation has to reach the handler.
                step = _throwing(self._steps, error)

    def _watch(self) -> bytes:
        for table, names in self._held:
            table.watch(names)
        return fingerprint(self._rest())

    def _compare(self, before: bytes) -> None:
        seen = [(table, *table.unwatch()) for table, _names in self._held]
        self._held = [(table, names) for table, _changed, names in seen]
        if fingerprint(self._rest()) != before or any(changed for _table, changed, _names in seen):
            self.changed = True


def _throwing(steps: Any, error: BaseException) -> Callable[[], Any]:
    return lambda: steps.throw(error)
