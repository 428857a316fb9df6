# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the last sync of a connection ended, as Fivetran tells it.

Fivetran tells the outcome of a sync by two times, ``succeeded_at`` and ``failed_at``: the one that moves on is the
outcome of the sync that was running. The reason of a failure stands in the tasks and warnings of the status.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..._kernel.printable import printable
from ..._kernel.secrets.redact import Redactor
from ..client import JsonObject
from ..connection.state import status_of, view

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class LastSync:
    """The sync that finished last. ``outcome``: ``succeeded``, ``failed`` or, before the first one ended, None.

    ``finished_at``: ISO 8601. ``reasons``: why it failed, one sentence each.
    """

    outcome: str | None
    finished_at: str | None
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, connection: JsonObject) -> LastSync:
        """Read it from a connection."""
        succeeded, failed = connection.get("succeeded_at"), connection.get("failed_at")
        if not succeeded and not failed:
            return cls(outcome=None, finished_at=None)
        if moment(failed) > moment(succeeded):
            return cls(outcome="failed", finished_at=failed, reasons=reasons(connection))
        return cls(outcome="succeeded", finished_at=succeeded)

    def as_result(self) -> JsonObject:
        """Return what the modules show."""
        return {"outcome": self.outcome, "finished_at": self.finished_at, "reasons": list(self.reasons)}


def moment(value: Any) -> datetime:
    """Return the time that Fivetran writes; the beginning of all times for what is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else _NEVER
    except ValueError:
        return _NEVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def reasons(connection: JsonObject) -> tuple[str, ...]:
    """Return what Fivetran says is wrong with a connection, one line each."""
    status = status_of(connection)
    lists = [status.get(name) for name in ("tasks", "warnings")]
    rows = [row for rows in lists if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    return tuple(
        ": ".join(printable(str(row[part])).rstrip(".") for part in ("code", "message", "details") if row.get(part))
        for row in rows
    )


def connection_view(connection: JsonObject, redactor: Redactor) -> JsonObject:
    """Return what ``fivetran_connection`` shows of a connection, and how its last sync ended."""
    return {**view(connection, redactor, {}), "last_sync": redactor.data(LastSync.of(connection).as_result())}
