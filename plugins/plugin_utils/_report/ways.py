# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""The way of the data in words: a line for terminals, and what the page shows of each stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from .model import Flow, Mark, Place, Stop

HOUR = timedelta(hours=1)
# From so many on, hours are told as days.
DAYS = timedelta(hours=48)
WRONG = (Flow.BROKEN, Flow.LATE)
NAMES: Mapping[str, str] = {**{place.value: place.value for place in Place}, Place.BRAZE: "Braze"}
MARKS: Mapping[str, Mark] = {
    Flow.FLOWS: Mark.OK,
    Flow.LATE: Mark.WARNING,
    Flow.BROKEN: Mark.FAILED,
    Flow.PAUSED: Mark.PAUSED,
    Flow.UNKNOWN: Mark.NONE,
}
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
    is_open = stop.stop == Place.ACCESS and stop.state not in WRONG
    if stop.age_seconds is not None and not is_open:
        return short(timedelta(seconds=stop.age_seconds))
    return {Flow.FLOWS.value: "ok", Flow.UNKNOWN.value: "?"}.get(stop.state, "")


def marks_of(way: Iterable[Stop]) -> list[tuple[Stop, Mark]]:
    """Return each stop with its mark: behind one at which data stands still, nothing is called fine."""
    marked: list[tuple[Stop, Mark]] = []
    is_behind = False
    for stop in way:
        is_fine = stop.state == Flow.FLOWS
        marked.append((stop, Mark.NONE if is_fine and is_behind else MARKS[stop.state]))
        is_behind = is_behind or not (is_fine or stop.state == Flow.UNKNOWN)
    return marked


def wrong_stops(way: Iterable[Stop]) -> list[Stop]:
    """Return the stops at which data stands still."""
    return [stop for stop in way if stop.state in WRONG]


def behind(way: Iterable[Stop]) -> str:
    """Return how far the warehouse is behind what has landed; empty where that is less than an hour, or not known."""
    ages = {stop.stop: stop.age_seconds for stop in way}
    landed, arrived = ages.get(Place.BUCKET), ages.get(Place.WAREHOUSE)
    if landed is None or arrived is None or arrived - landed < HOUR.total_seconds():
        return ""
    return short(timedelta(seconds=arrived - landed))


def short(age: timedelta) -> str:
    """Return an age as a line has it."""
    if age < HOUR:
        return "<1 h"
    return f"{age // HOUR} h" if age < DAYS else f"{age.days} d"
