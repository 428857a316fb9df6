# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Onboarding again, and leaving, beside what others have: the state of everything that is theirs is the same after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.inventories.by_hand import ansible
from tests.integration.playbooks.fleet import connections, findings, iam_names, play, workspaces
from tests.integration.playbooks.plans import (
    ROLE_AND_POLICY,
    YES,
    add_connection,
    make_bucket,
    says,
    to_do,
)
from tests.integration.playbooks.shapes import GUIDE, Shape, allow
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

US = ("--limit", "shop_us")
EU = ("--limit", "shop_eu")
POLICY = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Fivetran-S3-Access"


def attach_inline(sandbox: Sandbox) -> None:
    document = Shape().document([allow("s3:GetObject", "arn:aws:s3:::acme-payroll/*")])
    sandbox.aws("iam").put_role_policy(RoleName="Fivetran", PolicyName="payroll", PolicyDocument=document)


def attach_managed(sandbox: Sandbox) -> None:
    document = Shape().document([allow("s3:GetObject", "arn:aws:s3:::acme-payroll/*")])
    made = sandbox.aws("iam").create_policy(PolicyName="payroll", PolicyDocument=document)["Policy"]
    sandbox.aws("iam").attach_role_policy(RoleName="Fivetran", PolicyArn=made["Arn"])


def neighbor(service: str, **config: Any) -> Callable[[Sandbox], None]:
    def add(sandbox: Sandbox) -> None:
        add_connection(sandbox, f"{service}_neighbor", service, **config)

    return add


EXPORTS_IN_S3 = {"enable_exports": True, "export_storage_type": "AWS_S3", "s3_export_bucket": world.S3_BUCKET}
EXPORTS_IN_GCS = {"enable_exports": True, "export_storage_type": "GCS", "gcs_export_bucket": world.GCS_BUCKET}


@dataclass(frozen=True)
class Case:
    """What others do once the workspace has been onboarded. ``goes``: what is ours alone and leaves with it."""

    arrange: Callable[[Sandbox], None]
    goes: tuple[str, ...] = ()
    told: str = ""


IN_S3 = {
    "inline policy": Case(attach_inline, goes=("Fivetran-S3-Access",), told="inline policy payroll"),
    "attachment": Case(attach_managed, goes=("Fivetran-S3-Access",), told="policy/payroll"),
    "s3 neighbor": Case(neighbor("s3", bucket=world.S3_BUCKET), told="s3_neighbor"),
    "exports neighbor": Case(neighbor("braze", **EXPORTS_IN_S3), told="braze_neighbor"),
}
IN_GCS = {
    "gcs neighbor": Case(neighbor("gcs", bucket=world.GCS_BUCKET), told="gcs_neighbor"),
    "exports neighbor": Case(neighbor("braze", **EXPORTS_IN_GCS), told="braze_neighbor"),
}


def aws(sandbox: Sandbox) -> Any:
    return sandbox.state("aws")["aws"]["accounts"]


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_S3)
def test_what_others_have_in_aws_stays_when_a_workspace_is_onboarded_again_and_when_it_leaves(
    sandbox: Sandbox, name: str
) -> None:
    case = IN_S3[name]
    assert play(sandbox, "onboard", *US).exit_code == 0
    case.arrange(sandbox)
    before = sandbox.state_hash()
    again = play(sandbox, "onboard", *US)
    assert again.exit_code == 0, again.output
    assert to_do(again, "shop_us") == []
    assert sandbox.state_hash() == before

    there = aws(sandbox)
    left = play(sandbox, "offboard", *US, *YES)
    assert left.exit_code == 0, left.output
    assert "braze_shop_us" not in connections(sandbox)
    says(" ".join(left.output.split()), case.told)
    after = aws(sandbox)
    names = set(iam_names(sandbox))
    assert set(ROLE_AND_POLICY) - names == set(case.goes)
    for account in (there, after):
        account[CUSTOMER_ACCOUNT]["policies"].pop(POLICY, None)
        role = account[CUSTOMER_ACCOUNT]["roles"]["Fivetran"]
        role["attached_policies"] = [arn for arn in role["attached_policies"] if arn != POLICY]
    assert after == there


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_GCS)
def test_what_others_need_in_google_stays_when_a_workspace_is_onboarded_again_and_when_it_leaves(
    sandbox: Sandbox, name: str
) -> None:
    case = IN_GCS[name]
    assert play(sandbox, "onboard", *EU).exit_code == 0
    case.arrange(sandbox)
    before = sandbox.state_hash()
    assert play(sandbox, "onboard", *EU).exit_code == 0
    assert sandbox.state_hash() == before
    gcs = sandbox.state("gcs")
    left = play(sandbox, "offboard", *EU, *YES)
    assert left.exit_code == 0, left.output
    assert "braze_shop_eu" not in connections(sandbox)
    says(left.output, case.told)
    assert sandbox.state("gcs") == gcs


@pytest.mark.slow
def test_a_policy_of_two_buckets_that_somebody_has_made_is_used_and_left_as_it_is(sandbox: Sandbox) -> None:
    other = [
        {**statement, "Resource": statement["Resource"].replace(world.S3_BUCKET, "acme-other")} for statement in GUIDE
    ]
    Shape(managed={"Fivetran-S3-Access": (*GUIDE, *other)}).build(sandbox)
    before = aws(sandbox)
    for playbook, arguments in (("onboard", US), ("verify", US), ("offboard", (*US, *YES))):
        result = play(sandbox, playbook, *arguments)
        assert result.exit_code == 0, result.output
        assert aws(sandbox) == before
    assert connections(sandbox) == {}


