# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control port: what tests and tools ask of the sandbox. Not part of any vendor's API."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, Protocol

from aiohttp import web

from .core import Fault, Hub, Json, Server

_FAULT_FIELDS = {item.name for item in fields(Fault)} - {"hits"}


VERB = "control_"


class Sandboxed(Protocol):
    """What the control port asks of the sandbox as a whole."""

    async def reset(self) -> None:
        """Return to the world of the start."""

    def environment(self) -> dict[str, str]:
        """Return the variables to export."""

    async def listen_tls(self, server: str, certificate: str) -> dict[str, str]:
        """Serve a server over TLS as well."""


class Control:
    """Serves journal, faults, state, reset, latency, and each server's control verbs as JSON over HTTP."""

    def __init__(self, hub: Hub, service: Sandboxed) -> None:
        self.hub = hub
        self._service = service

    def application(self) -> web.Application:
        """Build the aiohttp application."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/journal", self.journal)
        app.router.add_post("/journal", self.keep_journal)
        app.router.add_delete("/journal", self.clear_journal)
        app.router.add_get("/journal/counts", self.counts)
        app.router.add_get("/journal/under_way", self.under_way)
        app.router.add_get("/faults", self.faults)
        app.router.add_post("/faults", self.add_fault)
        app.router.add_delete("/faults", self.clear_faults)
        app.router.add_get("/state", self.state)
        app.router.add_get("/state/hash", self.state_hash)
        app.router.add_post("/latency", self.latency)
        app.router.add_post("/reset", self.reset)
        app.router.add_get("/environment", self.environment)
        app.router.add_post("/tls", self.tls)
        app.router.add_get("/servers", self.servers)
        app.router.add_post("/servers/{server}/{verb}", self.verb)
        return app

    async def journal(self, request: web.Request) -> web.Response:
        """``GET /journal[?server=NAME]``."""
        wanted = request.query.get("server")
        return web.json_response([asdict(entry) for entry in self.hub.journal if wanted in (None, entry.server)])

    async def clear_journal(self, _request: web.Request) -> web.Response:
        """``DELETE /journal``: the counts, too."""
        self.hub.forget()
        return web.json_response(None)

    async def keep_journal(self, request: web.Request) -> web.Response:
        """``POST /journal {"kept": false}``: from now on, requests are counted only."""
        self.hub.keeps_journal = bool((await request.json())["kept"])
        return web.json_response(None)

    async def counts(self, _request: web.Request) -> web.Response:
        """``GET /journal/counts``: how many requests there were of each operation, caller, and whether it wrote."""
        return web.json_response([{**kind._asdict(), "count": count} for kind, count in self.hub.counts.items()])

    async def under_way(self, _request: web.Request) -> web.Response:
        """``GET /journal/under_way``: how many requests are being answered, and not in the journal yet."""
        return web.json_response(self.hub.under_way)

    async def faults(self, _request: web.Request) -> web.Response:
        """``GET /faults``: those that were scripted, with how many requests each has met in ``hits``."""
        return web.json_response([asdict(fault) for fault in self.hub.faults])

    async def add_fault(self, request: web.Request) -> web.Response:
        """``POST /faults`` with the fields of :class:`Fault`."""
        body = await request.json()
        unknown = sorted(set(body) - _FAULT_FIELDS)
        if unknown:
            return _error(f"unknown fields of a fault: {', '.join(unknown)}")
        try:
            self.hub.faults.append(Fault(**body))
        except (TypeError, ValueError) as error:
            return _error(str(error))
        return web.json_response(None)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """``DELETE /faults``."""
        self.hub.faults.clear()
        return web.json_response(None)

    async def state(self, request: web.Request) -> web.Response:
        """``GET /state[?server=NAME]``: the complete state by server."""
        return web.json_response(await self._states(request.query.get("server")))

    async def state_hash(self, request: web.Request) -> web.Response:
        """``GET /state/hash[?server=NAME]``: a hash by server."""
        states = await self._states(request.query.get("server"))
        return web.json_response({name: _hash(state) for name, state in states.items()})

    async def _states(self, wanted: str | None) -> dict[str, Json]:
        return {name: await server.full_state() for name, server in self.hub.servers.items() if wanted in (None, name)}

    async def latency(self, request: web.Request) -> web.Response:
        """``POST /latency {"seconds": 0.1}``: every answer takes so much longer."""
        self.hub.latency = float((await request.json())["seconds"])
        return web.json_response(None)

    async def reset(self, _request: web.Request) -> web.Response:
        """``POST /reset``: back to the world as it is after the start."""
        await self._service.reset()
        return web.json_response(None)

    async def environment(self, _request: web.Request) -> web.Response:
        """``GET /environment``: the variables to export."""
        return web.json_response(self._service.environment())

    async def tls(self, request: web.Request) -> web.Response:
        """``POST /tls {"server": "fivetran", "certificate": "expired"}``: ``url`` and ``authority``, a PEM to trust."""
        try:
            return web.json_response(await self._service.listen_tls(**await request.json()))
        except (TypeError, ValueError, KeyError) as error:
            return _error(f"{type(error).__name__}: {error}")

    async def servers(self, _request: web.Request) -> web.Response:
        """``GET /servers``: by server, its address and its control verbs with what each does."""
        return web.json_response(
            {name: {"url": server.url, "verbs": _verbs(server)} for name, server in self.hub.servers.items()}
        )

    async def verb(self, request: web.Request) -> web.Response:
        """``POST /servers/NAME/VERB`` with the verb's arguments."""
        server = self.hub.servers.get(request.match_info["server"])
        handler = getattr(server, VERB + request.match_info["verb"], None)
        if handler is None:
            return web.json_response({"error": f"no such verb: {request.path}"}, status=404)
        try:
            result: Any = handler(**await request.json())
            if inspect.isawaitable(result):
                result = await result
        except (TypeError, ValueError, KeyError) as error:
            return _error(f"{type(error).__name__}: {error}")
        return web.json_response(result)


def _verbs(server: Server) -> dict[str, Json]:
    return {
        name.removeprefix(VERB): {"arguments": _arguments(handler), "does": inspect.getdoc(handler)}
        for name, handler in inspect.getmembers(server, inspect.ismethod)
        if name.startswith(VERB)
    }


def _arguments(handler: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(handler).parameters.values()
    return [str(parameter.replace(annotation=inspect.Parameter.empty)) for parameter in parameters]


def _error(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)


def _hash(state: Json) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
