# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kill -9 while an approved plan is done: the same plan takes up what is left, also what can be seen nowhere."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.hardening.onboarding import INVENTORY, wrong_access, wrong_connections
from tests.hardening.test_kill import HELD, ONBOARD, nothing_under_way, wait_for
from tests.integration.playbooks.plans import add_connection, reads_currents
from tests.playbook import PlayResult, run_playbook, start_playbook
from tests.sandbox.client import Sandbox

# A connection that reads with another role, so that what is left to do after the role was made can be seen nowhere.
OTHER_ROLE = "arn:aws:iam::111122223333:role/SomebodyElses"
SCHEMA = "braze_shop_us"
LIMIT = ("--limit", "shop_us")


def begin(sandbox: Sandbox, path: Path) -> tuple[str, ...]:
    """Begin anew, with a connection that was made by hand, and save the plan; return how it is applied."""
    sandbox.reset()
    made = add_connection(sandbox, SCHEMA, **reads_currents(), s3role_arn=OTHER_ROLE)
    status = {"setup_state": "connected", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made, status=status)
    saved = run_playbook(sandbox, ONBOARD, "--check", "-e", f"onramp_plan_file={path}", *LIMIT, inventory=INVENTORY)
    assert saved.exit_code == 0, saved.output
    sandbox.clear_journal()
    return ("-e", f"onramp_approved_plan={path}", *LIMIT)


def apply(sandbox: Sandbox, approved: tuple[str, ...]) -> PlayResult:
    result = run_playbook(sandbox, ONBOARD, *approved, inventory=INVENTORY)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.slow
@pytest.mark.parametrize("last", ["aws:iam:CreatePolicy", "aws:iam:CreateRole", "aws:iam:AttachRolePolicy"])
def test_a_run_that_was_killed_takes_up_with_the_same_plan(sandbox: Sandbox, tmp_path: Path, last: str) -> None:
    approved = begin(sandbox, tmp_path / "plan.json")
    apply(sandbox, approved)
    operations = [entry.operation for entry in sandbox.journal()]
    answered = len(operations) - operations[::-1].index(last)

    approved = begin(sandbox, tmp_path / "plan.json")
    sandbox.fault("drop", skip=answered, delay=HELD)
    process = start_playbook(sandbox, ONBOARD, *approved, directory=tmp_path, inventory=INVENTORY)
    try:
        wait_for(lambda: len(sandbox.journal()) >= answered or process.poll() is not None, last)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    wait_for(lambda: nothing_under_way(sandbox), last)
    assert sandbox.journal()[answered - 1].operation == last
    sandbox.clear_faults()

    apply(sandbox, approved)
    assert [*wrong_connections(sandbox, {SCHEMA}, True), *wrong_access(sandbox, True)] == []
    (row,) = sandbox.state()["fivetran"]["connections"].values()
    assert row["config"]["s3role_arn"].endswith(":role/Fivetran")
