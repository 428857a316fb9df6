# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client against a real server on loopback that does one thing wrong at a time."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import (
    Call,
    Explanation,
    HttpError,
    RetryPolicy,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.client import (
    MAX_BODY_BYTES,
    HttpClient,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.environment import PROXY_VARIABLES
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor

from tests.clock import Hurried
from tests.serving import QuietHandler, serving

SECRET = "a-distinctive-secret-value"
Answer = Callable[[BaseHTTPRequestHandler], None]
READ = Call("GET", "/thing")
CREATE = Call("POST", "/thing", body={"a": 1}, repeatable=False)


def explain(_status: int, body: Any) -> Explanation:
    envelope = body if isinstance(body, dict) else {}
    return Explanation(envelope.get("code", "none"), envelope.get("message", ""), "Do this.")


class PatientServer(ThreadingHTTPServer):
    """Lets many connect at the same moment."""

    request_queue_size = 256


class Server:
    """Answers each request with the next of the scripted answers, the last one for ever."""

    def __init__(self, protocol: str = "HTTP/1.0") -> None:
        self.answers: list[Answer] = []
        self.connections = 0
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(QuietHandler):
            protocol_version = protocol

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                outer.requests.append((self.command, self.path, dict(self.headers)))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                answer(self)

            do_GET = do_POST = do_CONNECT = answer

        self.httpd = PatientServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def client(
        self, secret: str = SECRET, clients: Clients | None = None, **policy: float
    ) -> tuple[HttpClient, list[float]]:
        """Return a client of this server, and the waits that it would have made."""
        time = Hurried()
        client = HttpClient(
            vendor="Vendor",
            base_url=self.url,
            authorization=f"Bearer {secret}",
            redactor=Redactor([secret]),
            clients=clients or Clients(time.clock),
            policy=RetryPolicy(**policy),  # type: ignore[arg-type]
            explain=explain,
        )
        return client, time.waits


@pytest.fixture(params=["HTTP/1.0"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    with serving(server.httpd):
        yield server


# What keeps its connections open.
keeping = pytest.mark.parametrize("server", ["HTTP/1.1"], indirect=True)


def answer(status: int, body: bytes | dict[str, object] = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


def drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.connection.close()


OK = answer(200, {"fine": True})


@pytest.mark.parametrize(
    "fault",
    [
        answer(500),
        answer(503, b"<html>"),
        answer(429),
        drop,
        answer(200, b"<html>"),
        answer(200, b'{"cut'),
        answer(200),
    ],
    ids=["500", "503 with HTML", "429", "dropped", "HTML with 200", "truncated JSON", "empty"],
)
def test_a_read_is_tried_again_until_it_is_answered(server: Server, fault: Answer) -> None:
    server.answers = [fault, fault, OK]
    client, waits = server.client()
    assert client.send(READ).body == {"fine": True}
    assert len(waits) == 2


@pytest.mark.parametrize("fault", [answer(500), drop, answer(200, b"<html>")], ids=["500", "dropped", "HTML with 200"])
def test_a_request_that_must_not_be_sent_twice_is_not(server: Server, fault: Answer) -> None:
    server.answers = [fault]
    client, _waits = server.client()
    with pytest.raises(HttpError) as caught:
        client.send(CREATE)
    assert caught.value.may_have_been_processed
    assert len(server.requests) == 1


def test_a_create_that_was_rate_limited_is_sent_again_because_it_was_never_processed(server: Server) -> None:
    server.answers = [answer(429, Retry_After="3"), OK]
    client, waits = server.client()
    client.send(CREATE)
    assert waits == [3.0]


def test_a_create_that_was_never_sent_is_tried_again(server: Server) -> None:
    server.httpd.shutdown()
    server.httpd.server_close()
    client, waits = server.client(tries=3)
    with pytest.raises(HttpError, match="Connection refused") as caught:
        client.send(CREATE)
    assert not caught.value.may_have_been_processed
    assert len(waits) == 2


def test_a_wait_of_an_hour_fails_at_once_and_says_when_to_come_back(server: Server) -> None:
    server.answers = [answer(429, {"code": "TooManyRequests", "message": "slow down"}, Retry_After="3600")]
    client, waits = server.client(total=60)
    with pytest.raises(HttpError, match="come back in 3600 seconds") as caught:
        client.send(READ)
    assert waits == []
    assert caught.value.failure.retry_after == 3600
    assert caught.value.failure.code == "TooManyRequests"


def test_a_refusal_is_not_tried_again_and_says_what_the_vendor_says(server: Server) -> None:
    server.answers = [answer(403, {"code": "Forbidden", "message": f"no, {SECRET}"}, X_Request_Id="r-1")]
    client, _waits = server.client()
    with pytest.raises(HttpError) as caught:
        client.send(READ)
    assert str(caught.value) == (
        f"Vendor answered with HTTP 403. The request was GET {server.url}/thing. Vendor says: Forbidden: no, ********."
        " Request id: r-1. Do this."
    )
    assert caught.value.failure.status == 403
    assert caught.value.failure.request_id == "r-1"


def test_a_server_that_never_recovers_is_given_up(server: Server) -> None:
    server.answers = [answer(500)]
    client, waits = server.client(tries=4)
    with pytest.raises(HttpError, match="Gave up after 4 tries"):
        client.send(READ)
    assert len(waits) == 3


def test_a_redirect_is_not_followed_and_named(server: Server) -> None:
    server.answers = [answer(302, Location="http://127.0.0.1:1/elsewhere")]
    client, _waits = server.client()
    with pytest.raises(HttpError, match="redirect"):
        client.send(READ)
    assert len(server.requests) == 1


def test_an_answer_that_is_too_large_is_refused_without_reading_it_all(server: Server) -> None:
    server.answers = [answer(200, b" " * (MAX_BODY_BYTES + 1024 * 1024))]
    client, _waits = server.client()
    with pytest.raises(HttpError, match="more than 8 MB"):
        client.send(READ)


def test_a_netrc_entry_does_not_replace_the_credentials(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers = [OK]
    client, _waits = server.client()
    client.send(READ)
    assert server.requests[0][2]["Authorization"] == f"Bearer {SECRET}"


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in PROXY_VARIABLES.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_proxies")
def test_a_proxy_of_the_environment_is_used_except_for_hosts_that_it_leaves_out(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [answer(502)]
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    server.url = "https://localhost:1"
    client, _waits = server.client(tries=1)
    with pytest.raises(HttpError, match=r"the proxy answered with HTTP 502.*\(HTTPS_PROXY\)"):
        client.send(READ)
    assert [(method, path) for method, path, _headers in server.requests] == [("CONNECT", "localhost:1")]
    # The credentials are for whom the tunnel leads to.
    assert SECRET not in str(server.requests)
    monkeypatch.setenv("NO_PROXY", "localhost")
    client, _waits = server.client(tries=1)
    with pytest.raises(HttpError, match="cannot be reached"):
        client.send(READ)


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_what_is_for_this_machine_does_not_leave_it_by_way_of_a_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy = Server()
    monkeypatch.setenv(name, proxy.url)
    server.answers = [OK]
    client, _waits = server.client()
    with serving(proxy.httpd):
        assert client.send(READ).body == {"fine": True}
    assert proxy.requests == []


@pytest.mark.usefixtures("no_proxies")
@keeping
def test_clients_that_share_use_one_connection_and_keep_their_credentials_to_themselves(server: Server) -> None:
    server.answers = [OK]
    clients = Clients()
    secrets = [f"{SECRET}-{number}" for number in range(3)]
    for secret in secrets:
        server.client(secret, clients)[0].send(READ)
    assert server.connections == 1
    assert [headers["Authorization"] for *_request, headers in server.requests] == [f"Bearer {it}" for it in secrets]


@pytest.mark.usefixtures("no_proxies")
@keeping
def test_clients_that_share_nothing_have_connections_of_their_own(server: Server) -> None:
    server.answers = [OK]
    for _number in range(3):
        server.client()[0].send(READ)
    assert server.connections == 3


@pytest.mark.usefixtures("no_proxies")
@keeping
def test_many_threads_keep_as_many_connections_and_throw_none_away(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    threads = 128
    server.answers = [OK]
    together = threading.Barrier(threads, timeout=30)
    clients = Clients()

    def call(number: int) -> None:
        client = server.client(f"{SECRET}-{number}", clients)[0]
        together.wait()
        for _time in range(3):
            client.send(READ)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, range(threads)))
    assert len(server.requests) == 3 * threads
    assert server.connections <= threads
    assert "pool is full" not in caplog.text


def test_cookies_are_not_kept(server: Server) -> None:
    server.answers = [answer(200, b"{}", Set_Cookie="session=1"), OK]
    client, _waits = server.client()
    client.send(READ)
    client.send(READ)
    assert "Cookie" not in server.requests[1][2]


def test_a_slow_answer_ends_with_a_timeout(server: Server) -> None:
    release = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        release.wait(5)
        OK(handler)

    server.answers = [hang]
    client, _waits = server.client(request_timeout=0.2, tries=1)
    with pytest.raises(HttpError, match="did not answer in time") as caught:
        client.send(CREATE)
    release.set()
    assert caught.value.failure.code == "timeout"
    assert caught.value.may_have_been_processed


def speak_tls(server: Server) -> trustme.CA:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.httpd.socket = context.wrap_socket(server.httpd.socket, server_side=True)
    server.url = server.url.replace("http://", "https://")
    return authority


def test_an_authority_of_the_environment_is_trusted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "authority.pem"
    speak_tls(server).cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    server.answers = [OK]
    for clients in (None, Clients()):
        client, _waits = server.client(clients=clients)
        assert client.send(READ).body == {"fine": True}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_the_environment_that_is_not_there_is_named_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, "/nowhere/authority.pem")
    with pytest.raises(InvalidArgument, match=rf"^{name}: expected .*'/nowhere/authority.pem'"):
        server.client()


def test_a_certificate_that_cannot_be_trusted_is_named_as_such_and_nothing_is_sent(server: Server) -> None:
    speak_tls(server)
    client, waits = server.client()
    with pytest.raises(HttpError, match=r"certificate that cannot be trusted.*REQUESTS_CA_BUNDLE") as caught:
        client.send(CREATE)
    assert caught.value.failure.code == "certificate"
    assert waits == []
    assert server.requests == []
