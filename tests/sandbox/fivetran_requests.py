# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every endpoint of the sandbox's Fivetran shares: keys, media types, bodies, pages, the envelope."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from aiohttp import web

from .core import Handler
from .manners import Manners

Json = Any

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
HOUR = 3600.0
LONGEST_WINDOW = 7 * 24 * HOUR


# Of these, the OpenAPI document names the version in Accept.
_VERSIONED = re.compile(r"/v1/(connections|connectors|destinations)\b(?!.*/(schemas|state|errors|sync-history))")


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.response = web.json_response({"code": code, "message": message}, status=status, headers=headers)


def invalid(message: str) -> Refusal:
    """Return the refusal of a body or parameter."""
    return Refusal(400, "InvalidInput", message)


@dataclass(frozen=True)
class AccountKey:
    """An API key: whose account, and what it may do.

    ``can_create``: whether it may change anything. ``groups``: where it may; None means the whole account.
    ``system``: whether it belongs to no user. ``reads_metadata``: whether it may ask what services need, which a system
    key without rights on the account may not.
    """

    key: str
    secret: str
    name: str
    account: str
    can_create: bool = True
    groups: tuple[str, ...] | None = None
    system: bool = False
    reads_metadata: bool = True

    def may_change(self, group_id: str | None) -> bool:
        """Tell whether it may change what is in this group, or, with None, the account's groups."""
        return self.can_create and (self.groups is None or group_id in self.groups)


def authorized(handler: Callable[..., Awaitable[web.Response]]) -> Handler:
    """Check what every endpoint checks first, count the request, and turn refusals into answers."""

    @wraps(handler)
    async def checked(self: Any, request: web.Request) -> web.StreamResponse:
        headers: Mapping[str, str] = {}
        try:
            account = self.caller(request).account
            self.count(account, "requests")
            headers = self.limits.headers(account, "requests", self.now())
            check_media_types(request, self.manners)
            answer = await handler(self, request)
        except Refusal as refusal:
            answer = refusal.response
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer

    return checked


def credentials(request: web.Request) -> tuple[str, str]:
    """Return key and secret of a request; empty if it carries none."""
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        key, _colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return key, secret


def spellings(path: str) -> tuple[str, ...]:
    """Return the ways to write a path that are answered: also with the name before 2025, and with a slash at its end.

    Both are sent by released clients that many accounts use.
    """
    paths = [path] if "connections" not in path else [path, path.replace("connections", "connectors")]
    return tuple(spelling for known in paths for spelling in (known, f"{known}/"))


def check_media_types(request: web.Request, manners: Manners) -> None:
    """Refuse what cannot be answered, or read, as JSON."""
    if manners.unversioned == "error" and _VERSIONED.match(request.path) and not asks_for_version_2(request.headers):
        raise Refusal(500, "InternalServerError", "An unexpected error has occurred")
    accepted = request.headers.get("Accept", "*/*")
    if not any(_is_accepted(media_range) for media_range in accepted.split(",")):
        raise Refusal(406, "NotAcceptable", f"Cannot answer {accepted}")
    if (
        request.method in ("POST", "PATCH", "PUT")
        and request.can_read_body
        and request.content_type != "application/json"
    ):
        raise Refusal(415, "UnsupportedMediaType", "Content-Type must be application/json")


def asks_for_version_2(headers: Mapping[str, str]) -> bool:
    """Tell whether a request says which version of the answers it can read; else the account decides."""
    return "version=2" in headers.get("Accept", "").replace(" ", "")


def _is_accepted(media_range: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    versions = [part for part in parameters if part.startswith("version=")]
    known = not versions or versions[0] in ("version=1", "version=2")
    return kind in ("application/json", "application/*", "*/*") and known


async def json_body(request: web.Request, known: Collection[str], *, optional: bool = False) -> dict[str, Any]:
    """Return the body, which has to be an object of no other fields than ``known``; ``optional`` allows none."""
    content = await request.read()
    if optional and not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError:
        raise Refusal(400, "BadRequest", "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, "BadRequest", "The body is not an object")
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise invalid(f"Unrecognized field '{unknown[0]}'")
    return body


def success(data: Json = None, status: int = 200, message: str = "Operation performed.") -> web.Response:
    """Wrap ``data`` into the envelope."""
    body: dict[str, Any] = {"code": "Success", "message": message}
    if data is not None:
        body["data"] = data
    return web.json_response(body, status=status)


def page(request: web.Request, rows: list[Json]) -> web.Response:
    """Answer the page that the query asks for; the last one has no ``next_cursor``."""
    try:
        limit = int(request.query.get("limit", DEFAULT_PAGE))
    except ValueError:
        raise invalid("limit is not a number") from None
    if not 1 <= limit <= LARGEST_PAGE:
        raise invalid(f"limit must be between 1 and {LARGEST_PAGE}")
    start = _skipped(request.query.get("cursor"))
    data: dict[str, Any] = {"items": rows[start : start + limit]}
    if start + limit < len(rows):
        data["next_cursor"] = base64.urlsafe_b64encode(json.dumps({"skip": start + limit}).encode()).decode()
    return success(data)


def seconds(timestamp: str) -> float:
    """Return a time as Fivetran writes it in seconds since the epoch."""
    return datetime.fromisoformat(timestamp).timestamp()


def time_window(request: web.Request, now: float) -> tuple[float, float]:
    """Return begin and end of the window of a history: the last hour unless the query says otherwise."""
    try:
        given = {name: seconds(request.query[name]) for name in ("start_time", "end_time") if name in request.query}
    except ValueError:
        raise invalid("start_time and end_time are times in ISO 8601") from None
    begin = given.get("start_time", given.get("end_time", now) - HOUR)
    end = given.get("end_time", begin + HOUR if "start_time" in given else now)
    if not 0 < end - begin <= LONGEST_WINDOW:
        raise invalid("end_time must be after start_time, by 7 days at most")
    return begin, end


def _skipped(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))["skip"])
    except (ValueError, KeyError, TypeError):
        raise invalid("cursor is not one that was given out") from None
