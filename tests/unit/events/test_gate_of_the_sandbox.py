# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate takes what the sandbox's Fivetran posts, in each of the ways in which it may post it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.event import EventKind
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gate import SIGNATURE, Gate, Reply

from tests.sandbox.listener import Listener, listening
from tests.sandbox.tests.fivetran_api import GROUP, Api, running_api
from tests.sandbox.tests.fivetran_hooks import OF_A_SYNC, SECRET, run_syncs, webhook

TASK = {"code": "reconnect", "message": "Reconnect", "details": "The key was revoked."}


@pytest.fixture(scope="module")
def running_fivetran() -> Iterator[Api]:
    with running_api() as api:
        yield api


@pytest.fixture
def api(running_fivetran: Api) -> Api:
    running_fivetran.reset()
    return running_fivetran


@pytest.fixture
def listener(api: Api) -> Iterator[Listener]:
    with listening() as known:
        api.server.control_trust(known.authority)
        api.server.control_set_pace(sync_seconds=0.02)
        yield known


def judged(listener: Listener, gate: Gate) -> Reply:
    headers, body = listener.heard[-1]
    return gate.reply(headers[SIGNATURE], body, datetime.now(UTC))


@pytest.mark.parametrize("digits", ["upper_case", "lower_case"])
@pytest.mark.parametrize("names", ["connector", "both", "connection"])
def test_it_knows_the_secret_of_the_moment_and_the_connection_by_each_of_its_names(
    api: Api, listener: Listener, digits: str, names: str
) -> None:
    connection = api.create()["id"]
    api.server.control_manners(webhook_signature=digits, event_names=names)
    made = webhook(api, listener, ["sync_end"])
    api.server.control_edit_webhook(made, secret="another-secret-of-it")
    run_syncs(api)
    listener.wait_for(bool)
    assert judged(listener, Gate([SECRET])).status == 401
    event = judged(listener, Gate(["another-secret-of-it"])).event
    assert event is not None
    assert (event.connection_id, event.schema) == (connection, "braze")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({}, EventKind.SYNC_SUCCEEDED),
        ({"outcome": "failed", "reason": "No."}, EventKind.SYNC_FAILED),
        ({"outcome": "failed", "task": TASK, "reason": "No."}, EventKind.BROKEN),
        ({"outcome": "rescheduled", "reason": "Later."}, EventKind.OTHER),
    ],
)
def test_each_end_of_a_sync_is_an_event_of_its_own_kind(
    api: Api, listener: Listener, script: dict[str, Any], kind: EventKind
) -> None:
    path = f"/connections/{api.create()['id']}"
    webhook(api, listener, ["sync_end"])
    if script:
        api.server.control_set_sync(**script)
    api.data("POST", f"{path}/sync", {})
    listener.wait_for(bool)
    event = judged(listener, Gate([SECRET])).event
    assert event is not None
    assert (event.kind, event.reason) == (kind, script.get("reason", ""))


def test_the_outage_of_a_destination_breaks_each_connection_that_syncs_into_it(api: Api, listener: Listener) -> None:
    for number in range(5):
        api.create({"schema": f"braze_{number}"})
    webhook(api, listener, ["sync_end"])
    api.server.control_set_destination(GROUP, "broken")
    run_syncs(api)
    listener.wait_for(lambda events: len(events) == 5)
    gate = Gate([SECRET])
    found = [gate.reply(headers[SIGNATURE], body, datetime.now(UTC)).event for headers, body in listener.heard[1:]]
    assert [event and event.kind for event in found] == [EventKind.BROKEN] * 5


def test_what_is_posted_three_times_is_taken_once(api: Api, listener: Listener) -> None:
    api.create()
    webhook(api, listener, OF_A_SYNC)
    listener.heard.clear()
    api.server.control_set_delivery(copies=3)
    run_syncs(api)
    listener.wait_for(lambda events: len(events) == 6)
    gate = Gate([SECRET])
    taken = []
    for headers, body in listener.heard:
        reply = gate.reply(headers[SIGNATURE], body, datetime.now(UTC))
        assert reply.status == 200
        if reply.event is not None:
            taken.append(reply.event.kind)
            gate.take(body)
    assert taken == [EventKind.SYNC_STARTED, EventKind.SYNC_SUCCEEDED]
