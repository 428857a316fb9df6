# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How work grows with what there is of it, in calls: they are the same on every machine, however busy it is."""

from __future__ import annotations

import cProfile
from collections.abc import Callable

# Of four: what is done once for all makes it less, and what is done for each pair would make it sixteen.
LINEAR = 4.5


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
