# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Braze's REST API: keys with permissions, and the 19 endpoints that Fivetran's key needs.

Each request is judged in Braze's order: is the key valid here, is the account active, is the address allowed, does the
key hold the permission, is the rate limit kept, are the parameters right. Operations are named like permissions
(``braze:campaigns.list``), so that a fault can be aimed at one probe.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from .braze_endpoints import (
    ENDPOINTS,
    PERMISSIONS,
    RATE_LIMITS,
    WRITING_ENDPOINTS,
    BadParameterError,
    Endpoint,
    sample_workspace,
)
from .core import SHOWN_SECRET, Hub, Server, occurring, operation
from .manners import BRAZE, Manners
from .watch import Table

Json = Any

# The instance that this server is; a key of another instance is unknown here.
INSTANCE = "US-01"
# A caller on loopback can say where it calls from: Fivetran's address is not the controller's.
SOURCE_ADDRESS = "X-Sandbox-Source-Address"

_BY_ROUTE = {(endpoint.method, endpoint.path): endpoint for endpoint in (*ENDPOINTS, *WRITING_ENDPOINTS)}
_ECHOED_KEY = re.compile(r"(API key:? )\S+")


class Refusal(Exception):
    """An answer other than success, as Braze words it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def answer(self) -> web.Response:
        """Return it."""
        body: Json = {"message": self.message}
        more: dict[int, Json] = {401: {"code": 401}, 403: {"errors": []}}
        return web.json_response({**more.get(self.status, {}), **body}, status=self.status, headers=self.headers)


@dataclass
class ApiKey:
    """One REST API key. ``allowlist``: addresses and networks that may use it; empty means all."""

    key: str
    name: str
    permissions: list[str]
    instance: str = INSTANCE
    allowlist: list[str] = field(default_factory=list)
    revoked: bool = False

    def allows(self, address: str) -> bool:
        """Tell whether the key may be used from ``address``."""
        caller = ipaddress.ip_address(address)
        return not self.allowlist or any(caller in ipaddress.ip_network(network) for network in self.allowlist)


@dataclass
class Window:
    """The current window of one rate limit: ``count`` requests until ``reset``, in seconds since the epoch."""

    limit: int
    seconds: int
    count: int = 0
    reset: int = 0

    def roll(self, now: int) -> None:
        """Begin a new window if the last one is over."""
        if now >= self.reset:
            self.count = 0
            self.reset = now + self.seconds

    def headers(self) -> dict[str, str]:
        """Return Braze's headers, in lower case as it sends them."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.count)),
            "x-ratelimit-reset": str(self.reset),
        }


INVALID_URL = "Invalid URL"
_NO_PERMISSION = {
    "no_permission": "You do not have permission to access this resource",
    "not_authorized": "Provided API key not authorized for this endpoint",
}
_ACCOUNT_REFUSALS = {
    "inactive": "This account is inactive. Contact Braze.",
    "no_plan": "The rate plan of this account does not include this endpoint.",
}


