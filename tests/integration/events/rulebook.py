# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-rulebook itself, with a rulebook that is shipped, against the sandbox."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.playbook import _environment
from tests.sandbox.client import Sandbox

TOOLS = CHECKOUT / ".cache" / "rulebook" / "bin"
JAVAS = [
    Path(home)
    for home in (os.environ.get("JAVA_HOME", "/nowhere"), *sorted(map(str, Path("/usr/lib/jvm").glob("[a-z]*17*"))))
    if (Path(home) / "bin" / "java").exists()
]
needs_rulebook = pytest.mark.skipif(
    not (TOOLS.exists() and JAVAS), reason="ansible-rulebook, by make test-full, needs Java 17"
)
# Java starts, and the first look is made.
START = 90


class Rulebook:
    """A running ansible-rulebook, and what it has printed."""

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        name: str,
        inventory: Any,
        variables: Mapping[str, Any],
        **environment: str,
    ) -> None:
        (folder / "inventory").mkdir()
        (folder / "inventory" / "workspaces.yml").write_text(yaml.safe_dump(inventory))
        (folder / "variables.yml").write_text(yaml.safe_dump(dict(variables)))
        given = {
            **_environment(sandbox, folder, folder / "events.jsonl", None),
            "JAVA_HOME": str(JAVAS[0]),
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "ANSIBLE_PYTHON_INTERPRETER": str(TOOLS / "python"),
            **environment,
        }
        self.printed = ""
        self._process = subprocess.Popen(
            [str(TOOLS / "ansible-rulebook"), "-r", f"onramp.braze_fivetran.{name}", "-i", "inventory", "-e",
             "variables.yml"],
            cwd=folder, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
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
        return self.wait_until(lambda: text in self.printed, seconds)

    def wait_until(self, happened: Callable[[], bool], seconds: float) -> float:
        """Wait until something has happened; return how long it took."""
        began = time.monotonic()
        while not happened():
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


@contextmanager
def running(*arguments: Any, **environment: str) -> Iterator[Rulebook]:
    """Run a rulebook within the context."""
    rulebook = Rulebook(*arguments, **environment)
    try:
        yield rulebook
    finally:
        rulebook.end()


def looks(sandbox: Sandbox) -> int:
    """Return how often all connections were listed."""
    return sum(entry.path == "/v1/connections" for entry in sandbox.journal("fivetran"))


def wait_for_the_next_look(sandbox: Sandbox, rulebook: Rulebook) -> None:
    """Wait until the rulebook's source has looked again."""
    before = looks(sandbox)
    rulebook.wait_until(lambda: looks(sandbox) > before, START)
