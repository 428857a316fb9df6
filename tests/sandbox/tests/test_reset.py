# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS is built anew only where somebody may have changed it, whichever way he came."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests

from tests.sandbox import world
from tests.sandbox.aws import CHANGES as COUNT
from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECRET_ACCESS_KEY, trust_policy
from tests.sandbox.client import Sandbox

Client = Callable[[str], Any]


def directly(sandbox: Sandbox) -> Client:
    return sandbox.aws


def through_the_proxy(sandbox: Sandbox) -> Client:
    def client(service: str) -> Any:
        keys = {"aws_access_key_id": CUSTOMER_ACCOUNT, "aws_secret_access_key": SECRET_ACCESS_KEY}
        return boto3.client(service, endpoint_url=sandbox.env["AWS_ENDPOINT_URL"], region_name=REGION, **keys)

    return client


def changes(sandbox: Sandbox) -> int:
    """Return how many requests ministack takes for changes so far, those by which the world is built among them."""
    return int(requests.get(sandbox.env["SANDBOX_MINISTACK_URL"] + COUNT, timeout=10).text)


def what_is_there(sandbox: Sandbox) -> Any:
    objects = sandbox.aws("s3").list_objects_v2(Bucket=world.S3_BUCKET)["Contents"]
    return [entry["Key"] for entry in objects], sandbox.state("aws")["aws"]


def first_object(client: Client) -> str:
    name: str = client("s3").list_objects_v2(Bucket=world.S3_BUCKET)["Contents"][0]["Key"]
    return name


def make_role(client: Client) -> None:
    client("iam").create_role(RoleName="more", AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))


def set_policy(client: Client) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{world.S3_BUCKET}/x"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("s3").put_bucket_policy(Bucket=world.S3_BUCKET, Policy=document)


READINGS: list[Callable[[Client], object]] = [
    lambda client: client("kms").list_keys(),
    lambda client: client("iam").list_roles(),
    lambda client: client("sts").get_caller_identity(),
    lambda client: client("s3").head_bucket(Bucket=world.S3_BUCKET),
    lambda client: client("s3").get_object(Bucket=world.S3_BUCKET, Key=first_object(client)),
]
CHANGES: list[Callable[[Client], object]] = [
    make_role,
    set_policy,
    lambda client: client("s3").create_bucket(Bucket="more"),
    lambda client: client("s3").put_object(Bucket=world.S3_BUCKET, Key="more", Body=b"x"),
    lambda client: client("s3").delete_object(Bucket=world.S3_BUCKET, Key=first_object(client)),
    lambda client: client("kms").create_key(),
]


@pytest.mark.parametrize("way", [directly, through_the_proxy])
def test_what_was_only_read_stands_as_it_was_built(sandbox: Sandbox, way: Callable[[Sandbox], Client]) -> None:
    before = changes(sandbox)
    for read in READINGS:
        read(way(sandbox))
    sandbox.reset()
    assert changes(sandbox) == before


@pytest.mark.parametrize("way", [directly, through_the_proxy])
def test_what_was_changed_is_as_it_was_after_a_reset(sandbox: Sandbox, way: Callable[[Sandbox], Client]) -> None:
    before = what_is_there(sandbox)
    for change in CHANGES:
        change(way(sandbox))
        # Not even reading is between a change and the reset.
        sandbox.reset()
        assert what_is_there(sandbox) == before
        change(way(sandbox))
        assert what_is_there(sandbox) != before
        sandbox.reset()


def test_a_change_that_is_asked_for_by_get_is_one(sandbox: Sandbox) -> None:
    before = changes(sandbox)
    requests.get(sandbox.env["SANDBOX_MINISTACK_URL"], params={"Action": "CreateUser", "UserName": "more"}, timeout=10)
    assert changes(sandbox) == before + 1
