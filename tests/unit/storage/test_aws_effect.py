# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran may do in AWS: the rules of policy evaluation, one by one, as AWS documents them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import (
    BucketAccess,
    Caller,
    Document,
    RolePermissions,
    is_wider,
    may_assume,
    may_do,
    may_read,
    missing,
    trust_width,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Effect

from tests.unit.storage.aws_shapes import (
    ACCOUNT,
    BUCKET,
    CALLER,
    DELEGATES_KEY,
    FIVETRAN,
    GROUP,
    KEY,
    NAME,
    NO,
    OBJECTS,
    OTHER_ACCOUNT,
    READ,
    READS_BUCKET,
    UNKNOWN,
    YES,
    allow,
    deny,
    policy,
    trust,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/vendors/Fivetran"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Fivetran/any"
OBJECT = f"{BUCKET}/currents/a.avro"
UNREAD = Document("the inline policy x", None, "iam:GetRolePolicy is not allowed")
LIMIT = Document("the permissions boundary b", policy(allow("s3:*", "*")))
NO_LIMITS_AT_ALL = Document("the permissions boundary b", policy(allow("ec2:*", "*")))


def role(*statements: Any, boundary: Document | None = None, **more: Any) -> RolePermissions:
    """Return a role with one inline policy."""
    return RolePermissions(ROLE, (Document("the inline policy x", policy(*statements)),), boundary, **more)


READER = role(*READS_BUCKET["Statement"])


def of_bucket(*statements: Any) -> Document:
    return Document(f"the bucket policy of {NAME}", policy(*statements))


def key(*statements: Any) -> Document:
    return Document("the policy of the key", policy(*statements))


def read(*statements: Any, prefix: str = "", **more: Any) -> Effect:
    """Judge reading through a role that has these statements."""
    return may_read(role(*statements), BucketAccess(NAME, prefix), **more)


def hits(condition: Mapping[str, Any], known: Mapping[str, str | None] | None = None) -> Answer:
    """Return whether a condition is met by a request for an object."""
    return may_do(role(allow("*", "*", dict(condition)), known=known or {}), "s3:GetObject", OBJECT).answer


def codes(effect: Effect) -> set[str]:
    return {reason.code for reason in effect.reasons}


# Statements


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        (allow("s3:GetObject", OBJECTS), YES),
        (allow("S3:getOBJECT", OBJECTS), YES),
        (allow("s3:Get?bject", OBJECTS), YES),
        (allow("*", "*"), YES),
        (allow("*:*", "*"), YES),
        (allow("s3:GetObjectVersion", OBJECTS), NO),
        (allow("s3:GetObjec", OBJECTS), NO),
        (allow("s3:GetObject", BUCKET), NO),
        (allow("s3:GetObject", f"{BUCKET}*"), YES),
        (allow("s3:GetObject", f"{BUCKET}/Currents/*"), NO),
        (allow("s3:GetObject", "arn:aws:s3:::*"), YES),
        (allow("s3:GetObject", "arn:aws:s3:::*/currents/a.avro"), YES),
        (allow("s3:GetObject", "arn:aws:s3"), YES),
        (allow("s3:GetObject", "arn:aws:s3*avro"), NO),
        (allow("s3:GetObject", "arn:aws-cn:s3:::*"), NO),
        ({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}, YES),
        ({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"}, NO),
        ({"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/other/*"}, YES),
        ({"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/*"}, NO),
        (allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*"), NO),
        (allow("s3:GetObject", f"{BUCKET}/${{aws:username, 'currents'}}/*"), YES),
        (allow("s3:GetObject", f"{BUCKET}/${{aws:PrincipalTag/team}}/*"), UNKNOWN),
        (allow("s3:GetObject", f"{BUCKET}/other/${{aws:PrincipalTag/team}}/*"), NO),
        (allow("s3:GetObject", f"{BUCKET}/currents/${{*}}.avro"), NO),
        # It is one of two, neither of which fits; that a wildcard stands for them meanwhile makes no wrong answer.
        (allow("s3:GetObject", f"{BUCKET}/${{s3:TlsVersion}}*"), UNKNOWN),
        ({"Effect": "Allow", "Action": "*", "NotResource": f"{BUCKET}/${{aws:username}}/*"}, UNKNOWN),
    ],
)
def test_a_statement_is_about_the_actions_and_resources_that_it_names(statement: Any, answer: Answer) -> None:
    assert may_do(role(statement), "s3:GetObject", OBJECT).answer is answer


def test_a_variable_whose_value_was_looked_up_is_replaced() -> None:
    statement = allow("s3:GetObject", f"{BUCKET}/${{aws:PrincipalTag/team}}/*")
    for team, answer in {"currents": YES, "other": NO}.items():
        known = role(statement, known={"aws:PrincipalTag/team": team})
        assert may_do(known, "s3:GetObject", OBJECT).answer is answer


def test_in_the_version_of_2008_variables_are_plain_text() -> None:
    content = policy(allow("s3:GetObject", f"{BUCKET}/${{aws:PrincipalAccount}}/*"), version="2008-10-17")
    old = RolePermissions(ROLE, (Document("x", content),))
    assert may_do(old, "s3:GetObject", f"{BUCKET}/{ACCOUNT}/a").answer is NO
    assert may_do(role(*content["Statement"]), "s3:GetObject", f"{BUCKET}/{ACCOUNT}/a").answer is YES


@pytest.mark.parametrize("first", [True, False])
def test_a_deny_wins_wherever_it_stands(first: bool) -> None:
    statements = [allow("*", "*"), deny("s3:GetObject", "*", Sid="No")]
    effect = may_do(role(*(statements[::-1] if first else statements)), "s3:GetObject", OBJECT)
    assert (effect.answer, codes(effect)) == (NO, {"denied"})
    assert effect.reasons[0].statement == "No"


@pytest.mark.parametrize(
    ("resource", "answer", "part"),
    [
        (f"{BUCKET}/currents/secret/*", NO, "/currents/secret/*"),
        (f"{BUCKET}/*.avro", NO, "/*.avro"),
        (f"{BUCKET}/curr*ts/x", NO, "/curr*ts/x"),
        (f"{BUCKET}/payroll/*", YES, ""),
        (f"{BUCKET}/currents", YES, ""),
    ],
)
def test_a_deny_for_a_part_of_the_folder_says_which(resource: str, answer: Answer, part: str) -> None:
    bucket = BucketAccess(NAME, "currents", of_bucket(deny("s3:GetObject", resource, Principal="*")))
    effect = may_read(READER, bucket)
    assert effect.answer is answer
    assert ("denied_in_part" in codes(effect)) == bool(part)
    assert part in effect.reasons[0].text


def test_an_allow_for_a_part_of_the_folder_is_not_enough_and_says_which() -> None:
    effect = read(allow("s3:List*", BUCKET), allow("s3:GetObject", f"{BUCKET}/currents/*.avro"), prefix="currents")
    assert (effect.answer, codes(effect)) == (NO, {"not_allowed", "allowed_in_part"})
    assert "*.avro only" in effect.reasons[-1].text


def test_a_part_under_a_condition_that_is_not_met_is_no_part() -> None:
    never = {"Bool": {"aws:SecureTransport": "false"}}
    parts = [allow(READ, f"{BUCKET}/currents/{name}*", never) for name in "ab"]
    effect = read(allow("s3:List*", BUCKET), *parts, prefix="currents")
    assert (effect.answer, codes(effect)) == (NO, {"not_allowed", "condition_not_met"})


def test_all_but_a_part_is_said_to_be_that() -> None:
    statement = {"Effect": "Allow", "Action": "*", "NotResource": [f"{BUCKET}/currents/x/*", f"{BUCKET}/y/*"]}
    effect = read(allow("s3:List*", BUCKET), statement, prefix="currents")
    assert effect.answer is NO
    assert effect.reasons[-1].text.endswith(f"/currents/*, for all but {BUCKET}/currents/x/* only")


def test_asterisks_in_a_row_are_one() -> None:
    assert read(allow(READ, [BUCKET, f"{BUCKET}/cur**s/***"]), prefix="currents").answer is YES


def test_two_allows_for_parts_may_be_enough_together() -> None:
    parts = [f"{BUCKET}/currents/?*", f"{BUCKET}/currents/"]
    assert read(allow(READ, [BUCKET, *parts]), prefix="currents").answer is YES
    effect = read(allow(READ, BUCKET), *(allow(READ, part) for part in parts), prefix="currents")
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"allowed_in_part"})