class Braze(Server):
    """The server, which is one instance. All keys see one workspace, and each has rate limits of its own."""

    name = "braze"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.keys: Table[ApiKey] = Table(vars)
        self.reset()

    def reset(self) -> None:
        self.instance = INSTANCE
        self.keys.clear()
        self.workspace = sample_workspace()
        self.manners = Manners(BRAZE)
        # By rate limit, what the first window of a key is like; then by key and rate limit.
        self.first_windows = {name: Window(*limit) for name, limit in RATE_LIMITS.items()}
        self.windows: dict[tuple[str, str], Window] = {}
        # Not part of the state: the one trace that a probe may leave.
        self.last_seen: dict[str, float] = {}

    def state(self) -> Json:
        # Not asdict(), which copies every text: with a hundred keys that took half of a request's time.
        keys = {name: vars(key) for name, key in self.keys.items()}
        return {"keys": keys, **self.state_beside_tables()}

    def tables(self) -> Sequence[Table[Any]]:
        return (self.keys,)

    def state_beside_tables(self) -> Json:
        return {"instance": self.instance, "workspace": vars(self.workspace)}

    def actor(self, request: web.Request) -> str:
        key = self.keys.get(_bearer(request))
        return key.name if key else ""

    def redact(self, data: Json) -> Json:
        return _redacted(data, occurring(self.keys, data))

    def unknown(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        return web.json_response({"message": INVALID_URL}, status=404)

    # A request, in Braze's order

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer any endpoint of the table."""
        endpoint = _BY_ROUTE[request.method, request.path]
        try:
            self._check_route(endpoint, unrouted=True)
            key = self._check_key(request)
            self._check_account()
            self._check_address(key, request)
            self._check_route(endpoint)
            self._check_permission(key, endpoint)
            headers = self._check_rate_limit(key, endpoint)
            status, body = endpoint.respond(self.workspace, await _parameters(request))
        except Refusal as refusal:
            return refusal.answer()
        except BadParameterError as error:
            return Refusal(error.status, str(error), self._window(_bearer(request), endpoint).headers()).answer()
        return web.json_response({**body, "message": "success"}, status=status, headers=headers)

    def _check_route(self, endpoint: Endpoint, *, unrouted: bool = False) -> None:
        retired = endpoint.retired and self.manners.feed_status >= 400
        if retired and (self.manners.feed_unrouted or not unrouted):
            raise Refusal(self.manners.feed_status, INVALID_URL)

    def _check_key(self, request: web.Request) -> ApiKey:
        bearer = _bearer(request)
        key = self.keys.get(bearer)
        if key is None or key.revoked or key.instance != self.instance:
            # Braze really repeats the key; logging this answer logs the key.
            raise Refusal(401, f"Invalid API key: {bearer}")
        self.last_seen[bearer] = time.time()
        return key

    def _check_account(self) -> None:
        if message := _ACCOUNT_REFUSALS.get(self.manners.account):
            raise Refusal(403, message)

    def _check_address(self, key: ApiKey, request: web.Request) -> None:
        address = request.headers.get(SOURCE_ADDRESS) or request.remote or "127.0.0.1"
        if not key.allows(address):
            message = f"The address {address} is not among the whitelisted IPs of this API key"
            raise Refusal(self.manners.allowlist_status, message)

    def _check_permission(self, key: ApiKey, endpoint: Endpoint) -> None:
        if endpoint.permission in key.permissions:
            return
        if self.manners.refusal_status == 401:
            raise Refusal(401, f"Unauthorized: the API key {key.key} lacks {endpoint.permission}")
        raise Refusal(403, _NO_PERMISSION[self.manners.refusal_text])

    def _window(self, key: str, endpoint: Endpoint) -> Window:
        return self.windows.setdefault((key, endpoint.limit), replace(self.first_windows[endpoint.limit]))

    def _check_rate_limit(self, key: ApiKey, endpoint: Endpoint) -> dict[str, str]:
        window = self._window(key.key, endpoint)
        window.roll(int(time.time()))
        window.count += 1
        if window.count > window.limit:
            raise Refusal(429, "Your account is not permitted to make this many requests", window.headers())
        return window.headers()

    # For the world and for tests

    def control_create_key(
        self,
        key: str,
        name: str = "",
        missing: Collection[str] = (),
        permissions: list[str] | None = None,
        instance: str | None = None,
        allowlist: Iterable[str] = (),
    ) -> None:
        """Make a key with ``permissions`` (default: the 19 of the partner guide) but those ``missing``.

        ``instance``: the one that the key belongs to, by default the server's.
        """
        wanted = list(PERMISSIONS) if permissions is None else permissions
        _check_known([*wanted, *missing])
        held = [name for name in wanted if name not in set(missing)]
        networks = [str(ipaddress.ip_network(network)) for network in allowlist]
        self.keys[key] = ApiKey(key, name or f"key-{len(self.keys) + 1}", held, instance or self.instance, networks)

    def control_edit_key(
        self, key: str, permissions: list[str] | None = None, allowlist: list[str] | None = None
    ) -> None:
        """Change a key. Braze's dashboard cannot; it stands for a key that was made anew under the same value."""
        if permissions is not None:
            _check_known(permissions)
            self.keys[key].permissions = permissions
        if allowlist is not None:
            self.keys[key].allowlist = [str(ipaddress.ip_network(network)) for network in allowlist]

    def control_revoke_key(self, key: str) -> None:
        """Make a key invalid."""
        self.keys[key].revoked = True

    def control_last_seen(self) -> Json:
        """Return, by key, when it was last used, in seconds since the epoch."""
        return self.last_seen

    def control_instance(self, instance: str) -> None:
        """Be another instance, such as ``EU-01``: keys made before are unknown from now on."""
        self.instance = instance

    def control_manners(self, **choices: Any) -> None:
        """Choose how the server behaves where that is an open question; the questions stand in ``manners.py``."""
        self.manners.choose(**choices)

    def control_rate_limit(self, group: str, limit: int, seconds: int, used: int = 0) -> None:
        """Set a rate limit (a name of ``RATE_LIMITS``) of which each key has used ``used`` in a window from now on."""
        if group not in RATE_LIMITS:
            raise ValueError(f"no such rate limit: {group}; there are {', '.join(RATE_LIMITS)}")
        self.first_windows[group] = Window(limit, seconds, used, int(time.time()) + seconds)
        self.windows = {name: window for name, window in self.windows.items() if name[1] != group}

    def control_unknown_template(self, status: int) -> None:
        """Answer an unknown e-mail template with 200, 400 or 404."""
        self.workspace.unknown_template_status = status


for _endpoint in (*ENDPOINTS, *WRITING_ENDPOINTS):
    operation(_endpoint.method, _endpoint.path, _endpoint.permission)(Braze.serve)


def _redacted(data: Json, keys: Iterable[str]) -> Json:
    if isinstance(data, dict):
        return {name: _redacted(value, keys) for name, value in data.items()}
    if isinstance(data, list):
        return [_redacted(value, keys) for value in data]
    if not isinstance(data, str):
        return data
    for key in keys:
        data = data.replace(key, SHOWN_SECRET)
    return _ECHOED_KEY.sub(rf"\1{SHOWN_SECRET}", data)


def _check_known(permissions: Iterable[str]) -> None:
    known = {endpoint.permission for endpoint in _BY_ROUTE.values()}
    if unknown := sorted(set(permissions) - known):
        raise ValueError(f"no such permission: {', '.join(unknown)}")


def _bearer(request: web.Request) -> str:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


async def _parameters(request: web.Request) -> Json:
    if request.method == "GET":
        return dict(request.query)
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadParameterError("The body must be a JSON object")
    return body
