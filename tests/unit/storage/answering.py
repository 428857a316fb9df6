# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers what it was told to, for services of vendors that the sandbox does not have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.serving import QuietHandler, serving


@dataclass(frozen=True)
class Request:
    """What was asked. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Answering:
    """The server.

    ``answers``: status and JSON, or text, by the beginning of the path, or of method and path; the longest wins.
    """

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def asked(self, path: str) -> list[Request]:
        """Return the requests to paths that begin so."""
        return [request for request in self.requests if request.path.startswith(path)]

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        """Return status and body for a request; 404 for one that nobody has told of."""
        known = [start for start in self.answers if path.startswith(start) or f"{method} {path}".startswith(start)]
        status, body = self.answers[max(known, key=len)] if known else (404, {"error": "nobody has told of this path"})
        return status, (body if isinstance(body, str) else json.dumps(body)).encode()


@contextmanager
def answering(**answers: Any) -> Iterator[Answering]:
    """Let such a server listen within the context."""
    told = Answering(**answers)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.requests.append(Request(self.command, self.path, headers, self.rfile.read(length).decode()))
            status, body = told.answer(self.command, self.path)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_POST = do_PUT = do_HEAD = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    with serving(server):
        yield told
