# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.printable import printable
from ansible_collections.onramp.braze_fivetran.plugins.modules.role_variables import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.alone import (
    misspelt_variables,
    wrong_variables,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reader import HostVariables


class ActionModule(ControllerAction):
    """Checks the variables of a role in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return nothing but warnings; failed where a variable is missing or wrong."""
        role = validated(OPTIONS, self._task.args)["role"]
        wrong = list(map(printable, wrong_variables(role, HostVariables(variables, self._loader))))
        warnings = misspelt_variables(role, variables)
        result: dict[str, Any] = {"warnings": warnings} if warnings else {}
        if wrong:
            refusal = {**InvalidArgument(wrong[0]).as_result(), "msg": "\n".join(wrong)}
            return {**result, **refusal, "failed": True, "changed": False}
        return {**result, "changed": False}
