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
from functools import partial
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_plan import ARGUMENTS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._guard import GuardedAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._play import play_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._progress import Progress
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import (
    GROUP,
    Discretion,
    known_secrets,
    remember,
    secret_values,
    secrets_of_run,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._tracing import trace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.asked import PURPOSES
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import Limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.plan import Plan, Verdict
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import (
    Entry,
    plan_of,
    read_inventory,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import as_told

# A pattern that matches no host and is no mistake.
NOBODY = f"{GROUP}:!{GROUP}"
FEW = 2
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class ActionModule(GuardedAction):
    """Plans all workspaces of the play in Ansible's own process."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan; what goes wrong with the look is in it, for every workspace."""
        return self.guarded(ARGUMENTS, lambda: self._run(tmp, task_vars or {}))

    def _run(self, tmp: str | None, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, variables)
        trace(self, variables)
        result.update(self._plan(validated(ARGUMENTS, self._task.args), variables))
        # It is told workspace by workspace, by the tasks that follow.
        result["_ansible_verbose_override"] = True
        return result

    def _plan(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        playing = [str(name) for name in variables.get("ansible_play_hosts") or ()]
        inventory = [str(name) for name in (variables.get("groups") or {}).get(GROUP) or ()]
        limits = Limits(params["request_timeout"], params["retry_timeout"])
        progress = Progress()
        try:
            read = self._read(params["purpose"], inventory, variables)
            told = partial(_tell, progress)
            plan, _redactor = plan_of(params["purpose"], read, frozenset(playing), limits, told=told)
        except Exception as error:
            # Every workspace of the play is told, not only the one whose task this is.
            cause = error if isinstance(error, OnrampError) else f"An unexpected {type(error).__name__} ended the look."
            # Where it happened, and not its text, which may quote a setting.
            self._display.vvv("".join(traceback.format_tb(error.__traceback__)))
            return self._shown(no_plan(params["purpose"], playing, cause), variables)
        finally:
            progress.clear()
        shown = self._shown(_only_playing(plan, playing), variables)
        return shown | {"hosts_to_change": self._hosts_to_change(plan)}

    def _shown(self, plan: Plan, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the plan as it is told, without the secrets of any workspace, no matter which of them play."""
        discretion = Discretion(known_secrets(), lambda: secrets_of_run(variables, play_of(self._task)))
        told = _plain(as_told(plan))
        # How many there are is no vendor's word.
        return discretion.result({**told, "msg": ""}) | {"msg": told["msg"]}

    def _read(
        self, purpose: str, inventory: list[str], variables: Mapping[str, Any]
    ) -> dict[str, tuple[Entry, list[str]]]:
        """Read the settings of all workspaces, and let the tasks that follow know their secrets."""
        secrets: set[str] = set()
        # Whom nothing is asked of Braze for may have a vault that is closed.
        also = (lambda host: secrets.update(secret_values(host))) if PURPOSES[purpose].key else (lambda _host: None)
        read = read_inventory(variables["hostvars"], play_of(self._task), inventory, os.environ, purpose, also)
        if PURPOSES[purpose].key:
            remember(inventory, secrets)
        return read

    def _hosts_to_change(self, plan: Plan) -> str | list[str]:
        """Return the pattern of the play that makes the changes; nobody in check mode."""
        names = [name for name, workspace in plan.workspaces.items() if workspace.verdict is Verdict.CHANGES]
        if self._task.check_mode or not names:
            return NOBODY
        # A name that means something in a pattern cannot stand in one; then everybody is asked for what is to do.
        # And a group may have the name of a host: of its hosts, only workspaces play.
        return [*names, f"&{GROUP}"] if all(map(PLAIN_NAME.fullmatch, names)) else GROUP


def _tell(progress: Progress, done: int, total: int) -> None:
    # Of one or two, there is nothing to wait for.
    if total > FEW:
        progress.tell(f"{done} of {total} workspaces looked at")


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
