# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all servers of the sandbox share: operations, journal, scripted faults, control verbs.

Everything runs in one asyncio loop. A handler that does not await is atomic, so state needs no locks.

A server subclasses :class:`Server`, marks its handlers with :func:`operation`, returns its complete state from
``state()``, starts over in ``reset()``, and offers ``control_<verb>(**payload)`` methods to tests. A request is
journaled as a write if it changed the server's state, whatever its method: the state is compared around each step
that the handler runs without awaiting, so that what another request changes meanwhile is not blamed on it. State of
which there can be much stands in ``tables()``, where only what a request got hold of is compared.
What changes by itself, such as a sync that ends, is nobody's write: ``settled_state()`` leaves it out.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from aiohttp import web

from .spoiling import DRIPS, HOSTILE, SPOILED, drip, drop, hold, say, spoiled
from .watch import Table, Watched, fingerprint

Json = Any
Handler = Callable[..., Awaitable[web.StreamResponse]]

SHOWN_SECRET = "<redacted>"
# Set by the sandbox's own Fivetran on what it asks the other servers; says who calls.
CALLER_HEADER = "X-Sandbox-Caller"
OUTSIDE = "outside"
# Those that the journal keeps.
JOURNALED_HEADERS = ("Accept", "Content-Type", "User-Agent", "x-amz-expected-bucket-owner")
FAULT_KINDS = ("status", "delay", "drop", "lost_answer", "redirect", "hostile_headers", *DRIPS, *SPOILED)


def operation(method: str, path: str, name: str) -> Callable[[Handler], Handler]:
    """Mark a method of a server as the handler of ``method path``; ``name`` stands in journal and faults."""

    def mark(handler: Handler) -> Handler:
        routes = getattr(handler, "operation_routes", [])
        handler.operation_routes = [*routes, (method, path, name)]  # type: ignore[attr-defined]
        return handler

    return mark


@dataclass
class Entry:
    """One request. ``operation`` is ``server:name``; ``body`` and ``answer`` are JSON without secrets, if JSON."""

    seq: int
    server: str
    operation: str
    method: str
    path: str
    query: dict[str, str]
    body: Json = None
    status: int | None = None
    answer: Json = None
    changed_state: bool = False
    # Who called: the AWS account, the Fivetran key's name, the service account ...
    actor: str = ""
    # "fivetran" for what the sandbox's Fivetran asks in its setup tests, "outside" for everybody else.
    caller: str = OUTSIDE
    fault: str = ""
    # Of the request: what it wants to be answered with, what its body is, whose program it is, whose bucket it means.
    headers: dict[str, str] = field(default_factory=dict)
    # Seconds of the sandbox's own clock between which the request was being answered.
    started: float = 0.0
    finished: float = 0.0


class Kind(NamedTuple):
    """What requests are counted by."""

    operation: str
    caller: str
    changed_state: bool


@dataclass
class Fault:
    """A scripted fault: which requests it hits, how often, and what it does.

    ``kind``: ``status`` (with ``status``, ``headers``, ``body``), ``delay`` (then as usual), ``drop`` (before the
    request is handled), ``lost_answer`` (handled, then dropped), ``redirect`` (to ``url``), ``hostile_headers`` (a 429
    whose headers make no sense), and those of ``spoiling.py``. All but ``status``, ``drop``, ``redirect`` and
    ``hostile_headers`` let the request take effect.
    ``delay`` (seconds) goes with every kind, and ends where the client hangs up. ``skip`` lets the first
    requests pass; ``times`` 0 means for ever.

    ``operation``, ``method``: exact; ``path``: a regular expression. ``caller``: only what comes from ``outside``, or
    only what ``fivetran`` asks in its setup tests; by default both.

    :raises ValueError: for an unknown kind, which would otherwise never do anything.
    """

    kind: str
    server: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""
    caller: str = ""
    times: int = 1
    skip: int = 0
    # Of the kinds "status" (default 500) and "redirect" (default 302).
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Json = None
    delay: float = 0.0
    url: str = ""
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}; there are {', '.join(FAULT_KINDS)}")
        self.status = self.status or (302 if self.kind == "redirect" else 500)

    def matches(self, entry: Entry) -> bool:
        """Tell whether this fault is meant for the request, apart from ``skip`` and ``times``."""
        return (
            self.caller in ("", entry.caller)
            and self.server in ("", entry.server)
            and self.operation in ("", entry.operation, entry.operation.partition(":")[2])
            and self.method in ("", entry.method)
            and (not self.path or re.search(self.path, entry.path) is not None)
        )


