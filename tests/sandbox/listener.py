# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens to webhooks, over TLS, and keeps what came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .certificates import make_certificate


@dataclass
class Listener:
    """Listens at ``url`` and answers with ``status``, the first times with those of ``first``.

    ``heard``: headers and body of each request. ``authority``: as PEM, whom a client has to trust.
    """

    url: str = ""
    authority: str = ""
    status: int = 200
    first: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def posted(self) -> list[dict[str, Any]]:
        """Return what was posted, without the tests of the URL."""
        bodies: list[dict[str, Any]] = [json.loads(body) for _headers, body in list(self.heard)]
        return [body for body in bodies if body["event"] != "test_event"]

    def events(self) -> list[str]:
        """Return the names of all events, the tests of the URL among them."""
        return [json.loads(body)["event"] for _headers, body in list(self.heard)]

    def wait_for(self, wanted: Callable[[list[dict[str, Any]]], bool], seconds: float = 10.0) -> list[dict[str, Any]]:
        """Wait until what was posted is as wanted; return it."""
        end = time.monotonic() + seconds
        while not wanted(self.posted()):
            assert time.monotonic() < end, self.posted()
            time.sleep(0.01)
        return self.posted()


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a free port of 127.0.0.1 within the context."""
    known = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.heard.append((dict(self.headers), body))
            self.send_response(known.first.pop(0) if known.first else known.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    certificate = make_certificate("good")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = certificate.server.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    known.url = f"https://127.0.0.1:{server.server_address[1]}/fivetran"
    known.authority = certificate.authority
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
