# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutation matrix: the right build passes Fivetran's setup tests, and every wrong one fails for its reason.

The builds are made of the documents that the role s3_access writes; that it writes exactly these is tested beside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.storage.reading import POLICY_ARN, ROLE_ARN, S3, Connection, assume, refused
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.aws import SECOND_CUSTOMER_ACCOUNT, trust_policy
from tests.sandbox.client import Sandbox

BUCKET = world.S3_BUCKET
Document = dict[str, Any]


def documents(sandbox: Sandbox, **changes: Any) -> tuple[Document, Document]:
    """Return permissions and trust as the role builds them."""
    arguments = {"external_id": world.GROUP_ID, "buckets": [BUCKET], **changes}
    access = run_module("s3_access_plan_info", arguments, sandbox.env)["access"]
    return access["policy"]["document"], access["role"]["document"]


def build(sandbox: Sandbox, permissions: Document, trust: Document) -> None:
    """Make policy and role of these documents."""
    iam = sandbox.aws("iam")
    iam.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=json.dumps(permissions))
    iam.create_role(RoleName="Fivetran", AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName="Fivetran", PolicyArn=POLICY_ARN)


def statement(document: Document) -> Document:
    [only] = document["Statement"]
    return dict(only)


def with_statement(document: Document, **changes: Any) -> Document:
    merged = {**statement(document), **changes}
    return {**document, "Statement": [{name: value for name, value in merged.items() if value is not None}]}


