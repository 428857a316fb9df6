# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of the data: where it stands still, how old it is at each of five stops, and what nobody is accused of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._way import Flow, Stop, StopName, way_line
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.way.way import (
    Facts,
    Trouble,
    finding,
    late_at,
    way_of,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
BROKEN = Trouble("It is broken.")
FAILS = Trouble("Its last sync failed.", symptom=True)
DELAYED = Trouble("Fivetran calls the data late.", Flow.LATE, symptom=True)
PAUSED = Trouble("It is paused in Fivetran.", Flow.PAUSED)
NEVER_SYNCED = Trouble("No sync has ended yet.", Flow.UNKNOWN)
SIX_HOURS = timedelta(hours=6)


def hours(count: float) -> datetime:
    """Return when it was so many hours before now."""
    return NOW - HOUR * count


def facts(**changes: Any) -> Facts:
    """Return what is known of a workspace whose data flows: something has landed lately, and was read since."""
    flowing = Facts(NOW, landed=hours(0.5), synced=hours(0.25), created=hours(900), interval=SIX_HOURS)
    return replace(flowing, **changes)


def told(known: Facts) -> str:
    """Return the way as verify tells it, without its first word."""
    return way_line(way_of(known)).removeprefix("way: ")


WORLDS = {
    "all flows": (facts(), "Braze <1 h -> bucket <1 h -> access ok -> connection <1 h -> warehouse <1 h"),
    "Braze writes nothing new": (
        facts(landed=hours(40), is_quiet=True, troubles={StopName.BRAZE: Trouble("Nothing new.", Flow.LATE)}),
        "Braze 40 h (late) -> bucket 40 h -> access ok -> connection 40 h -> warehouse 40 h",
    ),
    "nothing of Currents in the bucket": (
        facts(landed=None, troubles={StopName.BUCKET: BROKEN}),
        "Braze ok -> bucket (broken) -> access ok -> connection ok -> warehouse ok",
    ),
    "access is taken away, so that the sync fails": (
        facts(synced=hours(26), troubles={StopName.ACCESS: BROKEN, StopName.CONNECTION: FAILS}),
        "Braze <1 h -> bucket <1 h -> access 26 h (broken) -> connection 26 h -> warehouse 26 h",
    ),
    "the sync fails by itself": (
        facts(synced=hours(26), troubles={StopName.CONNECTION: FAILS, StopName.WAREHOUSE: DELAYED}),
        "Braze <1 h -> bucket <1 h -> access ok -> connection 26 h (broken) -> warehouse 26 h",
    ),
    "the destination is not connected, so that the sync fails": (
        facts(synced=hours(75), troubles={StopName.CONNECTION: FAILS, StopName.WAREHOUSE: BROKEN}),
        "Braze <1 h -> bucket <1 h -> access ok -> connection 3 d -> warehouse 3 d (broken)",
    ),
    "Fivetran calls the data late, and nothing else is wrong": (
        facts(synced=hours(9), troubles={StopName.WAREHOUSE: DELAYED}),
        "Braze <1 h -> bucket <1 h -> access ok -> connection 9 h -> warehouse 9 h (late)",
    ),
    "paused": (
        facts(synced=hours(50), troubles={StopName.CONNECTION: PAUSED, StopName.WAREHOUSE: DELAYED}),
        "Braze <1 h -> bucket <1 h -> access ok -> connection 2 d (paused) -> warehouse 2 d",
    ),
    "never synced": (
        facts(synced=None, troubles={StopName.CONNECTION: NEVER_SYNCED}),
        "Braze <1 h -> bucket <1 h -> access ok -> connection ? -> warehouse ok",
    ),
    "syncs have stopped to come": (
        facts(synced=hours(13)),
        "Braze <1 h -> bucket <1 h -> access ok -> connection 13 h (late) -> warehouse 13 h",
    ),
    "nobody looks into the bucket": (
        facts(
            landed=None, is_looked_into=False, synced=hours(3), troubles={StopName.BUCKET: Trouble("", Flow.UNKNOWN)}
        ),
        "Braze ok -> bucket ? -> access ok -> connection 3 h -> warehouse 3 h",
    ),
    "two stops are broken by themselves": (
        facts(landed=hours(40), synced=hours(60), troubles={StopName.BRAZE: BROKEN, StopName.WAREHOUSE: BROKEN}),
        "Braze 40 h (broken) -> bucket 40 h -> access ok -> connection 2 d -> warehouse 2 d (broken)",
    ),
}


@pytest.mark.parametrize(("known", "expected"), WORLDS.values(), ids=WORLDS)
def test_each_stop_is_judged_by_itself_and_what_is_behind_it_shows_its_age(known: Facts, expected: str) -> None:
    assert told(known) == expected


def test_data_is_no_newer_behind_a_sync_than_the_sync_and_no_newer_than_what_has_landed() -> None:
    stops = {stop.stop: stop for stop in way_of(facts(landed=hours(2), synced=hours(5)))}
    assert stops["bucket"] == Stop("bucket", "flows", "2026-03-02T12:30:00Z", 7200)
    assert stops["warehouse"] == Stop("warehouse", "flows", "2026-03-02T09:30:00Z", 18000)
    # What landed long ago gets no newer by being read now.
    stops = {stop.stop: stop for stop in way_of(facts(landed=hours(5), synced=hours(1)))}
    assert stops["warehouse"].age_seconds == 18000


def test_what_a_vendor_calls_something_makes_no_line_of_its_own() -> None:
    [stop] = [
        stop
        for stop in way_of(facts(troubles={StopName.ACCESS: Trouble("There is\nno \x1b[31mrole.")}))
        if stop.message
    ]
    assert stop.message == "There is no \ufffd[31mrole."


# With a limit


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        # An hour of Currents may hold events until its end.
        ({"landed": hours(24.9), "synced": hours(1)}, None),
        ({"landed": hours(25.1), "synced": hours(1)}, StopName.BRAZE),
        ({"synced": hours(23.9)}, None),
        ({"synced": hours(24.1)}, StopName.CONNECTION),
        ({"synced": hours(24.1), "is_syncing": True}, StopName.CONNECTION),
        ({"synced": hours(24.1), "interval": None}, StopName.CONNECTION),
        ({"synced": hours(60), "landed": hours(50)}, StopName.BRAZE),
        ({"landed": None, "is_looked_into": False, "synced": hours(24.1)}, StopName.CONNECTION),
        ({"synced": hours(24.1), "troubles": {StopName.CONNECTION: PAUSED}}, StopName.CONNECTION),
        ({"synced": None, "troubles": {StopName.CONNECTION: NEVER_SYNCED}}, StopName.CONNECTION),
        # Excused: meant so, or under way for the first time, or too young.
        ({"synced": hours(24.1), "troubles": {StopName.CONNECTION: PAUSED}, "is_paused_on_purpose": True}, None),
        ({"synced": hours(24.1), "is_busy_with_history": True}, None),
        ({"synced": None, "is_syncing": True}, None),
        ({"synced": None, "created": hours(3)}, None),
        ({"synced": None, "created": None}, None),
        # Said already, by a finding about the cause.
        ({"landed": hours(40), "is_quiet": True}, None),
        ({"landed": hours(40), "troubles": {StopName.BUCKET: BROKEN}}, None),
        ({"landed": None}, None),
        ({"synced": hours(40), "troubles": {StopName.ACCESS: BROKEN}}, None),
        ({"synced": hours(40), "troubles": {StopName.CONNECTION: FAILS}}, None),
        ({"synced": hours(40), "troubles": {StopName.WAREHOUSE: DELAYED}}, None),
        ({"synced": hours(40), "troubles": {StopName.BRAZE: BROKEN}}, StopName.CONNECTION),
    ],
)
def test_data_older_than_the_limit_is_late_where_it_stands_still(
    changes: dict[str, Any], place: StopName | None
) -> None:
    known = facts(limit=24, **changes)
    assert late_at(known) is place
    accused = [stop.stop for stop in way_of(known) if stop.state == Flow.LATE]
    assert accused == ([place] if place else [stop for stop in accused if known.flow(StopName(stop)) is Flow.LATE])
    # Without a limit, nothing fails because of age.
    assert late_at(replace(known, limit=None)) in (None, StopName.CONNECTION)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"landed": hours(30), "synced": hours(1)},
            "The data in the warehouse is 30 hours old, and onramp_max_lag_hours is 24. It stands still at Braze:"
            " nothing has landed since 2026-03-01 08:30 UTC. The connection braze_shop is green all the same, and reads"
            " nothing new. In Braze's dashboard open Partner Integrations > Data Export, choose the Currents"
            ' integration and press "Send Test Events"; a file has to appear within half an hour.',
        ),
        (
            {"synced": hours(30)},
            "It stands still at the connection braze_shop: its last sync that succeeded ended at 2026-03-01 08:30 UTC."
            " Check in Fivetran what it waits for, and start a sync there.",
        ),
        (
            {"synced": hours(30), "is_syncing": True},
            "ended at 2026-03-01 08:30 UTC. A sync is under way. Verify again when it has ended.",
        ),
        (
            {"synced": hours(30), "interval": None},
            "ended at 2026-03-01 08:30 UTC, and nobody can say when the next one begins.",
        ),
        (
            {"synced": hours(24.5), "interval": HOUR * 24},
            "the connection braze_shop, which syncs every 24 hours: its last sync that succeeded ended at 2026-03-01"
            " 14:00 UTC. Let it sync more often, by fivetran_connection_sync_frequency, or raise onramp_max_lag_hours.",
        ),
        (
            {"synced": hours(99), "troubles": {StopName.CONNECTION: PAUSED}},
            "The data in the warehouse is 4 days old, and onramp_max_lag_hours is 24. It stands still at the connection"
            " braze_shop, which is paused in Fivetran. fivetran_connection_paused: false starts it; if it is to stay"
            " so, set it to true.",
        ),
        (
            {"synced": None, "created": hours(30)},
            "Nothing has come into the warehouse yet, and onramp_max_lag_hours is 24. It stands still at the connection"
            " braze_shop, which was created at 2026-03-01 08:30 UTC: no sync of it has succeeded.",
        ),
    ],
)
def test_what_is_late_says_how_old_where_and_what_to_do(changes: dict[str, Any], words: str) -> None:
    assert words in " ".join(finding(facts(limit=24, **changes), "braze_shop"))


