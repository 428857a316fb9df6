# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module gives the same result in Ansible's worker and in a process of its own."""

from __future__ import annotations

import re
import sys
import time
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.playbook import PlayResult, run_playbook
from tests.release import time_out
from tests.sandbox import world
from tests.sandbox.client import Sandbox

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
# What differs between two runs of anything.
VOLATILE = ("id", "created_at")
OUTSIDE = {"onramp_in_process": False}


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


def named(name: str, task: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {**task, **keywords, "name": name}


def both_ways(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the task twice: in Ansible's worker, and in a process of its own."""
    return [named("inside", task), named("outside", task, vars=OUTSIDE)]


def shown(result: PlayResult) -> dict[str, str]:
    """Return what was printed of each task, by its name; several of one name together."""
    parts = re.split(r"^TASK \[(.*?)\] \*+$", result.output, flags=re.MULTILINE)
    texts: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        texts[name] = texts.get(name, "") + text
    return texts


def has_its_own_process(result: PlayResult, name: str) -> bool:
    return "AnsiballZ_" in shown(result)[name]


def tasks(sandbox: Sandbox, way: str, **keywords: Any) -> list[dict[str, Any]]:
    """Return a creation, a refusal by the module, a repetition, and a refusal by the argument spec.

    In check mode the first two: a repetition is the same then, and arguments are refused before the mode is asked for.
    """
    connection = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": "braze_shop_us",
        "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
        # Looked up, because Ansible quotes the lines of a playbook when a task fails.
        "config_secrets": {"api_key": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_US') }}"},
    }
    name = "onramp.braze_fivetran.fivetran_connection"
    every: list[dict[str, Any]] = [
        {name: connection},
        {name: {**connection, "config": {"s3_bucket": "b"}}, "ignore_errors": True},
        {name: connection},
        {name: {**connection, "sync_frequency": 7}, "ignore_errors": True},
    ]
    return [named(way, task, **keywords) for task in every[: 2 if keywords.get("check_mode") else 4]]


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: comparable(item) for name, item in sorted(value.items()) if name not in VOLATILE}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def results(play_result: PlayResult, way: str) -> list[Any]:
    kept = ("changed", "failed", "msg", "failure", "connection", "setup_tests", "diff", "invocation")
    return [
        comparable({name: task.result[name] for name in kept if name in task.result})
        for task in play_result.tasks
        if task.task == way
    ]


def test_both_ways_give_the_same_results_and_show_no_secret(sandbox: Sandbox) -> None:
    url = f"{sandbox.env['SANDBOX_CONTROL_URL']}/servers/fivetran/remove_all_connections"
    start_over = {"ansible.builtin.uri": {"url": url, "method": "POST", "body": {}, "body_format": "json"}}
    every = [
        *tasks(sandbox, "check inside", check_mode=True),
        *tasks(sandbox, "check outside", check_mode=True, vars=OUTSIDE),
        *tasks(sandbox, "inside"),
        named("start over", start_over),
        *tasks(sandbox, "outside", vars=OUTSIDE),
    ]
    played = play(sandbox, every, "--diff")
    created = "fivetran:create_connection"
    assert [entry.operation for entry in sandbox.writes() if entry.operation == created] == [created] * 2
    for check, count in (("check ", 2), ("", 4)):
        inside, outside = results(played, f"{check}inside"), results(played, f"{check}outside")
        assert not has_its_own_process(played, f"{check}inside")
        assert has_its_own_process(played, f"{check}outside")
        assert len(inside) == count
        for here, there in zip(inside, outside, strict=True):
            # Python's own words for a refused choice differ with what calls the validation.
            for result in (here, there):
                if "value of sync_frequency" in result.get("msg", ""):
                    result["msg"] = result["msg"][result["msg"].index("value of") :]
                    result.pop("invocation", None)
            assert here == there
    for secret in world.secrets():
        assert secret not in played.output


LOOK = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_NAME}, "ignore_errors": True}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "environment": {"environment": {"FIVETRAN_APIKEY": world.FIVETRAN_KEY}},
    "another Python": {"vars": {"ansible_python_interpreter": sys.base_prefix + "/bin/python3"}},
    "async": {"async": 30, "poll": 1},
    # Not in this process, and there is nobody who would ask sudo for a password in vain.
    "become as a variable": {"vars": {"ansible_become": True, "ansible_become_exe": "/nowhere/sudo"}},
}
FORBIDDEN = "become, which a variable forbids"


