# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preflight modules find about real buckets of the sandbox, and that they change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.aws import SECOND_CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111122223333:role/Fivetran"


def s3(sandbox: Sandbox, **changes: Any) -> ModuleResult:
    arguments = {"buckets": [world.S3_BUCKET], "prefix": world.PREFIX, **changes}
    return run_module("s3_bucket_preflight_info", arguments, sandbox.env)


def gcs(sandbox: Sandbox, **changes: Any) -> ModuleResult:
    arguments = {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT, **changes}
    return run_module("gcs_bucket_preflight_info", arguments, sandbox.env)


def found(result: ModuleResult) -> dict[str, str]:
    """Return severity by code."""
    return {finding["code"]: finding["severity"] for finding in result["findings"]}


# S3


def test_a_bucket_as_aws_makes_it_has_no_findings(sandbox: Sandbox) -> None:
    result = s3(sandbox)
    assert found(result) == {}
    assert result["ready"] is True
    assert sandbox.writes() == []


def encrypted_by(key: str | None) -> Callable[[Any], None]:
    rule = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}

    def prepare(client: Any) -> None:
        client.put_bucket_encryption(
            Bucket=world.S3_BUCKET,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
        )

    return prepare


def with_policy(**statement: Any) -> Callable[[Any], None]:
    full = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{world.S3_BUCKET}", f"arn:aws:s3:::{world.S3_BUCKET}/*"],
        **statement,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [full]})

    def prepare(client: Any) -> None:
        client.put_bucket_policy(Bucket=world.S3_BUCKET, Policy=document)

    return prepare


def without_public_access_block(client: Any) -> None:
    client.delete_public_access_block(Bucket=world.S3_BUCKET)


def with_objects_of_their_writers(client: Any) -> None:
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    client.put_bucket_ownership_controls(Bucket=world.S3_BUCKET, OwnershipControls=controls)


S3_CASES: dict[str, tuple[Callable[[Any], None], dict[str, Any], dict[str, str]]] = {
    "a key of the customer without decrypt": (
        encrypted_by(KEY), {}, {"kms_decrypt_unknown": "warning", "kms_not_supported_by_braze": "warning"},
    ),
    "a key of the customer with decrypt": (
        encrypted_by(KEY), {"kms_key_arns": [KEY]}, {"kms_not_supported_by_braze": "warning"},
    ),
    "a key of the customer by its id": (
        encrypted_by(KEY.rpartition("/")[2]), {"kms_key_arns": [KEY]}, {"kms_not_supported_by_braze": "warning"},
    ),
    "the key that AWS manages": (encrypted_by(None), {}, {"kms_not_supported_by_braze": "warning"}),
    "a Deny to all but a VPC": (
        with_policy(Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
        {},
        {"bucket_policy_denies": "error"},
    ),
    "a Deny by address": (
        with_policy(Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        {},
        {"bucket_policy_may_deny": "warning"},
    ),
    "a Deny of plain HTTP": (with_policy(Condition={"Bool": {"aws:SecureTransport": "false"}}), {}, {}),
    "a Deny for another folder": (
        with_policy(Action="s3:GetObject", Resource=[f"arn:aws:s3:::{world.S3_BUCKET}/payroll/*"]), {}, {},
    ),
    "public access that is not blocked": (without_public_access_block, {}, {"public_access_not_blocked": "info"}),
    "objects that belong to their writers": (
        with_objects_of_their_writers, {}, {"objects_owned_by_writer": "warning"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", S3_CASES)
def test_an_s3_bucket_is_explained(sandbox: Sandbox, case: str) -> None:
    prepare, arguments, expected = S3_CASES[case]
    prepare(sandbox.aws("s3"))
    result = s3(sandbox, **arguments)
    assert found(result) == expected
    assert all(finding["remedy"] for finding in result["findings"])
    assert len(result.warnings) == len([severity for severity in expected.values() if severity != "info"])
    assert result["ready"] is ("error" not in expected.values())


def test_object_lock_is_explained(sandbox: Sandbox) -> None:
    sandbox.aws("s3").create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    assert found(s3(sandbox, buckets=["locked"])) == {"object_lock": "warning"}


def test_a_bucket_that_is_missing_and_one_of_somebody_else_are_told_apart(sandbox: Sandbox) -> None:
    sandbox.aws("s3", account=SECOND_CUSTOMER_ACCOUNT).create_bucket(Bucket="of-another-company")
    result = s3(sandbox, buckets=["nowhere", "of-another-company", world.S3_BUCKET])
    assert found(result)["bucket_missing"] == "error"
    assert found(result)["bucket_not_readable"] == "warning"
    assert len(result["findings"]) == 2


def test_a_role_in_another_account_than_the_bucket_is_an_error(sandbox: Sandbox) -> None:
    role_arn = f"arn:aws:iam::{SECOND_CUSTOMER_ACCOUNT}:role/Fivetran"
    result = s3(sandbox, role_arn=role_arn)
    assert found(result) == {"bucket_in_another_account": "error"}
    assert role_arn in result["findings"][0]["remedy"]


def test_what_the_credentials_may_not_look_at_is_named(sandbox: Sandbox) -> None:
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    allowed = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketPolicy"], "Resource": "*"}
    iam.put_user_policy(
        UserName="operator",
        PolicyName="look",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    environment = {
        **sandbox.env,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    result = run_module("s3_bucket_preflight_info", {"buckets": [world.S3_BUCKET]}, environment)
    assert found(result) == {"not_checked": "info"}
    assert "s3:GetEncryptionConfiguration" in result["findings"][0]["remedy"]
    assert "s3:GetBucketPolicy," not in result["findings"][0]["remedy"]


def test_fail_fails_with_every_error_and_returns_all_findings(sandbox: Sandbox) -> None:
    encrypted_by(KEY)(sandbox.aws("s3"))
    with_policy(Sid="KeepOut")(sandbox.aws("s3"))
    result = s3(sandbox, on_problem="fail", buckets=[world.S3_BUCKET, "acme-nowhere"])
    assert result.failed
    assert result.code == "bucket_policy_denies"
    assert "KeepOut" in result.msg
    assert "There is no bucket acme-nowhere" in result.msg
    assert len(result["findings"]) == 4


@pytest.mark.parametrize("on_problem", ["ignore", "warn"])
def test_what_is_found_is_returned_either_way_and_told_by_warn_only(sandbox: Sandbox, on_problem: str) -> None:
    result = s3(sandbox, on_problem=on_problem, buckets=["acme-nowhere"])
    assert not result.failed
    assert (found(result), result["ready"]) == ({"bucket_missing": "error"}, False)
    told = [warning for warning in result.warnings if "There is no bucket acme-nowhere" in warning]
    assert len(told) == (on_problem == "warn")


def test_a_role_arn_that_is_none_is_refused(sandbox: Sandbox) -> None:
    assert s3(sandbox, role_arn="Fivetran").code == "invalid_argument"
    assert sandbox.journal() == []


# Google Cloud Storage


def test_a_bucket_as_google_makes_it_has_no_findings(sandbox: Sandbox) -> None:
    assert found(gcs(sandbox)) == {}
    assert found(gcs(sandbox, conditional=True)) == {}
    assert sandbox.writes() == []


def test_a_missing_gcs_bucket_is_an_error(sandbox: Sandbox) -> None:
    assert found(gcs(sandbox, bucket="nowhere")) == {"bucket_missing": "error"}


@pytest.mark.parametrize("user_project", [None, "acme-analytics"])
def test_requester_pays_is_an_error_with_and_without_a_project_to_look_with(
    sandbox: Sandbox, user_project: str | None
) -> None:
    sandbox.seed("gcs", "create_bucket", name="paid-by-others", requester_pays=True)
    arguments = {"user_project": user_project} if user_project else {}
    result = gcs(sandbox, bucket="paid-by-others", **arguments)
    assert found(result) == {"requester_pays": "error"}
    assert "--no-requester-pays" in result["findings"][0]["remedy"]


def test_a_condition_needs_uniform_access(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "create_bucket", name="with-acls", uniform_access=False)
    assert found(gcs(sandbox, bucket="with-acls")) == {}
    assert found(gcs(sandbox, bucket="with-acls", conditional=True)) == {"uniform_access_needed": "error"}


def test_a_wider_grant_of_the_same_member_makes_a_condition_useless(sandbox: Sandbox) -> None:
    member = f"serviceAccount:{world.SERVICE_ACCOUNT}"
    sandbox.seed(
        "gcs", "set_policy", bucket=world.GCS_BUCKET,
        bindings=[{"role": "roles/storage.objectViewer", "members": [member]}],
    )  # fmt: skip
    assert found(gcs(sandbox)) == {}
    assert found(gcs(sandbox, conditional=True)) == {"condition_without_effect": "warning"}


def test_a_public_gcs_bucket_is_a_warning(sandbox: Sandbox) -> None:
    sandbox.seed(
        "gcs", "set_policy", bucket=world.GCS_BUCKET,
        bindings=[{"role": "roles/storage.objectViewer", "members": ["allUsers"]}],
    )  # fmt: skip
    assert found(gcs(sandbox)) == {"bucket_is_public": "warning"}


def test_settings_that_may_not_be_read_are_a_finding_and_no_failure(sandbox: Sandbox) -> None:
    sandbox.seed("gcs", "deny_owner", permissions=["storage.buckets.get", "storage.buckets.getIamPolicy"])
    result = gcs(sandbox, on_problem="fail")
    assert not result.failed
    assert found(result) == {"not_checked": "info"}
