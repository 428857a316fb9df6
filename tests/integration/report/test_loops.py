# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a play loops over roles of this collection, each item is a workspace in the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

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


def play(host: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {"hosts": host, "gather_facts": False, "tasks": list(tasks)}


@pytest.fixture(scope="module")
def reported(running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[Any]]:
    """Run a play for each way to loop, each on a host of its own; return the lines of the table, and the rows."""
    running_sandbox.reset()
    folder = tmp_path_factory.mktemp("loops")
    tasks, path = folder / "workspace.yml", folder / "report.json"
    tasks.write_text(json.dumps([ASK]))
    good = [item for item in ITEMS if item["name"] != "web_us"]
    label = {"loop_control": {"label": "shop {{ item.name }}"}}
    ask = {**ASK, "vars": {**ASK["vars"], "braze_api_key_key": "{{ item }}"}}
    plays = [
        play("files", {"ansible.builtin.include_tasks": str(tasks), "loop": good, **label}),
        play("keys", {**ask, "loop": [world.BRAZE_KEY_SHOP_US, world.BRAZE_KEY_SHOP_EU]}),
        # Without a label, Ansible's own output names items by all that they hold; the report does not.
        # The last, because it fails.
        play("roles", {**ASK, "loop": ITEMS}),
    ]
    hosts = {name: {"ansible_connection": "local"} for name in ("roles", "files", "keys")}
    environment = {"ANSIBLE_CALLBACKS_ENABLED": CALLBACK, "ONRAMP_REPORT_JSON": str(path)}
    result = run_playbook(running_sandbox, plays, inventory={"all": {"hosts": hosts}}, environment=environment)
    text = path.read_text()
    assert not [key for key in KEYS.values() if key in text]
    return result.output.partition("BRAZE WORKSPACES")[2].splitlines(), json.loads(text)["workspaces"]


def rows(reported: tuple[list[str], list[Any]], host: str) -> list[tuple[str, str]]:
    """Return name and status of each row of a host, whose name stands before the item's where there are several."""
    found = [(row["name"], row["status"]) for row in reported[1] if row["host"] == host]
    assert all(name.startswith(f"{host}: ") for name, _status in found)
    return [(name.removeprefix(f"{host}: "), status) for name, status in found]


def test_an_included_role_that_is_looped_over_has_a_row_per_item_and_says_which_failed_and_which_was_never_reached(
    reported: tuple[list[str], list[Any]],
) -> None:
    assert rows(reported, "roles") == [("app_us", "ok"), ("pos_us", "none"), ("web_us", "failed")]
    table = reported[0]
    [failed] = [line for line in table if line.startswith("✗")]
    assert failed.split() == ["✗", "roles:", "web_us", "✗", *"·····"]
    for lacking in world.BRAZE_KEY_INCOMPLETE_LACKS:
        assert f"{lacking} (under" in " ".join(" ".join(table).split())
    others = [line.split()[::2][:2] for line in table if line[:1] in "✓·" and " roles: " in line]
    assert others == [["✓", "app_us"], ["·", "pos_us"]]


def test_files_of_tasks_that_are_looped_over_have_rows_named_by_the_label(
    reported: tuple[list[str], list[Any]],
) -> None:
    assert rows(reported, "files") == [("shop app_us", "ok"), ("shop pos_us", "ok")]


def test_an_item_that_is_itself_a_key_names_no_row(reported: tuple[list[str], list[Any]]) -> None:
    assert rows(reported, "keys") == [("item 1", "ok"), ("item 2", "ok")]
