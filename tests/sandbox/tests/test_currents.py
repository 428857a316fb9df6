# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.currents import (
    EVENT_TYPES,
    Layout,
    generate_currents,
    generate_currents_names,
    generate_segment_exports,
)

INTEGRATION = "66f1aeb2c3d4e5f60718293a"
NEWEST = datetime(2026, 5, 1, 7, tzinfo=UTC)
SOURCE = rf"dataexport\.prod-01\.GCS\.integration\.{INTEGRATION}"
HOUR = rf"currents/{SOURCE}/event_type=[\w.]+/date=\d{{4}}-\d\d-\d\d-\d\d"
FILE = rf"{SOURCE}\+\d+\+\d+\.avro"
NAMES = {"version": rf"{HOUR}/version=\d+/prod/{FILE}", "schema_id": rf"{HOUR}/\d+/prod-01/{FILE}"}


def some_currents(layout: Layout = "version", per_hour: int = 2) -> list[tuple[str, bytes]]:
    hours = [NEWEST - timedelta(hours=1), NEWEST]
    types = ["users.canvas.Entry", "users.messages.email.Open"]
    return list(
        generate_currents("currents", "prod-01", "GCS", INTEGRATION, types, hours, layout=layout, per_hour=per_hour)
    )


@pytest.mark.parametrize("layout", ["version", "schema_id"])
def test_names_follow_the_documented_layout(layout: Layout) -> None:
    names = [name for name, _content in some_currents(layout)]

    assert len(set(names)) == 2 * 2 * 2
    assert all(re.fullmatch(NAMES[layout], name) for name in names)


def test_the_hour_in_a_name_is_utc() -> None:
    berlin = datetime.fromisoformat("2026-05-01T00:30:00+02:00")

    ((name, _content),) = generate_currents("", "prod-01", "S3", INTEGRATION, ["users.canvas.Entry"], [berlin])

    assert "/date=2026-04-30-22/" in name
    assert name.startswith("dataexport.prod-01.S3.integration.")


def test_contents_are_avro_object_containers_with_events_of_their_hour() -> None:
    for name, content in some_currents():
        assert content.startswith(b"Obj\x01")
        events = list(fastavro.reader(io.BytesIO(content)))
        assert events
        for event in events:
            assert isinstance(event, dict)
            happened = datetime.fromtimestamp(event["time"], UTC)
            assert f"/date={happened:%Y-%m-%d-%H}/" in name


def test_equal_arguments_yield_equal_bytes_and_another_seed_yields_others() -> None:
    def content(seed: int = 0) -> list[tuple[str, bytes]]:
        return list(
            generate_currents("currents", "prod-01", "GCS", INTEGRATION, ["users.canvas.Entry"], [NEWEST], seed=seed)
        )

    assert content() == content()
    assert content() != content(seed=1)


def test_a_version_can_follow_the_hour() -> None:
    names = [
        name
        for name, _content in generate_currents(
            "currents", "prod-01", "S3", INTEGRATION, ["users.canvas.Entry"], [NEWEST - timedelta(days=60), NEWEST],
            version=lambda hour: hour.month,
        )
    ]  # fmt: skip

    assert ["/version=3/" in names[0], "/version=5/" in names[1]] == [True, True]


@given(
    st.integers(1, 400),
    st.integers(1, 4),
    st.lists(st.sampled_from(EVENT_TYPES), min_size=1, max_size=5, unique=True),
)
def test_names_come_sorted_distinct_and_exactly_as_many_as_asked(total: int, days: int, types: list[str]) -> None:
    names = list(
        generate_currents_names(
            "currents", "prod-01", "S3", INTEGRATION, NEWEST, event_types=types, days=days, total=total
        )
    )

    assert len(names) == total
    assert names == sorted(set(names))


def test_every_event_type_has_a_newest_hour_of_its_own() -> None:
    names = list(
        generate_currents_names(
            "currents", "prod-01", "S3", INTEGRATION, NEWEST, event_types=EVENT_TYPES[:2], days=2, total=96,
            lag_hours={EVENT_TYPES[1]: 5},
        )
    )  # fmt: skip

    newest = {
        event_type: max(name.partition("date=")[2][:13] for name in names if f"event_type={event_type}/" in name)
        for event_type in EVENT_TYPES[:2]
    }
    assert newest == {EVENT_TYPES[0]: "2026-05-01-07", EVENT_TYPES[1]: "2026-05-01-02"}


def test_segment_exports_are_no_currents() -> None:
    exports = list(generate_segment_exports("exports", segments=2, days=3))

    assert len(exports) == 6
    assert all(name.startswith("exports/segment-export/") for name, _content in exports)
    assert not any("dataexport" in name or content.startswith(b"Obj") for name, content in exports)


def test_the_event_types_come_sorted_and_not_all_begin_with_users() -> None:
    assert list(EVENT_TYPES) == sorted(set(EVENT_TYPES))
    assert len(EVENT_TYPES) == 30
    assert not all(name.startswith("users.") for name in EVENT_TYPES)
