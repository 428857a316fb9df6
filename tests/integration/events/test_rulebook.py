# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook that is shipped, run by ansible-rulebook itself against the sandbox."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.playbook import _environment
from tests.sandbox import world
from tests.sandbox.client import Sandbox

TOOLS = CHECKOUT / ".cache" / "rulebook" / "bin"
JAVAS = [
    Path(home)
    for home in (os.environ.get("JAVA_HOME", "/nowhere"), *sorted(map(str, Path("/usr/lib/jvm").glob("[a-z]*17*"))))
    if (Path(home) / "bin" / "java").exists()
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (TOOLS.exists() and JAVAS), reason="ansible-rulebook, by make test-full, needs Java 17"),
]
# Java starts, and the first look is made.
START, RUN = 90, 60


class Rulebook:
    """A running ansible-rulebook, and what it has printed."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        (folder / "inventory").mkdir()
        (folder / "inventory" / "workspaces.yml").write_text(yaml.safe_dump(workspaces()))
        (folder / "variables.yml").write_text("fivetran_interval: 5\n")
        environment = {
            **_environment(sandbox, folder, folder / "events.jsonl", None),
            "JAVA_HOME": str(JAVAS[0]),
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "ANSIBLE_PYTHON_INTERPRETER": str(TOOLS / "python"),
        }
        self.printed = ""
        self._process = subprocess.Popen(
            [str(TOOLS / "ansible-rulebook"), "-r", "onramp.braze_fivetran.verify", "-i", "inventory", "-e",
             "variables.yml"],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed += re.sub(r"\x1b\[[0-9;]*m", "", line)

    def wait_for(self, text: str, seconds: float) -> float:
        """Wait until this was printed; return how long it took."""
        began = time.monotonic()
        while text not in self.printed:
            assert time.monotonic() - began < seconds, self.printed
            self.is_running()
            time.sleep(0.1)
        return time.monotonic() - began

    def is_running(self) -> None:
        assert self._process.poll() is None, self.printed

    def end(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join()


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    result = play(sandbox, "onboard")
    assert result.exit_code == 0, result.output
    return sandbox


@pytest.fixture
def rulebook(onboarded: Sandbox, tmp_path: Path) -> Iterator[Rulebook]:
    running = Rulebook(onboarded, tmp_path)
    yield running
    running.end()


def looks(sandbox: Sandbox) -> int:
    return sum(entry.path == "/v1/connections" for entry in sandbox.journal("fivetran"))


def test_what_breaks_is_explained_once_and_by_one_run(onboarded: Sandbox, rulebook: Rulebook) -> None:
    before = looks(onboarded)
    end = time.monotonic() + START
    while looks(onboarded) == before:
        rulebook.is_running()
        assert time.monotonic() < end, rulebook.printed
        time.sleep(0.2)
    assert "PLAY [" not in rulebook.printed
    task = {"code": "reconnect", "message": f"Invalid API key: {world.BRAZE_KEY_SHOP_US}"}
    onboarded.clear_journal()
    for connection in connections(onboarded).values():
        onboarded.seed(
            "fivetran", "edit_connection", id=connection["id"], status={"setup_state": "broken", "tasks": [task]}
        )
    rulebook.wait_for("setup_state is broken", RUN)
    rulebook.wait_for("PLAY RECAP", RUN)
    # Nothing has changed since.
    time.sleep(12)
    # A run that has findings is printed a second time, as an error.
    assert rulebook.printed.count("run_playbook - ERROR") == 1, rulebook.printed
    for name in ("shop_us", "shop_eu"):
        assert f"{name}: " in rulebook.printed
    assert world.BRAZE_KEY_SHOP_US not in rulebook.printed
    assert onboarded.writes() == []
