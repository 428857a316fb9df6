# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a vendor's rate limit: until when it is closed, and in which order those go on who wait for it.

A refusal closes the limit for all who share it, so that one refusal keeps twenty from being refused. When it
opens, they go on one after the other, first come, first served: the first to be refused again closes it for the others.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from ..deadline import Backoff, Clock
from ..waiting import duration, until

# Between two who go on after a wait: time enough for the answer that the limit is reached again.
SPACING = 0.1
# Who has not looked for so long after it was his turn is gone, such as a process that was killed.
GRACE = 2.0
# Shorter waits are not worth a line.
SHORTEST_TOLD = 3.0
# Where the vendor names no time.
UNNAMED = Backoff(first=1.0, longest=60.0)
# Of a wait, and in seconds: machines that know nothing of each other do not come back in the same moment.
SPREAD, LONGEST_SPREAD = 0.05, 5.0
# Fivetran and Braze count by the minute and by the hour.
LONGEST_LIMIT = 24 * 60 * 60
# What is kept in common tells nothing of credentials.
_SALT = os.urandom(16)


@dataclass
class Limit:
    """One limit: closed until ``opens_at``, and who waits, by the time at which he will look again.

    All times are those of the monotonic clock, which processes of a machine share.
    """

    opens_at: float = 0.0
    last_at: float = 0.0
    told_until: float = 0.0
    tickets: int = 0
    waiting: dict[int, float] = field(default_factory=dict)


class Store(Protocol):
    """Where the limits are kept."""

    def is_empty(self) -> bool:
        """Tell whether no limit was ever closed; may be asked without having it."""

    def limit(self, name: str) -> AbstractContextManager[Limit]:
        """Return a limit to one caller alone, until it leaves."""


class Own:
    """Keeps the limits for the threads of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._limits: dict[str, Limit] = {}

    def is_empty(self) -> bool:
        return not self._limits

    @contextmanager
    def limit(self, name: str) -> Iterator[Limit]:
        with self._lock:
            yield self._limits.setdefault(name, Limit())


def name_of(kind: str, *whose: str) -> str:
    """Return the name of a limit, which gives nothing away of ``whose`` it is."""
    return f"{hashlib.blake2b(chr(0).join(whose).encode(), key=_SALT, digest_size=8).hexdigest()} {kind}"


@dataclass
class Turn:
    """One call's place in the line before a limit.

    ``left``: seconds that it may still wait because the vendor asks for it. ``tell``: is told once what all wait for.
    """

    store: Store
    name: str
    vendor: str
    kind: str
    left: float
    clock: Clock
    tell: Callable[[str], None]
    _ticket: int | None = None
    _refusals: int = 0
    _counted_until: float = 0.0

    def take(self) -> float:
        """Wait while the limit is closed or others stand before; return the seconds that it took."""
        if self._ticket is None and self.store.is_empty():
            return 0.0
        begun = self.clock.monotonic()
        while (pause := self._pause()) > 0.0:
            self.clock.sleep(pause)
        return self.clock.monotonic() - begun

    def _pause(self) -> float:
        """Return how long to wait before looking again; 0 where it is this one's turn."""
        with self.store.limit(self.name) as limit:
            now = self.clock.monotonic()
            limit.waiting = {ticket: at for ticket, at in limit.waiting.items() if at + GRACE > now}
            if self._ticket is None and limit.opens_at <= now and not limit.waiting:
                return 0.0
            if not self._may_wait(limit, now):
                # He hears himself how long it lasts, and says so.
                limit.waiting.pop(self._ticket or 0, None)
                return 0.0
            own = self._stand_in_line(limit)
            before = sum(ticket < own for ticket in limit.waiting)
            at = max(limit.opens_at, limit.last_at + SPACING) + before * SPACING
            if before == 0 and at <= now:
                limit.waiting.pop(own, None)
                limit.last_at = now
                return 0.0
            limit.waiting[own] = max(at, now)
            return max(at - now, SPACING / 2)

    def _may_wait(self, limit: Limit, now: float) -> bool:
        """Take from what is left for which the limit is closed, unless that was counted before."""
        more = limit.opens_at - max(now, self._counted_until)
        if more <= 0.0:
            return True
        if more > self.left:
            return False
        self.left, self._counted_until = self.left - more, limit.opens_at
        return True

    def _stand_in_line(self, limit: Limit) -> int:
        if self._ticket is None:
            limit.tickets += 1
            self._ticket = limit.tickets
        return self._ticket

    def refused(self, seconds: float | None) -> float | None:
        """Close the limit for all; return the seconds, or None where this call may not wait so long.

        ``seconds``: what the vendor asks for, if it names a time.
        """
        self._refusals += 1
        asked = seconds if seconds else UNNAMED.after(self._refusals)
        if asked > self.left:
            return None
        self.left -= asked
        line = ""
        with self.store.limit(self.name) as limit:
            now = self.clock.monotonic()
            opens_at = now + asked + random.uniform(0.0, min(asked * SPREAD, LONGEST_SPREAD))
            self._counted_until = opens_at
            limit.opens_at = max(limit.opens_at, opens_at)
            if limit.opens_at - max(now, limit.told_until) >= SHORTEST_TOLD:
                limit.told_until = limit.opens_at
                line = closed(self.vendor, self.kind, limit.opens_at - now, self.clock)
            limit.waiting[self._stand_in_line(limit)] = limit.opens_at
        if line:
            self.tell(line)
        return asked


def closed(vendor: str, kind: str, seconds: float, clock: Clock) -> str:
    """Return what is told of a limit that is waited for."""
    return (
        f"{vendor}'s rate limit for {kind} is reached. Whatever needs it waits {duration(seconds)}, until"
        f" {until(seconds, clock)}, and then goes on."
    )


def too_long(vendor: str, seconds: float | None, budget: float) -> str:
    """Return what is told of a limit that lasts longer than a call may wait; it follows what was told before."""
    if seconds is None:
        return f" {vendor}'s limit is reached, and it does not say until when. Run again later."
    said = (
        f" {vendor} asks to come back in {round(seconds)} seconds, longer than what is left of the {round(budget)}"
        " seconds that a call may wait for limits (rate_limit_timeout)."
    )
    if seconds > LONGEST_LIMIT:
        return said + (
            f" No limit that is known of {vendor} lasts so long: ask its support, or see whether something else answers"
            " in its place, such as a proxy."
        )
    return f"{said} Run again then: what is done stays done, and the run goes on with the rest."


def is_said(headers: Mapping[str, Any], seconds: float | None) -> bool:
    """Tell whether a refusal with HTTP 429 says of itself that a limit is reached, and is no failing server's."""
    rests = (headers.get(name, "") for name in ("x-rate-limit-remaining", "x-ratelimit-remaining"))
    return bool(seconds) or any(str(rest).strip() == "0" for rest in rests)


def take_all(turns: Iterable[Turn]) -> float:
    """Wait until no limit is closed to a call; return the seconds that it took."""
    return sum(turn.take() for turn in turns)
