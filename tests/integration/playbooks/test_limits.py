# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing fails because of Fivetran's rate limit, it takes longer; and a person reads until when.

In seconds instead of an hour: the sandbox counts in windows of six seconds, and refuses with HTTP 429 as Fivetran does.
"""

from __future__ import annotations

import os
import pty
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.integration.playbooks.plans import YES
from tests.integration.report.test_progress import QUIET, read, screen
from tests.playbook import PlayResult, start_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

WINDOW = 6
ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
SAID = re.compile(
    r"^Fivetran's rate limit for ([a-z ]+) is reached\. Whatever needs it waits (\d+) s, until ([\d:]+) UTC, and then"
    r" goes on\.$"
)


def fleet(count: int) -> dict[str, Any]:
    """Return an inventory of workspaces without Currents, which need a connection and nothing else."""
    inventory = workspaces()
    own = {"braze_api_key": world.BRAZE_KEY_SHOP_US, "currents_storage": "none"}
    hosts = {f"shop_{number}": {**own, "fivetran_schema": f"braze_{number}"} for number in range(count)}
    inventory["braze_workspaces"]["hosts"] = hosts
    return inventory


def limit(sandbox: Sandbox, kind: str, count: int, seconds: int = WINDOW) -> None:
    sandbox.seed("fivetran", "set_rate_limit", kind=kind, count=count, seconds=seconds)


def refused(sandbox: Sandbox) -> Counter[str]:
    """Return how often Fivetran has refused a call for its rate limit, by operation."""
    entries = [entry for entry in sandbox.journal("fivetran") if entry.caller == "outside"]
    return Counter(entry.operation.partition(":")[2] for entry in entries if entry.status == 429)


def said(output: str) -> list[str]:
    """Return which limits a run has said that it waits for."""
    return [found[1] for line in output.splitlines() if (found := SAID.match(line))]


@pytest.mark.slow
@pytest.mark.waits
@pytest.mark.fact("rate-limits")
def test_onboarding_that_meets_a_limit_three_times_takes_longer_fails_nowhere_and_says_so_once_a_wait(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    limit(sandbox, "setup_tests", 2)
    shown, terminal = pty.openpty()
    begun = time.monotonic()
    process = start_playbook(
        sandbox, ONBOARD, "--forks", "20", directory=tmp_path, inventory=fleet(8), environment=QUIET,
        stderr=terminal, stdout=terminal,
    )  # fmt: skip
    os.close(terminal)
    written = read(shown)
    os.close(shown)
    assert process.wait(60) == 0, written
    assert time.monotonic() - begun > 3 * WINDOW
    assert len(connections(sandbox)) == 8
    # What stays on the screen is a line for each wait, no matter how many workers wait.
    assert said("\n".join(screen(written))) == ["setup tests"] * 3, written
    # Twenty workers that came back at once would be refused six, four and two times.
    assert refused(sandbox)["test_connection"] <= 6
    # How far it is, with what the rest takes as it has gone so far.
    assert re.search(r"\r[3-7] of 8 workspaces, about \d+ s left: ", written), written
    assert not [line for line in screen(written) if " of 8 workspaces" in line]


def changed_within(
    sandbox: Sandbox, playbook: str, *arguments: str, seconds: int = WINDOW, **counts: int
) -> PlayResult:
    """Run a playbook on three workspaces, with so few calls in a window that it meets a limit."""
    sandbox.clear_journal()
    for kind, count in counts.items():
        limit(sandbox, kind, count, seconds)
    result = play(sandbox, playbook, *arguments, inventory=fleet(3))
    for kind in counts:
        limit(sandbox, kind, 20_000)
    assert result.exit_code == 0, result.output
    assert sum(refused(sandbox).values()) > 0
    assert said(result.output) != []
    return result


@pytest.mark.slow
@pytest.mark.waits
@pytest.mark.fact("rate-limits")
def test_whatever_changes_or_only_looks_waits_for_a_limit_also_without_a_terminal(sandbox: Sandbox) -> None:
    onboarded = changed_within(sandbox, "onboard", creations=1)
    assert len(connections(sandbox)) == 3
    assert "nothing fails" not in onboarded.output
    # Not a byte of what is written over.
    assert "\r" not in onboarded.output
    changed_within(sandbox, "rotate_key", setup_tests=1)
    for connection in connections(sandbox).values():
        status = {**connection["status"], "setup_state": "broken"}
        sandbox.seed("fivetran", "edit_connection", id=connection["id"], status=status)
    changed_within(sandbox, "heal", setup_tests=1)
    assert {connection["status"]["setup_state"] for connection in connections(sandbox).values()} == {"connected"}
    changed_within(sandbox, "verify", requests=2)
    told = changed_within(sandbox, "offboard", *YES, seconds=3 * WINDOW, requests=10)
    assert re.search(r"Fivetran's rate limit: of 10 requests an hour .* longer, and nothing fails", told.output)
    assert connections(sandbox) == {}


@pytest.mark.slow
@pytest.mark.waits
@pytest.mark.fact("rate-limits")
def test_killed_while_it_waits_nothing_more_is_sent_and_the_next_run_takes_up(sandbox: Sandbox, tmp_path: Path) -> None:
    limit(sandbox, "setup_tests", 1)
    process = start_playbook(sandbox, ONBOARD, directory=tmp_path, inventory=fleet(4))
    wait_for(lambda: len(connections(sandbox)) == 4 and refused(sandbox)["test_connection"] > 0)
    # The playbook alone: its workers live on, and wait.
    process.kill()
    process.wait()
    sent = len(sandbox.journal("fivetran"))
    time.sleep(WINDOW + 3)
    assert len(sandbox.journal("fivetran")) == sent
    limit(sandbox, "setup_tests", 2500, seconds=3600)
    result = play(sandbox, "onboard", inventory=fleet(4))
    assert result.exit_code == 0, result.output
    assert [connection["paused"] for connection in connections(sandbox).values()] == [False] * 4


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)
