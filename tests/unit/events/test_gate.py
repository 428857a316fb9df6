# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only what Fivetran has signed becomes an event, only while it is new, and only once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.redact import Scrubber
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.event import LONGEST_TEXT, Event, EventKind
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gate import Gate, Rate, Reply, event_of
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.fivetran_webhooks import signature

SECRET = "a-secret-of-a-webhook"
NOW = datetime(2026, 3, 1, 14, 10, tzinfo=UTC)
POSTED = {
    "event": "sync_end",
    "created": NOW.isoformat(),
    "connector_type": "braze",
    "connector_id": "patient_harbor",
    "connector_name": "braze_shop_us",
    "sync_id": "0b0c",
    "destination_group_id": "jovial_daylight",
    "data": {"status": "FAILURE_WITH_TASK", "reason": "The role cannot be assumed."},
}


def body(**changes: Any) -> bytes:
    return json.dumps({**POSTED, **changes}).encode()


def reply_of(gate: Gate, content: bytes, signed: str | None = None, now: datetime = NOW) -> Reply:
    return gate.reply(signature(SECRET, content) if signed is None else signed, content, now)


def test_what_is_signed_becomes_an_event_with_all_that_is_known() -> None:
    event = reply_of(Gate([SECRET]), body()).event
    assert event is not None
    emitted = event.as_emitted(Scrubber(b"key"))["fivetran"]
    assert emitted == {
        "kind": "broken",
        "connection_id": "patient_harbor",
        "schema": "braze_shop_us",
        "group_id": "jovial_daylight",
        "service": "braze",
        "at": "2026-03-01T14:10:00+00:00",
        "source": "webhook",
        "before": None,
        "after": {"setup_state": "broken"},
        "reason": "The role cannot be assumed.",
        "sync_id": "0b0c",
        "name": "sync_end",
    }
    assert not isinstance(emitted["kind"], EventKind)


@pytest.mark.parametrize(
    ("posted", "kind"),
    [
        ({"event": "sync_start"}, EventKind.SYNC_STARTED),
        ({"data": {"status": "SUCCESSFUL"}}, EventKind.SYNC_SUCCEEDED),
        ({"data": {"status": "FAILURE"}}, EventKind.SYNC_FAILED),
        ({"data": {"status": "FAILED"}}, EventKind.SYNC_FAILED),
        ({"data": {"status": "FAILURE_WITH_TASK"}}, EventKind.BROKEN),
        ({"data": {"status": "NEW_WORD"}}, EventKind.OTHER),
        ({"data": None}, EventKind.OTHER),
        ({"event": "connection_failure"}, EventKind.TESTS_FAILED),
        ({"event": "connection_successful"}, EventKind.TESTS_PASSED),
        ({"event": "pause_connector"}, EventKind.PAUSED),
        ({"event": "resume_connector"}, EventKind.RESUMED),
        ({"event": "create_connector"}, EventKind.CREATED),
        ({"event": "edit_connector"}, EventKind.EDITED),
        ({"event": "delete_connector"}, EventKind.DELETED),
        ({"event": "dbt_run_start"}, EventKind.OTHER),
    ],
)
def test_each_event_has_a_kind(posted: dict[str, Any], kind: EventKind) -> None:
    event = reply_of(Gate([SECRET]), body(**posted)).event
    assert event is not None
    assert event.kind is kind


@pytest.mark.parametrize("name", ["connection_successful", "connection_failure"])
def test_how_setup_tests_went_does_not_tell_how_the_connection_is(name: str) -> None:
    assert event_of({**POSTED, "event": name}).after is None


def test_a_group_has_its_old_name_too() -> None:
    old = {name: value for name, value in POSTED.items() if name != "destination_group_id"}
    assert event_of({**old, "group_id": "jovial_daylight"}).group_id == "jovial_daylight"


def test_a_connection_has_its_new_name_too() -> None:
    new = {name.replace("connector_", "connection_"): value for name, value in POSTED.items()}
    event = event_of({**new, "connector_type": "braze"})
    assert (event.connection_id, event.schema, event.service) == ("patient_harbor", "braze_shop_us", "braze")


