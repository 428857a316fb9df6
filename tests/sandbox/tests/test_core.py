# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's servers share: what counts as a write, scripted faults, the journal."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from aiohttp import web

from tests.sandbox.core import CALLER_HEADER, FAULT_KINDS, Fault, Hub, Server, operation
from tests.sandbox.spoiling import DRIPS, LARGE_BODY, spoiled
from tests.sandbox.tests.serving import serving, writes


class Shelf(Server):
    """A number that requests set; a clock that goes on by itself."""

    name = "shelf"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.opened = asyncio.Event()
        self.waiting = threading.Event()
        self.handled = threading.Event()
        self.reset()

    def reset(self) -> None:
        self.number = 0
        self.ticks = 0

    def state(self) -> Any:
        return {"number": self.number, "ticks": self.ticks}

    def settled_state(self) -> Any:
        return {"number": self.number}

    def redact(self, data: Any) -> Any:
        return {**data, "key": "<redacted>"} if isinstance(data, dict) and "key" in data else data

    def refusal(self, status: int) -> web.Response:
        return web.json_response({"vendor": "says no"}, status=status)

    @operation("POST", "/number", "set_number")
    async def set_number(self, request: web.Request) -> web.Response:
        self.number = (await request.json())["number"]
        self.handled.set()
        return web.json_response({"number": self.number})

    @operation("GET", "/number", "get_number")
    async def get_number(self, _request: web.Request) -> web.Response:
        self.ticks += 1
        return web.json_response({"number": self.number})

    @operation("GET", "/more", "get_more")
    async def get_more(self, _request: web.Request) -> web.Response:
        self.number += 1
        return web.json_response({"number": self.number})

    @operation("GET", "/door", "wait_for_door")
    async def wait_for_door(self, _request: web.Request) -> web.Response:
        self.waiting.set()
        await self.opened.wait()
        return web.json_response({"number": self.number})

    @operation("GET", "/late", "change_late")
    async def change_late(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        self.number += 1
        await asyncio.sleep(0.01)
        return web.json_response({})

    @operation("POST", "/open", "open_door")
    async def open_door(self, _request: web.Request) -> web.Response:
        self.opened.set()
        return web.json_response({})

    @operation("GET", "/broken", "break")
    async def break_(self, _request: web.Request) -> web.Response:
        self.number += 1
        raise RuntimeError("a fault of the sandbox itself")


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def shelf(hub: Hub) -> Iterator[Shelf]:
    server = Shelf(hub)
    with serving(hub):
        yield server


def put(shelf: Shelf, number: int, **headers: str) -> requests.Response:
    return requests.post(f"{shelf.url}/number", json={"number": number}, headers=headers, timeout=10)


def get(shelf: Shelf, path: str = "/number") -> requests.Response:
    return requests.get(shelf.url + path, timeout=10)


# What counts as a write


def test_a_get_that_changes_something_is_a_write_and_a_post_that_changes_nothing_is_none(shelf: Shelf) -> None:
    put(shelf, 5)
    put(shelf, 5)
    get(shelf)
    get(shelf, "/more")
    seen = [(entry.operation, entry.changed_state) for entry in shelf.hub.journal]
    assert seen == [
        ("shelf:set_number", True),
        ("shelf:set_number", False),
        ("shelf:get_number", False),
        ("shelf:get_more", True),
    ]


def test_a_change_after_waiting_is_a_write(shelf: Shelf) -> None:
    get(shelf, "/late")
    assert [entry.operation for entry in writes(shelf.hub)] == ["shelf:change_late"]


def test_what_another_request_changes_meanwhile_is_not_blamed_on_one_that_waits(shelf: Shelf) -> None:
    waiting = threading.Thread(target=get, args=(shelf, "/door"))
    waiting.start()
    assert shelf.waiting.wait(timeout=10)
    put(shelf, 7)
    requests.post(f"{shelf.url}/open", timeout=10)
    waiting.join(timeout=10)
    assert [entry.operation for entry in writes(shelf.hub)] == ["shelf:set_number"]
    assert "shelf:wait_for_door" in [entry.operation for entry in shelf.hub.journal]
    assert shelf.number == 7


def test_what_happens_by_itself_is_nobodys_write(shelf: Shelf) -> None:
    get(shelf)
    get(shelf)
    assert shelf.ticks == 2
    assert writes(shelf.hub) == []


def test_a_request_on_which_the_server_breaks_is_journaled_with_what_it_changed(shelf: Shelf) -> None:
    assert get(shelf, "/broken").status_code == 500
    [entry] = shelf.hub.journal
    assert (entry.operation, entry.changed_state) == ("shelf:break", True)


# The journal


def test_the_journal_holds_request_and_answer_without_secrets(shelf: Shelf) -> None:
    requests.post(f"{shelf.url}/number?page=2", json={"number": 5, "key": "s3cr3t"}, timeout=10)
    [entry] = shelf.hub.journal
    assert (entry.method, entry.path, entry.query, entry.status) == ("POST", "/number", {"page": "2"}, 200)
    assert entry.body == {"number": 5, "key": "<redacted>"}
    assert entry.answer == {"number": 5}


def test_an_unknown_path_is_journaled_as_unknown(shelf: Shelf) -> None:
    assert get(shelf, "/nowhere").status_code == 404
    assert shelf.hub.journal[0].operation == "shelf:unknown"


# Faults


def test_a_status_comes_with_the_given_headers_and_body_and_nothing_happens(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("status", status=429, headers={"Retry-After": "7"}, body={"code": "Slow"}))
    answer = put(shelf, 5)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "7", {"code": "Slow"})
    assert shelf.number == 0
    assert shelf.hub.journal[0].fault == "status"


