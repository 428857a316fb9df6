# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide what has to happen to the IAM policy and the role for Fivetran, and whose they are. Pure functions.

What the role ``s3_access`` has made bears a tag with the External ID. Drift of what is ours is repaired; what somebody
else made is refused unless it is to be adopted. "Exactly as these variables make it" needs no tag: who followed the
guide by hand is in the right state already.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .finding import Finding
from .s3_documents import (
    JsonObject,
    Reading,
    external_ids,
    granted_buckets,
    is_possible,
    permission_document,
    same_document,
)

# Says that the role s3_access made it, and for which External ID.
TAG = "onramp.braze_fivetran/external-id"

# Of a managed policy. Source: AWS's quotas of IAM.
LONGEST_POLICY = 6144

_TAG_VALUE = re.compile(r"[\w .:/=+@-]{1,256}", re.ASCII)


@dataclass(frozen=True)
class Desired:
    """What shall be in the account. ``None`` leaves alone what is there."""

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
    """The managed policy that is there. ``attached_to`` and ``versions`` are read for a removal only."""

    arn: str
    document: JsonObject
    tags: Mapping[str, str]
    path: str = "/"
    attached_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActualRole:
    """The role that is there. ``instance_profiles`` is read for a removal only."""

    arn: str
    trust: JsonObject
    tags: Mapping[str, str]
    path: str = "/"
    max_session_duration: int | None = None
    permissions_boundary: str = ""
    attached_policies: tuple[str, ...] = ()
    inline_policies: tuple[str, ...] = ()
    instance_profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Actual:
    """What is in the account under the two names."""

    policy: ActualPolicy | None = None
    role: ActualRole | None = None


@dataclass(frozen=True)
class Step:
    """What has to happen to one of the two: ``create``, ``update``, ``delete`` or ``none``, and what differs."""

    action: str
    before: JsonObject = field(default_factory=dict)
    after: JsonObject = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.action != "none"


NOTHING = Step("none")


@dataclass(frozen=True)
class Plan:
    """The steps, and what a person has to know; findings of severity ``error`` forbid every step."""

    policy: Step
    role: Step
    findings: tuple[Finding, ...] = ()


def tag_value(external_id: str) -> str:
    """Return the External ID as a tag can hold it: itself, or its SHA-256 where tags forbid its characters."""
    if _TAG_VALUE.fullmatch(external_id):
        return external_id
    return "sha256:" + hashlib.sha256(external_id.encode()).hexdigest()


def plan_present(desired: Desired, actual: Actual, *, adopt: bool, released: Collection[str] = ()) -> Plan:
    """Return what makes ``actual`` as ``desired``. Whatever else is attached to the role stays.

    ``released``: buckets that a policy of ours may lose, because nobody needs them any more.
    """
    conflicts = (
        () if adopt else (*_policy_conflicts(desired, actual.policy, released), *_role_conflicts(desired, actual.role))
    )
    refusals = (*conflicts, *_path_conflicts(desired, actual), *_length(desired))
    findings = (
        *refusals,
        *(() if refusals else _releases(desired, actual.policy, released)),
        *_other_permissions(desired, actual.role),
    )
    return Plan(
        policy=_policy_step(desired, actual.policy, adopt=adopt),
        role=_role_step(desired, actual, adopt=adopt),
        findings=findings,
    )


def _length(desired: Desired) -> Iterator[Finding]:
    """AWS counts the characters of a policy without white space."""
    length, count = len(json.dumps(desired.permissions, separators=(",", ":"))), len(desired.reading.buckets)
    if length > LONGEST_POLICY:
        yield Finding(
            "error", "policy_too_long",
            f"The IAM policy {desired.policy_name} for {count} buckets would have {length} characters, and AWS takes"
            f" {LONGEST_POLICY}.",
            "Give a part of the workspaces another s3_access_role_name and s3_access_policy_name.",
        )  # fmt: skip


