# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that was given a part of the fleet takes nothing away from what others may need, nor does one that heals.

Who the others are a part cannot know: their buckets are named by nobody here, and their connections may not be there
yet. Healing repairs what keeps data away, and leaves to onboard.yml what somebody has added. Pure functions.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ....module_utils._aws.access.adoption import reach
from ....module_utils._aws.access.documents import covers, listed
from ....module_utils._aws.access.explanation import role_after
from ....module_utils._aws.access.model import NOTHING, AccessPlan, AccessStep, Actual, DesiredAccess, PlaceJudgement
from ....module_utils._aws.effect.statement import Document
from ....module_utils._bucket.effect import Answer
from ....module_utils._kernel.finding import ACCESS, Finding
from ..._words import joined
from .drafts import Draft

WHOLE = "run the playbook with the whole inventory, without onramp_part_of_fleet"
# What "needed_by" holds where nobody can be named.
SOMEBODY = ("workspaces outside of this part of the fleet",)
POLICY_HAS_MORE = "policy_has_more"
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
    return replace(plan, findings=(*plan.findings, finding))


def without_taking_out(
    plan: AccessPlan, desired: DesiredAccess, actual: Actual, policies: Callable[[], Mapping[str, Document]]
) -> AccessPlan:
    """Return the plan of a policy and a role; a policy from which something would be taken out stays as it is.

    Where Fivetran cannot read because of that, a person has to decide. ``policies``: of the buckets, by name.
    """
    before, after = (step.get("document") for step in (plan.policy.before, plan.policy.after))
    if plan.policy.action != "update" or not _takes_away(before, after, "document"):
        return plan
    arn, known = actual.policy_arn(desired), policies()
    role = role_after(desired, actual, NOTHING, attaches=True, boundary=actual.boundary)
    finding = Finding(
        step=ACCESS,
        severity="error",
        code=POLICY_HAS_MORE,
        message=f"The IAM policy {arn} does not let Fivetran read, and says more than it should: healing takes nothing"
        " out of a policy.",
        remedy="onboard.yml makes it what it should be, and with --check tells before what it would take out.",
    )
    places = {}
    for place in plan.places:
        effect = reach(role.session(), place, {})
        effect = effect if effect.answer is Answer.YES else reach(role.session(), place, known)
        places[place] = PlaceJudgement(effect, () if effect.answer is Answer.YES else (finding,))
    return replace(plan, policy=NOTHING, places=places)


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
        wanted = _lines(after)
        return any(not any(_allows_as_much(other, line) for other in wanted) for line in _lines(before) - wanted)
    if isinstance(before, Mapping):
        return any(before[key] != (after or {}).get(key) for key in before)
    return before not in (None, "")


# What a document says, one action on one resource at a time: effect, action, resource, and the rest of the statement.
_Line: TypeAlias = tuple[str, str, str, str]


def _lines(document: Any) -> set[_Line]:
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return {
        (str(statement.get("Effect")), str(action).lower(), str(resource), _rest(statement))
        for statement in listed(statements)
        if isinstance(statement, Mapping)
        for action in listed(statement.get("Action", ""))
        for resource in listed(statement.get("Resource", ""))
    }


def _allows_as_much(line: _Line, other: _Line) -> bool:
    """Tell whether a line allows what another one allows, or more than that."""
    effect, action, resource, rest = line
    is_alike = effect == other[0] == "Allow" and rest in (other[3], _rest({}))
    return is_alike and covers([action], other[1]) and covers([resource], other[2])


def _rest(statement: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in statement.items() if name not in ("Sid", "Effect", "Action", "Resource")}
    return json.dumps(rest, sort_keys=True)
