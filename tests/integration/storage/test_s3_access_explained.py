# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""s3_access_plan_info with explain, for the person who has to approve the access, against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.playbooks.shapes import GUIDE, Shape
from tests.integration.storage.reading import ROLE_ARN
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PLACE = f"s3://{world.S3_BUCKET}/{world.PREFIX}"


def info(sandbox: Sandbox, environment: dict[str, str] | None = None, **changes: Any) -> ModuleResult:
    arguments = {
        "external_id": world.GROUP_ID,
        "buckets": [world.S3_BUCKET],
        "prefix": world.PREFIX,
        "explain": True,
        **changes,
    }
    return run_module("s3_access_plan_info", arguments, {**sandbox.env, **(environment or {})})


def bucket_denies(sandbox: Sandbox, action: str) -> None:
    resources = [f"arn:aws:s3:::{world.S3_BUCKET}", f"arn:aws:s3:::{world.S3_BUCKET}/*"]
    statement = {"Sid": "Closed", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": action, "Resource": resources}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.aws("s3").put_bucket_policy(Bucket=world.S3_BUCKET, Policy=document)


def test_of_a_role_of_the_guide_every_answer_is_yes_and_nothing_is_written(sandbox: Sandbox) -> None:
    Shape(managed={"read-currents": GUIDE}).build(sandbox)
    access = info(sandbox)["access"]
    read = access["effect"]["read"][PLACE]
    assert [access["effect"]["assume_role"]["answer"], read["answer"]] == ["yes", "yes"]
    assert [read[part]["answer"] for part in ("list", "objects", "location")] == ["yes"] * 3
    assert [reason["code"] for reason in access["effect"]["wider"]] == ["outside_folder"]
    assert access["external_id"] == world.GROUP_ID
    assert access["managed"] is False


@pytest.mark.parametrize("given", [{}, {"role_arn": ROLE_ARN}], ids=["by name", "by ARN"])
def test_what_the_policy_of_the_bucket_denies_is_no_with_its_statement(sandbox: Sandbox, given: dict[str, str]) -> None:
    Shape(managed={"read-currents": GUIDE}).build(sandbox)
    bucket_denies(sandbox, "s3:GetObject")
    read = info(sandbox, **given)["access"]["effect"]["read"][PLACE]
    assert (read["answer"], read["list"]["answer"], read["objects"]["answer"]) == ("no", "yes", "no")
    [reason] = read["objects"]["reasons"]
    assert reason["statement"] == "Closed"


def test_it_takes_one_request_for_each_bucket_and_none_unless_it_is_asked_for(sandbox: Sandbox) -> None:
    def requests() -> int:
        return len(sandbox.journal("aws", "s3:GetBucketPolicy"))

    before = requests()
    without = info(sandbox, explain=False)["access"]["effect"]
    assert (set(without["read"][PLACE]), without["wider"], requests()) == ({"answer", "reasons"}, None, before)
    info(sandbox)
    assert requests() == before + 1


def test_of_a_bucket_that_is_not_there_nobody_is_told_that_fivetran_may_read_it(sandbox: Sandbox) -> None:
    result = info(sandbox, buckets=["acme-not-there"])
    assert result.code == "NoSuchBucket"


def test_of_what_is_taken_away_there_is_nothing_to_explain(sandbox: Sandbox) -> None:
    assert info(sandbox, state="absent")["access"]["effect"] == {"assume_role": None, "read": {}, "wider": None}


def of_an_operator(sandbox: Sandbox, *denied: str) -> dict[str, str]:
    """Return the credentials of somebody who may do anything but this."""
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": list(denied), "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="operator", PolicyName="operate", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def simulations(sandbox: Sandbox) -> int:
    return len(sandbox.journal("aws", "iam:SimulatePrincipalPolicy"))


UNSEEN = Shape(inline={"read-currents": GUIDE})


def test_where_a_policy_may_not_be_read_aws_itself_is_asked(sandbox: Sandbox) -> None:
    UNSEEN.build(sandbox)
    read = info(sandbox, of_an_operator(sandbox, "iam:GetRolePolicy"))["access"]["effect"]["read"][PLACE]
    assert read["answer"] == "yes"
    assert {reason["code"] for reason in read["reasons"]} == {"simulated"}
    # What our own judgement of each thing is stands beside it.
    assert read["objects"]["answer"] == "unknown"
    assert simulations(sandbox) == 2


def test_who_may_not_ask_aws_is_told_what_can_be_seen(sandbox: Sandbox) -> None:
    UNSEEN.build(sandbox)
    operator = of_an_operator(sandbox, "iam:GetRolePolicy", "iam:SimulatePrincipalPolicy")
    read = info(sandbox, operator)["access"]["effect"]["read"][PLACE]
    assert (read["answer"], [reason["code"] for reason in read["reasons"]]) == ("unknown", ["unread"])


@pytest.mark.parametrize("status", [400, 501])
def test_where_nobody_answers_such_a_question_ours_stands(sandbox: Sandbox, status: int) -> None:
    UNSEEN.build(sandbox)
    operator = of_an_operator(sandbox, "iam:GetRolePolicy")
    sandbox.fault("status", operation="iam:SimulatePrincipalPolicy", status=status, times=0)
    assert info(sandbox, operator)["access"]["effect"]["read"][PLACE]["answer"] == "unknown"
    assert simulations(sandbox) == 1


def test_where_the_answer_is_clear_aws_is_not_asked(sandbox: Sandbox) -> None:
    UNSEEN.build(sandbox)
    assert info(sandbox)["access"]["effect"]["read"][PLACE]["answer"] == "yes"
    assert simulations(sandbox) == 0
