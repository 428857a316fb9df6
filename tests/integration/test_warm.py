# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play in a fork is what it is in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.warm import WarmPlay, can_be_warm

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ [inventory_dir | default('none'), lookup('env', 'MINE'), lookup('env', 'HOME')] }}"
    - ansible.builtin.command: "{{ ansible_playbook_python }} -c 'import sys; print(sys.path, sys.argv)'"
      register: module
    - ansible.builtin.debug: var=module.stdout
    - ansible.builtin.fail: msg="{{ question | default('at last') }}"
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays are forked on Linux only")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "play.yml").write_text(PLAY)
    mine = {
        "MINE": "für mich",
        "HOME": str(tmp_path),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    return {**warm._environment(), **mine}


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]


@pytest.mark.parametrize(
    "arguments",
    [("-vv", "-i", "localhost,", "-c", "local", "play.yml"), ("--version",), ("missing.yml",), ("--no-such",)],
)
def test_a_play_in_a_fork_prints_and_ends_as_in_a_process_of_its_own(
    tmp_path: Path, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    play = WarmPlay(command(*arguments), tmp_path, environment)
    printed, _nothing = play.communicate(60)
    cold = subprocess.run(
        command(*arguments),
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # Times differ, and only they.
    lines = [
        [line for line in text.splitlines() if '"delta"' not in line and '"start"' not in line and '"end"' not in line]
        for text in (printed, cold.stdout)
    ]
    assert lines[0] == lines[1]
    assert play.returncode == cold.returncode


def test_a_play_in_a_fork_can_be_killed_with_all_that_it_has_started(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "play.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks: [{ansible.builtin.command: sleep 60}]\n"
    )
    play = WarmPlay(command("-i", "localhost,", "-c", "local", "play.yml"), tmp_path, environment)
    with pytest.raises(subprocess.TimeoutExpired):
        play.communicate(3)
    os.killpg(play.pid, signal.SIGKILL)
    play.communicate(10)
    assert play.returncode == -signal.SIGKILL


def test_what_a_new_python_would_read_at_its_start_needs_one(environment: dict[str, str]) -> None:
    assert can_be_warm(environment)
    assert not can_be_warm({**environment, "PYTHONPATH": "/elsewhere"})
    assert not can_be_warm({**environment, "LC_ALL": "C"})


def test_where_cold_plays_are_asked_for_none_is_forked(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLD_PLAYS", "1")
    assert not can_be_warm(environment)
