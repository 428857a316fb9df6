# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_connection_info and fivetran_destination_info: everything that is there, and no secret."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import FivetranClient
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.listing import (
    MOST_PAGES,
    MOST_WITHOUT_NEWS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

SECRET = "a-distinctive-braze-key-4711"


def connection_info(sandbox: Sandbox, **arguments: Any) -> ModuleResult:
    return run_module("fivetran_connection_info", arguments, sandbox.env)


def destination(sandbox: Sandbox, group_id: str) -> Any:
    return run_module("fivetran_destination_info", {"group_id": group_id}, sandbox.env)["destination"]


def add_sheets(sandbox: Sandbox, count: int, **fields: Any) -> None:
    sheets = {"group_id": world.GROUP_ID, "service": "google_sheets", "schema": "sheet_{}.t"}
    sandbox.seed("fivetran", "add_connections", count=count, **sheets, **fields)


@pytest.fixture
def ids(sandbox: Sandbox) -> dict[str, str]:
    """Make three connections in two groups; return their ids by schema."""
    rows = (
        (world.GROUP_ID, "braze", "shop_us"),
        (world.GROUP_ID, "google_sheets", "plans.all"),
        (world.SECOND_GROUP_ID, "braze", "shop_eu"),
    )
    made = {}
    for group_id, service, schema in rows:
        config = {"api_key": SECRET, "cloud_storage_type": "NONE"} if service == "braze" else {}
        row = sandbox.seed(
            "fivetran", "add_connection", group_id=group_id, service=service, schema=schema, config=config
        )
        made[schema] = row["id"]
    return made


@pytest.mark.parametrize(
    ("arguments", "schemas"),
    [
        ({}, ["plans.all", "shop_eu", "shop_us"]),
        ({"group_id": world.GROUP_ID}, ["plans.all", "shop_us"]),
        ({"service": "braze"}, ["shop_eu", "shop_us"]),
        ({"group_id": world.SECOND_GROUP_ID, "service": "braze"}, ["shop_eu"]),
        ({"schema": "shop_us"}, ["shop_us"]),
        ({"group_id": world.SECOND_GROUP_ID, "schema": "shop_us"}, []),
        ({"service": "postgres"}, []),
    ],
    ids=["all", "group", "service", "group and service", "schema", "schema elsewhere", "none"],
)
def test_connections_are_chosen_by_group_service_and_schema(
    sandbox: Sandbox, ids: dict[str, str], arguments: dict[str, str], schemas: list[str]
) -> None:
    result = connection_info(sandbox, **arguments)
    assert not result.changed
    assert sorted(row["schema"] for row in result["connections"]) == schemas
    assert {row["id"] for row in result["connections"]} <= set(ids.values())


def test_one_connection_is_found_by_its_id_and_a_missing_one_is_an_empty_list(
    sandbox: Sandbox, ids: dict[str, str]
) -> None:
    [row] = connection_info(sandbox, id=ids["shop_us"])["connections"]
    assert row["schema"] == "shop_us"
    assert row["setup_state"] == "incomplete"
    assert row["last_sync"] == {"outcome": None, "finished_at": None, "reasons": []}
    assert connection_info(sandbox, id="nowhere")["connections"] == []


def test_secrets_stay_masked(sandbox: Sandbox, ids: dict[str, str]) -> None:
    result = connection_info(sandbox, id=ids["shop_us"])
    assert set(result["connections"][0]["config"]["api_key"]) == {"*"}
    assert SECRET not in str(result.values)


def test_a_server_that_echoes_the_credentials_does_not_bring_them_into_the_result(
    sandbox: Sandbox, ids: dict[str, str]
) -> None:
    config = {"api_url": f"{world.FIVETRAN_KEY}:{world.FIVETRAN_SECRET}"}
    sandbox.seed("fivetran", "edit_connection", id=ids["shop_us"], config=config)
    result = connection_info(sandbox, id=ids["shop_us"])
    for secret in world.secrets():
        assert secret not in str(result.values)


def listed(sandbox: Sandbox, page_size: int) -> list[str]:
    """Return the ids of all connections, asked for in such pages."""
    client = FivetranClient(
        api_key=world.FIVETRAN_KEY,
        api_secret=world.FIVETRAN_SECRET,
        api_url=sandbox.env["FIVETRAN_API_URL"],
        page_size=page_size,
    )
    return [str(row["id"]) for row in client.connections()]


def test_more_connections_than_a_page_holds_are_all_listed(sandbox: Sandbox) -> None:
    add_sheets(sandbox, 250)
    assert len({row["id"] for row in connection_info(sandbox)["connections"]}) == 250
    sandbox.clear_journal()
    assert len(set(listed(sandbox, 100))) == 250
    assert len(sandbox.journal("fivetran", "list_connections")) == 3


def test_a_listing_whose_answer_is_too_large_goes_on_with_smaller_pages(sandbox: Sandbox) -> None:
    add_sheets(sandbox, 1000, config={"sheet_id": "x" * 9000})
    result = connection_info(sandbox, group_id=world.GROUP_ID)
    assert len({row["id"] for row in result["connections"]}) == 1000
    pages = [int(entry.query["limit"]) for entry in sandbox.journal("fivetran", "list_connections")]
    assert pages == [1000] + [100] * 10


def test_pages_get_smaller_where_the_listing_has_come_to_and_no_smaller_than_ten(sandbox: Sandbox) -> None:
    add_sheets(sandbox, 250)
    sandbox.fault("large", operation="list_connections", skip=2)
    assert len(set(listed(sandbox, 100))) == 250
    asked = [entry.query for entry in sandbox.journal("fivetran", "list_connections")]
    assert [int(query["limit"]) for query in asked] == [100] * 3 + [10] * 5
    assert asked[2]["cursor"] == asked[3]["cursor"]
    sandbox.clear_faults()
    sandbox.fault("large", operation="list_connections", times=0)
    sandbox.clear_journal()
    assert connection_info(sandbox).code == "too_large"
    asked = [entry.query for entry in sandbox.journal("fivetran", "list_connections")]
    assert [query["limit"] for query in asked] == ["1000", "100", "10"]


@pytest.mark.parametrize(
    "cursors",
    [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"], [""], [7], [True], [["a"]], [{}]],
    ids=["same", "circle of two", "circle later", "empty", "number", "boolean", "list", "object"],
)
def test_a_cursor_that_leads_nowhere_new_ends_the_listing_with_an_error(sandbox: Sandbox, cursors: list[Any]) -> None:
    for cursor in cursors:
        answer = {"code": "Success", "data": {"items": [], "next_cursor": cursor}}
        sandbox.fault("status", operation="list_connections", status=200, body=answer)
    result = connection_info(sandbox)
    assert result.code == "invalid_answer"
    assert "next_cursor" in result.msg
    assert len(sandbox.journal("fivetran", "list_connections")) == len(cursors)


@pytest.mark.parametrize("rows", [0, 3], ids=["empty", "the same rows"])
def test_a_listing_that_goes_on_without_anything_new_ends_with_an_error(sandbox: Sandbox, rows: int) -> None:
    add_sheets(sandbox, rows)
    sandbox.fault("new_cursor", operation="list_connections", times=0)
    result = connection_info(sandbox)
    assert result.code == "invalid_answer"
    assert "an end of the listing" in result.msg
    assert len(sandbox.journal("fivetran", "list_connections")) <= MOST_WITHOUT_NEWS + 2


@pytest.mark.slow  # A thousand calls.
def test_a_listing_that_always_has_something_new_ends_with_an_error(sandbox: Sandbox) -> None:
    sandbox.fault("new_row", operation="list_connections", times=0)
    with pytest.raises(OnrampError, match="an end of the listing"):
        listed(sandbox, 10)
    assert len(sandbox.journal("fivetran", "list_connections")) == MOST_PAGES + 1


@pytest.mark.parametrize("other", ["group_id", "schema", "service"])
def test_an_id_does_not_go_with_a_filter(sandbox: Sandbox, other: str) -> None:
    assert "mutually exclusive" in connection_info(sandbox, id="a", **{other: "b"}).msg


@pytest.mark.parametrize("setup_status", ["connected", "incomplete", "broken", "CONNECTED"])
def test_a_destination_tells_its_status(sandbox: Sandbox, setup_status: str) -> None:
    sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status=setup_status)
    shown = destination(sandbox, world.GROUP_ID)
    assert shown["setup_status"] == setup_status
    assert shown["group_id"] == world.GROUP_ID


def test_a_destination_that_does_not_exist_is_null(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status=None)
    assert destination(sandbox, world.GROUP_ID) is None


def test_nothing_of_the_warehouses_own_config_is_shown(sandbox: Sandbox) -> None:
    data = {
        "id": "g",
        "group_id": "g",
        "service": "snowflake",
        "setup_status": "broken",
        "config": {"password": SECRET},
    }
    tests = [{"title": "Log in", "status": "FAILED", "message": "refused", "details": ["x"]}]
    answer = {"code": "Success", "data": {**data, "setup_tests": tests}}
    sandbox.fault("status", operation="get_destination", status=200, body=answer)
    shown = destination(sandbox, world.GROUP_ID)
    assert SECRET not in str(shown)
    assert shown["setup_tests"] == tests
