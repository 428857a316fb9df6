# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several runs at once, and several workspaces that share what Fivetran reads with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.collection import CHECKOUT
from tests.hardening.onboarding import INVENTORY, seed_foreign, unclear, workspaces, wrong
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"
BOTH = {"braze_shop_eu", "braze_shop_us"}


def test_two_runs_at_once_leave_one_of_everything(sandbox: Sandbox) -> None:
    seed_foreign(sandbox)

    def onboard(_number: int) -> PlayResult:
        return run_playbook(sandbox, ONBOARD, inventory=INVENTORY)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(onboard, range(2)))
    for played in runs:
        assert played.exit_code == 0 or unclear(played) == ""
    assert wrong(sandbox, BOTH, done=False) == []
    again = run_playbook(sandbox, ONBOARD, inventory=INVENTORY)
    assert again.exit_code == 0, again.output
    assert wrong(sandbox, BOTH, done=True) == []


@pytest.mark.slow
def test_two_workspaces_in_one_bucket_share_role_and_policy_and_get_a_connection_each(sandbox: Sandbox) -> None:
    seed_foreign(sandbox)
    second = {
        "braze_api_key": world.BRAZE_KEY_SHOP_EU,
        "currents_storage": "s3",
        "currents_bucket": world.S3_BUCKET,
        "currents_prefix": world.PREFIX,
        "currents_folder_shared": True,
        "fivetran_schema": "braze_shop_us_too",
    }
    inventory = workspaces(shop_us_too=second)
    played = run_playbook(sandbox, ONBOARD, inventory=inventory)
    assert played.exit_code == 0, played.output
    assert wrong(sandbox, {*BOTH, "braze_shop_us_too"}, done=True) == []
    sandbox.clear_journal()
    assert run_playbook(sandbox, ONBOARD, inventory=inventory).exit_code == 0
    assert sandbox.writes() == []
