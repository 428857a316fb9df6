# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How work grows with what there is of it, in calls: they are the same on every machine, however busy it is."""

from __future__ import annotations

import cProfile
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Calls = Counter[object]

# Of four: what is done once for all makes it less, and what is done for each pair would make it sixteen.
LINEAR = 4.5
FEW, MANY = 30, 120
# What is called less often does not matter, however often it is for others.
OFTEN = 10 * MANY


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called, of Python and of C, while something is done."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        work()
    finally:
        profile.disable()
    return sum(entry.callcount for entry in profile.getstats())


def growth(work: Callable[[int], Callable[[], object]], few: int) -> float:
    """Return how many times as many calls four times as much takes; ``work`` makes what is done with so much."""
    # What is worked out once for the process is nobody's growth.
    work(2)()
    return calls(work(4 * few)) / calls(work(few))


def counted(work: Callable[[], T]) -> tuple[T, Calls]:
    """Return what the work returns, and how often who has called whom."""
    # By caller: how often all call a function would hide who does so too often.
    profile = cProfile.Profile()
    result = profile.runcall(work)
    profile.create_stats()
    return result, Counter(
        {
            (caller, function): timing[1]
            for function, (*_of_all, callers) in profile.stats.items()
            for caller, timing in callers.items()
        }
    )


def too_often(few: Calls, many: Calls) -> dict[object, float]:
    """Return by how much what grows faster than the number of workspaces has grown."""
    often = {call: count / max(few[call], 1) for call, count in many.items() if count > OFTEN}
    assert often
    return {call: ratio for call, ratio in often.items() if ratio > LINEAR}
