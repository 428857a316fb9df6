# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk through a bucket, on buckets in memory: what it finds, and that it costs few listings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.currents import (
    LandingVerdict,
    judge_landing,
    next_step,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.found import Survey
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.survey import (
    SEARCH_LISTINGS,
    newest,
    take_survey,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.objects import (
    PAGE_SIZE,
    AccessDenied,
    Count,
    Page,
    first_filled,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import Failure
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.sandbox.currents import generate_currents, generate_segment_exports

NOW = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)
THIS_HOUR = NOW.replace(minute=0)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
INTEGRATION = "currents/dataexport.prod-01.S3.integration.66f1/"


class MemoryBucket:
    """A bucket that lists like S3 and Google Cloud Storage. ``inclusive``: an object named like ``start`` is in."""

    def __init__(self, objects: Iterable[tuple[str, bytes]], *, inclusive: bool = False) -> None:
        self.objects = dict(objects)
        self.inclusive = inclusive
        self.list_calls = Count()
        self.unreadable = False
        self.last_page = Page()

    def list(self, prefix: str, *, by_folder: bool, start: str = "", limit: int = PAGE_SIZE) -> Page:
        self.list_calls.one_more()
        names: list[str] = []
        folders: list[str] = []
        for name in sorted(self.objects):
            before_start = name < start if self.inclusive else start and name <= start
            if before_start or not name.startswith(prefix):
                continue
            end = name.find("/", len(prefix)) if by_folder else -1
            folder = name[: end + 1]
            if end >= 0 and folder in folders[-1:]:
                continue
            if len(names) + len(folders) == limit:
                return Page(tuple(names), tuple(folders), complete=False)
            (names if end < 0 else folders).append(name if end < 0 else folder)
        return Page(tuple(names), tuple(folders), complete=self.last_page.complete)

    def first_bytes(self, name: str, length: int) -> bytes:
        if self.unreadable:
            raise AccessDenied(msg="no", failure=Failure(code="AccessDenied", message="Access Denied"))
        return self.objects[name][:length]


def currents(
    prefix: str = "currents", newest_hours: Mapping[str, datetime] | None = None, hours: int = 3, **more: str
) -> list[tuple[str, bytes]]:
    """Return Currents objects whose event types end at the given hours."""
    ends = newest_hours or {"users.messages.email.Open": THIS_HOUR}
    arguments = {"cluster": "prod-01", "storage": "S3", "integration_id": "66f1", **more}
    return [
        entry
        for event_type, end in ends.items()
        for entry in generate_currents(
            prefix=prefix, event_types=[event_type], hours=[end - n * HOUR for n in range(hours)], **arguments
        )
    ]


def survey(
    objects: Iterable[tuple[str, bytes]], prefix: str = "currents/", samples: int = 3, of_others: tuple[str, ...] = ()
) -> Survey:
    return take_survey(MemoryBucket(objects), prefix, NOW, samples, lambda: of_others)


def verdict(found: Survey) -> LandingVerdict:
    return judge_landing(found, NOW, DAY)


def test_each_event_type_has_its_own_newest_hour() -> None:
    ends = {"users.a": THIS_HOUR - 5 * HOUR, "users.b": THIS_HOUR, "agentconsole.c": THIS_HOUR - 300 * DAY}
    found = survey(currents(newest_hours=ends))
    (integration,) = found.integrations
    assert {kind.name: kind.newest_hour for kind in integration.event_types} == ends
    assert integration.newest_hour == found.newest_hour == THIS_HOUR
    assert verdict(found) is LandingVerdict.LANDING


@pytest.mark.parametrize("layout", ["version", "schema_id"])
@pytest.mark.fact("layouts-of-currents")
def test_both_layouts_are_told_apart(layout: str) -> None:
    found = survey(currents(layout=layout))
    (kind,) = found.integrations[0].event_types
    assert kind.parsed is not None
    assert kind.parsed.layout == layout


def test_two_integrations_are_told_apart() -> None:
    objects = currents(integration_id="one") + currents(
        integration_id="two", newest_hours={"users.a": THIS_HOUR - 9 * DAY}
    )
    found = survey(objects)
    assert {entry.integration.id: entry.newest_hour for entry in found.integrations} == {
        "one": THIS_HOUR,
        "two": THIS_HOUR - 9 * DAY,
    }


@pytest.mark.parametrize(("age", "expected"), [(0, "landing"), (24, "landing"), (25, "stale"), (9000, "stale")])
def test_a_day_without_a_file_is_stale(age: int, expected: str) -> None:
    assert verdict(survey(currents(newest_hours={"users.a": THIS_HOUR - age * HOUR}))) == expected


def test_the_clock_of_braze_may_be_ahead() -> None:
    assert verdict(survey(currents(newest_hours={"users.a": THIS_HOUR + 2 * HOUR}))) is LandingVerdict.LANDING


def test_files_of_the_future_do_not_make_a_bucket_fresh_for_ever() -> None:
    stale = currents(newest_hours={"users.a": THIS_HOUR - 30 * DAY, "users.b": THIS_HOUR - 40 * DAY})
    future = currents(newest_hours={"users.a": datetime(2999, 1, 1, tzinfo=UTC), "users.c": NOW + 3 * HOUR}, hours=1)
    found = survey([*stale, *future])
    assert found.newest_hour == THIS_HOUR - 30 * DAY
    assert verdict(found) is LandingVerdict.STALE
    assert verdict(survey(future)) is not LandingVerdict.LANDING


def test_files_of_the_future_do_not_hide_what_lands_today() -> None:
    future = currents(newest_hours={"users.a": datetime(2999, 1, 1, tzinfo=UTC)}, hours=PAGE_SIZE + 5)
    assert survey([*currents(newest_hours={"users.a": THIS_HOUR}), *future]).newest_hour == THIS_HOUR


def test_an_empty_bucket_is_empty_and_the_advice_names_the_button() -> None:
    found = survey([])
    assert verdict(found) is LandingVerdict.EMPTY
    assert "Send Test Events" in next_step(LandingVerdict.EMPTY, found, NOW)


def test_foreign_objects_are_not_currents_and_the_advice_shows_one() -> None:
    found = survey(generate_segment_exports("currents"))
    assert verdict(found) is LandingVerdict.NOT_CURRENTS
    assert "currents/segment-export/" in next_step(LandingVerdict.NOT_CURRENTS, found, NOW)


def test_foreign_objects_beside_currents_do_not_matter() -> None:
    foreign = [
        *generate_segment_exports("currents"),
        ("currents/dataexport.txt", b""),
        (f"{INTEGRATION}README", b""),
        (f"{INTEGRATION}event_type=users.x/date=latest/f.avro", b""),
        (f"{INTEGRATION}event_type=users.messages.email.Open/date=zzz/f.avro", b""),
    ]
    found = survey(currents() + foreign)
    assert verdict(found) is LandingVerdict.LANDING
    assert {kind.name: kind.newest_hour for kind in found.integrations[0].event_types} == {
        "users.messages.email.Open": THIS_HOUR,
        "users.x": None,
    }


def test_files_that_are_no_avro_are_not_currents() -> None:
    packed = [(name, b"\x1f\x8b" + content) for name, content in currents()]
    found = survey(packed)
    assert verdict(found) is LandingVerdict.NOT_CURRENTS
    assert "no Avro files" in next_step(LandingVerdict.NOT_CURRENTS, found, NOW)


def test_files_that_may_not_be_read_leave_the_verdict_to_their_names() -> None:
    bucket = MemoryBucket(currents())
    bucket.unreadable = True
    found = take_survey(bucket, "currents/", NOW, 3)
    assert verdict(found) is LandingVerdict.LANDING
    assert [(sample.avro, sample.failure and sample.failure.code) for sample in found.samples] == [
        (None, "AccessDenied")
    ]


def test_samples_are_of_the_newest_event_types() -> None:
    ends = {f"users.{age}": THIS_HOUR - age * HOUR for age in range(5)}
    found = survey(currents(newest_hours=ends), samples=2)
    assert [sample.avro for sample in found.samples] == [True, True]
    assert ["event_type=users.0/" in found.samples[0].name, "event_type=users.1/" in found.samples[1].name] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("real", "given_prefix", "place"),
    [
        ("currents", "curents/", "'currents'"),
        ("", "currents/", "the root of the bucket"),
        ("currents", "", "'currents'"),
        ("team/braze/currents", "currents/", "'team/braze/currents'"),
        ("currents", INTEGRATION, "'currents'"),
        ("currents", f"{INTEGRATION}event_type=users.messages.email.Open/", "'currents'"),
    ],
)  # fmt: skip
def test_currents_under_another_prefix_is_pointed_out(real: str, given_prefix: str, place: str) -> None:
    found = survey(currents(prefix=real), prefix=given_prefix)
    assert verdict(found) is LandingVerdict.ELSEWHERE
    assert found.other_prefixes == (f"{real}/" if real else "",)
    assert place in next_step(verdict(found), found, NOW)


