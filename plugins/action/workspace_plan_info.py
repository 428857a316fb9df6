# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_plan_info import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.tracing import trace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.file import read
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.tell import lines


class ActionModule(ControllerAction):
    """Reads a saved plan in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the plan and what is told of it."""
        trace(self, variables)
        try:
            found = _found(validated(OPTIONS, self._task.args)["path"])
        except OnrampError as error:
            found = {**error.as_result(), "failed": True, "changed": False}
        # What a file says is no template.
        told: dict[str, Any] = wrap_var(found)
        return told


def _found(path: str) -> dict[str, Any]:
    if not path:
        unusable("onramp_plan_file", "It is not set. Name the file with -e onramp_plan_file=plan.json.")
    data, saved = read(path)
    told = lines(saved)
    return {
        "changed": False,
        "msg": told[1],
        "told": told,
        "purpose": saved.purpose,
        "made_at": saved.made_at,
        "workspaces": {name: plan.verdict.value for name, plan in saved.plan.workspaces.items()},
        "plan": data,
    }
