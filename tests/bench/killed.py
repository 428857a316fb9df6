# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run costs that takes up after one that was killed with half of its work done: a plan, and what is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import fleet
from tests.bench.code import Code, Took
from tests.sandbox.client import Sandbox

# Requests of a run that was killed are answered for at most so long.
SETTLES_IN = 2.0


def killed_sentence(sandbox: Sandbox, count: int, forks: int, code: Code) -> str:
    """Onboard ``count`` workspaces, once whole and once killed at half, and return a sentence on what that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workspaces.json")

        def begin() -> list[str]:
            sandbox.reset()
            sandbox.keep_journal(False)
            path.write_text(json.dumps(fleet.seed(sandbox, count)))
            sandbox.clear_journal()
            return ["-i", str(path), "--forks", str(forks), code.playbook("onboard")]

        plan = code.run(sandbox, [*begin(), "--check"])
        whole = code.run(sandbox, begin())
        writes = _writes(sandbox)
        arguments = begin()
        done = _killed_at(sandbox, code, arguments, lambda: _writes(sandbox) >= writes / 2)
        again = code.run(sandbox, arguments)
        if _writes(sandbox) != writes:
            raise RuntimeError(
                f"{writes} writes of a whole run, and {_writes(sandbox)} of one that was killed and again"
            )
    return _sentence(count, code, plan, whole, again, 1 - done / writes)


def _sentence(count: int, code: Code, plan: Took, whole: Took, again: Took, left: float) -> str:
    return (
        f"Onboarding {count:,} workspaces takes {whole.cpu:.0f} s of CPU ({whole.wall:.0f} s by the clock), its plan"
        f" alone {plan.cpu:.0f} s ({plan.wall:.0f} s). Killed with {left:.0%} of its writes left, and run again, it"
        f" takes {again.cpu:.0f} s ({again.wall:.0f} s); plan and that share of the whole would be"
        f" {plan.cpu + left * whole.cpu:.0f} s ({plan.wall + left * whole.wall:.0f} s); no write is made twice"
        f" ({datetime.now(UTC):%Y-%m-%d}, {code.name}, one run)."
    )


def _writes(sandbox: Sandbox) -> int:
    return sandbox.counts(writes=True).total()


def _killed_at(sandbox: Sandbox, code: Code, arguments: list[str], reached: Callable[[], bool]) -> int:
    """Run until ``reached``, kill, and return how many writes were made.

    Ansible's workers are in sessions of their own. They end what they do, and then wait for ever to hand it over.
    """
    process = subprocess.Popen(
        code.command(arguments),
        cwd=code.root,
        env=code.environment(sandbox),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not reached():
            if process.poll() is not None:
                raise RuntimeError("the run has ended before it was killed")
            time.sleep(0.02)
    finally:
        workers = _children(process.pid)
        process.kill()
        process.wait()
    time.sleep(SETTLES_IN)
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    return _writes(sandbox)


def _children(process: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []
