# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With the callback quiet, a fine run is a line, a failed workspace a block, and what changed is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.bench.fleet import seed
from tests.collection import CHECKOUT
from tests.documents import blocks
from tests.integration.playbooks.fleet import play, workspaces
from tests.playbook import PlayResult, run_playbook
from tests.release import BEFORE_2_19
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.fleet_world import layout

QUIET = {"ANSIBLE_STDOUT_CALLBACK": "onramp.braze_fivetran.quiet"}
REPORT = {
    "ANSIBLE_CALLBACKS_ENABLED": "record_results,onramp.braze_fivetran.workspace_report",
    "ONRAMP_REPORT_TABLE": "summary",
}


NIGHTLY = CHECKOUT / "docs" / "nightly.md"


@pytest.fixture
def strict(tmp_path: Path) -> dict[str, str]:
    """Return the environment with the configuration of the page about nightly runs."""
    configuration = tmp_path / "ansible.cfg"
    [block] = blocks(NIGHTLY, "ini")
    configuration.write_text(block)
    return {"ANSIBLE_CONFIG": str(configuration)}


def codes_of_the_page() -> set[int]:
    return {int(code) for code in re.findall(r"^\| (\d+) \|", NIGHTLY.read_text(), re.MULTILINE)}


def lines(result: PlayResult) -> list[str]:
    return [line for line in result.output.splitlines() if line.strip()]


def test_a_fine_run_is_one_line_and_with_the_summary_of_the_report_two(sandbox: Sandbox) -> None:
    # Without AWS, whose modules take longest.
    google = {"currents_storage": "gcs", "currents_bucket": world.GCS_BUCKET, "currents_prefix": "us"}
    hours = [hour.isoformat() for hour in world.recent_hours()]
    sandbox.seed("gcs", "seed_currents", bucket=world.GCS_BUCKET, hours=hours, **layout("us", "GCS"))
    inventory = workspaces(shop_us=google)
    made = play(sandbox, "onboard", inventory=inventory, **QUIET)
    assert made.exit_code == 0, made.output
    # What changed is told, a line each.
    assert [line for line in lines(made) if line.startswith("changed shop_us: ")]
    assert lines(made)[-1] == "2 hosts: 2 fine, 2 changed"
    again = play(sandbox, "onboard", inventory=inventory, **QUIET)
    assert lines(again) == ["2 hosts: 2 fine"]
    reported = play(sandbox, "verify", inventory=inventory, **QUIET, **REPORT)
    # Before the first sync, nothing proves what Fivetran shows masked.
    assert sorted(lines(reported)) == ["2 hosts: 2 fine", "2 workspaces: 2 not verifiable"]


def test_a_workspace_that_fails_is_one_block_with_every_finding_once_and_a_code_of_the_page(
    sandbox: Sandbox, strict: dict[str, str]
) -> None:
    sandbox.seed("braze", "revoke_key", key=world.BRAZE_KEY_SHOP_EU)
    result = play(sandbox, "onboard", "--limit", "shop_eu", **QUIET, **strict)
    assert result.exit_code == 2
    assert result.exit_code in codes_of_the_page()
    [head, *block, last] = lines(result)
    assert head == "FAILED shop_eu: Tell what the plan is for each workspace"
    assert last == "1 host: 0 fine, 1 failed"
    assert block
    assert all(line.startswith("    ") for line in block)
    assert len(set(block)) == len(block)
    [failure] = result.failures()
    assert [line.strip() for line in block] == [line.strip() for line in failure.result["msg"].splitlines()]


def test_check_mode_tells_what_would_change_and_ends_with_the_pages_code_for_what_is_fine(
    sandbox: Sandbox, strict: dict[str, str]
) -> None:
    result = play(sandbox, "onboard", "--check", "--limit", "shop_eu", **QUIET, **strict)
    assert result.exit_code == 0, result.output
    assert result.exit_code in codes_of_the_page()
    assert "    shop_eu: 2 changes." in lines(result)
    assert any("+ create connection braze_shop_eu" in line for line in lines(result))


