# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes close together becomes one event, soon; a lasting storm becomes few, and nothing waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gather import (
    MOST,
    QUICK,
    SLOW,
    Gathering,
    Outlet,
    running,
)

SILENCE = 2.0
LONGEST = SILENCE * SLOW


def event(name: str, **fields: Any) -> dict[str, Any]:
    known = {
        "connection_id": name,
        "schema": f"braze_{name}",
        "group_id": "jovial_daylight",
        "kind": "broken",
        "at": "now",
    }
    return {**known, "reason": "A reason.", **fields}


def batches(times: Iterable[float]) -> list[tuple[float, int, float]]:
    """Return, for an event at each time, when the batches go out, of how many events, and how long the first waited."""
    gathering = Gathering(SILENCE)
    came: list[float] = []
    out: list[tuple[float, int, float]] = []

    def hand_over(until: float) -> None:
        while (due := gathering.due()) is not None and due <= until:
            batch = gathering.take(due)["fivetran_batch"]
            out.append((due, batch["events"], due - came[0]))
            came.clear()

    for number, now in enumerate(times):
        hand_over(now)
        gathering.add(event(str(number % 40)), now)
        came.append(now)
    hand_over(float("inf"))
    return out


def test_one_event_waits_for_a_moment() -> None:
    assert batches([100]) == [(102, 1, 2)]


def test_forty_at_once_are_one() -> None:
    assert batches([100 + number / 100 for number in range(40)]) == [(100.39 + SILENCE, 40, pytest.approx(2.39))]


def test_forty_within_twenty_seconds_are_two() -> None:
    out = batches([100 + number / 2 for number in range(40)])
    assert [events for _at, events, _waited in out] == [20, 20]


@pytest.mark.parametrize("gap", [0.1, 1, 3, 9, 15, 60])
def test_a_storm_of_an_hour_is_few_and_nothing_waits_longer_than_said(gap: float) -> None:
    out = batches([number * gap for number in range(int(3600 / gap))])
    assert len(out) <= 3600 / LONGEST + QUICK + 1
    assert max(waited for _at, _events, waited in out) <= LONGEST
    assert sum(events for _at, events, _waited in out) == int(3600 / gap)


def test_what_comes_right_after_a_batch_waits_until_a_run_may_be_over() -> None:
    assert batches([100, 103, 105]) == [(102, 1, 2), (112, 2, 9)]


def test_what_comes_after_the_storm_waits_for_a_moment_again() -> None:
    out = batches([*(number / 2 for number in range(2000)), 10_000])
    assert out[-1] == (10_002, 1, 2)


def test_what_breaks_one_after_the_other_is_told_quickly() -> None:
    out = batches([number * 12 for number in range(QUICK)])
    assert {waited for _at, _events, waited in out} == {SILENCE}


def test_a_connection_is_named_once_as_it_was_last() -> None:
    gathering = Gathering(SILENCE)
    gathering.add(event("a", kind="sync_failed"), 0)
    gathering.add(event("b"), 1)
    gathering.add(event("a", kind="broken", at="later"), 1)
    gathering.add(event("", schema="braze_c"), 1)
    batch = gathering.take(3)["fivetran_batch"]
    assert batch["events"] == 4
    assert [(row["connection_id"], row["kind"], row["at"]) for row in batch["connections"]] == [
        ("a", "broken", "later"), ("b", "broken", "now"), ("", "broken", "now"),
    ]  # fmt: skip
    # What vendors say is found out again by the run.
    assert "reason" not in batch["connections"][0]
    assert gathering.due() is None


def test_very_many_do_not_wait() -> None:
    gathering = Gathering(SILENCE)
    for number in range(MOST):
        gathering.add(event(str(number)), 50)
    assert gathering.due() == 50


def test_without_a_silence_each_event_goes_out_by_itself() -> None:
    async def story() -> list[Any]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        async with running(Outlet(queue, 0)) as outlet:
            await outlet.put({"fivetran": event("a")})
            await outlet.put({"fivetran": event("a")})
        return [queue.get_nowait(), queue.get_nowait()]

    assert asyncio.run(story()) == [{"fivetran": event("a")}] * 2


def test_what_is_gathered_comes_out_while_others_wait_for_the_queue() -> None:
    async def story() -> list[int]:
        queue: asyncio.Queue[Any] = asyncio.Queue(1)
        async with running(Outlet(queue, 0.05)) as outlet:
            for name in "abc":
                await outlet.put({"fivetran": event(name)})
            first = await asyncio.wait_for(queue.get(), 5)
            await outlet.put({"fivetran": event("d")})
            second = await asyncio.wait_for(queue.get(), 5)
        return [len(batch["fivetran_batch"]["connections"]) for batch in (first, second)]

    assert asyncio.run(story()) == [3, 1]
