# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of the data: its stops, how it goes through each, and the line that tells it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
# From so many on, hours are told as days.
DAYS = timedelta(hours=48)


class StopName(StrEnum):
    """The stops of the data's way, in their order."""

    BRAZE = "braze"
    BUCKET = "bucket"
    ACCESS = "access"
    CONNECTION = "connection"
    WAREHOUSE = "warehouse"


class Flow(StrEnum):
    """How the data goes through a stop. ``FLOWS``: nothing is wrong at this stop itself, however old the data is.

    ``LATE``: it stands still here, or was too late here. ``PAUSED``: nothing is wrong, and nothing syncs.
    ``UNKNOWN``: it was not looked at, cannot be seen, or shows once another stop is in order.
    """

    FLOWS = "flows"
    LATE = "late"
    BROKEN = "broken"
    PAUSED = "paused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Stop:
    """One stop of the data's way. ``stop``: one of :class:`StopName`. ``state``: one of :class:`Flow`.

    ``at``: the newest data known there, ISO 8601 in UTC or empty. ``age_seconds``: how old that was when it was looked
    at. ``message``: what is wrong or why it is not known, one sentence; empty where it flows.
    """

    stop: str
    state: str
    at: str = ""
    age_seconds: int | None = None
    message: str = ""


WRONG = (Flow.BROKEN, Flow.LATE)


NAMES: Mapping[str, str] = {**{place.value: place.value for place in StopName}, StopName.BRAZE: "Braze"}


# Told in brackets behind a stop; what is unknown has a question mark, where it has no age.
_TOLD = (*WRONG, Flow.PAUSED)


def way_line(way: Iterable[Stop]) -> str:
    """Return the way in one line that every terminal can show; empty without a way."""
    stops = [stop_words(stop) for stop in way]
    return f"way: {' -> '.join(stops)}" if stops else ""


def stop_words(stop: Stop) -> str:
    """Return a stop as the line has it: its name, how old the data is there, and what is wrong."""
    state = f"({stop.state})" if stop.state in _TOLD else ""
    return " ".join(filter(None, (NAMES.get(stop.stop, stop.stop), age_words(stop), state)))


def age_words(stop: Stop) -> str:
    """Return how old the data is at a stop; of what has no age, and of an access that is not broken, how it is."""
    is_open = stop.stop == StopName.ACCESS and stop.state not in WRONG
    if stop.age_seconds is not None and not is_open:
        return short(timedelta(seconds=stop.age_seconds))
    return {Flow.FLOWS.value: "ok", Flow.UNKNOWN.value: "?"}.get(stop.state, "")


def wrong_stops(way: Iterable[Stop]) -> list[Stop]:
    """Return the stops at which data stands still."""
    return [stop for stop in way if stop.state in WRONG]


def behind(way: Iterable[Stop]) -> str:
    """Return how far the warehouse is behind what has landed; empty where that is less than an hour, or not known."""
    ages = {stop.stop: stop.age_seconds for stop in way}
    landed, arrived = ages.get(StopName.BUCKET), ages.get(StopName.WAREHOUSE)
    if landed is None or arrived is None or arrived - landed < HOUR.total_seconds():
        return ""
    return short(timedelta(seconds=arrived - landed))


def short(age: timedelta) -> str:
    """Return an age as a line has it."""
    if age < HOUR:
        return "<1 h"
    return f"{age // HOUR} h" if age < DAYS else f"{age.days} d"
