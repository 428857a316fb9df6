# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the sandbox's Fivetran posts to webhooks, to whom, and how often."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.fivetran_events import pauses
from tests.sandbox.listener import Listener, listening
from tests.sandbox.tests.fivetran_api import GROUP, OTHER_GROUP, Api
from tests.sandbox.tests.fivetran_hooks import OF_A_SYNC, QUIET, SIGNATURE, is_signed, named, run_syncs, webhook

# One of Fivetran's minutes, in seconds here: the first three attempts to post again come within 0.06 s.
MINUTE = 0.002


@pytest.mark.parametrize("digits", ["upper_case", "lower_case"])
def test_every_event_is_signed_by_the_secret_of_the_moment(
    api: Api, path: str, listener: Listener, digits: str
) -> None:
    api.server.control_manners(webhook_signature=digits)
    made = webhook(api, listener, ["sync_end"])
    api.server.control_edit_webhook(made, secret="another-secret-of-it")
    run_syncs(api)
    [event] = listener.wait_for(bool)
    assert event["connector_id"] == path.rpartition("/")[2]
    headers, body = listener.heard[-1]
    assert headers[SIGNATURE] == getattr(headers[SIGNATURE], digits.removesuffix("_case"))()
    assert (is_signed(headers, body), is_signed(headers, body, "another-secret-of-it")) == (False, True)


@pytest.mark.parametrize(
    ("manner", "names"),
    [("connector", {"connector_id"}), ("both", {"connector_id", "connection_id"}), ("connection", {"connection_id"})],
)
def test_an_event_names_its_connection_as_it_is_told_to(
    api: Api, path: str, listener: Listener, manner: str, names: set[str]
) -> None:
    api.server.control_manners(event_names=manner)
    webhook(api, listener, ["sync_end"])
    run_syncs(api)
    [event] = listener.wait_for(bool)
    told = {name: value for name, value in event.items() if name in ("connector_id", "connection_id")}
    assert told == dict.fromkeys(names, path.rpartition("/")[2])


def test_without_a_secret_nothing_is_signed(api: Api, path: str, listener: Listener) -> None:
    webhook(api, listener, ["sync_end"], secret=None)
    run_syncs(api, path.rpartition("/")[2])
    listener.wait_for(bool)
    assert SIGNATURE not in listener.heard[-1][0]


def test_what_is_not_taken_is_posted_again_with_longer_pauses_and_unchanged(
    api: Api, path: str, listener: Listener
) -> None:
    webhook(api, listener, ["sync_end"])
    api.server.control_set_pace(minute=0.01)
    listener.first = [503, 500, 302, 200]
    run_syncs(api, path.rpartition("/")[2])
    listener.wait_for(lambda events: len(events) == 4)
    time.sleep(QUIET)
    attempts = api.server.control_deliveries()
    assert [(delivery["attempt"], delivery["status"]) for delivery in attempts] == [
        (1, 503), (2, 500), (3, 302), (4, 200),
    ]  # fmt: skip
    waits = [after["at"] - before["at"] for before, after in pairwise(attempts)]
    assert [wait >= minutes * 0.01 for wait, minutes in zip(waits, (5, 10, 15), strict=True)] == [True] * 3
    assert waits == sorted(waits)
    assert len({body for _headers, body in listener.heard[1:]}) == 1


def test_the_pauses_are_fivetrans_and_last_a_day() -> None:
    minutes = list(pauses())
    # From Fivetran's example: 10:00, 10:05, 10:15, 10:30, 10:50.
    assert [sum(minutes[: count + 1]) for count in range(5)] == [0, 5, 15, 30, 50]
    assert 23 * 60 <= sum(minutes) <= 24 * 60


