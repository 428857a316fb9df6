# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out whether Currents writes to a bucket, with a number of listings that no number of objects raises.

The walk goes from folder to folder: integrations, their event types, and of each event type the newest hour. Hours
sort like time, so the newest one is searched for from the end, beginning where other event types end.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from .._bucket.objects import BucketObjects
from .._kernel.errors import OnrampError
from .found import EventType, FoundIntegration, ObjectSample, Survey
from .layout import (
    AVRO_MAGIC,
    DATE_START,
    EVENT_TYPE_START,
    INTEGRATION_START,
    Integration,
    format_hour,
    parse_event_type,
    parse_hour_folder,
    parse_integration,
    parse_object,
)

HOUR = timedelta(hours=1)
# An hour that begins later than this has not been written by Currents.
CLOCKS_DIFFER = 2 * HOUR
# The window in which the newest hour is expected, and one whose hours fit into one page.
NEAR = timedelta(days=1)
ONE_PAGE = timedelta(days=40)
FIRST_HOUR = datetime(1, 1, 1, tzinfo=UTC)
LAST_HOUR = datetime(9999, 12, 31, 23, tzinfo=UTC)
# Pages of folder names that are read at most. Only names that Currents does not give can fill so many.
FOLDER_PAGES = 5
REQUESTS_AT_ONCE = 6
# Names of an hour among which a Currents file has to be.
NAMES_PER_HOUR = 10
# Listings that the search for Currents under another prefix may cost, and prefixes that it may name.
SEARCH_LISTINGS = 30
OTHER_PREFIXES = 5


def take_survey(
    objects: BucketObjects, prefix: str, now: datetime, samples: int, of_others: Callable[[], Collection[str]] = tuple
) -> Survey:
    """Look what Currents has written under ``prefix``, which ends with the delimiter or is empty.

    ``of_others``: gives prefixes of the same form that belong to other workspaces; asked where nothing is found.

    :raises BucketMissing: and AccessDenied, and OnrampError where the bucket gives no usable answer.
    """
    folders = _folders(objects, prefix + INTEGRATION_START)
    integrations = tuple(
        _look_at(objects, integration, now) for folder in folders if (integration := parse_integration(folder))
    )
    if not any(found.newest_hour for found in integrations):
        names = objects.list(prefix, by_folder=False, limit=1).names
        foreign = of_others()
        found = _other_prefixes(objects, prefix, names, foreign)
        return Survey(
            integrations=integrations,
            first_name=next((name for name in names if not _is_of_others(name, prefix, foreign)), None),
            other_prefixes=tuple(folder for folder in found if folder not in foreign),
            prefixes_of_others=tuple(folder for folder in found if folder in foreign)[:OTHER_PREFIXES],
        )
    return Survey(integrations=integrations, samples=_samples(objects, integrations, samples))


def _folders(objects: BucketObjects, prefix: str) -> list[str]:
    folders: list[str] = []
    start = ""
    for _page in range(FOLDER_PAGES):
        page = objects.list(prefix, by_folder=True, start=start)
        folders += page.folders
        if page.complete:
            break
        start = max([start, *page.names[-1:], *(_after(folder) for folder in page.folders[-1:])])
    return folders


def _after(folder: str) -> str:
    """Return what sorts after everything in ``folder`` and before everything behind it."""
    return folder[:-1] + chr(ord(folder[-1]) + 1)


