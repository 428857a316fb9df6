# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what has happened to connections between two looks at all of them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...module_utils._fivetran.allowance import Allowance
from ...module_utils._fivetran.connection.state import status_of
from ...module_utils._fivetran.sync.last_sync import LastSync, moment, reasons
from .event import Event, EventKind, text

Row = Mapping[str, Any]
RowsById = Mapping[str, Row]
STATES = ("setup_state", "sync_state", "update_state")
TIMES = ("succeeded_at", "failed_at")
# Of what Fivetran allows in an hour, so much is left to everybody else.
KEPT_FREE = 0.2
LONGEST_PAUSE = 900.0
_BY_SETUP_STATE: Mapping[str, EventKind] = {
    "broken": EventKind.BROKEN,
    "incomplete": EventKind.INCOMPLETE,
    "connected": EventKind.CONNECTED,
}


def look_of(rows: Iterable[Row]) -> dict[str, Row]:
    """Return the rows of a listing by their ids."""
    return {str(row["id"]): row for row in rows if row.get("id")}


def state(row: Row) -> dict[str, Any]:
    """Return the states of a connection, as Fivetran names them."""
    status = status_of(dict(row))
    return {
        **{name: text(status, name) for name in STATES},
        "paused": row.get("paused") if isinstance(row.get("paused"), bool) else None,
        **{name: text(row, name) for name in TIMES},
    }


def changes(before: RowsById | None, after: RowsById, at: str) -> Iterator[Event]:
    """Yield what has happened, one event a connection and kind. Without a look before: what is broken already."""
    if before is None:
        for row in after.values():
            if state(row)["setup_state"] == "broken":
                yield _event(EventKind.BROKEN, None, row, at)
        return
    for name, row in after.items():
        old = before.get(name)
        kinds = [EventKind.CREATED] if old is None else _kinds(old, row)
        yield from (_event(kind, old, row, at) for kind in kinds)
    for name, old in before.items():
        if name not in after:
            yield _event(EventKind.DELETED, old, None, at)


def _kinds(old: Row, new: Row) -> Iterator[EventKind]:
    """Yield what has happened to one connection; what is broken says no more of the sync that has broken it."""
    was, now = state(old), state(new)
    broke = was["setup_state"] != now["setup_state"] and now["setup_state"] == "broken"
    if was["setup_state"] != now["setup_state"] and now["setup_state"] in _BY_SETUP_STATE:
        yield _BY_SETUP_STATE[now["setup_state"]]
    if was["paused"] != now["paused"] and now["paused"] is not None:
        yield EventKind.PAUSED if now["paused"] else EventKind.RESUMED
    if _moved(was, now, "failed_at") and not broke and LastSync.of(dict(new)).outcome == "failed":
        yield EventKind.SYNC_FAILED
    if _moved(was, now, "succeeded_at") and LastSync.of(dict(new)).outcome == "succeeded":
        yield EventKind.SYNC_SUCCEEDED
    if was["sync_state"] != "syncing" and now["sync_state"] == "syncing":
        yield EventKind.SYNC_STARTED
    if was["update_state"] != "delayed" and now["update_state"] == "delayed":
        yield EventKind.DELAYED


def _moved(was: Row, now: Row, name: str) -> bool:
    return moment(now[name]) > moment(was[name])


def _event(kind: EventKind, old: Row | None, new: Row | None, at: str) -> Event:
    row = new or old or {}
    failed = kind in (EventKind.BROKEN, EventKind.SYNC_FAILED, EventKind.INCOMPLETE)
    return Event(
        kind=kind,
        connection_id=text(row, "id"),
        schema=text(row, "schema"),
        group_id=text(row, "group_id"),
        service=text(row, "service"),
        at=at,
        source="status",
        before=None if old is None else state(old),
        after=None if new is None else state(new),
        reason="; ".join(reasons(dict(row))) if failed else "",
    )


def pause(interval: float, failures: int, allowance: Allowance | None, calls: int) -> float:
    """Return how many seconds to wait before the next look.

    Longer after failures, and where looks at this pace would use up what the account may ask within an hour.
    ``calls``: requests that a look takes.
    """
    wait: float = interval * 2 ** min(failures, 10)
    if allowance is not None:
        free = allowance.left - KEPT_FREE * allowance.limit
        wait = max(wait, 3600 * max(calls, 1) / free if free > 0 else LONGEST_PAUSE)
    return max(interval, min(wait, LONGEST_PAUSE))
