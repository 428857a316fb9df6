# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's rate limits: rolling windows, counted for the whole account."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass

HOUR = 3600


@dataclass(frozen=True)
class Limit:
    """So many calls of one kind within so many seconds."""

    kind: str
    count: int
    seconds: int


# Creations of connections are unlimited here until a test limits them: no source states a number.
KINDS = ("requests", "setup_tests", "creations")
# Those of a paying account.
LIMITS = (Limit("requests", 20_000, HOUR), Limit("setup_tests", 2500, HOUR), Limit("setup_tests", 250, 60))


class TooManyError(Exception):
    """A call more than is allowed. ``retry_after``: whole seconds until one is allowed again."""

    def __init__(self, limit: Limit, retry_after: int) -> None:
        super().__init__(f"{limit.count} {limit.kind} in {limit.seconds} seconds")
        self.limit = limit
        self.retry_after = retry_after


class RateLimits:
    """The calls of the recent past, by account."""

    def __init__(self) -> None:
        self.limits: tuple[Limit, ...] = LIMITS
        self._calls: dict[tuple[str, Limit], deque[float]] = defaultdict(deque)

    def replace(self, kind: str, count: int, seconds: int) -> None:
        """Let ``count`` calls in ``seconds`` be the only limit of this kind, counted from now on."""
        self.limits = (*(limit for limit in self.limits if limit.kind != kind), Limit(kind, count, seconds))

    def take(self, account: str, kind: str, now: float) -> None:
        """Count a call.

        :raises TooManyError: if it is one too many; it is not counted then.
        """
        limits = [limit for limit in self.limits if limit.kind == kind]
        for limit in limits:
            calls = self._recent(account, limit, now)
            if len(calls) >= limit.count:
                oldest = calls[0] if calls else now
                raise TooManyError(limit, max(1, math.ceil(oldest + limit.seconds - now)))
        for limit in limits:
            self._calls[account, limit].append(now)

    def headers(self, account: str, kind: str, now: float) -> dict[str, str]:
        """Return the headers that tell how many calls of this kind are left."""
        limit = next(limit for limit in self.limits if limit.kind == kind)
        left = limit.count - len(self._recent(account, limit, now))
        return {"X-Rate-Limit": str(limit.count), "X-Rate-Limit-Remaining": str(max(0, left))}

    def _recent(self, account: str, limit: Limit, now: float) -> deque[float]:
        calls = self._calls[account, limit]
        while calls and calls[0] <= now - limit.seconds:
            calls.popleft()
        return calls
