# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to the bucket of shop_us as people really make it by hand, with Terraform or CDK; none of it bears our tag."""

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


def allow(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """Return a statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


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
    """A role, what is attached to it, and what stands in it. ``source``: where people do it so."""

    source: str = ""
    managed: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    inline: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    trust: Sequence[Statement] = (trusts(),)
    role: str = "Fivetran"
    path: str = "/"
    attached: Sequence[str] = ()
    bucket_policy: Sequence[Statement] = ()
    boundary: Sequence[Statement] | None = None
    version: str = "2012-10-17"

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role{self.path}{self.role}"

    def document(self, statements: Sequence[Statement]) -> str:
        return json.dumps({"Version": self.version, "Statement": list(statements)})

    def build(self, sandbox: Sandbox) -> None:
        """Make it in the customer's account."""
        iam = sandbox.aws("iam")
        more: dict[str, Any] = {}
        if self.boundary is not None:
            bound = iam.create_policy(PolicyName="bound", PolicyDocument=self.document(self.boundary))
            more = {"PermissionsBoundary": bound["Policy"]["Arn"]}
        iam.create_role(RoleName=self.role, Path=self.path, AssumeRolePolicyDocument=self.document(self.trust), **more)
        for name, statements in self.managed.items():
            policy = iam.create_policy(PolicyName=name, PolicyDocument=self.document(statements))
            iam.attach_role_policy(RoleName=self.role, PolicyArn=policy["Policy"]["Arn"])
        for arn in self.attached:
            iam.attach_role_policy(RoleName=self.role, PolicyArn=arn)
        for name, statements in self.inline.items():
            iam.put_role_policy(RoleName=self.role, PolicyName=name, PolicyDocument=self.document(statements))
        if self.bucket_policy:
            sandbox.aws("s3").put_bucket_policy(Bucket=world.S3_BUCKET, Policy=self.document(self.bucket_policy))


# Through these, Fivetran reads today.
ENOUGH: Mapping[str, Shape] = {
    "the partner guide": Shape("Braze's and Fivetran's partner guide", {"Fivetran-S3-Access": GUIDE}),
    "list and read apart": Shape(
        "least privilege in Terraform, W-01",
        {
            "Fivetran-S3-Access": (
                allow(["s3:ListBucket", "s3:GetBucketLocation"], BUCKET, Sid="List"),
                allow("s3:GetObject", OBJECTS, Sid="Read"),
            )
        },
    ),
    "every bucket": Shape("W-02", {"fivetran-read": (allow(["s3:Get*", "s3:List*"], "*"),)}),
    "everything on the bucket": Shape("W-04", inline={"all": (allow("s3:*", [BUCKET, OBJECTS]),)}),
    "the data lake's": Shape(
        "Fivetran's data lake guide, W-05",
        {
            "fivetran-S3-access": (
                allow("s3:ListBucket", [BUCKET], Condition={"StringLike": {"s3:prefix": ["*"]}}),
                allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], OBJECTS),
            )
        },
    ),
    "the folder only": Shape(
        "CloudFormation, W-07",
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
    ),
    "two policies": Shape(
        "W-08", {"lists": (allow("s3:ListBucket", BUCKET),), "reads": (allow("s3:GetObject", OBJECTS),)}
    ),
    "CDK's grantRead": Shape(
        "aws-cdk, W-09",
        inline={
            "FivetranRoleDefaultPolicyA1B2": (allow(["s3:GetBucket*", "s3:GetObject*", "s3:List*"], [BUCKET, OBJECTS]),)
        },
    ),
    "AWS's own": Shape("the console", attached=("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",)),
    "an old version": Shape("the console, W-12", {"Fivetran-S3-Access": GUIDE}, version="2008-10-17"),
    "Lambda as well": Shape("Fivetran's Lambda guide, W-13", {"Fivetran-S3-Access": GUIDE}, trust=(trusts(), LAMBDA)),
    "two groups": Shape(
        "W-15", {"Fivetran-S3-Access": GUIDE}, trust=(trusts(external_id=[world.SECOND_GROUP_ID, world.GROUP_ID]),)
    ),
    "a bare account": Shape(
        "terraform-provider-fivetran", {"Fivetran-S3-Access": GUIDE}, trust=(trusts("834469178297"),)
    ),
    "Fivetran's user": Shape(
        "terraform-provider-fivetran, S16",
        {"Fivetran-S3-Access": GUIDE},
        trust=(trusts("arn:aws:iam::834469178297:user/gcp_donkey"),),
    ),
    "another path": Shape("Terraform, W-22", {"Fivetran-S3-Access": GUIDE}, path="/vendors/"),
    "a boundary that allows": Shape(
        "W-23", {"Fivetran-S3-Access": GUIDE}, boundary=(allow("s3:*", "*"), allow("sts:*", "*"))
    ),
}

# These stop Fivetran, and where they stand has to be named.
FORBIDDEN: Mapping[str, tuple[Shape, str]] = {
    "a boundary": (
        Shape("W-24", {"Fivetran-S3-Access": GUIDE}, boundary=(allow("ec2:*", "*"),)),
        "the permissions boundary arn:aws:iam::111122223333:policy/bound",
    ),
    "an inline Deny": (
        Shape(
            "W-25",
            {"Fivetran-S3-Access": GUIDE},
            inline={"no-objects": ({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},)},
        ),
        "the inline policy no-objects",
    ),
}
