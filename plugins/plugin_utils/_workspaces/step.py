# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook in two steps, each a run of its own: what workspaces share, once; and the workspaces, in parts.

A pure function of a plan. Offboarding goes the other way round: connections first, then all access that nobody needs.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ...module_utils._kernel.finding import Finding
from .._words import joined
from .decide.drafts import Draft, Situation
from .model.plan import ACCESS_KINDS, Change, Plan, RoleWork, WorkspacePlan

ALL, SHARED, WORKSPACES = "all", "shared", "workspaces"
# The playbooks that change something in steps; others do what they do in either.
_IN_STEPS = ("onboard", "rotate_key", "offboard")


def is_shared_here(change: Change) -> bool:
    """Tell whether others of the run need the same object."""
    return bool(change.shared_with)


def of_step(plan: Plan, step: str, is_shared: Callable[[Change], bool] = is_shared_here) -> Plan:
    """Return what of the plan is done in the step, and what is left for the other.

    ``is_shared``: whether an object is there for several workspaces, which a part of the fleet cannot know by itself.
    """
    if step == ALL or plan.purpose not in _IN_STEPS:
        return plan
    of_one = _offboarding if plan.purpose == "offboard" else _bringing
    workspaces = {name: of_one(workspace, step, is_shared) for name, workspace in plan.workspaces.items()}
    return replace(plan, workspaces=workspaces, step=step)


def note_what_stays(situation: Situation, drafts: Iterable[Draft]) -> None:
    """Note whose connection is still there when access is to be taken away: what it reads with stays."""
    if not (situation.purpose.removes and situation.step == SHARED):
        return
    for draft in drafts:
        if any(change.kind == "connection" and change.is_change for change in draft.changes):
            draft.problem(
                "connection",
                "connection_still_there",
                f"The connection {draft.settings.fivetran_schema} has not been deleted yet, so that what it reads with"
                " stays.",
                "Run offboard.yml with -e onramp_step=workspaces first.",
            )


def _bringing(plan: WorkspacePlan, step: str, is_shared: Callable[[Change], bool]) -> WorkspacePlan:
    shared = [change for change in plan.changes_of(*ACCESS_KINDS) if is_shared(change)]
    if step == SHARED:
        return _only(plan, lambda change: change in shared)
    if not shared or plan.problems:
        return plan
    what = joined(dict.fromkeys(f"the {change.kind} {change.name}" for change in shared))
    missing = Finding(
        "access",
        "error",
        "shared_step_first",
        f"What other workspaces need as well is not as it should be yet: {what}.",
        "Run the same playbook with -e onramp_step=shared and the whole inventory first.",
    )
    return replace(plan, problems=(missing,))


def _offboarding(plan: WorkspacePlan, step: str, _is_shared: Callable[[Change], bool]) -> WorkspacePlan:
    return _only(plan, lambda change: (change.kind in ACCESS_KINDS) == (step == SHARED))


def _only(plan: WorkspacePlan, is_now: Callable[[Change], bool]) -> WorkspacePlan:
    """Return the plan with those changes only that the step makes. What is as it should be stays recorded."""
    now = tuple(change for change in plan.changes if not change.is_change or is_now(change))
    later = tuple(change for change in plan.todo if not is_now(change))
    is_access_left = any(change.kind in ACCESS_KINDS for change in now if change.is_change)
    access = plan.access if is_access_left else _nothing_to_make(plan.access)
    return replace(plan, changes=now, later=later, access=access)


def _nothing_to_make(work: RoleWork) -> RoleWork:
    return replace(work, maker="")
