# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a connection to its desired state: find, create or adopt, update, test, start, remove."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..._kernel.deadline import CLOCK, Clock
from ..._kernel.difference import before_and_after
from ..._kernel.errors import Failure, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.secrets.redact import Redactor, texts_in
from ..._kernel.task import Result, Task
from ..account.group import check_group_id
from ..client import FivetranClient, JsonObject, client_from_params
from .apply import Applying
from .desired import DesiredConnection, Options
from .look import config_schema, destination_warning, of_identity, planned
from .plan import ConnectionPlan, check_permanent, refuse_protected
from .state import stays_paused, view
from .tests import ConnectionOutcome, running_tests


class ConnectionRun:
    """One run over one connection."""

    def __init__(
        self,
        client: FivetranClient,
        desired: DesiredConnection,
        options: Options,
        *,
        check_mode: bool = False,
        warn: Callable[[str], None] = lambda _message: None,
        progress: Callable[[str], None] = lambda _message: None,
        clock: Clock = CLOCK,
    ) -> None:
        self.client = client
        self.desired = desired
        self.options = options
        self.check_mode = check_mode
        self.warn = warn
        self.progress = progress
        self.clock = clock
        self.outcome = ConnectionOutcome()
        self._redactor = Redactor(texts_in(desired.secrets))

    # The two states

    def ensure_present(self) -> Result:
        """Create or adopt the connection, send what differs, test it, start it."""
        try:
            self._ensure_present()
        except HttpError as error:
            if error.failure.status != 404 or self.outcome.created or self.outcome.actual is None:
                raise self._with_result(error) from None
            # Somebody removed it between the look-up and the change: begin again, once.
            self.outcome = ConnectionOutcome()
            self._ensure_present()
        except OnrampError as error:
            raise self._with_result(error) from None
        return self.result()

    def ensure_absent(self) -> Result:
        """Remove the connection if it is there."""
        actual = self.find()
        if actual is not None and not self.check_mode:
            self.client.delete_connection(str(actual["id"]))
        header = self._header(actual)
        return {
            "changed": actual is not None,
            "connection": None,
            "diff": {
                "before_header": header,
                "after_header": header,
                "before": {} if actual is None else self._view(actual),
                "after": {},
            },
        }

    def find(self) -> JsonObject | None:
        """Return the connection that the identity names: by id, or by group, service and schema.

        :raises OnrampError: where the name belongs to another service, or a permanent field differs.
        """
        if not self.desired.connection_id:
            rows = self.client.connections(group_id=self.desired.group_id, schema=self.desired.schema)
            return of_identity(rows, self.desired)
        actual = self.client.connection(self.desired.connection_id)
        if actual is not None:
            check_permanent(self.desired, actual)
        return actual

    # Present, step by step

    def _ensure_present(self) -> None:
        actual = self.outcome.actual = self.find()
        if actual is None and self.desired.connection_id:
            msg = f"There is no connection {self.desired.connection_id} that this API key can see."
            raise OnrampError(msg=msg, failure=Failure(code="NotFound_Connection", message=msg))
        change = self._plan(actual)
        if change.creation is not None:
            self._warn_of_destination(str(self.desired.group_id))
        if self.check_mode:
            self._foretell(change)
        else:
            self._applying().carry_out(change)

    def _plan(self, actual: JsonObject | None, is_ours: bool = False) -> ConnectionPlan:
        change = planned(self.desired, actual, self.options, self._config_schema, is_ours=is_ours)
        refuse_protected(change)
        for warning in change.warnings:
            self.warn(warning)
        return change

    def _config_schema(self, service: str) -> JsonObject | None:
        return config_schema(service, self.client.service_metadata, self.warn)

    def _warn_of_destination(self, group_id: str) -> None:
        destination = self.client.destination(group_id)
        if destination is None:
            # A group that does not exist has none either.
            check_group_id(self.client, group_id)
        warning = destination_warning(group_id, destination)
        if warning:
            self.warn(warning)

    def _foretell(self, change: ConnectionPlan) -> None:
        self.outcome.actual = change.foretold()
        self.outcome.found = list(change.found)
        self.outcome.changed = change.is_change
        if change.start and not change.starts:
            self.warn(stays_paused(change.schema, change.actual))

    def _applying(self) -> Applying:
        return Applying(
            self.client,
            self.desired,
            self.options,
            self.outcome,
            self._redactor,
            find=self.find,
            plan=self._plan,
            warn=self.warn,
            progress=self.progress,
            clock=self.clock,
        )

    # Results

    def result(self) -> Result:
        """Return the module's result; it holds no secret."""
        outcome = self.outcome
        result: Result = {
            "changed": outcome.changed,
            "connection": None if outcome.actual is None else self._view(outcome.actual),
            "sent": [item.name for item in outcome.found],
            "diff": before_and_after(outcome.found, self._header(outcome.actual)),
        }
        if outcome.verdict is not None:
            result["setup_tests"] = self._redactor.data([vars(test) for test in outcome.verdict.tests])
            # Fivetran keeps no record of it.
            result["tested_at"] = self.clock.now().isoformat(timespec="seconds")
        return result

    def _view(self, actual: JsonObject) -> JsonObject:
        return view(actual, self._redactor, self.desired.secrets)

    def _with_result(self, error: OnrampError) -> OnrampError:
        if self.outcome.actual is None:
            return error
        known = self.result()
        known.pop("diff")
        return error.with_result(known)

    def _header(self, actual: JsonObject | None) -> str:
        desired = self.desired
        service = desired.service or (actual or {}).get("service")
        schema = desired.schema or (actual or {}).get("schema")
        return f"Fivetran connection {schema} ({service})"


def waiting(params: Mapping[str, Any]) -> str:
    """Tell for how long the setup tests may be waited for; empty if they are not."""
    if params.get("state") != "present" or params.get("run_setup_tests") == "never":
        return ""
    return f"{running_tests(str(params.get('schema')), params['setup_test_timeout'])}, if they are needed"


def connection(task: Task) -> Result:
    """Do the work of ``fivetran_connection``."""
    desired = DesiredConnection.from_params(task.params)
    if task.params["state"] == "present":
        desired.check_secrets()
    work = ConnectionRun(
        client_from_params(task.params, secrets=desired.secrets, clients=task.clients),
        desired,
        Options.from_params(task.params),
        check_mode=task.check_mode,
        warn=task.warn,
        progress=task.progress,
        clock=task.clock,
    )
    return work.ensure_present() if task.params["state"] == "present" else work.ensure_absent()
