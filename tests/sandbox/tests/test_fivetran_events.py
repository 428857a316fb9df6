# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's Fivetran posts to webhooks, and when."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from tests.sandbox.listener import Listener
from tests.sandbox.tests.fivetran_api import BRAZE_KEY, GROUP, Api
from tests.sandbox.tests.fivetran_hooks import OF_A_SYNC, QUIET, is_signed, named, run_syncs, webhook

TASK = {"code": "reconnect", "message": "Reconnect", "details": "The key was revoked."}


def test_a_sync_that_is_asked_for_is_posted_when_it_begins_and_when_it_ends_and_nobody_looks(
    api: Api, path: str, listener: Listener
) -> None:
    webhook(api, listener, OF_A_SYNC)
    api.server.control_set_pace()
    api.data("POST", f"{path}/sync", {})
    start, end = listener.wait_for(lambda events: len(events) == 2)
    assert list(start) == [
        "event", "created", "connector_type", "connector_id", "connector_name", "sync_id", "destination_group_id",
    ]  # fmt: skip
    assert list(end) == [*start, "data"]
    assert (start["event"], end["event"], end["data"]) == ("sync_start", "sync_end", {"status": "SUCCESSFUL"})
    assert start["sync_id"] == end["sync_id"]
    assert (end["connector_type"], end["connector_name"], end["destination_group_id"]) == ("braze", "braze", GROUP)
    assert start["created"] < end["created"]
    assert api.get(path)["status"]["sync_state"] == "scheduled"


@pytest.mark.parametrize(
    ("script", "told", "state"),
    [
        ({}, {"status": "SUCCESSFUL"}, "connected"),
        ({"outcome": "failed", "reason": "No."}, {"status": "FAILURE", "reason": "No."}, "connected"),
        ({"outcome": "failed", "task": TASK, "reason": "No."},
         {"status": "FAILURE_WITH_TASK", "reason": "No.", "taskType": "reconnect"}, "broken"),
        ({"outcome": "rescheduled", "reason": "Later."}, {"status": "RESCHEDULED", "reason": "Later."},
         "connected"),
    ],
)  # fmt: skip
def test_each_end_of_a_sync_has_its_status_and_its_reason(
    api: Api, path: str, listener: Listener, script: dict[str, Any], told: dict[str, str], state: str
) -> None:
    webhook(api, listener, ["sync_end"])
    if script:
        api.server.control_set_sync(**script)
    api.data("POST", f"{path}/sync", {})
    [end] = listener.wait_for(bool)
    assert end["data"] == told
    assert is_signed(*listener.heard[-1])
    assert api.get(path)["status"]["setup_state"] == state


def test_a_sync_really_reads_what_it_needs_and_a_connection_stays_broken_until_one_succeeds(
    api: Api, path: str, listener: Listener
) -> None:
    webhook(api, listener, OF_A_SYNC)
    api.braze.control_revoke_key(BRAZE_KEY)
    [ended] = run_syncs(api)
    assert (ended["status"], "refused the API key" in ended["reason"]) == ("FAILURE_WITH_TASK", True)
    assert listener.wait_for(lambda events: len(events) == 2)[-1]["data"]["reason"] == ended["reason"]
    broken = api.get(path)
    assert (broken["status"]["setup_state"], broken["status"]["tasks"][0]["code"]) == ("broken", "reconnect")
    assert broken["failed_at"]
    api.braze.control_create_key("braze-key-that-works-77aa")
    api.data("PATCH", path, {"config": {"api_key": "braze-key-that-works-77aa"}, "run_setup_tests": True})
    mended = api.get(path)
    assert {test["status"] for test in mended["setup_tests"]} == {"PASSED"}
    assert mended["status"]["setup_state"] == "broken"
    api.data("POST", f"{path}/sync", {})
    assert listener.wait_for(lambda events: len(events) == 4)[-1]["data"] == {"status": "SUCCESSFUL"}
    assert api.get(path)["status"]["setup_state"] == "connected"


