# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan's task finds the play that it belongs to, and names exactly the hosts that the changing play is for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.vars.manager import VariableManager
from ansible_collections.onramp.braze_fivetran.plugins.action.workspace_plan import (
    GROUP,
    ActionModule,
    _only_playing,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.play import play_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Action,
    Change,
    ChangeReason,
    Plan,
    WorkspacePlan,
)

from tests.actions import run_action

TO_CHANGE = WorkspacePlan("", changes=(Change("connection", "braze", Action.CREATE, ChangeReason.MISSING),))
FINE = WorkspacePlan("")
REFUSED = no_plan("onboard", ["refused"], "No.").workspaces["refused"]


def playing(*tasks: dict[str, Any]) -> Play:
    loader = DataLoader()
    manager = VariableManager(loader=loader, inventory=InventoryManager(loader=loader))
    data = {"hosts": "all", "gather_facts": False, "vars": {"company": "acme"}, "tasks": list(tasks)}
    play: Play = Play.load(data, variable_manager=manager, loader=loader)
    return play


def selected(plan: Plan, **keywords: Any) -> list[str]:
    """Return the hosts that Ansible finds by the plan's pattern, in an inventory that holds others, too."""
    loader = DataLoader()
    task = Task.load({"ansible.builtin.debug": {}, **keywords})
    nothing: Any = None
    pattern = ActionModule(task, nothing, nothing, loader, nothing, nothing)._hosts_to_change(plan)
    inventory = InventoryManager(loader=loader)
    inventory.add_group(GROUP)
    for name in (*plan.workspaces, "stranger"):
        inventory.add_host(name, group=GROUP if name != "stranger" else "all")
    return [host.name for host in inventory.get_hosts(pattern)]


def test_a_task_finds_its_play_however_deep_it_stands() -> None:
    task: dict[str, Any] = {"ansible.builtin.debug": {}}
    play = playing(task, {"block": [{"block": [task], "rescue": [task]}]})
    plain, block = play.tasks
    first = plain.block[0] if hasattr(plain, "block") else plain
    inner = block.block[0]
    assert play_of(first) is play
    assert play_of(inner.block[0]) is play
    assert play_of(inner.rescue[0]) is play


def test_what_belongs_to_no_play_finds_none() -> None:
    assert play_of(Task.load({"ansible.builtin.debug": {}})) is None
    assert play_of(None) is None


def test_the_changing_play_is_for_those_with_changes_only() -> None:
    plan = Plan("onboard", {"shop_us": TO_CHANGE, "shop-eu.acme.example": TO_CHANGE, "fine": FINE, "refused": REFUSED})
    assert selected(plan) == ["shop_us", "shop-eu.acme.example"]


def test_nobody_is_changed_in_check_mode_or_without_changes() -> None:
    assert selected(Plan("onboard", {"shop_us": TO_CHANGE}), check_mode=True) == []
    assert selected(Plan("onboard", {"shop_us": FINE, "refused": REFUSED})) == []
    assert selected(Plan("onboard", {})) == []


@pytest.mark.parametrize(
    "name", ["shop[1]", "~shop", "shop:us", "!shop", "shop*", "shop us", "shop,us", "&shop", "läden"]
)
def test_a_name_that_means_something_in_a_pattern_leaves_out_nobody_who_has_changes(name: str) -> None:
    names = selected(Plan("onboard", {name: TO_CHANGE, "shop_us": TO_CHANGE, "fine": FINE}))
    assert {name, "shop_us"} <= set(names)
    assert "stranger" not in names


def test_a_host_outside_of_the_group_is_refused_and_the_others_are_not() -> None:
    plan = _only_playing(Plan("onboard", {"shop_us": FINE}), ["shop_us", "stranger"])
    assert plan.workspaces["shop_us"] is FINE
    assert [problem.message for problem in plan.workspaces["stranger"].problems] == [
        "The host does not belong to the group braze_workspaces."
    ]


def test_why_the_look_has_ended_without_a_plan_keeps_the_sign_at_its_end() -> None:
    asks = {"failed": True, "msg": "onramp_step: expected shared, got share. Did you mean shared?"}
    told = run_action("workspace_verdict", {}, {}, variables={"onramp_plan": asks, "inventory_hostname": "a"}).values
    assert told["msg"].endswith("got share. Did you mean shared?")
