# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of the data, Braze to warehouse: where it is broken, and how old the data is at each stop. Pure functions.

Each stop is judged by itself; how old the data is behind a stop that is broken is its age there, and no second
accusation. An hour of Currents begins up to an hour before its newest event, so that much is never held against it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ....module_utils._braze.currents import SEND_TEST_EVENTS
from ....module_utils._kernel.printable import printable
from ..._way import DAYS, HOUR, WRONG, Flow, Stop, StopName


@dataclass(frozen=True)
class Trouble:
    """Why data does not go on at a stop, or why that is not known. ``symptom``: it may come of another stop."""

    message: str
    flow: Flow = Flow.BROKEN
    symptom: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of one workspace, and when.

    ``landed``: the newest hour of Currents; ``is_looked_into``: the bucket was, so that None means that there is none.
    ``is_quiet``: another finding says that it is old. ``synced``: when the last sync that succeeded has ended, of a
    connection that reads this bucket. ``interval``: between two syncs, None where nobody can say. ``limit``: in hours.
    """

    now: datetime
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    landed: datetime | None = None
    is_looked_into: bool = True
    is_quiet: bool = False
    synced: datetime | None = None
    created: datetime | None = None
    interval: timedelta | None = None
    is_syncing: bool = False
    is_busy_with_history: bool = False
    is_paused_on_purpose: bool = False
    limit: int | None = None

    @property
    def read(self) -> datetime | None:
        """Until when data has been read, at most: a sync reads nothing that lands after it, and maybe less."""
        if self.landed is None:
            return None if self.is_looked_into else self.synced
        return None if self.synced is None else min(self.landed, self.synced)

    def flow(self, place: StopName) -> Flow:
        """Return how the data goes through a stop, as far as the stop itself tells."""
        trouble = self.troubles.get(place)
        return trouble.flow if trouble else Flow.FLOWS


def way_of(facts: Facts) -> tuple[Stop, ...]:
    """Return the five stops, in order."""
    troubles = _without_symptoms(facts.troubles)
    late = late_at(facts)
    # A key that is refused says more than that nothing lands.
    if late is not None and facts.flow(late) not in WRONG:
        troubles[late] = Trouble(_standing_still(facts, late), Flow.LATE)
    reaches = facts.read if facts.flow(StopName.ACCESS) is Flow.BROKEN else facts.landed
    newest = {
        StopName.BRAZE: facts.landed,
        StopName.BUCKET: facts.landed,
        StopName.ACCESS: reaches,
        StopName.CONNECTION: facts.read,
        StopName.WAREHOUSE: facts.read,
    }
    return tuple(_stop(place, troubles.get(place), newest[place], facts.now) for place in StopName)


def _stop(place: StopName, trouble: Trouble | None, at: datetime | None, now: datetime) -> Stop:
    flow, message = (trouble.flow, printable(trouble.message)) if trouble else (Flow.FLOWS, "")
    if at is None:
        return Stop(place.value, flow.value, message=message)
    return Stop(place.value, flow.value, iso(at), int(age_at(at, now).total_seconds()), message)


def _without_symptoms(troubles: Mapping[str, Trouble]) -> dict[str, Trouble]:
    """Return the troubles without those that another stop explains."""
    left = dict(troubles)

    def cause(*places: StopName) -> StopName | None:
        return next((place for place in places if place in left and left[place].flow in WRONG), None)

    if left.get(StopName.CONNECTION) and left[StopName.CONNECTION].symptom:
        culprit = cause(StopName.BUCKET, StopName.ACCESS, StopName.WAREHOUSE)
        if culprit and not left[culprit].symptom:
            left[StopName.CONNECTION] = Trouble(f"It cannot work before the {culprit.value} does.", Flow.UNKNOWN)
    is_paused = StopName.CONNECTION in left and left[StopName.CONNECTION].flow is Flow.PAUSED
    if left.get(StopName.WAREHOUSE) and left[StopName.WAREHOUSE].symptom and (is_paused or cause(*list(StopName)[:4])):
        del left[StopName.WAREHOUSE]
    return left


# What is late


def late_at(facts: Facts) -> StopName | None:
    """Return where data stands still that is too old; None where it is not, or where a trouble says it already.

    Too old is what the limit says or, without one, what the schedule of the connection does not explain.
    """
    place = _beyond_the_limit(facts) if facts.limit is not None else _beyond_the_schedule(facts)
    if place is StopName.BRAZE and (facts.is_quiet or facts.flow(StopName.BUCKET) is Flow.BROKEN):
        return None
    behind = (StopName.ACCESS, StopName.CONNECTION, StopName.WAREHOUSE)
    if place is StopName.CONNECTION and any(facts.flow(stop) in WRONG for stop in behind):
        return None
    return place


def _beyond_the_limit(facts: Facts) -> StopName | None:
    oldest = facts.now - HOUR * (facts.limit or 0)
    if facts.is_looked_into and facts.landed is None:
        return None
    if facts.landed is not None and facts.landed + HOUR < oldest:
        return StopName.BRAZE
    if facts.is_paused_on_purpose or facts.is_busy_with_history:
        return None
    if facts.synced is None:
        has_waited = facts.created is not None and facts.created < oldest
        return StopName.CONNECTION if has_waited and not facts.is_syncing else None
    has_read_it_all = facts.landed is not None and facts.landed <= facts.synced
    return StopName.CONNECTION if facts.synced < oldest and not has_read_it_all else None


def _beyond_the_schedule(facts: Facts) -> StopName | None:
    """Tell whether more than one sync in a row has not come, though there is something to read."""
    if facts.landed is None or facts.synced is None or facts.interval is None:
        return None
    if facts.is_syncing or facts.flow(StopName.CONNECTION) is not Flow.FLOWS or facts.landed <= facts.synced:
        return None
    return StopName.CONNECTION if facts.now - facts.synced > facts.interval + max(facts.interval, HOUR) else None


def _standing_still(facts: Facts, place: StopName) -> str:
    """Return why data is late at a stop, in a sentence about that stop."""
    if place is StopName.BRAZE:
        return f"Nothing has landed since {when(facts.landed)}."
    if facts.flow(StopName.CONNECTION) is Flow.PAUSED:
        return "It is paused in Fivetran."
    if facts.synced is None:
        return f"No sync has succeeded since it was created at {when(facts.created)}."
    return f"Its last sync that succeeded ended at {when(facts.synced)}."


def is_green(facts: Facts) -> bool:
    """Tell whether the connection works and has read all that has landed, so that there is nothing new to read."""
    return (
        facts.flow(StopName.CONNECTION) is Flow.FLOWS
        and facts.synced is not None
        and (facts.landed is None or facts.landed <= facts.synced)
    )


def finding(facts: Facts, schema: str) -> tuple[str, str]:
    """Return what is said of data that is late, and what to do: see :func:`late_at`, which is not None."""
    place = late_at(facts)
    if facts.limit is None:
        return (
            f"The connection {schema} is green and reads nothing new: Currents has landed until {when(facts.landed)},"
            f" and its last sync that succeeded ended at {when(facts.synced)}, though it syncs {_every(facts)}."
        ), START
    if place is StopName.CONNECTION and facts.synced is None:
        head = f"Nothing has come into the warehouse yet, and onramp_max_lag_hours is {facts.limit}."
    else:
        old = words(age_at(facts.read or facts.landed or facts.now, facts.now))
        head = f"The data in the warehouse is {old} old, and onramp_max_lag_hours is {facts.limit}."
    if place is StopName.BRAZE:
        green = f" The connection {schema} is green all the same, and reads nothing new." if is_green(facts) else ""
        return f"{head} It stands still at Braze: nothing has landed since {when(facts.landed)}.{green}", (
            f"{SEND_TEST_EVENTS}."
        )
    return _of_the_connection(facts, f"{head} It stands still at the connection {schema}")


START = "Check in Fivetran what it waits for, and start a sync there."


def _of_the_connection(facts: Facts, head: str) -> tuple[str, str]:
    last = f"its last sync that succeeded ended at {when(facts.synced)}" if facts.synced else ""
    if facts.flow(StopName.CONNECTION) is Flow.PAUSED:
        return (
            f"{head}, which is paused in Fivetran.",
            "fivetran_connection_paused: false starts it; if it is to stay so, set it to true.",
        )
    if facts.synced is None:
        return f"{head}, which was created at {when(facts.created)}: no sync of it has succeeded.", START
    if facts.is_syncing:
        return f"{head}: {last}. A sync is under way.", "Verify again when it has ended."
    if facts.interval is None:
        return f"{head}: {last}, and nobody can say when the next one begins.", START
    if facts.interval >= HOUR * (facts.limit or 0):
        return (
            f"{head}, which syncs {_every(facts)}: {last}.",
            "Let it sync more often, by fivetran_connection_sync_frequency, or raise onramp_max_lag_hours.",
        )
    return f"{head}: {last}.", START


def _every(facts: Facts) -> str:
    """Return how often a connection syncs."""
    minutes = int((facts.interval or HOUR).total_seconds()) // 60
    count, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


# Words


def age_at(at: datetime, now: datetime) -> timedelta:
    """Return how old something is; clocks differ, and what is of the future is new."""
    return max(now - at, timedelta())


def words(age: timedelta) -> str:
    """Return an age as a sentence has it."""
    if age < HOUR:
        return "less than an hour"
    count, unit = (age // HOUR, "hour") if age < DAYS else (age.days, "day")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def iso(time: datetime) -> str:
    """Return a time as the report has it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def when(time: datetime | None) -> str:
    """Return a time as a person reads it."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if time else "a time that is not known"
