# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Compare the IAM policy and the role for Fivetran with what they should be, and say whose they are.

Nothing is written here: the role ``s3_access`` writes with amazon.aws what the plan calls for. What was made by it
bears a tag with the External ID. Drift of what is ours is repaired; what somebody else made is refused unless it is to
be adopted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import Failure, InvalidArgument, OnrampError
from .._module import Result, Task
from .aws_client import Aws, ask, aws_from_params, identity
from .finding import Finding
from .s3_documents import (
    PARTITIONS,
    JsonObject,
    Reading,
    external_ids,
    granted_buckets,
    permission_document,
    same_document,
    trust_document,
)

# Says that the role s3_access made it, and for which External ID.
TAG = "onramp.braze_fivetran/external-id"

_TAG_VALUE = re.compile(r"[\w .:/=+@-]{1,256}", re.ASCII)
_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")


@dataclass(frozen=True)
class Desired:
    """What shall be in the account. ``None`` leaves alone what is there."""

    policy_name: str
    role_name: str
    external_id: str
    permissions: JsonObject
    trust: JsonObject
    account: str
    partition: str = "aws"
    path: str = "/"
    tags: Mapping[str, str] = field(default_factory=dict)
    max_session_duration: int | None = None
    permissions_boundary: str | None = None

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


def plan_present(desired: Desired, actual: Actual, *, adopt: bool) -> Plan:
    """Return what makes ``actual`` as ``desired``. Whatever else is attached to the role stays."""
    conflicts = () if adopt else (*_policy_conflicts(desired, actual.policy), *_role_conflicts(desired, actual.role))
    findings = (*conflicts, *_path_conflicts(desired, actual), *_other_permissions(desired, actual.role))
    return Plan(
        policy=_policy_step(desired, actual.policy, adopt=adopt),
        role=_role_step(desired, actual, adopt=adopt),
        findings=findings,
    )


def _policy_conflicts(desired: Desired, policy: ActualPolicy | None) -> Iterator[Finding]:
    if policy is None or same_document(policy.document, desired.permissions):
        return
    owner = policy.tags.get(TAG)
    what = f"The IAM policy {policy.arn}"
    others = [name for name in granted_buckets(policy.document) if name not in granted_buckets(desired.permissions)]
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
            " s3_access_policy_name and s3_access_role_name. To take it away, set s3_access_adopt: true.",
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
    """Return what removes exactly what was made: what somebody else changed is refused, what they attached is kept."""
    conflicts = [] if adopt else [*_changed_policy(desired, actual), *_changed_role(desired, actual)]
    kept = [] if adopt else list(_role_in_use(desired, actual.role))
    policy = Step("delete", {"document": actual.policy.document}) if actual.policy else NOTHING
    role = Step("delete", {"trust": actual.role.trust}) if actual.role and not kept else NOTHING
    return Plan(policy=policy, role=role, findings=(*conflicts, *kept))


def _changed_policy(desired: Desired, actual: Actual) -> Iterator[Finding]:
    policy = actual.policy
    if policy is None:
        return
    what = f"The IAM policy {policy.arn}"
    if policy.tags.get(TAG) != tag_value(desired.external_id):
        yield _not_made_here("foreign_policy", what)
    elif not same_document(policy.document, desired.permissions):
        yield Finding(
            "error", "changed_policy",
            f"{what} is not what these variables make; somebody has changed it, or they name other buckets.",
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


# Reading what is there


def read_actual(aws: Aws, desired: Desired, *, for_removal: bool) -> Actual:
    """Return what the account holds under the two names.

    :raises OnrampError: a refusal, naming the permission that is missing.
    """
    iam = aws.client("iam")
    return Actual(
        policy=_read_policy(iam, desired, for_removal=for_removal),
        role=_read_role(iam, desired.role_name, for_removal=for_removal),
    )


def _read_policy(iam: Any, desired: Desired, *, for_removal: bool) -> ActualPolicy | None:
    answer = ask("iam:GetPolicy", iam.get_policy, ("NoSuchEntity",), PolicyArn=desired.policy_arn)
    arn = desired.policy_arn if answer else _policy_elsewhere(iam, desired.policy_name)
    if arn is None:
        return None
    policy = (answer or ask("iam:GetPolicy", iam.get_policy, PolicyArn=arn))["Policy"]
    version = ask(
        "iam:GetPolicyVersion", iam.get_policy_version, PolicyArn=arn, VersionId=policy["DefaultVersionId"]
    )  # fmt: skip
    return ActualPolicy(
        arn=arn,
        document=_decoded(version["PolicyVersion"]["Document"]),
        tags=_tags(policy),
        path=policy["Path"],
        attached_to=tuple(_attached_to(iam, arn)) if for_removal else (),
    )


def _policy_elsewhere(iam: Any, name: str) -> str | None:
    """Return the ARN of the policy of this name below another path, for names are unique in an account."""
    pages = ask("iam:ListPolicies", lambda: list(iam.get_paginator("list_policies").paginate(Scope="Local")))
    return next((policy["Arn"] for page in pages for policy in page["Policies"] if policy["PolicyName"] == name), None)


def _attached_to(iam: Any, arn: str) -> Iterator[str]:
    paginator = iam.get_paginator("list_entities_for_policy")
    for page in ask("iam:ListEntitiesForPolicy", lambda: list(paginator.paginate(PolicyArn=arn))):
        yield from (f"role {role['RoleName']}" for role in page["PolicyRoles"])
        yield from (f"user {user['UserName']}" for user in page["PolicyUsers"])
        yield from (f"group {group['GroupName']}" for group in page["PolicyGroups"])


def _read_role(iam: Any, name: str, *, for_removal: bool) -> ActualRole | None:
    answer = ask("iam:GetRole", iam.get_role, ("NoSuchEntity",), RoleName=name)
    if answer is None:
        return None
    role = answer["Role"]
    attached = _all_pages(iam, "iam:ListAttachedRolePolicies", "list_attached_role_policies", "AttachedPolicies", name)
    inline = _all_pages(iam, "iam:ListRolePolicies", "list_role_policies", "PolicyNames", name)
    profiles = []
    if for_removal:
        action = "iam:ListInstanceProfilesForRole"
        profiles = _all_pages(iam, action, "list_instance_profiles_for_role", "InstanceProfiles", name)
    return ActualRole(
        arn=role["Arn"],
        trust=_decoded(role["AssumeRolePolicyDocument"]),
        tags=_tags(role),
        path=role["Path"],
        max_session_duration=role.get("MaxSessionDuration"),
        permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        attached_policies=tuple(policy["PolicyArn"] for policy in attached),
        inline_policies=tuple(inline),
        instance_profiles=tuple(profile["InstanceProfileName"] for profile in profiles),
    )


def _all_pages(iam: Any, action: str, operation: str, key: str, role_name: str) -> list[Any]:
    paginator = iam.get_paginator(operation)
    pages = ask(action, lambda: list(paginator.paginate(RoleName=role_name)))
    return [item for page in pages for item in page[key]]


def _decoded(document: Any) -> JsonObject:
    return dict(json.loads(document) if isinstance(document, str) else document)


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in data.get("Tags") or ()}


