# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_plan import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import OF_PLAN, validated_as_set
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.play import play_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.progress import Progress, say
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.shared_limits import (
    clients as shared_clients,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.tracing import trace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.using import Plans, settled
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import (
    GROUP,
    Discretion,
    known_secrets,
    remember,
    secret_values,
    secrets_of_run,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Entry
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.healing import wanted_connections
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.memory import (
    AttemptsMemory,
    of_facts,
    path_of,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.outcomes import state_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.look import Limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.attempts import Attempts
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import (
    HealRequest,
    HealState,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Plan, WorkspaceVerdict
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import (
    plan_of,
    read_inventory,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.step import of_step

# A pattern that matches no host and is no mistake.
NOBODY = f"{GROUP}:!{GROUP}"
FEW = 2
# The variable in which the jobs that follow find the plan.
HANDED_ON = "onramp_approved_plan"
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class ActionModule(ControllerAction):
    """Plans all workspaces of the play in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the plan; what goes wrong with the look is in it, for every workspace."""
        trace(self, variables)
        params = validated_as_set(OPTIONS, self._task.args, OF_PLAN)
        # It is told workspace by workspace, by the tasks that follow.
        return self._plan(params, variables) | {"_ansible_verbose_override": True}

    def _plan(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        playing = [str(name) for name in variables.get("ansible_play_hosts") or ()]
        inventory = [str(name) for name in (variables.get("groups") or {}).get(GROUP) or ()]
        each_up_to = self._each_up_to(params["tell_each_up_to"], playing)
        limits = Limits(params["request_timeout"], params["retry_timeout"], params["rate_limit_timeout"])
        progress = Progress()
        try:
            plans = Plans.of(params, inventory)
            read = self._read(params["purpose"], inventory, variables)
            settings = settled({name: entry for name, (entry, _hints) in read.items()}) if plans.has_any else {}
            redact = self._redactor(variables, plans).data
            told = partial(_tell, progress)
            of_run = {"is_part": params["part_of_fleet"], "step": params["step"]}
            of_run["buckets_left"] = params["buckets_left"]
            of_run["approval"] = plans.approval(settings, redact)
            heal = _heal_request(params, playing, variables) if PURPOSES[params["purpose"]].heals else None
            shared = shared_clients(partial(_say, progress))
            plan, _redactor = plan_of(
                params["purpose"], read, frozenset(playing), limits, shared, told, heal=heal, **of_run
            )
            handed_on = plans.handed_on(plan, inventory, settings, redact)
            plan = of_step(plans.written(plan, inventory, settings, redact), params["step"], plans.is_shared)
        except Exception as error:
            # Every workspace of the play is told, not only the one whose task this is.
            cause = error if isinstance(error, OnrampError) else f"An unexpected {type(error).__name__} ended the look."
            # Where it happened, and not its text, which may quote a setting.
            self._display.vvv("".join(traceback.format_tb(error.__traceback__)))
            return self._shown(no_plan(params["purpose"], playing, cause), variables, each_up_to)
        finally:
            progress.clear()
        taken_up = _pattern(_taken_up(plan))
        shown = self._shown(
            _only_playing(plan, playing) if heal is None else _asked_for(plan, taken_up), variables, each_up_to
        )
        shown |= {"hosts_to_change": self._hosts_to_change(plan), "hosts_to_share": self._hosts_to_share(plan)}
        shown |= {"hosts_taken_up": taken_up} if heal is not None else {}
        return shown | ({"ansible_stats": _for_all(handed_on)} if handed_on else {})

    def _each_up_to(self, number: int | None, playing: Iterable[str]) -> int | None:
        """Return of how many each is told; of any number for who asks for more, or if no pattern can name them."""
        return None if self._display.verbosity or not all(map(PLAIN_NAME.fullmatch, playing)) else number

    def _redactor(self, variables: Mapping[str, Any], plans: Plans) -> Redactor:
        """Return what keeps every secret of the run out of plans that are saved, if any are."""
        others = secrets_of_run(variables, play_of(self._task)) if plans.has_any else ()
        return Redactor([*known_secrets(), *others])

    def _shown(self, plan: Plan, variables: Mapping[str, Any], each_up_to: int | None) -> dict[str, Any]:
        """Return the plan as it is told, without the secrets of any workspace, no matter which of them play."""
        discretion = Discretion(known_secrets(), lambda: secrets_of_run(variables, play_of(self._task)))
        told = _plain(as_told(plan, each_up_to))
        names = told.pop("with_news")
        to_tell = GROUP if len(names) == len(plan.workspaces) else _pattern(names)
        # How many there are is no vendor's word.
        return discretion.result({**told, "msg": ""}) | {"msg": told["msg"], "hosts_to_tell": to_tell}

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
        return self._pattern(_to_change(plan))

    def _hosts_to_share(self, plan: Plan) -> str | list[str]:
        return self._pattern(_to_share(plan))

    def _pattern(self, names: list[str]) -> str | list[str]:
        """Return the pattern of a play that changes these hosts; nobody in check mode."""
        return NOBODY if self._task.check_mode else _pattern(names)


def _pattern(names: list[str]) -> str | list[str]:
    """Return the pattern of a play for these hosts."""
    if not names:
        return NOBODY
    # A name that means something in a pattern cannot stand in one; then everybody is asked for what is to do.
    # And a group may have the name of a host: of its hosts, only workspaces play.
    return [*names, f"&{GROUP}"] if all(map(PLAIN_NAME.fullmatch, names)) else GROUP


def _for_all(handed_on: str) -> dict[str, Any]:
    """Return what set_stats would, so that AWX gives it to the jobs that follow."""
    return {"data": {HANDED_ON: handed_on}, "per_host": False, "aggregate": False}


def _to_change(plan: Plan) -> list[str]:
    return [name for name, workspace in plan.workspaces.items() if workspace.verdict is WorkspaceVerdict.CHANGES]


def _taken_up(plan: Plan) -> list[str]:
    """Return the workspaces that heal.yml has been asked for."""
    return [name for name, workspace in plan.workspaces.items() if state_of(workspace) is not HealState.LEFT_OUT]


def _asked_for(plan: Plan, pattern: str | list[str]) -> Plan:
    """Return the plan without those who are not asked for, unless the pattern takes everybody up."""
    if pattern == GROUP:
        return plan
    names = _taken_up(plan)
    return replace(plan, workspaces={name: plan.workspaces[name] for name in names})


def _to_share(plan: Plan) -> list[str]:
    """Return who brings to its state what several need, and one more: where all of them fail, the others go on."""
    names = _to_change(plan)
    makers = {name for name in names if plan.workspaces[name].is_shared and plan.workspaces[name].access.maker == name}
    one_more = next((name for name in names if name not in makers), "")
    return [name for name in names if name in makers or name == one_more] if makers else []


def _heal_request(params: Mapping[str, Any], playing: Iterable[str], variables: Mapping[str, Any]) -> HealRequest:
    """Return what heal.yml is asked, and what it has tried before."""
    known = AttemptsMemory(path_of(params["heal_state"]), Attempts()).read()
    for name in playing:
        # Not evaluated: a fact is no template.
        known = known.also(of_facts(variables["hostvars"].raw_get(name).get("ansible_facts")))
    return HealRequest(wanted_connections(params["heal_connections"]), params["heal_cooldown"], known)


def _tell(progress: Progress, done: int, total: int) -> None:
    # Of one or two, there is nothing to wait for.
    if total > FEW:
        progress.tell(f"{done} of {total} workspaces looked at")


def _say(progress: Progress, line: str) -> None:
    progress.clear()
    say(line)


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