# Conditions

NOW = "aws:CurrentTime"


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, YES),
        ({"StringEquals": {"AWS:principalACCOUNT": [OTHER_ACCOUNT, ACCOUNT]}}, YES),
        ({"StringEquals": {"aws:PrincipalAccount": "1111*"}}, NO),
        ({"stringlike": {"aws:PrincipalAccount": "1111*"}}, YES),
        ({"StringNotEquals": {"aws:PrincipalAccount": [OTHER_ACCOUNT, ACCOUNT]}}, NO),
        ({"StringNotLike": {"aws:PrincipalAccount": "4444*"}}, YES),
        ({"StringEquals": {"aws:PrincipalType": "assumedrole"}}, NO),
        ({"StringEqualsIgnoreCase": {"aws:PrincipalType": "assumedrole"}}, YES),
        ({"StringNotEqualsIgnoreCase": {"aws:PrincipalType": "assumedrole"}}, NO),
        ({"StringEquals": {"aws:PrincipalArn": ROLE}}, YES),
        ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}, YES),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{'?' * 7}/Fivetran"}}, YES),
        ({"ArnLike": {"aws:PrincipalArn": "arn:*/Fivetran"}}, NO),
        ({"StringLike": {"aws:PrincipalArn": "arn:*/Fivetran"}}, YES),
        ({"ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/Admin", ROLE]}}, NO),
        ({"ArnNotEquals": {"aws:PrincipalArn": SESSION}}, YES),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}, YES),
        ({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::${aws:PrincipalAccount}:role/vendors/Fivetran"}}, YES),
        ({"StringLike": {"aws:PrincipalArn": "*${aws:username}"}}, NO),
        ({"StringNotLike": {"aws:PrincipalArn": "*${aws:username}"}}, UNKNOWN),
        ({"Bool": {"aws:SecureTransport": "true"}}, YES),
        ({"Bool": {"aws:SecureTransport": True}}, YES),
        ({"Bool": {"aws:SecureTransport": "false"}}, NO),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, NO),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, YES),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, UNKNOWN),
        ({"Null": {"aws:SourceVpce": "true"}}, YES),
        ({"Null": {"aws:SourceVpce": "false"}}, NO),
        ({"Null": {"aws:SourceVpce": True}}, YES),
        ({"Null": {"aws:PrincipalArn": "true"}}, NO),
        ({"Null": {"aws:PrincipalTag/x": "true"}}, UNKNOWN),
        ({"Null": {"aws:SourceVpce": ["true", "false"]}}, UNKNOWN),
        ({"Null": {"aws:SourceVpce": "perhaps"}}, UNKNOWN),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, NO),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, YES),
        ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, YES),
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": OTHER_ACCOUNT}}, NO),
        ({"ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}, YES),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}, NO),
        ({"ForAnyValue:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}, NO),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}, UNKNOWN),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, YES),
        ({"NumericLessThan": {"s3:TlsVersion": 1.2}}, NO),
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, UNKNOWN),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": "1.2"}}, YES),
        ({"NumericLessThan": {"s3:TlsVersion": ["1.1", "1.4"]}}, YES),
        ({"NumericLessThan": {"s3:TlsVersion": "new"}}, UNKNOWN),
        ({"NumericLessThan": {"s3:TlsVersion": "inf"}}, UNKNOWN),
        ({"DateLessThan": {NOW: "2027-01-01T00:00:00Z"}}, YES),
        ({"DateLessThan": {NOW: "2025-01-01T00:00:00Z"}}, NO),
        ({"DateGreaterThanEquals": {NOW: "2025-01-01"}}, YES),
        ({"DateGreaterThan": {"aws:EpochTime": "1735689600"}}, YES),
        ({"NumericLessThan": {"aws:EpochTime": 1735689600}}, NO),
        ({"DateNotEquals": {NOW: "2025-01-01"}}, YES),
        ({"DateEquals": {NOW: ["2025-01-01", "2026-06-01T02:00:00+02:00"]}}, YES),
        ({"DateEquals": {NOW: "2026-06-01T00:00:00"}}, YES),
        ({"DateLessThan": {NOW: "tomorrow"}}, UNKNOWN),
        ({"DateLessThan": {NOW: "1e999"}}, UNKNOWN),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, UNKNOWN),
        ({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}, UNKNOWN),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, UNKNOWN),
        ({"StringLike": {"aws:userid": "AROA*"}}, YES),
        ({"StringLike": {"aws:userid": "AIDA*"}}, NO),
        ({"StringLike": {"aws:userid": "AROA7:*"}}, UNKNOWN),
        ({"StringEquals": {"something:New": "x"}}, UNKNOWN),
        ({"StringResembles": {"aws:PrincipalAccount": ACCOUNT}}, UNKNOWN),
        ({"StringEquals": {"aws:PrincipalAccount": []}}, NO),
        ({}, YES),
        ({"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, NO),
        ({"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, UNKNOWN),
    ],
)
def test_a_condition_is_met_not_met_or_depends(condition: Any, answer: Answer) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert may_do(role(allow("*", "*", condition)), "s3:GetObject", OBJECT, now=now).answer is answer


def test_what_was_looked_up_decides_conditions() -> None:
    in_organization = {"StringNotEquals": {"aws:PrincipalOrgID": "o-acme"}}
    assert hits(in_organization, {"aws:PrincipalOrgID": "o-acme"}) is NO
    assert hits(in_organization, {"aws:PrincipalOrgID": "o-other"}) is YES
    assert hits({"StringLike": {"aws:userId": ["AROA7:*", ACCOUNT]}}, {"aws:userid": "AROA7:*"}) is YES
    assert hits({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.9"}) is YES
    for networks, answer in (("10.0.0.0/8", YES), (["10.0.0.0/8", "203.0.113.5/24"], NO), ("somewhere", UNKNOWN)):
        assert hits({"NotIpAddress": {"aws:SourceIp": networks}}, {"aws:SourceIp": "203.0.113.9"}) is answer
    assert hits({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "somewhere"}) is UNKNOWN
    assert hits({"Null": {"aws:PrincipalTag/team": "true"}}, {"aws:PrincipalTag/team": None}) is YES


@pytest.mark.parametrize(
    ("listed", "answer"),
    [
        ({"StringLike": {"s3:prefix": ["currents", "currents/*"]}}, YES),
        ({"StringLike": {"s3:prefix": "currents/*"}}, YES),
        ({"StringLike": {"s3:prefix": "currents*"}}, YES),
        ({"StringLike": {"s3:prefix": ["currents/", "currents/?*"]}}, YES),
        ({"StringLike": {"s3:prefix": "*"}}, YES),
        ({"StringEquals": {"s3:prefix": "currents/"}}, UNKNOWN),
        ({"StringEquals": {"s3:prefix": "currents"}}, UNKNOWN),
        ({"StringEquals": {"s3:prefix": ["", "currents/"], "s3:delimiter": "/"}}, UNKNOWN),
        ({"StringLike": {"s3:prefix": "Currents/*"}}, NO),
        ({"StringLike": {"s3:prefix": "other/*"}}, NO),
        ({"StringEquals": {"s3:prefix": ""}}, NO),
        ({"StringNotLike": {"s3:prefix": "currents/*"}}, UNKNOWN),
        ({"StringNotLike": {"s3:prefix": "currents*"}}, NO),
        ({"Null": {"s3:prefix": "false"}}, YES),
    ],
)
@pytest.mark.parametrize("folder", ["currents", "/currents/"])
def test_the_folder_must_be_listed_with_what_is_below_it(folder: str, listed: Any, answer: Answer) -> None:
    statements = allow("s3:ListBucket", BUCKET, listed), allow("s3:GetObject", f"{BUCKET}/currents/*")
    assert read(*statements, prefix=folder).answer is answer


def test_without_a_folder_the_empty_prefix_must_be_listed() -> None:
    objects = allow("s3:GetObject", OBJECTS)
    for prefixes, answer in (("", YES), ("*", YES), (["", "x/*"], YES), ("x/*", NO)):
        listed = allow("s3:ListBucket", BUCKET, {"StringLike": {"s3:prefix": prefixes}})
        assert read(listed, objects).answer is answer, prefixes


def test_a_folder_with_wildcards_in_its_name_stands_for_itself() -> None:
    statements = allow("s3:ListBucket", BUCKET), allow("s3:GetObject", f"{BUCKET}/a-b/*")
    assert read(*statements, prefix="a?b").answer is NO
    effect = read(statements[0], prefix="a?b$")
    assert missing(effect, role(statements[0]), BucketAccess(NAME, "a?b$")) == {
        f"the role {ROLE}": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{BUCKET}/a${{?}}b${{$}}/*"]},
        ]
    }


# Layers


def test_a_boundary_limits_what_policies_allow() -> None:
    assert may_do(role(allow("*", "*"), boundary=LIMIT), "s3:GetObject", OBJECT).answer is YES
    effect = may_do(role(allow("*", "*"), boundary=NO_LIMITS_AT_ALL), "s3:GetObject", OBJECT)
    assert effect.answer is NO
    assert [reason.text for reason in effect.reasons] == [
        f"the permissions boundary b does not allow s3:GetObject on {OBJECT}"
    ]
    denying = Document("the permissions boundary b", policy(allow("*", "*"), deny("s3:*", "*")))
    assert codes(may_do(role(allow("*", "*"), boundary=denying), "s3:GetObject", OBJECT)) == {"denied"}


@pytest.mark.parametrize(
    ("who", "unbounded", "bounded"),
    [
        ({"AWS": ROLE}, YES, NO),
        ({"AWS": [OTHER_ACCOUNT, ROLE]}, YES, NO),
        # The session's name is Fivetran's to choose; AWS documents that no boundary holds a session that is named.
        ({"AWS": SESSION}, UNKNOWN, UNKNOWN),
        ({"AWS": ACCOUNT}, NO, NO),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, NO, NO),
        # Whether a boundary holds what everybody is allowed, AWS does not document.
        ("*", YES, UNKNOWN),
        ({"AWS": "*"}, YES, UNKNOWN),
        ({"AWS": ROLE.replace("/vendors", "")}, NO, NO),
        ({"AWS": ROLE.lower()}, NO, NO),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, NO, NO),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, NO, NO),
        ({"AWS": "AROAEXAMPLEID"}, NO, NO),
        ({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, NO, NO),
        ({"CanonicalUser": "79a59d"}, NO, NO),
        ({"Service": "lambda.amazonaws.com"}, NO, NO),
        ({"Federated": "cognito-identity.amazonaws.com"}, NO, NO),
        (ROLE, UNKNOWN, UNKNOWN),
        ({"Alien": "x"}, UNKNOWN, UNKNOWN),
        (None, UNKNOWN, UNKNOWN),
    ],
)
def test_in_its_account_a_bucket_can_let_the_role_in_by_itself(who: Any, unbounded: Answer, bounded: Answer) -> None:
    grant = of_bucket(allow("s3:GetObject", OBJECTS, Principal=who))
    for boundary, answer in ((None, unbounded), (LIMIT, unbounded), (NO_LIMITS_AT_ALL, bounded)):
        effect = may_do(role(boundary=boundary), "s3:GetObject", OBJECT, grant)
        assert effect.answer is answer
        assert effect.reasons


def test_an_allow_for_all_but_some_is_nothing_that_aws_supports() -> None:
    grant = of_bucket(allow("s3:GetObject", OBJECTS, NotPrincipal={"AWS": OTHER_ACCOUNT}))
    assert may_do(role(), "s3:GetObject", OBJECT, grant).answer is UNKNOWN


def test_no_boundary_limits_what_is_granted_to_everybody_with_the_arn_of_the_role() -> None:
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
    grant = of_bucket(allow("s3:GetObject", OBJECTS, condition, Principal="*"))
    assert may_do(role(boundary=NO_LIMITS_AT_ALL), "s3:GetObject", OBJECT, grant).answer is YES
    grant = of_bucket(allow("s3:GetObject", OBJECTS, {"ArnNotEquals": {"aws:PrincipalArn": "x"}}, Principal="*"))
    assert may_do(role(boundary=NO_LIMITS_AT_ALL), "s3:GetObject", OBJECT, grant).answer is UNKNOWN


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ({"AWS": ROLE}, YES),
        ({"AWS": ACCOUNT}, YES),
        ("*", YES),
        ({"AWS": SESSION}, UNKNOWN),
        ({"CanonicalUser": "79a59d"}, UNKNOWN),
        ({"AWS": OTHER_ACCOUNT}, NO),
    ],
)
def test_across_accounts_both_must_allow(who: Any, answer: Answer) -> None:
    grant = of_bucket(allow("s3:GetObject", OBJECTS, Principal=who))
    granted = may_do(READER, "s3:GetObject", OBJECT, grant, same_account=False)
    assert granted.answer is answer
    # The role's own policy must allow it, too, no matter whom the bucket names.
    assert may_do(role(), "s3:GetObject", OBJECT, grant, same_account=False).answer is NO
    assert may_do(READER, "s3:GetObject", OBJECT, None, same_account=False).answer is NO


@pytest.mark.parametrize(
    ("statement", "unbounded", "bounded"),
    [
        ({"Principal": "*"}, NO, NO),
        ({"Principal": {"AWS": ACCOUNT}}, NO, NO),
        ({"Principal": {"AWS": ROLE}}, NO, NO),
        ({"Principal": {"AWS": SESSION}}, UNKNOWN, UNKNOWN),
        ({"Principal": {"AWS": SESSION.replace("Fivetran", "Other")}}, YES, YES),
        ({"Principal": {"AWS": OTHER_ACCOUNT}}, YES, YES),
        ({"Principal": {"CanonicalUser": "79a59d"}}, UNKNOWN, UNKNOWN),
        ({"NotPrincipal": {"AWS": OTHER_ACCOUNT}}, NO, NO),
        # AWS: beside a boundary NotPrincipal always denies; without one, the session would have to be excepted, too.
        ({"NotPrincipal": {"AWS": [ROLE, f"arn:aws:iam::{ACCOUNT}:root"]}}, UNKNOWN, NO),
    ],
)
def test_a_deny_of_the_bucket_hits_whom_it_names(statement: Any, unbounded: Answer, bounded: Answer) -> None:
    bucket = of_bucket(deny("s3:*", OBJECTS, **statement))
    assert may_do(READER, "s3:GetObject", OBJECT, bucket).answer is unbounded
    limited = RolePermissions(ROLE, READER.identity, LIMIT)
    assert may_do(limited, "s3:GetObject", OBJECT, bucket).answer is bounded


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ({}, NO),
        ({"Action": ["s3:PutObject", "S3:getobject"], "Resource": OBJECTS}, NO),
        ({"Action": "s3:List*", "Resource": BUCKET}, NO),
        ({"Action": "*", "Resource": "*"}, NO),
        ({"Action": "s3:PutObject"}, YES),
        ({"Action": ["s3:Delete*", "s3:PutBucketPolicy"]}, YES),
        ({"Action": "s3:ListBucket", "Resource": OBJECTS}, YES),
        ({"Action": "s3:GetBucketLocation"}, YES),
        ({"Resource": [f"{BUCKET}-eu", f"{BUCKET}-eu/*"]}, YES),
        ({"Action": None, "NotAction": ["s3:Get*", "s3:List*"]}, YES),
        ({"Action": None, "NotAction": "s3:List*"}, NO),
        ({"Resource": None, "NotResource": [BUCKET, OBJECTS]}, YES),
        ({"Resource": None, "NotResource": [BUCKET, f"{BUCKET}/currents/a*"]}, NO),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, NO),
        ({"Condition": {"StringNotLike": {"aws:PrincipalArn": ["*:role/Braze", "*:user/*"]}}}, NO),
        ({"Condition": {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/vendors/*"}}}, YES),
        ({"Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}}, YES),
    ],
)
def test_a_deny_of_the_bucket_hits_what_fivetran_does(statement: Any, answer: Answer) -> None:
    full = {**deny("s3:*", [BUCKET, OBJECTS], Principal="*"), **statement}
    bucket = of_bucket({name: value for name, value in full.items() if value is not None})
    assert may_read(READER, BucketAccess(NAME, "currents", bucket)).answer is answer


# Reasons

SOMEWHERE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def texts(effect: Effect) -> list[str]:
    return [reason.text.replace(OBJECT, "o") for reason in effect.reasons]


def test_only_what_decides_is_a_reason() -> None:
    perhaps = role(allow("*", "*"), allow("*", "*", SOMEWHERE), deny("*", "*", SOMEWHERE))
    assert texts(may_do(perhaps, "s3:GetObject", OBJECT)) == [
        "whether statement 3 of the inline policy x denies s3:GetObject on o depends on aws:SourceIp"
    ]
    surely = role(deny("*", "*", SOMEWHERE), deny("*", "*"))
    assert texts(may_do(surely, "s3:GetObject", OBJECT)) == [
        "statement 2 of the inline policy x denies s3:GetObject on o"
    ]
    allowed = role(allow("*", "*", SOMEWHERE), allow("*", "*"))
    assert texts(may_do(allowed, "s3:GetObject", OBJECT)) == [
        "statement 2 of the inline policy x allows s3:GetObject on o"
    ]


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        (deny("*", "*", {**SOMEWHERE, "StringEquals": {"aws:PrincipalOrgID": "o"}}, Principal="*"), "aws:SourceIp and"),
        (deny("*", f"{BUCKET}/${{aws:PrincipalTag/t}}/*", Principal="*"), "its variables"),
        (deny("*", "*", Principal={"AWS": SESSION}), "whom its Principal means"),
        (deny("*", "*", NotPrincipal={"AWS": ROLE}), "whom its NotPrincipal excepts"),
    ],
)
def test_what_nobody_can_tell_says_on_what_it_depends(statement: Any, cause: str) -> None:
    (text,) = texts(may_do(READER, "s3:GetObject", OBJECT, of_bucket(statement)))
    title = f"statement 1 of the bucket policy of {NAME}"
    assert text.startswith(f"whether {title} denies s3:GetObject on o depends on {cause}")


def test_what_everybody_may_beside_a_boundary_says_why_nobody_can_tell() -> None:
    grant = of_bucket(allow("s3:GetObject", OBJECTS, Principal="*"))
    assert texts(may_do(role(boundary=NO_LIMITS_AT_ALL), "s3:GetObject", OBJECT, grant)) == [
        "the permissions boundary b does not allow it; whether that holds for what is allowed to everybody,"
        " AWS does not say",
        f"statement 1 of the bucket policy of {NAME} allows s3:GetObject on o",
    ]


def test_what_the_bucket_nearly_allows_is_told() -> None:
    never = {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    grant = of_bucket(allow("s3:GetObject", OBJECTS, never, Principal={"AWS": ROLE}))
    assert codes(may_do(role(), "s3:GetObject", OBJECT, grant)) == {"not_allowed", "condition_not_met"}


def test_parts_that_role_and_bucket_allow_may_be_enough_together() -> None:
    own = role(allow("s3:GetObject", f"{BUCKET}/currents/?*"))
    folder = f"{BUCKET}/currents/*"
    for who, answer in (({"AWS": ROLE}, UNKNOWN), ("*", UNKNOWN), ({"AWS": ACCOUNT}, NO)):
        grant = of_bucket(allow("s3:GetObject", f"{BUCKET}/currents/", Principal=who))
        assert may_do(own, "s3:GetObject", folder, grant).answer is answer
        # One side alone never is.
        assert may_do(role(), "s3:GetObject", folder, grant).answer is NO


def test_what_the_boundary_leaves_and_what_the_bucket_allows_may_be_enough_together() -> None:
    currents, others = (
        f"{BUCKET}/currents/*",
        {"Effect": "Allow", "Action": "s3:*", "NotResource": f"{BUCKET}/currents/*"},
    )
    own = role(allow("s3:GetObject", OBJECTS), boundary=Document("the permissions boundary b", policy(others)))
    # A session that is named is held by no boundary, so that the bucket may allow what the boundary takes away.
    grant = of_bucket(allow("s3:GetObject", currents, Principal={"AWS": SESSION}))
    effect = may_do(own, "s3:GetObject", f"{BUCKET}/*", grant)
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"allowed_in_part"})
    assert may_do(own, "s3:GetObject", f"{BUCKET}/*").answer is NO


def test_what_the_bucket_allows_the_role_and_what_it_allows_everybody_may_be_enough_together() -> None:
    grant = of_bucket(
        allow("s3:GetObject", f"{BUCKET}/currents/*", Principal={"AWS": ROLE}),
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": f"{BUCKET}/currents/*", "Principal": "*"},
    )
    for boundary, answer in ((None, UNKNOWN), (LIMIT, UNKNOWN), (NO_LIMITS_AT_ALL, NO)):
        effect = may_do(role(boundary=boundary), "s3:GetObject", f"{BUCKET}/*", grant)
        assert effect.answer is answer
        assert codes(effect) >= {"allowed_in_part"}


def test_across_accounts_everything_that_lacks_is_told() -> None:
    foreign = KEY.replace(ACCOUNT, OTHER_ACCOUNT)
    effect = may_do(role(boundary=NO_LIMITS_AT_ALL), "kms:Decrypt", foreign, key(), same_account=False)
    assert [reason.code for reason in effect.reasons] == ["not_in_resource_policy", "not_allowed", "not_in_boundary"]


# What cannot be read


def test_what_may_be_in_an_unread_policy_makes_no_yes_and_no_no() -> None:
    beside = (UNREAD, *READER.identity)
    effect = may_do(RolePermissions(ROLE, beside), "s3:GetObject", OBJECT)
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"unread"})
    text = "the inline policy x could not be read (iam:GetRolePolicy is not allowed)"
    assert [reason.text for reason in effect.reasons] == [text]
    assert may_do(RolePermissions(ROLE, (UNREAD,)), "s3:GetObject", OBJECT).answer is UNKNOWN
    denied = role(deny("s3:*", "*"))
    assert may_do(RolePermissions(ROLE, (UNREAD, *denied.identity)), "s3:GetObject", OBJECT).answer is NO


def test_an_unread_boundary_or_bucket_policy_decides_nothing_that_is_decided() -> None:
    unread = Document("the permissions boundary b", None)
    assert may_do(role(allow("*", "*"), boundary=unread), "s3:GetObject", OBJECT).answer is UNKNOWN
    assert may_do(role(boundary=unread), "s3:GetObject", OBJECT).answer is NO
    unread = Document("the bucket policy of b", None)
    assert may_do(READER, "s3:GetObject", OBJECT, unread).answer is UNKNOWN
    assert may_do(role(), "s3:GetObject", OBJECT, unread).answer is UNKNOWN
    assert may_do(role(), "s3:GetObject", OBJECT, unread, same_account=False).answer is NO


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"Statement": None},
        {"Statement": "Allow"},
        {"Statement": ["Allow"]},
        {"Statement": {"Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "x", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": 7, "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": ["*", 7], "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": [["*"]]}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": "x"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": "x"}}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": {"y": "z"}}}}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": ["y", {}]}}}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
        "a text",
        ["a list"],
    ],
)
def test_what_is_no_policy_is_said_to_be_none(content: Any) -> None:
    effect = may_do(RolePermissions(ROLE, (Document("the policy p", content),)), "s3:GetObject", OBJECT)
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"malformed"})
    assert "the policy p" in effect.reasons[0].text


def test_a_malformed_deny_can_only_deny() -> None:
    effect = may_do(role(deny("s3:*", "*", {"Bool": "x"})), "s3:GetObject", OBJECT)
    assert (effect.answer, codes(effect)) == (NO, {"not_allowed"})
    assert may_do(role(allow("*", "*"), deny("s3:*", "*", {"Bool": "x"})), "s3:GetObject", OBJECT).answer is UNKNOWN


def test_a_pattern_that_takes_for_ever_is_given_up() -> None:
    hostile = f"{BUCKET}/*a{'?' * 40}"
    assert may_do(role(allow("s3:GetObject", hostile)), "s3:GetObject", hostile).answer is UNKNOWN
    values = {"StringLike": {"aws:PrincipalTag/x": "*a" * 500 + "b"}}
    assert hits(values, {"aws:PrincipalTag/x": "a" * 2000}) is UNKNOWN


# Reading a bucket


def test_the_location_is_asked_for_only_if_needed() -> None:
    statements = allow(["s3:GetObject", "s3:ListBucket"], [BUCKET, OBJECTS])
    effect = read(statements)
    assert effect.answer is YES
    assert "location_not_allowed" in codes(effect)
    effect = read(statements, location_needed=True)
    assert (effect.answer, effect.reasons[0].action) == (NO, "s3:GetBucketLocation")


def test_an_access_point_is_not_judged() -> None:
    effect = may_read(READER, BucketAccess("acme-ap-123-s3alias"))
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"access_point"})


DELEGATES = DELEGATES_KEY["Statement"][0]
DECRYPTS = allow("kms:Decrypt", KEY)
NAMES_ROLE = allow("kms:Decrypt", "*", Principal={"AWS": ROLE})


@pytest.mark.parametrize(
    ("own", "key_policy", "answer"),
    [
        (DECRYPTS, key(DELEGATES), YES),
        (allow("kms:*", "*"), key(DELEGATES), YES),
        (allow("kms:Decrypt", KEY.replace("1234abcd", "other")), key(DELEGATES), NO),
        (None, key(DELEGATES), NO),
        (None, key(NAMES_ROLE), YES),
        # A key's policy that delegates to nobody leaves the role's own policy without effect.
        (DECRYPTS, key(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"})), NO),
        (DECRYPTS, key(DELEGATES, deny("kms:Decrypt", "*", Principal="*")), NO),
        (deny("kms:*", "*"), key(NAMES_ROLE), NO),
        (DECRYPTS, None, UNKNOWN),
        (None, None, UNKNOWN),
        (deny("kms:*", "*"), None, NO),
        (allow("kms:*", "*", {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}), key(DELEGATES), YES),
        (allow("kms:*", "*", {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}), key(DELEGATES), NO),
        (None, key(allow("kms:*", "*", {"StringEquals": {"kms:CallerAccount": ACCOUNT}}, Principal="*")), YES),
    ],
)
def test_an_encrypted_bucket_needs_its_key(own: Any, key_policy: Document | None, answer: Answer) -> None:
    reader = role(allow(READ, [BUCKET, OBJECTS]), *([own] if own else []))
    assert may_read(reader, BucketAccess(NAME, kms_key_arn=KEY, key_policy=key_policy)).answer is answer


def test_the_key_of_another_account_needs_both_sides() -> None:
    foreign = KEY.replace(ACCOUNT, OTHER_ACCOUNT)
    reader = role(allow(READ, [BUCKET, OBJECTS]), allow("kms:Decrypt", foreign))
    assert may_read(reader, BucketAccess(NAME, kms_key_arn=foreign, key_policy=key(NAMES_ROLE))).answer is YES
    assert may_read(READER, BucketAccess(NAME, kms_key_arn=foreign, key_policy=key(NAMES_ROLE))).answer is NO
    assert may_read(reader, BucketAccess(NAME, kms_key_arn=foreign, key_policy=key(DELEGATES))).answer is YES
    to_its_owner = key({**DELEGATES, "Principal": {"AWS": OTHER_ACCOUNT}})
    assert may_read(reader, BucketAccess(NAME, kms_key_arn=foreign, key_policy=to_its_owner)).answer is NO


def test_which_key_an_alias_stands_for_is_not_known() -> None:
    alias = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/currents"
    bucket = BucketAccess(NAME, kms_key_arn=alias, key_policy=key(DELEGATES))
    effect = may_read(role(allow(READ, [BUCKET, OBJECTS]), DECRYPTS), bucket)
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"key_alias"})


def test_other_partitions_are_judged_by_their_own_arns() -> None:
    china = RolePermissions(ROLE.replace("arn:aws:", "arn:aws-cn:"), READER.identity)
    assert may_read(china, BucketAccess(NAME)).answer is NO
    statement = allow(READ, [BUCKET.replace("arn:aws:", "arn:aws-cn:"), OBJECTS.replace("arn:aws:", "arn:aws-cn:")])
    china = RolePermissions(china.role_arn, (Document("x", policy(statement)),))
    assert may_read(china, BucketAccess(NAME)).answer is YES


@pytest.mark.parametrize("prefix", ["", "currents"])
@pytest.mark.parametrize("boundary", [None, NO_LIMITS_AT_ALL])
@pytest.mark.parametrize("owner", [None, OTHER_ACCOUNT])
@pytest.mark.parametrize("kms_key_arn", ["", KEY, KEY.replace(ACCOUNT, OTHER_ACCOUNT)])
def test_with_what_is_missing_fivetran_may_read(
    prefix: str, boundary: Document | None, owner: str | None, kms_key_arn: str
) -> None:
    bucket = BucketAccess(NAME, prefix, of_bucket(), owner, kms_key_arn, key())
    reader = role(boundary=boundary)
    places = {f"the role {ROLE}": reader.identity[0], "the permissions boundary b": boundary}
    places |= {f"the bucket policy of {NAME}": bucket.policy, "the policy of the key": bucket.key_policy}
    lacking: dict[str, list[Any]] = {}
    # What a role may do with a key is looked at only where the key's policy lets it.
    for _round in range(2):
        for where, statements in missing(may_read(reader, bucket, True), reader, bucket).items():
            lacking.setdefault(where, []).extend(statements)
        added = {
            where: Document(where, policy(*document.content["Statement"], *lacking.get(where, [])))
            for where, document in places.items()
            if document is not None and document.content is not None
        }
        limit = added.get("the permissions boundary b")
        reader = RolePermissions(ROLE, (added[f"the role {ROLE}"],), limit)
        policies = added[f"the bucket policy of {NAME}"], owner, kms_key_arn, added["the policy of the key"]
        bucket = BucketAccess(NAME, prefix, *policies)
    assert may_read(reader, bucket, True).answer is YES
    assert is_wider(reader, bucket) == ()


def test_what_is_missing_is_the_least_that_helps() -> None:
    empty = role()
    bucket = BucketAccess(NAME, "/currents/", of_bucket(), OTHER_ACCOUNT, KEY, key())
    listed = {"StringLike": {"s3:prefix": ["currents", "currents/*"]}}
    needed = [
        allow(["s3:ListBucket"], [BUCKET], listed),
        allow(["s3:GetObject"], [f"{BUCKET}/currents/*"]),
    ]
    assert missing(may_read(empty, bucket), empty, bucket) == {
        f"the role {ROLE}": needed,
        f"the bucket policy of {NAME}": [{**one, "Principal": {"AWS": ROLE}} for one in needed],
        "the policy of the key": [allow(["kms:Decrypt"], ["*"], Principal={"AWS": ROLE})],
    }
    twice = Effect(Answer.NO, may_read(empty, bucket).reasons * 2)
    assert missing(twice, empty, bucket) == missing(may_read(empty, bucket), empty, bucket)


def test_no_allow_helps_against_a_deny() -> None:
    denied = role(allow("*", "*"), deny("s3:*", "*"))
    assert missing(may_read(denied, BucketAccess(NAME)), denied, BucketAccess(NAME)) == {}


def test_what_a_role_may_do_beside_reading_is_named() -> None:
    broad = role(allow("*", "*"), deny("s3:DeleteBucket", "*"))
    found = {(reason.code, reason.action) for reason in is_wider(broad, BucketAccess(NAME, "currents"))}
    assert found >= {("writes", "s3:PutObject"), ("every_bucket", "s3:GetObject"), ("other_service", "*:*")}
    assert ("writes", "s3:DeleteBucket") not in found
    narrow = role(allow("s3:PutObject", f"{BUCKET}/currents/out/*"))
    assert [reason.code for reason in is_wider(narrow, BucketAccess(NAME, "currents"))] == ["writes"]


# Trust


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        (trust(), YES),
        (trust("834469178297"), YES),
        (trust(["arn:aws:iam::1:root", FIVETRAN]), YES),
        (trust("*"), YES),
        ({**trust(), "Principal": "*"}, YES),
        (trust(FIVETRAN, ["x", GROUP]), YES),
        (trust(FIVETRAN, GROUP.upper()), NO),
        (trust(FIVETRAN, None), YES),
        (trust("arn:aws:iam::834469178297:role/x"), NO),
        (trust("arn:aws:iam::834469178297:user/*"), NO),
        (trust("arn:aws-cn:iam::834469178297:root"), NO),
        ({**trust(), "Action": ["sts:TagSession", "sts:AssumeRole"]}, YES),
        ({**trust(), "Action": "sts:*"}, YES),
        ({**trust(), "Action": "sts:AssumeRoleWithSAML"}, NO),
        ({**trust(), "Condition": {"StringLike": {"STS:externalid": "decent_*"}}}, YES),
        ({**trust(), "Condition": {"StringNotEquals": {"sts:ExternalId": "x"}}}, YES),
        ({**trust(), "Condition": {"Null": {"sts:ExternalId": "false"}}}, YES),
        ({**trust(), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, NO),
        ({**trust(), "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, UNKNOWN),
        ({**trust(), "Condition": {"StringEquals": {"aws:username": "gcp_donkey"}}}, YES),
        ({**trust(), "Principal": {"Service": "lambda.amazonaws.com"}}, NO),
        ({**trust(), "Principal": {"Federated": "cognito-identity.amazonaws.com"}}, NO),
    ],
)
def test_who_is_trusted_may_assume_the_role(statement: Any, answer: Answer) -> None:
    effect = may_assume(Document("the trust policy", policy(statement)), CALLER)
    assert effect.answer is answer
    assert effect.reasons


def test_a_deny_in_the_trust_policy_wins() -> None:
    both = policy(trust(), {**trust(external_id=None), "Effect": "Deny", "Sid": "Stop"})
    effect = may_assume(Document("the trust policy of r", both), CALLER)
    assert effect.answer is NO
    assert effect.reasons[0].text == "statement Stop of the trust policy of r denies sts:AssumeRole"


def test_why_fivetran_is_not_let_in_is_told_once() -> None:
    expired = {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    content = policy(trust(external_id="theirs"), {**trust(external_id=None), "Condition": expired})
    effect = may_assume(Document("the trust policy", content), CALLER)
    found = [(reason.code, reason.statement) for reason in effect.reasons]
    assert found == [("not_trusted", ""), ("other_external_id", "1"), ("condition_not_met", "2")]


def test_a_caller_without_an_external_id_is_not_let_in_by_one() -> None:
    assert may_assume(Document("t", policy(trust())), Caller(external_id="")).answer is NO


def test_a_trust_policy_that_was_not_read_says_nothing() -> None:
    effect = may_assume(Document("the trust policy of r", None), CALLER)
    assert (effect.answer, codes(effect)) == (UNKNOWN, {"unread"})
    assert trust_width(Document("the trust policy of r", None), CALLER) == ()


def test_what_else_is_trusted_is_named() -> None:
    content = policy(
        trust([FIVETRAN, f"arn:aws:iam::{OTHER_ACCOUNT}:root"], ["other_group", GROUP], Sid="Ours"),
        {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"},
        trust("arn:aws:iam::555566667777:root", "their_id"),
        {**trust("arn:aws:iam::555566667777:root"), "Effect": "Deny"},
    )
    width = trust_width(Document("the trust policy", content), CALLER)
    assert [(reason.code, reason.statement, reason.resource) for reason in width] == [
        ("other_principal", "Ours", f"arn:aws:iam::{OTHER_ACCOUNT}:root"),
        ("more_external_ids", "Ours", "other_group"),
        ("other_service", "2", "lambda.amazonaws.com"),
        ("other_principal", "3", "arn:aws:iam::555566667777:root"),
    ]


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringLike": {"sts:ExternalId": "*"}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": "834469178297"}},
        {"StringNotEquals": {"sts:ExternalId": "x"}},
    ],
)
def test_a_trust_that_any_group_of_fivetran_could_use_names_the_id_to_ask_for(condition: Any) -> None:
    content = policy({**trust(external_id=None), "Condition": condition})
    found = {reason.code: reason.text for reason in trust_width(Document("the trust policy", content), CALLER)}
    assert GROUP in found["no_external_id"]


def test_a_trust_that_conditions_narrow_is_not_called_open() -> None:
    ours_only = {"StringEquals": {"sts:ExternalId": GROUP, "aws:PrincipalAccount": "834469178297"}}
    for_others = {**trust(external_id=None), "Effect": "Deny"}
    for_others["Condition"] = {"StringNotEquals": {"sts:ExternalId": GROUP}}
    for content in (policy({**trust("*"), "Condition": ours_only}), policy(trust(external_id=None), for_others)):
        trusting = Document("the trust policy", content)
        assert may_assume(trusting, CALLER).answer is YES
        assert trust_width(trusting, CALLER) == ()
