# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that becomes somebody else, in whatever form, gets a process of that user; others stay in this one."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# It does as sudo does, but for the other user, whom a test cannot become.
SUDO = """#!/bin/sh
while [ "$1" != /bin/sh ]; do shift; done
exec "$@"
"""
MODULE = "onramp.braze_fivetran.fivetran_group_info"
BECOMES = {"become": True}


def look(name: str, **keywords: Any) -> dict[str, Any]:
    return {"name": name, MODULE: {"group": world.GROUP_NAME, "gather": []}, **keywords}


def play(name: str, tasks: list[dict[str, Any]], **keywords: Any) -> dict[str, Any]:
    variables = {"ansible_python_interpreter": sys.executable, **keywords.pop("vars", {})}
    return {"name": name, "hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks, **keywords}


ANOTHER = "runs as somebody else: "
SAME = "runs as we do: "
PLAYS = [
    play(
        "Forms of a task",
        [
            look(f"{SAME}nothing is said"),
            look(f"{SAME}only the user is said", become_user="nobody"),
            look(f"{SAME}the task forbids it", become=False),
            look(f"{ANOTHER}the task", **BECOMES),
            look(f"{ANOTHER}the task, to a user", become_user="nobody", **BECOMES),
            look(f"{ANOTHER}a variable of the task", vars={"ansible_become": True}),
            look(f"{ANOTHER}a text as a variable", vars={"ansible_become": "yes"}),
            look(f"{ANOTHER}a template", vars={"ansible_become": "{{ 1 == 1 }}"}),
            look(f"{ANOTHER}a template as a keyword", become="{{ 1 == 1 }}"),
            look(f"{ANOTHER}in check mode", check_mode=True, **BECOMES),
            {"block": [look(f"{ANOTHER}the block")], **BECOMES},
            {"block": [{"block": [look(f"{ANOTHER}a block around the block")]}], **BECOMES},
            {"block": [look(f"{SAME}the task inside a block forbids it", become=False)], **BECOMES},
            look(f"{SAME}a variable forbids what the task says", vars={"ansible_become": False}, **BECOMES),
            {"name": "Import", "ansible.builtin.import_role": {"name": "looks"}, **BECOMES},
            {"name": "Include", "ansible.builtin.include_role": {"name": "looks", "apply": BECOMES}},
            look(f"{ANOTHER}in a loop", loop=[1], **BECOMES),
            look(f"{ANOTHER}delegated", delegate_to="localhost", **BECOMES),
        ],
    ),
    play("The play", [look(f"{ANOTHER}the play"), look(f"{SAME}its task forbids it", become=False)], **BECOMES),
    play("A variable of the play", [look(f"{ANOTHER}a variable of the play")], vars={"ansible_become": True}),
    play("A role of the play", [], roles=[{"role": "looks", "become": True}]),
]  # fmt: skip
ROLE = [look(f"{ANOTHER}a role")]


def run(sandbox: Sandbox, folder: Path, plays: list[dict[str, Any]], *arguments: str, **variables: Any) -> PlayResult:
    sudo = folder / "sudo"
    sudo.write_text(SUDO)
    sudo.chmod(0o755)
    tasks = folder / "roles" / "looks" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(yaml.safe_dump(ROLE))
    inventory = {"all": {"hosts": {"localhost": {"ansible_connection": "local", **variables}}}}
    environment = {"ANSIBLE_BECOME_EXE": str(sudo), "ANSIBLE_ROLES_PATH": str(folder / "roles")}
    return run_playbook(sandbox, plays, "-vvvv", *arguments, inventory=inventory, environment=environment)


def ways(output: str) -> list[tuple[str, bool]]:
    """Return of each task whether it got a process of its own."""
    parts = re.split(r"^TASK \[(?:looks : )?(.*?)\] \*+$", output, flags=re.MULTILINE)
    tasks = zip(parts[1::2], parts[2::2], strict=True)
    return [(name, "AnsiballZ_" in text) for name, text in tasks if name.startswith((ANOTHER, SAME))]


@pytest.mark.slow
def test_every_form_of_become_gets_a_process_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    played = run(sandbox, tmp_path, PLAYS)
    assert played.exit_code == 0, played.output[-3000:]
    found = ways(played.output)
    assert [name for name, own in found if own != name.startswith(ANOTHER)] == []
    assert len(found) == 22


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (("-b",), {}),
        (("--become", "--become-user", "nobody"), {}),
        (("-e", "ansible_become=true"), {}),
        ((), {"ansible_become": True}),
        ((), {"ansible_become": True, "ansible_become_user": "nobody"}),
    ],
    ids=["-b", "-b to a user", "extra variable", "inventory", "inventory, to a user"],
)
def test_what_is_said_for_all_of_the_run_gets_a_process_of_its_own(
    sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, Any]
) -> None:
    played = run(sandbox, tmp_path, [play("All", [look(f"{ANOTHER}all")])], *arguments, **variables)
    assert played.exit_code == 0, played.output[-3000:]
    assert ways(played.output) == [(f"{ANOTHER}all", True)]
