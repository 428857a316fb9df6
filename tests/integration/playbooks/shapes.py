# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to the bucket of shop_us as people really make it by hand, with Terraform or CDK; none of it bears our tag.

The kinds were collected from public repositories and vendors' pages; each has a number (W-01 ...), as has every case
that ``test_adopt_s3.py`` lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

Statement = Mapping[str, Any]
BUCKET = f"arn:aws:s3:::{world.S3_BUCKET}"
OBJECTS = f"{BUCKET}/*"
FIVETRAN = "arn:aws:iam::834469178297:root"
# Stands for the key of the bucket, which gets its number when it is made.
KEY = f"arn:aws:kms:us-east-1:{CUSTOMER_ACCOUNT}:key/of-the-bucket"


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """Return a statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """Return a statement of a policy that forbids something."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trusts(principal: Any = FIVETRAN, external_id: Any = world.GROUP_ID, operator: str = "StringEquals") -> Statement:
    """Return a statement of a trust policy."""
    who = principal if isinstance(principal, dict) or principal == "*" else {"AWS": principal}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
    if external_id is not None:
        statement["Condition"] = {operator: {"sts:ExternalId": external_id}}
    return statement


GUIDE = (allow(["s3:Get*", "s3:List*"], OBJECTS), allow(["s3:Get*", "s3:List*"], BUCKET))
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@dataclass(frozen=True)
class Shape:
    """A role, what is attached to it, and what stands in it.

    ``source``: where people do it so. ``case``: its number. ``key``: the policy of the KMS key that encrypts the
    bucket. ``warned``: what onboarding warns of. ``variables``: what the inventory says of it.
    """

    source: str = ""
    managed: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    inline: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    trust: Sequence[Statement] = (trusts(),)
    role: str = "Fivetran"
    path: str = "/"
    attached: Sequence[str] = ()
    bucket_policy: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    key: Sequence[Statement] | None = None
    version: str = "2012-10-17"
    case: str = ""
    warned: Sequence[str] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role{self.path}{self.role}"

    def document(self, statements: Sequence[Statement]) -> str:
        return json.dumps({"Version": self.version, "Statement": list(statements)})

    def build(self, sandbox: Sandbox) -> None:
        """Make it in the customer's account."""
        iam, more = sandbox.aws("iam"), dict(self.attributes)
        key = encrypt(sandbox) if self.key is not None else KEY
        if self.boundary is not None:
            bound = iam.create_policy(PolicyName="bound", PolicyDocument=self.document(self.boundary))
            more["PermissionsBoundary"] = bound["Policy"]["Arn"]
        iam.create_role(RoleName=self.role, Path=self.path, AssumeRolePolicyDocument=self.document(self.trust), **more)
        for name, statements in self.managed.items():
            document = self.document(statements).replace(KEY, key)
            policy = iam.create_policy(PolicyName=name, PolicyDocument=document)
            iam.attach_role_policy(RoleName=self.role, PolicyArn=policy["Policy"]["Arn"])
        for arn in self.attached:
            iam.attach_role_policy(RoleName=self.role, PolicyArn=arn)
        for name, statements in self.inline.items():
            document = self.document(statements).replace(KEY, key)
            iam.put_role_policy(RoleName=self.role, PolicyName=name, PolicyDocument=document)
        if self.bucket_policy:
            sandbox.aws("s3").put_bucket_policy(Bucket=world.S3_BUCKET, Policy=self.document(self.bucket_policy))
        if self.key is not None:
            sandbox.aws("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=self.document(self.key))


def encrypt(sandbox: Sandbox) -> str:
    """Let a key of the customer encrypt the bucket; return its ARN."""
    key = str(sandbox.aws("kms").create_key()["KeyMetadata"]["Arn"])
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    encryption = {"Rules": [rule]}
    sandbox.aws("s3").put_bucket_encryption(Bucket=world.S3_BUCKET, ServerSideEncryptionConfiguration=encryption)
    return key


# The policy that AWS gives to a key: it leaves everything to IAM.
LEFT_TO_IAM = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{CUSTOMER_ACCOUNT}:root"})
LETS_DECRYPT = allow(["kms:Decrypt"], "*", Principal={"AWS": f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran"})
NOT_BY_BRAZE = "which Braze Currents does not support"

# Through these, Fivetran reads today.
ENOUGH: Mapping[str, Shape] = {
    "the partner guide": Shape("Braze's and Fivetran's partner guide", {"Fivetran-S3-Access": GUIDE}),
    "list and read apart": Shape(
        "least privilege in Terraform",
        {
            "Fivetran-S3-Access": (
                allow(["s3:ListBucket", "s3:GetBucketLocation"], BUCKET, Sid="List"),
                allow("s3:GetObject", OBJECTS, Sid="Read"),
            )
        },
        case="W-01",
    ),
    "every bucket": Shape("elsewhere common", {"fivetran-read": (allow(["s3:Get*", "s3:List*"], "*"),)}, case="W-02"),
    "everything on the bucket": Shape(
        "elsewhere common", inline={"all": (allow("s3:*", [BUCKET, OBJECTS]),)}, case="W-04"
    ),
    "the data lake's": Shape(
        "Fivetran's data lake guide",
        {
            "fivetran-S3-access": (
                allow("s3:ListBucket", [BUCKET], Condition={"StringLike": {"s3:prefix": ["*"]}}),
                allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], OBJECTS),
            )
        },
        case="W-05",
    ),
    "the folder only": Shape(
        "CloudFormation",
        {
            "FivetranS3Policy": (
                allow(
                    ["s3:ListBucket", "s3:GetBucketLocation"],
                    BUCKET,
                    Condition={"StringLike": {"s3:prefix": "currents/*"}},
                ),
                allow("s3:GetObject", f"{BUCKET}/currents/*"),
            )
        },
        case="W-07",
        variables={"s3_access_scope": "prefix"},
    ),
    "two policies": Shape(
        "terraform-provider-fivetran",
        {"lists": (allow("s3:ListBucket", BUCKET),), "reads": (allow("s3:GetObject", OBJECTS),)},
        case="W-08",
    ),
    "CDK's grantRead": Shape(
        "aws-cdk",
        inline={
            "FivetranRoleDefaultPolicyA1B2": (allow(["s3:GetBucket*", "s3:GetObject*", "s3:List*"], [BUCKET, OBJECTS]),)
        },
        case="W-09",
    ),
    "AWS's own": Shape("the console", attached=("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",)),
    "an old version": Shape("the console", {"Fivetran-S3-Access": GUIDE}, version="2008-10-17", case="W-12"),
    "Lambda as well": Shape(
        "Fivetran's Lambda guide", {"Fivetran-S3-Access": GUIDE}, trust=(trusts(), LAMBDA), case="W-13"
    ),
    "two groups": Shape(
        "elsewhere common",
        {"Fivetran-S3-Access": GUIDE},
        trust=(trusts(external_id=[world.SECOND_GROUP_ID, world.GROUP_ID]),),
        case="W-15",
    ),
    "a bare account": Shape(
        "terraform-provider-fivetran", {"Fivetran-S3-Access": GUIDE}, trust=(trusts("834469178297"),)
    ),
    "Fivetran's user": Shape(
        "terraform-provider-fivetran, S16",
        {"Fivetran-S3-Access": GUIDE},
        trust=(trusts("arn:aws:iam::834469178297:user/gcp_donkey"),),
    ),
    "another path": Shape("Terraform", {"Fivetran-S3-Access": GUIDE}, path="/vendors/", case="W-22"),
    "a boundary that allows": Shape(
        "elsewhere common",
        {"Fivetran-S3-Access": GUIDE},
        boundary=(allow("s3:*", "*"), allow("sts:*", "*")),
        attributes={"MaxSessionDuration": 43200, "Description": "Fivetran", "Tags": [{"Key": "team", "Value": "data"}]},
        case="W-23",
    ),
    "anybody with the External ID": Shape(
        "elsewhere common",
        {"Fivetran-S3-Access": GUIDE},
        trust=(trusts("*"),),
        case="W-21",
        warned=(
            "Others than this Fivetran group can read",
            "trusts every AWS account; it is enough to name 834469178297",
        ),
    ),
    "a key by a statement of its own": Shape(
        "Fivetran's S3 guide",
        {"Fivetran-S3-Access": (*GUIDE, allow("kms:Decrypt", KEY))},
        key=(LEFT_TO_IAM,),
        case="W-31",
        warned=(NOT_BY_BRAZE,),
    ),
    "a key by the key's own policy": Shape(
        "Fivetran's S3 guide",
        {"Fivetran-S3-Access": GUIDE},
        key=(LEFT_TO_IAM, LETS_DECRYPT),
        case="W-32",
        warned=(NOT_BY_BRAZE, "the policy of the key, which is not looked at, may"),
    ),
    "a bucket for TLS": Shape(
        "terraform-aws-modules/s3-bucket",
        {"Fivetran-S3-Access": GUIDE},
        bucket_policy=(
            deny("s3:*", [BUCKET, OBJECTS], Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        ),
        case="W-33",
    ),
    "a bucket for new versions of TLS": Shape(
        "terraform-aws-modules/s3-bucket",
        {"Fivetran-S3-Access": GUIDE},
        bucket_policy=(
            deny("s3:*", [BUCKET, OBJECTS], Principal="*", Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        ),
        case="W-47",
    ),
}

# These stop Fivetran, and where they stand has to be named.
FORBIDDEN: Mapping[str, tuple[Shape, str]] = {
    "a boundary": (
        Shape("elsewhere common", {"Fivetran-S3-Access": GUIDE}, boundary=(allow("ec2:*", "*"),), case="W-24"),
        "the permissions boundary arn:aws:iam::111122223333:policy/bound",
    ),
    "an inline Deny": (
        Shape(
            "elsewhere common",
            {"Fivetran-S3-Access": GUIDE},
            inline={"no-objects": (deny("s3:GetObject", "*"),)},
            case="W-25",
        ),
        "the inline policy no-objects",
    ),
}

NEITHER_DECRYPTS = Shape("Fivetran's S3 guide", {"Fivetran-S3-Access": GUIDE}, key=(LEFT_TO_IAM,), case="W-32")

# These forbid something to others only. The sandbox knows no organizations, and compares a session's ARN where AWS
# compares the role's, so that its Fivetran is kept out.
NOT_MEANT: Mapping[str, Shape] = {
    "all but the role": Shape(
        "elsewhere common",
        {"Fivetran-S3-Access": GUIDE},
        bucket_policy=(
            deny(
                "s3:*",
                [BUCKET, OBJECTS],
                Principal="*",
                Condition={
                    "ArnNotLike": {
                        "aws:PrincipalArn": [
                            f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran",
                            f"arn:aws:iam::{CUSTOMER_ACCOUNT}:root",
                        ]
                    }
                },
            ),
        ),
        case="W-33",
    ),
    "another organization": Shape(
        "elsewhere common",
        {"Fivetran-S3-Access": GUIDE},
        bucket_policy=(
            deny(
                "s3:*",
                [BUCKET, OBJECTS],
                Principal="*",
                Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
            ),
        ),
        case="W-33",
        warned=("aws:PrincipalOrgID",),
    ),
}


def ids(shapes: Mapping[str, Shape]) -> list[str]:
    """Return what tests are called by: number and name."""
    return [f"{shape.case} {name}".strip() for name, shape in shapes.items()]
