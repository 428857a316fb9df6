# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has happened between two looks is told once, and nothing that has not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.allowance import Allowance
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.changes import (
    LONGEST_PAUSE,
    changes,
    look_of,
    pause,
)

AT = "2026-03-01T14:10:00+00:00"
STATUS = {
    "setup_state": "connected",
    "sync_state": "scheduled",
    "update_state": "on_schedule",
    "tasks": [],
    "warnings": [],
}


def row(status: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    known = {
        "id": "patient_harbor",
        "schema": "braze_shop_us",
        "group_id": "jovial_daylight",
        "service": "braze",
        "paused": False,
        "succeeded_at": "2026-03-01T12:00:00Z",
        "failed_at": None,
    }
    return {**known, **fields, "status": {**STATUS, **(status or {})}}


def kinds(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    looks = [look_of([] if known is None else [known]) for known in (before, after)]
    return [event.kind.value for event in changes(looks[0], looks[1], AT)]


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (row(), []),
        (row({"setup_state": "broken"}), ["broken"]),
        (row({"setup_state": "broken"}, failed_at="2026-03-01T13:00:00Z"), ["broken"]),
        (row({"setup_state": "incomplete"}), ["incomplete"]),
        (row(failed_at="2026-03-01T13:00:00Z"), ["sync_failed"]),
        # It failed, and has succeeded since.
        (row(failed_at="2026-03-01T13:00:00Z", succeeded_at="2026-03-01T13:30:00Z"), ["sync_succeeded"]),
        (row({"sync_state": "syncing"}), ["sync_started"]),
        (row({"update_state": "delayed"}), ["delayed"]),
        (row({"sync_state": "paused"}, paused=True), ["paused"]),
        (row(paused=None), []),
        (row(succeeded_at="nonsense"), []),
        ({"id": "patient_harbor"}, []),
    ],
)
def test_each_change_is_told(after: dict[str, Any], told: list[str]) -> None:
    assert kinds(row(), after) == told
    # And only once.
    assert kinds(after, after) == []


def test_the_way_back_is_told_too() -> None:
    broken = row({"setup_state": "broken"}, failed_at="2026-03-01T13:00:00Z")
    healed = row(failed_at="2026-03-01T13:00:00Z", succeeded_at="2026-03-01T14:00:00Z")
    assert kinds(broken, healed) == ["connected", "sync_succeeded"]
    assert kinds(row(paused=True), row()) == ["resumed"]


def test_what_comes_and_what_goes_is_told() -> None:
    assert kinds(None, row()) == ["created"]
    assert kinds(row(), None) == ["deleted"]


def test_the_first_look_tells_only_what_is_broken() -> None:
    first = look_of([row(), row({"setup_state": "broken"}, id="b"), row({"setup_state": "incomplete"}, id="c")])
    assert [(event.kind.value, event.connection_id, event.before) for event in changes(None, first, AT)] == [
        ("broken", "b", None)
    ]


def test_an_event_has_the_states_before_and_after_and_why() -> None:
    task = {"code": "reconnect", "message": "The role cannot be assumed."}
    after = row({"setup_state": "broken", "tasks": [task]}, failed_at="2026-03-01T13:00:00Z")
    (event,) = changes(look_of([row()]), look_of([after]), AT)
    assert event.before is not None
    assert event.after is not None
    assert (event.before["setup_state"], event.after["setup_state"]) == ("connected", "broken")
    assert event.reason == "reconnect: The role cannot be assumed"
    assert (event.schema, event.group_id, event.source, event.at) == ("braze_shop_us", "jovial_daylight", "status", AT)


@pytest.mark.parametrize(
    ("failures", "allowance", "calls", "seconds"),
    [
        (0, None, 1, 60),
        (0, Allowance(20_000, 19_000), 1, 60),
        (3, None, 1, 480),
        (50, None, 1, LONGEST_PAUSE),
        # A trial: 500 an hour, of which 100 are left to others.
        (0, Allowance(500, 140), 1, 90),
        (0, Allowance(500, 140), 10, LONGEST_PAUSE),
        (0, Allowance(500, 90), 1, LONGEST_PAUSE),
        (0, Allowance(500, 0), 1, LONGEST_PAUSE),
    ],
)
def test_looks_become_rarer_where_they_fail_or_would_use_up_what_is_allowed(
    failures: int, allowance: Allowance | None, calls: int, seconds: float
) -> None:
    assert pause(60, failures, allowance, calls) == seconds


def test_no_pause_is_shorter_than_what_was_asked_for() -> None:
    assert pause(1800, 5, Allowance(500, 0), 1) == 1800