def test_a_status_without_a_body_is_the_vendors_own_error(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("status", status=503))
    assert put(shelf, 5).json() == {"vendor": "says no"}


@pytest.mark.parametrize(("kind", "number"), [("drop", 0), ("lost_answer", 5)])
def test_a_connection_is_dropped_before_or_after_the_write_took_effect(shelf: Shelf, kind: str, number: int) -> None:
    shelf.hub.faults.append(Fault(kind))
    with pytest.raises(requests.ConnectionError):
        put(shelf, 5)
    assert shelf.number == number
    assert [entry.changed_state for entry in shelf.hub.journal] == [number == 5]


def test_a_redirect_leads_where_it_says(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("redirect", url="http://127.0.0.1:1/elsewhere", status=307))
    answer = requests.get(f"{shelf.url}/number", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:1/elsewhere")


def test_a_delay_lets_the_client_give_up_while_the_write_takes_effect(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("delay", delay=0.5))
    with pytest.raises(requests.Timeout):
        requests.post(f"{shelf.url}/number", json={"number": 5}, timeout=0.1)
    assert shelf.handled.wait(timeout=10)
    assert shelf.number == 5


@pytest.mark.parametrize("kind", ["delay", "drop"])
def test_nothing_is_held_for_somebody_who_has_hung_up(shelf: Shelf, kind: str) -> None:
    shelf.hub.faults.append(Fault(kind, delay=60))
    with pytest.raises(requests.Timeout):
        requests.post(f"{shelf.url}/number", json={"number": 5}, timeout=0.1)
    end = time.monotonic() + 10
    while not shelf.hub.journal:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert shelf.number == (5 if kind == "delay" else 0)


def is_json(answer: requests.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", ["truncate", "html", "empty"])
def test_a_spoiled_answer_is_no_json_and_the_write_took_effect(shelf: Shelf, kind: str) -> None:
    shelf.hub.faults.append(Fault(kind))
    answer = put(shelf, 5)
    assert answer.status_code == 200
    assert not is_json(answer)
    assert shelf.number == 5


def test_wrong_types_are_json_but_not_the_vendors(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("wrong_types"))
    assert put(shelf, 5).json()["data"] == "text"


def test_a_large_answer_is_larger_than_any_client_should_read(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("large"))
    assert len(put(shelf, 5).content) > LARGE_BODY


def test_json_without_a_bottom_is_no_json_to_any_client(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("deep"))
    with pytest.raises(RecursionError):
        put(shelf, 5).json()


@pytest.mark.parametrize("kind", DRIPS)
def test_a_drip_goes_on_until_the_client_has_had_enough_and_the_write_took_effect(shelf: Shelf, kind: str) -> None:
    shelf.hub.faults.append(Fault(kind))
    host, _colon, port = shelf.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        body = b'{"number": 5}'
        head = f"POST /number HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        begin, piece = DRIPS[kind]
        said = b""
        while len(said) < len(begin) + 3 * len(piece):
            said += connection.recv(64 * 1024)
        assert said.startswith(begin + piece)
        assert shelf.number == 5
        assert shelf.hub.journal == []
    wait_until(lambda: [entry.fault for entry in shelf.hub.journal] == [kind])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_hostile_headers_come_as_they_are_and_nothing_was_done(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("hostile_headers"))
    answer = put(shelf, 5)
    assert answer.status_code == 429
    assert len(answer.headers["Retry-After"]) == 400
    assert "\x1b" in answer.headers["X-Request-Id"]
    assert shelf.number == 0


LISTING = {"code": "Success", "data": {"items": [{"id": "a"}]}}


@pytest.mark.parametrize(
    ("kind", "cursors"),
    [
        ("same_cursor", ["again", "again", "again"]),
        ("circling_cursor", ["place-1", "place-0", "place-1"]),
        ("new_cursor", ["place-1", "place-2", "place-3"]),
        ("new_row", ["place-1", "place-2", "place-3"]),
    ],
)
def test_a_listing_that_does_not_end_leads_on(kind: str, cursors: list[str]) -> None:
    answers = [spoiled(web.json_response(LISTING), kind, number) for number in (1, 2, 3)]
    listings = [json.loads(bytes(answer.body))["data"] for answer in answers]  # type: ignore[arg-type]
    assert [listing["next_cursor"] for listing in listings] == cursors
    assert len({str(listing["items"]) for listing in listings}) == (3 if kind == "new_row" else 1)
    # Where the server does not know such a place, it answers all the same; and what is no listing stays as it is.
    assert spoiled(web.json_response({}, status=400), kind, 1).status == 200
    other = spoiled(web.json_response({"data": {"id": "a"}}), kind, 1)
    assert json.loads(bytes(other.body)) == {"data": {"id": "a"}}  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["same_cursor", "circling_cursor", "new_cursor"])
def test_the_listings_of_google_and_aws_lead_on_in_their_own_words(kind: str) -> None:
    google = spoiled(web.json_response({"kind": "storage#objects"}), kind, 1)
    assert json.loads(bytes(google.body))["nextPageToken"]  # type: ignore[arg-type]
    aws = spoiled(web.Response(text="<R><IsTruncated>false</IsTruncated></R>"), kind, 1)
    assert b"<IsTruncated>true</IsTruncated><Marker>" in bytes(aws.body)  # type: ignore[arg-type]


def test_a_fault_hits_as_often_as_it_says_after_those_that_it_skips(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("status", skip=1, times=2))
    assert [get(shelf).status_code for _request in range(5)] == [200, 500, 500, 200, 200]


def test_a_fault_without_end_hits_for_ever(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("status", times=0))
    assert {get(shelf).status_code for _request in range(5)} == {500}


@pytest.mark.parametrize(
    "match",
    [
        {"server": "another"},
        {"operation": "get_number"},
        {"operation": "shelf:get_number"},
        {"method": "GET"},
        {"path": "^/other"},
    ],
)
def test_a_fault_spares_what_it_does_not_match(shelf: Shelf, match: dict[str, str]) -> None:
    shelf.hub.faults.append(Fault("status", **match))  # type: ignore[arg-type]
    assert put(shelf, 5).status_code == 200


@pytest.mark.parametrize(
    "match",
    [
        {"server": "shelf"},
        {"operation": "set_number"},
        {"operation": "shelf:set_number"},
        {"method": "POST"},
        {"path": "numb"},
    ],
)
def test_a_fault_hits_what_it_matches(shelf: Shelf, match: dict[str, str]) -> None:
    shelf.hub.faults.append(Fault("status", **match))  # type: ignore[arg-type]
    assert put(shelf, 5).status_code == 500


@pytest.mark.parametrize(("caller", "hit"), [("", [500, 500]), ("outside", [500, 200]), ("fivetran", [200, 500])])
def test_a_fault_can_be_meant_for_the_setup_tests_or_for_everybody_else(
    shelf: Shelf, caller: str, hit: list[int]
) -> None:
    shelf.hub.faults.append(Fault("status", caller=caller, times=0))
    statuses = [put(shelf, 5).status_code, put(shelf, 6, **{CALLER_HEADER: "fivetran"}).status_code]
    assert statuses == hit
    assert [entry.caller for entry in shelf.hub.journal] == ["outside", "fivetran"]


def test_an_unknown_kind_of_fault_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=json.dumps(FAULT_KINDS[0])[1:-1]):
        Fault("coffee")


def test_a_reset_forgets_journal_faults_and_latency(shelf: Shelf) -> None:
    shelf.hub.faults.append(Fault("status", times=0))
    shelf.hub.latency = 0.01
    get(shelf)
    shelf.hub.reset()
    assert get(shelf).status_code == 200
    assert len(shelf.hub.journal) == 1
    assert shelf.hub.latency == 0


def test_a_request_that_began_before_a_reset_is_in_no_journal_after_it() -> None:
    hub = Hub()
    before = hub.open_entry("shelf", "get_number", "GET", "/number", {})
    hub.reset()
    after = hub.open_entry("shelf", "get_number", "GET", "/number", {})
    hub.close_entry(before)
    hub.close_entry(after)
    assert hub.journal == [after]