@pytest.mark.parametrize("real", ["team-a", "", "team-a/currents"])
@pytest.mark.parametrize("given_prefix", ["currents/", "cur/rents/"])
def test_the_folder_of_another_workspace_is_no_answer_and_is_named_as_theirs(real: str, given_prefix: str) -> None:
    theirs = f"{real}/" if real else ""
    found = survey(currents(prefix=real), given_prefix, of_others=(theirs, "team-b/"))
    assert (verdict(found), found.other_prefixes, found.prefixes_of_others) == (LandingVerdict.EMPTY, (), (theirs,))
    advice = next_step(LandingVerdict.EMPTY, found, NOW)
    place = f"'{real}'" if real else "the root of the bucket (an empty prefix)"
    assert advice.startswith(f"Currents of other workspaces writes to {place} here, but nothing of this one")
    assert "Send Test Events" in advice
    assert "Set the prefix" not in advice


def test_the_folders_of_several_workspaces_are_all_named() -> None:
    found = survey(currents("team-a") + currents("team-b"), of_others=("team-a/", "team-b/"))
    assert "'team-a' and 'team-b' here" in next_step(verdict(found), found, NOW)


@pytest.mark.parametrize("given_prefix", ["currents/", "", f"team-a/{INTEGRATION.removeprefix('currents/')}"])
def test_beside_folders_of_other_workspaces_the_one_that_is_left_is_advised_alone(given_prefix: str) -> None:
    objects = currents("team-a") + currents("team-b") + currents("team-c")
    found = survey(objects, given_prefix, of_others=("team-a/", "team-c/"))
    assert (verdict(found), found.other_prefixes) == (LandingVerdict.ELSEWHERE, ("team-b/",))
    assert "but under 'team-b'. Set the prefix to that" in next_step(LandingVerdict.ELSEWHERE, found, NOW)


