# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the setup tests of a connection until they pass, or until there is no time or no hope left."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..._kernel.deadline import CLOCK, Backoff, Clock, Deadline
from ..._kernel.difference import Difference
from ..._kernel.errors import Failure, OnrampError
from ..._kernel.secrets.redact import Redactor
from ..._kernel.waiting import duration, until
from ..client import FivetranClient, JsonObject
from ..setup_tests import SetupVerdict, judge_setup
from .desired import Options

BETWEEN_TESTS = Backoff(first=2.0, longest=30.0)


@dataclass
class ConnectionOutcome:
    """What was found and done, step by step; turned into the module's result at the end or in an error."""

    actual: JsonObject | None = None
    created: bool = False
    found: list[Difference] = field(default_factory=list)
    verdict: SetupVerdict | None = None
    changed: bool = False

    @property
    def known(self) -> JsonObject:
        """The connection, empty before there is one."""
        return self.actual or {}


@dataclass(frozen=True)
class Testing:
    """The setup tests of one connection. ``send_again`` sends what cannot be read, if there is anything to send."""

    client: FivetranClient
    options: Options
    redactor: Redactor
    progress: Callable[[str], None]
    clock: Clock
    send_again: Callable[[], bool]

    def run(self, outcome: ConnectionOutcome) -> None:
        """Run the tests, and leave in ``outcome`` what they say.

        :raises OnrampError: they have not passed.
        """
        deadline = Deadline.after(self.options.setup_test_timeout, self.clock)
        schema = outcome.known.get("schema")
        self.progress(running_tests(str(schema), self.options.setup_test_timeout, self.clock))
        verdict, deadline = self._once(outcome, deadline)
        if not verdict.passed and self.send_again():
            verdict, deadline = self._once(outcome, deadline)
        for tries_made in range(1, self.options.setup_test_retries + 1):
            wait = BETWEEN_TESTS.after(tries_made)
            can_pass = outcome.changed or verdict.may_be_propagation
            if verdict.passed or not can_pass or wait > deadline.left:
                break
            self.progress(
                f"the setup tests of {schema} have not passed yet ({self.redactor.text(verdict.summary())}); trying"
                f" again in {duration(wait)}, until {until(deadline.left, self.clock)}"
            )
            deadline.wait(wait)
            verdict, deadline = self._once(outcome, deadline)
        if not verdict.passed:
            raise self._failed(outcome, verdict)

    def _once(self, outcome: ConnectionOutcome, deadline: Deadline) -> tuple[SetupVerdict, Deadline]:
        """Return what the tests say, and the deadline, later by what Fivetran's rate limit has taken."""
        waited_before = self.client.waited
        answer = self.client.run_setup_tests(
            str(outcome.known["id"]), dict(self.options.trust), timeout=max(1.0, deadline.left)
        )
        outcome.actual = {**outcome.known, **answer}
        verdict = outcome.verdict = judge_setup(answer, self.options.failing_statuses)
        return verdict, deadline.later(self.client.waited - waited_before)

    def _failed(self, outcome: ConnectionOutcome, verdict: SetupVerdict) -> OnrampError:
        actual = outcome.known
        running = "goes on with what it was sent" if outcome.changed else "is not touched"
        state = "stays paused" if actual.get("paused") else f"was running before and {running}"
        summary = self.redactor.text(verdict.summary())
        msg = (
            f"The setup tests of connection {actual.get('id')} ({actual.get('service')}, schema"
            f" {actual.get('schema')}) did not pass, so it {state}. {summary}."
            " Correct what the tests name and run again; the same run continues where this one stopped."
        )
        return OnrampError(msg=msg, failure=Failure(code="setup_tests_failed", message=summary))


def running_tests(schema: str, timeout: float, clock: Clock = CLOCK) -> str:
    """Return what is waited for while the setup tests run."""
    return f"running the setup tests of {schema}, at most until {until(timeout, clock)}"
