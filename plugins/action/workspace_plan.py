# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_plan import ARGUMENTS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import Limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.plan import Plan, Verdict
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import (
    plan_of,
    read_inventory,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import as_told

GROUP = "braze_workspaces"
# A pattern that matches no host and is no mistake.
NOBODY = f"{GROUP}:!{GROUP}"
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class ActionModule(ActionBase):
    """Plans all workspaces of the play in Ansible's own process."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan; what goes wrong with the look is in it, for every workspace."""
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        result.update(self._plan(validated(ARGUMENTS, self._task.args), variables))
        # It is told workspace by workspace, by the tasks that follow.
        result["_ansible_verbose_override"] = True
        return result

    def _plan(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        playing = [str(name) for name in variables.get("ansible_play_hosts") or ()]
        inventory = [str(name) for name in (variables.get("groups") or {}).get(GROUP) or ()]
        limits = Limits(params["request_timeout"], params["retry_timeout"])
        try:
            read = read_inventory(variables["hostvars"], _play_of(self._task), inventory, os.environ, params["purpose"])
            plan, redactor = plan_of(params["purpose"], read, frozenset(playing), limits)
        except Exception as error:
            # Every workspace of the play is told, not only the one whose task this is.
            cause = error if isinstance(error, OnrampError) else f"An unexpected {type(error).__name__} ended the look."
            # Where it happened, and not its text, which may quote a setting.
            self._display.vvv("".join(traceback.format_tb(error.__traceback__)))
            return _plain(as_told(no_plan(params["purpose"], playing, cause)))
        # Plain first: in a tuple, the redactor would find nothing.
        told: dict[str, Any] = redactor.data(_plain(as_told(_only_playing(plan, playing))))
        return told | {"hosts_to_change": self._hosts_to_change(plan)}

    def _hosts_to_change(self, plan: Plan) -> str | list[str]:
        """Return the pattern of the play that makes the changes; nobody in check mode."""
        names = [name for name, workspace in plan.workspaces.items() if workspace.verdict is Verdict.CHANGES]
        if self._task.check_mode or not names:
            return NOBODY
        # A name that means something in a pattern cannot stand in one; then everybody is asked for what is to do.
        # And a group may have the name of a host: of its hosts, only workspaces play.
        return [*names, f"&{GROUP}"] if all(map(PLAIN_NAME.fullmatch, names)) else GROUP


def _only_playing(plan: Plan, playing: list[str]) -> Plan:
    missing = [name for name in playing if name not in plan.workspaces]
    if not missing:
        return plan
    outside = no_plan(plan.purpose, missing, f"The host does not belong to the group {GROUP}.")
    return replace(plan, workspaces={**plan.workspaces, **outside.workspaces})


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data: Ansible keeps no other types in variables."""
    plain: dict[str, Any] = json.loads(json.dumps(data, default=str))
    return plain


def _play_of(task: Any) -> Any:
    """Return the play that the task belongs to: variables may be set for the whole play."""
    parent = task
    while parent is not None:
        play = getattr(parent, "_play", None)
        if play is not None:
            return play
        parent = getattr(parent, "_parent", None)
    return None
