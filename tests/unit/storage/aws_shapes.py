# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of access in AWS that people really gave to Fivetran, or that vendors' pages show, with what they are worth.

Each comment says where the shape is from; names, ids and values are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import (
    BucketAccess,
    Caller,
    Document,
    RolePermissions,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer

JsonObject = dict[str, Any]

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
FIVETRAN = "arn:aws:iam::834469178297:root"
GROUP, OTHER_GROUP = "decent_dropsy", "gallant_tundra"
NAME = "acme-currents-us"
BUCKET, OBJECTS = f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
READ = ["s3:Get*", "s3:List*"]


def policy(*statements: JsonObject, version: str = "2012-10-17") -> JsonObject:
    """Return a document of these statements."""
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any, resource: Any, condition: JsonObject | None = None, **more: Any) -> JsonObject:
    """Return a statement that allows something, with a condition and other elements if given."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {**statement, "Condition": condition} if condition else statement


def deny(action: Any, resource: Any, condition: JsonObject | None = None, **more: Any) -> JsonObject:
    """Return a statement that denies something."""
    return {**allow(action, resource, condition, **more), "Effect": "Deny"}


def trust(principal: Any = FIVETRAN, external_id: Any = GROUP, **more: Any) -> JsonObject:
    """Return a statement that trusts Fivetran, or somebody else."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return statement


READS_BUCKET = policy(allow(READ, [BUCKET, OBJECTS]))
TRUSTS_FIVETRAN = policy(trust())
SERVES_LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
DELEGATES_KEY = policy(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))


@dataclass(frozen=True)
class Shape:
    """A role, a bucket, and what is right about them. ``width``, ``wider``: the codes of what is more than needed.

    ``because``: words that occur in a reason. ``not_emulated``: why the emulator cannot be asked, if it cannot.
    """

    trust: JsonObject = field(default_factory=lambda: TRUSTS_FIVETRAN)
    attached: tuple[JsonObject, ...] = (READS_BUCKET,)
    inline: tuple[JsonObject, ...] = ()
    boundary: JsonObject | None = None
    bucket_policy: JsonObject | None = None
    key_policy: JsonObject | None = None
    encrypted: bool = False
    prefix: str = ""
    path: str = "/"
    owner: str | None = None
    assume: Answer = YES
    read: Answer = YES
    width: frozenset[str] = frozenset()
    wider: frozenset[str] = frozenset()
    because: str = ""
    not_emulated: str = ""

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role{self.path}Fivetran"

    @property
    def trust_document(self) -> Document:
        return Document("the trust policy of Fivetran", self.trust)

    @property
    def role(self) -> RolePermissions:
        attached = [
            Document(f"the policy arn:aws:iam::{ACCOUNT}:policy/p{number}", content)
            for number, content in enumerate(self.attached, start=1)
        ]
        inline = [Document(f"the inline policy i{number}", one) for number, one in enumerate(self.inline, start=1)]
        name = f"the permissions boundary arn:aws:iam::{ACCOUNT}:policy/limit"
        boundary = Document(name, self.boundary) if self.boundary else None
        return RolePermissions(self.role_arn, (*attached, *inline), boundary)

    @property
    def bucket(self) -> BucketAccess:
        return BucketAccess(
            NAME,
            self.prefix,
            Document(f"the bucket policy of {NAME}", self.bucket_policy) if self.bucket_policy else None,
            self.owner,
            KEY if self.encrypted else "",
            Document("the policy of the key", self.key_policy) if self.key_policy else None,
        )


CALLER = Caller(external_id=GROUP)

TLS = "the emulator speaks plain HTTP, so to it aws:SecureTransport is false"
ARN = "to the emulator aws:PrincipalArn of a session is the session's ARN, to AWS the role's"
NO_KMS = "the emulator does not ask KMS when it reads an object"

_LISTS_FOLDER = {"StringLike": {"s3:prefix": ["currents/*"]}}
_EVERYBODY: JsonObject = {"Principal": "*"}