@pytest.fixture(scope="module")
def looks(running_sandbox: Sandbox) -> PlayResult:
    """Run one play of all forms of a task."""
    running_sandbox.reset()
    forms = [named(name, LOOK, **keywords) for name, keywords in ELSEWHERE.items()]
    forbidden = named(FORBIDDEN, LOOK, become=True, ignore_errors=False, vars={"ansible_become": False})
    return play(running_sandbox, [*forms, forbidden])


@pytest.mark.parametrize("form", ELSEWHERE)
def test_what_is_not_the_same_here_runs_in_a_process_of_its_own(looks: PlayResult, form: str) -> None:
    assert has_its_own_process(looks, form)


def test_every_module_has_its_action_and_every_action_its_module() -> None:
    assert sorted(path.stem for path in (CHECKOUT / "plugins" / "action").glob("*.py")) == MODULES


def test_becoming_somebody_that_a_variable_forbids_is_no_reason_to_leave_the_process(looks: PlayResult) -> None:
    assert looks.exit_code == 0, looks.output
    assert not has_its_own_process(looks, FORBIDDEN)


ALIAS = "Both option region and its alias aws_region are set."


@pytest.fixture(scope="module")
def warned(running_sandbox: Sandbox) -> PlayResult:
    """Run one play that warns of what is missing and of what is given by two names, for two hosts and both ways."""
    running_sandbox.reset()
    absent = {"state": "absent", "bucket": "nowhere", "member": world.SERVICE_ACCOUNT}
    missing = {"onramp.braze_fivetran.gcs_bucket_iam_member": absent}
    both_names = {"external_id": "{{ 0 }}", "buckets": [""], "region": "us-east-1", "aws_region": "us-east-1"}
    doubled = {"onramp.braze_fivetran.s3_access_plan_info": both_names, "ignore_errors": True}
    inside, outside = zip(both_ways(missing), both_ways(doubled), strict=True)
    plays = [{"hosts": "all", "gather_facts": False, "tasks": [*inside, *outside]}]
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {"shop_us": {}, "shop_eu": {}}, "vars": local}}
    return run_playbook(running_sandbox, plays, "-vvvv", inventory=inventory)


@pytest.mark.parametrize("way", ["inside", "outside"])
def test_an_option_that_is_given_by_two_names_is_told(warned: PlayResult, way: str) -> None:
    assert has_its_own_process(warned, way) is (way == "outside")
    assert ALIAS in " ".join(warned.output.split())
    told = [task.result["warnings"] for task in warned.tasks if task.task == way and "plan_info" in task.action]
    assert [[str(text) for text in texts] for texts in told] == [[ALIAS]] * 2


def test_a_warning_names_its_host_both_ways_and_what_is_the_same_for_all_does_not(warned: PlayResult) -> None:
    missing = "There is no bucket 'nowhere', so there is no grant to remove either. Check the name."
    told = [(task.host, [str(text) for text in task.result["warnings"]]) for task in warned.tasks]
    each = {(host, text) for host in ("shop_us", "shop_eu") for text in (f"{host}: {missing}", ALIAS)}
    assert sorted((host, text) for host, texts in told for text in texts) == sorted([*each, *each])


WAITS = "a sync that never ends"
ASKS = "an answer that comes after a minute"


