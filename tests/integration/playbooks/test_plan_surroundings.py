# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strategy, order of hosts, limit, tags, batches and what an inventory says of machines make no difference."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.playbooks.fleet import (
    EXAMPLES,
    PLAYBOOKS,
    connections,
    grants,
    iam_names,
    play,
    policy_document,
    workspaces,
)
from tests.integration.playbooks.plans import OTHER_BUCKET, YES, make_bucket, planned, to_do
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

IAM_WRITES = {"aws:iam:CreateRole": 1, "aws:iam:CreatePolicy": 1, "aws:iam:AttachRolePolicy": 1}


def written_in_aws(sandbox: Sandbox) -> Counter[str]:
    return Counter(entry.operation for entry in sandbox.journal("aws") if entry.changed_state)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_under_another_strategy_a_shared_role_is_made_once(sandbox: Sandbox, strategy: str) -> None:
    inventory = workspaces(app_us={})
    result = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=inventory, ANSIBLE_STRATEGY=strategy)
    assert result.exit_code == 0, result.output
    assert written_in_aws(sandbox) == IAM_WRITES
    assert sorted(connections(sandbox)) == ["braze_app_us", "braze_shop_us"]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_under_another_strategy_offboarding_leaves_nothing(sandbox: Sandbox, strategy: str) -> None:
    inventory = workspaces(app_us={})
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    result = play(sandbox, "offboard", *YES, inventory=inventory, ANSIBLE_STRATEGY=strategy)
    assert result.exit_code == 0, result.output
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


@pytest.mark.slow
def test_a_configuration_that_ends_runs_at_the_first_error_stops_no_other_workspace(sandbox: Sandbox) -> None:
    inventory = workspaces(shop_us={"currents_bucket": "there-is-no-such-bucket"})
    result = play(sandbox, "onboard", inventory=inventory, ANSIBLE_ANY_ERRORS_FATAL="true")
    assert result.exit_code == 2
    assert sorted(connections(sandbox)) == ["braze_shop_eu"]
    told = play(sandbox, "verify", inventory=inventory, ANSIBLE_ANY_ERRORS_FATAL="true")
    assert (told.stats["shop_us"]["failures"], told.stats["shop_eu"]["failures"]) == (1, 0)
    gone = play(sandbox, "offboard", *YES, inventory=inventory, ANSIBLE_ANY_ERRORS_FATAL="true")
    assert connections(sandbox) == {}, gone.output


@pytest.mark.slow
def test_the_environment_that_a_play_gives_its_tasks_counts_for_what_looks_on_the_controller(sandbox: Sandbox) -> None:
    keys = {name: sandbox.env[name] for name in ("FIVETRAN_APIKEY", "FIVETRAN_APISECRET")}
    tasks: list[dict[str, Any]] = [
        {"onramp.braze_fivetran.workspace_discovery": {"dest": ""}},
        {
            "onramp.braze_fivetran.workspace_unclaimed_info": {"group": world.GROUP_NAME, "schema": "there_is_none"},
            "register": "found",
            "failed_when": "'there_is_none' not in found.msg",
        },
    ]
    plays = [{"hosts": "localhost", "gather_facts": False, "environment": keys, "tasks": tasks}]
    result = run_playbook(sandbox, plays, environment=dict.fromkeys(keys, ""))
    assert result.exit_code == 0, result.output


# Those that begin with a look at all workspaces; offboarding asks first.
OF_WORKSPACES = ("onboard", "verify", "heal", "rotate_key", "offboard")


def test_of_no_playbook_does_anything_run_where_tags_of_others_are_asked_for(sandbox: Sandbox) -> None:
    others = [str(PLAYBOOKS / f"{name}.yml") for name in OF_WORKSPACES[1:]]
    result = play(sandbox, OF_WORKSPACES[0], *others, *YES, "--tags", "web")
    assert (result.exit_code, result.tasks, result.stats) == (0, (), {}), result.output
    assert sandbox.journal() == []


def test_a_playbook_that_is_imported_with_a_tag_runs_as_a_whole_where_that_is_asked_for(sandbox: Sandbox) -> None:
    site = [{"ansible.builtin.import_playbook": str(PLAYBOOKS / "onboard.yml"), "tags": ["braze"]}]
    result = run_playbook(sandbox, site, "--tags", "braze", inventory=EXAMPLES / "workspaces.yml")
    assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]
    assert {name: host["changed"] for name, host in result.stats.items()} == {"shop_eu": 2, "shop_us": 2}


def test_a_playbook_that_is_imported_under_a_condition_that_does_not_hold_does_nothing(sandbox: Sandbox) -> None:
    site = [
        {"ansible.builtin.import_playbook": str(PLAYBOOKS / f"{name}.yml"), "when": False} for name in OF_WORKSPACES
    ]
    result = run_playbook(sandbox, site, *YES, inventory=EXAMPLES / "workspaces.yml")
    assert (result.exit_code, result.failures()) == (0, []), result.output
    assert sandbox.journal() == []


@pytest.mark.parametrize("name", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.slow)])
def test_what_a_plan_keeps_is_found_whatever_the_inventory_calls_this_machine(sandbox: Sandbox, name: str) -> None:
    inventory = {**workspaces(), "controllers": {"hosts": {name: {"ansible_connection": "local"}}}}
    first, again = (play(sandbox, "onboard", inventory=inventory) for _run in range(2))
    assert {host: row["changed"] for host, row in first.stats.items()} == {"shop_eu": 2, "shop_us": 2}, first.output
    assert {host: row["changed"] for host, row in again.stats.items()} == {"shop_eu": 0, "shop_us": 0}, again.output
    assert play(sandbox, "offboard", *YES, inventory=inventory).exit_code == 0
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


