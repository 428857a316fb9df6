# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every endpoint of the sandbox's Fivetran shares: keys, media types, bodies, pages, the envelope."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Json = Any

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000


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


def check_media_types(request: web.Request) -> None:
    """Refuse what cannot be answered, or read, as JSON."""
    accepted = request.headers.get("Accept", "*/*")
    if not any(_is_accepted(media_range) for media_range in accepted.split(",")):
        raise Refusal(406, "NotAcceptable", f"Cannot answer {accepted}")
    if request.method in ("POST", "PATCH", "PUT") and request.content_type != "application/json":
        raise Refusal(415, "UnsupportedMediaType", "Content-Type must be application/json")


def _is_accepted(media_range: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
    versions = [part for part in parameters if part.startswith("version=")]
    known = not versions or versions[0] in ("version=1", "version=2")
    return kind in ("application/json", "application/*", "*/*") and known


async def json_body(request: web.Request, known: Collection[str]) -> dict[str, Any]:
    """Return the body, which has to be an object of no other fields than ``known``."""
    try:
        body = json.loads(await request.read())
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


def _skipped(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))["skip"])
    except (ValueError, KeyError, TypeError):
        raise invalid("cursor is not one that was given out") from None
