# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a playbook of other people, which tells them what a run has come to.

It is a process of its own: whatever is wrong with it, even its syntax, and however long it takes, this run goes on.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ....module_utils._kernel.printable import visible

VARIABLE = "onramp_heal_outcomes"
PATIENCE = 60.0
MOST_LINES = 20
# What Ansible would evaluate: extra variables are templates for it, and vendors' words stand in these.
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def run_hook(playbook: str, outcomes: Sequence[Any], patience: float = PATIENCE) -> list[str] | None:
    """Run a playbook, and give it the outcomes. Return what it has said if it has failed, else None."""
    with tempfile.NamedTemporaryFile("w", prefix="onramp_heal_", suffix=".json") as file:
        # In JSON, two such braces follow each other only within a text.
        file.write(_TEMPLATE.sub("{ ", json.dumps({VARIABLE: list(outcomes)})))
        file.flush()
        return _run([*_COMMAND, "--extra-vars", f"@{file.name}", playbook], patience)


_COMMAND = (sys.executable, "-m", "ansible", "playbook", "--inventory", "localhost,", "--connection", "local")


def _run(command: Sequence[str], patience: float) -> list[str] | None:
    process = subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _nothing = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        _stop(process)
        return [f"It was stopped after {patience:g} seconds."]
    if process.returncode == 0:
        return None
    return [visible(line) for line in said.splitlines() if line.strip()][-MOST_LINES:] or ["nothing"]


def _stop(process: subprocess.Popen[str]) -> None:
    """End a process, and let it end its tasks, which run in groups of their own."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=5)
            return


def _environment() -> dict[str, str]:
    """Return the environment of the process: what an automation controller reads, it does not write to."""
    inherited = {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"}
    return {
        **inherited,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_NOCOLOR": "true",
    }