# Without


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"synced": hours(12.1)}, True),
        ({"synced": hours(11.9)}, False),
        ({"synced": hours(47), "interval": HOUR * 24}, False),
        ({"synced": hours(48.1), "interval": HOUR * 24}, True),
        ({"synced": hours(1), "interval": timedelta(minutes=5)}, False),
        ({"synced": hours(1.2), "interval": timedelta(minutes=5)}, True),
        # There is nothing to read that is newer, however long ago that was.
        ({"synced": hours(300), "landed": hours(301)}, False),
        ({"synced": hours(300), "interval": None}, False),
        ({"synced": hours(300), "is_syncing": True}, False),
        ({"synced": hours(300), "troubles": {StopName.CONNECTION: PAUSED}}, False),
        ({"synced": hours(300), "landed": None, "is_looked_into": False}, False),
        ({"synced": None}, False),
        ({"synced": hours(300), "troubles": {StopName.WAREHOUSE: DELAYED}}, False),
        ({"synced": hours(300), "limit": 400}, False),
    ],
)
def test_syncs_that_do_not_come_are_told_once_their_schedule_does_not_explain_it(
    changes: dict[str, Any], is_told: bool
) -> None:
    known = facts(**changes)
    assert (late_at(known) is not None) == is_told
    if is_told:
        message, _remedy = finding(known, "braze_shop")
        assert message.startswith("The connection braze_shop is green and reads nothing new: Currents has landed until")