LOUD: list[dict[str, Any]] = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"name": "Fine", "ansible.builtin.debug": {"msg": "nobody asked"}},
            {"name": "Skipped", "ansible.builtin.debug": {"msg": "never"}, "when": False},
            {"name": "Ignored", "ansible.builtin.fail": {"msg": "not that bad"}, "ignore_errors": True},
            {
                "name": "Rescued",
                "block": [{"name": "Breaks", "ansible.builtin.fail": {"msg": "broken for a moment"}}],
                "rescue": [{"ansible.builtin.debug": {"msg": "mended"}}],
            },
            {
                "name": "Several",
                "ansible.builtin.assert": {"that": "item == 1", "fail_msg": "{{ item }} is not one"},
                "loop": [1, 2],
            },
        ],
    }
]


def test_of_other_tasks_what_failed_is_told_and_what_is_rescued_by_the_rescue_only(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    breaks = tmp_path / "breaks.yml"
    breaks.write_text('[{"name": "Breaks", "ansible.builtin.fail": {"msg": "broken for a moment"}}]')
    imported = {
        "block": [{"ansible.builtin.import_tasks": str(breaks)}],
        "rescue": [{"name": "Explains", "ansible.builtin.fail": {"msg": "do this about it"}}],
    }
    # A host that does nothing lets the run go on after the first play.
    loud = {"block": LOUD[0]["tasks"], "when": "inventory_hostname == 'localhost'"}
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [loud]},
        {"hosts": "other", "gather_facts": False, "tasks": [imported]},
    ]
    local = {"ansible_connection": "local"}
    inventory = {"all": {"hosts": {"localhost": local, "other": local}}}
    result = run_playbook(sandbox, plays, inventory=inventory, environment=QUIET)
    assert lines(result) == [
        "FAILED localhost: Several (2)",
        "    2 is not one",
        "FAILED other: Explains",
        "    do this about it",
        "2 hosts: 0 fine, 2 failed",
    ]


def test_with_v_nothing_is_held_back(sandbox: Sandbox) -> None:
    result = run_playbook(sandbox, LOUD, "-v", environment=QUIET)
    for words in ("PLAY [", "TASK [Fine]", "nobody asked", "...ignoring", "PLAY RECAP"):
        assert words in result.output


@pytest.mark.slow
def test_a_night_with_thirty_fine_workspaces_is_twelve_lines_at_most(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = seed(sandbox, 30)
    first = run_playbook(sandbox, "onramp.braze_fivetran.onboard", inventory=inventory)
    assert first.exit_code == 0, first.output
    files = {"HTML": "report.html", "METRICS": "braze_fivetran.prom", "JUNIT": "junit.xml", "HISTORY": "history"}
    report = {**REPORT, **{f"ONRAMP_REPORT_{name}": str(tmp_path / file) for name, file in files.items()}}
    night = run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=inventory, environment={**QUIET, **report})
    assert night.exit_code == 0, night.output
    assert len(night.output.splitlines()) <= 12, night.output
    assert "30 workspaces: 30 " in night.output
    key = inventory["braze_workspaces"]["hosts"]["bench_0007"]["braze_api_key"]
    sandbox.seed("braze", "revoke_key", key=key)
    night = run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=inventory, environment={**QUIET, **report})
    assert night.exit_code == 2
    assert len(night.output.splitlines()) <= 24, night.output
    assert "bench_0007" in night.output


def test_the_other_exit_codes_of_the_page_are_those_of_inventories_that_cannot_be_used(
    sandbox: Sandbox, tmp_path: Path, strict: dict[str, str]
) -> None:
    broken, empty = tmp_path / "broken.yml", tmp_path / "empty.yml"
    broken.write_text("braze_workspaces:\n  hosts:\n   a:\n  - b\n")
    empty.write_text("others:\n  hosts:\n    a:\n")
    garbled = tmp_path / "garbled" / "inventory.yml"
    (garbled.parent / "group_vars").mkdir(parents=True)
    garbled.write_text("braze_workspaces:\n  hosts:\n    a:\n")
    (garbled.parent / "group_vars" / "braze_workspaces.yml").write_text("fivetran_group: [\n")
    codes = [
        run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=inventory, environment=strict).exit_code
        for inventory in (broken, empty, garbled)
    ]
    assert codes == ([1, 1, 1] if BEFORE_2_19 else [1, 4, 4])
    # Fine, and failed: the tests above. Of Ctrl-C and of unforeseen errors, the page says what Ansible's source says.
    assert codes_of_the_page() == {0, 1, 2, 4, 99, 250}
