# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out the plan for a connection: create or update it, test it, start it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..._kernel.deadline import Clock
from ..._kernel.difference import Difference, differences
from ..._kernel.http.call import HttpError
from ..._kernel.secrets.redact import Redactor
from ..client import FivetranClient, JsonObject
from ..lost_answer import found_after
from .desired import DesiredConnection, Options
from .plan import ConnectionPlan, prefixed
from .state import SYNCING, hidden, is_broken, is_connected, is_running, status_of, stays_paused, stored_config
from .tests import ConnectionOutcome, Testing


@dataclass(frozen=True)
class Applying:
    """One plan that is carried out. ``outcome`` holds what was done so far, also when it fails.

    ``find`` looks for the connection, and ``plan`` plans for one that was found: whether this run has created it is the
    second argument.
    """

    client: FivetranClient
    desired: DesiredConnection
    options: Options
    outcome: ConnectionOutcome
    redactor: Redactor
    find: Callable[[], JsonObject | None]
    plan: Callable[[JsonObject, bool], ConnectionPlan]
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    clock: Clock

    def carry_out(self, change: ConnectionPlan) -> None:
        """Do what the plan says, in its order."""
        if change.creation is not None:
            change = self._create(change, change.creation)
        self._patch(change.fields, change.config)
        if change.tests:
            self._test()
        if change.start:
            self._start(change)
        if change.tests and change.sync_if_broken and not change.first_sync:
            self._heal(change)

    def _create(self, change: ConnectionPlan, body: JsonObject) -> ConnectionPlan:
        """Create the connection; return the plan for what is left to do with it."""
        outcome = self.outcome
        outcome.created = outcome.changed = True
        outcome.found = list(change.found)
        try:
            outcome.actual = self.client.create_connection(body)
        except HttpError as error:
            actual = outcome.actual = found_after(error, self.find, self.clock)
            if not error.may_have_been_processed:
                # A duplicate: somebody else made it, with settings and secrets of their own.
                outcome.created, outcome.changed, outcome.found = False, False, []
            return self.plan(actual, outcome.created)
        return change

    def _patch(self, fields: Sequence[Difference], config: Sequence[Difference]) -> None:
        """Send differences, and remember them."""
        outcome = self.outcome
        body: JsonObject = {item.name: item.after for item in fields}
        if config:
            body["config"] = {item.name: item.after for item in config}
        if not body:
            return
        outcome.actual = self.client.update_connection(str(outcome.known["id"]), {**body, "run_setup_tests": False})
        outcome.changed = True
        outcome.found += [*fields, *prefixed(config)]

    def _test(self) -> None:
        outcome = self.outcome
        was_connected = is_connected(outcome.actual)
        testing = Testing(self.client, self.options, self.redactor, self.progress, self.clock, self._send_again)
        testing.run(outcome)
        if is_connected(outcome.actual) and not was_connected:
            outcome.changed = True

    def _send_again(self) -> bool:
        """Send what Fivetran does not show; return whether there is anything of which it may hold something else."""
        if self.outcome.created or self.options.update_secrets != "on_test_failure":
            return False
        wanted, secrets = self.desired.whole_config, self.desired.secrets
        again = {name: wanted[name] for name in hidden(wanted, secrets, self.outcome.known)}
        stored = stored_config(self.outcome.actual)
        self._patch([], differences(again, stored, secrets=secrets, send_masked=True))
        return bool(again)

    def _start(self, change: ConnectionPlan) -> None:
        outcome = self.outcome
        if not is_connected(outcome.actual) and not (is_broken(outcome.known) and change.tests):
            outcome.found = [replace(item, after=True) if item.name == "paused" else item for item in outcome.found]
            self.warn(stays_paused(change.schema, outcome.actual))
            return
        actual = outcome.known
        body = {"paused": False, "run_setup_tests": False}
        outcome.actual = {**actual, **self.client.update_connection(str(actual["id"]), body)}
        if not outcome.created:
            outcome.found.append(Difference("paused", before=True, after=False))
        outcome.changed = True
        if change.first_sync:
            self.client.start_sync(str(actual["id"]))

    def _heal(self, change: ConnectionPlan) -> None:
        """Start the sync that a broken connection needs, whose setup tests have passed."""
        actual = self.outcome.known
        if not is_broken(actual) or actual.get("paused") or is_running(actual):
            return
        self.client.start_sync(str(actual["id"]))
        self.outcome.changed = True
        self.outcome.actual = {**actual, "status": {**status_of(actual), "sync_state": SYNCING}}
        self.warn(
            f"The setup tests of {change.schema} pass again, but Fivetran calls the connection broken until a sync"
            " succeeds, so that one was started."
        )
