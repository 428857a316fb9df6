# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counts that the report ends with, and what counts as a clear failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

COLUMNS = ("tried", "survived", "clear failures", "unclear failures", "lost or doubled")


@dataclass
class Tally:
    """What came of the faults of one row of the report. ``problems`` say what must not be."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def survived(self) -> None:
        """Count a run that finished right all the same."""
        self.counts["tried"] += 1
        self.counts["survived"] += 1

    def failed(self, where: str, unclear: str) -> None:
        """Count a run that failed; ``unclear`` says what is wrong with its message, or is empty."""
        self.counts["tried"] += 1
        self.counts["unclear failures" if unclear else "clear failures"] += 1
        if unclear:
            self.problems.append(f"{where}: {unclear}")

    def objects(self, where: str, wrong: Iterable[str]) -> None:
        """Count what is lost or doubled afterwards."""
        for problem in wrong:
            self.counts["lost or doubled"] += 1
            self.problems.append(f"{where}: {problem}")


def table(rows: dict[str, Counter[str]]) -> list[str]:
    """Return the rows and their sum as lines of text."""
    total: Counter[str] = sum(rows.values(), Counter())
    width = max(len(name) for name in [*rows, "Together"])
    lines = ["  ".join([" " * width, *COLUMNS])]
    for name, counts in [*sorted(rows.items()), ("Together", total)]:
        lines.append("  ".join([name.ljust(width), *(str(counts[column]).rjust(len(column)) for column in COLUMNS)]))
    return lines
