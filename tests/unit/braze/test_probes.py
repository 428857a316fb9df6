# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the probes are sent, seen from the other end of the connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.instances import find_endpoint
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import PERMISSIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.probes import (
    CONNECTIONS,
    Prober,
    braze_http,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import RetryPolicy

from tests.serving import QuietHandler, serving

KEY = "a-distinctive-braze-key-4711"
POLICY = RetryPolicy(request_timeout=20.0, total=20.0, tries=4)


class Watcher(ThreadingHTTPServer):
    """Grants everything, holds the first requests back until as many as ``wait_for`` are there, and takes notes."""

    daemon_threads = True

    def __init__(self, wait_for: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.held_back = threading.Barrier(wait_for, timeout=10) if wait_for else None
        self.lock = threading.Lock()
        self.connections = 0
        self.paths: list[str] = []
        self.in_flight: set[str] = set()
        self.together: set[frozenset[str]] = set()

    def get_request(self) -> tuple[object, object]:
        self.connections += 1
        return super().get_request()


class Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    server: Watcher

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        with self.server.lock:
            self.server.paths.append(path)
            number = len(self.server.paths)
            self.server.in_flight.add(path)
            self.server.together.add(frozenset(self.server.in_flight))
        barrier = self.server.held_back
        if barrier and number <= barrier.parties:
            barrier.wait()
        with self.server.lock:
            self.server.in_flight.discard(path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = answer


@pytest.fixture
def watcher(request: pytest.FixtureRequest) -> Iterator[Watcher]:
    server = Watcher(getattr(request, "param", 0))
    with serving(server):
        yield server


def probe(watcher: Watcher) -> list[bool]:
    http = braze_http(find_endpoint(watcher.url), KEY, POLICY)
    return [answer.accepted for answer in Prober(http, POLICY).probe(PERMISSIONS)]


@pytest.mark.parametrize("watcher", [CONNECTIONS], indirect=True)
def test_as_many_probes_as_there_are_connections_are_under_way_at_once(watcher: Watcher) -> None:
    # Nobody gets an answer before all of these have asked.
    assert probe(watcher) == [True] * len(PERMISSIONS)
    assert len(watcher.paths) == len(PERMISSIONS)


def test_connections_are_used_again(watcher: Watcher) -> None:
    probe(watcher)
    assert watcher.connections <= CONNECTIONS < len(watcher.paths)


def test_probes_that_share_a_low_rate_limit_are_never_under_way_at_once(watcher: Watcher) -> None:
    probe(watcher)
    for limit in {permission.rate_limit for permission in PERMISSIONS if permission.rate_limit}:
        paths = {permission.path for permission in PERMISSIONS if permission.rate_limit == limit}
        assert len(paths) > 1
        assert all(len(paths & group) <= 1 for group in watcher.together)
