# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode writes nothing, whatever it finds."""

from __future__ import annotations

import pytest

from tests.collection import CHECKOUT
from tests.hardening.onboarding import INVENTORY, POLICY_NAME, seed_foreign
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them.
pytestmark = pytest.mark.slow

ONBOARD = CHECKOUT / "playbooks" / "onboard.yml"


def test_check_mode_writes_nothing_on_empty_full_half_done_and_drifted(sandbox: Sandbox) -> None:
    seed_foreign(sandbox)
    assert_writes_nothing(sandbox, changes=True)
    played = run_playbook(sandbox, ONBOARD, inventory=INVENTORY)
    assert played.exit_code == 0, played.output
    assert_writes_nothing(sandbox, changes=False)
    drift(sandbox)
    assert_writes_nothing(sandbox, changes=True)
    half(sandbox)
    assert_writes_nothing(sandbox, changes=True)


def drift(sandbox: Sandbox) -> None:
    """Take away the grant, detach the policy, and let one connection have another folder."""
    seed_foreign(sandbox)
    arn = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/{POLICY_NAME}"
    sandbox.aws("iam").detach_role_policy(RoleName="Fivetran", PolicyArn=arn)
    for row in sandbox.state()["fivetran"]["connections"].values():
        if row["schema"] == "braze_shop_eu":
            sandbox.seed("fivetran", "remove_connection", id=row["id"])
            kept = {name: row[name] for name in ("group_id", "service", "schema", "config")}
            config = {**kept["config"], "gcs_folder": "elsewhere"}
            sandbox.seed("fivetran", "add_connection", **{**kept, "config": config, "paused": True})


def half(sandbox: Sandbox) -> None:
    """Leave the policy, and take away the role and the connections."""
    sandbox.aws("iam").delete_role(RoleName="Fivetran")
    for identifier in sandbox.state()["fivetran"]["connections"]:
        sandbox.seed("fivetran", "remove_connection", id=identifier)


def assert_writes_nothing(sandbox: Sandbox, *, changes: bool) -> None:
    sandbox.clear_journal()
    before = sandbox.state_hash()
    iam = sandbox.aws("iam").get_account_authorization_details()
    played = run_playbook(sandbox, ONBOARD, "--check", "--diff", inventory=INVENTORY)
    assert played.exit_code == 0, played.output
    assert sandbox.writes() == []
    assert sandbox.state_hash() == before
    after = sandbox.aws("iam").get_account_authorization_details()
    assert {**after, "ResponseMetadata": None} == {**iam, "ResponseMetadata": None}
    for host in ("shop_eu", "shop_us"):
        assert (played.changed(host) > 0) == changes, played.output
    assert world.GCS_BUCKET in str(sandbox.journal())
