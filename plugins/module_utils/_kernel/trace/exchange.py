# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request and its answer, as they stand in a trace."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import gzip
import http.client
import io
import json
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ..http.answer import decode
from .redact import Scrubber, basic_parts

# What the collection itself reads of an answer at most, and some bytes of headers. What is longer is not written.
LONGEST = 8 * 1024 * 1024 + 64 * 1024
# What Avro's files begin with.
_AVRO = b"Obj\x01"
_REQUEST_HEADERS = frozenset(
    {"accept", "content-type", "range", "if-match", "user-agent", "x-amz-expected-bucket-owner", "x-goog-user-project"}
)
_ANSWER_HEADERS = frozenset(
    {
        "content-type", "date", "etag", "link", "location", "retry-after", "server", "via", "www-authenticate",
        "x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "x-amz-request-id", "x-amz-bucket-region",
        "x-amzn-errortype", "x-goog-generation", "x-goog-metageneration", "x-guploader-uploadid", "content-range",
    }
)  # fmt: skip
_ANSWER_PREFIXES = ("x-rate", "ratelimit", "x-ratelimit")
_CREDENTIALS = ("authorization", "x-amz-security-token", "x-goog-iam-authorization-token")


class TracedAnswer(NamedTuple):
    """An answer as it arrived. ``whole``: its body is all there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


class Exchange:
    """A call that goes on. ``write`` is told once, when it has ended."""

    def __init__(
        self, vendor: str, method: str, url: str, headers: Mapping[Any, Any], body: Any, write: Callable[[Any], None]
    ) -> None:
        self.vendor, self.method, self.url = vendor, method, url
        self.headers = {_text(name).lower(): _text(value) for name, value in headers.items()}
        self.body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes | bytearray) else b""
        self._write: Callable[[Any], None] | None = write
        self._lock = threading.Lock()
        self._received = bytearray()
        self._size = 0
        self._error: Exception | None = None
        self._began = self._ended = time.monotonic()

    def hear(self, received: bytes) -> None:
        """Note what has arrived."""
        self._size += len(received)
        if self._size <= LONGEST:
            self._received += received

    def fail(self, error: Exception) -> None:
        """Note that the call has ended without, or in the middle of, an answer."""
        self._error = self._error or error

    def end(self) -> None:
        """Note that the call is over."""
        with self._lock:
            write, self._write = self._write, None
        if write is not None:
            self._ended = time.monotonic()
            write(self)

    def credentials(self) -> list[str]:
        """Return what was sent to prove who asks."""
        sent = [self.headers[name] for name in _CREDENTIALS if name in self.headers]
        return [part for value in sent if not value.startswith("AWS4") for part in basic_parts(value) or (value,)]

    def as_line(self, scrubber: Scrubber, began: float) -> dict[str, Any]:
        """Return the call as a line says it. ``began``: when the run began."""
        request = {
            "method": self.method,
            "url": scrubber.url(self.url),
            "headers": _chosen(self.headers, _REQUEST_HEADERS, (), scrubber),
            **_body(bytes(self.body), self.headers.get("content-type", ""), scrubber),
        }
        line: dict[str, Any] = {
            "vendor": self.vendor,
            "at": round(self._began - began, 3),
            "took": round(self._ended - self._began, 3),
            "request": request,
        }
        answer = _answer(bytes(self._received), self.method) if self._received else None
        if answer is not None:
            line["answer"] = self._told(answer, scrubber)
        if self._error is not None or answer is None or not (answer.whole or self._size > LONGEST):
            line["error"] = _ending(self._error)
        return line

    def _told(self, answer: TracedAnswer, scrubber: Scrubber) -> dict[str, Any]:
        told = {
            "status": answer.status,
            "headers": _chosen(answer.headers, _ANSWER_HEADERS, _ANSWER_PREFIXES, scrubber),
        }
        if self._size > LONGEST:
            return {**told, "body": {"bytes": self._size}}
        if "range" in self.headers and answer.status in (200, 206):
            # A piece of an object belongs to nobody but the customer.
            return {**told, "body": _size_of(answer.body)}
        return {**told, **_body(answer.body, answer.headers.get("content-type", ""), scrubber)}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _chosen(
    headers: Mapping[str, str], names: frozenset[str], prefixes: tuple[str, ...], scrubber: Scrubber
) -> dict[str, str]:
    return {
        # botocore goes on with the machine and its settings.
        name: scrubber.text(value.partition(" md/")[0] if name == "user-agent" else value)
        for name, value in headers.items()
        if name in names or (prefixes and name.startswith(prefixes))
    }


def _body(content: bytes, content_type: str, scrubber: Scrubber) -> dict[str, Any]:
    """Return what is written of a body: as JSON, as the fields of a form, as text, or of what is none, its size."""
    if not content:
        return {}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"body": _size_of(content)}
    if content.startswith(_AVRO):
        return {"body": _size_of(content)}
    fields = parse_qsl(text, keep_blank_values=True) if "form-urlencoded" in content_type else []
    if fields and len(dict(fields)) == len(fields):
        return {"body": {"form": {name: scrubber.named(name, value) for name, value in fields}}}
    data, readable = decode(content, 200)
    if readable and isinstance(data, dict | list) and _same(data, text):
        return {"body": {"json": scrubber.data(data)}}
    return {"body": {"text": scrubber.elements(text)}}


def _same(data: Any, text: str) -> bool:
    """Tell whether nothing is lost by reading a text as JSON, such as a name that stands twice."""
    names = 0

    def count(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal names
        names += len(pairs)
        return dict(pairs)

    json.loads(text.removeprefix("\ufeff"), object_pairs_hook=count)
    return names == _names_in(data)


def _names_in(data: Any) -> int:
    if isinstance(data, dict):
        return len(data) + sum(map(_names_in, data.values()))
    return sum(map(_names_in, data)) if isinstance(data, list) else 0


def _size_of(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), **({"avro": True} if content.startswith(_AVRO) else {})}


class _Received:
    """What was received, as a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_args: Any, **_options: Any) -> io.BytesIO:
        return io.BytesIO(self._content)


