# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the IAM policy and the role for Fivetran are to be, what is there, and what has to happen. Data only."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..._bucket.effect import Effect, Reason
from ..._kernel.finding import Finding
from ..effect.effect import Caller, Document, RolePermissions
from ..iam import tag_keys
from .documents import FIVETRAN_ACCOUNT, JsonObject, Reading, permission_document

# Says that the role s3_access made it, and for which External ID.
TAG = "onramp.braze_fivetran/external-id"

# Of a managed policy. Source: AWS's quotas of IAM.
LONGEST_POLICY = 6144
# So many managed policies a role may have, unless the account's quota was raised.
MOST_POLICIES = 10

_TAG_VALUE = re.compile(r"[\w .:/=+@-]{1,256}", re.ASCII)
# Before what stands for an External ID in its tag.
_CHECKSUM = "sha256:"


@dataclass(frozen=True)
class DesiredAccess:
    """What is wanted in the account. ``None`` leaves alone what is there."""

    policy_name: str
    role_name: str
    external_id: str
    reading: Reading
    trust: JsonObject
    account: str
    partition: str = "aws"
    path: str = "/"
    tags: Mapping[str, str] = field(default_factory=dict)
    max_session_duration: int | None = None
    permissions_boundary: str | None = None
    fivetran_account: str = FIVETRAN_ACCOUNT

    @property
    def caller(self) -> Caller:
        """Fivetran, as it assumes the role."""
        return Caller(account=self.fivetran_account, external_id=self.external_id, partition=self.partition)

    @property
    def permissions(self) -> JsonObject:
        return permission_document(self.reading)

    @property
    def policy_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:policy{self.path}{self.policy_name}"

    @property
    def role_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.path}{self.role_name}"

    @property
    def all_tags(self) -> dict[str, str]:
        return {**self.tags, TAG: tag_value(self.external_id)}


@dataclass(frozen=True)
class ActualPolicy:
    """The managed policy that is there. ``attached_to`` is read for a removal only.

    ``is_fresh``: it was written a while ago only, so that its author may still be at work.
    """

    arn: str
    document: JsonObject
    tags: Mapping[str, str]
    path: str = "/"
    attached_to: tuple[str, ...] = ()
    is_fresh: bool = False

    @property
    def name(self) -> str:
        """Return its name as it is spelled, which may differ in case from the one that is wanted."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class ActualRole:
    """The role that is there.

    ``documents``: of everything that is attached to it or stands in it; ``boundary``: that of its permissions boundary.
    Both are read unless for a removal, ``instance_profiles`` for a removal only.
    """

    arn: str
    trust: JsonObject
    tags: Mapping[str, str]
    path: str = "/"
    max_session_duration: int | None = None
    permissions_boundary: str = ""
    attached_policies: tuple[str, ...] = ()
    inline_policies: tuple[str, ...] = ()
    instance_profiles: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    boundary: Document | None = None

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    def session(self) -> RolePermissions:
        """Return what decides on whatever Fivetran does through the role."""
        return RolePermissions(self.arn, self.documents, self.boundary, known=tag_keys(self.tags))


@dataclass(frozen=True)
class Actual:
    """What is in the account under the two names.

    ``boundary``: the document of the permissions boundary that the role has, or is to have. ``similar_role``: the role
    whose name differs from the one that is looked for in case only, if there is one. ``most_policies``: how many a role
    may have, where so many are attached that it matters, and it is known.
    """

    policy: ActualPolicy | None = None
    role: ActualRole | None = None
    boundary: Document | None = None
    similar_role: str = ""
    most_policies: int | None = None

    def policy_arn(self, desired: DesiredAccess) -> str:
        """Return the ARN of the policy that is there, whatever its path and case, or that there will be."""
        return self.policy.arn if self.policy else desired.policy_arn


class Place(NamedTuple):
    """What Fivetran reads: a bucket, below a folder of it; empty for all."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (f"s3://{self.bucket}", self.prefix)))


@dataclass(frozen=True)
class PlaceJudgement:
    """What Fivetran may do at one place, and what a person has to know of that."""

    effect: Effect
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class AccessStep:
    """What has to happen to one of the two: ``create``, ``update``, ``delete`` or ``none``, and what differs."""

    action: str
    before: JsonObject = field(default_factory=dict)
    after: JsonObject = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.action != "none"


NOTHING = AccessStep("none")


@dataclass(frozen=True)
class AccessPlan:
    """The steps, and what a person has to know; findings of severity ``error`` forbid every step.

    ``trust``: whether Fivetran may assume the role; ``places``: what it may read through it, once the steps are done.
    ``foreign``: the role is somebody else's. ``wider``: what is allowed beside that; None where nobody has looked.
    """

    policy: AccessStep
    role: AccessStep
    findings: tuple[Finding, ...] = ()
    trust: Effect | None = None
    places: Mapping[Place, PlaceJudgement] = field(default_factory=dict)
    foreign: bool = False
    wider: tuple[Reason, ...] | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Return what concerns the role, then what concerns single places."""
        of_places = (finding for judgement in self.places.values() for finding in judgement.findings)
        return tuple(dict.fromkeys((*self.findings, *of_places)))

    @property
    def changes_permissions(self) -> bool:
        """Tell whether the steps change what the role may do, or make it."""
        is_other = self.role.action == "create" or not {"policy", "permissions_boundary"}.isdisjoint(self.role.after)
        return self.policy.changed or is_other


def is_ours(tags: Mapping[str, str]) -> bool:
    """Tell whether the role ``s3_access`` made it, for whichever External ID."""
    return TAG in tags


def tag_value(external_id: str) -> str:
    """Return the External ID as a tag can hold it: itself, or its SHA-256 where tags forbid its characters."""
    if _TAG_VALUE.fullmatch(external_id):
        return external_id
    return _CHECKSUM + hashlib.sha256(external_id.encode()).hexdigest()


def tagged_external_id(tags: Mapping[str, str]) -> str:
    """Return the External ID that was written by :func:`tag_value`; empty where there is none, or its SHA-256 alone."""
    value = tags.get(TAG, "")
    return "" if value.startswith(_CHECKSUM) else value