class Hub:
    """The servers of one sandbox with what they share."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {}
        self.journal: list[Entry] = []
        # Of a hundred thousand requests, how many there were of each kind has to do.
        self.keeps_journal = True
        self.counts: Counter[Kind] = Counter()
        self.faults: list[Fault] = []
        self.latency = 0.0
        # Requests that are being answered.
        self.under_way = 0
        self._seq = 0
        self._since = 0

    def open_entry(self, server: str, name: str, method: str, path: str, query: dict[str, str]) -> Entry:
        """Begin the journal's entry of a request; it stays out of the journal until it is answered."""
        self._seq += 1
        return Entry(self._seq, server, f"{server}:{name}", method, path, query)

    def close_entry(self, entry: Entry) -> None:
        """Put the entry of an answered request into the journal, unless it began before the last reset."""
        if entry.seq > self._since:
            self.counts[Kind(entry.operation, entry.caller, entry.changed_state)] += 1
            if self.keeps_journal:
                self.journal.append(entry)

    def forget(self) -> None:
        """Forget the requests so far."""
        self.journal.clear()
        self.counts.clear()

    def take_fault(self, entry: Entry) -> Fault | None:
        """Return the fault that hits this request, and count it."""
        for fault in self.faults:
            if not fault.matches(entry):
                continue
            fault.hits += 1
            if fault.hits > fault.skip and (fault.times == 0 or fault.hits <= fault.skip + fault.times):
                return fault
        return None

    def reset(self) -> None:
        """Start over: empty journal, no faults, no latency; the servers reset themselves."""
        self._since = self._seq
        self.forget()
        self.keeps_journal = True
        self.faults.clear()
        self.latency = 0.0


