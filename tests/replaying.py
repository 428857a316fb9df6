# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plugin of pytest that traces every play of the tests, and replays it: ``pytest -p tests.replaying TESTS``.

A play whose replay asks something else, or comes to another result, is told at the end, and makes the run fail. It
is no failure of the test: what a test does to the sandbox while a play runs is not in the trace. A play that writes a
file of the user's is not replayed, because the file is there then.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import tests.playbook
from tests.integration.trace.replayed import as_sandbox, comparable, results
from tests.playbook import PlayResult, run_playbook
from tests.sandbox.client import Sandbox
from tests.sandbox.replay import Replay

_play = run_playbook
# What was found, and how many plays were replayed.
_different: list[str] = []
_replayed: list[str] = []


def run_and_replay(
    sandbox: Sandbox,
    playbook: str | Path | list[dict[str, Any]],
    *arguments: str,
    inventory: str | Path | Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> PlayResult:
    """Run a play as ever, traced, and once more against its trace."""
    with tempfile.TemporaryDirectory() as folder:
        traced = {**(environment or {}), "ONRAMP_TRACE": folder}
        played = _play(sandbox, playbook, *arguments, inventory=inventory, environment=traced)
        for trace in [] if "discover" in str(playbook) else list(Path(folder).iterdir()):
            with Replay([trace]) as replay:
                given = (playbook, list(arguments), _content(inventory), dict(environment or {}))
                here = json.loads(_elsewhere(json.dumps(given, default=str), sandbox, replay))
                again = _play(as_sandbox(replay), here[0], *here[1], inventory=here[2], environment=here[3])
            _compare(played, again, replay)
    return played


def _content(inventory: Any) -> Any:
    """Return what stands in an inventory that is a file with addresses of the sandbox in it."""
    path = Path(str(inventory)) if isinstance(inventory, str | Path) else None
    if path is None or not path.is_file() or "127.0.0.1" not in path.read_text():
        return inventory
    return yaml.safe_load(path.read_text())


def _elsewhere(text: str, sandbox: Sandbox, replay: Replay) -> str:
    """Return what was given to a play, with the addresses of the replay."""
    for name in ("SANDBOX_BRAZE_URL", "FIVETRAN_API_URL", "AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST"):
        text = text.replace(sandbox.env[name], replay.env[name])
    return text


def _compare(played: PlayResult, again: PlayResult, replay: Replay) -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    _replayed.append(test)
    found = [f"asked what is not in the trace: {asked}" for asked in replay.unknown]
    first, second = results(played), results(again)
    for task in sorted(first.keys() | second.keys()):
        if first.get(task) != second.get(task):
            found.append(f"{task}: {_shown(first.get(task))} there, {_shown(second.get(task))} in the replay")
    _different.extend(f"{test}: {line}" for line in found)


def _shown(result: Any) -> str:
    return comparable(json.dumps(result))[:600]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the run fail if a replay has differed."""
    if _different:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what has differed."""
    terminalreporter.section("replays")
    for line in (*_different, f"{len(_replayed)} plays were replayed; in {len(_different)} places, they differ."):
        terminalreporter.write_line(line)


# Before any test has imported it by name.
tests.playbook.run_playbook = run_and_replay
