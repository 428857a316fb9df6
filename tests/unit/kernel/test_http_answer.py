# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that no vendor sends, and that end a call clearly all the same."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.answer import requested_wait
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import (
    Call,
    Explanation,
    HttpError,
    RetryPolicy,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.client import HttpClient
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from hypothesis import given
from hypothesis import strategies as st

from tests import peer
from tests.clock import Hurried

READ = Call("GET", "/thing")
NOW = 1_800_000_000.0
ESCAPES = "\x1b[2J\x1b]0;title\x07\r\nfake line\u202e\u2028"


def explain(_status: int, body: Any) -> Explanation:
    envelope = body if isinstance(body, dict) else {}
    return Explanation(str(envelope.get("code")), str(envelope.get("message")))


@contextmanager
def answering(head: bytes, body: bytes) -> Iterator[HttpClient]:
    """Yield a client of a server that gives always this answer, as it is."""

    def behave(connection: socket.socket) -> None:
        # Said, so that nobody sends another request into a connection that is being closed.
        peer.say(connection, head + b"\r\nConnection: close\r\n\r\n" + body)

    with peer.peer(behave) as address:
        yield HttpClient(
            vendor="Vendor",
            base_url=f"http://{address}",
            authorization="x",
            redactor=Redactor(["s3cret-value"]),
            policy=RetryPolicy(request_timeout=5.0, tries=3),
            explain=explain,
            clients=Clients(Hurried().clock),
        )


def failure_of(head: bytes, body: bytes = b"{}") -> HttpError:
    with answering(head, body) as client, pytest.raises(HttpError) as caught:
        client.send(READ)
    error = caught.value
    assert error.msg.startswith("Vendor ")
    assert error.msg.isprintable()
    assert "Traceback" not in error.msg
    assert "object at 0x" not in error.msg
    json.dumps(error.as_result()).encode()
    return error


NO_HTTP = [
    b"",
    b"\x00\xff" * 100,
    b"SSH-2.0-OpenSSH_9.6",
    b"HTTP/1.1 abc OK",
    b"HTTP/1.1 999999 OK",
    b"HTTP/9.9 200 OK",
    b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000,
    b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200,
    b"HTTP/1.1 200 OK\r\nContent-Length: 7, 8",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate, gzip, gzip, gzip, gzip, gzip",
]


@pytest.mark.parametrize("head", NO_HTTP, ids=[str(head[:50]) for head in NO_HTTP])
def test_what_is_no_http_is_a_failure_of_the_call(head: bytes) -> None:
    assert failure_of(head).failure.code in ("invalid_answer", "connection_failed")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"a":' * 100_000,
        b"9" * 5000,
        b"NaN",
        b'{"a": -Infinity}',
        b'"\xed\xa0\x80"',
        b"\xff\xfe{\x00}\x00",
        b'{"a": "\xff"}',
    ],
    ids=lambda body: str(body[:10]),
)
@pytest.mark.parametrize("status", [200, 403])
def test_what_is_no_sensible_json_is_a_failure_of_the_call(body: bytes, status: int) -> None:
    error = failure_of(b"HTTP/1.1 %d Whatever\r\nContent-Length: %d" % (status, len(body)), body)
    assert error.failure.code == ("invalid_answer" if status == 200 else "http_403")


@pytest.mark.parametrize(
    "header",
    [
        b"Retry-After: " + b"9" * 400,
        b"Retry-After: \xb2",
        b"Retry-After: -1",
        b"Retry-After: 1e99",
        b"Retry-After: Mon, 01 Jan 99999 00:00:00 GMT",
        b"Retry-After: Mon, 01 Jan 2024 00:00:00 +999999",
        b"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: " + b"9" * 400,
        b"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: \xb2",
    ],
    ids=lambda header: str(header[:40]),
)
def test_a_wish_to_wait_that_makes_no_sense_is_a_refusal_all_the_same(header: bytes) -> None:
    error = failure_of(b"HTTP/1.1 429 Too Many\r\nContent-Length: 2\r\n" + header)
    assert error.failure.status == 429
    assert "Gave up after 3 tries" in error.msg


@given(
    st.dictionaries(st.sampled_from(["date", "retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text())
)
def test_whatever_a_header_says_it_asks_for_a_number_of_seconds_or_for_nothing(headers: dict[str, str]) -> None:
    wait = requested_wait(headers, NOW)
    assert wait is None or 0 <= wait < 1e12


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000030"}, 30.0),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1800000030"}, None),
        # There it is an hour later than here.
        ({"retry-after": "Fri, 15 Jan 2027 09:01:00 GMT", "date": "Fri, 15 Jan 2027 09:00:00 GMT"}, 60.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT", "date": "today"}, 60.0),
        ({}, None),
    ],
)
def test_what_a_server_asks_for_is_understood(headers: dict[str, str], wait: float | None) -> None:
    assert requested_wait(headers, NOW) == wait


def test_what_a_refusal_says_is_one_printable_line() -> None:
    said = {"code": f"No{ESCAPES}", "message": f"s3cret-value{ESCAPES}", "more": "\ud800"}
    body = json.dumps(said).encode()
    head = b"HTTP/1.1 403 No\r\nX-Request-Id: a\x1b[2Jb\x07\r\nContent-Length: %d" % len(body)
    error = failure_of(head, body)
    assert error.failure.code == "No\ufffd[2J\ufffd]0;title\ufffd fake line\ufffd"
    assert error.failure.message == f"********{error.failure.code[2:]}"
    assert error.failure.request_id == "a\ufffd[2Jb\ufffd"
    assert error.body["more"] == "\ufffd"


def test_half_a_surrogate_pair_is_replaced_wherever_it_stands() -> None:
    body = rb'{"\ud800": ["a\uDFFFb", {"c": "\ud83d\ude00"}], "n": 1}'
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d" % len(body), body) as client:
        answer = client.send(READ).body
    assert answer == {"\ufffd": ["a\ufffdb", {"c": "\N{GRINNING FACE}"}], "n": 1}


def test_a_redirect_is_named_whatever_it_leads_to_and_however_long_it_is() -> None:
    for location in (b"http://[", b"\xff\xfe", b"//", b"http://user:s3cret-value@elsewhere/"):
        error = failure_of(b"HTTP/1.1 302 Found\r\nLocation: " + location, b" " * 10_000_000)
        assert error.failure.code in ("redirect", "too_large")
        assert "s3cret-value" not in error.msg


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", "/thing", query={"schema": "\ud800"}),
        Call("POST", "/thing", body={"a": float("nan")}),
    ],
    ids=["query", "body"],
)
def test_what_cannot_be_sent_is_named_and_not_tried_again(call: Call) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2", b"{}") as client, pytest.raises(HttpError) as caught:
        client.send(call)
    assert caught.value.failure.code == "invalid_request"
    assert not caught.value.may_have_been_processed
    assert caught.value.msg.isprintable()
