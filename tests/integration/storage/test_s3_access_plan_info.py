# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""s3_access_plan_info against the sandbox: what it asks, and what it says where AWS does not answer as wished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.storage.reading import POLICY_ARN
from tests.integration.storage.writing import write
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox


def info(sandbox: Sandbox, environment: dict[str, str] | None = None, **changes: Any) -> ModuleResult:
    arguments = {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET], **changes}
    return run_module("s3_access_plan_info", arguments, {**sandbox.env, **(environment or {})})


def test_on_an_empty_account_the_arns_are_those_that_will_be(sandbox: Sandbox) -> None:
    access = info(sandbox, path="/partners/")["access"]
    assert access["policy"]["arn"] == "arn:aws:iam::111122223333:policy/partners/Fivetran-S3-Access"
    assert access["role"]["arn"] == "arn:aws:iam::111122223333:role/partners/Fivetran"
    assert (access["policy"]["action"], access["role"]["action"]) == ("create", "create")
    assert sandbox.writes() == []


def test_a_policy_below_another_path_is_found_before_aws_refuses_its_name(sandbox: Sandbox) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    sandbox.aws("iam").create_policy(
        PolicyName="Fivetran-S3-Access", Path="/elsewhere/", PolicyDocument=json.dumps(document)
    )
    result = info(sandbox, adopt=True)
    assert result.code == "other_path"
    assert "s3_access_path: /elsewhere/" in result.msg
    assert result["access"]["policy"]["arn"] == POLICY_ARN.replace("policy/", "policy/elsewhere/")


def test_a_missing_permission_is_named_with_aws_own_code(sandbox: Sandbox) -> None:
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    result = info(sandbox, credentials)
    assert result.code == "AccessDenied"
    assert "AWS refused iam:GetPolicy." in result.msg
    assert "The credentials need the permission iam:GetPolicy." in result.msg
    assert key["SecretAccessKey"] not in str(result.values)


def test_without_credentials_the_next_step_is_told(sandbox: Sandbox) -> None:
    result = info(sandbox, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    assert result.code == "no_credentials"
    assert "Name a profile" in result.msg


def test_a_profile_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    result = info(sandbox, profile="of-somebody-else")
    assert result.code == "invalid_argument"
    assert "profile (AWS_PROFILE): there is no profile 'of-somebody-else'" in result.msg


@pytest.mark.parametrize("region", [{}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}], ids=["region", "no region"])
def test_a_profile_of_the_environment_that_does_not_exist_is_refused(sandbox: Sandbox, region: dict[str, str]) -> None:
    result = info(sandbox, {"AWS_PROFILE": "of-somebody-else", **region})
    assert result.code == "invalid_argument"
    assert "(AWS_PROFILE): there is no profile 'of-somebody-else'" in result.msg


def test_a_configuration_that_cannot_be_used_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    result = info(sandbox, region="not a region")
    assert result.code == "invalid_configuration"
    assert "The AWS configuration cannot be used: " in result.msg
    configuration = tmp_path / "config"
    configuration.write_text("not a configuration")
    result = info(sandbox, {"AWS_CONFIG_FILE": str(configuration)})
    assert result.code == "no_credentials"
    assert f"The AWS configuration in {configuration} cannot be read" in result.msg


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_and_not_waited_for_for_ever(sandbox: Sandbox) -> None:
    result = info(sandbox, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert result.code == "connection_failed"
    assert "sts:GetCallerIdentity" in result.msg


@pytest.mark.parametrize(
    ("partition", "region"), [(None, "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")]
)
def test_where_nobody_names_a_region_it_is_one_of_the_partition(
    sandbox: Sandbox, partition: str | None, region: str
) -> None:
    nowhere = {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    access = info(sandbox, nowhere, **({"partition": partition} if partition else {}))["access"]
    assert access["region"] == region
    prefix = f"arn:{partition or 'aws'}:"
    assert access["role"]["arn"].startswith(prefix)
    assert access["role"]["document"]["Statement"][0]["Principal"]["AWS"].startswith(prefix)
    assert info(sandbox, nowhere, region="eu-central-1")["access"]["region"] == "eu-central-1"


def test_a_role_with_as_many_policies_as_the_account_allows_is_refused_before_the_write(sandbox: Sandbox) -> None:
    assert not write(sandbox).failed
    iam = sandbox.aws("iam")
    iam.detach_role_policy(RoleName="Fivetran", PolicyArn=POLICY_ARN)
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]}
    for number in range(10):
        other = iam.create_policy(PolicyName=f"Other{number}", PolicyDocument=json.dumps(nothing))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="Fivetran", PolicyArn=other)
    sandbox.clear_journal()
    result = info(sandbox)
    assert result.code == "too_many_policies"
    assert "has 10 managed policies, and AWS takes 10 in this account" in result.msg
    assert sandbox.writes() == []


def test_a_boundary_that_does_not_exist_is_refused_before_the_write(sandbox: Sandbox) -> None:
    result = info(sandbox, permissions_boundary="arn:aws:iam::111122223333:policy/Nope")
    assert result.code == "unusable_boundary"
    assert "iam:GetPolicy" not in result.msg
    assert sandbox.writes() == []


def test_a_policy_with_all_the_versions_that_aws_keeps_is_written_all_the_same(sandbox: Sandbox) -> None:
    assert not write(sandbox).failed
    iam = sandbox.aws("iam")
    other = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}
    for _version in range(4):
        iam.create_policy_version(PolicyArn=POLICY_ARN, PolicyDocument=json.dumps(other), SetAsDefault=True)
    assert len(iam.list_policy_versions(PolicyArn=POLICY_ARN)["Versions"]) == 5
    result = write(sandbox)
    assert not result.failed, result.msg
    assert info(sandbox)["access"]["policy"]["action"] == "none"