class _Guess:
    """Where the newest hour of the next event type is expected: where the newest one so far is.

    Threads share it without a lock: an older guess costs a question more and is not wrong.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._newest: datetime | None = None

    @property
    def hour(self) -> datetime:
        return self._newest or self.now

    def learn(self, found: datetime) -> None:
        """Take a hint from what was found for another event type."""
        hour = min(found, self.now)
        self._newest = max(self._newest or hour, hour)


def _look_at(objects: BucketObjects, integration: Integration, now: datetime) -> FoundIntegration:
    guess = _Guess(now)
    folders = _folders(objects, integration.folder + EVENT_TYPE_START)
    # The first one is looked at alone, so that the others have a guess: most end in the same hour.
    event_types = [_event_type(objects, folder, guess) for folder in folders[:1]]
    with ThreadPoolExecutor(max_workers=REQUESTS_AT_ONCE) as pool:
        event_types += pool.map(lambda folder: _event_type(objects, folder, guess), folders[1:])
    return FoundIntegration(integration, tuple(kind for kind in event_types if kind))


def _event_type(objects: BucketObjects, folder: str, guess: _Guess) -> EventType | None:
    name = parse_event_type(folder)
    if name is None:
        return None
    hour = _newest_hour(objects, folder, guess)
    if hour is None:
        return EventType(name, None)
    guess.learn(hour)
    page = objects.list(f"{folder}{DATE_START}{format_hour(hour)}/", by_folder=False, limit=NAMES_PER_HOUR)
    for object_name in page.names:
        parsed = parse_object(object_name)
        if parsed is not None:
            return EventType(name, hour, object_name, parsed)
    return EventType(name, hour)


def _newest_hour(objects: BucketObjects, folder: str, guess: _Guess) -> datetime | None:
    prefix = folder + DATE_START

    def hours_from(start: datetime) -> tuple[list[datetime], bool]:
        page = objects.list(prefix, by_folder=True, start=prefix + format_hour(start))
        hours = [hour for name in page.folders if (hour := parse_hour_folder(name))]
        past = [hour for hour in hours if hour <= guess.now + CLOCKS_DIFFER]
        # All that is behind an hour of the future is of the future, too, and says nothing of what lands.
        return past, page.complete or len(past) < len(hours)

    return newest(hours_from, guess.hour, guess.now)


def newest(
    hours_from: Callable[[datetime], tuple[list[datetime], bool]], guess: datetime, now: datetime
) -> datetime | None:
    """Return the newest hour of all, near ``guess`` with one question, near ``now`` with two; None if there is none.

    ``hours_from(start)`` returns the first hours that are not before ``start``, and whether these are all.
    """
    hours: list[datetime] = []
    complete = True
    empty_from: datetime | None = None
    for start in (_earlier(guess, NEAR), _earlier(guess, ONE_PAGE), FIRST_HOUR):
        hours, complete = hours_from(start)
        if hours:
            break
        empty_from = start
    jump = max(_earlier(now, NEAR) - hours[-1], HOUR) if hours else HOUR
    while hours and not complete:
        last = hours[-1]
        # While nothing is known of the end: to the present, then ever farther ahead. After that, halve the gap.
        start = last + (min(jump, LAST_HOUR - last) if empty_from is None else max(HOUR, (empty_from - last) // 2))
        jump = max(2 * jump, ONE_PAGE)
        if start in (last, empty_from):
            break
        later, later_complete = hours_from(start)
        if later and later[-1] <= last:
            # The server ignores where to start: there is nothing to be learned by asking on.
            break
        if later:
            hours, complete = later, later_complete
        else:
            empty_from = start
    return hours[-1] if hours else None


def _earlier(hour: datetime, distance: timedelta) -> datetime:
    return hour - distance if hour - FIRST_HOUR > distance else FIRST_HOUR


def _samples(objects: BucketObjects, integrations: Sequence[FoundIntegration], number: int) -> tuple[ObjectSample, ...]:
    newest_first = sorted(
        (kind for found in integrations for kind in found.event_types if kind.newest_object and kind.newest_hour),
        key=lambda kind: kind.newest_hour or FIRST_HOUR,
        reverse=True,
    )
    names = [kind.newest_object or "" for kind in newest_first[:number]]
    with ThreadPoolExecutor(max_workers=REQUESTS_AT_ONCE) as pool:
        return tuple(pool.map(lambda name: _sample(objects, name), names))


def _sample(objects: BucketObjects, name: str) -> ObjectSample:
    try:
        return ObjectSample(name, objects.first_bytes(name, len(AVRO_MAGIC)) == AVRO_MAGIC)
    except OnrampError as error:
        return ObjectSample(name, None, error.failure)


def _is_of_others(name: str, prefix: str, of_others: Collection[str]) -> bool:
    """Tell whether an object under ``prefix`` lies in a folder of others there, or is a Currents file of theirs."""
    below = tuple(folder for folder in of_others if folder != prefix and folder.startswith(prefix))
    parsed = parse_object(name)
    return name.startswith(below) or (parsed is not None and parsed.prefix in of_others)


def _other_prefixes(objects: BucketObjects, prefix: str, names: Sequence[str], of_others: Collection[str]) -> list[str]:
    """Return prefixes under which Currents writes, found in a bounded walk below ``prefix`` and from the root.

    ``names``: the first names under ``prefix``, which tell at once if it points into Currents' own folders. Those in
    ``of_others`` are looked into last, so that many of them do not hide the one that is searched for.
    """
    found = [parsed.prefix for name in names if (parsed := parse_object(name))]
    if not set(found) <= set(of_others):
        return found
    if prefix and "" not in found and any(map(parse_integration, _folders(objects, INTEGRATION_START))):
        found.append("")
    waiting = deque([prefix, ""] if prefix else [""])
    last: deque[str] = deque()
    seen: set[str] = set()
    for _listing in range(SEARCH_LISTINGS):
        queue = waiting or last
        if not queue or len(set(found) - set(of_others)) == OTHER_PREFIXES:
            break
        folder = queue.popleft()
        seen.add(folder)
        folders = objects.list(folder, by_folder=True).folders
        if any(map(parse_integration, folders)):
            found += [folder] if folder not in (prefix, *found) else []
        else:
            for new in sorted(set(folders) - seen - {*waiting, *last}, key=_unlikely):
                (last if new in of_others else waiting).append(new)
    return found


def _unlikely(folder: str) -> tuple[bool, str]:
    """Sort folders whose names speak of Braze or Currents before all others."""
    return re.search("braze|currents", folder, re.IGNORECASE) is None, folder
