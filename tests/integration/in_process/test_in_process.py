# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module gives the same result in Ansible's worker and in a process of its own."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
# What differs between two runs of anything.
VOLATILE = ("id", "created_at")


def play(sandbox: Sandbox, tasks: list[dict[str, Any]], *arguments: str, **variables: Any) -> PlayResult:
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable, **variables},
            "tasks": tasks,
        }
    ]
    return run_playbook(sandbox, plays, "-vvvv", *arguments)


def tasks(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return a creation, a repetition, a refusal by the module and one by its argument spec."""
    connection = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": "braze_shop_us",
        "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
        # Looked up, because Ansible quotes the lines of a playbook when a task fails.
        "config_secrets": {"api_key": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_US') }}"},
    }
    name = "onramp.braze_fivetran.fivetran_connection"
    return [
        {name: connection},
        {name: connection},
        {name: {**connection, "config": {"s3_bucket": "b"}}, "ignore_errors": True},
        {name: {**connection, "sync_frequency": 7}, "ignore_errors": True},
    ]


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: comparable(item) for name, item in sorted(value.items()) if name not in VOLATILE}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def results(play_result: PlayResult) -> list[Any]:
    kept = ("changed", "failed", "msg", "failure", "connection", "setup_tests", "diff", "invocation")
    return [
        comparable({name: task.result[name] for name in kept if name in task.result})
        for task in play_result.tasks
        if task.action.startswith("onramp.")
    ]


@pytest.mark.parametrize("arguments", [["--diff"], ["--check", "--diff"]], ids=["apply", "check"])
def test_both_ways_give_the_same_results_and_show_no_secret(sandbox: Sandbox, arguments: list[str]) -> None:
    inside = play(sandbox, tasks(sandbox), *arguments)
    assert "AnsiballZ_" not in inside.output
    sandbox.seed("fivetran", "remove_all_connections")
    outside = play(sandbox, tasks(sandbox), *arguments, onramp_in_process=False)
    assert "AnsiballZ_" in outside.output
    assert len(results(inside)) == 4
    for here, there in zip(results(inside), results(outside), strict=True):
        # Python's own words for a refused choice differ with what calls the validation.
        for result in (here, there):
            if "value of sync_frequency" in result.get("msg", ""):
                result["msg"] = result["msg"][result["msg"].index("value of") :]
                result.pop("invocation", None)
        assert here == there
    for result in (inside, outside):
        for secret in world.secrets():
            assert secret not in result.output


@pytest.mark.parametrize(
    ("keywords", "variables"),
    [
        ({"environment": {"FIVETRAN_APIKEY": world.FIVETRAN_KEY}}, {}),
        ({}, {"ansible_python_interpreter": sys.base_prefix + "/bin/python3"}),
        ({"async": 30, "poll": 1}, {}),
        # Not in this process, and there is nobody who would ask sudo for a password in vain.
        ({}, {"ansible_become": True, "ansible_become_exe": "/nowhere/sudo"}),
    ],
    ids=["environment", "another Python", "async", "become as a variable"],
)
def test_what_is_not_the_same_here_runs_in_a_process_of_its_own(
    sandbox: Sandbox, keywords: dict[str, Any], variables: dict[str, Any]
) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_NAME}, "ignore_errors": True, **keywords}
    assert "AnsiballZ_" in play(sandbox, [task], **variables).output


def test_every_module_has_its_action_and_every_action_its_module() -> None:
    assert sorted(path.stem for path in (CHECKOUT / "plugins" / "action").glob("*.py")) == MODULES


def test_becoming_somebody_that_a_variable_forbids_is_no_reason_to_leave_the_process(sandbox: Sandbox) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_NAME}, "become": True}
    result = play(sandbox, [task], ansible_become=False)
    assert result.exit_code == 0, result.output
    assert "AnsiballZ_" not in result.output


@pytest.mark.parametrize("in_process", [True, False])
def test_an_option_that_is_given_by_two_names_is_told(sandbox: Sandbox, in_process: bool) -> None:
    arguments = {"external_id": world.GROUP_ID, "buckets": ["acme"], "region": "us-east-1", "aws_region": "us-east-1"}
    task = {"onramp.braze_fivetran.s3_access_plan_info": arguments}
    result = play(sandbox, [task], onramp_in_process=in_process)
    assert "Both option region and its alias aws_region are set." in " ".join(result.output.split())


def test_a_warning_names_its_host_both_ways_and_what_is_the_same_for_all_does_not(sandbox: Sandbox) -> None:
    absent = {"state": "absent", "bucket": "nowhere", "member": world.SERVICE_ACCOUNT}
    named = {"onramp.braze_fivetran.gcs_bucket_iam_member": absent}
    both_names = {"external_id": "{{ 0 }}", "buckets": [""], "region": "us-east-1", "aws_region": "us-east-1"}
    doubled = {"onramp.braze_fivetran.s3_access_plan_info": both_names, "ignore_errors": True}
    outside = {"onramp_in_process": False}
    both = [named, doubled, {**named, "vars": outside}, {**doubled, "vars": outside}]
    plays = [{"hosts": "all", "gather_facts": False, "tasks": both}]
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {"shop_us": {}, "shop_eu": {}}, "vars": local}}
    played = run_playbook(sandbox, plays, "-vvvv", inventory=inventory)
    assert "AnsiballZ_" in played.output
    missing = "There is no bucket 'nowhere', so there is no grant to remove either. Check the name."
    doubly = "Both option region and its alias aws_region are set."
    told = [(task.host, [str(text) for text in task.result["warnings"]]) for task in played.tasks]
    each = {(host, text) for host in ("shop_us", "shop_eu") for text in (f"{host}: {missing}", doubly)}
    assert sorted((host, text) for host, texts in told for text in texts) == sorted([*each, *each])


def test_a_task_that_takes_longer_than_it_may_is_ended_in_this_process_too(sandbox: Sandbox) -> None:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status={"setup_state": "connected"})
    sandbox.seed("fivetran", "set_sync", polls=100000)
    identity = {"group_id": world.GROUP_ID, "schema": "shop"}
    result = play(
        sandbox,
        [{"onramp.braze_fivetran.fivetran_connection_sync": {**identity, "wait": True}, "timeout": 2}],
    )
    assert result.exit_code != 0
    assert "AnsiballZ_" not in result.output
    assert "timed out after 2 second" in result.output.lower()


def test_what_is_under_way_is_not_waited_for_when_the_time_of_the_task_is_up(sandbox: Sandbox) -> None:
    sandbox.fault("delay", server="braze", times=0, delay=60.0)
    arguments = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    started = time.monotonic()
    result = play(sandbox, [{"onramp.braze_fivetran.braze_api_key_info": arguments, "timeout": 2}])
    assert "timed out after 2 second" in result.output.lower()
    # The answer would have come after a minute.
    assert time.monotonic() - started < 55


@pytest.mark.parametrize("in_process", [True, False])
def test_half_a_surrogate_pair_of_a_vendor_is_no_obstacle(sandbox: Sandbox, in_process: bool) -> None:
    group = {"id": world.GROUP_ID, "name": "a\ud800b", "created_at": "2024-12-01T15:43:29.013729Z"}
    answer = {"code": "Success", "data": {"items": [group]}}
    sandbox.fault("status", operation="list_groups", status=200, times=0, body=answer)
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_ID}}
    result = play(sandbox, [task], onramp_in_process=in_process)
    assert result.exit_code == 0, result.output
    [shown] = result.results("onramp.braze_fivetran.fivetran_group_info")
    assert shown["group"]["name"] == "a\ufffdb"


@pytest.mark.parametrize("in_process", [True, False])
def test_a_key_that_is_no_utf_8_is_refused_by_name(sandbox: Sandbox, in_process: bool) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_ID}}
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [task],
            "vars": {
                "ansible_python_interpreter": sys.executable,
                "onramp_in_process": in_process,
            },
        }
    ]
    result = run_playbook(sandbox, plays, environment={"FIVETRAN_APIKEY": "key\udcff"})
    assert result.exit_code != 0
    # From ansible-core 2.22 on, a module hands its secrets back to Ansible, which cannot read this one.
    of_ansible = ("invalid UTF8",) if not in_process else ()
    assert any(words in result.messages() for words in ("fivetran_api_key: is not valid UTF-8", *of_ansible))
    assert sandbox.journal() == []


def test_who_has_no_fivetran_key_is_told_both_ways_where_it_is_made(sandbox: Sandbox) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": "Warehouse"}, "ignore_errors": True}
    both = [task, {**task, "vars": {"onramp_in_process": False}}]
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": both}]
    bare = Sandbox({name: value for name, value in sandbox.env.items() if not name.startswith("FIVETRAN_API")})
    played = run_playbook(bare, plays)
    assert [result["msg"] for result in played.results("onramp.braze_fivetran.fivetran_group_info")] == [
        "missing required arguments: fivetran_api_key, fivetran_api_secret. Set them here, or export FIVETRAN_APIKEY"
        " and FIVETRAN_APISECRET. Key and secret are made together in Fivetran: your name > API Key."
    ] * 2
