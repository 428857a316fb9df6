# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People are told by a playbook of theirs, and whatever that one does, nothing follows from it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.hook import run_hook

OUTCOME = {"workspace": "shop_us", "state": "healed", "did": ["synced"], "finding": {}, "message": "It works."}


def playbook(folder: Path, *tasks: dict[str, Any]) -> str:
    path = folder / "theirs.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]))
    return str(path)


def written(folder: Path) -> dict[str, Any]:
    """Return a task that writes what the playbook was told."""
    return {
        "ansible.builtin.copy": {
            "content": "{{ onramp_heal_outcomes | to_json }}",
            "dest": str(folder / "told"),
            "mode": "0600",
        }
    }


def test_a_playbook_is_told_what_has_happened_and_vendors_words_are_no_templates(tmp_path: Path) -> None:
    run = f"{{{{ lookup('ansible.builtin.pipe', 'touch {tmp_path / 'run'}') }}}}"
    evil = {**OUTCOME, "message": run + " {{{ {% {#"}
    assert run_hook(playbook(tmp_path, written(tmp_path)), [OUTCOME, evil]) is None
    told = json.loads((tmp_path / "told").read_text())
    assert told == [OUTCOME, {**evil, "message": run.replace("{{", "{ {") + " { { { { % { #"}]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "[{hosts: localhost, gather_facts: false, tasks: [{ansible.builtin.fail: {msg: Nobody answers.}}]}]",
            "Nobody answers.",
        ),
        ("- hosts: [", "YAML"),
        (None, "could not be found"),
    ],
)
def test_what_is_wrong_with_the_playbook_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "theirs.yml"
    if content is not None:
        path.write_text(content)
    assert said in "\n".join(run_hook(str(path), [OUTCOME]) or [])


@pytest.mark.slow
@pytest.mark.waits
def test_a_playbook_that_hangs_is_stopped_with_the_task_that_it_runs(tmp_path: Path) -> None:
    task = tmp_path / "task"
    hang = {"ansible.builtin.shell": f"echo $$ > {task}; sleep 300"}
    assert run_hook(playbook(tmp_path, hang), [OUTCOME], patience=15) == ["It was stopped after 15 seconds."]
    end = time.monotonic() + 10
    while Path(f"/proc/{task.read_text().strip()}").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
