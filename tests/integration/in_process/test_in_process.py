# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module gives the same result in Ansible's worker and in a process of its own."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.playbook import CHECKOUT, PlayResult, run_playbook
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
    ],
    ids=["environment", "another Python", "async"],
)
def test_what_is_not_the_same_here_runs_in_a_process_of_its_own(
    sandbox: Sandbox, keywords: dict[str, Any], variables: dict[str, Any]
) -> None:
    task = {"onramp.braze_fivetran.fivetran_group_info": {"group": world.GROUP_NAME}, "ignore_errors": True, **keywords}
    assert "AnsiballZ_" in play(sandbox, [task], **variables).output


def test_every_module_has_its_action_and_every_action_its_module() -> None:
    assert sorted(path.stem for path in (CHECKOUT / "plugins" / "action").glob("*.py")) == MODULES
