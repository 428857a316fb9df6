# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of Currents' objects: what is generated is understood, what others wrote is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.layout import (
    CurrentsObject,
    as_prefix,
    format_hour,
    parse_event_type,
    parse_hour,
    parse_hour_folder,
    parse_integration,
    parse_object,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.sandbox.currents import EVENT_TYPES, generate_currents, generate_segment_exports

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Anything may stand between two delimiters, in every alphabet, line breaks and emoji too.
segments = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1, max_size=12)
prefixes = st.lists(segments, max_size=3).map(lambda parts: "".join(f"{part}/" for part in parts))
words = st.text(st.characters(exclude_characters="/.", exclude_categories=("Cs",)), min_size=1, max_size=12)
hours = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(
    lambda time: time.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
)


@st.composite
def currents_objects(draw: st.DrawFn) -> tuple[str, CurrentsObject]:
    """Build a name, and what it says."""
    layout = draw(st.sampled_from(["version", "schema_id"]))
    parsed = CurrentsObject(
        prefix=draw(prefixes),
        cluster=draw(segments),
        storage=draw(st.sampled_from(["S3", "GCS", "AzureBlob"]) | words),
        integration_id=draw(words),
        event_type=draw(segments),
        hour=draw(hours),
        layout=layout,
        schema=draw(segments.filter(lambda text: layout == "version" or not text.startswith("version="))),
        environment=draw(segments),
    )
    schema = f"version={parsed.schema}" if layout == "version" else parsed.schema
    name = (
        f"{parsed.prefix}dataexport.{parsed.cluster}.{parsed.storage}.integration.{parsed.integration_id}"
        f"/event_type={parsed.event_type}/date={format_hour(parsed.hour)}/{schema}/{parsed.environment}"
        f"/{draw(segments)}.avro"
    )
    return name, parsed


@settings(deadline=None)
@given(currents_objects())
def test_every_part_of_a_name_is_found_again_in_both_layouts(generated: tuple[str, CurrentsObject]) -> None:
    name, expected = generated
    assert parse_object(name) == expected


@settings(deadline=None)
@given(currents_objects())
def test_the_folders_on_the_way_are_found_again(generated: tuple[str, CurrentsObject]) -> None:
    name, expected = generated
    folders = [name[: end + 1] for end, character in enumerate(name) if character == "/"]
    integration, event_type, hour = folders[len(expected.prefix.split("/")) - 1 :][:3]
    found = parse_integration(integration)
    assert found is not None
    assert (found.cluster, found.storage, found.id) == (expected.cluster, expected.storage, expected.integration_id)
    assert parse_event_type(event_type) == expected.event_type
    assert parse_hour_folder(hour) == expected.hour


@settings(deadline=None)
@given(currents_objects(), st.data())
def test_a_name_that_lacks_a_part_is_foreign(generated: tuple[str, CurrentsObject], data: st.DataObject) -> None:
    name, expected = generated
    parts = name[len(expected.prefix) :].split("/")
    dropped = data.draw(st.integers(0, len(parts) - 1))
    assert parse_object(expected.prefix + "/".join(parts[:dropped] + parts[dropped + 1 :])) is None


@settings(deadline=None)
@given(st.text())
@example("segment-export/65f1/2026-03-01/0a1b/export.zip")
@example("dataexport.prod-01.S3.integration.1/event_type=a/date=2026-13-01-00/version=1/prod/f.avro")
@example("dataexport.prod-01.S3.integration.1/event_type=a/date=2026-03-01-24/version=1/prod/f.avro")
@example("dataexport.prod-01.S3.integration.1/event_type=a/date=٢٠٢٦-03-01-00/version=1/prod/f.avro")
@example("dataexport.prod-01.S3.integration.1/event_type=a/date=2026-03-01-00/version=1/prod/f.avro.tmp")
@example("dataexport.prod-01.S3.integration.1/event_type=/date=2026-03-01-00/version=1/prod/f.avro")
@example("xdataexport.prod-01.S3.integration.1/event_type=a/date=2026-03-01-00/version=1/prod/f.avro")
@example("dataexport.prod-01.S3.integration.1/event_type=a/date=2026-03-01-00/version=1/prod/")
@example("")
def test_other_names_are_foreign(name: str) -> None:
    assert parse_object(name) is None


@settings(deadline=None)
@given(prefixes)
def test_exports_of_segments_are_foreign_under_any_prefix(prefix: str) -> None:
    names = [name for name, _content in generate_segment_exports(prefix)]
    assert names
    assert [parse_object(name) for name in names] == [None] * len(names)


def test_what_the_sandbox_generates_is_understood() -> None:
    for layout in ("version", "schema_id"):
        objects = generate_currents(
            prefix="currents", cluster="prod-01", storage="S3", integration_id="66f1", event_types=EVENT_TYPES,
            hours=[NOON], layout=layout,
        )  # fmt: skip
        parsed = [parse_object(name) for name, _content in objects]
        assert {found and (found.layout, found.event_type, found.hour) for found in parsed} == {
            (layout, event_type, NOON) for event_type in EVENT_TYPES
        }


@settings(deadline=None)
@given(hours, hours)
def test_hours_sort_like_time(one: datetime, other: datetime) -> None:
    assert (format_hour(one) < format_hour(other)) == (one < other)
    assert parse_hour(format_hour(one)) == one
    assert parse_hour(format_hour(one - timedelta(hours=1))) == one - timedelta(hours=1)


def test_delimiters_around_a_prefix_do_not_matter() -> None:
    assert {as_prefix(text) for text in ("a/b", "/a/b", "a/b/", "//a/b//")} == {"a/b/"}
    assert {as_prefix(text) for text in ("", "/")} == {""}
