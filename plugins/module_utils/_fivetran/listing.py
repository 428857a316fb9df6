# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walk through the pages of a listing of Fivetran's, to an end in any case.

A page that is too large to be read is asked for again in smaller parts. A cursor that is none, that leads back, or that
goes on without anything new is an error, and so is a listing that has too many pages.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .._kernel.http.call import Call, HttpError

JsonObject = dict[str, Any]
Ask = Callable[[Call], JsonObject]
UnusableError = Callable[[Call, str], HttpError]

# The largest page that the API gives, and the smallest that is asked for: a tenth each time an answer is too large.
PAGE_SIZE = 1000
SMALLEST_PAGE = 10
# So many pages hold a million rows, or ten thousand where each of them is as large as a book.
MOST_PAGES = 1000
# A filter may leave a page empty, so some are nothing to worry about.
MOST_WITHOUT_NEWS = 20


@dataclass
class Walk:
    """One walk. ``ask`` sends a call and returns its data; ``unusable`` builds the error for what it does not hold."""

    ask: Ask
    unusable: UnusableError
    page_size: int = PAGE_SIZE
    _cursors: list[str] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _without_news: int = 0

    def rows(self, path: str, query: Mapping[str, Any]) -> Iterator[JsonObject]:
        """Yield the rows of all pages."""
        limit = self.page_size
        while True:
            place = {"cursor": self._cursors[-1]} if self._cursors else {}
            call = Call("GET", path, query={**query, "limit": limit, **place})
            try:
                data = self.ask(call)
            except HttpError as error:
                if error.failure.code != "too_large" or limit <= SMALLEST_PAGE:
                    raise
                limit = max(SMALLEST_PAGE, limit // 10)
                continue
            yield from self._rows(call, data)
            next_cursor = self._next_cursor(call, data)
            if next_cursor is None:
                return
            self._cursors.append(next_cursor)

    def _rows(self, call: Call, data: JsonObject) -> list[JsonObject]:
        rows = data.get("items")
        if not isinstance(rows, list) or not all(has_id(row) for row in rows):
            raise self.unusable(call, "a list of objects with an id in data.items")
        known = len(self._ids)
        self._ids.update(row["id"] for row in rows)
        self._without_news = 0 if len(self._ids) > known else self._without_news + 1
        return rows

    def _next_cursor(self, call: Call, data: JsonObject) -> str | None:
        """Return where the next page begins; None after the last one."""
        cursor = data.get("next_cursor")
        if cursor is None:
            return None
        if not isinstance(cursor, str) or not cursor or cursor in self._cursors:
            raise self.unusable(call, "a next_cursor that moves on")
        if self._without_news > MOST_WITHOUT_NEWS or len(self._cursors) >= MOST_PAGES:
            raise self.unusable(call, "an end of the listing")
        return cursor


def has_id(data: Any) -> bool:
    """Tell whether this is an object with an id."""
    return isinstance(data, dict) and isinstance(data.get("id"), str) and bool(data["id"])


def segment(value: str) -> str:
    """Quote ``value`` so that it stays one segment of a path, whatever it holds."""
    return quote(value.encode(errors="surrogatepass"), safe="")
