# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What breaks in the world breaks at the next sync, for its own reason, and is posted; what is right goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox import breaking, world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, trust_policy
from tests.sandbox.breaking import notice
from tests.sandbox.client import Sandbox
from tests.sandbox.listener import listening

ROLE_ARN = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/{breaking.ROLE}"
READS = {
    "Effect": "Allow",
    "Action": ["s3:Get*", "s3:List*"],
    "Resource": [f"arn:aws:s3:::{world.S3_BUCKET}", f"arn:aws:s3:::{world.S3_BUCKET}/*"],
}
VIEWER = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{world.SERVICE_ACCOUNT}"]}
CONFIGS: dict[str, dict[str, str]] = {
    "braze_s3": {
        "cloud_storage_type": "AWS_S3", "s3bucket": world.S3_BUCKET, "s3folder": world.PREFIX, "s3role_arn": ROLE_ARN,
    },
    "braze_gcs": {"cloud_storage_type": "GCS", "gcs_bucket": world.GCS_BUCKET, "gcs_folder": world.PREFIX},
}  # fmt: skip


def working(sandbox: Sandbox) -> dict[str, str]:
    """Make one connection of S3 and one of GCS that work; return their ids."""
    iam = sandbox.aws("iam")
    iam.create_role(RoleName=breaking.ROLE, AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
    iam.put_role_policy(RoleName=breaking.ROLE, PolicyName="read", PolicyDocument=policy)
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[VIEWER])
    braze = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    made = {}
    for schema, config in CONFIGS.items():
        row = sandbox.seed(
            "fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema=schema,
            config={"schema": schema, **braze, **config},
        )  # fmt: skip
        sandbox.seed("fivetran", "edit_connection", id=row["id"], status={"setup_state": "connected"})
        made[schema] = row["id"]
    return made


Break = Callable[[Sandbox, str], None]


@pytest.mark.parametrize(
    ("breaks", "schema", "status", "words"),
    [
        (lambda sandbox, _id: breaking.trust_edited(sandbox), "braze_s3", "FAILURE_WITH_TASK", "sts:AssumeRole"),
        (lambda sandbox, _id: breaking.role_deleted(sandbox), "braze_s3", "FAILURE_WITH_TASK", "sts:AssumeRole"),
        (lambda sandbox, _id: breaking.grant_removed(sandbox), "braze_gcs", "FAILURE_WITH_TASK", "objects.list"),
        (breaking.stored_key_revoked, "braze_gcs", "FAILURE_WITH_TASK", "refused the API key"),
        (breaking.source_failed, "braze_gcs", "FAILURE", breaking.REASON),
        (lambda sandbox, _id: breaking.currents_stopped(sandbox), "braze_s3", "SUCCESSFUL", ""),
    ],
)  # fmt: skip
def test_each_way_to_break_is_noticed_by_the_next_sync_of_whom_it_concerns(
    sandbox: Sandbox, breaks: Break, schema: str, status: str, words: str
) -> None:
    made = working(sandbox)
    assert {row["status"] for row in notice(sandbox)} == {"SUCCESSFUL"}
    with listening() as listener:
        sandbox.seed("fivetran", "trust", authority=listener.authority)
        sandbox.seed("fivetran", "add_webhook", id="hook", url=listener.url, events=["sync_end"])
        breaks(sandbox, made[schema])
        ended = {row["schema"]: row for row in notice(sandbox)}
        told = {event["connector_name"]: event["data"] for event in listener.wait_for(lambda events: len(events) == 2)}
    assert ended[schema]["status"] == told[schema]["status"] == status
    assert words in ended[schema]["reason"]
    assert told[schema].get("reason", "") == ended[schema]["reason"]
    [other] = set(CONFIGS) - {schema}
    assert ended[other]["status"] == told[other]["status"] == "SUCCESSFUL"
    states = {
        row["schema"]: row["status"]["setup_state"] for row in sandbox.state()["fivetran"]["connections"].values()
    }
    assert states == {schema: "broken" if status == "FAILURE_WITH_TASK" else "connected", other: "connected"}
    assert world.BRAZE_KEY_REVOKED not in str(ended)


def test_what_somebody_else_breaks_is_none_of_ours(sandbox: Sandbox) -> None:
    made = working(sandbox)
    breaking.grant_removed(sandbox)
    [ended] = notice(sandbox, made["braze_s3"])
    assert (ended["connection_id"], ended["status"]) == (made["braze_s3"], "SUCCESSFUL")


def test_many_that_read_the_same_bucket_at_once_all_come_to_their_end(sandbox: Sandbox) -> None:
    working(sandbox)
    config = {**next(iter(sandbox.state()["fivetran"]["connections"].values()))["config"]}
    for number in range(16):
        row = sandbox.seed(
            "fivetran",
            "add_connection",
            group_id=world.GROUP_ID,
            service="braze",
            schema=f"copy_{number}",
            config=config,
        )
        sandbox.seed("fivetran", "edit_connection", id=row["id"], status={"setup_state": "connected"})
    assert config["cloud_storage_type"] == "AWS_S3"
    assert [row["status"] for row in notice(sandbox)] == ["SUCCESSFUL"] * 18


def test_nobody_is_blamed_for_what_a_sync_changes(sandbox: Sandbox) -> None:
    made: dict[str, Any] = working(sandbox)
    sandbox.clear_journal()
    breaking.grant_removed(sandbox)
    notice(sandbox, *made.values())
    assert sandbox.writes() == []
    assert {entry.caller for entry in sandbox.journal()} == {"fivetran"}
