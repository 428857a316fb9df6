# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Deny statements of a bucket policy would hit Fivetran, which surely not, and which depend on something."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.bucket_policy import Reader, denials

ROLE = "arn:aws:iam::111122223333:role/partners/Fivetran"
READER = Reader(role_arn=ROLE, bucket="acme", prefix="currents")


def judge(reader: Reader = READER, **statement: Any) -> tuple[str, ...] | None:
    """Return on what it depends that the statement hits, () if it surely does, None if it does not."""
    full = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"],
        **statement,
    }
    found = list(denials({"Statement": [full]}, reader))
    return found[0].undecided if found else None


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
        {"Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Fivetran/fivetran"}},
        {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/ann"}},
        {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Condition": {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}},
        {"Condition": {"Null": {"aws:SourceVpce": "true"}}},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Admin*"}}},
        {"Condition": {"StringNotLike": {"aws:PrincipalArn": ["*:role/Braze", "*:user/*"]}}},
        {"Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_what_keeps_fivetran_out_is_found(statement: dict[str, Any]) -> None:
    assert judge(**statement) == ()


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
        {"Principal": None, "NotPrincipal": {"AWS": [ROLE, "arn:aws:iam::111122223333:root"]}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": False}}},
        {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}},
        {"Condition": {"Null": {"aws:SourceVpce": "false"}}},
        {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}}},
        {"Condition": {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/partners/*"}}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
    ],
)
def test_what_does_not_concern_fivetran_is_no_finding(statement: dict[str, Any]) -> None:
    assert judge(**statement) is None


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, "aws:SourceIp"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "aws:PrincipalOrgID"),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, "s3:TlsVersion"),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalArn": ROLE}}, "aws:PrincipalArn"),
        (
            {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            "aws:SourceIp",
        ),
    ],
)
def test_what_depends_on_something_unknown_names_it(condition: dict[str, Any], key: str) -> None:
    assert judge(Condition=condition) == (key,)


def test_a_statement_is_named_by_its_sid_or_its_number() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    policy = {"Statement": [{"Effect": "Allow"}, deny, {**deny, "Sid": "OnlyFromVpc"}]}
    assert [denial.sid for denial in denials(policy, READER)] == ["number 2", "OnlyFromVpc"]


def test_without_a_prefix_a_deny_for_any_folder_hits() -> None:
    reader = Reader(role_arn=ROLE, bucket="acme")
    assert judge(reader, Action="s3:GetObject", Resource="arn:aws:s3:::acme/payroll/*") == ()


def test_other_partitions_are_judged_by_their_own_arns() -> None:
    reader = Reader(role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"), bucket="acme")
    assert judge(reader, Resource="arn:aws-cn:s3:::acme/*") == ()
    assert judge(reader, Resource="arn:aws:s3:::acme/*") is None