def test_canary_the_emulator_refuses_a_hand_made_role_under_a_wrong_external_id(sandbox: Sandbox) -> None:
    """The proof itself: without it, every test of a trust policy here would be worth nothing."""
    sandbox.aws("iam").create_role(RoleName="Fivetran", AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
    assert assume(sandbox)
    assert refused(assume, sandbox=sandbox, external_id="somebody_else")
    assert refused(assume, sandbox=sandbox, external_id=None)


@pytest.mark.parametrize("scope", ["bucket", "prefix"])
def test_the_right_build_is_accepted(sandbox: Sandbox, scope: str) -> None:
    build(sandbox, *documents(sandbox, scope=scope, prefix=world.PREFIX))
    assert Connection(sandbox, S3).problems() == []


Mutate = Callable[[Document], Document]
TRUST: dict[str, tuple[Mutate, str]] = {
    "another account": (
        lambda trust: with_statement(trust, Principal={"AWS": f"arn:aws:iam::{SECOND_CUSTOMER_ACCOUNT}:root"}),
        "is not authorized to perform: sts:AssumeRole",
    ),
    "another case of the External ID": (
        lambda trust: with_statement(trust, Condition={"StringEquals": {"sts:ExternalId": "Jovial_Daylight"}}),
        "is not authorized to perform: sts:AssumeRole",
    ),
    "the External ID of another group": (
        lambda trust: with_statement(trust, Condition={"StringEquals": {"sts:ExternalId": world.SECOND_GROUP_ID}}),
        "is not authorized to perform: sts:AssumeRole",
    ),
    "a Deny": (lambda trust: with_statement(trust, Effect="Deny"), "is not authorized to perform: sts:AssumeRole"),
}


@pytest.mark.parametrize("wrong", TRUST)
def test_a_wrong_trust_policy_is_refused(sandbox: Sandbox, wrong: str) -> None:
    mutate, reason = TRUST[wrong]
    permissions, trust = documents(sandbox)
    build(sandbox, permissions, mutate(trust))
    [problem] = Connection(sandbox, S3).problems()
    assert problem.startswith("Access S3 Bucket:")
    assert reason in problem


def test_without_the_condition_every_customer_of_fivetran_could_read_and_that_is_warned_of(
    sandbox: Sandbox,
) -> None:
    """No setup test can see this one: it passes, for everybody."""
    permissions, trust = documents(sandbox)
    build(sandbox, permissions, with_statement(trust, Condition=None))
    assert not refused(assume, sandbox=sandbox, external_id="somebody_else")
    found = run_module("s3_access_plan_info", {"external_id": world.GROUP_ID, "buckets": [BUCKET]}, sandbox.env)
    assert found["access"]["role"]["action"] == "none"
    assert "asks for no External ID of its own" in " ".join(found.warnings)
    assert world.GROUP_ID in " ".join(found.warnings)


PERMISSIONS: dict[str, tuple[Mutate, str]] = {
    "only B": (
        lambda policy: with_statement(policy, Resource=[f"arn:aws:s3:::{BUCKET}"]),
        "GetObject",
    ),
    "only B/*": (
        lambda policy: with_statement(policy, Resource=[f"arn:aws:s3:::{BUCKET}/*"]),
        "AccessDenied",
    ),
    "another bucket": (
        lambda policy: with_statement(policy, Resource=["arn:aws:s3:::other", "arn:aws:s3:::other/*"]),
        "AccessDenied",
    ),
    "no listing": (lambda policy: with_statement(policy, Action=["s3:Get*"]), "s3:ListBucket"),
    "no reading": (lambda policy: with_statement(policy, Action=["s3:List*"]), "AccessDenied"),
}


@pytest.mark.parametrize("wrong", PERMISSIONS)
def test_a_policy_that_is_too_narrow_is_refused(sandbox: Sandbox, wrong: str) -> None:
    mutate, reason = PERMISSIONS[wrong]
    permissions, trust = documents(sandbox)
    build(sandbox, mutate(permissions), trust)
    [problem] = Connection(sandbox, S3).problems()
    assert "is not authorized to perform: s3:" in problem
    assert reason in problem


def test_a_policy_that_is_not_attached_is_refused(sandbox: Sandbox) -> None:
    build(sandbox, *documents(sandbox))
    sandbox.aws("iam").detach_role_policy(RoleName="Fivetran", PolicyArn=POLICY_ARN)
    [problem] = Connection(sandbox, S3).problems()
    assert "is not authorized to perform: s3:" in problem


TOO_WIDE: dict[str, Mutate] = {
    "every action": lambda policy: with_statement(policy, Action=["s3:*"]),
    "every bucket": lambda policy: with_statement(policy, Resource=["*"]),
    "B*": lambda policy: with_statement(policy, Resource=[f"arn:aws:s3:::{BUCKET}*"]),
}


@pytest.mark.parametrize("wide", TOO_WIDE)
@pytest.mark.parametrize("adopt", [False, True])
def test_a_policy_that_is_wider_than_needed_is_mentioned_and_left_as_it_is(
    sandbox: Sandbox, wide: str, adopt: bool
) -> None:
    permissions, trust = documents(sandbox)
    build(sandbox, TOO_WIDE[wide](permissions), trust)
    result = run_module(
        "s3_access_plan_info", {"external_id": world.GROUP_ID, "buckets": [BUCKET], "adopt": adopt}, sandbox.env
    )
    access = result["access"]
    assert (access["policy"]["action"], access["role"]["action"], access["managed"]) == ("none", "none", False)
    assert [finding["code"] for finding in access["findings"]] == ["wider_than_needed"]


def deny(**changes: Any) -> Document:
    full = {
        "Sid": "KeepOut",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        **changes,
    }
    return {"Version": "2012-10-17", "Statement": [full]}


def test_a_deny_in_the_bucket_policy_is_refused_and_was_foretold(sandbox: Sandbox) -> None:
    build(sandbox, *documents(sandbox))
    policy = deny(Principal={"AWS": ROLE_ARN})
    sandbox.aws("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    [problem] = Connection(sandbox, S3).problems()
    assert "AccessDenied" in problem
    foretold = run_module("s3_bucket_preflight_info", {"buckets": [BUCKET]}, sandbox.env)
    assert [finding["code"] for finding in foretold["findings"]] == ["bucket_policy_denies"]
    assert "KeepOut" in foretold["findings"][0]["message"]


@pytest.mark.parametrize("scope", ["bucket", "prefix"])
def test_reading_is_all_there_is(sandbox: Sandbox, scope: str) -> None:
    build(sandbox, *documents(sandbox, scope=scope, prefix=world.PREFIX))
    mine = sandbox.aws("s3")
    mine.create_bucket(Bucket="payroll")
    mine.put_object(Bucket="payroll", Key="2026.csv", Body=b"secret")
    fivetran = sandbox.aws("s3", **assume(sandbox))
    [first] = fivetran.list_objects_v2(Bucket=BUCKET, Prefix=f"{world.PREFIX}/", MaxKeys=1)["Contents"]
    key = {"Bucket": BUCKET, "Key": first["Key"]}
    assert fivetran.get_object(**key)["Body"].read()

    assert refused(fivetran.put_object, **key, Body=b"x")
    assert refused(fivetran.delete_object, **key)
    assert refused(fivetran.put_bucket_policy, Bucket=BUCKET, Policy=json.dumps(deny()))
    assert refused(fivetran.delete_bucket, Bucket=BUCKET)
    assert refused(fivetran.list_buckets)
    assert refused(fivetran.list_objects_v2, Bucket="payroll")
    assert refused(fivetran.get_object, Bucket="payroll", Key="2026.csv")
    iam = sandbox.aws("iam", **assume(sandbox))
    assert refused(iam.list_roles)


def test_scope_prefix_shuts_out_other_prefixes(sandbox: Sandbox) -> None:
    mine = sandbox.aws("s3")
    for name in ("payroll/2026.csv", "currents-private/a.avro", "top.txt"):
        mine.put_object(Bucket=BUCKET, Key=name, Body=b"secret")
    build(sandbox, *documents(sandbox, scope="prefix", prefix=world.PREFIX))
    fivetran = sandbox.aws("s3", **assume(sandbox))
    for name in ("payroll/2026.csv", "currents-private/a.avro", "top.txt"):
        assert refused(fivetran.get_object, Bucket=BUCKET, Key=name)
    for prefix in ("", "payroll/", "currents-private/", "c"):
        assert refused(fivetran.list_objects_v2, Bucket=BUCKET, Prefix=prefix)
    assert fivetran.list_objects_v2(Bucket=BUCKET, Prefix=f"{world.PREFIX}/")["KeyCount"] > 0


def test_another_account_than_fivetrans_cannot_assume_the_role(sandbox: Sandbox) -> None:
    build(sandbox, *documents(sandbox))
    sts = sandbox.aws("sts", account=SECOND_CUSTOMER_ACCOUNT)
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="intruder", ExternalId=world.GROUP_ID)