def test_an_outage_of_the_destination_breaks_what_syncs_into_it_in_a_storm_of_events(
    api: Api, listener: Listener
) -> None:
    for number in range(40):
        api.create({"schema": f"braze_{number}"})
    webhook(api, listener, ["sync_end"])
    api.server.control_set_destination(GROUP, "broken")
    assert Counter(ended["status"] for ended in run_syncs(api)) == {"FAILURE_WITH_TASK": 40}
    events = listener.wait_for(lambda events: len(events) == 40)
    assert {event["data"]["taskType"] for event in events} == {"reconnect_warehouse"}
    assert len({event["connector_id"] for event in events}) == 40


def test_what_people_do_to_a_connection_is_posted(api: Api, listener: Listener) -> None:
    webhook(api, listener)
    api.server.control_set_pace(sync_seconds=60)
    made = api.create()["id"]
    path = f"/connections/{made}"
    api.data("POST", f"{path}/sync", {})
    api.data("PATCH", path, {"paused": True, "run_setup_tests": False})
    api.data("PATCH", path, {"paused": False, "sync_frequency": 60, "run_setup_tests": False})
    api.data("PATCH", path, {"sync_frequency": 60, "run_setup_tests": False})
    api.data("POST", f"{path}/resync", {})
    api.data("DELETE", path)
    told = listener.wait_for(lambda events: named(events)[-1:] == ["delete_connector"])
    assert named(told) == [
        "create_connector", "connection_successful", "force_update_connector", "sync_start", "sync_end",
        "pause_connector", "resume_connector", "edit_connector", "resync_connector", "sync_start", "delete_connector",
    ]  # fmt: skip
    assert told[4]["data"] == {"status": "CANCELED", "reason": "The connection has been paused."}
    assert {event["connector_id"] for event in told} == {made}
    assert told[5]["data"] == {"actor": "owner@acme.example", "id": "braze"}
    assert BRAZE_KEY not in str(told)


def test_somebody_in_the_dashboard_is_heard_of_too(api: Api, path: str, listener: Listener) -> None:
    webhook(api, listener)
    made = path.rpartition("/")[2]
    api.server.control_edit_connection(made, paused=True)
    api.server.control_edit_connection(made, status={"setup_state": "broken"})
    api.server.control_edit_connection(made, status={"setup_state": "broken"})
    assert named(listener.wait_for(lambda events: len(events) == 2)) == ["pause_connector", "connection_failure"]


@pytest.mark.parametrize(
    ("manner", "expected"),
    [("with_setup_tests", ["connection_failure", "connection_failure", "connection_successful"]),
     ("with_changes", ["connection_failure"])],
)  # fmt: skip
def test_setup_tests_are_posted_or_only_what_they_change(
    api: Api, path: str, listener: Listener, manner: str, expected: list[str]
) -> None:
    api.server.control_manners(connection_events=manner)
    webhook(api, listener)
    for key in ("a-wrong-key", "a-wrong-key", BRAZE_KEY):
        api.server.connections[path.rpartition("/")[2]]["config"]["api_key"] = key
        api.data("POST", f"{path}/test", {})
    time.sleep(QUIET)
    assert named(listener.posted()) == expected
    assert listener.posted()[-1]["data"]["id"] == "braze"
    api.data("POST", f"{path}/sync", {})
    listener.wait_for(lambda events: "sync_end" in named(events))
    time.sleep(QUIET)
    changed = ["connection_successful"] if manner == "with_changes" else []
    assert named(listener.posted())[len(expected) :] == ["force_update_connector", *OF_A_SYNC, *changed]


def test_with_schedules_connections_sync_when_they_are_due_also_while_they_are_broken(
    api: Api, path: str, listener: Listener
) -> None:
    paused = api.create({"schema": "paused"}, paused=True)["id"]
    api.data("PATCH", path, {"sync_frequency": 5})
    webhook(api, listener, ["sync_end"])
    api.braze.control_revoke_key(BRAZE_KEY)
    api.server.control_set_pace(minute=0.02, sync_seconds=0.01, schedules=True)
    listener.wait_for(lambda events: len(events) >= 2)
    api.braze.control_create_key(BRAZE_KEY)
    events = listener.wait_for(lambda events: events[-1]["data"] == {"status": "SUCCESSFUL"})
    assert {event["data"]["status"] for event in events[:2]} == {"FAILURE_WITH_TASK"}
    assert paused not in {event["connector_id"] for event in events}
    api.server.control_set_pace()
    time.sleep(QUIET)
    heard = len(listener.heard)
    time.sleep(QUIET)
    assert len(listener.heard) == heard
