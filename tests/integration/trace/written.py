# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a trace in this process, as Ansible's workers do in theirs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.trace import (
    Trace,
    TracedRun,
    TracedTask,
    start,
    stop,
)

HEADER = {"onramp_trace": 1, "collection": "1.0.0"}


def new_run(folder: Path) -> TracedRun:
    """Return a run whose trace is in the folder."""
    return TracedRun(file=str(folder / "onramp-trace-test.jsonl"), key=os.urandom(24).hex(), began=time.monotonic())


@contextmanager
def traced(folder: Path, secrets: Iterable[str] = ()) -> Iterator[Trace]:
    """Write a trace for a while."""
    header = {**HEADER, "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    trace = start(new_run(folder), lambda: header, lambda _message: None, secrets)
    trace.asker = TracedTask("a task", "a_host")
    try:
        yield trace
    finally:
        stop()
