# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_heal import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import (
    OF_HEALING,
    validated_as_set,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.hook import run_hook
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.memory import (
    FACT,
    AttemptsMemory,
    path_of,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.news import (
    TOLD,
    all_told,
    is_news,
    remember,
    told_before,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.outcomes import (
    FAILED,
    QUIET,
    failed_message,
    outcome,
    planned,
    remembered,
    sentence,
    summary,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import HealState

PLAN = "onramp_plan"
OUTCOME = "onramp_heal_outcome"
# What the tasks of heal.yml are registered as: the beginning, an end before the end, the end, and what stands between.
BEGUN = "onramp_heal_begun"
STOPPED = "onramp_heal_stopped"
ENDED = "onramp_heal_ended"
CONNECTION = "fivetran_connection_details"
SYNC = "onramp_heal_synced"
FAILURE = "ansible_failed_result"
NO_PLAN = {"state": HealState.NOT_HEALED.value, "causes": [], "left": [], "message": "There is no plan for it."}
BROKEN_OFF = planned({**NO_PLAN, "message": "It was broken off before its end."})
TAKEN_UP = planned(
    {
        **NO_PLAN,
        "state": HealState.COOLING_DOWN.value,
        "message": "Another run has just taken it up, or another workspace of this one that names the same connection.",
    }
)


class ActionModule(ControllerAction):
    """Begins and ends the healing of a workspace, and tells how it has ended."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return what the phase returns."""
        params = validated_as_set(OPTIONS, self._task.args, OF_HEALING)
        phases: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]] = {
            "begin": self._begin,
            "end": self._end,
            "outcome": self._outcome,
            "sum_up": self._sum_up,
            "tell": self._tell,
            "verdict": self._verdict,
        }
        return {"changed": False, **phases[params["phase"]](params, variables)}

    def _begin(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Remember that this run tries, unless there is nothing to try or another run has begun meanwhile."""
        healing = _workspace(variables).get("healing") or {}
        if self._task.check_mode or healing.get("state") != HealState.TO_HEAL:
            return {"goes_ahead": False}
        memory = AttemptsMemory.of(params["state"], variables)
        goes_ahead = memory.begin(healing["identity"], healing["cause"], params["cooldown"], datetime.now(UTC))
        facts = {"ansible_facts": {FACT: memory.fact(healing["identity"])}} if goes_ahead else {}
        return {"goes_ahead": goes_ahead, **facts, **_warned(memory.warnings, variables)}

    def _end(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Say how it has ended, and remember that."""
        workspace = _workspace(variables)
        failure = _result(variables, FAILURE) if params["failed_at"] else {}
        # Those of an earlier run in the same process are not this one's.
        done = (
            ({}, {}) if params["failed_at"] == "access" else (_result(variables, CONNECTION), _result(variables, SYNC))
        )
        ended = outcome(workspace, *done, failure, params["failed_at"] or "")
        healing, memory = workspace["healing"], AttemptsMemory.of(params["state"], variables)
        memory.end(healing["identity"], healing["cause"], ended["did"], remembered(ended))
        facts = {FACT: memory.fact(healing["identity"])}
        return {"outcome": ended, "ansible_facts": facts, **_warned(memory.warnings, variables)}

    def _outcome(self, _params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Say how the host stands."""
        healing = _workspace(variables).get("healing") or NO_PLAN
        was_tried = healing["state"] == HealState.TO_HEAL and not self._task.check_mode
        found = _ended(variables) if was_tried else planned(healing)
        told = {"workspace": _host(variables), **found}
        return {"outcome": told, "msg": sentence(_host(variables), found)}

    def _sum_up(self, _params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Say how all hosts of the play stand."""
        known = _outcomes(variables)
        told = [sentence(name, found) for name, found in known.items() if HealState(found["state"]) not in QUIET]
        lines = [*told, summary(HealState(found["state"]) for found in known.values())]
        return {"msg": lines if told else lines[0], "_ansible_verbose_always": True}

    def _tell(self, params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Let people know by a playbook of theirs."""
        if not params["hook"] or self._task.check_mode:
            return {"skipped": True}
        memory = AttemptsMemory(path_of(params["state"]), told_before(variables.get("ansible_facts")))
        known = {_identity(variables, name): found for name, found in _outcomes(variables).items()}
        news = {name: found for name, found in known.items() if is_news(found, name, memory, params["cooldown"])}
        if not news:
            return {"skipped": True}
        said = run_hook(params["hook"], list(news.values()))
        if said is None:
            for name, found in news.items():
                remember(found, name, memory)
            facts = {"ansible_facts": {TOLD: all_told(memory)}, **_warned(memory.warnings, variables)}
            return {"msg": f"The playbook {params['hook']} has been told.", **facts}
        head = f"The playbook {params['hook']} of onramp_heal_hook has failed; nothing else follows from that. It said:"
        return {"msg": [head, *said], "_ansible_verbose_always": True}

    def _verdict(self, _params: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Fail where the host is not well."""
        found = variables.get(OUTCOME) or {}
        if found.get("state") not in FAILED:
            return {}
        finding = found.get("finding") or {}
        known = {name: str(finding.get(name) or "") for name in ("code", "message", "step")}
        return {
            "failed": True,
            "msg": failed_message(_host(variables), found),
            "failure": {**known, "code": known["code"] or found["state"]},
        }


def _ended(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how healing has ended, at its end or where it went no further."""
    if not _result(variables, BEGUN).get("goes_ahead"):
        return TAKEN_UP
    ended = _result(variables, ENDED) or _result(variables, STOPPED)
    found = ended.get("outcome")
    return found if isinstance(found, Mapping) else BROKEN_OFF


def _host(variables: Mapping[str, Any]) -> str:
    return str(variables.get("inventory_hostname"))


def _outcomes(variables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return how each host of the play stands."""
    hosts = [str(name) for name in variables.get("ansible_play_hosts") or ()]
    outcomes = {name: variables["hostvars"][name].get(OUTCOME) for name in hosts}
    return {name: found for name, found in outcomes.items() if isinstance(found, Mapping)}


def _identity(variables: Mapping[str, Any], name: str) -> str:
    """Return by what a workspace is remembered, also one that could not be looked at."""
    healing = _workspace({**variables, "inventory_hostname": name}).get("healing") or {}
    return str(healing.get("identity") or f"workspace/{name}")


def _workspace(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    plan = variables.get(PLAN)
    workspaces = plan.get("workspaces") if isinstance(plan, Mapping) else None
    found = workspaces.get(_host(variables)) if isinstance(workspaces, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _result(variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return what a task was registered as; nothing where it was skipped, or not come to."""
    value = variables.get(name)
    return value if isinstance(value, Mapping) and not value.get("skipped") else {}


def _warned(warnings: list[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"warnings": [f"{_host(variables)}: {warning}" for warning in warnings]} if warnings else {}
