# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Fivetran will answer all that a plan has to ask for, or how long that takes: said before the first change.

What Fivetran refuses for its rate limit waits until it is allowed.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ....module_utils._fivetran.allowance import Allowance
from ..._settings.settings import Settings
from ..look import questions
from ..model.plan import Action, WorkspacePlan, WorkspaceVerdict
from .drafts import Situation

# Requests for one connection, at most if nothing has to be tried again: looked up, what its service needs, destination,
# created, tested, started; a change has no destination to look at and nothing to start.
REQUESTS: Mapping[Action, int] = {Action.CREATE: 6, Action.UPDATE: 4, Action.DELETE: 2}
# What a run asks for beside, such as once more before it removes anything.
BESIDE = 10
HOUR = 60 * 60


@dataclass
class _Need:
    """What the workspaces of one pair of key and secret need."""

    allowance: Allowance
    connections: int = 0
    requests: int = 0
    tests: int = 0
    # For how many seconds each of them waits for a limit, at least.
    patience: int = HOUR


def shortages(situation: Situation, plans: Mapping[str, WorkspacePlan]) -> tuple[str, ...]:
    """Return a sentence for each account that will not answer all that the plans have to ask for."""
    if situation.purpose.tells_findings:
        return ()
    return tuple(filter(None, map(_sentence, _needs(situation, plans))))


def _needs(situation: Situation, plans: Mapping[str, WorkspacePlan]) -> Iterator[_Need]:
    needs: dict[tuple[str, str, str], _Need] = {}
    for settings in situation.readable:
        plan, left = plans.get(settings.name), _left(situation, settings)
        if plan is None or plan.verdict is not WorkspaceVerdict.CHANGES or left is None:
            continue
        need = needs.setdefault(questions.credentials(settings), _Need(left))
        need.patience = min(need.patience, int(settings.roles["fivetran_connection"]["rate_limit_timeout"]))
        for change in plan.changes_of("connection"):
            need.connections += 1
            need.requests += REQUESTS[change.action]
            need.tests += change.work is not None and change.work.run_setup_tests != "never"
    yield from needs.values()


def _left(situation: Situation, settings: Settings) -> Allowance | None:
    question = questions.allowance(settings)
    return situation.seen.of(question) if situation.seen.has(question) else None


def _sentence(need: _Need) -> str:
    left, requests = need.allowance, need.requests + BESIDE if need.connections else 0
    for_requests = _hours(requests, left.left, left.limit)
    # How many tests were made within the hour, nothing tells.
    for_tests = _hours(need.tests, left.tests, left.tests)
    if not for_requests and not for_tests:
        return ""
    many = f"the {need.connections:,} connections" if need.connections > 1 else "the connection"
    follows = _what_follows(max(for_requests, for_tests), need.patience)
    if for_requests >= for_tests:
        return (
            f"Fivetran's rate limit: of {left.limit:,} requests an hour {left.left:,} are left, and {many} of this plan"
            f" need about {requests:,}. {follows}"
        )
    tests = f"no more than {left.tests:,} setup tests an hour, and {many} of this plan need {need.tests:,}"
    if left.is_of_a_trial:
        return (
            f"Fivetran's rate limit: {left.limit:,} requests an hour are those of a trial, which also has {tests}."
            f" {follows}"
        )
    return f"Fivetran's rate limit: it allows {tests}. {follows}"


def _hours(needed: int, left: int, limit: int) -> int:
    """Return for how many hours a limit is waited for, at most, if nobody else takes of it."""
    return -(-max(0, needed - left) // max(limit, 1))


def _what_follows(hours: int, patience: int) -> str:
    if patience < HOUR:
        return (
            f"What it refuses for longer than {patience} seconds (fivetran_connection_rate_limit_timeout) fails with"
            " the time to wait, and another run goes on. --limit takes fewer at a time."
        )
    longer = "up to an hour" if hours == 1 else f"about {hours:,} hours"
    return f"So it takes {longer} longer, and nothing fails: what is refused waits until it is allowed."
