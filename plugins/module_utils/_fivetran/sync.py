# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Syncs: start one, wait until it has finished, and say why it failed.

Fivetran tells the outcome of a sync by two times, ``succeeded_at`` and ``failed_at``: the one that moves on is the
outcome of the sync that was running. The reason of a failure stands in the tasks and warnings of the status.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .._errors import Failure, OnrampError
from .._http import HttpError
from .._module import Result, Task
from .._redact import Redactor
from .._waiting import duration, until
from .client import FivetranClient, JsonObject, client_from_params
from .connection import view
from .identity import require_connection

FIRST_POLL = 2.0
LONGEST_POLL = 30.0

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
        if _moment(failed) > _moment(succeeded):
            return cls(outcome="failed", finished_at=failed, reasons=_reasons(_status(connection)))
        return cls(outcome="succeeded", finished_at=succeeded)

    def as_result(self) -> JsonObject:
        """Return what the modules show."""
        return {"outcome": self.outcome, "finished_at": self.finished_at, "reasons": list(self.reasons)}


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else _NEVER
    except ValueError:
        return _NEVER
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reasons(status: JsonObject) -> tuple[str, ...]:
    lists = [status.get(name) for name in ("tasks", "warnings")]
    rows = [row for rows in lists if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    return tuple(
        ": ".join(str(row[part]).rstrip(".") for part in ("code", "message", "details") if row.get(part))
        for row in rows
    )


def _status(connection: JsonObject) -> JsonObject:
    status = connection.get("status")
    return status if isinstance(status, dict) else {}


def is_running(connection: JsonObject) -> bool:
    """Tell whether a sync of the connection is running."""
    return _status(connection).get("sync_state") == "syncing"


def connection_view(connection: JsonObject, redactor: Redactor) -> JsonObject:
    """Return what ``fivetran_connection`` shows of a connection, and how its last sync ended."""
    return {**view(connection, redactor, {}), "last_sync": redactor.data(LastSync.of(connection).as_result())}


def credentials_redactor(params: Mapping[str, Any]) -> Redactor:
    """Return what keeps the key and the secret in use out of results, should a server echo them."""
    return Redactor([params["fivetran_api_key"], params["fivetran_api_secret"]])


def connection_info(task: Task) -> Result:
    """Do the work of ``fivetran_connection_info``."""
    params = task.params
    client = client_from_params(params, clients=task.clients)
    redactor = credentials_redactor(params)
    if params["id"]:
        found = client.connection(params["id"])
        rows = [] if found is None else [found]
    else:
        rows = list(client.connections(group_id=params["group_id"], schema=params["schema"]))
    wanted = [row for row in rows if params["service"] in (None, row.get("service"))]
    return {"changed": False, "connections": [connection_view(row, redactor) for row in wanted]}


def waiting(params: Mapping[str, Any]) -> str:
    """Tell until when the sync is waited for; empty if it is not."""
    if not params.get("wait"):
        return ""
    name = params.get("schema") or params.get("id")
    return f"waiting until {name} has synced, at most until {until(params['wait_timeout'])}"


def sync(task: Task) -> Result:
    """Do the work of ``fivetran_connection_sync``."""
    params = task.params
    client = client_from_params(params, clients=task.clients)
    run = Sync(client, force=params["force"], resync=params["resync"], progress=task.progress)
    actual = require_connection(run.client, params)
    _check_can_sync(actual)
    before = LastSync.of(actual)
    started = run.needed(actual)
    if started and not task.check_mode:
        run.start(str(actual["id"]))
    redactor = credentials_redactor(params)
    result: Result = {
        "changed": started,
        "sync": {"started": started, "previous_finished_at": before.finished_at},
        "connection": connection_view(actual, redactor),
    }
    if params["wait"] and not task.check_mode:
        try:
            actual = run.wait(actual, float(params["wait_timeout"]))
        except OnrampError as error:
            raise error.with_result(result) from None
        result["connection"] = connection_view(actual, redactor)
    return result


def _check_can_sync(actual: JsonObject) -> None:
    """Refuse to start what would never run.

    :raises OnrampError: with code ``connection_paused`` or ``not_connected``.
    """
    if actual.get("paused"):
        msg = (
            f"Connection {actual.get('id')} (schema {actual.get('schema')}) is paused, so it does not sync. Start it"
            " first, with fivetran_connection and paused: false."
        )
        raise OnrampError(msg=msg, failure=Failure(code="connection_paused", message=msg))
    setup_state = _status(actual).get("setup_state")
    if setup_state != "connected":
        msg = (
            f"Connection {actual.get('id')} (schema {actual.get('schema')}) cannot sync, because its setup_state is"
            f" {setup_state}. Run its setup tests first, with fivetran_connection."
        )
        raise OnrampError(msg=msg, failure=Failure(code="not_connected", message=msg))


class Sync:
    """One sync: whether it has to be started, the start, and the wait for its end."""

    def __init__(
        self,
        client: FivetranClient,
        *,
        force: bool = False,
        resync: bool = False,
        progress: Callable[[str], None] = lambda _message: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.force = force
        self.resync = resync
        self.progress = progress
        self.sleep = sleep

    def needed(self, actual: JsonObject) -> bool:
        """Tell whether a sync has to be started, or the one that is wanted is running already."""
        if not is_running(actual):
            return True
        if self.resync:
            return not _status(actual).get("is_historical_sync")
        return self.force

    def start(self, connection_id: str) -> None:
        """Start it once; where the answer was lost, look whether it is running."""
        try:
            if self.resync:
                self.client.start_resync(connection_id)
            else:
                self.client.start_sync(connection_id, force=self.force)
        except HttpError as error:
            if not error.may_have_been_processed or not self._is_under_way(connection_id):
                raise

    def _is_under_way(self, connection_id: str) -> bool:
        actual = self.client.connection(connection_id) or {}
        return is_running(actual) and (not self.resync or bool(_status(actual).get("is_historical_sync")))

    def wait(self, before: JsonObject, timeout: float) -> JsonObject:
        """Look until a sync has finished that had not finished in ``before``, and return the connection then.

        :raises OnrampError: ``sync_failed`` with Fivetran's reasons, ``sync_timeout``, ``connection_paused``, or
            ``NotFound_Connection`` where it was removed meanwhile.
        """
        connection_id = str(before["id"])
        started = time.monotonic()
        deadline = started + timeout
        pause = FIRST_POLL
        while True:
            actual = self.client.connection(connection_id)
            if actual is None:
                raise _failure("NotFound_Connection", f"Connection {connection_id} was removed while it synced.")
            if self._has_finished(before, actual):
                return actual
            if time.monotonic() + pause > deadline or _waits_longer(actual, deadline):
                raise _timed_out(actual, timeout)
            self.progress(
                f"{actual.get('schema')} has not synced yet after {duration(time.monotonic() - started)}; looking again"
                f" in {duration(pause)}, until {until(deadline - time.monotonic())}"
            )
            self.sleep(pause)
            pause = min(LONGEST_POLL, pause * 1.5)

    def _has_finished(self, before: JsonObject, actual: JsonObject) -> bool:
        last = LastSync.of(actual)
        if is_running(actual):
            return False
        if last.finished_at == LastSync.of(before).finished_at:
            _check_can_sync(actual)
            return False
        if last.outcome == "failed":
            reasons = "; ".join(last.reasons) or "Fivetran names no reason"
            raise _failure(
                "sync_failed",
                f"The sync of connection {actual.get('id')} (schema {actual.get('schema')}) failed at"
                f" {last.finished_at}. {reasons}. Correct what Fivetran names and start it again.",
            )
        return True


def _waits_longer(actual: JsonObject, deadline: float) -> bool:
    """Tell whether Fivetran itself will not go on before the deadline, so that waiting for it is no use."""
    status = _status(actual)
    if status.get("sync_state") != "rescheduled":
        return False
    return _moment(status.get("rescheduled_for")).timestamp() - time.time() > deadline - time.monotonic()


def _timed_out(actual: JsonObject, timeout: float) -> OnrampError:
    status = _status(actual)
    state = status.get("sync_state")
    if state == "rescheduled":
        state = f"rescheduled for {status.get('rescheduled_for')}, because the source allows no more calls until then"
    return _failure(
        "sync_timeout",
        f"The sync of connection {actual.get('id')} (schema {actual.get('schema')}) does not finish within"
        f" {round(timeout)} seconds; its sync_state is {state}. It goes on at Fivetran: look again later, or wait"
        " longer with wait_timeout.",
    )


def _failure(code: str, msg: str) -> OnrampError:
    return OnrampError(msg=msg, failure=Failure(code=code, message=msg))
