# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that was given a part of the fleet takes nothing away from what others may need. Pure functions.

Who the others are it cannot know: their buckets are named by nobody here, and their connections may not be there yet.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ....module_utils._aws.access.documents import listed
from ....module_utils._aws.access.model import AccessPlan, AccessStep
from ....module_utils._kernel.finding import ACCESS, Finding
from ..._words import joined
from .drafts import Draft

WHOLE = "run the playbook with the whole inventory, without onramp_part_of_fleet"
# What "needed_by" holds where nobody can be named.
SOMEBODY = ("workspaces outside of this part of the fleet",)
_DOCUMENTS = ("document", "trust")


def without_loss(plan: AccessPlan) -> AccessPlan:
    """Return the plan of a policy and a role; where it would take something away, with why that is refused."""
    lost = [*_lost("policy", plan.policy), *_lost("role", plan.role)]
    if not lost:
        return plan
    finding = Finding(
        step=ACCESS,
        severity="error",
        code="part_of_fleet",
        message=f"Of what workspaces may share, {joined(lost)} would be overwritten, and this run knows a part of the"
        " fleet only (onramp_part_of_fleet).",
        remedy=f"To repair it, {WHOLE}.",
    )
    return AccessPlan(**{**vars(plan), "findings": (*plan.findings, finding)})


def note_kept(draft: Draft, what: str) -> None:
    """Note that access stays when a workspace leaves, no matter who else reads with it."""
    draft.notice(
        "access",
        "info",
        "kept_for_the_fleet",
        f"{what} stays, because this run knows a part of the fleet only (onramp_part_of_fleet).",
        "To take away what nobody needs, run offboard.yml with the whole inventory and -e onramp_step=shared.",
    )


def _lost(what: str, step: AccessStep) -> list[str]:
    """Return of what an update takes something away."""
    before = step.before if step.action == "update" else {}
    return [f"{name} of the {what}" for name, value in before.items() if _takes_away(value, step.after.get(name), name)]


def _takes_away(before: Any, after: Any, name: str) -> bool:
    if name in _DOCUMENTS:
        return bool(_statements(before) - _statements(after))
    if isinstance(before, Mapping):
        return any(before[key] != (after or {}).get(key) for key in before)
    return before not in (None, "")


def _statements(document: Any) -> set[str]:
    """Return what a document says, one action on one resource at a time, so that documents can be compared as sets."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return {
        json.dumps([statement.get("Effect"), action, resource, _rest(statement)], sort_keys=True)
        for statement in listed(statements)
        if isinstance(statement, Mapping)
        for action in listed(statement.get("Action", ""))
        for resource in listed(statement.get("Resource", ""))
    }


def _rest(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in ("Sid", "Effect", "Action", "Resource")}