class Server(ABC):
    """Base of the servers that speak a vendor's HTTP API."""

    name: ClassVar[str]

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.port = 0
        hub.servers[self.name] = self

    @property
    def url(self) -> str:
        """Return the base URL on loopback."""
        return f"http://127.0.0.1:{self.port}"

    # For the subclass

    @abstractmethod
    def reset(self) -> None:
        """Return to the empty state."""

    @abstractmethod
    def state(self) -> Json:
        """Return the complete state as JSON, secrets included; it never leaves the control port."""

    async def full_state(self) -> Json:
        """Return what the control port shows as state; more than :meth:`state` where that has to be asked for."""
        return self.state()

    def settled_state(self) -> Json:
        """Return the state without what changes by itself, such as a sync that goes on: only requests change it."""
        return self.state()

    def state_hash(self) -> str:
        """Return a hash that changes whenever a request changes the state."""
        return hashlib.blake2b(fingerprint(self.settled_state())).hexdigest()

    def tables(self) -> Sequence[Table[Any]]:
        """Return the tables of the state; they stay the same objects as long as the server lives."""
        return ()

    def state_beside_tables(self) -> Json:
        """Return the rest of :meth:`settled_state`, which is compared as a whole around each step of each request."""
        return self.settled_state()

    def actor(self, request: web.Request) -> str:  # noqa: ARG002
        """Return who calls, for the journal."""
        return ""

    async def operation_name(self, request: web.Request, route: str) -> str:  # noqa: ARG002
        """Return the operation's name for journal and faults; by default the name of the route."""
        return route

    async def body(self, request: web.Request) -> Json:
        """Return the request's body for the journal: its JSON, or None."""
        return await _json_or_none(request)

    def redact(self, data: Json) -> Json:
        """Return JSON for the journal, without secrets."""
        return data

    def refusal(self, status: int) -> web.Response:
        """Return what a fault of kind ``status`` answers if it names no body; an error in the vendor's format."""
        return web.json_response({}, status=status)

    def unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer a path that does not exist, in the vendor's format."""
        return web.json_response({"message": f"no route {request.method} {request.path}"}, status=404)

    # The machinery

    def application(self) -> web.Application:
        """Build the aiohttp application out of the marked handlers."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for method, path, name, handler in self.routes():
            app.router.add_route(method, path, self._served(name, handler), expect_handler=None)
        app.router.add_route("*", "/{path:.*}", self._served("unknown", self.other))
        return app

    def routes(self) -> Iterator[tuple[str, str, str, Handler]]:
        """Yield method, path, name and handler of each marked operation."""
        for _name, handler in inspect.getmembers(self, inspect.ismethod):
            for method, path, name in getattr(handler, "operation_routes", []):
                yield method, path, name, handler

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Answer what no operation matches."""
        return self.unknown(request)

    def _served(self, name: str, handler: Handler) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            self.hub.under_way += 1
            try:
                return await self._journaled(request, await self.operation_name(request, name), handler)
            finally:
                self.hub.under_way -= 1

        return serve

    async def _journaled(self, request: web.Request, operation: str, handler: Handler) -> web.StreamResponse:
        entry = self.hub.open_entry(self.name, operation, request.method, request.path, dict(request.query))
        entry.started = time.monotonic()
        entry.actor = self.actor(request)
        entry.headers = {name: request.headers[name] for name in JOURNALED_HEADERS if name in request.headers}
        entry.caller = request.headers.get(CALLER_HEADER, OUTSIDE)
        body = await self.body(request)
        # Secrets are looked for in the journal only: there may be a thousand of them.
        entry.body = self.redact(body) if self.hub.keeps_journal else None
        if self.hub.latency:
            await asyncio.sleep(self.hub.latency)
        fault = self.hub.take_fault(entry)
        entry.fault = fault.kind if fault else ""
        try:
            return await self._answer(request, entry, handler, fault)
        finally:
            entry.finished = time.monotonic()
            self.hub.close_entry(entry)

    async def _answer(
        self, request: web.Request, entry: Entry, handler: Handler, fault: Fault | None
    ) -> web.StreamResponse:
        early = await self._early_fault(request, fault)
        if early is not None:
            entry.status = early.status
            return early
        watched = Watched(handler(request), self.tables(), self.state_beside_tables)
        try:
            answer = await watched
        finally:
            entry.changed_state = watched.changed
        entry.status = answer.status
        if self.hub.keeps_journal and isinstance(answer, web.Response):
            entry.answer = self.redact(_json_of(answer))
        return await _late_fault(request, answer, fault)

    async def _early_fault(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        """Do what a fault does instead of handling the request; None where the request is handled."""
        if fault is None:
            return None
        await hold(request, fault.delay)
        if fault.kind == "drop":
            drop(request)
            return web.Response(status=499)
        if fault.kind == "hostile_headers":
            await say(request, HOSTILE)
            return web.Response(status=429)
        if fault.kind == "redirect":
            return web.Response(status=fault.status, headers={"Location": fault.url})
        return self._status_fault(fault) if fault.kind == "status" else None

    def _status_fault(self, fault: Fault) -> web.Response:
        if fault.body is None:
            answer = self.refusal(fault.status)
        else:
            text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
            answer = web.Response(status=fault.status, text=text, content_type="application/json")
        answer.headers.update(fault.headers)
        return answer


def occurring(secrets: Iterable[str], data: Json) -> list[str]:
    """Return those of many secrets that occur in the texts of ``data``: most often none, so this comes first."""
    text = "\n".join(_texts(data))
    return [secret for secret in secrets if secret in text]


def _texts(data: Json) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value)


def _json_of(answer: web.Response) -> Json:
    return json.loads(answer.text) if answer.content_type == "application/json" and answer.text else None


async def _json_or_none(request: web.Request) -> Json:
    if not request.can_read_body or "json" not in request.content_type:
        return None
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


async def _late_fault(request: web.Request, answer: web.StreamResponse, fault: Fault | None) -> web.StreamResponse:
    """Spoil the answer of a request that was handled."""
    if fault is None or fault.kind == "delay":
        return answer
    if fault.kind == "lost_answer":
        drop(request)
    elif fault.kind in DRIPS:
        await drip(request, fault.kind)
    else:
        return spoiled(answer, fault.kind, fault.hits)
    return answer
