# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What talks to vendors, kept for those who would make the same again: connections, sessions, credentials, a clock."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from .deadline import CLOCK, Clock
from .http.rate_limits import Own, Store

T = TypeVar("T")


class Clients:
    """What talks to vendors, made once for all who say the same; by default one task has its own.

    ``clock``: by which all of them wait. ``limits``: which rate limits they wait for; ``tell`` is told once of each.
    """

    def __init__(
        self, clock: Clock = CLOCK, limits: Store | None = None, tell: Callable[[str], None] = lambda _line: None
    ) -> None:
        self.clock = clock
        self.limits = limits or Own()
        self.tell = tell
        self._lock = Lock()
        self._places: dict[Hashable, _Place] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` returned to the first who asked for ``key``; others wait until it is made.

        What ``make`` raises is raised to the caller, and the next one tries again. Different keys do not wait for
        each other, so ``make`` may itself ask for another key.
        """
        with self._lock:
            place = self._places.setdefault(key, _Place())
        with place.lock:
            if not place.filled:
                place.content, place.filled = make(), True
            content: T = place.content
        return content


class _Place:
    """Where one client is kept. ``filled`` because what was made may be anything, even None."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.filled = False
        self.content: Any = None
