# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/heal.md shows what heal.yml really prints, on the example fleet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.playbooks.fleet import Fleet, connections
from tests.integration.playbooks.pages import ENVIRONMENT, shows
from tests.playbook import PlayResult
from tests.sandbox import breaking, world
from tests.sandbox.aws import SECOND_CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

pytestmark = pytest.mark.slow

# All that happens to be printed is of the same minute.
AN_HOUR_LATER = {"tried again from 2026-03-01 14:10": "tried again from 2026-03-01 15:10"}


def edit_trust(sandbox: Sandbox) -> None:
    """Let the role of shop_emea trust somebody else."""
    iam = sandbox.aws("iam", SECOND_CUSTOMER_ACCOUNT)
    trust = json.dumps(iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"])
    wrong = trust.replace(world.SECOND_GROUP_ID, "somebody_else")
    iam.update_assume_role_policy(RoleName="Fivetran", PolicyDocument=wrong)


def told(sandbox: Sandbox, fleet: Fleet, memory: Path, name: str, *arguments: str) -> PlayResult:
    """Run heal.yml, whose page shows this very run."""
    result = fleet.play("heal", *arguments, "-e", f"onramp_heal_state={memory}", **ENVIRONMENT)
    command = " ".join(["ansible-playbook", "onramp.braze_fivetran.heal", *arguments])
    shows("heal", name, command, result, sandbox, places=AN_HOUR_LATER)
    return result


@pytest.mark.slow
def test_the_page_shows_a_fleet_that_is_healed_and_a_cause_that_comes_back(sandbox: Sandbox, tmp_path: Path) -> None:
    fleet = Fleet(sandbox, tmp_path)
    onboarded = fleet.play("onboard")
    assert onboarded.exit_code == 0, onboarded.output
    breaking.notice(sandbox)
    app_us = str(connections(sandbox)["braze_app_us"]["id"])
    edit_trust(sandbox)
    breaking.source_failed(sandbox, app_us)
    sandbox.seed("braze", "revoke_key", key=fleet.keys["loyalty_us"])
    sandbox.seed("fivetran", "advance_clock", seconds=30)
    breaking.notice(sandbox)
    first = told(sandbox, fleet, tmp_path / "heal.json", "what is broken")
    assert "Healed 2, nothing broken 3, needs a person 1, cooling down 0." in first.output
    breaking.source_failed(sandbox, app_us)
    sandbox.seed("fivetran", "advance_clock", seconds=30)
    breaking.notice(sandbox, app_us)
    again = told(sandbox, fleet, tmp_path / "heal.json", "the same cause", "--limit", "app_us")
    assert "Healed 0, nothing broken 0, needs a person 0, cooling down 1." in again.output
