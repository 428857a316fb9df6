# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 between any two requests: the next run continues where the killed one stopped."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from itertools import accumulate, groupby

import pytest

from tests.collection import CHECKOUT
from tests.hardening.onboarding import INVENTORY, seed_foreign, wrong
from tests.hardening.tally import Tally
from tests.playbook import playing, run_playbook
from tests.sandbox.client import Sandbox
from tests.sandbox.core import Entry

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
SCHEMAS = {"shop_eu": "braze_shop_eu", "shop_us": "braze_shop_us"}
# Seconds for which the request after the last one is held, so that it cannot be answered before the kill.
HELD = 0.5
# Where the machine is too slow to kill in that time, it is tried again.
TRIES = 3
# So that several workers share the plays.
PARTS = 4
# Of places between two writes, one of so many is tried.
ALIKE = 5


@pytest.mark.parametrize(
    ("host", "last"),
    [
        pytest.param("shop_eu", "gcs:buckets.setIamPolicy", marks=pytest.mark.slow),
        ("shop_eu", "fivetran:create_connection"),
        pytest.param("shop_us", "aws:iam:CreateRole", marks=pytest.mark.slow),
    ],
)
def test_a_play_killed_after_a_write(sandbox: Sandbox, tally: Tally, host: str, last: str) -> None:
    operations = [entry.operation for entry in clean_run(sandbox, host)]
    # The last of them: creating a connection is also tried while planning, in a way that cannot succeed.
    answered = len(operations) - operations[::-1].index(last)
    sent = kill_and_run_again(sandbox, tally, host, answered, len(operations))
    # What plans sends its requests in any order, but all of them before the first write.
    assert sent[-1] == last
    assert tally.problems == []


@pytest.mark.slow  # A hundred plays.
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("host", ["shop_eu", "shop_us"])
def test_a_play_killed_after_each_of_its_requests(sandbox: Sandbox, tally: Tally, host: str, part: int) -> None:
    entries = clean_run(sandbox, host)
    kills = places(entries)[part::PARTS]
    for answered in kills:
        kill_and_run_again(sandbox, tally, host, answered, len(entries))
    assert tally.problems == []
    assert tally.counts["tried"] == len(kills)


def places(entries: list[Entry]) -> list[int]:
    """Return after how many requests to kill: right after each write, right before it, and in some places between."""
    written = list(accumulate((entry.changed_state for entry in entries), initial=0))
    # The world is the same in all places of one of these.
    alike = [list(group) for _written, group in groupby(range(len(entries)), written.__getitem__)]
    return sorted({place for group in alike for place in (*group[::ALIKE], group[-1])})


def clean_run(sandbox: Sandbox, host: str) -> list[Entry]:
    """Return the requests of a run that nothing disturbs, in the order in which they were answered."""
    played = run_playbook(sandbox, ONBOARD, "--limit", host, inventory=INVENTORY)
    assert played.exit_code == 0, played.output
    return sandbox.journal()


def kill_and_run_again(sandbox: Sandbox, tally: Tally, host: str, answered: int, requests: int) -> list[str]:
    """Kill a run after ``answered`` of its requests, and run again; return the operations that were answered."""
    where = f"{host}: killed after {answered} of {requests} requests"
    was_killed = any(was_killed_after(sandbox, host, answered, where) for _try in range(TRIES))
    tally.objects(where, [] if was_killed else ["the run had ended before it was killed"])
    sent = [entry.operation for entry in sandbox.journal()[:answered]]
    sandbox.clear_faults()
    again = run_playbook(sandbox, ONBOARD, "--limit", host, inventory=INVENTORY)
    if again.exit_code == 0:
        tally.survived()
        tally.objects(where, wrong(sandbox, {SCHEMAS[host]}, done=True))
    else:
        tally.failed(where, f"the next run fails: {again.messages()}")
    return sent


def was_killed_after(sandbox: Sandbox, host: str, answered: int, where: str) -> bool:
    """Kill a run after ``answered`` of its requests; tell whether it was in time."""
    sandbox.reset()
    seed_foreign(sandbox)
    # Dropped in the end and not handled: what the killed run had sent must not be done behind the next run's back.
    sandbox.fault("drop", skip=answered, delay=HELD)
    with playing(sandbox, ONBOARD, "--limit", host, inventory=INVENTORY) as play:
        wait_for(lambda: len(sandbox.journal()) >= answered or play.poll() is not None, where)
    wait_for(lambda: nothing_under_way(sandbox), where)
    return play.returncode == -signal.SIGKILL


def nothing_under_way(sandbox: Sandbox) -> bool:
    """Tell whether no request was answered for longer than one is held."""
    before = len(sandbox.journal())
    time.sleep(HELD + 0.3)
    return len(sandbox.journal()) == before


def wait_for(condition: Callable[[], bool], where: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, where
        time.sleep(0.01)