SHAPES: Mapping[str, Shape] = {
    # The partner guide on braze.com, from 2019 until today; also Terraform modules in public repositories.
    "S01 two statements, as on braze.com": Shape(attached=(policy(allow(READ, OBJECTS), allow(READ, BUCKET)),)),
    # Fivetran's S3 guide; this is what the collection makes, too.
    "S02 one statement, as on fivetran.com": Shape(),
    # A Terraform module: the account without an ARN, and an empty Sid.
    "S03 the bare account": Shape(trust=policy(trust("834469178297", Sid=""))),
    # Fivetran's own demonstrations, and guides of third parties.
    "S04 inline, without the location": Shape(
        attached=(), inline=(policy(allow(["s3:GetObject", "s3:ListBucket"], [BUCKET, OBJECTS], Sid="Read")),)
    ),
    # Fivetran's own demonstrations.
    "S05 actions by resource": Shape(
        attached=(
            policy(
                allow(["s3:ListBucket", "s3:GetBucketLocation"], BUCKET, Sid="ListBucket"),
                allow("s3:GetObject", OBJECTS, Sid="ReadObjects"),
            ),
        )
    ),
    # A public module that means it: "every bucket".
    "S06 every bucket of the account": Shape(attached=(policy(allow(READ, "*")),), wider=frozenset({"every_bucket"})),
    # Data lakes that Fivetran writes, too.
    "S08 the data lake's policy": Shape(
        attached=(
            policy(
                allow(["s3:ListBucket"], [BUCKET], {"StringLike": {"s3:prefix": ["*"]}}),
                allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl"], [OBJECTS]),
            ),
        ),
        wider=frozenset({"writes"}),
    ),
    # CloudFormation, and the roles of Fivetran's managed data lake.
    "S09 the folder only": Shape(
        attached=(
            policy(
                allow(["s3:ListBucket", "s3:GetBucketLocation"], BUCKET, _LISTS_FOLDER),
                allow("s3:GetObject", f"{BUCKET}/currents/*"),
            ),
        ),
        prefix="currents",
    ),
    "S09 the folder only, for a connection that reads the whole bucket": Shape(
        attached=(
            policy(allow("s3:ListBucket", BUCKET, _LISTS_FOLDER), allow("s3:GetObject", f"{BUCKET}/currents/*")),
        ),
        read=NO,
        because="s3:prefix",
    ),
    # Fivetran's guide to Lambda sources.
    "S10 Lambda as well": Shape(
        trust=policy(SERVES_LAMBDA, trust()),
        inline=(policy(allow("lambda:InvokeFunction", "*")),),
        width=frozenset({"other_service"}),
        wider=frozenset({"other_service"}),
    ),
    "S11 two groups": Shape(
        trust=policy(trust(external_id=[OTHER_GROUP, GROUP])), width=frozenset({"more_external_ids"})
    ),
    # Destinations of Terraform's provider name the user.
    "S16 the user of Fivetran": Shape(trust=policy(trust("arn:aws:iam::834469178297:user/gcp_donkey"))),
    "S16 another user of Fivetran's account": Shape(
        trust=policy(trust("arn:aws:iam::834469178297:user/other")),
        assume=NO,
        width=frozenset({"other_principal"}),
        because="gcp_donkey",
    ),
    "S17 anybody with the id": Shape(trust=policy(trust("*")), width=frozenset({"any_principal"})),
    "S18 inline, as Terraform's inline_policy": Shape(attached=(), inline=(READS_BUCKET,)),
    "S22 SSE-KMS, the role may decrypt": Shape(
        attached=(policy(allow(READ, [BUCKET, OBJECTS]), allow("kms:Decrypt", KEY)),),
        encrypted=True,
        key_policy=DELEGATES_KEY,
        not_emulated=NO_KMS,
    ),
    "S22 SSE-KMS, the role may decrypt and nobody looked at the key's policy": Shape(
        attached=(policy(allow(READ, [BUCKET, OBJECTS]), allow("kms:Decrypt", KEY)),),
        encrypted=True,
        read=UNKNOWN,
        because="was not looked at",
        not_emulated=NO_KMS,
    ),
    # Fivetran's S3 guide: modify the key's policy.
    "S22 SSE-KMS, the key's policy names the role": Shape(
        encrypted=True,
        key_policy=policy(
            *DELEGATES_KEY["Statement"],
            allow("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Fivetran"}),
        ),
        not_emulated=NO_KMS,
    ),
    "S22 SSE-KMS, nobody may decrypt": Shape(
        encrypted=True, key_policy=DELEGATES_KEY, read=NO, because="does not allow kms:Decrypt", not_emulated=NO_KMS
    ),
    "S23 a boundary that allows S3": Shape(boundary=policy(allow(["s3:*", "logs:*"], "*"))),
    "S23 a boundary that does not": Shape(
        boundary=policy(allow(["ec2:*", "logs:*"], "*")),
        read=NO,
        because=f"the permissions boundary arn:aws:iam::{ACCOUNT}:policy/limit does not allow s3:GetObject",
    ),
    "S24 below a path": Shape(path="/vendors/"),
    # CDK: bucket.grantRead(role).
    "S25 CDK's grantRead": Shape(
        attached=(), inline=(policy(allow(["s3:GetObject*", "s3:GetBucket*", "s3:List*"], [BUCKET, OBJECTS])),)
    ),
    "S26 two buckets": Shape(
        attached=(policy(allow(READ, [BUCKET, OBJECTS, "arn:aws:s3:::acme-web", "arn:aws:s3:::acme-web/*"])),),
        wider=frozenset({"other_bucket"}),
    ),
    # Terraform's provider, issue 177.
    "S28 spread over two policies": Shape(
        attached=(
            policy(allow("s3:ListBucket", BUCKET)),
            policy(allow("s3:GetObject", OBJECTS), allow("glue:GetTable", "*")),
        ),
        wider=frozenset({"other_service"}),
    ),
    # terraform-aws-modules/s3-bucket, and what people write beside it.
    "S32 Deny statements that do not hit the role": Shape(
        bucket_policy=policy(
            deny("s3:*", [BUCKET, OBJECTS], {"Bool": {"aws:SecureTransport": "false"}}, **_EVERYBODY),
            deny("s3:*", [BUCKET, OBJECTS], {"NumericLessThan": {"s3:TlsVersion": "1.2"}}, **_EVERYBODY),
            deny(
                "s3:*",
                [BUCKET, OBJECTS],
                {"ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/Fivetran", "*:role/Admin"]}},
                **_EVERYBODY,
            ),
        ),
        not_emulated=f"{TLS}; {ARN}",
    ),
    "S32 a Deny for other organizations": Shape(
        bucket_policy=policy(
            deny("s3:*", [BUCKET, OBJECTS], {"StringNotEquals": {"aws:PrincipalOrgID": "o-acme"}}, **_EVERYBODY)
        ),
        read=UNKNOWN,
        because="aws:PrincipalOrgID",
    ),
    "S39 the version of 2008": Shape(attached=(policy(allow(READ, [BUCKET, OBJECTS]), version="2008-10-17"),)),
    "S43 s3:*": Shape(attached=(policy(allow("s3:*", [BUCKET, OBJECTS])),), wider=frozenset({"writes"})),
    # AWS's own policy AmazonS3ReadOnlyAccess.
    "AWS's read-only access to S3": Shape(
        attached=(policy(allow(["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*"], "*")),),
        wider=frozenset({"every_bucket", "other_service"}),
    ),
    # What "Revoke active sessions" of the IAM console writes, AWSRevokeOlderSessions.
    "older sessions were revoked": Shape(
        inline=(policy(deny(["*"], ["*"], {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00.000Z"}})),)
    ),
    "an inline Deny on objects": Shape(
        inline=(policy(deny("s3:GetObject", "*", Sid="NoObjects")),),
        read=NO,
        because="statement NoObjects of the inline policy i1 denies s3:GetObject",
    ),
    # AWS's documentation of S3: require MFA.
    "a bucket that asks for MFA": Shape(
        bucket_policy=policy(deny("s3:*", OBJECTS, {"Null": {"aws:MultiFactorAuthAge": "true"}}, **_EVERYBODY)),
        read=NO,
        because="denies s3:GetObject",
    ),
    # AWS's documentation of S3: restrict access to a VPC endpoint.
    "a bucket that asks for a VPC endpoint": Shape(
        bucket_policy=policy(
            deny("s3:*", [BUCKET, OBJECTS], {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, **_EVERYBODY)
        ),
        read=NO,
        because="denies s3:ListBucket",
    ),
    # AWS's documentation of S3: restrict access to addresses.
    "a bucket that asks for addresses": Shape(
        bucket_policy=policy(
            deny("s3:*", [BUCKET, OBJECTS], {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, **_EVERYBODY)
        ),
        read=UNKNOWN,
        because="aws:SourceIp",
    ),
    # AWS's documentation: data perimeter, by the ids of principals.
    "a bucket for named ids only": Shape(
        bucket_policy=policy(
            deny("s3:*", [BUCKET, OBJECTS], {"StringNotLike": {"aws:userId": ["AIDA1:*", ACCOUNT]}}, **_EVERYBODY)
        ),
        read=NO,
        because="denies s3:GetObject",
    ),
    "a Deny for a part of the folder": Shape(
        bucket_policy=policy(deny("s3:GetObject", f"{BUCKET}/currents/secret/*", **_EVERYBODY)),
        prefix="currents",
        read=NO,
        wider=frozenset({"outside_folder"}),
        because="/currents/secret/*",
        not_emulated="which object is asked for decides",
    ),
    "the bucket's policy names the role, which has no policy of its own": Shape(
        attached=(),
        bucket_policy=policy(
            allow(READ, [BUCKET, OBJECTS], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Fivetran"}),
        ),
    ),
    "the bucket's policy names the account of the role, which has no policy of its own": Shape(
        attached=(),
        bucket_policy=policy(allow(READ, [BUCKET, OBJECTS], Principal={"AWS": ACCOUNT})),
        read=NO,
        because=f"the role arn:aws:iam::{ACCOUNT}:role/Fivetran does not allow s3:ListBucket",
    ),
    "a bucket of another account that knows nothing of the role": Shape(
        owner=OTHER_ACCOUNT, read=NO, because=f"the bucket policy of {NAME} does not allow s3:GetObject"
    ),
    "a bucket of another account that trusts the role's account": Shape(
        owner=OTHER_ACCOUNT,
        bucket_policy=policy(allow(READ, [BUCKET, OBJECTS], Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    ),
    "only the list": Shape(
        attached=(policy(allow("s3:List*", BUCKET)),), read=NO, because="does not allow s3:GetObject"
    ),
    "another group's id": Shape(
        trust=policy(trust(external_id=OTHER_GROUP)),
        assume=NO,
        width=frozenset({"more_external_ids"}),
        because=f"asks for the External ID {OTHER_GROUP}, not for {GROUP}",
    ),
    "no External ID": Shape(trust=policy(trust(external_id=None)), width=frozenset({"no_external_id"})),
    "a trust that has expired": Shape(
        trust=policy(
            {
                **trust(external_id=None),
                "Condition": {
                    "StringEquals": {"sts:ExternalId": GROUP},
                    "DateLessThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"},
                },
            }
        ),
        assume=NO,
        because="aws:CurrentTime",
    ),
    "a trust that asks for MFA": Shape(
        trust=policy({**trust(), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
        assume=NO,
        because="aws:MultiFactorAuthPresent",
    ),
    "a trust that asks for a session's name": Shape(
        trust=policy({**trust(), "Condition": {"StringLike": {"sts:RoleSessionName": "fivetran*"}}}),
        assume=UNKNOWN,
        because="sts:RoleSessionName",
        not_emulated="which name Fivetran gives decides",
    ),
}
