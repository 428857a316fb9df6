# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limit is waited for in a time of its own, by all who share it together and in their order, and no error is."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import CLOCK
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.call import (
    Call,
    HttpError,
    RetryPolicy,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.client import HttpClient
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.rate_limits import Own, Turn
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor

from tests.clock import Hurried
from tests.serving import QuietHandler, serving

HOURS = 7200.0
Answer = tuple[int, dict[str, str]]
OK: Answer = (200, {})
USED_UP = {"X-Rate-Limit": "500", "X-Rate-Limit-Remaining": "0"}


def limited(seconds: object, **more: str) -> Answer:
    return 429, {"Retry-After": str(seconds), **more}


class Server:
    """Answers with what ``decide`` returns for the path, and remembers who has asked when."""

    def __init__(self) -> None:
        self.decide: Callable[[str], Answer] = lambda _path: OK
        self.asked: list[tuple[float, str, int]] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with outer._lock:
                    status, headers = outer.decide(self.path)
                    outer.asked.append((time.monotonic(), self.path, status))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "2"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def answer(self, *answers: Answer) -> None:
        """Answer each request with the next of these, the last one for ever."""
        left = list(answers)
        self.decide = lambda _path: left.pop(0) if len(left) > 1 else left[0]

    def allow(self, count: int, seconds: float) -> None:
        """Allow so many requests in a rolling window; whole seconds are what a refusal names, as Fivetran does."""
        allowed: deque[float] = deque()

        def decide(_path: str) -> Answer:
            now = time.monotonic()
            while allowed and allowed[0] <= now - seconds:
                allowed.popleft()
            if len(allowed) >= count:
                return limited(max(1, -int(-(allowed[0] + seconds - now) // 1)))
            allowed.append(now)
            return OK

        self.decide = decide

    def client(self, clients: Clients, limits_of: Any = lambda _call: ("requests",), **policy: float) -> HttpClient:
        return HttpClient(
            vendor="Vendor",
            base_url=self.url,
            authorization="Bearer x",
            redactor=Redactor([]),
            clients=clients,
            policy=RetryPolicy(**{"limits": HOURS, **policy}),  # type: ignore[arg-type]
            limits_of=limits_of,
        )


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server.httpd):
        yield server


def call(path: str = "/thing") -> Call:
    return Call("GET", path)


# How long


def test_an_hour_is_waited_for_although_errors_have_no_more_than_a_minute(server: Server) -> None:
    server.answer(limited(3600), OK)
    hurried = Hurried()
    client = server.client(Clients(hurried.clock), total=60.0)
    assert client.send(call()).status == 200
    assert 3600 <= sum(hurried.waits) <= 3606
    assert client.waited >= 3600


def test_refusals_for_a_limit_are_no_tries(server: Server) -> None:
    server.answer(*[limited(60)] * 20, (500, {}), OK)
    assert server.client(Clients(Hurried().clock), tries=2, total=60.0).send(call()).status == 200


def test_an_outage_fails_in_its_own_time_also_after_a_limit(server: Server) -> None:
    server.answer(limited(3600), (503, {}))
    hurried = Hurried()
    with pytest.raises(HttpError, match="Gave up"):
        server.client(Clients(hurried.clock), tries=50, total=60.0).send(call())
    assert 3610 < sum(hurried.waits) <= 3606 + 60


def test_a_call_with_a_longer_time_of_its_own_loses_nothing_of_it_to_a_limit(server: Server) -> None:
    server.answer(limited(3600), (503, {}), OK)
    test = Call("GET", "/test", request_timeout=100.0)
    assert server.client(Clients(Hurried().clock), total=60.0).send(test).status == 200


def test_what_is_asked_for_is_waited_for_until_the_time_for_limits_is_used_up(server: Server) -> None:
    server.answer(limited(3000))
    hurried = Hurried()
    with pytest.raises(HttpError, match=r"come back in 3000 seconds, longer than what is left of the 7200") as caught:
        server.client(Clients(hurried.clock)).send(call())
    assert 6000 <= sum(hurried.waits) <= 6012
    assert "Run again then" in caught.value.msg
    assert caught.value.failure.retry_after == 3000


@pytest.mark.parametrize("seconds", [7300, 604800])
def test_what_is_longer_fails_at_once_and_closes_the_limit_to_nobody(server: Server, seconds: int) -> None:
    server.decide = lambda path: limited(seconds) if path == "/thing" else OK
    hurried = Hurried()
    clients = Clients(hurried.clock)
    with pytest.raises(HttpError, match=f"come back in {seconds} seconds") as caught:
        server.client(clients).send(call())
    assert ("ask its support" in caught.value.msg) is (seconds > 86400)
    assert server.client(clients).send(call("/other")).status == 200
    assert hurried.waits == []


def test_who_waits_for_no_limit_says_so_at_once(server: Server) -> None:
    server.answer(limited(1))
    with pytest.raises(HttpError, match="the 0 seconds that a call may wait for limits"):
        server.client(Clients(Hurried().clock), limits=0.0).send(call())


@pytest.mark.parametrize("asked", ["-5", "soon", "0", "1e9", "9" * 30, "Mon, 01 Jan 2001 00:00:00 GMT", ""])
def test_a_time_that_makes_no_sense_is_replaced_by_waits_that_grow(server: Server, asked: str) -> None:
    server.answer(*[limited(asked, **USED_UP)] * 8, OK)
    hurried = Hurried()
    assert server.client(Clients(hurried.clock), tries=2, total=5.0).send(call()).status == 200
    assert len(server.asked) == 9
    assert 30 < sum(hurried.waits) < 300


def test_a_limit_without_any_sensible_time_ends_with_the_time_for_limits(server: Server) -> None:
    server.answer(limited("soon", **USED_UP))
    hurried = Hurried()
    with pytest.raises(HttpError, match="does not say until when"):
        server.client(Clients(hurried.clock), limits=600.0).send(call())
    assert 500 < sum(hurried.waits) < 660


def test_a_refusal_that_speaks_of_no_limit_has_no_more_time_than_an_error(server: Server) -> None:
    server.answer((429, {}))
    hurried = Hurried()
    with pytest.raises(HttpError, match="Gave up"):
        server.client(Clients(hurried.clock), total=60.0).send(call())
    assert sum(hurried.waits) <= 60


def test_a_date_is_waited_for(server: Server) -> None:
    server.answer(limited(formatdate(time.time() + 1800, usegmt=True)), OK)
    hurried = Hurried()
    assert server.client(Clients(hurried.clock)).send(call()).status == 200
    assert 1790 < sum(hurried.waits) < 1810


# Together


@pytest.mark.slow
def test_many_who_share_a_limit_come_back_one_after_the_other_and_none_starves(server: Server) -> None:
    server.allow(4, 1.0)
    told: list[str] = []
    clients = Clients(tell=told.append)

    def send(number: int) -> int:
        return server.client(clients, limits=12.0).send(call(f"/{number}")).status

    with ThreadPoolExecutor(16) as pool:
        assert [send(number) for number in range(4)] == [200] * 4
        first = pool.submit(send, 4)
        while len(server.asked) < 5:
            time.sleep(0.01)
        time.sleep(0.1)
        assert list(pool.map(send, range(5, 16))) == [200] * 11
        assert first.result() == 200
    refusals = Counter(path for _at, path, status in server.asked if status == 429)
    # If all came back at once, they would be refused eight, four and four times.
    assert sum(refusals.values()) <= 6
    assert max(refusals.values()) <= 3


def test_who_comes_later_is_not_sent_before_the_limit_opens(server: Server) -> None:
    server.answer(limited(1), OK)
    clients = Clients()
    first = threading.Thread(target=lambda: server.client(clients).send(call("/first")))
    first.start()
    while not server.asked:
        time.sleep(0.01)
    time.sleep(0.1)
    server.client(clients).send(call("/second"))
    first.join()
    assert [(path, status) for _at, path, status in server.asked] == [
        ("/first", 429),
        ("/first", 200),
        ("/second", 200),
    ]
    assert server.asked[-1][0] - server.asked[0][0] >= 1.0


def test_a_limit_of_one_kind_stops_no_other(server: Server) -> None:
    server.decide = lambda path: limited(3600) if path == "/test" else OK
    hurried = Hurried()
    clients = Clients(hurried.clock)

    def limits_of(asked: Call) -> tuple[str, ...]:
        return ("requests", "setup tests") if asked.path == "/test" else ("requests",)

    client = server.client(clients, limits_of, limits=4000.0)
    with pytest.raises(HttpError):
        client.send(call("/test"))
    waited = len(hurried.waits)
    client.send(call())
    assert len(hurried.waits) == waited


def test_a_wait_is_told_once_with_the_time_of_day_and_short_ones_are_not(server: Server) -> None:
    told: list[str] = []
    server.answer(limited(3600), limited(1), limited(2), OK)
    server.client(Clients(Hurried().clock, tell=told.append)).send(call())
    [line] = told
    assert line.startswith("Vendor's rate limit for requests is reached. Whatever needs it waits 60 min, until ")
    assert line.endswith(" UTC, and then goes on.")


def test_who_was_refused_first_goes_on_first() -> None:
    store, order = Own(), list[int]()
    turns = [Turn(store, "x", "V", "requests", 60.0, CLOCK, lambda _line: None) for _number in range(6)]
    for turn in turns:
        turn.refused(0.3)

    def go_on(number: int) -> None:
        turns[number].take()
        order.append(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(go_on, reversed(range(6))))
    assert order == list(range(6))


def test_who_has_gone_without_a_word_keeps_nobody_waiting() -> None:
    hurried, store = Hurried(), Own()
    gone, other = (Turn(store, "x", "V", "requests", 60.0, hurried.clock, lambda _line: None) for _number in "ab")
    gone.refused(10.0)
    other.refused(10.0)
    assert 10.0 <= other.take() <= 20.0


def test_a_call_that_nothing_was_refused_to_costs_no_wait() -> None:
    turn = Turn(Own(), "x", "V", "requests", 60.0, CLOCK, lambda _line: None)
    assert turn.take() == 0.0
