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
from tests.integration.playbooks.fleet import EXAMPLES, play
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

INVENTORY = EXAMPLES / "workspaces.yml"
QUIET = {"ANSIBLE_STDOUT_CALLBACK": "onramp.braze_fivetran.quiet"}
REPORT = {
    "ANSIBLE_CALLBACKS_ENABLED": "record_results,onramp.braze_fivetran.workspace_report",
    "ONRAMP_REPORT_TABLE": "summary",
}


def lines(result: PlayResult) -> list[str]:
    return [line for line in result.output.splitlines() if line.strip()]


def test_a_fine_run_is_one_line_and_with_the_summary_of_the_report_two(sandbox: Sandbox) -> None:
    made = play(sandbox, "onboard", **QUIET)
    assert made.exit_code == 0, made.output
    # What changed is told, a line each.
    assert [line for line in lines(made) if line.startswith("changed shop_us: ")]
    assert lines(made)[-1] == "2 hosts: 2 fine, 2 changed"
    again = play(sandbox, "onboard", **QUIET)
    assert lines(again) == ["2 hosts: 2 fine"]
    reported = play(sandbox, "verify", **QUIET, **REPORT)
    # Before the first sync, nothing proves what Fivetran shows masked.
    assert sorted(lines(reported)) == ["2 hosts: 2 fine", "2 workspaces: 2 not verifiable"]


def test_a_workspace_that_fails_is_one_block_with_every_finding_once(sandbox: Sandbox) -> None:
    sandbox.seed("braze", "revoke_key", key=world.BRAZE_KEY_SHOP_EU)
    result = play(sandbox, "onboard", "--limit", "shop_eu", **QUIET)
    assert result.exit_code == 2
    [head, *block, last] = lines(result)
    assert head == "FAILED shop_eu: Tell what the plan is for each workspace"
    assert last == "1 host: 0 fine, 1 failed"
    assert block
    assert all(line.startswith("    ") for line in block)
    assert len(set(block)) == len(block)
    [failure] = result.failures()
    assert [line.strip() for line in block] == [line.strip() for line in failure.result["msg"].splitlines()]


def test_check_mode_tells_what_would_change(sandbox: Sandbox) -> None:
    result = play(sandbox, "onboard", "--check", "--limit", "shop_eu", **QUIET)
    assert result.exit_code == 0, result.output
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


def test_of_other_tasks_what_failed_is_told_and_items_are_named(sandbox: Sandbox) -> None:
    result = run_playbook(sandbox, LOUD, environment=QUIET)
    assert lines(result) == [
        "FAILED localhost: Several (2)",
        "    2 is not one",
        "1 host: 0 fine, 1 failed",
    ]


def test_what_is_imported_into_a_block_with_a_rescue_is_told_by_the_rescue_only(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    breaks = tmp_path / "breaks.yml"
    breaks.write_text('[{"name": "Breaks", "ansible.builtin.fail": {"msg": "broken for a moment"}}]')
    block = {
        "block": [{"ansible.builtin.import_tasks": str(breaks)}],
        "rescue": [{"name": "Explains", "ansible.builtin.fail": {"msg": "do this about it"}}],
    }
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [block]}]
    result = run_playbook(sandbox, plays, environment=QUIET)
    assert lines(result) == ["FAILED localhost: Explains", "    do this about it", "1 host: 0 fine, 1 failed"]


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


def test_the_exit_codes_of_the_page_are_those_of_the_playbooks(sandbox: Sandbox, tmp_path: Path) -> None:
    text = (CHECKOUT / "docs" / "nightly.md").read_text()
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    configuration = tmp_path / "ansible.cfg"
    [block] = blocks(CHECKOUT / "docs" / "nightly.md", "ini")
    configuration.write_text(block)
    strict = {"ANSIBLE_CONFIG": str(configuration)}
    broken, empty = tmp_path / "broken.yml", tmp_path / "empty.yml"
    broken.write_text("braze_workspaces:\n  hosts:\n   a:\n  - b\n")
    empty.write_text("others:\n  hosts:\n    a:\n")
    garbled = tmp_path / "garbled" / "inventory.yml"
    (garbled.parent / "group_vars").mkdir(parents=True)
    garbled.write_text("braze_workspaces:\n  hosts:\n    a:\n")
    (garbled.parent / "group_vars" / "braze_workspaces.yml").write_text("fivetran_group: [\n")
    seen = {
        play(sandbox, "onboard", "--check", **strict).exit_code: 0,
        run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=broken, environment=strict).exit_code: 1,
        play(sandbox, "verify", **strict).exit_code: 2,
        run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=garbled, environment=strict).exit_code: 4,
    }
    without = run_playbook(sandbox, "onramp.braze_fivetran.verify", inventory=empty, environment=strict)
    # As it is before ansible-core 2.19, too.
    assert without.exit_code in (1, 4)
    assert {code: expected for code, expected in seen.items() if code != expected} == {}
    # Of Ctrl-C and of unforeseen errors, the page says what Ansible's source says.
    assert told == {*seen, 99, 250}
