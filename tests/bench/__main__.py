# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: how long onboarding, an idempotent rerun and verify take, and how many calls they make.

Each case runs once to warm up and then several times; the figures are medians. The sandbox answers on the same machine,
so its own work is part of the wall time. With ``--against``, an earlier commit and this checkout take turns in the same
sandbox. Rows are appended to docs/performance.md; old rows stay, to compare with.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.bench import code, fleet, thousands
from tests.bench.calls import call_cost
from tests.bench.code import Code
from tests.bench.figures import HEADER, RATIOS_HEADER, Case, Run, ratios, row, run_of
from tests.bench.killed import killed_sentence
from tests.bench.thousands import FLEET_HEADER, RUNS, fleet_row
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import CHECKOUT, Sandbox

PAGE = CHECKOUT / "docs" / "performance.md"
# What is run one after the other, by its name in the tables.
PLAYBOOKS: Mapping[str, str] = {"onboard": "onboard", "rerun": "onboard", "verify": "verify"}

Runs = dict[str, list[Run]]


def main() -> int:
    """Measure what the command line asks for and append the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--workspaces", type=int, nargs="+", default=[1, 10])
    parser.add_argument(
        "--latency", type=float, nargs="+", help="seconds added to each answer, by default 0 and 0.1; with --fleet 0"
    )
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each case")
    parser.add_argument("--warm-up", type=int, default=1, help="runs of each case before those that count")
    parser.add_argument("--forks", type=int, default=20, help="Ansible's forks, by default those of examples/fleet")
    parser.add_argument("--against", metavar="REV", help="an earlier commit to run in turns with this checkout")
    parser.add_argument("--fleet", type=int, nargs="+", metavar="N", help="instead, fleets of so many, one run each")
    parser.add_argument("--fleet-runs", nargs="+", choices=list(RUNS), default=list(RUNS), help="which runs of those")
    parser.add_argument(
        "--killed", type=int, metavar="N", help="instead, onboard so many, and once more killed at half"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the rows and leave docs/performance.md alone")
    options = parser.parse_args()
    with ExitStack() as stack:
        try:
            earlier = [stack.enter_context(code.of_commit(options.against))] if options.against else []
        except ValueError as error:
            parser.error(str(error))
        codes = [*earlier, code.of_checkout()]
        sandbox = stack.enter_context(Sandbox.start())
        if options.killed:
            print(killed_sentence(sandbox, options.killed, options.forks, codes[-1]))
            return 0
        if options.fleet:
            cases = [
                Case(count, latency, options.forks) for count in options.fleet for latency in options.latency or [0.0]
            ]
            measure_fleets(sandbox, cases, codes[-1], options.fleet_runs, dry_run=options.dry_run)
            return 0
        latencies = options.latency or [0.0, 0.1]
        page = Page(sentences(sandbox, codes[-1], options.runs))
        for workspaces in options.workspaces:
            for latency in latencies:
                case = Case(workspaces, latency, options.forks)
                page.add(case, codes, measure(sandbox, case, codes, options.runs, options.warm_up))
    if not options.dry_run:
        page.append()
    return 0


def measure_fleets(
    sandbox: Sandbox, cases: Sequence[Case], checkout: Code, names: Sequence[str], *, dry_run: bool
) -> None:
    """Measure fleets, and append a row for each run, once all of a fleet are done: the next one may take an hour."""
    print(FLEET_HEADER, flush=True)
    begun = False
    for case in cases:
        rows = []
        for name, run in thousands.measure(sandbox, case, checkout, names):
            rows.append(fleet_row(checkout.name, name, case, run))
            print(f"{rows[-1]}\n{run.sizes()}", flush=True)
        if not dry_run:
            with PAGE.open("a", encoding="utf-8") as page:
                page.write("\n".join([*(() if begun else ("\n" + machine() + "\n", FLEET_HEADER)), *rows]) + "\n")
            begun = True


def machine() -> str:
    """Return which machine figures come from."""
    return (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; the sandbox runs on the same"
        " cores."
    )


class Page:
    """What the page gets, printed as it comes."""

    def __init__(self, sentences: str) -> None:
        self.sentences = sentences
        self.rows: list[str] = []
        self.ratios: list[str] = []
        print(sentences, flush=True)

    def add(self, case: Case, codes: Sequence[Code], measured: Sequence[Runs]) -> None:
        """Take in what one case took, by code."""
        for name in PLAYBOOKS:
            new = [row(one.name, name, case, runs[name]) for one, runs in zip(codes, measured, strict=True)]
            if len(measured) > 1:
                compared = ratios(name, case, measured[0][name], measured[-1][name])
                self.ratios.append(compared)
                print(compared)
            self.rows += new
            print("\n".join(new), flush=True)

    def append(self) -> None:
        """Append everything to the page, under a line that says which machine it comes from."""
        tables = ["\n".join([HEADER, *self.rows])]
        if self.ratios:
            tables.insert(0, "\n".join([RATIOS_HEADER, *self.ratios]))
        with PAGE.open("a", encoding="utf-8") as page:
            page.write("\n" + "\n\n".join([machine(), self.sentences, *tables]) + "\n")


def sentences(sandbox: Sandbox, checkout: Code, runs: int) -> str:
    """Return what is measured without a fleet."""
    return "\n".join(
        [
            check_key(sandbox, checkout, runs),
            task_overhead(sandbox, checkout, runs),
            call_cost(sandbox, checkout.name, runs),
        ]
    )


def check_key(sandbox: Sandbox, checkout: Code, runs: int, latency: float = 0.1) -> str:
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
        f" long as {median / latency:.1f} answers (median of {runs} runs, {datetime.now(UTC):%Y-%m-%d},"
        f" {checkout.name})."
    )


def task_overhead(sandbox: Sandbox, checkout: Code, runs: int, tasks: int = 20) -> str:
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
                statistics.median(checkout.run(sandbox, [str(play), *variable]).wall for _run in range(runs))
                for play in plays.values()
            )
            seconds[in_process] = (many - one) / tasks
    return (
        f"A task that makes one call, answered at once: {seconds[True]:.2f} s in process, {seconds[False]:.2f} s as a"
        f" module (from medians of {runs} runs, {datetime.now(UTC):%Y-%m-%d}, {checkout.name})."
    )


def measure(sandbox: Sandbox, case: Case, codes: Sequence[Code], runs: int, warm_up: int) -> list[Runs]:
    """Return, by code, the counted runs by name. The codes take turns, so that a slow minute hits them alike."""
    measured: list[Runs] = [{name: [] for name in PLAYBOOKS} for _code in codes]
    for number in range(warm_up + runs):
        for one, found in zip(codes, measured, strict=True):
            for name, run in play_all(sandbox, case, one).items():
                if number >= warm_up:
                    found[name].append(run)
    return measured


def play_all(sandbox: Sandbox, case: Case, one: Code) -> dict[str, Run]:
    """Begin with nothing, and run the playbooks one after the other."""
    sandbox.reset()
    # Some earlier code takes only this spelling, which is that of Fivetran's schema, for a destination that works.
    sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status="CONNECTED")
    with tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder, "workspaces.yml")
        inventory.write_text(yaml.safe_dump(fleet.seed(sandbox, case.workspaces)))
        return {name: play(sandbox, case, one, playbook, inventory) for name, playbook in PLAYBOOKS.items()}


def play(sandbox: Sandbox, case: Case, one: Code, playbook: str, inventory: Path) -> Run:
    """Run a playbook once.

    :raises RuntimeError: with its output if it fails.
    """
    sandbox.clear_journal()
    sandbox.latency(case.latency)
    took = one.run(sandbox, ["-i", str(inventory), "--forks", str(case.forks), one.playbook(playbook)])
    sandbox.latency(0)
    return run_of(took, sandbox.journal())


if __name__ == "__main__":
    sys.exit(main())
