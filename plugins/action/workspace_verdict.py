# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.printable import sentence

PLAN = "onramp_plan"


class ActionModule(ActionBase):
    """Tells what the plan says of one workspace."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what is told; failed where the workspace is refused, or verifying has found something."""
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        name = str(variables.get("inventory_hostname"))
        plan = variables.get(PLAN)
        plan = plan if isinstance(plan, Mapping) else {}
        workspace = (plan.get("workspaces") or {}).get(name)
        if workspace is None:
            cause = sentence(str(plan.get("msg") or "workspace_plan has not run before"))
            message = f"{name}: there is no plan, because the look at all workspaces has ended without one: {cause}"
            return {**result, "failed": True, "msg": message, "failure": {"code": "not_looked_at", "message": message}}
        return {**result, **self._told(workspace)}

    def _told(self, workspace: Mapping[str, Any]) -> dict[str, Any]:
        lines = [*workspace["told"], *(workspace["told_if_verbose"] if self._display.verbosity else ())]
        told: dict[str, Any] = {
            # Outside of check mode, the roles tell what they have changed.
            "changed": bool(workspace["applies"]) and self._task.check_mode,
            "failed": bool(workspace["failed"]),
            "msg": "\n".join(lines) if len(lines) == 1 or workspace["failed"] else lines,
        }
        if workspace["failed"]:
            told["failure"] = dict(workspace["failure"])
        if len(lines) > 1 or workspace["failed"]:
            told["_ansible_verbose_always"] = True
        if self._task.check_mode and self._task.diff and workspace["diff"]:
            told["diff"] = list(workspace["diff"])
        if workspace["warned"]:
            told["warnings"] = list(workspace["warned"])
        return told
