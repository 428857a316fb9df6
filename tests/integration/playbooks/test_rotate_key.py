# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rotate_key.yml: nothing is sent that was not checked, and no old key is called superfluous before its time."""

from __future__ import annotations

import pytest

from tests.integration.playbooks.fleet import IMPATIENT, connections, iam_names, play, workspaces
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them.
pytestmark = pytest.mark.slow

NEW_KEY = "sandbox-braze-key-rotated-c1a3f5e79b2d4068"
CAN_GO = "delete the old one now"
FAILED_TEST = {"title": "Validate API Credentials", "status": "FAILED", "message": "Braze refused the API key"}


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox with both example workspaces onboarded, and a new Braze key for each."""
    result = play(sandbox, "onboard")
    assert result.exit_code == 0, result.output
    sandbox.seed("braze", "create_key", key=NEW_KEY)
    sandbox.clear_journal()
    return sandbox


def said(result: PlayResult, host: str) -> str:
    """Return what the play told the person about a workspace."""
    return "\n".join(str(shown.get("msg", "")) for shown in result.results("ansible.builtin.debug", host))


def stored_key(sandbox: Sandbox, schema: str = "braze_shop_us") -> str:
    return str(connections(sandbox)[schema]["config"]["api_key"])


def test_a_new_key_is_checked_sent_and_tested_before_the_old_one_may_go(onboarded: Sandbox) -> None:
    inventory = workspaces(shop_us={"braze_api_key": NEW_KEY})
    result = play(onboarded, "rotate_key", "--limit", "shop_us", inventory=inventory)
    assert result.exit_code == 0, result.output
    assert stored_key(onboarded) == NEW_KEY
    assert connections(onboarded)["braze_shop_us"]["paused"] is False
    assert CAN_GO in said(result, "shop_us")
    operations = [entry.operation for entry in onboarded.journal()]
    checked = max(
        place for place, name in enumerate(operations) if name.startswith("braze:") and place < sent(operations)
    )
    tested = operations.index("fivetran:test_connection")
    assert checked < sent(operations) < tested
    for secret in (*world.secrets(), NEW_KEY):
        assert secret not in result.output


@pytest.mark.slow
def test_the_old_key_of_several_may_go_only_once_all_of_them_have_the_new_one(onboarded: Sandbox) -> None:
    shared = {"currents_folder_shared": True}
    before = workspaces(shop_us=shared, app_us=shared)
    assert play(onboarded, "onboard", "--limit", "!shop_eu", inventory=before).exit_code == 0
    inventory = workspaces(**{name: {**shared, "braze_api_key": NEW_KEY} for name in ("shop_us", "app_us")})
    result = play(onboarded, "rotate_key", "--limit", "shop_us", inventory=inventory)
    assert result.exit_code == 0, result.output
    assert CAN_GO not in said(result, "shop_us")
    told = " ".join(said(result, "shop_us").split())
    assert "delete the old one in Braze's dashboard under Settings" in told
    assert "> API Keys, once this is said of app_us as well: the key is the same. If the IAM role is a new one" in told


def sent(operations: list[str]) -> int:
    return operations.index("fivetran:update_connection")


def test_a_key_that_is_not_good_is_never_sent_and_stops_no_other_workspace(onboarded: Sandbox) -> None:
    inventory = workspaces(shop_us={"braze_api_key": world.BRAZE_KEY_INCOMPLETE}, shop_eu={"braze_api_key": NEW_KEY})
    result = play(onboarded, "rotate_key", inventory=inventory)
    assert result.exit_code != 0
    assert world.BRAZE_KEY_INCOMPLETE_LACKS[0] in result.messages("shop_us")
    assert stored_key(onboarded) == world.BRAZE_KEY_SHOP_US
    assert CAN_GO not in said(result, "shop_us")
    assert stored_key(onboarded, "braze_shop_eu") == NEW_KEY
    assert CAN_GO in said(result, "shop_eu")


def test_when_the_setup_tests_fail_the_old_key_is_kept_and_the_way_back_works(onboarded: Sandbox) -> None:
    onboarded.seed("fivetran", "script_setup_tests", service="braze", runs=[[FAILED_TEST]])
    inventory = workspaces(shop_us={"braze_api_key": NEW_KEY})
    result = play(onboarded, "rotate_key", "--limit", "shop_us", *IMPATIENT, inventory=inventory)
    assert result.exit_code != 0
    message = result.messages("shop_us")
    for words in ("do not delete the old key", FAILED_TEST["message"], "Fivetran holds what the inventory says now",
                  "To go back"):  # fmt: skip
        assert words in message
    assert CAN_GO not in said(result, "shop_us")
    assert stored_key(onboarded) == NEW_KEY
    back = play(onboarded, "rotate_key", "--limit", "shop_us")
    assert back.exit_code == 0, back.output
    assert stored_key(onboarded) == world.BRAZE_KEY_SHOP_US
    # Fivetran calls it broken until the sync has succeeded that was started.
    assert connections(onboarded)["braze_shop_us"]["status"]["sync_state"] == "syncing"
    assert "broken until a sync succeeds, so that one was started" in back.output


def test_a_refused_change_is_not_taken_for_a_sent_key(onboarded: Sandbox) -> None:
    onboarded.fault("status", server="fivetran", operation="update_connection", status=403, times=0)
    inventory = workspaces(shop_us={"braze_api_key": NEW_KEY})
    result = play(onboarded, "rotate_key", "--limit", "shop_us", inventory=inventory)
    assert result.exit_code != 0
    assert "not certain" in result.messages("shop_us")
    assert stored_key(onboarded) == world.BRAZE_KEY_SHOP_US


def test_a_paused_connection_stays_paused(onboarded: Sandbox) -> None:
    shop_us = connections(onboarded)["braze_shop_us"]["id"]
    onboarded.seed("fivetran", "edit_connection", id=shop_us, paused=True)
    result = play(
        onboarded, "rotate_key", "--limit", "shop_us", inventory=workspaces(shop_us={"braze_api_key": NEW_KEY})
    )
    assert result.exit_code == 0, result.output
    assert connections(onboarded)["braze_shop_us"]["paused"] is True


def test_a_new_iam_role_is_made_sent_and_tested_and_the_old_one_is_left(onboarded: Sandbox) -> None:
    names = {"s3_access_role_name": "Fivetran-2", "s3_access_policy_name": "Fivetran-2-Access"}
    result = play(onboarded, "rotate_key", "--limit", "shop_us", inventory=workspaces(shop_us=names))
    assert result.exit_code == 0, result.output
    arn = "arn:aws:iam::111122223333:role/Fivetran-2"
    assert connections(onboarded)["braze_shop_us"]["config"]["s3role_arn"] == arn
    assert arn in said(result, "shop_us")
    assert iam_names(onboarded) == ["Fivetran", "Fivetran-2", "Fivetran-2-Access", "Fivetran-S3-Access"]


def test_without_a_connection_nothing_is_made(sandbox: Sandbox) -> None:
    result = play(sandbox, "rotate_key")
    assert result.exit_code != 0
    for host in ("shop_us", "shop_eu"):
        assert "Run onboard.yml first" in result.messages(host)
    assert sandbox.writes() == []


def test_check_mode_sends_nothing_and_calls_no_key_superfluous(onboarded: Sandbox) -> None:
    inventory = workspaces(shop_us={"braze_api_key": NEW_KEY})
    result = play(onboarded, "rotate_key", "--check", "--limit", "shop_us", inventory=inventory)
    assert result.exit_code == 0, result.output
    assert result.changed("shop_us") == 1
    assert CAN_GO not in said(result, "shop_us")
    assert onboarded.writes() == []