def _policy_conflicts(desired: Desired, policy: ActualPolicy | None, released: Collection[str]) -> Iterator[Finding]:
    if policy is None or same_document(policy.document, desired.permissions):
        return
    owner = policy.tags.get(TAG)
    what = f"The IAM policy {policy.arn}"
    others = [name for name in _lost_buckets(desired, policy) if name not in released]
    if owner is None:
        yield Finding(
            "error", "foreign_policy",
            f"{what} exists, was not made by this role and says something else.",
            "Choose another s3_access_policy_name, or let it be overwritten with s3_access_adopt: true.",
        )  # fmt: skip
    elif owner != tag_value(desired.external_id):
        yield Finding(
            "error", "policy_of_another_group", f"{what} was made for the External ID {owner}.",
            "Give each Fivetran group names of its own in s3_access_policy_name and s3_access_role_name.",
        )  # fmt: skip
    elif others:
        yield Finding(
            "error", "policy_serves_other_buckets",
            f"{what} also lets Fivetran read {', '.join(others)}, which this run does not name and would take away.",
            "If another workspace uses it, name all buckets in s3_access_buckets, or give this one its own"
            " s3_access_policy_name and s3_access_role_name. What nobody needs any more belongs in"
            " s3_access_released_buckets.",
        )  # fmt: skip


def _lost_buckets(desired: Desired, policy: ActualPolicy) -> list[str]:
    """Return the buckets that the policy grants and no longer would."""
    wanted = granted_buckets(desired.permissions)
    return [name for name in granted_buckets(policy.document) if name not in wanted]


def _releases(desired: Desired, policy: ActualPolicy | None, released: Collection[str]) -> Iterator[Finding]:
    if policy is None or policy.tags.get(TAG) != tag_value(desired.external_id):
        return
    gone = [name for name in _lost_buckets(desired, policy) if name in released]
    if gone:
        yield Finding(
            "info", "buckets_released",
            f"The IAM policy {policy.arn} no longer lets Fivetran read {', '.join(gone)}, which nobody needs any more.",
            "If somebody does after all, name it in s3_access_buckets.",
        )  # fmt: skip


def _role_conflicts(desired: Desired, role: ActualRole | None) -> Iterator[Finding]:
    if role is None or same_document(role.trust, desired.trust):
        return
    owner = role.tags.get(TAG)
    if owner is None:
        trusted = ", ".join(external_ids(role.trust)) or "none"
        yield Finding(
            "error", "foreign_role",
            f"The IAM role {role.arn} exists, was not made by this role and trusts somebody else or under another"
            f" External ID (its trust policy asks for: {trusted}).",
            "Choose another s3_access_role_name, or let its trust policy be overwritten with s3_access_adopt: true.",
        )  # fmt: skip
    elif owner != tag_value(desired.external_id):
        yield Finding(
            "error", "role_of_another_group",
            f"The IAM role {role.arn} was made for the External ID {owner}; Fivetran could no longer use it for that.",
            "Give each Fivetran group names of its own in s3_access_policy_name and s3_access_role_name.",
        )  # fmt: skip


def _path_conflicts(desired: Desired, actual: Actual) -> Iterator[Finding]:
    """AWS cannot move what exists, and names are unique in the account whatever the path."""
    for what, there in (("policy", actual.policy), ("role", actual.role)):
        if there is not None and there.path != desired.path:
            yield Finding(
                "error", "other_path",
                f"The IAM {what} {there.arn} has the path {there.path}, which AWS cannot change.",
                f"Set s3_access_path: {there.path}, or choose another s3_access_{what}_name.",
            )  # fmt: skip


def _other_permissions(desired: Desired, role: ActualRole | None) -> Iterator[Finding]:
    if role is None:
        return
    others = [*_foreign_attachments(desired, role), *(f"inline policy {name}" for name in role.inline_policies)]
    if others:
        yield Finding(
            "info", "other_policies_attached",
            f"Somebody else has given the role {role.arn} further permissions: {', '.join(others)}. They stay.",
            "Look whether Fivetran shall have them.",
        )  # fmt: skip


