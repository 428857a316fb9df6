# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 while many workspaces are onboarded at once: the next run makes the writes that are left, and none twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.bench import fleet
from tests.hardening.test_kill import HELD, ONBOARD, nothing_under_way, wait_for
from tests.playbook import run_playbook, start_playbook
from tests.sandbox.client import Sandbox

COUNT = 8
FORKS = ("--forks", "4")
# Of the writes: while roles and grants are made, connections, and setup tests.
SHARES = (0.25, 0.5, 0.75)
Writes = Counter[tuple[str, str, str]]


def begin(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.reset()
    inventory = fleet.seed(sandbox, COUNT)
    sandbox.clear_journal()
    return inventory


def writes(sandbox: Sandbox) -> Writes:
    """Return what was changed, and of what; ids of connections are the same in each run."""
    return Counter(
        (entry.operation, entry.path, str((entry.body or {}).get("config", {}).get("schema", "")))
        for entry in sandbox.writes()
        if entry.caller == "outside"
    )


def requests_until(sandbox: Sandbox, share: float) -> int:
    """Return after how many requests this share of the writes was made."""
    own = [entry for entry in sandbox.journal() if entry.caller == "outside"]
    written = [number for number, entry in enumerate(own, 1) if entry.changed_state]
    return written[int(len(written) * share)]


def lasting(sandbox: Sandbox) -> Any:
    """Return what exists at the end, without when it was made."""
    state = sandbox.state()
    rows = [{**row, "created_at": ""} for row in state["fivetran"]["connections"].values()]
    policies = {name: bucket["policy"] for name, bucket in state["gcs"]["buckets"].items()}
    return sorted(rows, key=lambda row: row["id"]), policies, state["aws"]["accounts"]


def kill_after(sandbox: Sandbox, directory: Path, inventory: dict[str, Any], answered: int) -> None:
    """Onboard until so many requests are answered, and kill; nothing later is handled."""
    directory.mkdir()
    sandbox.fault("drop", skip=answered, delay=HELD, times=0, caller="outside")
    process = start_playbook(sandbox, ONBOARD, *FORKS, directory=directory, inventory=inventory)
    try:
        wait_for(lambda: len(sandbox.journal()) >= answered or process.poll() is not None, f"{answered}")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    wait_for(lambda: nothing_under_way(sandbox), f"{answered}")
    sandbox.clear_faults()


@pytest.mark.slow
def test_a_run_that_was_killed_midway_makes_what_is_left_and_writes_nothing_twice(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    whole = run_playbook(sandbox, ONBOARD, *FORKS, inventory=begin(sandbox))
    assert whole.exit_code == 0, whole.output
    wanted, end = writes(sandbox), lasting(sandbox)
    for share, answered in [(share, requests_until(sandbox, share)) for share in SHARES]:
        inventory = begin(sandbox)
        kill_after(sandbox, tmp_path / str(share), inventory, answered)
        done = writes(sandbox)
        assert 0 < done.total() < wanted.total()
        assert done - wanted == Counter()
        sandbox.clear_journal()

        again = run_playbook(sandbox, ONBOARD, *FORKS, inventory=inventory)
        assert again.exit_code == 0, again.output
        assert writes(sandbox) == wanted - done
        assert lasting(sandbox) == end