# Whatever the world is like

TIMES = st.none() | st.floats(-2, 2000).map(hours)
FLOWS = st.sampled_from(list(Flow)[1:])
TROUBLES = st.dictionaries(st.sampled_from(list(StopName)), st.builds(Trouble, st.just("Why."), FLOWS, st.booleans()))
ANY = st.builds(
    Facts,
    now=st.just(NOW),
    troubles=TROUBLES,
    landed=TIMES,
    is_looked_into=st.booleans(),
    is_quiet=st.booleans(),
    synced=TIMES,
    created=TIMES,
    interval=st.none() | st.sampled_from([timedelta(minutes=5), SIX_HOURS, HOUR * 24]),
    is_syncing=st.booleans(),
    is_busy_with_history=st.booleans(),
    is_paused_on_purpose=st.booleans(),
    limit=st.none() | st.integers(1, 100),
)


@given(ANY)
def test_there_are_five_stops_in_order_and_data_gets_no_younger_on_its_way(known: Facts) -> None:
    way = way_of(known)
    assert [stop.stop for stop in way] == ["braze", "bucket", "access", "connection", "warehouse"]
    ages = [stop.age_seconds for stop in way if stop.age_seconds is not None]
    assert ages == sorted(ages)
    assert all(age >= 0 for age in ages)
    assert all((stop.at == "") == (stop.age_seconds is None) for stop in way)
    assert all((stop.message == "") == (stop.state == Flow.FLOWS) for stop in way)


@given(ANY)
def test_one_cause_is_held_against_one_stop(known: Facts) -> None:
    accused = [stop.stop for stop in way_of(known) if stop.state in (Flow.BROKEN, Flow.LATE)]
    own = [place for place, trouble in known.troubles.items() if trouble.flow in (Flow.BROKEN, Flow.LATE)]
    causes = [place for place in own if not known.troubles[place].symptom]
    assert set(causes) <= set(accused)
    # Beside them: symptoms that nothing explains, and what is late without any trouble of its own.
    late = late_at(known)
    assert set(accused) <= {*own, *([late] if late else [])}
    if late is not None and late is not StopName.BRAZE:
        assert not {StopName.ACCESS, StopName.CONNECTION, StopName.WAREHOUSE} & set(own)


@given(ANY)
def test_the_line_fits_every_terminal(known: Facts) -> None:
    line = way_line(way_of(known))
    assert line.isascii()
    assert line.count(" -> ") == 4
    assert len(line) < 160
