# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change one grant in an IAM policy and nothing else. Pure functions: no request is made here.

A policy is the JSON of Google's ``getIamPolicy``. What is not ours keeps its place and every field, known or not.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._bucket.names import bare_folder
from .._kernel.errors import InvalidArgument
from .._kernel.secrets.shown import quoted

JsonObject = dict[str, Any]
Binding = Mapping[str, Any]

# Only a policy of this version can hold conditions; asking for less would lose them.
POLICY_VERSION = 3

_E_MAIL = re.compile(r"[^@\s:]+@[^@\s:]+")
_TYPED_MEMBER = re.compile(
    r"(?:(?:user|serviceAccount|group):[^@\s:]+@[^@\s]+|domain:\S+|principal(?:Set)?://\S+"
    r"|project(?:Owner|Editor|Viewer):\S+|allUsers|allAuthenticatedUsers)"
)
_ROLE = re.compile(r"(?:(?:projects|organizations)/[^/\s]+/)?roles/[A-Za-z0-9_.]+")
# What a request to list objects asks for, as a condition can see it.
_LISTED = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
# In these, Google ignores the case of the address.
_CASELESS = ("user:", "serviceAccount:", "group:", "domain:")


@dataclass(frozen=True)
class Condition:
    """When a grant holds: an expression of Google's Common Expression Language, with its name."""

    title: str
    expression: str
    description: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Condition | None:
        """Read a condition of a policy or of the module's option; None where there is none."""
        if not data:
            return None
        return cls(
            title=data.get("title") or "",
            expression=data.get("expression") or "",
            description=data.get("description") or "",
        )

    def as_json(self) -> JsonObject:
        """Return the condition as Google wants it."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Grant:
    """One member that holds one role, always or under one condition."""

    role: str
    member: str
    condition: Condition | None = None

    def line(self) -> str:
        """Return the grant as a person reads it, one line."""
        suffix = f" if {self.condition.title}: {self.condition.expression}" if self.condition else ""
        return f"{self.role} to {self.member}{suffix}"

    def as_json(self) -> JsonObject:
        """Return the grant as results show it."""
        return {
            "role": self.role,
            "member": self.member,
            "condition": self.condition.as_json() if self.condition else None,
        }


@dataclass(frozen=True)
class PolicyChange:
    """What to write, and the lines that change. ``policy`` is the policy read where nothing changes."""

    policy: JsonObject
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return self.before != self.after


def complete_member(member: str) -> str:
    """Return ``member`` as Google names it; a bare e-mail address is that of a service account.

    :raises InvalidArgument: if it is nothing that a policy can name.
    """
    member = member.strip()
    if _E_MAIL.fullmatch(member):
        return f"serviceAccount:{member}"
    if _TYPED_MEMBER.fullmatch(member):
        return member
    raise InvalidArgument(
        f"member: expected the e-mail address of a service account, or a member as IAM names it such as"
        f" user:EMAIL, group:EMAIL, domain:DOMAIN or principal://..., got {quoted(member)}."
    )


def is_role(role: str) -> bool:
    """Tell whether this is the name of a role."""
    return _ROLE.fullmatch(role) is not None


def check_role(role: str) -> str:
    """Return ``role`` if it is the name of a role.

    :raises InvalidArgument: if it is none.
    """
    if not is_role(role):
        raise InvalidArgument(
            f"role: expected roles/NAME, projects/PROJECT/roles/NAME or organizations/ID/roles/NAME, got"
            f" {quoted(role)}."
        )
    return role


def folder_condition(bucket: str, folder: str) -> Condition:
    """Return the condition that narrows listing and reading to ``folder``, with or without slashes around it.

    Reading is judged by the name of the object; listing is asked of the bucket, and judged by the prefix that it asks
    for: the folder as it was entered, with or without slash, and deeper. Grants that exist are recognized by this text.

    :raises InvalidArgument: if the folder is the whole bucket.
    """
    inner = bare_folder(folder)
    if not inner:
        raise InvalidArgument(
            f"folder: expected the folder of the bucket to narrow the grant to, such as currents, got {quoted(folder)}."
        )
    # JSON writes a string as Google's language does.
    objects, exactly, deeper = map(json.dumps, (f"projects/_/buckets/{bucket}/objects/{inner}/", inner, f"{inner}/"))
    return Condition(
        title=f"Fivetran reads {inner}",
        expression=f"resource.name.startsWith({objects}) || {_LISTED} == {exactly} || {_LISTED}.startsWith({deeper})",
    )


def same_member(one: str, other: str) -> bool:
    """Tell whether two members are the same, as Google compares them."""
    if one.startswith(_CASELESS) and other.startswith(_CASELESS):
        kind, _colon, address = one.partition(":")
        other_kind, _colon, other_address = other.partition(":")
        return kind == other_kind and address.lower() == other_address.lower()
    return one == other


def grants(policy: Mapping[str, Any]) -> Iterator[Grant]:
    """Yield every grant of ``policy``, in its order."""
    for binding in _bindings(policy):
        for member in binding.get("members") or ():
            yield Grant(binding["role"], member, Condition.from_json(binding.get("condition")))


def plan_policy(policy: JsonObject, wanted: Grant, *, present: bool) -> PolicyChange:
    """Return how ``policy`` has to change so that ``wanted`` is granted, or is not."""
    return _plan_present(policy, wanted) if present else _plan_absent(policy, wanted)


def _plan_present(policy: JsonObject, wanted: Grant) -> PolicyChange:
    bindings = _bindings(policy)
    if any(_holds(binding, wanted) for binding in bindings):
        return PolicyChange(policy)
    index = next((index for index, binding in enumerate(bindings) if _is_for(binding, wanted)), None)
    if index is None:
        new: JsonObject = {"role": wanted.role, "members": [wanted.member]}
        if wanted.condition:
            new["condition"] = wanted.condition.as_json()
        changed: list[Binding] = [*bindings, new]
    else:
        members = [*(bindings[index].get("members") or ()), wanted.member]
        changed = [*bindings[:index], {**bindings[index], "members": members}, *bindings[index + 1 :]]
    return PolicyChange(_with_bindings(policy, changed), after=(wanted.line(),))


def _plan_absent(policy: JsonObject, wanted: Grant) -> PolicyChange:
    changed: list[Binding] = []
    removed: list[str] = []
    for binding in _bindings(policy):
        if not _holds(binding, wanted):
            changed.append(binding)
            continue
        members = [member for member in binding["members"] if not same_member(member, wanted.member)]
        removed.append(wanted.line())
        if members:
            changed.append({**binding, "members": members})
    return PolicyChange(_with_bindings(policy, changed), before=tuple(removed)) if removed else PolicyChange(policy)


def _bindings(policy: Mapping[str, Any]) -> Sequence[Binding]:
    return policy.get("bindings") or ()


def _is_for(binding: Binding, wanted: Grant) -> bool:
    """Tell whether ``binding`` is about the same role under the same condition."""
    return binding.get("role") == wanted.role and Condition.from_json(binding.get("condition")) == wanted.condition


def _holds(binding: Binding, wanted: Grant) -> bool:
    members = binding.get("members") or ()
    return _is_for(binding, wanted) and any(same_member(member, wanted.member) for member in members)


def _with_bindings(policy: JsonObject, bindings: Sequence[Binding]) -> JsonObject:
    changed = {**policy, "bindings": [dict(binding) for binding in bindings]}
    if any(binding.get("condition") for binding in bindings):
        changed["version"] = POLICY_VERSION
    return changed
