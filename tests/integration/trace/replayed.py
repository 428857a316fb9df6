# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traces in tests: read them, and hold two runs against each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.playbook import PlayResult
from tests.sandbox.client import Sandbox
from tests.sandbox.replay import Replay

# What differs between two runs of anything: addresses of servers, times, request ids, and how long something took.
VOLATILE = (
    re.compile(r"127\.0\.0\.1:\d+"),
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"),
    re.compile(r"REDACTED-[0-9a-f]{12}|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
    re.compile(r"\d\d:\d\d:\d\d UTC"),
    re.compile(r"/tmp/tmp\w+"),
)
DURATIONS = ("start", "end", "delta", "invocation")


def traces(folder: Path) -> list[Path]:
    """Return the traces in a folder, in the order of their runs."""
    return sorted(folder.iterdir())


def lines(trace: Path) -> list[dict[str, Any]]:
    """Return the lines of a trace."""
    return [json.loads(line) for line in trace.read_text().splitlines()]


def calls(folder: Path) -> list[dict[str, Any]]:
    """Return the calls of the only trace in a folder."""
    [trace] = traces(folder)
    return [line for line in lines(trace) if "request" in line]


def results(played: PlayResult) -> dict[str, list[Any]]:
    """Return the results of a run by host and task, without what differs between two runs of anything."""
    found: dict[str, list[Any]] = {}
    for task in played.tasks:
        result = {name: value for name, value in task.result.items() if name not in DURATIONS}
        found.setdefault(f"{task.host}: {task.task}", []).append(json.loads(comparable(json.dumps(result))))
    return found


def comparable(text: str) -> str:
    """Return a text without what differs between two runs of anything."""
    for pattern in VOLATILE:
        text = pattern.sub("*", text)
    return text


def as_sandbox(replay: Replay) -> Sandbox:
    """Return a replay as those take it who start playbooks."""
    return Sandbox({**replay.env, "SANDBOX_CONTROL_URL": ""})
