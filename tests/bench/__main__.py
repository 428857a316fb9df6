# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: how long onboarding and an idempotent rerun take, and how many calls they make.

Each case runs once to warm up and then several times; the figures are medians. The sandbox answers on the same machine,
so its own work is part of the wall time. Rows are appended to docs/performance.md; old rows stay, to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.modules import run_module
from tests.playbook import COLLECTIONS
from tests.sandbox import world
from tests.sandbox.client import CHECKOUT, Sandbox
from tests.sandbox.core import Entry

PAGE = CHECKOUT / "docs" / "performance.md"
PLAYBOOK = CHECKOUT / "playbooks" / "onboard.yml"
VENDORS = ("fivetran", "braze", "gcs", "aws")


@dataclass(frozen=True)
class Run:
    """One run of the playbook: seconds, and the calls that it made. ``in_flight``: seconds with a call under way.

    ``memory``: MB of the largest process.
    """

    wall: float
    cpu: float
    calls: Counter[str]
    in_flight: float
    memory: float


@dataclass(frozen=True)
class Case:
    """What is measured. ``latency``: seconds that the sandbox adds to each answer."""

    workspaces: int
    latency: float
    forks: int


def main() -> int:
    """Measure what the command line asks for and append the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--workspaces", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.1], help="seconds added to each answer")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each case, after one to warm up")
    parser.add_argument("--forks", type=int, default=20, help="Ansible's forks, by default those of examples/fleet")
    parser.add_argument("--dry-run", action="store_true", help="print the rows and leave docs/performance.md alone")
    options = parser.parse_args()
    lines = []
    with Sandbox.start() as sandbox:
        sentences = f"{check_key(sandbox, options.runs)}\n{task_overhead(sandbox, options.runs)}"
        print(sentences, flush=True)
        for workspaces in options.workspaces:
            for latency in options.latency:
                case = Case(workspaces, latency, options.forks)
                lines += measure(sandbox, case, options.runs)
                print("\n".join(lines[-2:]), flush=True)
    if not options.dry_run:
        append(sentences, lines)
    return 0


def check_key(sandbox: Sandbox, runs: int, latency: float = 0.1) -> str:
    """Return a sentence on how long the check of all permissions of a Braze key takes, as answers' time."""
    arguments = {"api_key": world.BRAZE_KEY_SHOP_US, "api_url": sandbox.env["SANDBOX_BRAZE_URL"]}
    took = []
    sandbox.latency(latency)
    for _run in range(runs + 1):
        started = time.monotonic()
        result = run_module("braze_api_key_info", arguments, sandbox.env)
        took.append(time.monotonic() - started)
        if result["verdict"] != "ok":
            raise RuntimeError(str(result.values))
    sandbox.latency(0)
    median = statistics.median(took[1:])
    return (
        f"Checking all permissions of a Braze key, in process, at {latency * 1000:.0f} ms an answer: {median:.2f} s, as"
        f" long as {median / latency:.1f} answers (median of {runs} runs, {datetime.now(UTC):%Y-%m-%d}, {revision()})."
    )


def task_overhead(sandbox: Sandbox, runs: int, tasks: int = 20) -> str:
    """Return a sentence on what a task of a module that needs only an API costs, by either way of running it."""
    task: dict[str, Any] = {"onramp.braze_fivetran.fivetran_account_info": {}}
    with tempfile.TemporaryDirectory() as folder:
        plays = {}
        for count in (1, 1 + tasks):
            plays[count] = Path(folder, f"{count}.yml")
            play_of_tasks = {"hosts": "localhost", "gather_facts": False, "tasks": [task] * count}
            plays[count].write_text(yaml.safe_dump([play_of_tasks]))
        seconds = {}
        for in_process in (True, False):
            variable = ["--extra-vars", json.dumps({"onramp_in_process": in_process})]
            one, many = (
                statistics.median(ansible_playbook(sandbox, [str(play), *variable]) for _run in range(runs))
                for play in plays.values()
            )
            seconds[in_process] = (many - one) / tasks
    return (
        f"A task that makes one call, answered at once: {seconds[True]:.2f} s in process, {seconds[False]:.2f} s as a"
        f" module (from medians of {runs} runs, {datetime.now(UTC):%Y-%m-%d}, {revision()})."
    )


def ansible_playbook(sandbox: Sandbox, arguments: Sequence[str]) -> float:
    """Run ``ansible-playbook`` in the sandbox and return the seconds that it took.

    :raises RuntimeError: with its output if it fails.
    """
    started = time.monotonic()
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), *arguments],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), **sandbox.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise RuntimeError(finished.stdout[-4000:])
    return time.monotonic() - started


