# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM policy of a bucket: what it may say, how it reads, and whom it allows what.

Sources: Google's reference of the JSON API (buckets.getIamPolicy, buckets.setIamPolicy), of Cloud Storage's IAM roles,
and of IAM policies and conditions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from . import gcs_conditions
from .gcs_conditions import Target
from .gcs_errors import GcsError, invalid

Json = Any
CONDITIONS_VERSION = 3

_READ_OBJECTS = ("storage.objects.get", "storage.objects.list")
_WRITE_OBJECTS = ("storage.objects.create", "storage.objects.delete", "storage.objects.update")
_OBJECT_POLICY = ("storage.objects.getIamPolicy", "storage.objects.setIamPolicy")
_BUCKET_POLICY = ("storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy")
_BUCKET = ("storage.buckets.get", "storage.buckets.update", "storage.buckets.delete")

# The roles that a bucket's policy can grant, with what of them the sandbox's operations ask for.
ROLES: Mapping[str, frozenset[str]] = {
    "roles/storage.objectViewer": frozenset(_READ_OBJECTS),
    "roles/storage.objectCreator": frozenset({"storage.objects.create"}),
    "roles/storage.objectUser": frozenset({*_READ_OBJECTS, *_WRITE_OBJECTS}),
    "roles/storage.objectAdmin": frozenset({*_READ_OBJECTS, *_WRITE_OBJECTS, *_OBJECT_POLICY}),
    "roles/storage.folderAdmin": frozenset({*_READ_OBJECTS, *_WRITE_OBJECTS, *_OBJECT_POLICY}),
    "roles/storage.expressModeUserAccess": frozenset({*_READ_OBJECTS, *_WRITE_OBJECTS, "storage.buckets.get"}),
    "roles/storage.bucketViewer": frozenset({"storage.buckets.get"}),
    "roles/storage.insightsCollectorService": frozenset({"storage.buckets.get"}),
    "roles/storage.admin": frozenset({*_READ_OBJECTS, *_WRITE_OBJECTS, *_OBJECT_POLICY, *_BUCKET_POLICY, *_BUCKET}),
    "roles/storage.legacyBucketReader": frozenset({"storage.buckets.get", "storage.objects.list"}),
    "roles/storage.legacyBucketWriter": frozenset(
        {"storage.buckets.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete"}
    ),
    "roles/storage.legacyBucketOwner": frozenset(
        {
            "storage.buckets.get",
            "storage.buckets.update",
            "storage.objects.list",
            "storage.objects.create",
            "storage.objects.delete",
            *_BUCKET_POLICY,
        }
    ),
    "roles/storage.legacyObjectReader": frozenset({"storage.objects.get"}),
    "roles/storage.legacyObjectOwner": frozenset({"storage.objects.get", "storage.objects.update", *_OBJECT_POLICY}),
}
# By the role on the project: whom a bucket's policy means by it.
_BASIC_ROLES = {"roles/owner": "projectOwner", "roles/editor": "projectEditor", "roles/viewer": "projectViewer"}
_CUSTOM_ROLE = re.compile(r"^(projects|organizations)/[^/]+/roles/[A-Za-z0-9_.]+$")

_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_MEMBER = re.compile(
    r"^((user|serviceAccount|group):[^@\s]+@[^@\s]+|domain:[^@\s]+|project(Owner|Editor|Viewer):\S+"
    r"|deleted:\w+:\S+|principal(Set)?://\S+)$"
)


def default_bindings(project: str) -> list[Json]:
    """Return the bindings that a new bucket with uniform access has."""
    editors = [f"projectEditor:{project}", f"projectOwner:{project}"]
    viewers = [f"projectViewer:{project}"]
    return [
        {"role": "roles/storage.legacyBucketOwner", "members": editors},
        {"role": "roles/storage.legacyBucketReader", "members": viewers},
        {"role": "roles/storage.legacyObjectOwner", "members": editors},
        {"role": "roles/storage.legacyObjectReader", "members": viewers},
    ]


def etag(revision: int) -> str:
    """Return the etag of a revision, in the form of Google's (``CAE=``, ``CAI=``, ...)."""
    encoded = bytearray(b"\x08")
    while revision > 0x7F:
        encoded.append(revision & 0x7F | 0x80)
        revision >>= 7
    return base64.b64encode(bytes([*encoded, revision])).decode()


def has_conditions(bindings: Iterable[Json]) -> bool:
    """Tell whether any binding is conditional."""
    return any(binding.get("condition") for binding in bindings)


def policy_version(bindings: Iterable[Json]) -> int:
    """Return the version of a policy: 3 with conditions, else 1."""
    return CONDITIONS_VERSION if has_conditions(bindings) else 1


def at_version(bindings: list[Json], requested: int) -> list[Json]:
    """Return the bindings as a reader of an older policy version sees them.

    Google leaves the condition out and marks the role with ``_withcond_`` and a hash, so that nobody takes the grant
    for an unconditional one.
    """
    if requested >= CONDITIONS_VERSION:
        return bindings
    return [_hidden(binding) if binding.get("condition") else binding for binding in bindings]


def _hidden(binding: Json) -> Json:
    digest = hashlib.sha256(json.dumps(binding["condition"], sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def normalize(bindings: Iterable[Json]) -> list[Json]:
    """Merge what has the same role and condition, sort members and bindings, and drop what is empty."""
    merged: dict[str, Json] = {}
    for binding in bindings:
        condition = binding.get("condition") or None
        key = json.dumps([binding["role"], condition], sort_keys=True)
        entry = merged.setdefault(key, {"role": binding["role"], "members": set(), "condition": condition})
        entry["members"].update(_normal_member(member) for member in binding.get("members") or ())
    return [
        {name: value for name, value in {**entry, "members": sorted(entry["members"])}.items() if value is not None}
        for _key, entry in sorted(merged.items())
        if entry["members"]
    ]


def _normal_member(member: str) -> str:
    kind, colon, rest = member.partition(":")
    return f"{kind}:{rest.lower()}" if colon and kind in ("user", "serviceAccount", "group", "domain") else member


def check_policy(
    policy: Json, existing: Iterable[Json], *, uniform_access: bool, custom_roles: Collection[str] = ()
) -> list[Json]:
    """Return the bindings of a policy that somebody wants to set in place of ``existing``.

    Without an etag, an old version overwrites conditions; with one, a caller that cannot know of them is refused.

    :raises GcsError: 400 for what no bucket accepts, 412 for a condition without uniform bucket-level access.
    """
    bindings = policy.get("bindings", []) if isinstance(policy, dict) else None
    if not isinstance(bindings, list) or not all(isinstance(binding, dict) for binding in bindings):
        raise invalid("Invalid argument: bindings must be a list of bindings.")
    if has_conditions(bindings) and not uniform_access:
        message = "To set an IAM condition, enable uniform bucket-level access on the bucket."
        raise GcsError(412, "conditionNotMet", message)
    knows_conditions = policy.get("version") == CONDITIONS_VERSION
    if not knows_conditions and (has_conditions(bindings) or (policy.get("etag") and has_conditions(existing))):
        raise invalid("The version of a policy with conditions must be at least 3.")
    for binding in bindings:
        _check_binding(binding, custom_roles)
    return bindings


def _check_binding(binding: Json, custom_roles: Collection[str]) -> None:
    role = binding.get("role")
    if role not in ROLES and role not in custom_roles:
        known = "does not exist" if isinstance(role, str) and _CUSTOM_ROLE.match(role) else "is not supported"
        raise invalid(f"Role {role} {known} for this resource.")
    for member in binding.get("members") or ():
        if member not in _EVERYBODY and not (isinstance(member, str) and _MEMBER.match(member)):
            raise invalid(f"The member {member} is of an unknown type. Please set a valid type prefix for the member.")
    if condition := binding.get("condition"):
        _check_condition(condition)


def _check_condition(condition: Json) -> None:
    if not isinstance(condition, dict) or not condition.get("title") or not condition.get("expression"):
        raise invalid("Invalid argument: a condition needs a title and an expression.")
    try:
        gcs_conditions.check(condition["expression"])
    except gcs_conditions.InvalidConditionError as error:
        raise invalid(f"Invalid argument: condition '{condition['title']}': {error}") from None


def members_of(service_account: str, groups: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return as whom a policy can mean a service account. ``groups``: groups and domains, with who belongs to them."""
    own = f"serviceAccount:{service_account.lower()}"
    return frozenset({*_EVERYBODY, own, *(name for name, emails in groups.items() if service_account in emails)})


def basic_members(project: str, bindings: Iterable[Json], members: Collection[str]) -> frozenset[str]:
    """Return as which of its project's viewers, editors and owners a bucket's policy means ``members``."""
    held = {binding["role"] for binding in bindings if not set(members).isdisjoint(binding["members"])}
    return frozenset(f"{kind}:{project}" for role, kind in _BASIC_ROLES.items() if role in held)


def allows(
    bindings: Iterable[Json],
    members: Collection[str],
    permission: str,
    target: Target,
    roles: Mapping[str, Collection[str]],
    *,
    lists_by_objects: bool = False,
) -> bool:
    """Tell whether a policy gives one of ``members`` a permission on ``target``. ``roles``: permissions by role.

    ``lists_by_objects``: whether a condition about objects also allows to list them.
    """
    targets = [target]
    if lists_by_objects and target.list_prefix is not None:
        targets.append(replace(target, object_name=target.list_prefix))
    return any(
        permission in roles.get(binding["role"], ())
        and not set(members).isdisjoint(binding["members"])
        and ("condition" not in binding or _holds(binding["condition"]["expression"], targets))
        for binding in bindings
    )


def _holds(expression: str, targets: Iterable[Target]) -> bool:
    return any(gcs_conditions.holds(expression, target) for target in targets)


def outsiders(bindings: Iterable[Json], domains: Collection[str]) -> list[str]:
    """Return the members that belong to none of ``domains``; what belongs to the project itself is never one."""
    members = {member for binding in bindings for member in binding.get("members") or ()}
    allowed = tuple(f"@{domain}" for domain in domains)
    inside = (*(f"domain:{domain}" for domain in domains), *allowed)
    return sorted(member for member in members if not member.startswith("project") and not member.endswith(inside))
