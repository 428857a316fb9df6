# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people really gave to Fivetran in AWS is judged by what it does: by us, and by an emulator's real answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import (
    is_wider,
    may_assume,
    may_read,
    missing,
    trust_width,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer
from botocore.exceptions import ClientError

from tests.sandbox.aws import BOTO_CONFIG, FIVETRAN_ACCOUNT, REGION
from tests.sandbox.ministack import SECRET_ACCESS_KEY, Ministack
from tests.unit.storage.aws_shapes import ACCOUNT, CALLER, GROUP, NAME, OTHER_ACCOUNT, SHAPES, Shape

each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


@each_shape
def test_a_shape_is_judged_by_what_fivetran_can_do(shape: Shape) -> None:
    assumed, read = may_assume(shape.trust_document, CALLER), may_read(shape.role, shape.bucket)
    assert (assumed.answer, read.answer) == (shape.assume, shape.read), (assumed, read)
    assert shape.because in " ".join(reason.text for reason in (*assumed.reasons, *read.reasons))


@each_shape
def test_a_shape_that_gives_more_than_needed_is_told_so(shape: Shape) -> None:
    assert {reason.code for reason in trust_width(shape.trust_document, CALLER)} == shape.width
    assert {reason.code for reason in is_wider(shape.role, shape.bucket)} == shape.wider


@each_shape
def test_a_shape_that_suffices_lacks_nothing(shape: Shape) -> None:
    effect = may_read(shape.role, shape.bucket)
    lacking = missing(effect, shape.role, shape.bucket)
    assert not lacking or effect.answer is Answer.NO


class Cloud:
    """An emulator of AWS with authorization on, as the customer's accounts and as Fivetran's user."""

    def __init__(self, url: str) -> None:
        self.url = url
        fivetran = self.client("iam", FIVETRAN_ACCOUNT)
        fivetran.create_user(UserName=CALLER.user)
        anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
        fivetran.put_user_policy(UserName=CALLER.user, PolicyName="assume", PolicyDocument=json.dumps(anything))
        key = fivetran.create_access_key(UserName=CALLER.user)["AccessKey"]
        self.sts = self.client("sts", key["AccessKeyId"], key["SecretAccessKey"])

    def client(self, service: str, key: str, secret: str = SECRET_ACCESS_KEY, token: str | None = None) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=BOTO_CONFIG,
        )

    def make(self, shape: Shape, number: int) -> tuple[str, str]:
        """Make the role and the bucket of a shape, with names of their own, and return these."""
        name, bucket = f"Fivetran{number}", f"{NAME}-{number}"
        iam, s3 = self.client("iam", ACCOUNT), self.client("s3", shape.owner or ACCOUNT)

        def text(content: Any) -> str:
            renamed = json.dumps(content).replace(NAME, bucket)
            return renamed.replace("role/Fivetran", f"role/{name}")

        more: dict[str, Any] = {"PermissionsBoundary": self._managed(iam, f"limit{number}", text(shape.boundary))}
        iam.create_role(
            RoleName=name,
            Path=shape.path,
            AssumeRolePolicyDocument=text(shape.trust),
            **(more if shape.boundary else {}),
        )
        for index, content in enumerate(shape.attached):
            arn = self._managed(iam, f"p{number}-{index}", text(content))
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        for index, content in enumerate(shape.inline):
            iam.put_role_policy(RoleName=name, PolicyName=f"i{index}", PolicyDocument=text(content))
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="currents/a.avro", Body=b"Obj")
        if shape.bucket_policy:
            s3.put_bucket_policy(Bucket=bucket, Policy=text(shape.bucket_policy))
        return f"arn:aws:iam::{ACCOUNT}:role{shape.path}{name}", bucket

    def _managed(self, iam: Any, name: str, content: str) -> str:
        if content == "null":
            return ""
        return str(iam.create_policy(PolicyName=name, PolicyDocument=content)["Policy"]["Arn"])

    def assume(self, role_arn: str) -> Any:
        """Return S3 as Fivetran sees it, None if it may not assume the role."""
        try:
            answer = self.sts.assume_role(RoleArn=role_arn, RoleSessionName="fivetran", ExternalId=GROUP)
        except ClientError:
            return None
        key = answer["Credentials"]
        return self.client("s3", key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


def reads(s3: Any, bucket: str, prefix: str) -> bool:
    """Tell whether Fivetran can list the folder and read what is in it."""
    try:
        listing = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/" if prefix else "")
        return all(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listing["Contents"])
    except ClientError:
        return False


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    ministack = Ministack()
    ministack.launch()
    try:
        asyncio.run(ministack.wait())
        yield Cloud(ministack.url)
    finally:
        ministack.stop()


def test_the_emulator_gives_fivetran_what_we_say(cloud: Cloud) -> None:
    asked = 0
    for number, (title, shape) in enumerate(SHAPES.items()):
        if shape.not_emulated:
            continue
        role_arn, bucket = cloud.make(shape, number)
        s3 = cloud.assume(role_arn)
        assert shape.assume is Answer.UNKNOWN or (s3 is not None) == (shape.assume is Answer.YES), title
        if s3 is not None and shape.read is not Answer.UNKNOWN:
            assert reads(s3, bucket, shape.prefix) == (shape.read is Answer.YES), title
            asked += 1
    # Otherwise the emulator was not asked at all.
    assert asked > 20


def test_the_emulator_knows_more_than_one_account(cloud: Cloud) -> None:
    # The canary: shapes of two accounts mean nothing if the emulator takes them for one.
    cloud.client("s3", OTHER_ACCOUNT).create_bucket(Bucket="canary")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.sts.assume_role(
            RoleArn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/Nobody", RoleSessionName="canary", ExternalId=GROUP
        )
