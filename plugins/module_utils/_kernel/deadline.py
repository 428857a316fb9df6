# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting: one clock, one deadline, one back-off for whatever is tried again or looked at again."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

# Beyond this many tries every back-off has long reached its longest wait, and the power would become too large.
_ENOUGH = 64


@dataclass(frozen=True)
class Clock:
    """The time, and waiting. All code that waits takes it from its task, so that tests can let the time pass.

    ``monotonic``: seconds that never go back. ``epoch``: seconds since 1970. ``attend``: called before each request,
    and raises where nobody waits for its answer any more.
    """

    monotonic: Callable[[], float] = time.monotonic
    epoch: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    attend: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.fromtimestamp(self.epoch(), UTC)


CLOCK = Clock()


@dataclass(frozen=True)
class Deadline:
    """A moment after which nothing is begun any more."""

    at: float
    clock: Clock = CLOCK

    @classmethod
    def after(cls, seconds: float, clock: Clock = CLOCK) -> Deadline:
        """Return the deadline that is ``seconds`` away."""
        return cls(clock.monotonic() + seconds, clock)

    @property
    def left(self) -> float:
        """The seconds that are left; 0 when it is over."""
        return max(0.0, self.at - self.clock.monotonic())

    def within(self, seconds: float) -> Deadline:
        """Return the earlier one of this deadline and the one that is ``seconds`` away."""
        return Deadline(min(self.at, self.clock.monotonic() + seconds), self.clock)

    def later(self, seconds: float) -> Deadline:
        """Return the deadline that is ``seconds`` after this one."""
        return Deadline(self.at + seconds, self.clock)

    def wait(self, seconds: float) -> bool:
        """Wait, if the deadline is not over by then; tell whether it was worth waiting."""
        if seconds > self.left:
            return False
        self.clock.sleep(seconds)
        return True


@dataclass(frozen=True)
class Backoff:
    """Waits that grow up to ``longest`` seconds, each by ``factor``.

    ``spread``: the part of a wait that chance decides, so that those who collided do not move in step.
    """

    first: float
    longest: float
    factor: float = 2.0
    spread: float = 0.5

    def after(self, tries_made: int) -> float:
        """Return the seconds to wait after the first, the second … try."""
        wait = min(self.longest, self.first * self.factor ** min(tries_made - 1, _ENOUGH))
        return wait * random.uniform(1.0 - self.spread, 1.0)
