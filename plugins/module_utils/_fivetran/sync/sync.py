# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Syncs: start one, wait until it has finished, and say why it failed, or why waiting is no use any more."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..._kernel.deadline import CLOCK, Backoff, Clock, Deadline
from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.options.limits import LONGEST_SYNC, check_number
from ..._kernel.printable import sentence
from ..._kernel.secrets.redact import Redactor
from ..._kernel.secrets.shown import quoted
from ..._kernel.task import Result, Task
from ..._kernel.waiting import duration, until
from ..client import FivetranClient, JsonObject, client_from_params
from ..connection.state import is_broken, is_connected, is_running, setup_state, status_of
from ..credentials import credentials_redactor
from ..identity import connection_or_foretold
from .last_sync import LastSync, connection_view, moment, reasons
from .why import why

BETWEEN_LOOKS = Backoff(first=2.0, longest=30.0, factor=1.5)


def waiting(params: Mapping[str, Any]) -> str:
    """Tell until when the sync is waited for; empty if it is not."""
    if not params.get("wait"):
        return ""
    name = params.get("schema") or params.get("id")
    return f"waiting until {name} has synced, at most until {until(params['wait_timeout'])}"


def sync(task: Task) -> Result:
    """Do the work of ``fivetran_connection_sync``."""
    params = task.params
    check_time("since", params["since"])
    check_number("wait_timeout", params["wait_timeout"], 1, LONGEST_SYNC)
    secrets = params["config_secrets"]
    redactor = credentials_redactor(params, secrets)
    run = Sync(
        client_from_params(params, secrets=secrets, clients=task.clients),
        force=params["force"],
        resync=params["resync"],
        since=params["since"],
        redactor=redactor,
        progress=task.progress,
        clock=task.clock,
    )
    actual = connection_or_foretold(run.client, task)
    if actual is None:
        foretold = {"group_id": params["group_id"], "schema": params["schema"]}
        begun = {"started": True, "previous_finished_at": None}
        return {"changed": True, "sync": begun, "connection": connection_view(foretold, redactor)}
    run.check_can_sync(actual, was_broken=is_broken(actual))
    before = LastSync.of(actual)
    started = run.needed(actual)
    if started and not task.check_mode:
        run.start(str(actual["id"]))
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


def check_time(option: str, value: str | None) -> None:
    """Refuse what is no time.

    :raises InvalidArgument: naming the option.
    """
    try:
        datetime.fromisoformat(value or "1970-01-01")
    except ValueError:
        raise InvalidArgument(
            f"{option}: expected a time in ISO 8601 such as 2026-03-01T14:00:00Z, got {quoted(value)}."
        ) from None


