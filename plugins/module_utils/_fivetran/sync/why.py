# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a sync failed, or why a connection is broken, in Fivetran's words."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ..._kernel.printable import printable
from ..client import FivetranClient, JsonObject
from ..connection.state import is_broken
from .last_sync import LastSync, moment, reasons

LONGEST = 400
# How long a sync may have lasted that is looked for in the history, which spans 7 days at most.
_BEFORE, _AFTER = timedelta(days=6), timedelta(hours=1)


def does_not_work(connection: JsonObject) -> bool:
    """Tell whether Fivetran says that a connection that worked once does not work now."""
    return is_broken(connection) or LastSync.of(connection).outcome == "failed"


def why(client: FivetranClient, connection: JsonObject) -> tuple[str, ...]:
    """Return what Fivetran says is wrong with a connection, a line each: tasks and warnings, errors, the last sync.

    The errors and the history of syncs are younger than the rest, and left out where Fivetran does not answer them.
    """
    known = list(reasons(connection))
    for line in _told(client, connection):
        if line and not any(line in other for other in known):
            known.append(line)
    return tuple(known)


def _told(client: FivetranClient, connection: JsonObject) -> Iterator[str]:
    connection_id, last = str(connection.get("id")), LastSync.of(connection)
    errors = client.errors(connection_id)
    yield from map(_error, errors)
    if errors or last.outcome != "failed":
        return
    ended = moment(last.finished_at)
    start, end = ((ended + time).isoformat() for time in (-_BEFORE, _AFTER))
    yield _reason_of_the_last(client.syncs(connection_id, start, end))


def _error(row: JsonObject) -> str:
    parts = [printable(str(row[name])).strip().rstrip(".") for name in ("title", "reason", "message") if row.get(name)]
    # Often one says again what another one says.
    line = ": ".join(
        dict.fromkeys(part for part in parts if not any(part in other and part != other for other in parts))
    )
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def _reason_of_the_last(syncs: Iterable[JsonObject]) -> str:
    failed = [row for row in syncs if row.get("status") == "FAILURE" and row.get("reason")]
    last = max(failed, key=lambda row: moment(row.get("end") or row.get("start")), default=None)
    return printable(str(last["reason"]))[:LONGEST].rstrip(".") if last else ""
