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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._http import (
    MAX_BODY_BYTES,
    Call,
    Explanation,
    HttpClient,
    HttpError,
    RetryPolicy,
    check_base_url,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._redact import Redactor

SECRET = "a-distinctive-secret-value"
Answer = Callable[[BaseHTTPRequestHandler], None]
READ = Call("GET", "/thing")
CREATE = Call("POST", "/thing", body={"a": 1}, repeatable=False)


def explain(_status: int, body: Any) -> Explanation:
    envelope = body if isinstance(body, dict) else {}
    return Explanation(envelope.get("code", "none"), envelope.get("message", ""), "Do this.")


class Server:
    """Answers each request with the next of the scripted answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                outer.requests.append((self.command, self.path, dict(self.headers)))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                answer(self)

            do_GET = do_POST = answer

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def client(self, **policy: float) -> tuple[HttpClient, list[float]]:
        """Return a client of this server, and the waits that it would have made."""
        waits: list[float] = []
        client = HttpClient(
            vendor="Vendor",
            base_url=self.url,
            authorization=f"Bearer {SECRET}",
            redactor=Redactor([SECRET]),
            policy=RetryPolicy(**policy),  # type: ignore[arg-type]
            explain=explain,
            sleep=waits.append,
        )
        return client, waits


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.httpd.shutdown()
    server.httpd.server_close()


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


def test_a_certificate_that_cannot_be_trusted_is_named_as_such_and_nothing_is_sent(server: Server) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.httpd.socket = context.wrap_socket(server.httpd.socket, server_side=True)
    server.url = server.url.replace("http://", "https://")
    client, waits = server.client()
    with pytest.raises(HttpError, match=r"certificate that cannot be trusted.*REQUESTS_CA_BUNDLE") as caught:
        client.send(CREATE)
    assert caught.value.failure.code == "certificate"
    assert waits == []
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.fivetran.com",
        "ftp://api.fivetran.com",
        "api.fivetran.com",
        "https://user:password@api.fivetran.com",
        "https://api.fivetran.com?x=1",
        "",
    ],
)
def test_a_url_that_credentials_must_not_be_sent_to_is_refused_naming_the_option(url: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^some_url: "):
        check_base_url("some_url", url)


@pytest.mark.parametrize(
    "url", ["https://api.fivetran.com/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"]
)
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert check_base_url("some_url", url) == url.rstrip("/")
