# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Deny statements of a bucket policy would hit Fivetran, which surely not, and which depend on something."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import QUESTIONS, S3Bucket, S3Reader
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket_findings import s3_findings
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.finding import Finding

ROLE = "arn:aws:iam::111122223333:role/partners/Fivetran"
READER = S3Reader(role_arn=ROLE, prefix="currents")
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"],
}


def judge(*statements: dict[str, Any], reader: S3Reader = READER) -> Finding | None:
    """Return what the preflight says of a bucket with this policy."""
    answers = dict.fromkeys(QUESTIONS)
    bucket = S3Bucket("acme", answers={**answers, "get_bucket_policy": {"Statement": list(statements)}})
    return next((finding for finding in s3_findings(bucket, reader, ()) if "policy" in finding.code), None)


def deny(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**DENY, **changes}.items() if value is not None}


def code(*statements: dict[str, Any], reader: S3Reader = READER) -> str:
    finding = judge(*statements, reader=reader)
    return finding.code if finding else ""


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/currents/*"},
        {"Action": ["s3:PutObject", "S3:getobject"], "Resource": "arn:aws:s3:::acme/*"},
        {"Action": "s3:List*", "Resource": "arn:aws:s3:::acme"},
        {"Action": "*", "Resource": "*"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/currents/secret/*"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*.avro"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::444455556666:root", ROLE]}},
        {"Principal": {"AWS": "111122223333"}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ann"}},
        {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Condition": {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}},
        {"Condition": {"Null": {"aws:SourceVpce": "true"}}},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin*"}}},
        {"Condition": {"StringNotLike": {"aws:PrincipalArn": ["*:role/Braze", "*:user/*"]}}},
        {"Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalArn": ROLE}}},
    ],
)
def test_what_keeps_fivetran_out_is_found(statement: dict[str, Any]) -> None:
    assert code(deny(**statement)) == "bucket_policy_denies"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow"},
        {"Action": "s3:PutObject"},
        {"Action": ["s3:Delete*", "s3:PutBucketPolicy"]},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/payroll/*"},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/currents"},
        {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme/*"},
        {"Resource": ["arn:aws:s3:::acme-eu", "arn:aws:s3:::acme-eu/*"]},
        {"Action": None, "NotAction": ["s3:Get*", "s3:List*"]},
        {"Resource": None, "NotResource": ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:user/ann"}},
        {"Principal": {"Service": "logging.s3.amazonaws.com"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Condition": {"Null": {"aws:SourceVpce": "false"}}},
        {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}}},
        {"Condition": {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/partners/*"}}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}},
        {"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
    ],
)
def test_what_does_not_concern_fivetran_is_no_finding(statement: dict[str, Any]) -> None:
    assert code(deny(**statement)) == ""


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, "aws:SourceIp"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "aws:PrincipalOrgID"),
        (
            {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            "aws:SourceIp",
        ),
    ],
)
def test_what_depends_on_something_unknown_names_it(condition: dict[str, Any], key: str) -> None:
    finding = judge(deny(Condition=condition))
    assert finding is not None
    assert (finding.severity, finding.code) == ("warning", "bucket_policy_may_deny")
    assert key in finding.message
    assert ("https://fivetran.com/docs/using-fivetran/ips" in finding.remedy) == (key == "aws:SourceIp")


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Fivetran/fivetran"}},
        # It excepts the role, and a session of the role only if it is named as well.
        {"Principal": None, "NotPrincipal": {"AWS": [ROLE, "arn:aws:iam::111122223333:root"]}},
    ],
)
def test_a_deny_that_depends_on_the_name_of_the_session_may_hit(statement: dict[str, Any]) -> None:
    assert code(deny(**statement)) == "bucket_policy_may_deny"


def test_a_bucket_of_another_account_whose_policy_lets_the_role_read_is_no_finding() -> None:
    allow = deny(Effect="Allow", Principal={"AWS": ROLE})
    answers = {**dict.fromkeys(QUESTIONS), "get_bucket_policy": {"Statement": [allow]}}
    there = S3Bucket("acme", in_this_account=False, answers=answers)
    assert [finding.code for finding in s3_findings(there, READER, ()) if finding.severity == "error"] == []
    shut = S3Bucket("acme", in_this_account=False, answers=dict.fromkeys(QUESTIONS))
    assert [finding.code for finding in s3_findings(shut, READER, ()) if finding.severity == "error"] == [
        "bucket_in_another_account"
    ]


def test_a_statement_is_named_by_its_sid_or_its_number() -> None:
    finding = judge({**DENY, "Effect": "Allow"}, deny(), deny(Sid="OnlyFromVpc"))
    assert finding is not None
    assert "statement 2" in finding.message
    assert "OnlyFromVpc" in finding.message


def test_without_a_prefix_a_deny_for_any_folder_hits() -> None:
    payroll = deny(Action="s3:GetObject", Resource="arn:aws:s3:::acme/payroll/*")
    assert code(payroll, reader=S3Reader(role_arn=ROLE)) == "bucket_policy_denies"
    assert code(payroll) == ""


def test_other_partitions_are_judged_by_their_own_arns() -> None:
    reader = S3Reader(role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    assert code(deny(Resource="arn:aws-cn:s3:::acme/*"), reader=reader) == "bucket_policy_denies"
    assert code(deny(Resource="arn:aws:s3:::acme/*"), reader=reader) == ""