@pytest.fixture(scope="module")
def ended(running_sandbox: Sandbox) -> tuple[PlayResult, float]:
    """Run one play of two tasks that take longer than they may; return it and its seconds."""
    running_sandbox.reset()
    made = running_sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    running_sandbox.seed("fivetran", "edit_connection", id=made["id"], status={"setup_state": "connected"})
    running_sandbox.seed("fivetran", "set_sync", polls=100000)
    running_sandbox.fault("delay", server="braze", times=0, delay=60.0)
    sync = {"group_id": world.GROUP_ID, "schema": "shop", "wait": True}
    key = {"api_url": running_sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    every = [
        named(WAITS, {"onramp.braze_fivetran.fivetran_connection_sync": sync}, timeout=1, ignore_errors=True),
        named(ASKS, {"onramp.braze_fivetran.braze_api_key_info": key}, timeout=1),
    ]
    started = time.monotonic()
    return play(running_sandbox, every), time.monotonic() - started


def test_a_task_that_takes_longer_than_it_may_is_ended_in_this_process_too(ended: tuple[PlayResult, float]) -> None:
    result, _seconds = ended
    assert time_out(1) in shown(result)[WAITS]
    assert not has_its_own_process(result, WAITS)


def test_what_is_under_way_is_not_waited_for_when_the_time_of_the_task_is_up(ended: tuple[PlayResult, float]) -> None:
    result, seconds = ended
    assert result.exit_code != 0
    assert time_out(1) in shown(result)[ASKS]
    # The answer would have come after a minute.
    assert seconds < 55


def test_half_a_surrogate_pair_of_a_vendor_is_no_obstacle_both_ways(sandbox: Sandbox) -> None:
    group = {"id": world.GROUP_ID, "name": "a\ud800b", "created_at": "2024-12-01T15:43:29.013729Z"}
    answer = {"code": "Success", "data": {"items": [group]}}
    sandbox.fault("status", operation="list_groups", status=200, times=0, body=answer)
    result = play(sandbox, both_ways({"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_ID}}))
    assert result.exit_code == 0, result.output
    assert has_its_own_process(result, "outside")
    told = [task.result["group"]["name"] for task in result.tasks]
    assert told == ["a\ufffdb"] * 2


def test_a_key_that_is_no_utf_8_is_refused_by_name_both_ways(sandbox: Sandbox) -> None:
    look = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_ID}, "ignore_errors": True}
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": both_ways(look),
            "vars": {"ansible_python_interpreter": sys.executable},
        }
    ]
    result = run_playbook(sandbox, plays, environment={"FIVETRAN_APIKEY": "key\udcff"})
    inside, outside = (task.result for task in result.tasks)
    assert "...ignoring" in shown(result)["inside"]
    assert "...ignoring" in shown(result)["outside"]
    refused = "fivetran_api_key: is not valid UTF-8"
    assert refused in inside["msg"]
    # From ansible-core 2.22 on, a module hands its secrets back to Ansible, which cannot read this one.
    assert any(words in outside["msg"] for words in (refused, "invalid UTF8"))
    assert sandbox.journal() == []


def test_an_option_that_there_is_not_is_told_with_its_module_both_ways(sandbox: Sandbox) -> None:
    task = {"onramp.braze_fivetran.fivetran_connection_info": {"grup": "Warehouse"}, "ignore_errors": True}
    played = run_playbook(sandbox, [{"hosts": "localhost", "gather_facts": False, "tasks": both_ways(task)}])
    inside, outside = (result["msg"] for result in played.results("onramp.braze_fivetran.fivetran_connection_info"))
    assert inside == outside
    words = "Unsupported parameters for (onramp.braze_fivetran.fivetran_connection_info) module: grup."
    assert inside.startswith(words)
    alone = {"onramp.braze_fivetran.role_variables": {"role": "s3_access", "x": 1}, "ignore_errors": True}
    played = run_playbook(sandbox, [{"hosts": "localhost", "gather_facts": False, "tasks": [alone]}])
    [told] = played.results("onramp.braze_fivetran.role_variables")
    assert told["msg"].startswith("Unsupported parameters: x.")


def test_who_has_no_fivetran_key_is_told_both_ways_where_it_is_made(sandbox: Sandbox) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": "Warehouse"}, "ignore_errors": True}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": both_ways(task)}]
    bare = Sandbox({name: value for name, value in sandbox.env.items() if not name.startswith("FIVETRAN_API")})
    played = run_playbook(bare, plays)
    assert [result["msg"] for result in played.results("onramp.braze_fivetran.fivetran_group_info")] == [
        "missing required arguments: fivetran_api_key, fivetran_api_secret. Set them here, or export FIVETRAN_APIKEY"
        " and FIVETRAN_APISECRET. Key and secret are made together in Fivetran: your name > API Key."
    ] * 2