def _foreign_attachments(desired: Desired, role: ActualRole) -> list[str]:
    return [arn for arn in role.attached_policies if arn != desired.policy_arn]


def _policy_step(desired: Desired, policy: ActualPolicy | None, *, adopt: bool) -> Step:
    if policy is None:
        return Step("create", {}, {"document": desired.permissions, "tags": desired.all_tags})
    wanted = {"document": desired.permissions, "tags": _wanted_tags(desired, policy.tags, adopt=adopt)}
    there = {"document": policy.document, "tags": _of_keys(wanted["tags"], policy.tags)}
    differing = [] if same_document(policy.document, desired.permissions) else ["document"]
    return _update([*differing, *_differing(("tags",), there, wanted)], there, wanted)


def _role_step(desired: Desired, actual: Actual, *, adopt: bool) -> Step:
    role = actual.role
    wanted: JsonObject = {
        "trust": desired.trust,
        "policy": desired.policy_arn,
        "tags": _wanted_tags(desired, role.tags, adopt=adopt) if role else desired.all_tags,
        "max_session_duration": desired.max_session_duration,
        "permissions_boundary": desired.permissions_boundary,
    }
    if role is None:
        return Step("create", {}, {name: value for name, value in wanted.items() if value not in (None, "")})
    there: JsonObject = {
        "trust": role.trust,
        "policy": desired.policy_arn if desired.policy_arn in role.attached_policies else None,
        "tags": _of_keys(wanted["tags"], role.tags),
        "max_session_duration": role.max_session_duration,
        "permissions_boundary": role.permissions_boundary,
    }
    differing = [] if same_document(role.trust, desired.trust) else ["trust"]
    others = ("policy", "tags", "max_session_duration", "permissions_boundary")
    return _update([*differing, *_differing(others, there, wanted)], there, wanted)


def _wanted_tags(desired: Desired, tags: Mapping[str, str], *, adopt: bool) -> dict[str, str]:
    """Return the tags to have. What somebody made exactly as the guide says gets ours only when it is adopted."""
    return desired.all_tags if adopt or TAG in tags else dict(desired.tags)


