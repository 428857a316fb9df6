# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as the result of a task: plain data, with what is told of it, and to whom a line of its own belongs."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .heal.outcomes import found_by_healing, strangers
from .model.plan import Plan, WorkspacePlan, WorkspaceVerdict
from .tell import diffs, findings_of, fleet_line, not_verifiable, notes_of, told, unclaimed_lines, way_lines


def with_news(workspaces: Mapping[str, Mapping[str, Any]], each_up_to: int | None) -> list[str]:
    """Return who has a line of its own: of more than ``each_up_to``, those whose line says more than the fleet's.

    And one more where all of those fail: Ansible ends a run in which all hosts of a play have failed, also for others.
    """
    if each_up_to is None or len(workspaces) <= each_up_to:
        return list(workspaces)
    named = {name for name, one in workspaces.items() if one["has_news"]}
    if named and all(workspaces[name]["failed"] for name in named):
        named.update([name for name in workspaces if name not in named][:1])
    return [name for name in workspaces if name in named]


def as_told(plan: Plan, each_up_to: int | None = None) -> dict[str, Any]:
    """Return the plan as plain data, with what is told of it: what the tasks and the report of a playbook go by."""
    workspaces = {name: _workspace(plan.purpose, workspace) for name, workspace in plan.workspaces.items()}
    told_apart = with_news(workspaces, each_up_to)
    return {
        "changed": False,
        "msg": fleet_line(plan),
        "told": [
            fleet_line(plan),
            *_without_line(len(workspaces) - len(told_apart), len(workspaces)),
            *plan.notes,
            *plan.shortages,
            *unclaimed_lines(plan),
            *strangers(plan),
        ],
        **(_of_nobody(plan) if plan.purpose == "verify" else {}),
        "to_delete": [
            f"{name} ({workspace.schema})"
            for name, workspace in plan.workspaces.items()
            if plan.purpose == "offboard" and not workspace.problems and workspace.changes_of("connection")
        ],
        **(_left(plan) if plan.purpose == "offboard" else {}),
        "with_news": told_apart,
        "workspaces": workspaces,
        "to_do": {name: workspace.work() for name, workspace in plan.workspaces.items()},
    }


def _without_line(count: int, total: int) -> list[str]:
    if not count:
        return []
    them, have_none = ("it", "has no line of its own") if count == 1 else ("them", "have no line of their own")
    return [
        f"{count} of them {have_none}, for there is nothing else to tell of {them}."
        f" -e onramp_tell_each_up_to={total} tells of each."
    ]


def _left(plan: Plan) -> dict[str, Any]:
    return {
        "buckets_left": {name: list(workspace.reads) for name, workspace in plan.workspaces.items() if workspace.reads}
    }


def _of_nobody(plan: Plan) -> dict[str, Any]:
    return {"unclaimed": [found.as_json() for found in plan.unclaimed], "doubts": list(plan.doubts)}


def _workspace(purpose: str, plan: WorkspacePlan) -> dict[str, Any]:
    found = findings_of(plan) if purpose == "verify" else list(plan.problems or found_by_healing(plan.healing))
    warned = [finding.text() for finding in plan.warnings]
    if purpose == "verify" and found:
        warned += [*notes_of(purpose, plan), *not_verifiable(plan)]
    return {
        **plan.as_json(),
        "told": told(purpose, plan),
        "has_news": plan.verdict is not WorkspaceVerdict.FINE or bool(found or warned or notes_of(purpose, plan)),
        # Of a workspace with findings it is among them.
        "told_if_verbose": [] if found else way_lines(plan),
        "reads_only": purpose == "verify",
        # What heal.yml finds fails at its end, after what can be healed.
        "failed": bool(found) and purpose != "heal",
        "failure": {"code": found[0].code, "message": found[0].message} if found else {},
        "findings": [finding.as_json() for finding in found],
        "warned": [f"{plan.name}: {sentence}" for sentence in warned],
        "diff": diffs(plan),
    }
