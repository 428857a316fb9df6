# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""verify.yml: what it finds, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, findings, play, workspaces
from tests.sandbox import world
from tests.sandbox.braze_endpoints import PERMISSIONS
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them.
pytestmark = pytest.mark.slow

READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "s3:Get*", "s3:List*"], "Resource": "*"}],
}


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox in which both example workspaces have been onboarded."""
    result = play(sandbox, "onboard")
    assert result.exit_code == 0, result.output
    sandbox.clear_journal()
    return sandbox


def reader(sandbox: Sandbox) -> dict[str, str]:
    """Return an environment whose credentials may read everything and write nothing, at no vendor."""
    iam = sandbox.aws("iam")
    iam.create_user(UserName="auditor")
    iam.put_user_policy(UserName="auditor", PolicyName="ReadOnly", PolicyDocument=json.dumps(READ_ONLY))
    access_key = iam.create_access_key(UserName="auditor")["AccessKey"]
    sandbox.seed("gcs", "deny_owner", permissions=["storage.buckets.setIamPolicy"])
    key, secret = world.FIVETRAN_READER
    return {
        "AWS_ACCESS_KEY_ID": access_key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": access_key["SecretAccessKey"],
        "FIVETRAN_APIKEY": key,
        "FIVETRAN_APISECRET": secret,
    }


def test_what_is_right_is_found_to_be_right_with_credentials_that_may_write_nowhere(onboarded: Sandbox) -> None:
    environment = reader(onboarded)
    before = onboarded.state_hash()
    result = play(onboarded, "verify", **environment)
    assert result.exit_code == 0, result.output
    assert onboarded.writes() == []
    assert onboarded.state_hash() == before
    assert {entry.method for entry in onboarded.journal("fivetran")} == {"GET"}
    # The credentials are as weak as this test says: with them, a drift cannot be repaired.
    iam = onboarded.aws("iam")
    iam.update_assume_role_policy(RoleName="Fivetran", PolicyDocument=wrong_trust(onboarded))
    onboarded.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[])
    refused = play(onboarded, "onboard", **{**environment, "FIVETRAN_APIKEY": world.FIVETRAN_KEY,
                                            "FIVETRAN_APISECRET": world.FIVETRAN_SECRET})  # fmt: skip
    assert "UpdateAssumeRolePolicy" in refused.messages("shop_us")
    assert "storage.buckets.setIamPolicy" in refused.messages("shop_eu")
    # Verifying names the same drift, and needs no more than before.
    drifted = play(onboarded, "verify", **environment)
    assert [step for step, _message in findings(drifted, "shop_us")] == ["access"]
    assert [step for step, _message in findings(drifted, "shop_eu")] == ["access"]


def wrong_trust(sandbox: Sandbox) -> str:
    trust = sandbox.aws("iam").get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"]
    return json.dumps(trust).replace(world.GROUP_ID, "somebody_else")


def test_every_finding_of_a_workspace_is_listed_at_once_and_those_of_another_beside_it(onboarded: Sandbox) -> None:
    onboarded.aws("iam").update_assume_role_policy(RoleName="Fivetran", PolicyDocument=wrong_trust(onboarded))
    onboarded.seed("braze", "edit_key", key=world.BRAZE_KEY_SHOP_US, permissions=sorted({*PERMISSIONS} - LACKING))
    shop_us = connections(onboarded)["braze_shop_us"]["id"]
    onboarded.seed("fivetran", "edit_connection", id=shop_us, paused=True, sync_frequency=1440)
    onboarded.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[])
    asked = ("-e", "fivetran_connection_sync_frequency=60", "-e", "fivetran_connection_paused=false")
    result = play(onboarded, "verify", *asked)
    assert result.exit_code != 0
    assert onboarded.writes() == []
    found = findings(result, "shop_us")
    assert [step for step, _message in found] == ["key", "access", "connection", "connection"]
    key, trust, *fields = [message for _step, message in found]
    assert {permission for permission in PERMISSIONS if permission in key} == LACKING
    assert "somebody_else" in trust
    assert world.GROUP_ID in trust
    assert sorted(fields) == ["paused is true, should be false.", "sync_frequency is 1440, should be 60."]
    steps = [step for step, _message in findings(result, "shop_eu")]
    assert steps == ["access", "connection"]


LACKING = {"campaigns.list", "canvas.details"}


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        ({"setup_state": "broken"}, {}, [("connection", "setup_state is broken")]),
        (
            {"tasks": [{"code": "reconnect", "message": "Reconnect the source"}]},
            {"succeeded_at": "2026-01-01T00:00:00Z", "failed_at": "2026-01-02T00:00:00Z"},
            [("sync", "The last sync failed at 2026-01-02T00:00:00Z."), ("sync", "reconnect: Reconnect the source")],
        ),
        (
            {"warnings": [{"code": "api_limit", "message": "Braze slows us down"}], "update_state": "delayed"},
            {},
            [("sync", "late"), ("sync", "api_limit: Braze slows us down")],
        ),
    ],
    ids=["setup", "failed sync", "warning"],
)
def test_what_fivetran_itself_complains_of_is_a_finding(
    onboarded: Sandbox, status: dict[str, Any], fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    connection = connections(onboarded)["braze_shop_us"]["id"]
    onboarded.seed("fivetran", "edit_connection", id=connection, status=status, **fields)
    result = play(onboarded, "verify", "--limit", "shop_us")
    found = findings(result, "shop_us")
    assert [step for step, _message in found] == [step for step, _words in expected]
    for (_step, message), (_expected, words) in zip(found, expected, strict=True):
        assert words in message


@pytest.mark.parametrize("histories", ["answered", "unknown"])
def test_the_reason_that_fivetran_gives_for_a_failed_sync_is_a_finding_where_it_gives_one(
    onboarded: Sandbox, histories: str
) -> None:
    reason = f"The object of the bucket {world.S3_BUCKET} is no Avro file"
    connection = connections(onboarded)["braze_shop_us"]["id"]
    error = {
        "type": "unknown_sync_failure",
        "title": "Unknown failure",
        "reason": reason,
        "message": "",
        "created_at": "",
    }
    onboarded.seed("fivetran", "edit_connection", id=connection, failed_at="2099-01-02T00:00:00Z", errors=[error])
    onboarded.seed("fivetran", "manners", histories=histories)
    onboarded.clear_journal()
    result = play(onboarded, "verify")
    told = [message for _step, message in findings(result, "shop_us")]
    assert "The last sync failed at 2099-01-02T00:00:00Z." in told
    assert (f"Fivetran says: Unknown failure: {reason}." in told) == (histories == "answered")
    # Nobody asks about a connection that works.
    asked = [entry.path for entry in onboarded.journal("fivetran") if entry.operation.endswith(("errors", "syncs"))]
    assert {path.split("/")[3] for path in asked} == {connection}


def test_a_workspace_that_was_never_onboarded_lacks_role_policy_and_connection(sandbox: Sandbox) -> None:
    result = play(sandbox, "verify", "--limit", "shop_us")
    assert result.exit_code != 0
    messages = [message for _step, message in findings(result, "shop_us")]
    assert len(messages) == 3
    for message, name in zip(messages, ("policy/Fivetran-S3-Access", "role/Fivetran", "braze_shop_us"), strict=True):
        assert name in message
    assert sandbox.writes() == []


def test_a_step_that_cannot_be_verified_is_a_finding_and_hides_no_other(onboarded: Sandbox) -> None:
    onboarded.fault("status", server="fivetran", operation="list_groups", status=403, times=0)
    inventory = workspaces(shop_us={"braze_api_key": world.BRAZE_KEY_REVOKED, "fivetran_group": "Warehose"})
    result = play(onboarded, "verify", "--limit", "shop_us", inventory=inventory)
    assert [step for step, _message in findings(result, "shop_us")] == ["group", "key"]


def test_a_destination_that_is_not_connected_is_a_finding(onboarded: Sandbox) -> None:
    onboarded.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status="broken")
    result = play(onboarded, "verify", "--limit", "shop_eu")
    [(step, message)] = findings(result, "shop_eu")
    assert step == "group"
    assert "is broken, should be connected" in message


@pytest.mark.parametrize("name", ["onboard", "verify", "rotate_key", "offboard", "heal"])
def test_an_inventory_without_workspaces_is_an_error_whatever_the_configuration(sandbox: Sandbox, name: str) -> None:
    result = play(sandbox, name, inventory={"all": {"hosts": {"shop_us": {}}}})
    assert result.exit_code != 0
    assert "There is no inventory, or it is empty." not in result.output
    assert "The inventory has no group braze_workspaces." in result.output


def test_no_secret_is_printed_at_the_highest_verbosity(onboarded: Sandbox) -> None:
    inventory = workspaces(shop_eu={"braze_api_key": world.BRAZE_KEY_REVOKED})
    result = play(onboarded, "verify", "-vvvv", inventory=inventory)
    assert [step for step, _message in findings(result, "shop_eu")] == ["key"]
    for secret in world.secrets():
        assert secret not in result.output
