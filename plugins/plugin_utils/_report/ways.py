# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of the data in words: a line for terminals, and what the page shows of each stop."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._way import Flow, Stop
from .model import Mark

MARKS: Mapping[str, Mark] = {
    Flow.FLOWS: Mark.OK,
    Flow.LATE: Mark.WARNING,
    Flow.BROKEN: Mark.FAILED,
    Flow.PAUSED: Mark.PAUSED,
    Flow.UNKNOWN: Mark.NONE,
}


def marks_of(way: Iterable[Stop]) -> list[tuple[Stop, Mark]]:
    """Return each stop with its mark: behind one at which data stands still, nothing is called fine."""
    marked: list[tuple[Stop, Mark]] = []
    is_behind = False
    for stop in way:
        is_fine = stop.state == Flow.FLOWS
        marked.append((stop, Mark.NONE if is_fine and is_behind else MARKS[stop.state]))
        is_behind = is_behind or not (is_fine or stop.state == Flow.UNKNOWN)
    return marked
