# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of a fleet larger than onramp_tell_each_up_to, who is fine has no task of its own, and nobody else is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.playbooks.fleet import VERDICT, connections, play, workspaces
from tests.integration.playbooks.plans import path_of
from tests.playbook import PlayResult, run_playbook
from tests.sandbox.client import Sandbox

FEW = ("-e", "onramp_tell_each_up_to=1")
REFUSED = "shop_br"
CALLBACKS = "record_results,onramp.braze_fivetran.workspace_report"


def who_is_told(result: PlayResult) -> list[str]:
    return [task.host for task in result.tasks if task.action == VERDICT]


def three() -> dict[str, Any]:
    """Return two workspaces, and one whose bucket is none."""
    inventory = workspaces()
    hosts = inventory["braze_workspaces"]["hosts"]
    refused = {"fivetran_schema": "braze_shop_br", "currents_bucket": "gs://acme/currents"}
    hosts[REFUSED] = {**hosts["shop_eu"], **refused}
    return inventory


def test_who_is_fine_is_counted_and_who_is_refused_or_changed_is_told_and_done(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    inventory, report = three(), tmp_path / "report.json"
    assert play(sandbox, "onboard", "--limit", "shop_us", inventory=inventory).exit_code == 0
    result = play(
        sandbox,
        "onboard",
        *FEW,
        inventory=inventory,
        ANSIBLE_CALLBACKS_ENABLED=CALLBACKS,
        ONRAMP_REPORT_JSON=str(report),
    )
    assert sorted(who_is_told(result)) == [REFUSED, "shop_eu"]
    assert [failure.host for failure in result.failures()] == [REFUSED]
    assert "Plan: 3 workspaces: 1 fine, 1 to change, 1 refused." in result.output
    assert "1 of them has no line of its own, for there is nothing else to tell of it." in result.output
    # Who is told and fails takes nothing away from who is to be changed.
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]
    assert sorted(one["name"] for one in json.loads(report.read_text())["workspaces"]) == [
        REFUSED,
        "shop_eu",
        "shop_us",
    ]


def test_where_all_are_fine_nobody_has_a_task_unless_more_is_asked_for(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    result = play(sandbox, "onboard", path_of("verify"), *FEW)
    assert (result.exit_code, who_is_told(result)) == (0, []), result.output
    assert "Verified 2 workspaces: 2 fine." in result.output
    assert sorted(who_is_told(play(sandbox, "verify", *FEW, "-v"))) == ["shop_eu", "shop_us"]


def test_who_fails_ends_nothing_for_those_that_have_no_line(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    task = {"name": "Go on", "ansible.builtin.debug": {}}
    own = {"name": "Go on", "hosts": "braze_workspaces", "gather_facts": False, "tasks": [task]}
    site = [{"name": "Onboard", "ansible.builtin.import_playbook": path_of("onboard")}, own]
    result = run_playbook(sandbox, site, *FEW, inventory=three())
    assert [failure.host for failure in result.failures()] == [REFUSED]
    assert {one.host for one in result.tasks if one.task == "Go on"} == {"shop_eu", "shop_us"}
