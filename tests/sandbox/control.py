# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control port: what tests and tools ask of the sandbox. Not part of any vendor's API."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from tests.sandbox.core import Fault, Hub

_FAULT_FIELDS = {item.name for item in fields(Fault)} - {"hits"}


class Control:
    """Serves journal, faults, state, reset, latency, and each server's control verbs as JSON over HTTP."""

    def __init__(self, hub: Hub, reset: Callable[[], Awaitable[None]]) -> None:
        self.hub = hub
        self._reset = reset

    def application(self) -> web.Application:
        """Build the aiohttp application."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/journal", self.journal)
        app.router.add_delete("/journal", self.clear_journal)
        app.router.add_post("/faults", self.add_fault)
        app.router.add_delete("/faults", self.clear_faults)
        app.router.add_get("/state", self.state)
        app.router.add_get("/state/hash", self.state_hash)
        app.router.add_post("/latency", self.latency)
        app.router.add_post("/reset", self.reset)
        app.router.add_post("/servers/{server}/{verb}", self.verb)
        return app

    async def journal(self, request: web.Request) -> web.Response:
        """``GET /journal[?server=NAME]``."""
        wanted = request.query.get("server")
        return web.json_response([asdict(entry) for entry in self.hub.journal if wanted in (None, entry.server)])

    async def clear_journal(self, _request: web.Request) -> web.Response:
        """``DELETE /journal``."""
        self.hub.journal.clear()
        return web.json_response(None)

    async def add_fault(self, request: web.Request) -> web.Response:
        """``POST /faults`` with the fields of :class:`Fault`."""
        body = await request.json()
        unknown = sorted(set(body) - _FAULT_FIELDS)
        if unknown:
            return web.json_response({"error": f"unknown fields of a fault: {', '.join(unknown)}"}, status=400)
        self.hub.faults.append(Fault(**body))
        return web.json_response(None)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """``DELETE /faults``."""
        self.hub.faults.clear()
        return web.json_response(None)

    async def state(self, _request: web.Request) -> web.Response:
        """``GET /state``: the complete state by server."""
        return web.json_response({name: server.state() for name, server in self.hub.servers.items()})

    async def state_hash(self, _request: web.Request) -> web.Response:
        """``GET /state/hash``: a hash by server."""
        return web.json_response({name: server.state_hash() for name, server in self.hub.servers.items()})

    async def latency(self, request: web.Request) -> web.Response:
        """``POST /latency {"seconds": 0.1}``: every answer takes so much longer."""
        self.hub.latency = float((await request.json())["seconds"])
        return web.json_response(None)

    async def reset(self, _request: web.Request) -> web.Response:
        """``POST /reset``: back to the world as it is after the start."""
        await self._reset()
        return web.json_response(None)

    async def verb(self, request: web.Request) -> web.Response:
        """``POST /servers/NAME/VERB`` with the verb's arguments."""
        server = self.hub.servers.get(request.match_info["server"])
        handler = getattr(server, f"control_{request.match_info['verb']}", None)
        if handler is None:
            return web.json_response({"error": f"no such verb: {request.path}"}, status=404)
        try:
            result: Any = handler(**await request.json())
            if inspect.isawaitable(result):
                result = await result
        except (TypeError, ValueError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(result)