def _of_keys(wanted: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    return {key: tags[key] for key in wanted if key in tags}


def _differing(names: Iterable[str], there: JsonObject, wanted: JsonObject) -> list[str]:
    return [name for name in names if wanted[name] is not None and wanted[name] != there[name]]


def _update(differing: list[str], there: JsonObject, wanted: JsonObject) -> Step:
    if not differing:
        return NOTHING
    return Step("update", {name: there[name] for name in differing}, {name: wanted[name] for name in differing})


def plan_absent(desired: Desired, actual: Actual, *, adopt: bool) -> Plan:
    """Return what removes exactly what was made.

    What somebody else changed is refused, what they attached is kept. Where the policy serves further buckets, because
    workspaces share the role, only the named ones are taken out of it.
    """
    if adopt:
        return Plan(policy=_delete_policy(actual.policy), role=_delete_role(actual.role))
    shared = _shared_with(desired, actual.policy)
    if shared:
        return _plan_leave(desired, actual.policy, shared)
    kept = list(_role_in_use(desired, actual.role))
    return Plan(
        policy=_delete_policy(actual.policy),
        role=NOTHING if kept else _delete_role(actual.role),
        findings=(*_changed_policy(desired, actual), *_changed_role(desired, actual), *kept),
    )


def _delete_policy(policy: ActualPolicy | None) -> Step:
    return Step("delete", {"document": policy.document}) if policy else NOTHING


def _delete_role(role: ActualRole | None) -> Step:
    return Step("delete", {"trust": role.trust}) if role else NOTHING


def _shared_with(desired: Desired, policy: ActualPolicy | None) -> Reading | None:
    """Return what the policy grants besides our buckets, if it is ours and exactly what these variables make of all."""
    if policy is None or policy.tags.get(TAG) != tag_value(desired.external_id):
        return None
    others = tuple(name for name in granted_buckets(policy.document) if name not in desired.reading.buckets)
    return replace(desired.reading, buckets=others) if others and _is_made_here(desired, policy) else None


def _is_made_here(desired: Desired, policy: ActualPolicy) -> bool:
    """Tell whether the policy is exactly what these variables make of the buckets that it grants."""
    granted = replace(desired.reading, buckets=tuple(granted_buckets(policy.document)))
    return is_possible(granted) and same_document(policy.document, permission_document(granted))


def _plan_leave(desired: Desired, policy: ActualPolicy | None, others: Reading) -> Plan:
    """Return what takes our buckets out of a policy that ``others`` need, and leaves the role to them."""
    document = policy.document if policy else {}
    after = permission_document(others)
    names = ", ".join(others.buckets)
    finding = Finding(
        "info", "role_shared", f"The IAM role {desired.role_name} stays, because it also reads {names}.",
        "It is removed together with the last bucket.",
    )  # fmt: skip
    step = NOTHING if same_document(document, after) else Step("update", {"document": document}, {"document": after})
    return Plan(policy=step, role=NOTHING, findings=(finding,))


def _changed_policy(desired: Desired, actual: Actual) -> Iterator[Finding]:
    policy = actual.policy
    if policy is None:
        return
    what = f"The IAM policy {policy.arn}"
    if policy.tags.get(TAG) != tag_value(desired.external_id):
        yield _not_made_here("foreign_policy", what)
    # Buckets that an earlier removal has taken out of it may be missing.
    elif not _is_made_here(desired, policy):
        yield Finding(
            "error", "changed_policy",
            f"{what} is not what these variables make; somebody has changed it, or it was made with others.",
            "Give the variables it was made with, or have it removed as it is with s3_access_adopt: true.",
        )  # fmt: skip
    others = [who for who in policy.attached_to if who != f"role {desired.role_name}"]
    if others:
        yield Finding(
            "error", "policy_attached_elsewhere",
            f"{what} has been attached by somebody else as well: to {', '.join(others)}.",
            "Detach it there, or have it detached from everything with s3_access_adopt: true.",
        )  # fmt: skip


def _changed_role(desired: Desired, actual: Actual) -> Iterator[Finding]:
    role = actual.role
    if role is None:
        return
    what = f"The IAM role {role.arn}"
    if role.tags.get(TAG) != tag_value(desired.external_id):
        yield _not_made_here("foreign_role", what)
    elif not same_document(role.trust, desired.trust):
        yield Finding(
            "error", "changed_role", f"{what} has a trust policy that somebody has changed.",
            "Look who else uses it. To have it removed all the same, set s3_access_adopt: true.",
        )  # fmt: skip


def _not_made_here(code: str, what: str) -> Finding:
    return Finding(
        "error", code, f"{what} was not made by this role for this External ID.",
        "Remove it by hand, or have it removed with s3_access_adopt: true.",
    )  # fmt: skip


def _role_in_use(desired: Desired, role: ActualRole | None) -> Iterator[Finding]:
    if role is None:
        return
    uses = [
        *(f"policy {arn}" for arn in _foreign_attachments(desired, role)),
        *(f"inline policy {name}" for name in role.inline_policies),
        *(f"instance profile {name}" for name in role.instance_profiles),
    ]
    if uses:
        yield Finding(
            "warning", "role_kept",
            f"The IAM role {role.arn} is kept, because somebody else has attached to it: {', '.join(uses)}. Fivetran"
            " can still assume it and do what those allow.",
            "Detach them and run again, or have the role removed with s3_access_adopt: true.",
        )  # fmt: skip
