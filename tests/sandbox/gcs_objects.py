# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a bucket, sorted by name, so that listing a page costs the same in a bucket of ten million objects.

Google Cloud Storage and S3 list alike: names in the order of their UTF-8 bytes (which is Python's order of strings),
limited to a prefix, and names that share everything up to a delimiter rolled up into one common prefix.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object."""

    name: str
    body: bytes
    generation: int
    updated: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a listing: an object's name, or a common prefix."""

    value: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What to list. Names from ``start`` (inclusive) to before ``end``; an empty string means no limit.

    ``include_trailing_delimiter``: an object whose name is itself a common prefix is listed as an object, too.
    """

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    include_trailing_delimiter: bool = False

    def common_prefix(self, name: str) -> str | None:
        """Return the common prefix that ``name`` is rolled up into, None if it is listed itself or not at all."""
        if not self.delimiter or not name.startswith(self.prefix):
            return None
        found = name.find(self.delimiter, len(self.prefix))
        return None if found < 0 else name[: found + len(self.delimiter)]

    def row(self, name: str) -> Row:
        """Return the row in which ``name`` appears, or would appear."""
        group = self.common_prefix(name)
        return Row(name) if group is None else Row(group, is_prefix=True)


class ObjectIndex:
    """Objects by name. Those put in with :meth:`share` have one body in common, so that a million of them is cheap."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._own: dict[str, StoredObject] = {}
        self._shared: StoredObject | None = None
        self.revision = 0

    def __len__(self) -> int:
        return len(self._names)

    def state(self) -> Any:
        """Return a short description that changes whenever the objects do."""
        return {"count": len(self), "revision": self.revision}

    def put(self, name: str, body: bytes) -> StoredObject:
        """Store one object and return it."""
        position = bisect_left(self._names, name)
        if position == len(self._names) or self._names[position] != name:
            self._names.insert(position, name)
        self._own[name] = self._stored(name, body)
        return self._own[name]

    def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Store many objects."""
        new = {name: self._stored(name, body) for name, body in objects}
        self._own.update(new)
        self._names = sorted({*self._names, *new})

    def share(self, names: Iterable[str], body: bytes) -> None:
        """Store an object under each of ``names``, all with the same body.

        :raises ValueError: if objects were shared before; there is one shared body.
        """
        if self._shared is not None:
            raise ValueError("this bucket has objects with a shared body already")
        self._shared = self._stored("", body)
        existing = self._names
        self._names = list(names)
        if existing:
            self._names = [*dict.fromkeys([*existing, *self._names])]
        # Nearly free for names that come sorted.
        self._names.sort()

    def get(self, name: str) -> StoredObject | None:
        """Return the object, None if there is none."""
        if name in self._own:
            return self._own[name]
        position = bisect_left(self._names, name)
        if self._shared is None or position == len(self._names) or self._names[position] != name:
            return None
        return StoredObject(name, self._shared.body, self._shared.generation, self._shared.updated)

    def delete(self, name: str) -> bool:
        """Remove an object; tell whether there was one."""
        position = bisect_left(self._names, name)
        if position == len(self._names) or self._names[position] != name:
            return False
        del self._names[position]
        self._own.pop(name, None)
        self.revision += 1
        return True

    def page(self, query: Query, limit: int, after: Row | None = None) -> tuple[list[Row], Row | None]:
        """Return at most ``limit`` rows behind ``after``, and the row to go on after, None on the last page."""
        rows = list(islice(self.rows(query, after), limit + 1))
        more = len(rows) > limit
        return rows[:limit], rows[limit - 1] if more and limit else None

    def rows(self, query: Query, after: Row | None = None) -> Iterator[Row]:
        """Yield the rows of a listing in order, those behind ``after``."""
        position = bisect_left(self._names, max(query.prefix, query.start))
        if after is not None:
            if not after.is_prefix and query.common_prefix(after.value) == after.value:
                # Its name was listed as an object; its common prefix comes next.
                after = Row(after.value, is_prefix=True)
                yield after
            position = max(position, self._behind(after))
        stop = self._stop(query)
        while position < stop:
            name = self._names[position]
            group = query.common_prefix(name)
            if group is None:
                yield Row(name)
                position += 1
                continue
            if query.include_trailing_delimiter and name == group:
                yield Row(name)
            yield Row(group, is_prefix=True)
            position = self._behind(Row(group, is_prefix=True))

    def _behind(self, row: Row) -> int:
        if not row.is_prefix:
            return bisect_right(self._names, row.value)
        return bisect_left(self._names, successor) if (successor := _successor(row.value)) else len(self._names)

    def _stop(self, query: Query) -> int:
        stop = self._behind(Row(query.prefix, is_prefix=True)) if query.prefix else len(self._names)
        return min(stop, bisect_left(self._names, query.end)) if query.end else stop

    def _stored(self, name: str, body: bytes) -> StoredObject:
        self.revision += 1
        # Google's generations are microseconds of an epoch; only their order matters.
        return StoredObject(name, body, 1_700_000_000_000_000 + self.revision, datetime.now(UTC))


def _successor(prefix: str) -> str:
    """Return the smallest string greater than everything that begins with ``prefix``, empty if there is none."""
    shortened = prefix.rstrip(_LAST_CHARACTER)
    return shortened[:-1] + chr(ord(shortened[-1]) + 1) if shortened else ""