@pytest.mark.parametrize("signed", ["", "0" * 64, "é" * 64, "\ud800", signature("another secret", body())])
def test_what_is_not_signed_with_the_secret_is_refused(signed: str) -> None:
    answered = reply_of(Gate([SECRET]), body(), signed)
    assert (answered.status, answered.event) == (401, None)


def test_a_signature_counts_in_capital_and_in_small_letters() -> None:
    made = signature(SECRET, body())
    assert reply_of(Gate([SECRET]), body(), made.lower()).event
    assert reply_of(Gate([SECRET]), body(), made.upper()).event


def test_a_changed_body_has_no_valid_signature() -> None:
    assert reply_of(Gate([SECRET]), body(connector_id="another"), signature(SECRET, body())).status == 401


def test_while_a_secret_is_replaced_both_count() -> None:
    gate = Gate(["the-one-that-comes", SECRET])
    assert reply_of(gate, body()).event
    assert reply_of(gate, body(), signature("the-one-that-comes", body())).event
    assert not reply_of(Gate(["the-one-that-comes"]), body()).event


def test_a_test_is_answered_and_is_no_event() -> None:
    content = json.dumps({"event": "test_event", "created": "timestamp"}).encode()
    assert reply_of(Gate([SECRET]), content) == Reply(200, "Somebody listens.")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"sync_end"', b"{}", b'{"event": 1}', b"[" * 100_000, b'{"event": ""}'],
)
def test_what_is_signed_and_no_event_is_refused(content: bytes) -> None:
    answered = reply_of(Gate([SECRET]), content)
    assert (answered.status, answered.event) == (400, None)


@given(st.binary(max_size=300))
def test_no_body_ends_it(content: bytes) -> None:
    assert reply_of(Gate([SECRET]), content).status in (200, 400)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_field_of_another_type_ends_it(value: Any) -> None:
    for name in POSTED:
        reply_of(Gate([SECRET]), body(**{name: value}))


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(hours=24, minutes=30), True),
        (timedelta(hours=26), False),
        (timedelta(minutes=-2), True),
        (timedelta(minutes=-10), False),
    ],
)
def test_what_is_old_or_of_the_future_is_refused(age: timedelta, taken: bool) -> None:
    assert bool(reply_of(Gate([SECRET]), body(), now=NOW + age).event) == taken


def test_an_event_counts_once_and_is_answered_as_if_it_counted_again() -> None:
    gate = Gate([SECRET])
    # Where it could not be handed over, it is not taken, and comes again.
    assert reply_of(gate, body()).event
    assert reply_of(gate, body()).event
    gate.take(body())
    assert reply_of(gate, body()) == Reply(200, "Known already.")
    assert reply_of(gate, body(sync_id="another")).event


def test_what_is_remembered_is_bounded() -> None:
    gate = Gate([SECRET], memory=2)
    for number in range(3):
        gate.take(body(sync_id=str(number)))
    assert [bool(reply_of(gate, body(sync_id=str(number))).event) for number in range(3)] == [True, False, False]


def test_a_key_that_fivetran_quotes_does_not_come_with_the_reason() -> None:
    key = "4a1b2c3d-0000-4000-8000-0123456789ab"
    event = event_of(
        {**POSTED, "data": {"status": "FAILURE", "reason": f"Invalid API key: {key}\nTASK [x]" + "a" * 999}}
    )
    reason = event.as_emitted(Scrubber(b"key"))["fivetran"]["reason"]
    assert key not in reason
    assert "\n" not in reason
    assert len(reason) <= LONGEST_TEXT


def test_so_many_requests_a_second_and_so_many_at_once() -> None:
    rate = Rate(2, 3)
    assert [rate.one_more(100.0) for _request in range(4)] == [True, True, True, False]
    assert [rate.one_more(101.0) for _request in range(3)] == [True, True, False]
    # A clock that goes back gives nothing away.
    assert not rate.one_more(50.0)
    assert rate.one_more(60.0)


def test_what_looks_like_a_key_is_passed_on_in_no_field() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    event = Event(
        EventKind.OTHER, key, key, key, key, key, key, {"setup_state": key}, None, key, key, key
    )  # fmt: skip
    assert key not in str(event.as_emitted(Scrubber(b"key")))