@dataclass(frozen=True)
class Sync:
    """One sync: whether it has to be started, the start, and the wait for its end.

    ``redactor`` keeps out of messages what Fivetran quotes. ``since``: a sync that has ended after this time will do.
    """

    client: FivetranClient
    redactor: Redactor
    force: bool = False
    resync: bool = False
    since: str | None = None
    progress: Callable[[str], None] = lambda _message: None
    clock: Clock = CLOCK

    def needed(self, actual: JsonObject) -> bool:
        """Tell whether a sync has to be started, or the one that is wanted is running already."""
        if not is_running(actual):
            return not self.since or not self._has_ended_since(self.since, LastSync.of(actual))
        if self.resync:
            return not status_of(actual).get("is_historical_sync")
        return self.force

    @staticmethod
    def _has_ended_since(time: str | None, last: LastSync) -> bool:
        return moment(last.finished_at) > moment(time)

    def start(self, connection_id: str) -> None:
        """Start it once; where the answer was lost, see whether it is running."""
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
        return is_running(actual) and (not self.resync or bool(status_of(actual).get("is_historical_sync")))

    def wait(self, before: JsonObject, timeout: float) -> JsonObject:
        """Look until a sync has finished that had not in ``before``, or at the time since, and return the connection.

        :raises OnrampError: ``sync_failed`` with Fivetran's reasons; ``sync_timeout``, also where Fivetran has put the
            sync off beyond it; ``not_connected``, ``connection_paused``, or ``NotFound_Connection`` where it was
            removed meanwhile.
        """
        connection_id = str(before["id"])
        deadline = Deadline.after(timeout, self.clock)
        looks = 0
        while True:
            looks, waited = looks + 1, self.client.waited
            actual = self.client.connection(connection_id)
            # A sync goes on while a rate limit keeps anybody from looking.
            deadline = deadline.later(self.client.waited - waited)
            if actual is None:
                raise _failure("NotFound_Connection", f"Connection {connection_id} was removed while it synced.")
            if self._has_finished(before, actual):
                return actual
            pause = BETWEEN_LOOKS.after(looks)
            if pause > deadline.left or self._is_put_off(actual, deadline):
                raise self._timed_out(actual, timeout)
            self.progress(
                f"{actual.get('schema')} has not synced yet after {duration(timeout - deadline.left)}; looking again"
                f" in {duration(pause)}, until {until(deadline.left, self.clock)}"
            )
            deadline.wait(pause)

    def _has_finished(self, before: JsonObject, actual: JsonObject) -> bool:
        last = LastSync.of(actual)
        if not self._has_ended_since(self.since or LastSync.of(before).finished_at, last):
            # Also while it runs: what is broken or paused meanwhile will not succeed any more.
            self.check_can_sync(actual, was_broken=is_broken(before))
            return False
        if is_running(actual):
            return False
        if last.outcome == "failed":
            raise _failure(
                "sync_failed",
                f"The sync of connection {_named(actual)} failed at {last.finished_at}. {self._reasons(actual)}"
                " Correct what Fivetran names and start it again.",
            )
        return True

    def check_can_sync(self, actual: JsonObject, *, was_broken: bool) -> None:
        """Refuse what would never sync. What was broken before becomes connected by nothing but a sync.

        :raises OnrampError: with code ``not_connected`` or ``connection_paused``.
        """
        # First, because Fivetran calls the sync of a broken connection paused, too.
        if not is_connected(actual) and not (was_broken and is_broken(actual)):
            raise _failure(
                "not_connected",
                f"Connection {_named(actual)} cannot sync, because its setup_state is {setup_state(actual)}."
                f" {self._reasons(actual)} Correct that, then run its setup tests, with fivetran_connection.",
            )
        is_stopped = status_of(actual).get("sync_state") == "paused" and not is_broken(actual)
        if actual.get("paused") or is_stopped:
            raise _failure(
                "connection_paused",
                f"Connection {_named(actual)} is paused, so it does not sync. Start it first, with fivetran_connection"
                " and paused: false.",
            )

    def _reasons(self, actual: JsonObject) -> str:
        said = "; ".join(why(self.client, actual))
        return self.redactor.text(f"Fivetran says: {sentence(said)}" if said else "Fivetran names no reason.")

    def _is_put_off(self, actual: JsonObject, deadline: Deadline) -> bool:
        """Tell whether Fivetran itself will not go on before the deadline, so that waiting for it is no use."""
        status = status_of(actual)
        if status.get("sync_state") != "rescheduled":
            return False
        return moment(status.get("rescheduled_for")).timestamp() - self.clock.epoch() > deadline.left

    def _timed_out(self, actual: JsonObject, timeout: float) -> OnrampError:
        status = status_of(actual)
        state = str(status.get("sync_state"))
        if state == "rescheduled":
            state += f" for {status.get('rescheduled_for')}, because the source allows no more calls until then"
        said = f". {self._reasons(actual)}" if reasons(actual) else "."
        return _failure(
            "sync_timeout",
            f"The sync of connection {_named(actual)} does not finish within {round(timeout)} seconds; its sync_state"
            f" is {state}{said} It goes on at Fivetran: look again later, or wait longer with wait_timeout (of the"
            " role, fivetran_connection_sync_timeout).",
        )


def _named(actual: JsonObject) -> str:
    return f"{actual.get('id')} (schema {actual.get('schema')})"


def _failure(code: str, msg: str) -> OnrampError:
    return OnrampError(msg=msg, failure=Failure(code=code, message=msg))
