# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play in a fork is what it is in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import warm, warm_imports, warm_server
from tests.collection import CHECKOUT, COLLECTIONS
from tests.playbook import playing
from tests.sandbox.client import Sandbox
from tests.warm import COLD_PLAYS, WarmPlay, can_be_warm, let_the_next_be_cold

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ [inventory_dir | default('none'), lookup('env', 'MINE'), lookup('env', 'HOME')] }}"
    - ansible.builtin.debug: msg="{{ lookup('env', 'SANDBOX_MINE') }}"
    - onramp.braze_fivetran.workspace_plan: {}
      ignore_errors: true
    - ansible.builtin.command: "{{ ansible_playbook_python }} -c 'import sys; print(sys.path, sys.argv)'"
      register: module
    - ansible.builtin.debug: var=module.stdout
    - mine: {ends: by itself}
      vars: {ansible_pipelining: "{{ item }}"}
      loop: [false, true]
    - mine: {ends: "{{ item }}"}
      loop: [with a code, with a word, in an error, killed]
      ignore_errors: true
    - ansible.builtin.fail: msg="{{ question | default('at last') }}"
"""

MODULES_ONLY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - mine: {ends: knowing more}
    - mine: {ends: knowing more}
      vars: {ansible_pipelining: true}
    - mine: {ends: knowing more}
      environment: {MINE: another}
"""
# A module, which tells of what it runs in, and ends as it is told.
MODULE = """
import atexit, os, signal, sys, threading
from ansible.module_utils.basic import AnsibleModule

def main():
    module = AnsibleModule({"ends": {"type": "str"}})
    told = {
        "arguments": len(sys.argv),
        "read": sys.stdin.read(),
        "folder": os.getcwd(),
        "mine": os.environ.get("MINE"),
        "known": sorted({name.partition(".")[0] for name in sys.modules} & {"ansible", "ansible_collections"}),
        "of_the_controller": [name for name in sys.modules if name.startswith("ansible.plugins")],
        "payload": "_payload_" in sys.modules["ansible.module_utils.basic"].__file__,
        "finders": [of for of in (type(finder).__module__ for finder in sys.meta_path) if of.startswith("ansible")],
        "interrupted": str(signal.getsignal(signal.SIGINT)).partition(" at ")[0],
        "terminated": str(signal.getsignal(signal.SIGTERM)),
        "piped": str(signal.getsignal(signal.SIGPIPE)),
        "open": sorted(os.listdir("/proc/self/fd"))[:3],
        "threads": threading.active_count(),
        "main": sys.modules["__main__"].__name__,
    }
    atexit.register(lambda: print("at the end", file=sys.stderr))
    print("said", file=sys.stderr)
    if module.params["ends"] == "with a code":
        sys.exit(3)
    if module.params["ends"] == "with a word":
        sys.exit("a word")
    if module.params["ends"] == "in an error":
        raise ValueError("mine")
    if module.params["ends"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if module.params["ends"] == "knowing more":
        told = {"knows_more": "boto3" in sys.modules}
    module.exit_json(**told)

if __name__ == "__main__":
    main()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays are forked on Linux only")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "mine.py").write_text(MODULE)
    mine = {
        "MINE": "für mich",
        "HOME": str(tmp_path),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    }
    return {**warm._environment(), **mine}


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / "ansible-playbook"), *arguments]


NEEDS_A_STAGE = pytest.mark.skipif(
    not warm_imports.can_prepare(), reason="nothing is prepared for plays of this release of ansible-core"
)


def ended(play: WarmPlay) -> str:
    """Return what it has printed when it has ended."""
    printed, _nothing = play.communicate(60)
    return printed


def has_a_stage(play: WarmPlay) -> bool:
    """Tell whether it was forked not from the Python that was started for all."""
    parent = Path(f"/proc/{play.pid}/stat").read_text().rpartition(")")[2].split()[1]
    return str(os.getpid()) != Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1]


def children(pid: int) -> list[int]:
    """Return the processes that it has started, and that have not ended."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("-vv", "-i", "localhost,", "-c", "local", "play.yml"), marks=pytest.mark.slow),
        ("--version",),
        ("missing.yml",),
        ("--no-such",),
    ],
)
def test_a_play_in_a_fork_prints_and_ends_as_in_a_process_of_its_own(
    tmp_path: Path, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
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
    # The first is forked as one of its kind, the last as one of many, between which other things are known.
    for number, more in enumerate(({}, {"SANDBOX_MINE": "another's"}, {})):
        play = WarmPlay(command(*arguments), tmp_path, {**environment, **more})
        assert has_a_stage(play) == (number > 0 and warm_imports.can_prepare())
        printed = ended(play)
        assert play.returncode == cold.returncode
        assert more or without_times(printed) == without_times(cold.stdout)


@NEEDS_A_STAGE
def test_a_module_is_forked_where_ansible_starts_it_in_its_usual_way(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "play.yml").write_text(MODULES_ONLY)
    arguments = command("-v", "-i", "localhost,", "-c", "local", "play.yml")
    printed = [ended(WarmPlay(arguments, tmp_path, environment)) for _time in range(3)][-1]
    assert re.findall('"knows_more": ([a-z]+)', printed) == ["true", "true", "false"]


def without_times(text: str) -> list[str]:
    # Before ansible-core 2.19, a module that ends in an error names its folders.
    text = re.sub(r"ansible-tmp-[\d.-]+|_payload_\w+", "", text)
    return [line for line in text.splitlines() if not any(f'"{name}"' in line for name in ("delta", "start", "end"))]


def test_a_configuration_that_was_not_there_for_the_plays_before_is_read(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    arguments = command("-v", "-i", "localhost,", "-c", "local", "missing.yml")
    for _time in range(3):
        assert "No config file found" in ended(WarmPlay(arguments, tmp_path, environment))
    for place, more in (
        (tmp_path / "ansible.cfg", {}),
        (tmp_path / ".ansible.cfg", {}),
        (tmp_path / "other.cfg", {"ANSIBLE_CONFIG": f"{tmp_path}/other.cfg"}),
    ):
        place.write_text("[defaults]\n")
        assert f"Using {place} as config file" in ended(WarmPlay(arguments, tmp_path, {**environment, **more}))
        place.unlink()


@NEEDS_A_STAGE
def test_what_is_imported_before_a_play_reads_nothing_of_one_and_shares_no_memory_with_others(tmp_path: Path) -> None:
    script = """
import os, pathlib, sys
from tests import warm_imports, warm_server

class Watched(dict):
    def __getitem__(self, name):
        read.add(os.fsdecode(name))
        return super().__getitem__(name)
    def __iter__(self):
        read.add("all")
        return super().__iter__()

read = set()
warm_imports.for_everybody()
os.environ._data = Watched(os.environ._data)
warm_imports.for_all_plays(pathlib.Path(sys.argv[1]))
assert "ANSIBLE_HOME" in read, read
shared = [line for line in open("/proc/self/maps") if line.split()[1] == "rw-s"]
print(sorted(name for name in read if name == "all" or warm_server.is_late(name)), shared)
"""
    environment = {**warm._environment(), "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert told.stdout == "[] []\n"


@NEEDS_A_STAGE
@pytest.mark.slow
def test_what_is_kept_for_plays_of_other_kinds_is_limited(tmp_path: Path, environment: dict[str, str]) -> None:
    for number in range(warm_server.MOST_STAGES + 2):
        for _time in range(3):
            play = WarmPlay(command("--version"), tmp_path, {**environment, "MINE": f"{number}"})
            staged = has_a_stage(play)
            ended(play)
        assert staged
    server = int(children(os.getpid())[0])
    deadline = time.monotonic() + 10
    while len(children(server)) > warm_server.MOST_STAGES:
        assert time.monotonic() < deadline
        time.sleep(0.1)


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


def test_what_a_new_python_would_read_at_its_start_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COLD_PLAYS, raising=False)
    usual = warm._environment()
    assert can_be_warm({**usual, "MINE": "für mich"})
    assert not can_be_warm({**usual, "PYTHONPATH": "/elsewhere"})
    assert not can_be_warm({**usual, "LC_ALL": "C"})
    # Where botocore looks for what `aws sso login` has laid down, it reads while it is imported.
    assert not can_be_warm({**usual, "HOME": "/elsewhere"})


def test_where_cold_plays_are_asked_for_none_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COLD_PLAYS, "all")
    let_the_next_be_cold(cold=False)
    assert not can_be_warm(warm._environment())


def test_one_play_may_be_cold_and_the_next_one_warm(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COLD_PLAYS, "none")
    let_the_next_be_cold(cold=True)
    nothing: list[dict[str, Any]] = [{"hosts": "localhost", "gather_facts": False}]
    kinds = []
    for _play in range(2):
        with playing(sandbox, nothing) as play:
            kinds.append(type(play))
    assert kinds == [subprocess.Popen, WarmPlay]
