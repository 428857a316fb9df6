# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play plans once and tells each host how it stands: fine, to be changed, or refused; and it shows no secret."""

from __future__ import annotations

from typing import Any

from tests.playbook import LOCAL, PlayResult, TaskResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PLAN = "onramp.braze_fivetran.workspace_plan"
VERDICT = "onramp.braze_fivetran.workspace_verdict"


def workspace(sandbox: Sandbox, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "fivetran_group": world.GROUP_NAME,
        "fivetran_schema": f"braze_{name}",
        "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        # Looked up, because Ansible quotes the variables of an inventory when it fails.
        "braze_api_key": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_EU') }}",
        "currents_storage": "gcs",
        "currents_bucket": world.GCS_BUCKET,
        "currents_prefix": world.PREFIX,
        **changes,
    }


def play(sandbox: Sandbox, hosts: dict[str, dict[str, Any]], *arguments: str, purpose: str = "onboard") -> PlayResult:
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "vars": LOCAL,
            "tasks": [
                {PLAN: {"purpose": purpose}, "register": "onramp_plan", "run_once": True},
                {VERDICT: {}},
            ],
        }
    ]
    members = {name: variables for name, variables in hosts.items() if name != "stranger"}
    others = {name: variables for name, variables in hosts.items() if name == "stranger"}
    inventory = {"all": {"hosts": others, "children": {"braze_workspaces": {"hosts": members}}}}
    return run_playbook(sandbox, plays, *arguments, inventory=inventory)


def verdicts(result: PlayResult) -> dict[str, TaskResult]:
    return {task.host: task for task in result.tasks if task.action == VERDICT}


def test_each_host_is_told_how_it_stands_and_only_check_mode_calls_that_a_change_and_shows_the_difference(
    sandbox: Sandbox,
) -> None:
    hosts = {
        "shop_eu": workspace(sandbox, "shop_eu"),
        "no_key": workspace(sandbox, "no_key", braze_api_key="{{ nowhere }}", currents_prefix="elsewhere"),
        "stranger": {},
    }
    told = verdicts(play(sandbox, hosts, "--diff"))
    assert (told["shop_eu"].result["changed"], "diff" in told["shop_eu"].result) == (False, False)
    assert told["shop_eu"].result["msg"][0] == "shop_eu: 2 changes."
    assert told["no_key"].failed
    assert told["no_key"].result["failure"]["code"] == "invalid_settings"
    assert told["no_key"].result["msg"].startswith("no_key: braze_api_key: cannot be evaluated: ")
    assert told["stranger"].result["msg"] == "stranger: The host does not belong to the group braze_workspaces."
    assert sandbox.writes() == []
    checked = verdicts(play(sandbox, hosts, "--check", "--diff"))["shop_eu"].result
    assert checked["changed"] is True
    headers = [f"grant gs://{world.GCS_BUCKET}", "connection braze_shop_eu"]
    assert [one["before_header"] for one in checked["diff"]] == headers


def test_without_a_plan_each_host_fails_and_says_so(sandbox: Sandbox) -> None:
    plays = [{"hosts": "all", "gather_facts": False, "tasks": [{VERDICT: {}}]}]
    hosts = {"shop_eu": LOCAL}
    told = verdicts(run_playbook(sandbox, plays, inventory={"all": {"hosts": hosts}}))["shop_eu"]
    assert told.result["failure"]["code"] == "not_looked_at"
    assert told.result["msg"].startswith("shop_eu: there is no plan, because")


def test_verifying_fails_where_something_is_found_and_a_secret_where_a_name_belongs_is_shown_nowhere(
    sandbox: Sandbox,
) -> None:
    key = "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_EU') }}"
    misplaced = workspace(sandbox, "misplaced", currents_prefix=key, currents_landing_on_problem="warn")
    hosts = {"shop_eu": workspace(sandbox, "shop_eu"), "misplaced": misplaced}
    for purpose in ("onboard", "verify"):
        result = play(sandbox, hosts, "--check", "--diff", "-vvvv", purpose=purpose)
        assert "misplaced: " in result.output
        for secret in world.secrets():
            assert secret not in result.output
    told = verdicts(result)["shop_eu"]
    assert told.failed
    assert told.result["msg"].startswith("shop_eu: 2 findings.\n- access: The grant on")
