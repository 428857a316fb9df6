# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS refuses and its emulator does not, the proxy in front of it does: limits of IAM, owners, KMS."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandbox.aws import CUSTOMER_ACCOUNT, FIVETRAN_ACCOUNT, REGION, SECOND_CUSTOMER_ACCOUNT, trust_policy
from tests.sandbox.client import Sandbox
from tests.sandbox.ministack import SECRET_ACCESS_KEY
from tests.sandbox.world import S3_BUCKET

EXTERNAL_ID = "jovial_daylight"
ROLE = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/canary"
POLICY = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Fivetran-S3-Access"
READS = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}


def aws(sandbox: Sandbox, service: str, **credentials: str) -> Any:
    """Return a client of the proxy, by default as the customer's root."""
    return boto3.client(
        service,
        endpoint_url=sandbox.env["AWS_ENDPOINT_URL"],
        region_name=REGION,
        config=Config(retries={"total_max_attempts": 1}),
        **{"aws_access_key_id": CUSTOMER_ACCOUNT, "aws_secret_access_key": SECRET_ACCESS_KEY, **credentials},
    )


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    """Return status, code and message of a refused call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize("name", ["Fivetran", "fivetran", "FIVETRAN"])
def test_a_role_whose_name_differs_in_case_only_exists_already_and_is_not_found(sandbox: Sandbox, name: str) -> None:
    sandbox.aws("iam").create_role(
        RoleName="Fivetran", Path="/vendors/", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID)
    )
    iam, before = aws(sandbox, "iam"), sandbox.state_hash()
    found = refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    assert found == (409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    if name != "Fivetran":
        assert refusal(iam.get_role, RoleName=name)[1] == "NoSuchEntity"
    assert sandbox.state_hash() == before


@pytest.mark.parametrize("path", ["/", "/vendors/"])
def test_a_policy_whose_name_differs_in_case_or_path_only_exists_already(sandbox: Sandbox, path: str) -> None:
    sandbox.aws("iam").create_policy(PolicyName="fivetran-s3-access", PolicyDocument=document(READS))
    create = aws(sandbox, "iam").create_policy
    found = refusal(create, PolicyName="Fivetran-S3-Access", Path=path, PolicyDocument=document(READS))
    message = "A policy called Fivetran-S3-Access already exists. Duplicate names are not allowed."
    assert found == (409, "EntityAlreadyExists", message)


def test_the_name_of_another_account_is_free_also_to_a_user(sandbox: Sandbox) -> None:
    sandbox.aws("iam", SECOND_CUSTOMER_ACCOUNT).create_policy(
        PolicyName="fivetran-s3-access", PolicyDocument=document(READS)
    )
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    allowed = document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    iam.put_user_policy(UserName="operator", PolicyName="all", PolicyDocument=allowed)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    user = aws(sandbox, "iam", **credentials)
    assert (
        user.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=document(READS))["Policy"]["Arn"] == POLICY
    )
    assert refusal(user.create_policy, PolicyName="FIVETRAN-S3-ACCESS", PolicyDocument=document(READS))[0] == 409


def long_document(length: int) -> str:
    """Return a policy of so many characters without white space, of which there is much."""
    empty = len(document({**READS, "Resource": ["arn:aws:s3:::"]}).replace(" ", ""))
    padded = {**READS, "Resource": [f"arn:aws:s3:::{'x' * (length - empty)}"]}
    return json.dumps(json.loads(document(padded)), indent=40)


def test_a_policy_has_at_most_6144_characters_without_white_space(sandbox: Sandbox) -> None:
    iam = aws(sandbox, "iam")
    exceeded = (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    too_long = long_document(6145)
    assert refusal(iam.create_policy, PolicyName="Fivetran-S3-Access", PolicyDocument=too_long) == exceeded
    iam.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=long_document(6144))
    assert refusal(iam.create_policy_version, PolicyArn=POLICY, PolicyDocument=too_long) == exceeded


def test_a_trust_policy_has_at_most_2048_characters(sandbox: Sandbox) -> None:
    iam = aws(sandbox, "iam")
    many = trust_policy(EXTERNAL_ID).replace(f'"{EXTERNAL_ID}"', json.dumps([f"group_{n:04}" for n in range(200)]))
    exceeded = (409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    assert refusal(iam.create_role, RoleName="canary", AssumeRolePolicyDocument=many) == exceeded
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    assert refusal(iam.update_assume_role_policy, RoleName="canary", PolicyDocument=many) == exceeded


def test_a_policy_has_at_most_five_versions(sandbox: Sandbox) -> None:
    iam = aws(sandbox, "iam")
    iam.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=document(READS))
    for _version in range(4):
        iam.create_policy_version(PolicyArn=POLICY, PolicyDocument=document(READS), SetAsDefault=True)
    status, code, message = refusal(iam.create_policy_version, PolicyArn=POLICY, PolicyDocument=document(READS))
    assert (status, code) == (409, "LimitExceeded")
    assert message.startswith("A managed policy can have up to 5 versions.")


def test_a_role_has_at_most_ten_managed_policies_and_may_get_the_same_one_again(sandbox: Sandbox) -> None:
    iam = aws(sandbox, "iam")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID))
    made = [
        iam.create_policy(PolicyName=f"policy-{number}", PolicyDocument=document(READS))["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in (*made[:10], made[0]):
        iam.attach_role_policy(RoleName="canary", PolicyArn=arn)
    found = refusal(iam.attach_role_policy, RoleName="canary", PolicyArn=made[10])
    assert found == (409, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")


def test_what_does_not_exist_is_told_by_the_emulator(sandbox: Sandbox) -> None:
    iam, s3 = aws(sandbox, "iam"), aws(sandbox, "s3")
    assert refusal(iam.attach_role_policy, RoleName="nobody", PolicyArn=POLICY)[:2] == (404, "NoSuchEntity")
    nothing = refusal(iam.create_policy_version, PolicyArn=POLICY, PolicyDocument=document(READS))
    assert nothing[:2] == (404, "NoSuchEntity")
    assert refusal(s3.head_bucket, Bucket="nowhere", ExpectedBucketOwner=CUSTOMER_ACCOUNT)[0] == 404


def test_a_bucket_of_another_owner_than_expected_is_refused(sandbox: Sandbox) -> None:
    s3 = aws(sandbox, "s3")
    assert s3.head_bucket(Bucket=S3_BUCKET, ExpectedBucketOwner=CUSTOMER_ACCOUNT)
    assert s3.list_objects_v2(Bucket=S3_BUCKET, ExpectedBucketOwner=CUSTOMER_ACCOUNT)["KeyCount"]
    # To HEAD there is no body, so that the status is the code.
    other = {"Bucket": S3_BUCKET, "ExpectedBucketOwner": SECOND_CUSTOMER_ACCOUNT}
    assert refusal(s3.head_bucket, **other)[:2] == (403, "403")
    assert refusal(s3.list_objects_v2, **other) == (403, "AccessDenied", "Access Denied")
    assert refusal(s3.put_object, Key="x", Body=b"", **other)[1] == "AccessDenied"


# SSE-KMS

LEAVES_IT_TO_IAM = {"Effect": "Allow", "Principal": {"AWS": CUSTOMER_ACCOUNT}, "Action": "kms:*", "Resource": "*"}
ADMINISTERS = {**LEAVES_IT_TO_IAM, "Action": "kms:PutKeyPolicy"}
DECRYPTS = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
BY_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": CUSTOMER_ACCOUNT}}
BY_EC2 = {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}
LETS_THE_ROLE = {**DECRYPTS, "Principal": {"AWS": ROLE}}
FORBIDS = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
NO_IDENTITY = "AccessDenied: because no identity-based policy allows the kms:Decrypt action"
NO_RESOURCE = "AccessDenied: because no resource-based policy allows the kms:Decrypt action"


def read_encrypted(sandbox: Sandbox, of_role: Sequence[Any], of_key: Sequence[Any], boundary: Any = None) -> Any:
    """Read an object as the session of a role; return its first bytes, or the refusal."""
    iam, kms, s3 = sandbox.aws("iam"), sandbox.aws("kms"), sandbox.aws("s3")
    key = kms.create_key(Policy=document(*of_key))["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=S3_BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    bound = (
        {"PermissionsBoundary": iam.create_policy(PolicyName="b", PolicyDocument=document(boundary))["Policy"]["Arn"]}
        if boundary
        else {}
    )
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(EXTERNAL_ID), **bound)
    iam.put_role_policy(RoleName="canary", PolicyName="reads", PolicyDocument=document(READS, *of_role))
    assumed = aws(sandbox, "sts", aws_access_key_id=FIVETRAN_ACCOUNT).assume_role(
        RoleArn=ROLE, RoleSessionName="fivetran", ExternalId=EXTERNAL_ID
    )["Credentials"]
    session = aws(
        sandbox,
        "s3",
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
    )
    name = session.list_objects_v2(Bucket=S3_BUCKET, MaxKeys=1)["Contents"][0]["Key"]
    try:
        return session.get_object(Bucket=S3_BUCKET, Key=name, Range="bytes=0-3")["Body"].read()
    except ClientError as error:
        who = f"arn:aws:sts::{CUSTOMER_ACCOUNT}:assumed-role/canary/fivetran"
        what = f"User: {who} is not authorized to perform: kms:Decrypt on resource: {key} "
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message'].removeprefix(what)}"


READ = b"Obj\x01"


@pytest.mark.parametrize(
    ("of_role", "of_key", "expected"),
    [
        pytest.param((DECRYPTS,), (LEAVES_IT_TO_IAM,), READ, id="by the role, as the key leaves it to IAM"),
        pytest.param((), (LETS_THE_ROLE,), READ, id="by the key's policy alone"),
        pytest.param(({**DECRYPTS, "Condition": BY_S3},), (LEAVES_IT_TO_IAM,), READ, id="through S3"),
        pytest.param((), ({**LETS_THE_ROLE, "Condition": BY_S3},), READ, id="by the key's policy through S3"),
        pytest.param((), (LEAVES_IT_TO_IAM,), NO_IDENTITY, id="by neither"),
        pytest.param(({**DECRYPTS, "Condition": BY_EC2},), (LEAVES_IT_TO_IAM,), NO_IDENTITY, id="through EC2"),
        pytest.param((DECRYPTS,), (ADMINISTERS,), NO_RESOURCE, id="by the role alone"),
        pytest.param(
            (DECRYPTS, FORBIDS),
            (LETS_THE_ROLE,),
            "AccessDenied: with an explicit deny in an identity-based policy",
            id="forbidden by the role",
        ),
        pytest.param(
            (DECRYPTS,),
            (LETS_THE_ROLE, {**FORBIDS, "Principal": "*"}),
            "AccessDenied: with an explicit deny in a resource-based policy",
            id="forbidden by the key's policy",
        ),
    ],
)
def test_a_role_reads_what_kms_encrypts_only_where_role_and_key_let_it_decrypt(
    sandbox: Sandbox, of_role: Sequence[Any], of_key: Sequence[Any], expected: bytes | str
) -> None:
    assert read_encrypted(sandbox, of_role, of_key) == expected


def test_a_boundary_that_does_not_speak_of_kms_keeps_a_role_from_decrypting(sandbox: Sandbox) -> None:
    bound = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    assert read_encrypted(sandbox, (DECRYPTS,), (LEAVES_IT_TO_IAM,), bound) == NO_IDENTITY
