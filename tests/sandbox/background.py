# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server does beside answering requests, in the loop that answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

Work = Coroutine[Any, Any, Any]


class Background:
    """Runs coroutines in the server's loop, whichever thread asks for it, until they end or are all dropped."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def attach(self, application: web.Application) -> None:
        """Work as long as the application is served."""
        application.on_startup.append(self._begin)
        application.on_cleanup.append(self._end)

    def start(self, work: Work) -> None:
        """Begin; where nobody serves, nothing is done."""
        if self.loop is None:
            work.close()
        else:
            self._in_loop(lambda: self._add(work))

    def drop_all(self) -> None:
        """Leave off with everything that has been begun so far."""
        self._in_loop(self._cancel)

    def _in_loop(self, call: Callable[[], None]) -> None:
        if self.loop is None:
            return
        try:
            here = asyncio.get_running_loop() is self.loop
        except RuntimeError:
            here = False
        if here:
            call()
        else:
            self.loop.call_soon_threadsafe(call)

    def _add(self, work: Work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        # The loop itself holds tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _begin(self, _application: web.Application) -> None:
        self.loop = asyncio.get_running_loop()

    async def _end(self, _application: web.Application) -> None:
        self._cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
