# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that run in one command, or out of one site.yml, behave as the same playbooks one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, grants, iam_names, play, workspaces
from tests.integration.playbooks.plans import YES, path_of, planned, says, to_do
from tests.playbook import run_playbook
from tests.sandbox.client import Sandbox

# A site.yml of somebody who has variables of these names.
NAMES = {
    "fivetran": "mine",
    "workspaces": "mine",
    "this_connection": "mine",
    "group": "mine",
    "sharing": "mine",
    "workspace": "mine",
    "onramp": "mine",
}


def site(
    sandbox: Sandbox, *playbooks: str | dict[str, Any], inventory: Any = None, arguments: tuple[str, ...] = ()
) -> Any:
    """Run a site.yml that imports playbooks of the collection, by name, between plays of its own."""
    plays = [
        {"name": f"Run {one}", "ansible.builtin.import_playbook": path_of(one)} if isinstance(one, str) else one
        for one in playbooks
    ]
    return run_playbook(sandbox, plays, *arguments, inventory=workspaces() if inventory is None else inventory)


def told(sandbox: Sandbox, verb: str) -> dict[str, Any]:
    """Return a play that tells the sandbox to do something, as another person would in between."""
    url = f"{sandbox.control_url}/servers/{verb}"
    uri = {"url": url, "method": "POST", "body_format": "json", "body": {}}
    return {
        "name": "Do what somebody else does in between",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"name": "Tell the sandbox", "ansible.builtin.uri": uri}],
    }


def test_onboard_and_verify_in_one_command_find_nothing(sandbox: Sandbox) -> None:
    result = play(sandbox, "onboard", path_of("verify"))
    assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]
    assert [workspace["findings"] for workspace in planned(result, 1).values()] == [[], []]


@pytest.mark.slow
def test_what_changes_between_onboard_and_verify_of_one_run_is_found(sandbox: Sandbox) -> None:
    result = site(sandbox, "onboard", told(sandbox, "fivetran/remove_all_connections"), "verify")
    assert result.exit_code != 0
    for host in ("shop_us", "shop_eu"):
        says(result.messages(host), f"There is no connection braze_{host}")


@pytest.mark.slow
def test_verify_and_offboard_in_one_command_leave_nothing(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    result = play(sandbox, "verify", path_of("offboard"), *YES)
    assert result.exit_code == 0, result.output
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


@pytest.mark.slow
def test_all_of_a_life_in_one_site_is_what_it_is_one_after_the_other(sandbox: Sandbox) -> None:
    result = site(sandbox, "onboard", "verify", "rotate_key", "heal", "onboard", "offboard", arguments=YES)
    assert result.exit_code == 0, result.output
    assert [to_do(result, host, 4) for host in ("shop_us", "shop_eu")] == [[], []]
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


def test_variables_that_a_site_gives_to_an_imported_playbook_are_settings(sandbox: Sandbox) -> None:
    inventory = workspaces()
    group = inventory["braze_workspaces"]["vars"].pop("fivetran_group")
    plays = [
        {
            "name": "Onboard",
            "ansible.builtin.import_playbook": path_of("onboard"),
            "vars": {"fivetran_group": group, "fivetran_connection_sync_frequency": 60},
        }
    ]
    result = site(sandbox, *plays, inventory=inventory, arguments=("--limit", "shop_eu"))
    assert result.exit_code == 0, result.output
    assert connections(sandbox)["braze_shop_eu"]["sync_frequency"] == 60


def using(value: str, **play: Any) -> dict[str, Any]:
    """Return a play that fails where the user's variables have another value."""
    that = [f"{name} == '{value}'" for name in NAMES]
    return {
        "name": f"Use what is {value}",
        "hosts": "braze_workspaces",
        "gather_facts": False,
        "connection": "local",
        "tasks": [{"name": "Hold them against what they were", "ansible.builtin.assert": {"that": that}}],
        **play,
    }


def test_variables_of_the_users_with_plain_names_are_neither_read_nor_written_and_those_of_a_later_play_are_its_own(
    sandbox: Sandbox,
) -> None:
    inventory = workspaces()
    inventory["braze_workspaces"]["vars"] |= NAMES
    later = [using("mine"), using("theirs", vars=dict.fromkeys(NAMES, "theirs"))]
    result = site(sandbox, "onboard", *later, inventory=inventory, arguments=("--limit", "shop_eu"))
    assert result.exit_code == 0, result.output
    assert list(connections(sandbox)) == ["braze_shop_eu"]
