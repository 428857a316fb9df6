# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
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
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import HANDED_OVER
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reader import HostVariables


class ActionModule(ControllerAction):
    """Checks the variables of a role in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return warnings, and what the role hands over for now; failed where a variable is missing or wrong."""
        role = validated(OPTIONS, self._task.args)["role"]
        wrong = list(map(printable, wrong_variables(role, HostVariables(variables, self._loader))))
        warnings = misspelt_variables(role, variables)
        result: dict[str, Any] = {"handed_over": _at_the_beginning(role, self._task)}
        if warnings:
            result["warnings"] = warnings
        if wrong:
            refusal = {**InvalidArgument(wrong[0]).as_result(), "msg": "\n".join(wrong)}
            return {**result, **refusal, "failed": True, "changed": False}
        return {**result, "changed": False}


def _at_the_beginning(role: str, task: Any) -> dict[str, Any]:
    """Return what ``role`` hands over until it comes to its end; what its other entry points have handed over stays."""
    facts = HANDED_OVER.get((role, _entry_point(role, task))) or HANDED_OVER[role, "main"]
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in facts.items()}


def _entry_point(role: str, task: Any) -> str:
    """Return by what ``tasks_from`` the role was begun that ``task`` is a dependency of; ``main`` if by none."""
    for used in reversed(task.get_dep_chain() or []):
        if used.get_name().rpartition(".")[2] == role:
            begun = str(getattr(used, "_from_files", {}).get("tasks") or "main")
            return begun.removesuffix(".yml").removesuffix(".yaml")
    return "main"
