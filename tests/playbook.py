# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a real ansible-playbook against the sandbox, and read what it did."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import yaml

from tests import returned
from tests.collection import CHECKOUT, COLLECTIONS
from tests.sandbox.client import Sandbox
from tests.warm import WarmPlay, can_be_warm, let_the_next_be_cold, play_folder, printed_by

# Longer than any test play; a hanging play fails the test instead of the whole run.
TIMEOUT = 180
OURS = "onramp.braze_fivetran"
EVENTS = "events.jsonl"
# What Ansible itself knows of a localhost that is in no inventory; without the second one, modules are processes.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@dataclass(frozen=True)
class TaskResult:
    """How one task ended on one host. ``result`` is what the module returned."""

    host: str
    task: str
    action: str
    result: Mapping[str, Any]
    failed: bool


@dataclass(frozen=True)
class PlayResult:
    """One run: exit code, everything printed, every task's result, and the recap by host."""

    exit_code: int
    output: str
    tasks: tuple[TaskResult, ...]
    stats: Mapping[str, Mapping[str, int]]

    def changed(self, host: str) -> int:
        """Return how many tasks changed something on ``host``."""
        return self.stats[host]["changed"]

    def failures(self, host: str | None = None) -> list[TaskResult]:
        """Return the failed tasks, of one host or of all."""
        return [task for task in self.tasks if task.failed and host in (None, task.host)]

    def messages(self, host: str | None = None) -> str:
        """Return the messages of all failed tasks."""
        return "\n".join(str(task.result.get("msg")) for task in self.failures(host))

    def results(self, action: str, host: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Yield the results of the tasks that ran ``action``."""
        return (task.result for task in self.tasks if task.action == action and host in (None, task.host))


Play: TypeAlias = WarmPlay | subprocess.Popen[str]


def run_playbook(
    sandbox: Sandbox,
    playbook: str | Path | list[dict[str, Any]],
    *arguments: str,
    inventory: str | Path | Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> PlayResult:
    """Run ``playbook`` (a path, the name of a collection's playbook, or plays as data) with the sandbox's environment.

    ``inventory``: a path, or data; without it, the play runs on localhost. ``arguments`` go to ansible-playbook.
    """
    with played(sandbox, playbook, *arguments, inventory=inventory, environment=environment) as (result, _directory):
        return result


@contextmanager
def played(
    sandbox: Sandbox,
    playbook: str | Path | list[dict[str, Any]],
    *arguments: str,
    inventory: str | Path | Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> Iterator[tuple[PlayResult, Path]]:
    """Give what :func:`run_playbook` returns, and the folder with everything that was written; it is removed then.

    ``home``: what lies in that folder before, which is the home of who plays.
    """
    with _folder() as directory:
        if home is not None:
            shutil.copytree(home, directory, dirs_exist_ok=True)
        output = printed_by(play := _play(sandbox, directory, playbook, arguments, inventory, environment), TIMEOUT)
        log = directory / EVENTS
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        result = PlayResult(
            exit_code=int(play.returncode or 0),
            output=output,
            tasks=tuple(TaskResult(**event["task"]) for event in events if "task" in event),
            stats=next((event["stats"] for event in events if "stats" in event), {}),
        )
        for task in result.tasks:
            of_ours, _dot, module = task.action.rpartition(".")
            if of_ours == OURS:
                returned.hold(module, task.result)
        yield result, directory


@contextmanager
def playing(
    sandbox: Sandbox,
    playbook: str | Path | list[dict[str, Any]],
    *arguments: str,
    inventory: str | Path | Mapping[str, Any] | None = None,
) -> Iterator[Play]:
    """Give what :func:`run_playbook` runs, while it runs, in a process group of its own; it is killed in the end.

    Its folder is not the one of those that end by themselves: Ansible's workers have a group each, and outlive it.
    """
    directory = play_folder().with_name("killed")
    directory.mkdir(mode=0o700, exist_ok=True)
    play = _play(sandbox, directory, playbook, arguments, inventory, {"HOME": str(play_folder())})
    try:
        yield play
    finally:
        # It has no group of its own yet if it has just begun.
        for kill in (os.kill, os.killpg):
            with suppress(ProcessLookupError):
                kill(play.pid, signal.SIGKILL)
        play.communicate()


def _play(
    sandbox: Sandbox,
    directory: Path,
    playbook: str | Path | list[dict[str, Any]],
    arguments: Iterable[str],
    inventory: str | Path | Mapping[str, Any] | None,
    environment: Mapping[str, str] | None,
) -> Play:
    command = _command(directory, playbook, arguments, inventory)
    variables = _environment(sandbox, directory, directory / EVENTS, environment)
    start = WarmPlay if can_be_warm(variables) else _start
    let_the_next_be_cold(cold=False)
    return start(command, directory, variables)


@contextmanager
def _folder() -> Iterator[Path]:
    """Give an empty folder, to one play after the other the same: what Ansible reads at its start is the same, too."""
    if not _FREE.acquire(blocking=False):
        with tempfile.TemporaryDirectory() as other:
            yield Path(other)
        return
    directory = play_folder()
    try:
        directory.mkdir(mode=0o700)
        yield directory
    finally:
        shutil.rmtree(directory)
        _FREE.release()


_FREE = Lock()


def start_playbook(
    sandbox: Sandbox,
    playbook: str | Path | list[dict[str, Any]],
    *arguments: str,
    directory: Path,
    inventory: str | Path | Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    stderr: int = subprocess.STDOUT,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start what :func:`run_playbook` runs, in a process group of its own; everything it writes is in ``directory``."""
    variables = _environment(sandbox, directory, directory / EVENTS, environment)
    return _start(_command(directory, playbook, arguments, inventory), directory, variables, stderr, stdout)


def _command(
    directory: Path,
    playbook: str | Path | list[dict[str, Any]],
    arguments: Iterable[str],
    inventory: str | Path | Mapping[str, Any] | None,
) -> list[str]:
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", _inventory(directory, inventory)]
    # The arguments last, so that they may begin with further playbooks.
    return [*command, _playbook(directory, playbook), *arguments]


def _start(
    command: list[str],
    directory: Path,
    environment: dict[str, str],
    stderr: int = subprocess.STDOUT,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=stdout,
        stderr=stderr,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _inventory(directory: Path, inventory: str | Path | Mapping[str, Any] | None) -> str:
    if isinstance(inventory, str | Path):
        return str(inventory)
    data = inventory or {"all": {"hosts": {"localhost": LOCAL}}}
    path = directory / "inventory.yml"
    path.write_text(yaml.safe_dump(data))
    return str(path)


def _playbook(directory: Path, playbook: str | Path | list[dict[str, Any]]) -> str:
    if isinstance(playbook, str | Path):
        return str(playbook)
    path = directory / "playbook.yml"
    path.write_text(yaml.safe_dump(playbook, sort_keys=False))
    return str(path)


def _environment(sandbox: Sandbox, directory: Path, log: Path, environment: Mapping[str, str] | None) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
    return {
        **inherited,
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_CALLBACK_PLUGINS": str(CHECKOUT / "tests" / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results",
        "RECORD_RESULTS_FILE": str(log),
        **sandbox.env,
        **(environment or {}),
    }
