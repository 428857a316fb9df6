# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fault makes of an answer: other content, or none that ever ends."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

Json = Any

# What a fault of kind "large" answers with: larger than any client should read.
LARGE_BODY = 10 * 1024 * 1024
# Deeper than any client can follow.
DEEP = 100_000

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# By kind, with what the answer begins, and which piece of it comes again and again.
DRIPS: Mapping[str, tuple[bytes, bytes]] = {
    "drip_head": (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
    "drip_body": (_HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
    "continue": (_CONTINUE, _CONTINUE),
}
CURSORS = ("same_cursor", "circling_cursor", "new_cursor", "new_row")
# More often than any time-out, and for longer than any deadline of a test.
_PAUSE = 0.1
_PIECES = 600
# Seconds between two looks at whether the client has hung up.
_LOOK = 0.02

HOSTILE = (
    b"HTTP/1.1 429 \x1b[2J\r\nRetry-After: "
    + b"9" * 400
    + b"\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: \xb2\r\n"
    b"X-Request-Id: \x1b]0;title\x07\xff\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\n{}"
)


async def drip(request: web.Request, kind: str) -> None:
    """Answer, and go on answering until the other end has had enough."""
    begin, piece = DRIPS[kind]
    transport = request.transport
    # Who asks for a head alone has it, and keeps the connection.
    is_content = request.method == "HEAD" and kind == "drip_body"
    pieces = iter([begin, *[piece] * (1 if is_content else _PIECES)])
    while transport is not None and not transport.is_closing() and (said := next(pieces, b"")):
        transport.write(said)
        await asyncio.sleep(_PAUSE)
    drop(request)


async def hold(request: web.Request, seconds: float) -> None:
    """Wait, as long as there is somebody who waits for the answer."""
    transport = request.transport
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and transport is not None and not transport.is_closing():
        await asyncio.sleep(min(left, _LOOK))


async def say(request: web.Request, said: bytes) -> None:
    """Answer with these bytes, as they are, and hang up."""
    if request.transport is not None:
        request.transport.write(said)
        request.transport.close()
        await asyncio.sleep(0)


def drop(request: web.Request) -> None:
    """Hang up without a word."""
    if request.transport is not None:
        request.transport.abort()


def spoiled(answer: web.StreamResponse, kind: str, number: int) -> web.Response:
    """Return ``answer`` with other content. ``number``: how often the fault has hit."""
    body = bytes(answer.body) if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b"{}"
    status = answer.status
    if status == 400 and kind in CURSORS:
        # The server does not know the place that it is said to have sent to.
        status, body = 200, b'{"code": "Success", "data": {"items": []}}'
    content_type = "text/html" if kind == "html" else "application/json"
    return web.Response(status=status, body=SPOILED[kind](body, number), headers={"Content-Type": content_type})


def _truncated(body: bytes, _number: int) -> bytes:
    return body[: max(1, len(body) // 2)]


def _same_cursor(body: bytes, _number: int) -> bytes:
    return _with_cursor(body, "again")


def _circling(body: bytes, number: int) -> bytes:
    """Let the pages lead from one to the next and back."""
    return _with_cursor(body, f"place-{number % 2}")


def _endless(body: bytes, number: int) -> bytes:
    """Let each page lead to another that says the same."""
    return _with_cursor(body, f"place-{number}")


def _endless_rows(body: bytes, number: int) -> bytes:
    """Let each page hold a row that was not there before, and lead to another."""
    data = _json_or_text(body)
    listing = data.get("data") if isinstance(data, dict) else None
    if not isinstance(listing, dict) or not isinstance(listing.get("items"), list):
        return body
    listing |= {"items": [{"id": f"row_{number}"}], "next_cursor": f"place-{number}"}
    return json.dumps(data).encode()


def _with_cursor(body: bytes, cursor: str) -> bytes:
    """Return the answer to a listing as if more followed, in the words of each vendor; any other answer as it is."""
    data = _json_or_text(body)
    if isinstance(data, str):
        more = f"<IsTruncated>true</IsTruncated><Marker>{cursor}</Marker>"
        more += f"<NextContinuationToken>{cursor}</NextContinuationToken>"
        return re.sub(r"<IsTruncated>\w+</IsTruncated>", more, data).encode()
    listing = data.get("data") if isinstance(data, dict) else None
    if isinstance(listing, dict) and isinstance(listing.get("items"), list):
        listing["next_cursor"] = cursor
    elif isinstance(data, dict) and data.get("kind") == "storage#objects":
        data["nextPageToken"] = cursor
    return json.dumps(data).encode()


def _json_or_text(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _retyped(data: Json) -> Json:
    """Keep the objects and their keys, and give every other value another type."""
    if isinstance(data, dict):
        return {name: _retyped(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_retyped(value) for value in data] or "none"
    return [data] if isinstance(data, str) else str(data)


def _hollow(data: Json) -> Json:
    """Keep code and message of an envelope and the names of the objects and lists, which are empty."""
    if not isinstance(data, dict):
        return type(data)()
    return {
        name: value if name in ("code", "message") else type(value)()
        for name, value in data.items()
        if name in ("code", "message") or isinstance(value, dict | list)
    }


# By kind, what becomes of the body.
SPOILED: Mapping[str, Callable[[bytes, int], bytes]] = {
    "truncate": _truncated,
    "html": lambda _body, _number: b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    "empty": lambda _body, _number: b"",
    "wrong_types": lambda _body, _number: b'{"code": 7, "message": [], "data": "text", "items": {}, "kind": 1}',
    # Every value of another type.
    "retype": lambda body, _number: json.dumps(_retyped(_json_or_text(body))).encode(),
    # Every inner object and list empty.
    "hollow": lambda body, _number: json.dumps(_hollow(_json_or_text(body))).encode(),
    "large": lambda _body, _number: b'{"padding": "' + b"x" * LARGE_BODY + b'"}',
    "deep": lambda _body, _number: b'{"data":' * DEEP,
    "same_cursor": _same_cursor,
    "circling_cursor": _circling,
    "new_cursor": _endless,
    "new_row": _endless_rows,
}