def test_a_hundred_folders_of_other_workspaces_do_not_hide_the_right_one() -> None:
    theirs = tuple(f"braze-{number:03}/" for number in range(100))
    objects = [entry for folder in theirs for entry in currents(folder.rstrip("/"), hours=1)]
    found = survey(objects + currents("shop/us"), of_others=theirs)
    assert (verdict(found), found.other_prefixes) == (LandingVerdict.ELSEWHERE, ("shop/us/",))


def test_the_root_of_a_bucket_with_nothing_but_folders_of_other_workspaces_is_empty() -> None:
    theirs = [*currents("team-a"), ("team-a/README", b"")]
    assert verdict(survey(theirs, "", of_others=("team-a/",))) is LandingVerdict.EMPTY
    assert verdict(survey([*theirs, ("a.txt", b"")], "", of_others=("team-a/",))) is LandingVerdict.NOT_CURRENTS


def test_what_is_not_of_currents_below_the_folder_of_another_workspace_is_told_all_the_same() -> None:
    found = survey([*currents("team"), ("team/currents/a.csv", b"")], "team/currents/", of_others=("team/",))
    assert verdict(found) is LandingVerdict.NOT_CURRENTS
    assert "'team/currents/a.csv'" in next_step(LandingVerdict.NOT_CURRENTS, found, NOW)


def test_what_lands_in_the_right_folder_is_landing_no_matter_who_else_writes_to_the_bucket() -> None:
    objects = currents() + currents("team-a")
    assert verdict(survey(objects)) is verdict(survey(objects, of_others=("team-a/",))) is LandingVerdict.LANDING


def test_the_search_for_another_prefix_ends_in_a_bucket_full_of_folders() -> None:
    bucket = MemoryBucket((f"{a}/{b}/file", b"") for a in range(30) for b in range(30))
    assert take_survey(bucket, "currents/", NOW, 3).other_prefixes == ()
    assert bucket.list_calls.value <= SEARCH_LISTINGS + 3


def test_a_folder_full_of_files_named_like_folders_does_not_raise_the_number_of_listings() -> None:
    bucket = MemoryBucket((f"currents/dataexport.{number:05}.avro", b"") for number in range(20_000))
    assert judge_landing(take_survey(bucket, "currents/", NOW, 3), NOW, DAY) is LandingVerdict.NOT_CURRENTS
    assert bucket.list_calls.value < 15


hours = st.integers(0, 9 * 365 * 24).map(lambda ago: THIS_HOUR + 48 * HOUR - ago * HOUR)
long_stretch = st.builds(lambda end, count: [end - n * HOUR for n in range(count)], hours, st.integers(1, 5000))


