# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the IAM roles of an account that Fivetran can assume, and read what each of them may do.

Nothing is written. A policy that the credentials may not read is a document without content, never a failure.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._bucket.effect import Answer, Effect, Reason, all_of
from .access.documents import FIVETRAN_ACCOUNT, JsonObject
from .access.model import TAG, tag_value
from .bucket import QUESTIONS, S3Bucket, policy_of
from .effect.effect import BucketAccess, Caller, Document, RolePermissions, may_assume, may_read
from .errors import ask
from .iam import ManagedPolicy, PolicyReader, attached_to, decoded, inline_of, pages, permitted, tag_keys, tags, unread


@dataclass(frozen=True)
class TrustingRole:
    """A role, as IAM lists it."""

    arn: str
    name: str
    path: str
    role_id: str
    trust: JsonObject


@dataclass(frozen=True)
class RoleDetails:
    """What a role may do, and who made it. ``tags``: empty also where they may not be read."""

    permissions: RolePermissions
    attached: tuple[ManagedPolicy, ...]
    tags: Mapping[str, str]

    def made_here_for(self, external_id: str) -> bool:
        """Tell whether this collection has made the role, for this External ID."""
        return self.tags.get(TAG) == tag_value(external_id)

    def policy_made_here_for(self, external_id: str) -> ManagedPolicy | None:
        """Return the attached policy that this collection has made for this External ID."""
        return next((policy for policy in self.attached if policy.tags.get(TAG) == tag_value(external_id)), None)


def list_roles(iam: Any) -> list[TrustingRole]:
    """Return all roles of the account.

    :raises OnrampError: a refusal, or no usable answer.
    """
    return pages(iam, "iam:ListRoles", "list_roles", lambda page: map(_role, page["Roles"]))


def _role(role: JsonObject) -> TrustingRole:
    trust = decoded(role["AssumeRolePolicyDocument"])
    return TrustingRole(role["Arn"], role["RoleName"], role["Path"], role["RoleId"], trust)


def assumable(roles: Iterable[TrustingRole], external_id: str, partition: str) -> Iterator[tuple[TrustingRole, Effect]]:
    """Yield the roles that Fivetran can assume under an External ID, or perhaps can, and the answer for each."""
    caller = Caller(account=FIVETRAN_ACCOUNT, external_id=external_id, partition=partition)
    for role in roles:
        effect = may_assume(Document(f"the trust policy of {role.arn}", role.trust), caller)
        # Of roles that have nothing to do with Fivetran, what cannot be told is of no interest.
        if effect.answer is Answer.YES or (effect.answer is Answer.UNKNOWN and FIVETRAN_ACCOUNT in str(role.trust)):
            yield role, effect


class RoleReader:
    """Reads what roles may do. Policies that several of them share are read once; threads may share a reader."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam
        self._policies = PolicyReader(iam)

    def read(self, role: TrustingRole) -> RoleDetails:
        """Return what a role may do.

        :raises OnrampError: no usable answer; what may not be read is none.
        """
        found = permitted(lambda: self._tags_and_boundary(role.name))
        labels, boundary = found or ({}, None)
        attached, unlisted = self._attached(role)
        permissions = RolePermissions(
            role_arn=role.arn,
            identity=(*(policy.document for policy in attached), *self._inline(role), *unlisted),
            boundary=self._boundary(boundary),
            known={"aws:userid": f"{role.role_id}:*", **tag_keys(labels)},
        )
        return RoleDetails(permissions, attached, labels)

    def _tags_and_boundary(self, name: str) -> tuple[dict[str, str], str]:
        """Return what the listing of roles leaves out."""

        def read(answer: JsonObject) -> tuple[dict[str, str], str]:
            role = answer["Role"]
            return tags(role), role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")

        found: tuple[dict[str, str], str] = ask("iam:GetRole", self._iam.get_role, read, RoleName=name)
        return found

    def _attached(self, role: TrustingRole) -> tuple[tuple[ManagedPolicy, ...], tuple[Document, ...]]:
        """Return the attached policies; beside them, what stands for those that may not be listed."""
        arns = permitted(lambda: attached_to(self._iam, role.name))
        if arns is None:
            return (), (unread(f"the policies that are attached to {role.arn}", "iam:ListAttachedRolePolicies"),)
        return tuple(map(self._policies.managed, arns)), ()

    def _inline(self, role: TrustingRole) -> Iterator[Document]:
        names = permitted(lambda: inline_of(self._iam, role.name))
        if names is None:
            yield unread(f"the inline policies of {role.arn}", "iam:ListRolePolicies")
        for name in names or ():
            yield self._policies.inline(role.name, name)

    def _boundary(self, arn: str | None) -> Document | None:
        """Return the permissions boundary, if there is one; ``arn``: None if that may not be known."""
        if arn is None:
            return unread("the permissions boundary, if there is one,", "iam:GetRole")
        return self._policies.boundary(arn)


def reads(permissions: RolePermissions, bucket: S3Bucket, folder: str) -> Effect:
    """Tell whether the role can read a folder of a bucket, by what was seen of both."""
    if bucket.exists is not True:
        answer = Answer.NO if bucket.exists is False else Answer.UNKNOWN
        text = "there is no bucket" if bucket.exists is False else "these credentials may not look at the bucket"
        return Effect(answer, (Reason("bucket", f"{text} {bucket.name}"),))
    access = BucketAccess(
        bucket=bucket.name,
        prefix=folder,
        policy=policy_of(bucket),
        owner_account=None if bucket.in_this_account else "another",
        kms_key_arn=str(bucket.encryption.get("KMSMasterKeyID") or ""),
    )
    return all_of([may_read(permissions, access), *_unknown_key(bucket)])


def _unknown_key(bucket: S3Bucket) -> Iterator[Effect]:
    if "get_bucket_encryption" not in bucket.answers:
        action = QUESTIONS["get_bucket_encryption"].action
        text = f"{action} is not allowed, so that it is not known with which key {bucket.name} is encrypted"
        yield Effect(Answer.UNKNOWN, (Reason("unread", text, action=action),))
