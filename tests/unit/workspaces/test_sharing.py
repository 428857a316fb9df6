# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who shares a role, who makes it, who cannot share it, and what is left for others when one leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.inventory import (
    Workspace,
    read_workspaces,
    role_options,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.sharing import (
    departure,
    role_makers,
    sharing_problems,
)

NAMES = ("Warehouse", "jovial_daylight")
S3 = {"fivetran_group": "Warehouse", "currents_storage": "s3", "currents_bucket": "acme-us"}


def read(inventory: Mapping[str, Mapping[str, Any]], playing: tuple[str, ...] | None = None) -> list[Workspace]:
    return read_workspaces(
        inventory, inventory if playing is None else playing, lambda name, variable: inventory[name].get(variable)
    )


def test_one_workspace_asks_for_all_with_the_same_credentials_and_only_for_those_that_play() -> None:
    other_key = {**S3, "fivetran_api_key": "another"}
    rows = read({"idle": S3, "first": S3, "second": S3, "third": other_key}, ("first", "second", "third"))
    assert [row["reader"] for row in rows] == ["", "first", "first", "third"]


def test_a_row_holds_no_secret() -> None:
    secrets = {"fivetran_api_key": "secret-1", "fivetran_api_secret": "secret-2", "braze_api_key": "secret-3"}
    assert "secret-" not in str(read({"shop": {**S3, **secrets}}))


def test_settings_that_a_workspace_leaves_out_are_those_that_the_role_takes() -> None:
    [row] = read({"shop": S3})
    assert row["access"]["s3_access_role_name"] == "Fivetran"
    assert set(row["access"]) < set(role_options("s3_access"))


def test_settings_of_a_wrong_type_are_left_to_the_check_of_the_settings() -> None:
    [row] = read({"shop": {"fivetran_group": ["Warehouse"], "currents_storage": {"kind": "s3"}}})
    assert row["role"] == ""


def test_the_first_of_a_batch_makes_a_role_and_keeps_it_in_later_batches() -> None:
    rows = read({"first": S3, "second": S3, "gcs": {**S3, "currents_storage": "gcs"}})
    made = role_makers(rows, {"first": "jovial_daylight"}, ["second", "gcs"])
    assert made == {" Fivetran jovial_daylight": "second"}
    assert role_makers(rows, {"first": "jovial_daylight"}, ["first"], made) == made


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"fivetran_group": "Elsewhere"}, ("s3_access_role_name", "Elsewhere")),
        ({"s3_access_path": "/vendors/"}, ("s3_access_path", '"/vendors/"', '"/"')),
        ({"s3_access_role_name": "Other"}, ("s3_access_policy_name", "Fivetran-S3-Access")),
    ],
    ids=["group", "setting", "policy"],
)
def test_what_cannot_be_shared_is_told_to_both_with_the_name_of_the_other(
    other: dict[str, Any], words: tuple[str, ...]
) -> None:
    rows = read({"first": S3, "second": {**S3, **other}})
    for this, named in ((rows[0], "second"), (rows[1], "first")):
        names = (this["group"],) if "fivetran_group" in other else NAMES
        [problem] = sharing_problems(rows, this, names)
        assert all(word in problem for word in (named, words[0]))
    [problem] = sharing_problems(rows, rows[0], NAMES)
    assert all(word in problem for word in words)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"fivetran_group": "jovial_daylight"},
        {"currents_bucket": "acme-eu"},
        {"fivetran_group": "Elsewhere", "s3_access_aws_profile": "another-account"},
        {"fivetran_group": "Elsewhere", "currents_storage": "gcs"},
        {"s3_access_preflight": "warn"},
    ],
    ids=["equal", "group by id", "bucket", "account", "storage", "preflight"],
)
def test_what_may_differ_is_no_problem(other: dict[str, Any]) -> None:
    rows = read({"first": S3, "second": {**S3, **other}})
    assert sharing_problems(rows, rows[0], NAMES) == []


def connection(schema: str, **config: str) -> dict[str, Any]:
    return {"schema": schema, "config": config}


def leave(stay: list[dict[str, Any]], *leaving: str, folder: str | None = None, **inventory: dict[str, Any]) -> Any:
    rows = read({name: {**S3, "fivetran_schema": f"braze_{name}", **data} for name, data in inventory.items()})
    this = next(row for row in rows if row["name"] == leaving[0])
    return departure(stay, rows, this, group_names=NAMES, leaving=leaving, folder=folder)


def test_the_last_one_takes_the_access_with_it() -> None:
    assert leave([], "shop", shop={}) == {
        "buckets_to_release": ["acme-us"],
        "buckets_still_read": [],
        "grant_used_by": [],
    }


def test_a_bucket_that_another_connection_reads_stays() -> None:
    left = leave([connection("braze_app", s3bucket="acme-us")], "shop", shop={}, app={})
    assert (left["buckets_to_release"], left["buckets_still_read"]) == ([], ["acme-us"])


def test_only_the_bucket_of_the_one_that_leaves_is_released() -> None:
    stay = [connection("braze_app", s3bucket="acme-eu")]
    left = leave(stay, "shop", shop={}, app={"currents_bucket": "acme-eu"})
    assert (left["buckets_to_release"], left["buckets_still_read"]) == (["acme-us"], ["acme-eu"])


def test_a_connection_that_the_inventory_does_not_know_counts_as_reading() -> None:
    assert leave([connection("by_hand", s3bucket="acme-us")], "shop", shop={})["buckets_to_release"] == []


def test_a_connection_that_reads_through_another_role_does_not_keep_the_bucket() -> None:
    other = {"s3_access_role_name": "Other", "s3_access_policy_name": "Other-Access"}
    left = leave([connection("braze_app", s3bucket="acme-us")], "shop", shop={}, app=other)
    assert left["buckets_to_release"] == ["acme-us"]


def test_a_connection_whose_configuration_cannot_be_read_is_no_error() -> None:
    assert leave([{"schema": "odd", "config": None}, {"schema": "bare"}], "shop", shop={})["buckets_still_read"] == []


def test_a_grant_stays_for_whoever_reads_the_bucket_or_the_folder() -> None:
    gcs = {"currents_storage": "gcs"}
    stay = [connection("braze_app", gcs_bucket="acme-us", gcs_folder="app/"), connection("other", gcs_bucket="acme-eu")]
    assert leave(stay, "shop", shop=gcs)["grant_used_by"] == ["braze_app"]
    assert leave(stay, "shop", folder="shop", shop=gcs)["grant_used_by"] == []
    assert leave(stay, "shop", folder="/app", shop=gcs)["grant_used_by"] == ["braze_app"]
