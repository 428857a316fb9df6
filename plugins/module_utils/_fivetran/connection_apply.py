# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Carry out the plan for a connection: create or update it, test it, start it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .._difference import Difference, differences
from .._http import HttpError
from .._redact import Redactor
from .client import FivetranClient, JsonObject
from .connection_plan import Change, prefixed, stays_paused
from .connection_state import hidden, is_connected, stored_config
from .connection_tests import FIRST_TEST_WAIT, Outcome, Testing
from .desired import Desired, Options

# A creation whose answer was lost may take a moment to become visible.
LOOK_UPS_AFTER_LOST_ANSWER = 3


@dataclass(frozen=True)
class Applying:
    """One plan that is carried out. ``outcome`` holds what was done so far, also when it fails.

    ``find`` looks for the connection, and ``plan`` plans for one that was found: whether this run has created it is the
    second argument.
    """

    client: FivetranClient
    desired: Desired
    options: Options
    outcome: Outcome
    redactor: Redactor
    find: Callable[[], JsonObject | None]
    plan: Callable[[JsonObject, bool], Change]
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    sleep: Callable[[float], None]

    def carry_out(self, change: Change) -> None:
        """Do what the plan says, in its order."""
        if change.creation is not None:
            change = self._create(change, change.creation)
        self._patch(change.fields, change.config)
        if change.tests:
            self._test()
        if change.start:
            self._start(change)

    def _create(self, change: Change, body: JsonObject) -> Change:
        """Create the connection; return the plan for what is left to do with it."""
        outcome = self.outcome
        outcome.created = outcome.changed = True
        outcome.found = list(change.found)
        try:
            outcome.actual = self.client.create_connection(body)
        except HttpError as error:
            actual = outcome.actual = self._find_after(error)
            if not error.may_have_been_processed:
                # A duplicate: somebody else made it, with settings and secrets of their own.
                outcome.created, outcome.changed, outcome.found = False, False, []
            return self.plan(actual, outcome.created)
        return change

    def _find_after(self, error: HttpError) -> JsonObject:
        """Look for the connection after a creation that ended in doubt or as a duplicate; never create again."""
        if not error.may_have_been_processed and error.failure.status not in (400, 409):
            raise error
        for attempt in range(LOOK_UPS_AFTER_LOST_ANSWER if error.may_have_been_processed else 1):
            if attempt:
                self.sleep(FIRST_TEST_WAIT * attempt)
            actual = self.find()
            if actual is not None:
                return actual
        raise error

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
        testing = Testing(self.client, self.options, self.redactor, self.progress, self.sleep, self._send_again)
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

    def _start(self, change: Change) -> None:
        outcome = self.outcome
        if not is_connected(outcome.actual):
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