def _answer(received: bytes, method: str) -> TracedAnswer | None:
    """Return the answer that was received; None if it is not HTTP."""
    response = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
    whole = True
    try:
        response.begin()
        body = response.read()
    except http.client.IncompleteRead as error:
        body, whole = error.partial, False
    except (http.client.HTTPException, ValueError, OSError):
        return None
    headers = {name.lower(): value for name, value in response.getheaders()}
    return TracedAnswer(response.status, headers, _decompressed(body, headers.get("content-encoding", "")), whole)


def _decompressed(body: bytes, encoding: str) -> bytes:
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        return zlib.decompress(body) if encoding == "deflate" else body
    except (OSError, EOFError, zlib.error):
        return b""


def _ending(error: Exception | None) -> dict[str, str]:
    """Return how a call ended without a whole answer. Texts of exceptions quote what was sent."""
    for found in _chain(error):
        kind = next((kind for kind, classes in _KINDS.items() if isinstance(found, classes)), "")
        if kind:
            system = os.strerror(found.errno) if kind == "closed" and isinstance(found, OSError) and found.errno else ""
            return {"kind": kind, **({"system": system} if system else {})}
    return {"kind": "closed" if error is None else "other", **({"class": type(error).__name__} if error else {})}


_KINDS: Mapping[str, tuple[type[BaseException], ...]] = {
    "timeout": (TimeoutError,),
    "unknown_name": (socket.gaierror,),
    "tls": (ssl.SSLError,),
    "refused": (ConnectionRefusedError,),
    "closed": (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionError),
    "no_http": (http.client.HTTPException,),
}


def _chain(error: BaseException | None) -> list[BaseException]:
    """Return an exception and what it wraps, the innermost first."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and current not in found:
            found.append(current)
            inner = [getattr(current, "reason", None), current.__cause__, current.__context__, *current.args]
            waiting += [item for item in inner if isinstance(item, BaseException)]
    return found[::-1]
