# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken of Fivetran's listing: the Braze connections, named fields of them, and no secret."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.connections import (
    TAKEN_NAMES,
    FoundConnection,
    ReadPlace,
    braze_connections,
    host_names,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.listing import AccountListing
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.discovery.rows import AZURE, GCS, GROUPS, S3, SECRETS, connection, row


def names(*rows: dict[str, Any]) -> dict[str, str]:
    """Return the names of the hosts by the ids of the connections."""
    return host_names(braze_connections(rows, GROUPS))


def test_only_braze_connections_are_taken_in_the_order_of_groups_and_schemas() -> None:
    rows = [row("b", "patient_harbor"), row("b"), row("a", "patient_harbor"), row("lake", service="s3")]
    found = braze_connections(rows, GROUPS)
    assert [(item.group_name, item.schema) for item in found] == [
        ("Warehouse", "b"),
        ("Warehouse EMEA", "a"),
        ("Warehouse EMEA", "b"),
    ]


def test_no_secret_is_taken_also_where_fivetran_does_not_mask_it() -> None:
    exports = {"enable_exports": True, "export_storage_type": "AZURE_BLOB_STORAGE", "abs_export_container_name": "e"}
    for config in (S3, AZURE, {**S3, **exports}):
        text = json.dumps(connection(config=config).as_json())
        assert [name for name, secret in SECRETS.items() if secret in text] == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (S3, ReadPlace("s3", "acme-currents-us", "currents")),
        ({**S3, "s3folder": "/currents/shop/"}, ReadPlace("s3", "acme-currents-us", "currents/shop")),
        ({**S3, "s3folder": None}, ReadPlace("s3", "acme-currents-us", "")),
        (GCS, ReadPlace("gcs", "acme-currents-eu", "currents")),
        (AZURE, ReadPlace("azure", "currents", "shop")),
        ({"cloud_storage_type": "NONE"}, ReadPlace()),
        ({}, ReadPlace()),
        ({"cloud_storage_type": "FTP"}, ReadPlace("unknown")),
    ],
)
def test_where_currents_is_read_from(config: dict[str, Any], expected: ReadPlace) -> None:
    assert connection(config=config).currents == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ReadPlace()),
        ({"enable_exports": False, "export_storage_type": "GCS", "gcs_export_bucket": "left-over"}, ReadPlace()),
        (
            {"enable_exports": True, "export_storage_type": "GCS", "gcs_export_bucket": "exports"},
            ReadPlace("gcs", "exports"),
        ),
    ],
)
def test_exports_count_where_they_are_enabled(config: dict[str, Any], expected: ReadPlace) -> None:
    assert connection(config={**S3, **config}).exports == expected


@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda inner: st.lists(inner, max_size=2)))
def test_whatever_stands_where_a_text_belongs_becomes_one_that_can_be_written(value: Any) -> None:
    fields = dict.fromkeys(("schema", "config", "status", "daily_sync_time", "sync_frequency", "group_id"), value)
    [found] = braze_connections([{"id": "x", "service": "braze", **fields}], [])
    assert json.dumps(found.as_json()).encode("utf-8")
    assert found.schema.encode("utf-8") is not None


def test_a_host_is_named_as_its_schema_and_in_two_groups_with_both_groups() -> None:
    assert names(row("shop"), row("app"), row("app", "patient_harbor")) == {
        "jovial_daylight_shop": "shop",
        "jovial_daylight_app": "app_jovial_daylight",
        "patient_harbor_app": "app_patient_harbor",
    }


@pytest.mark.parametrize("schema", ["", "shop us", "shop[1:3]", "shop:22", "a.b", "{{ 1 }}", "ä", "\n", *TAKEN_NAMES])
def test_a_name_of_a_host_means_nothing_else_to_ansible(schema: str) -> None:
    [name] = names(row(schema)).values()
    assert name.isascii()
    assert name.replace("_", "a").isalnum()
    assert name not in TAKEN_NAMES


def test_a_key_that_stands_for_a_schema_names_no_host() -> None:
    key = SECRETS["api_key"]
    assert key.replace("-", "_") not in str(names(row(key)))


@given(
    st.lists(st.sampled_from(["a", "a_b", "b", "all", "a b", "a-b", ""]), max_size=6), st.randoms(use_true_random=False)
)
def test_every_host_has_a_name_of_its_own_whatever_the_order(schemas: list[str], shuffler: random.Random) -> None:
    rows = [row(schema, group, id=f"c{number}") for number, schema in enumerate(schemas) for group in ("b", "jd")]
    for number, item in enumerate(rows):
        item["id"] = f"c{number}"
    found = names(*rows)
    assert len(set(found.values())) == len(rows)
    shuffler.shuffle(rows)
    assert names(*rows) == found


def test_a_listing_comes_out_of_a_cache_as_it_went_in() -> None:
    listing = AccountListing(
        braze_connections([row(), row("b", config=AZURE)], GROUPS), {"jovial_daylight": "Warehouse"}, 7
    )
    assert AccountListing.from_json(json.loads(json.dumps(listing.as_json()))) == listing


@pytest.mark.parametrize("change", [{"more": 1}, {"id": None}])
def test_what_another_version_left_in_a_cache_is_not_taken_for_a_connection(change: dict[str, Any]) -> None:
    data = {
        name: value for name, value in {**connection().as_json(), **change}.items() if value is not None or name != "id"
    }
    with pytest.raises(TypeError):
        FoundConnection.from_json(data)