def measure(sandbox: Sandbox, case: Case, runs: int) -> list[str]:
    """Return a row for onboarding and a row for the rerun."""
    first, again = [], []
    for _run in range(runs + 1):
        sandbox.reset()
        with tempfile.TemporaryDirectory() as folder:
            inventory = Path(folder, "workspaces.yml")
            inventory.write_text(yaml.safe_dump(workspaces(sandbox, case.workspaces)))
            first.append(play(sandbox, case, inventory))
            again.append(play(sandbox, case, inventory))
    return [row("onboard", case, first[1:]), row("rerun", case, again[1:])]


def workspaces(sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Make keys and buckets for ``count`` workspaces, half S3 and half GCS, and return their inventory."""
    hosts = {}
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(count):
        key = f"sandbox-braze-key-bench-{number:04}-9f86d081884c7d65"
        sandbox.seed("braze", "create_key", key=key)
        host = {"braze_api_key": key, "fivetran_schema": f"braze_bench_{number:04}"}
        if number % 2 == 0:
            host |= {"currents_storage": "s3", "currents_bucket": world.S3_BUCKET}
        else:
            bucket = f"acme-currents-bench-{number:04}"
            sandbox.seed("gcs", "create_bucket", name=bucket)
            sandbox.seed(
                "gcs", "seed_currents", bucket=bucket, prefix=world.PREFIX, cluster="prod-04", storage="GCS",
                integration_id="66f1aeb2c3d4e5f60718293b", event_types=list(world.EVENT_TYPES),
                hours=[(newest - timedelta(hours=hours)).isoformat() for hours in (2, 1, 0)],
            )  # fmt: skip
            host |= {"currents_storage": "gcs", "currents_bucket": bucket}
        hosts[f"bench_{number:04}"] = host
    common = {
        "fivetran_group": world.GROUP_NAME,
        "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "currents_prefix": world.PREFIX,
    }
    return {"braze_workspaces": {"vars": common, "hosts": hosts}}


def play(sandbox: Sandbox, case: Case, inventory: Path) -> Run:
    """Run the playbook once.

    :raises RuntimeError: with its output if it fails.
    """
    sandbox.clear_journal()
    sandbox.latency(case.latency)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = ansible_playbook(sandbox, ["-i", str(inventory), "--forks", str(case.forks), str(PLAYBOOK)])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    sandbox.latency(0)
    entries = [entry for entry in sandbox.journal() if ours(entry)]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The largest of all children so far: right for the largest case, which comes last.
    memory = after.ru_maxrss / 1024
    return Run(wall, cpu, Counter(entry.server for entry in entries), in_flight(entries), memory)


def ours(entry: Entry) -> bool:
    """Tell whether the playbook made the request, and not the sandbox's Fivetran in a setup test."""
    return entry.caller == "outside"


def in_flight(entries: Iterable[Entry]) -> float:
    """Return the seconds during which at least one call was under way: what no faster code could save."""
    total, end = 0.0, float("-inf")
    for entry in sorted(entries, key=lambda entry: entry.started):
        total += max(0.0, entry.finished - max(end, entry.started))
        end = max(end, entry.finished)
    return total


def row(name: str, case: Case, runs: Sequence[Run]) -> str:
    """Return a row of the table out of the medians."""
    wall = statistics.median(run.wall for run in runs)
    cpu = statistics.median(run.cpu for run in runs)
    path = statistics.median(run.in_flight for run in runs)
    calls = " | ".join(f"{statistics.median(run.calls[vendor] for run in runs):.0f}" for vendor in VENDORS)
    memory = max(run.memory for run in runs)
    # For several workspaces, calls of different hosts overlap, so that the quotient would say nothing.
    ratio = f"{wall / path:.1f}" if case.workspaces == 1 and case.latency else ""
    return (
        f"| {datetime.now(UTC):%Y-%m-%d} | {revision()} | {name} | {case.workspaces} | {case.latency * 1000:.0f} |"
        f" {case.forks} | {wall:.1f} | {cpu:.1f} | {calls} | {ratio} | {memory:.0f} | {len(runs)} |"
    )


def revision() -> str:
    """Return the short name of the commit, with a plus if the work tree differs from it."""
    git = ["git", "-C", str(CHECKOUT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    status = [*git, "status", "--porcelain", "plugins", "roles", "playbooks"]
    changed = subprocess.run(status, capture_output=True, check=True).stdout
    return name.strip() + ("+" if changed else "")


def append(sentences: str, rows: list[str]) -> None:
    """Append rows to the page, under a line that says which machine they come from."""
    machine = (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; the sandbox runs on the same"
        " cores."
    )
    header = (
        "| date | commit | run | workspaces | ms an answer | forks | wall s | CPU s | Fivetran | Braze | GCS | AWS"
        " | wall ÷ calls | MB a worker | runs |\n|" + "---|" * 15
    )
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(f"\n{machine}\n\n{sentences}\n\n{header}\n" + "\n".join(rows) + "\n")


if __name__ == "__main__":
    sys.exit(main())
