# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS emulator refuses what AWS refuses; otherwise every proof that stands on it would be void."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandbox.aws import CUSTOMER_ACCOUNT, FIVETRAN_ACCOUNT, REGION, SECRET_ACCESS_KEY, Aws, trust_policy
from tests.sandbox.client import Sandbox
from tests.sandbox.core import Hub
from tests.sandbox.ministack import COMMAND_VARIABLE
from tests.sandbox.world import S3_BUCKET

EXTERNAL_ID = "jovial_daylight"
ROLE_ARN = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/canary"


@pytest.fixture
def canary(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox with a role made by hand that Fivetran may assume under the External ID."""
    sandbox.aws("iam").create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    return sandbox


def assume(sandbox: Sandbox, account: str = FIVETRAN_ACCOUNT, **external_id: str) -> dict[str, Any]:
    answer = sandbox.aws("sts", account).assume_role(RoleArn=ROLE_ARN, RoleSessionName="canary", **external_id)
    credentials: dict[str, Any] = answer["Credentials"]
    return credentials


def session(sandbox: Sandbox, service: str) -> Any:
    credentials = assume(sandbox, ExternalId=EXTERNAL_ID)
    return sandbox.aws(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def test_the_right_account_with_the_right_external_id_is_let_in(canary: Sandbox) -> None:
    assert assume(canary, ExternalId=EXTERNAL_ID)["SessionToken"]


@pytest.mark.parametrize(
    "external_id",
    [{}, {"ExternalId": "patient_harbor"}, {"ExternalId": "Jovial_daylight"}, {"ExternalId": "jovial_daylight2"}],
    ids=["missing", "wrong", "other case", "longer"],
)
def test_any_other_external_id_is_refused(canary: Sandbox, external_id: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(canary, **external_id)


def test_another_account_is_refused(canary: Sandbox) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(canary, account="999988887777", ExternalId=EXTERNAL_ID)


def test_a_role_without_a_policy_may_do_nothing(canary: Sandbox) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        session(canary, "s3").list_objects_v2(Bucket=S3_BUCKET)


def test_a_role_with_a_reading_policy_may_read_and_nothing_else(canary: Sandbox) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["s3:Get*", "s3:List*"],
        "Resource": [f"arn:aws:s3:::{S3_BUCKET}", f"arn:aws:s3:::{S3_BUCKET}/*"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    canary.aws("iam").put_role_policy(RoleName="canary", PolicyName="reading", PolicyDocument=document)
    s3 = session(canary, "s3")
    [found] = s3.list_objects_v2(Bucket=S3_BUCKET, MaxKeys=1)["Contents"]
    assert s3.get_object(Bucket=S3_BUCKET, Key=found["Key"], Range="bytes=0-3")["Body"].read() == b"Obj\x01"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=S3_BUCKET, Key="x", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=S3_BUCKET, Key=found["Key"])
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_buckets()


def through_the_proxy(sandbox: Sandbox, service: str, account: str = CUSTOMER_ACCOUNT) -> Any:
    return boto3.client(
        service,
        endpoint_url=sandbox.env["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_the_proxy_journals_calls_by_action_and_account_and_knows_which_write(sandbox: Sandbox) -> None:
    iam, s3 = through_the_proxy(sandbox, "iam"), through_the_proxy(sandbox, "s3")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    iam.get_role(RoleName="canary")
    s3.list_objects_v2(Bucket=S3_BUCKET)
    s3.get_bucket_location(Bucket=S3_BUCKET)
    s3.put_object(Bucket=S3_BUCKET, Key="a b+c=d/ü.avro", Body=b"Obj\x01")
    through_the_proxy(sandbox, "sts", FIVETRAN_ACCOUNT).assume_role(
        RoleArn=ROLE_ARN, RoleSessionName="canary", ExternalId=EXTERNAL_ID
    )
    seen = [(entry.operation, entry.changed_state, entry.actor) for entry in sandbox.journal("aws")]
    assert seen == [
        ("aws:iam:CreateRole", True, CUSTOMER_ACCOUNT),
        ("aws:iam:GetRole", False, CUSTOMER_ACCOUNT),
        ("aws:s3:ListObjectsV2", False, CUSTOMER_ACCOUNT),
        ("aws:s3:GetBucketLocation", False, CUSTOMER_ACCOUNT),
        ("aws:s3:PutObject", True, CUSTOMER_ACCOUNT),
        ("aws:sts:AssumeRole", False, FIVETRAN_ACCOUNT),
    ]


def test_the_state_tells_what_exists_in_iam_and_s3(sandbox: Sandbox) -> None:
    before = sandbox.state_hash()["aws"]
    iam = sandbox.aws("iam")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{S3_BUCKET}"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = iam.create_policy(PolicyName="listing", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="canary", PolicyArn=policy)
    state = sandbox.state("aws")["aws"]
    account = state["accounts"][CUSTOMER_ACCOUNT]
    role = account["roles"]["canary"]
    assert (role["arn"], role["trust"]) == (ROLE_ARN, json.loads(trust_policy(EXTERNAL_ID)))
    assert role["attached_policies"] == [policy]
    assert account["policies"][policy]["v1"] == {"default": True, "document": json.loads(document)}
    assert state["buckets"] == {S3_BUCKET: {"policy": None}}
    assert sandbox.state_hash()["aws"] != before


def test_a_call_is_journaled_with_its_parameters(sandbox: Sandbox) -> None:
    through_the_proxy(sandbox, "iam").create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    [entry] = sandbox.journal("aws")
    assert entry.body["RoleName"] == "canary"
    assert EXTERNAL_ID in entry.body["AssumeRolePolicyDocument"]
    assert SECRET_ACCESS_KEY not in str(entry)


def test_a_scripted_status_is_an_error_as_aws_words_it(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="iam:ListRoles", status=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        through_the_proxy(sandbox, "iam").list_roles()


def test_a_fresh_role_can_be_refused_until_it_has_propagated(sandbox: Sandbox) -> None:
    sandbox.seed("aws", "propagation", refusals=2)
    through_the_proxy(sandbox, "iam").create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    sts = through_the_proxy(sandbox, "sts", FIVETRAN_ACCOUNT)
    arguments = {"RoleArn": ROLE_ARN, "RoleSessionName": "canary", "ExternalId": EXTERNAL_ID}
    for _attempt in range(2):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(**arguments)
    assert sts.assume_role(**arguments)["Credentials"]


def make_policy(sandbox: Sandbox) -> str:
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    arn: str = sandbox.aws("iam").create_policy(PolicyName="aged", PolicyDocument=document)["Policy"]["Arn"]
    sandbox.aws("iam").create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    return arn


def test_an_older_version_of_a_policy_becomes_the_default_and_keeps_its_number(sandbox: Sandbox) -> None:
    iam, arn = through_the_proxy(sandbox, "iam"), make_policy(sandbox)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert {row["VersionId"]: row["IsDefaultVersion"] for row in versions} == {"v1": True, "v2": False}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v9")


def test_policies_can_be_older_than_they_are(sandbox: Sandbox) -> None:
    iam, arn = through_the_proxy(sandbox, "iam"), make_policy(sandbox)
    written = iam.get_policy(PolicyArn=arn)["Policy"]["UpdateDate"]
    sandbox.seed("aws", "age", seconds=7200)
    assert written - iam.get_policy(PolicyArn=arn)["Policy"]["UpdateDate"] == timedelta(hours=2)


def test_the_world_is_the_same_where_ministack_is_from_elsewhere_and_takes_one_object_at_a_time(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = Aws(Hub())
    aws.ministack.url = sandbox.env["SANDBOX_MINISTACK_URL"]
    objects = {"a/b.avro": b"\x00\xff", "a/c.avro": b"", "d.txt": b"d"}
    aws.fill("at-once", objects.items())
    monkeypatch.setenv(COMMAND_VARIABLE, "elsewhere/ministack")
    aws.fill("one-by-one", objects.items())
    s3 = sandbox.aws("s3")
    for bucket in ("at-once", "one-by-one"):
        names = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        found = [s3.get_object(Bucket=bucket, Key=name) for name in names]
        assert {name: item["Body"].read() for name, item in zip(names, found, strict=True)} == objects
        assert [item["Metadata"] for item in found] == [{}, {}, {}]
