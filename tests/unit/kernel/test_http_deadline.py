# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call ends at its deadline, whatever the other end does, and whatever stands in between."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import (
    Call,
    HttpError,
    RetryPolicy,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.client import HttpClient
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor

from tests import peer
from tests.peer import DRIPPING, PAUSE, Behavior

READ = Call("GET", "/thing")
LIMIT = 0.3
# What a machine that is busy with other tests may need beside: those that ask are never answered, or try for minutes.
SLACK = 20.0


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def client(url: str, **policy: float) -> HttpClient:
    limits = RetryPolicy(**{"request_timeout": LIMIT, "tries": 1, **policy})  # type: ignore[arg-type]
    return HttpClient(vendor="Vendor", base_url=url, authorization="x", redactor=Redactor([]), policy=limits)


def ends_in_time(url: str, limit: float = LIMIT, call: Call = READ, **policy: float) -> HttpError:
    """Return the error of a call that must not take longer than ``limit``."""
    asker = client(url, **policy)
    started = time.monotonic()
    with pytest.raises(HttpError) as caught:
        asker.send(call)
    assert time.monotonic() - started < limit + SLACK
    return caught.value


@pytest.mark.parametrize("behavior", DRIPPING.values(), ids=DRIPPING.keys())
def test_a_server_that_never_ends_is_given_up_in_time(behavior: Behavior) -> None:
    with peer.peer(behavior) as address:
        error = ends_in_time(f"http://{address}")
    assert error.failure.code == "timeout"
    assert error.may_have_been_processed


def test_all_tries_together_end_in_time() -> None:
    with peer.peer(peer.drips_its_body) as address:
        error = ends_in_time(f"http://{address}", 1.0, total=1.0, tries=999)
    assert "Gave up after" in error.msg


def test_a_call_with_a_time_of_its_own_has_it_for_all_its_tries() -> None:
    with peer.peer(peer.drips_its_head) as address:
        ends_in_time(f"http://{address}", 0.6, Call("POST", "/test", request_timeout=0.6), tries=999)


def test_what_arrives_slowly_and_in_time_is_an_answer() -> None:
    body = b'{"fine": true}'

    def slowly(connection: socket.socket) -> None:
        head = peer.HEAD + b"Content-Length: %d\r\n\r\n" % len(body)
        peer.say(connection, head, (body[n : n + 1] for n in range(len(body))), pause=0.01)

    with peer.peer(slowly) as address:
        assert client(f"http://{address}", request_timeout=5.0).send(READ).body == {"fine": True}


def test_a_connection_is_used_again_with_the_whole_time() -> None:
    answer = peer.HEAD + b"Content-Length: 2\r\n\r\n{}"

    def late(connection: socket.socket) -> None:
        while connection.recv(64 * 1024):
            time.sleep(0.6)
            connection.sendall(answer)

    with peer.peer(late) as address:
        asker = client(f"http://{address}", request_timeout=1.0)
        for _time in range(3):
            assert asker.send(READ).body == {}


# Over TLS


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Make an authority, and a server's context with a certificate of it."""
    authority, bundle = trustme.CA(), tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return bundle, context


@pytest.fixture
def trusted(made_once: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return the context of a server that is trusted."""
    bundle, context = made_once
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return context


def over_tls(context: ssl.SSLContext, behavior: Behavior) -> Behavior:

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            behavior(tls)

    return wrapped


@pytest.mark.parametrize("behavior", DRIPPING.values(), ids=DRIPPING.keys())
def test_over_tls_as_well(trusted: ssl.SSLContext, behavior: Behavior) -> None:
    with peer.peer(over_tls(trusted, behavior)) as address:
        assert ends_in_time(f"https://{address}").failure.code == "timeout"


@contextmanager
def dripping_relay(target: str, *, fast: int) -> Iterator[str]:
    """Pass on everything to ``target``, and of its answers byte by byte what comes after the first ``fast`` ones."""

    def relay(near: socket.socket) -> None:
        host, _colon, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            threading.Thread(target=_pass_on, args=(near, far), daemon=True).start()
            passed = 0
            while content := far.recv(64 * 1024):
                at_once, rest = content[: max(fast - passed, 0)], content[max(fast - passed, 0) :]
                near.sendall(at_once)
                passed += len(content)
                for byte in rest:
                    time.sleep(PAUSE)
                    near.sendall(bytes([byte]))

    with peer.peer(relay) as address:
        yield address


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    while content := near.recv(64 * 1024):
        far.sendall(content)


@pytest.mark.parametrize("fast", [0, 100_000], ids=["handshake", "answer"])
def test_a_record_of_tls_that_drips_in_ends_in_time(trusted: ssl.SSLContext, fast: int) -> None:
    def answer(connection: socket.socket) -> None:
        peer.say(connection, peer.HEAD + b"Content-Length: 200000\r\n\r\n" + b" " * 200_000)

    with peer.peer(over_tls(trusted, answer)) as target, dripping_relay(target, fast=fast) as address:
        assert ends_in_time(f"https://{address}").failure.code == "timeout"


# By way of a proxy


@pytest.mark.parametrize("scheme", ["http", pytest.param("https", marks=pytest.mark.slow)])
@pytest.mark.parametrize("behavior", DRIPPING.values(), ids=DRIPPING.keys())
def test_a_proxy_that_never_connects_is_named_in_time(
    trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, behavior: Behavior, scheme: str
) -> None:
    with peer.peer(behavior if scheme == "http" else over_tls(trusted, behavior)) as address:
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://user:pa55word@{address}")
        error = ends_in_time("https://api.example.com")
    assert "pa55word" not in error.msg
    assert f"the proxy {address} (HTTPS_PROXY)" in error.msg


def test_a_proxy_that_refuses_is_named_with_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer.peer(lambda connection: peer.say(connection, b"HTTP/1.1 407 Go away\r\n\r\n")) as address:
        monkeypatch.setenv("https_proxy", f"http://user:pa55word@{address}")
        error = ends_in_time("https://api.example.com")
    assert error.failure.code == "proxy"
    assert f"Cause: the proxy answered with HTTP 407; the way leads through the proxy {address}" in error.msg
    assert "pa55word" not in error.msg
    assert not error.may_have_been_processed


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("ALL_PROXY", f"http://user:pa55word@{address}")
    error = ends_in_time("https://api.example.com")
    assert error.failure.code == "proxy"
    assert f"Connection refused; the way leads through the proxy {address} (ALL_PROXY)" in error.msg
    assert "closed the connection" not in error.msg
    assert "pa55word" not in error.msg