class Calendar:
    """Answers ``hours_from`` like a listing of folders, and counts."""

    def __init__(self, known: Iterable[datetime]) -> None:
        self.known = sorted(set(known))
        self.questions = 0

    def hours_from(self, start: datetime) -> tuple[list[datetime], bool]:
        self.questions += 1
        first = bisect_left(self.known, start)
        return self.known[first : first + PAGE_SIZE], first + PAGE_SIZE >= len(self.known)


TEN_YEARS = Calendar(THIS_HOUR - n * HOUR for n in range(10 * 365 * 24))


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(hours, max_size=30), st.lists(long_stretch, max_size=3), hours | st.none())
def test_the_newest_hour_is_found_wherever_it_is(
    single: list[datetime], stretches: list[list[datetime]], guess: datetime | None
) -> None:
    calendar = Calendar([*single, *(hour for stretch in stretches for hour in stretch)])
    assert newest(calendar.hours_from, guess or NOW, NOW) == (calendar.known[-1] if calendar.known else None)
    assert calendar.questions <= 20


@settings(deadline=None)
@given(long_stretch)
def test_a_good_guess_needs_one_question(stretch: list[datetime]) -> None:
    calendar = Calendar(stretch)
    assert newest(calendar.hours_from, stretch[0], NOW) == stretch[0]
    assert calendar.questions == 1


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(0, 9 * 365))
def test_a_guess_that_is_far_too_old_costs_one_question_more_if_there_are_files_of_today(ago: int, days: int) -> None:
    calendar = TEN_YEARS
    calendar.questions = 0
    guess = THIS_HOUR - days * 24 * HOUR - ago * HOUR
    assert newest(calendar.hours_from, guess, NOW) == THIS_HOUR
    assert calendar.questions <= 2


def test_the_ends_of_the_calendar_are_no_trouble() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    first = datetime(1, 1, 1, tzinfo=UTC)
    dense = [last - n * HOUR for n in range(3000)]
    for known in ([first], [last], [first, last], dense, [first, *dense]):
        for guess in (first, NOW, last):
            assert newest(Calendar(known).hours_from, guess, NOW) == max(known)


@pytest.mark.parametrize("inclusive", [True, False])
def test_it_does_not_matter_whether_a_listing_begins_with_or_after_its_start(inclusive: bool) -> None:
    objects = currents(newest_hours={"users.a": THIS_HOUR, "users.b": THIS_HOUR - 24 * HOUR}, hours=30)
    found = take_survey(MemoryBucket(objects, inclusive=inclusive), "currents/", NOW, 0)
    assert [kind.newest_hour for kind in found.integrations[0].event_types] == [THIS_HOUR, THIS_HOUR - 24 * HOUR]


def test_a_bucket_that_gives_nothing_but_empty_pages_is_empty() -> None:
    bucket = MemoryBucket([])
    bucket.last_page = Page(complete=False)
    assert verdict(take_survey(bucket, "currents/", NOW, 3)) is LandingVerdict.EMPTY


def test_a_folder_that_does_not_fit_into_one_page_is_read_to_its_end() -> None:
    ends = {f"users.{number:04}": THIS_HOUR for number in range(PAGE_SIZE + 5)}
    objects = list(currents(newest_hours={"users.template": THIS_HOUR}, hours=1))
    bucket = MemoryBucket((name.replace("users.template", kind), body) for name, body in objects for kind in ends)
    found = take_survey(bucket, "currents/", NOW, 0)
    assert [kind.name for kind in found.integrations[0].event_types] == sorted(ends)


def test_empty_pages_are_passed_over_and_their_number_is_bounded() -> None:
    pages = [Page(complete=False), Page(complete=False), Page(names=("a",)), Page(names=("b",))]
    assert first_filled(pages) == Page(names=("a",))
    assert not first_filled([Page(complete=False)] * 100).names
    assert first_filled([]) == Page()


def test_memory_bucket_lists_folders_once() -> None:
    bucket = MemoryBucket([("a/1", b""), ("a/2", b""), ("b", b"")])
    assert bucket.list("", by_folder=True) == Page(names=("b",), folders=("a/",))


def test_a_listing_that_never_ends_and_says_always_the_same_is_not_followed_for_ever() -> None:
    asked: list[datetime] = []

    def hours_from(start: datetime) -> tuple[list[datetime], bool]:
        asked.append(start)
        return [THIS_HOUR - HOUR, THIS_HOUR], False

    assert newest(hours_from, THIS_HOUR, NOW) == THIS_HOUR
    assert len(asked) == 2
