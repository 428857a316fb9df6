# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs as rows of docs/performance.md, and the ratios of two states of the code beside what they should be."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.bench.code import Took
from tests.sandbox.core import Entry

VENDORS = ("fivetran", "braze", "gcs", "aws")
HEADER = (
    "| date | commit | run | workspaces | ms an answer | forks | wall s | CPU s | Fivetran | Braze | GCS | AWS"
    " | wall ÷ calls | MB a worker | runs |\n|" + "---|" * 15
)
RATIOS_HEADER = (
    "| run | workspaces | ms an answer | wall s before | wall s | ratio | goal | CPU s before | CPU s | ratio | goal"
    " |\n|" + "---|" * 11
)


@dataclass(frozen=True)
class Case:
    """What is measured. ``latency``: seconds that the sandbox adds to each answer."""

    workspaces: int
    latency: float
    forks: int

    @property
    def milliseconds(self) -> str:
        """Return the latency as the tables show it."""
        return f"{self.latency * 1000:.0f}"


@dataclass(frozen=True)
class Run:
    """One run of a playbook, and the calls that it made. ``in_flight``: seconds with a call under way."""

    took: Took
    calls: Counter[str]
    in_flight: float


@dataclass(frozen=True)
class Goal:
    """The largest ratio that is wanted, new to old; None where there is no goal."""

    wall: float
    cpu: float | None = None


# By run and number of workspaces, where each answer takes GOALS_LATENCY.
GOALS_LATENCY = 0.1
GOALS: Mapping[tuple[str, int], Goal] = {
    ("onboard", 1): Goal(0.8),
    ("rerun", 1): Goal(0.65),
    ("verify", 1): Goal(0.5),
    ("rerun", 10): Goal(0.5),
    ("onboard", 100): Goal(0.55),
    ("rerun", 100): Goal(0.35, cpu=0.2),
    ("verify", 100): Goal(0.17),
}


def run_of(took: Took, entries: Iterable[Entry]) -> Run:
    """Return a run out of the journal; what the sandbox's Fivetran asks in its setup tests is left out."""
    own = [entry for entry in entries if entry.caller == "outside"]
    return Run(took, Counter(entry.server for entry in own), in_flight(own))


def in_flight(entries: Iterable[Entry]) -> float:
    """Return the seconds during which at least one call was under way: what no faster code could save."""
    total, end = 0.0, float("-inf")
    for entry in sorted(entries, key=lambda entry: entry.started):
        total += max(0.0, entry.finished - max(end, entry.started))
        end = max(end, entry.finished)
    return total


def row(code: str, name: str, case: Case, runs: Sequence[Run]) -> str:
    """Return a row of the table out of the medians."""
    path = statistics.median(run.in_flight for run in runs)
    calls = " | ".join(f"{statistics.median(run.calls[vendor] for run in runs):.0f}" for vendor in VENDORS)
    memory = max(run.took.memory for run in runs)
    # For several workspaces, calls of different hosts overlap, so that the quotient would say nothing.
    ratio = f"{wall(runs) / path:.1f}" if case.workspaces == 1 and case.latency else ""
    return (
        f"| {datetime.now(UTC):%Y-%m-%d} | {code} | {name} | {case.workspaces} | {case.milliseconds} | {case.forks} |"
        f" {wall(runs):.1f} | {cpu(runs):.1f} | {calls} | {ratio} | {memory:.0f} | {len(runs)} |"
    )


def ratios(name: str, case: Case, before: Sequence[Run], after: Sequence[Run]) -> str:
    """Return a row of the table of ratios out of the medians, with the goals where there are some."""
    goal = GOALS.get((name, case.workspaces)) if case.latency == GOALS_LATENCY else None
    columns = [
        *_compared(wall(before), wall(after), goal.wall if goal else None),
        *_compared(cpu(before), cpu(after), goal.cpu if goal else None),
    ]
    return f"| {name} | {case.workspaces} | {case.milliseconds} | {' | '.join(columns)} |"


def _compared(before: float, after: float, goal: float | None) -> tuple[str, ...]:
    return f"{before:.1f}", f"{after:.1f}", f"{after / before:.2f}", "" if goal is None else f"≤ {goal:.2f}"


def wall(runs: Sequence[Run]) -> float:
    """Return the median of the seconds by the clock."""
    return statistics.median(run.took.wall for run in runs)


def cpu(runs: Sequence[Run]) -> float:
    """Return the median of the seconds of CPU."""
    return statistics.median(run.took.cpu for run in runs)
