# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Fivetran may read a bucket through a role. Pure functions.

Sources: Fivetran's setup guides, AWS's documentation of what S3 and KMS ask for.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ..._bucket.effect import Answer, Effect, Reason, all_of
from .condition import UNKNOWN
from .decision import RolePermissions, may_do
from .pattern import Alternatives
from .statement import Document

_ACCESS_POINT = "-s3alias"
# The request to KMS is S3's own, in the name of the role.
_UNKNOWN_OF_KMS = (
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:ViaAWSService",
)


@dataclass(frozen=True)
class BucketAccess:
    """A bucket, or the folder ``prefix`` of it, and who decides about it.

    ``policy``: None if the bucket has none. ``owner_account``: None if it is the role's. ``kms_key_arn``: the
    customer's own key that its objects are encrypted with. ``key_policy``: None if nobody looked at it.
    """

    bucket: str
    prefix: str = ""
    policy: Document | None = None
    owner_account: str | None = None
    kms_key_arn: str = ""
    key_policy: Document | None = None

    @property
    def folder(self) -> str:
        return self.prefix.strip("/")

    @property
    def literal_folder(self) -> str:
        """Return the folder as a pattern that stands for itself."""
        return _literally(self.folder)


@dataclass(frozen=True)
class BucketReading:
    """What Fivetran does with the bucket, in the words of AWS."""

    role: RolePermissions
    bucket: BucketAccess
    now: datetime | None = None

    @property
    def arn(self) -> str:
        return f"arn:{self.role.asker.partition}:s3:::{_literally(self.bucket.bucket)}"

    @property
    def objects(self) -> str:
        folder = self.bucket.literal_folder
        return f"{self.arn}/{folder}/*" if folder else f"{self.arn}/*"

    def may(self, action: str, resource: str, **context: Alternatives) -> Effect:
        """Tell whether the role may do something with the bucket."""
        account = self.role.asker.account
        owner = self.bucket.owner_account or account
        values: dict[str, Alternatives] = {"aws:ResourceAccount": (owner,), "s3:ResourceAccount": (owner,)}
        values.update({f"s3:{name}": value for name, value in context.items()})
        policy = self.bucket.policy or Document(f"the bucket policy of {self.bucket.bucket}", {"Statement": []})
        return may_do(self.role, action, resource, policy, values, owner == account, self.now)

    def may_list(self) -> Effect:
        """Tell whether it may list the folder and what is below. How Fivetran spells the folder, it does not say."""
        folder = self.bucket.literal_folder
        found = self._may_list(f"{folder}/*" if folder else "")
        if found.answer is Answer.NO and folder and self._may_list(folder).answer is not Answer.NO:
            text = (
                f"the folder {self.bucket.folder} may be listed by its bare name only, which may or may not be enough"
            )
            return Effect(Answer.UNKNOWN, (Reason("only_bare_prefix", text, "", "", "s3:ListBucket", self.arn),))
        return found

    def _may_list(self, prefix: str) -> Effect:
        return self.may("s3:ListBucket", self.arn, prefix=(prefix,), delimiter=UNKNOWN)

    def may_decrypt(self) -> Effect:
        """Tell whether the key of the bucket may be used for reading."""
        bucket, account = self.bucket, self.role.asker.account
        region, owner, key = [*bucket.kms_key_arn.split(":", 5)[3:], "", "", ""][:3]
        context: dict[str, Alternatives] = {
            "kms:CallerAccount": (account,),
            "kms:ViaService": (f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}",),
            "kms:EncryptionContext:aws:s3:arn": (self.arn, self.objects),
            "kms:EncryptionContextKeys": ("aws:s3:arn",),
            **{key: UNKNOWN for key in _UNKNOWN_OF_KMS},
        }
        unseen = Document(f"the policy of the key {bucket.kms_key_arn}", None, "it was not looked at")
        policy = bucket.key_policy or unseen
        found = may_do(self.role, "kms:Decrypt", bucket.kms_key_arn, policy, context, owner in ("", account), self.now)
        if found.answer is Answer.NO and not key.startswith("key/"):
            text = f"which key {bucket.kms_key_arn} stands for is not known, and policies name keys"
            return Effect(Answer.UNKNOWN, (Reason("key_alias", text, resource=bucket.kms_key_arn),))
        return found


def may_read(
    role: RolePermissions, bucket: BucketAccess, location_needed: bool = False, now: datetime | None = None
) -> Effect:
    """Tell whether Fivetran, once it has assumed the role, may do all that it needs with the bucket.

    ``location_needed``: whether Fivetran fails without the bucket's region; where it does not, a role that may not ask
    for it is only mentioned. ``now``: by default the moment of the call.
    """
    if bucket.bucket.endswith(_ACCESS_POINT):
        text = f"{bucket.bucket} is an access point, whose own policy and bucket are not known"
        return Effect(Answer.UNKNOWN, (Reason("access_point", text),))
    reading = BucketReading(role, bucket, now)
    location = reading.may("s3:GetBucketLocation", reading.arn)
    needed = [reading.may_list(), reading.may("s3:GetObject", reading.objects)]
    needed += [location] if location_needed else []
    needed += [reading.may_decrypt()] if bucket.kms_key_arn else []
    found = all_of(needed)
    if found.answer is Answer.YES and location.answer is not Answer.YES:
        extra = (replace(reason, code="location_not_allowed") for reason in location.reasons)
        return Effect(Answer.YES, (*found.reasons, *extra))
    return found


def _literally(text: str) -> str:
    """Return a text as a pattern that stands for itself."""
    return "".join(f"${{{character}}}" if character in "*?$" else character for character in text)