# How an inventory of machines may say that they are reached.
MACHINES = {
    "ansible_connection": "ssh",
    "ansible_host": "203.0.113.1",
    "ansible_become": True,
    "ansible_become_method": "sudo",
    "ansible_become_password": "none-of-ours",
    "ansible_python_interpreter": "/nowhere/python",
}


def among_machines(inventory: dict[str, Any]) -> dict[str, Any]:
    return {"all": {"vars": MACHINES, "children": inventory}}


@pytest.mark.slow
def test_what_an_inventory_says_of_machines_is_not_meant_for_onboarding(sandbox: Sandbox) -> None:
    result = play(sandbox, "onboard", inventory=among_machines(workspaces()), ANSIBLE_BECOME="true")
    assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]


@pytest.mark.slow
def test_what_an_inventory_says_of_machines_is_not_meant_for_the_other_playbooks_either(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    for playbook in ("verify", "rotate_key", "offboard"):
        result = play(sandbox, playbook, *YES, inventory=among_machines(workspaces()), ANSIBLE_BECOME="true")
        assert result.exit_code == 0, result.output
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


def without_request_ids(plans: Mapping[str, Any]) -> Any:
    """Return plans without what AWS says anew each time."""
    return json.loads(re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", json.dumps(plans)))


def turned_round(inventory: dict[str, Any]) -> dict[str, Any]:
    """Return the inventory with its hosts in the other order."""
    group = inventory["braze_workspaces"]
    return {"braze_workspaces": {**group, "hosts": dict(reversed(group["hosts"].items()))}}


def test_the_order_of_hosts_in_the_inventory_changes_no_plan(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    inventory = workspaces(
        app_us=OTHER_BUCKET,
        # One that cannot be read, one that is refused, and one that conflicts with another.
        broken_us={"currents_bucket": "{{ nowhere }}"},
        typo_us={"currents_bucket": "acme-curents-us"},
        twin_eu={"fivetran_schema": "braze_shop_eu"},
    )
    first, other = (
        without_request_ids(planned(play(sandbox, "onboard", "--check", inventory=ordered)))
        for ordered in (inventory, turned_round(inventory))
    )
    assert sorted(first) == sorted(inventory["braze_workspaces"]["hosts"])
    assert first == other


@pytest.mark.slow
def test_a_run_of_one_workspace_leaves_what_the_others_share_with_it(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    inventory = workspaces(app_us=OTHER_BUCKET)
    for host in ("shop_us", "app_us"):
        result = play(sandbox, "onboard", "--limit", host, inventory=inventory)
        assert result.exit_code == 0, result.output
    for bucket in (world.S3_BUCKET, "acme-loyalty-us"):
        assert bucket in policy_document(sandbox)
    sandbox.clear_journal()
    limited = play(sandbox, "onboard", "--limit", "shop_us", inventory=inventory)
    everybody = play(sandbox, "onboard", inventory=inventory)
    assert to_do(limited, "shop_us") == to_do(everybody, "shop_us") == []
    assert planned(limited)["shop_us"]["access"]["buckets"] == planned(everybody)["shop_us"]["access"]["buckets"]


def asked_for_the_account(sandbox: Sandbox) -> int:
    return len(sandbox.journal("fivetran", "account_info"))


@pytest.mark.slow
def test_a_fleet_that_is_changed_in_batches_is_looked_at_once(sandbox: Sandbox) -> None:
    inventory = workspaces(app_us={})
    one_by_one = ("-e", "braze_workspaces_at_once=1")
    result = play(sandbox, "onboard", *one_by_one, inventory=inventory)
    assert result.exit_code == 0, result.output
    assert asked_for_the_account(sandbox) == 1
    assert written_in_aws(sandbox) == IAM_WRITES
    assert len(connections(sandbox)) == 3
    sandbox.clear_journal()
    assert play(sandbox, "verify", *one_by_one, inventory=inventory).exit_code == 0
    assert asked_for_the_account(sandbox) == 1
    removed = play(sandbox, "offboard", *one_by_one, *YES, inventory=inventory)
    assert removed.exit_code == 0, removed.output
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])


def reads_only(sandbox: Sandbox) -> bool:
    """Tell whether all that Fivetran, AWS and Google were asked was a read, by what the requests say."""
    reads = ("Get", "List", "Head", "Simulate")
    return all(
        entry.operation.split(":")[-1].startswith(reads) if entry.server == "aws" else entry.method in ("GET", "HEAD")
        for entry in sandbox.journal()
        if entry.server != "braze"
    )


@pytest.mark.slow
def test_a_rerun_sends_nothing_but_reads_and_asks_for_the_connections_once(sandbox: Sandbox) -> None:
    inventory = workspaces(app_us={}, loyalty_us={})
    assert play(sandbox, "onboard", inventory=inventory).exit_code == 0
    # That a connection may be created is asked where one has to be.
    assert not reads_only(sandbox)
    for playbook in ("onboard", "verify"):
        sandbox.clear_journal()
        result = play(sandbox, playbook, inventory=inventory)
        assert result.exit_code == 0, result.output
        assert reads_only(sandbox)
        assert len(sandbox.journal("fivetran", "list_connections")) == 1
        assert sandbox.writes() == []
        assert not any(stats["changed"] for stats in result.stats.values())
