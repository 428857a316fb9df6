# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make one event of many: an outage of one warehouse breaks all connections that sync into it within seconds.

ansible-rulebook runs one action after the other. What waits there is run for each event, so it is gathered before.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

FIELDS = ("connection_id", "schema", "group_id", "kind", "at")
# In times of the silence that ends a batch: how long one waits at last, and how far two are apart at least.
AT_LAST = 5.0
# So many batches may come so close; then one in so many times of the silence.
QUICK, SLOW = 8, 60.0
# With so many connections a batch waits no longer.
MOST = 1000


class Queue(Protocol):
    """What a rulebook takes events from."""

    async def put(self, event: Any, /) -> None:
        """Hand over one event, once there is room for it."""


class Gathering:
    """Events that wait for further ones, one a connection. Times are seconds of any clock that never goes back.

    A batch ends with ``silence`` seconds without an event, and at last after some times that. After many batches the
    next ones wait longer: in a storm that lasts, a run is no longer over before the next one is called for.
    """

    def __init__(self, silence: float) -> None:
        self._silence = silence
        self._waiting: dict[str, dict[str, Any]] = {}
        self._events = 0
        self._first = self._last = 0.0
        # When the next batch may come, and when so many as may come quickly have been used up and made good.
        self._next = self._made_good = float("-inf")

    def add(self, event: Mapping[str, Any], now: float) -> None:
        """Let an event wait. The last one of a connection counts."""
        if not self._waiting:
            self._first = now
        key = str(event["connection_id"] or f"{event['group_id']}.{event['schema']}")
        self._waiting[key] = {name: event[name] for name in FIELDS}
        self._events += 1
        self._last = now

    def due(self) -> float | None:
        """Return when the batch is to be taken, which may become later, or None where nothing waits."""
        if not self._waiting:
            return None
        if len(self._waiting) >= MOST:
            return self._first
        end = min(self._last + self._silence, self._first + self._silence * AT_LAST)
        return max(end, self._next, self._made_good - self._silence * SLOW * (QUICK - 1))

    def take(self, now: float) -> dict[str, Any]:
        """Return the batch as a rulebook gets it, and begin the next one."""
        batch = {"connections": list(self._waiting.values()), "events": self._events}
        self._waiting, self._events = {}, 0
        self._next = now + self._silence * AT_LAST
        self._made_good = max(self._made_good, now) + self._silence * SLOW
        return {"fivetran_batch": batch}


class Outlet:
    """Where a source hands over its events: each by itself, or gathered while :meth:`run` runs."""

    def __init__(self, queue: Queue, silence: float) -> None:
        self._queue = queue
        self._gathering = Gathering(silence) if silence > 0 else None
        self._some = asyncio.Event()

    async def put(self, event: Mapping[str, Any]) -> None:
        """Hand over an event."""
        if self._gathering is None:
            await self._queue.put(event)
            return
        self._gathering.add(event["fivetran"], time.monotonic())
        self._some.set()

    async def run(self) -> None:
        """Hand over what is gathered whenever it is due, until cancelled."""
        while self._gathering is not None:
            due = self._gathering.due()
            if due is None:
                self._some.clear()
                await self._some.wait()
            elif (left := due - time.monotonic()) > 0:
                # It may be due sooner, where very much comes.
                await asyncio.sleep(min(left, 1.0))
            else:
                await self._queue.put(self._gathering.take(time.monotonic()))


@asynccontextmanager
async def running(outlet: Outlet) -> AsyncIterator[Outlet]:
    """Let an outlet run until the end of the block."""
    task = asyncio.create_task(outlet.run())
    try:
        yield outlet
    finally:
        task.cancel()
