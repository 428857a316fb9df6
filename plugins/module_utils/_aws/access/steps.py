# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be written of a policy and of a role, with before and after."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .adoption import (
    extended,
)
from .documents import JsonObject, same_document
from .model import (
    NOTHING,
    AccessStep,
    Actual,
    ActualPolicy,
    DesiredAccess,
    is_ours,
)


def step_of_policy(desired: DesiredAccess, policy: ActualPolicy | None, *, adopt: bool) -> AccessStep:
    if policy is None:
        return AccessStep("create", {}, {"document": desired.permissions, "tags": desired.all_tags})
    is_same = same_document(policy.document, desired.permissions)
    if not is_ours(policy.tags) and not is_same:
        # Only what is missing is added, and it stays somebody else's.
        after = extended(policy.document, desired.permissions)
        return AccessStep("update", {"document": policy.document}, {"document": after})
    wanted = {"document": desired.permissions, "tags": wanted_tags(desired, policy.tags, adopt=adopt)}
    there = {"document": policy.document, "tags": of_keys(wanted["tags"], policy.tags)}
    return as_update([*([] if is_same else ["document"]), *which_differ(("tags",), there, wanted)], there, wanted)


def step_of_role(desired: DesiredAccess, actual: Actual, *, adopt: bool) -> AccessStep:
    role = actual.role
    policy_arn = actual.policy_arn(desired)
    wanted: JsonObject = {
        "trust": desired.trust,
        "policy": policy_arn,
        "tags": wanted_tags(desired, role.tags, adopt=adopt) if role else desired.all_tags,
        "max_session_duration": desired.max_session_duration,
        "permissions_boundary": desired.permissions_boundary,
    }
    if role is None:
        return AccessStep("create", {}, {name: value for name, value in wanted.items() if value not in (None, "")})
    there: JsonObject = {
        "trust": role.trust,
        "policy": policy_arn if policy_arn in role.attached_policies else None,
        "tags": of_keys(wanted["tags"], role.tags),
        "max_session_duration": role.max_session_duration,
        "permissions_boundary": role.permissions_boundary,
    }
    differing = [] if same_document(role.trust, desired.trust) else ["trust"]
    others = ("policy", "tags", "max_session_duration", "permissions_boundary")
    return as_update([*differing, *which_differ(others, there, wanted)], there, wanted)


def wanted_tags(desired: DesiredAccess, tags: Mapping[str, str], *, adopt: bool) -> dict[str, str]:
    """Return the tags to have. What somebody else has made exactly as we do gets them only when it is adopted."""
    return desired.all_tags if adopt or is_ours(tags) else {}


def of_keys(wanted: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    return {key: tags[key] for key in wanted if key in tags}


def which_differ(names: Iterable[str], there: JsonObject, wanted: JsonObject) -> list[str]:
    return [name for name in names if wanted[name] is not None and wanted[name] != there[name]]


def as_update(differing: list[str], there: JsonObject, wanted: JsonObject) -> AccessStep:
    if not differing:
        return NOTHING
    return AccessStep("update", {name: there[name] for name in differing}, {name: wanted[name] for name in differing})