def test_a_webhook_that_takes_nothing_for_a_day_is_given_up_and_gets_nothing_any_more(
    api: Api, path: str, listener: Listener
) -> None:
    made = webhook(api, listener, OF_A_SYNC)
    api.server.control_set_pace(minute=0.0001)
    listener.status = 500
    run_syncs(api)
    end = time.monotonic() + 10
    while api.get(f"/webhooks/{made}")["active"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(QUIET)
    heard = len(listener.heard)
    assert max(delivery["attempt"] for delivery in api.server.control_deliveries()) == len(list(pauses()))
    listener.status = 200
    run_syncs(api)
    time.sleep(QUIET)
    assert len(listener.heard) == heard
    assert api.get(path)["succeeded_at"]


@pytest.mark.parametrize("change", [{"active": False}, {"events": ["sync_start"]}, None])
def test_who_does_not_want_an_event_gets_none(
    api: Api, path: str, listener: Listener, change: dict[str, Any] | None
) -> None:
    made = webhook(api, listener, ["sync_end"])
    if change is None:
        api.data("DELETE", f"/webhooks/{made}")
    else:
        api.data("PATCH", f"/webhooks/{made}", change)
    ended = run_syncs(api)
    time.sleep(QUIET)
    assert [row["status"] for row in ended] == ["SUCCESSFUL"]
    assert "sync_end" not in named(listener.posted())
    assert api.get(path)["succeeded_at"]


def test_a_webhook_of_a_group_hears_of_its_connections_only_and_one_of_another_account_of_none(
    api: Api, listener: Listener
) -> None:
    webhook(api, listener, ["sync_end"], group=GROUP)
    with listening() as stranger:
        api.server.control_trust(f"{listener.authority}{stranger.authority}")
        body = {"url": stranger.url, "events": ["sync_end"]}
        api.data("POST", "/webhooks/account", body, key=("key-stranger", "secret-stranger-0a1b2c"))
        api.server.control_set_destination(OTHER_GROUP, "connected")
        for group in (GROUP, OTHER_GROUP):
            api.create(group_id=group)
        assert len(run_syncs(api)) == 2
        listener.wait_for(bool)
        time.sleep(QUIET)
        assert [event["destination_group_id"] for event in listener.posted()] == [GROUP]
        assert stranger.events() == ["test_event"]


def test_without_a_webhook_nothing_is_posted_and_a_sync_goes_on_by_being_looked_at(api: Api, path: str) -> None:
    api.data("POST", f"{path}/sync", {})
    time.sleep(QUIET)
    assert [api.get(path)["status"]["sync_state"] for _look in range(2)] == ["syncing", "scheduled"]
    assert api.server.control_deliveries() == []
    assert not api.server.background._tasks


def test_events_come_in_order_or_not_and_more_than_once_if_told_so(api: Api, path: str, listener: Listener) -> None:
    webhook(api, listener, OF_A_SYNC)
    made = path.rpartition("/")[2]
    for order, first in (("in_order", "0"), ("reversed", "9")):
        listener.heard.clear()
        api.server.control_set_delivery(order=order)
        for number in range(10):
            api.server.control_post_event(made, "sync_start", {"number": number})
        events = listener.wait_for(lambda events: len(events) == 10)
        assert str(events[0]["data"]["number"]) == first
    listener.heard.clear()
    api.server.control_set_delivery(copies=3)
    run_syncs(api)
    listener.wait_for(lambda events: len(events) == 6)
    assert Counter(body for _headers, body in listener.heard).most_common(1)[0][1] == 3
    assert all(is_signed(headers, body) for headers, body in listener.heard)


def test_a_reset_leaves_nothing_to_be_posted(api: Api, path: str, listener: Listener) -> None:
    webhook(api, listener, ["sync_end"])
    listener.status = 500
    run_syncs(api, path.rpartition("/")[2])
    listener.wait_for(bool)
    api.server.control_set_pace(minute=MINUTE)
    api.reset()
    heard = len(listener.heard)
    time.sleep(QUIET)
    assert len(listener.heard) == heard
    assert api.server.control_deliveries() == []


def test_no_order_of_delivery_that_does_not_exist(api: Api) -> None:
    with pytest.raises(ValueError, match="no order"):
        api.server.control_set_delivery(order="by_chance")
