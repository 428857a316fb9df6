# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often work for few and for many workspaces calls each function: in no time, and the same on any machine."""

from __future__ import annotations

import cProfile
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Calls = Counter[object]

FEW, MANY = 30, 120
# Of four: what is done once for all makes it less, and what is done for each pair would make it sixteen.
MOST = 4.5
# What is called less often does not matter, however often it is for others.
OFTEN = 10 * MANY


def counted(work: Callable[[], T]) -> tuple[T, Calls]:
    """Return what the work returns, and how often who has called whom."""
    # By caller: how often all call a function would hide who does so too often.
    profile = cProfile.Profile()
    result = profile.runcall(work)
    profile.create_stats()
    return result, Counter(
        {
            (caller, function): timing[1]
            for function, (*_of_all, callers) in profile.stats.items()  # type: ignore[attr-defined]
            for caller, timing in callers.items()
        }
    )


def too_often(few: Calls, many: Calls) -> dict[object, float]:
    """Return by how much what grows faster than the number of workspaces has grown."""
    often = {call: count / max(few[call], 1) for call, count in many.items() if count > OFTEN}
    assert often
    return {call: ratio for call, ratio in often.items() if ratio > MOST}
