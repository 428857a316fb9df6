# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a play loops over roles of this collection, each item is a workspace in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

CALLBACK = "onramp.braze_fivetran.workspace_report"
KEYS = {"app_us": world.BRAZE_KEY_SHOP_US, "web_us": world.BRAZE_KEY_INCOMPLETE, "pos_us": world.BRAZE_KEY_SHOP_EU}
ITEMS = [{"name": name, "key": key} for name, key in KEYS.items()]
ASK = {
    "name": "Ask Braze about the key",
    "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.braze_api_key"},
    "vars": {
        "braze_api_key_key": "{{ item.key }}",
        "braze_api_key_api_url": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_URL') }}",
    },
}


def reported(sandbox: Sandbox, folder: Path, *tasks: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Run the tasks on localhost; return what was printed, and the report."""
    path = folder / "report.json"
    result = run_playbook(
        sandbox,
        [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks)}],
        environment={"ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "ONRAMP_REPORT_JSON": str(path)},
    )
    assert not [key for key in KEYS.values() if key in path.read_text()]
    return result.output, json.loads(path.read_text())


def test_an_included_role_that_is_looped_over_has_a_row_per_item_and_says_which_failed_and_which_was_never_reached(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    # Without a label, Ansible's own output names items by all that they hold; the report does not.
    output, report = reported(sandbox, tmp_path, {**ASK, "loop": ITEMS})
    assert [(found["name"], found["host"], found["status"]) for found in report["workspaces"]] == [
        ("app_us", "localhost", "ok"),
        ("pos_us", "localhost", "none"),
        ("web_us", "localhost", "failed"),
    ]
    table = output.partition("BRAZE WORKSPACES")[2].splitlines()
    assert table[2].split() == ["✗", "web_us", "✗", *"·····"]
    for lacking in world.BRAZE_KEY_INCOMPLETE_LACKS:
        assert f"{lacking} (under" in " ".join(" ".join(table).split())
    assert [line.split()[:2] for line in table if line[:1] in "✓·" and line] == [["✓", "app_us"], ["·", "pos_us"]]


def test_files_of_tasks_that_are_looped_over_have_rows_named_by_the_label(sandbox: Sandbox, tmp_path: Path) -> None:
    tasks = tmp_path / "workspace.yml"
    tasks.write_text(json.dumps([ASK]))
    good = [item for item in ITEMS if item["name"] != "web_us"]
    include = {
        "ansible.builtin.include_tasks": str(tasks),
        "loop": good,
        "loop_control": {"label": "shop {{ item.name }}"},
    }
    _output, report = reported(sandbox, tmp_path, include)
    assert [(found["name"], found["status"]) for found in report["workspaces"]] == [
        ("shop app_us", "ok"),
        ("shop pos_us", "ok"),
    ]


def test_an_item_that_is_itself_a_key_names_no_row(sandbox: Sandbox, tmp_path: Path) -> None:
    ask = {**ASK, "vars": {**ASK["vars"], "braze_api_key_key": "{{ item }}"}}
    keys = [world.BRAZE_KEY_SHOP_US, world.BRAZE_KEY_SHOP_EU]
    _output, report = reported(sandbox, tmp_path, {**ask, "loop": keys})
    assert [(found["name"], found["status"]) for found in report["workspaces"]] == [("item 1", "ok"), ("item 2", "ok")]