@pytest.mark.slow
@pytest.mark.parametrize("age", [0, 2 * 60 * 60])
def test_a_workspace_that_has_moved_leaves_nothing_of_its_old_access(sandbox: Sandbox, age: int) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    assert play(sandbox, "onboard", *US).exit_code == 0
    moved = {"currents_bucket": "acme-loyalty-us"}
    refused = play(sandbox, "onboard", *US, inventory=workspaces(shop_us=moved))
    says(refused.messages("shop_us"), world.S3_BUCKET, "acme-loyalty-us", "fivetran_connection_adopt: true")
    # It leaves while the inventory names a bucket that it has never read, whenever the policy was written.
    sandbox.seed("aws", "age", seconds=age)
    left = play(sandbox, "offboard", *US, *YES, inventory=workspaces(shop_us=moved))
    assert left.exit_code == 0, left.output
    assert iam_names(sandbox) == []
    assert connections(sandbox) == {}


@pytest.mark.slow
def test_access_in_another_storage_than_the_inventory_names_is_told_and_goes_as_it_is_told(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", *US).exit_code == 0
    elsewhere = workspaces(shop_us={"currents_storage": "none"})
    reported = {"ANSIBLE_CALLBACKS_ENABLED": "onramp.braze_fivetran.workspace_report"}
    left = play(sandbox, "offboard", *US, *YES, inventory=elsewhere, **reported)
    assert left.exit_code == 0, left.output
    says(left.output.partition("BRAZE WORKSPACES")[2], "! access: currents_storage: the connection reads s3://")
    assert connections(sandbox) == {}
    says(" ".join(left.output.split()), f"reads s3://{world.S3_BUCKET}", "the policy that let Fivetran read it stay")
    assert iam_names(sandbox) == ROLE_AND_POLICY
    # As the warning says, and the inventory names it again.
    assert play(sandbox, "offboard", *US, *YES).exit_code == 0
    assert iam_names(sandbox) == []


@pytest.mark.slow
def test_access_of_a_group_that_was_deleted_is_taken_away_by_the_command_that_is_told(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert play(sandbox, "onboard", *US).exit_code == 0
    [connection] = connections(sandbox).values()
    sandbox.seed("fivetran", "remove_connection", id=connection["id"])
    of_groups(sandbox, "DELETE", world.GROUP_ID)
    before = sandbox.state_hash()
    refused = play(sandbox, "offboard", *US, *YES)
    assert refused.exit_code != 0
    told = " ".join(refused.messages("shop_us").split())
    says(told, "There is no Fivetran group", "If it was deleted", "s3_access_state=absent")
    assert sandbox.state_hash() == before
    command = told[told.index("ansible localhost") :].split()
    ran = ansible(sandbox, tmp_path, *command)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert iam_names(sandbox) == []


@pytest.mark.slow
def test_a_group_that_was_renamed_is_named_and_no_command_is_told_by_which_its_access_would_go(
    sandbox: Sandbox,
) -> None:
    assert play(sandbox, "onboard", *US).exit_code == 0
    of_groups(sandbox, "PATCH", world.GROUP_ID, {"name": "Warehouse_US"})
    before = sandbox.state_hash()
    refused = play(sandbox, "offboard", *US, *YES)
    assert refused.exit_code != 0
    told = " ".join(refused.messages("shop_us").split())
    says(told, "There is no Fivetran group", "exists and is called Warehouse_US", f"fivetran_group: {world.GROUP_ID}")
    assert "ansible localhost" not in told
    assert sandbox.state_hash() == before
    by_id = workspaces(shop_us={"fivetran_group": world.GROUP_ID})
    assert play(sandbox, "offboard", *US, *YES, inventory=by_id).exit_code == 0
    assert (connections(sandbox), iam_names(sandbox)) == ({}, [])


def of_groups(sandbox: Sandbox, method: str, group_id: str, body: dict[str, str] | None = None) -> None:
    """Change a group as a person does in Fivetran's dashboard."""
    url = f"{sandbox.env['FIVETRAN_API_URL']}/v1/groups/{group_id}"
    credentials = sandbox.env["FIVETRAN_APIKEY"], sandbox.env["FIVETRAN_APISECRET"]
    answer = requests.request(method, url, json=body, auth=credentials, timeout=30)
    assert answer.ok, answer.text


@pytest.mark.slow
def test_a_schema_of_another_service_is_left_alone_with_everything_else(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", *US).exit_code == 0
    [connection] = connections(sandbox).values()
    sandbox.seed("fivetran", "remove_connection", id=connection["id"])
    add_connection(sandbox, "braze_shop_us", "klaviyo")
    before = sandbox.state_hash()
    refused = play(sandbox, "offboard", *US, *YES)
    assert refused.exit_code != 0
    says(refused.messages("shop_us"), "klaviyo")
    assert sandbox.state_hash() == before
    assert [step for step, message in findings(play(sandbox, "verify", *US), "shop_us") if "klaviyo" in message] != []