# The module


def desired_from_params(params: Mapping[str, Any], account: str, partition: str) -> Desired:
    """Build what shall be from the options of ``s3_access_info``.

    :raises InvalidArgument: a value that cannot work; raised before anything is written.
    """
    partition = params["partition"] or partition
    for option in ("policy_name", "role_name"):
        longest = 128 if option == "policy_name" else 64
        if not _NAME.fullmatch(params[option]) or len(params[option]) > longest:
            raise InvalidArgument(
                f"{option}: expected at most {longest} letters, digits and +=,.@_-, got {params[option]!r}."
            )
    if not _PATH.fullmatch(params["path"]):
        raise InvalidArgument(f"path: expected a path that begins and ends with /, got {params['path']!r}.")
    if TAG in params["tags"]:
        raise InvalidArgument(f"tags: {TAG!r} is the tag by which the collection knows what it has made.")
    reading = Reading(
        buckets=tuple(dict.fromkeys(params["buckets"])),
        prefix=params["prefix"] or "" if params["scope"] == "prefix" else None,
        kms_key_arns=tuple(params["kms_key_arns"]),
        partition=partition,
    )
    return Desired(
        policy_name=params["policy_name"],
        role_name=params["role_name"],
        external_id=params["external_id"],
        permissions=permission_document(reading),
        trust=trust_document(params["external_id"], params["fivetran_account_id"], partition),
        account=account,
        partition=partition,
        path=params["path"],
        tags={key: str(value) for key, value in params["tags"].items()},
        max_session_duration=params["max_session_duration"],
        permissions_boundary=params["permissions_boundary"],
    )


def access_info(task: Task) -> Result:
    """Do the work of ``s3_access_info``."""
    params = task.params
    # The arguments are judged before the first call, with a stand-in for what only AWS knows.
    desired_from_params(params, account="0" * 12, partition=PARTITIONS[0])
    aws = aws_from_params(params)
    caller = identity(aws)
    desired = desired_from_params(params, caller.account, caller.partition)
    removal = params["state"] == "absent"
    actual = read_actual(aws, desired, for_removal=removal)
    plan = (plan_absent if removal else plan_present)(desired, actual, adopt=params["adopt"])
    result: Result = {"changed": False, "access": _access(desired, actual, plan)}
    errors = [finding for finding in plan.findings if finding.severity == "error"]
    if errors:
        raise OnrampError(
            msg=" ".join(finding.text() for finding in errors) + " Nothing was changed.",
            failure=Failure(code=errors[0].code, message=errors[0].message),
            result=result,
        )
    return result


def _access(desired: Desired, actual: Actual, plan: Plan) -> JsonObject:
    return {
        "account": desired.account,
        "partition": desired.partition,
        "policy": {
            "name": desired.policy_name,
            "arn": actual.policy.arn if actual.policy else desired.policy_arn,
            "document": desired.permissions,
            **vars(plan.policy),
        },
        "role": {
            "name": desired.role_name,
            "arn": actual.role.arn if actual.role else desired.role_arn,
            "document": desired.trust,
            **vars(plan.role),
        },
        "findings": [finding.as_json() for finding in plan.findings],
    }
