# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans that are saved and held against later ones, out of situations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.compare import Approval
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.model import Saved, as_data, checksum
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import from_data
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.using import settled
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import _approved
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import told

from tests.unit.workspaces.situations import SECRETS, plan_of, situation

MADE_AT = "2026-03-01T14:00:00Z"
REDACT = Redactor(SECRETS).data


def settings_by_name(inventory: Iterable[Any]) -> dict[str, Any]:
    return settled({entry.name: entry for entry in inventory})


def data_of(purpose: str, *inventory: Any, **more: Any) -> dict[str, Any]:
    """Return the plan for a situation as it is saved."""
    plan = plan_of(purpose, *inventory, **more)
    return as_data(plan, [entry.name for entry in inventory], settings_by_name(inventory), REDACT, MADE_AT)


def saved(purpose: str, *inventory: Any, **more: Any) -> Saved:
    """Return the plan for a situation as it is read again."""
    return from_data(data_of(purpose, *inventory, **more), "plan.json")


def held_against(approved: Saved, *inventory: Any, is_part: bool = False, **more: Any) -> Plan:
    """Return the plan for a situation, held against an approved one."""
    approval = Approval(approved, settings_by_name(inventory), REDACT)
    now = replace(situation(approved.purpose, *inventory, **more), is_part=is_part)
    return _approved(now, {}, approval)


def said(plan: Plan, name: str) -> str:
    """Return what is told of one workspace."""
    return "\n".join(told(plan.purpose, plan.workspaces[name]))


def verdicts(plan: Plan) -> dict[str, str]:
    return {name: workspace.verdict.value for name, workspace in plan.workspaces.items()}


def codes(plan: Plan, name: str) -> list[str]:
    return [problem.code for problem in plan.workspaces[name].problems]


def resealed(data: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return a plan that somebody has changed who knows how to make the checksum."""
    change(data)
    return {**data, "checksum": checksum(data)}
