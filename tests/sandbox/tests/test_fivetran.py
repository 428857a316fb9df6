# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's Fivetran does with every request, and its accounts, groups, destinations and metadata."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.tests.fivetran_api import (
    ACCEPT,
    BRAZE_KEY,
    FOREIGN_GROUP,
    GROUP,
    OTHER_GROUP,
    OWNER,
    READER,
    SCOPED,
    STRANGER,
    Api,
)
from tests.sandbox.tests.serving import writes

# Every request


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic not-base64",
        "Basic a2V5LW93bmVyOndyb25n",
        "Basic a2V5LW93bmVy",
        "Bearer secret-owner-4d5e6f",
    ],
)
def test_a_missing_or_wrong_key_is_refused(api: Api, authorization: str | None) -> None:
    headers = {**ACCEPT, **({"Authorization": authorization} if authorization else {})}
    answer = requests.get(f"{api.server.url}/v1/account/info", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, "AuthFailed")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json;version=2", 200),
        ("application/json; version=1", 200),
        ("application/json", 200),
        ("text/html, application/*;q=0.5", 200),
        ("*/*", 200),
        ("text/html", 406),
        ("application/json;version=3", 406),
        ("application/jsonl", 406),
    ],
)
def test_what_cannot_be_answered_as_json_is_not_acceptable(api: Api, accept: str, status: int) -> None:
    url = f"{api.server.url}/v1/account/info"
    assert requests.get(url, auth=OWNER, headers={"Accept": accept}, timeout=10).status_code == status


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_declared_as_json_is_refused(api: Api, content_type: str) -> None:
    headers = {**ACCEPT, "Content-Type": content_type}
    url = f"{api.server.url}/v1/groups"
    answer = requests.post(url, auth=OWNER, headers=headers, data='{"name": "x"}', timeout=10)
    assert answer.status_code == 415
    assert writes(api.hub) == []


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"'])
def test_a_body_that_is_no_object_is_refused(api: Api, body: str) -> None:
    headers = {**ACCEPT, "Content-Type": "application/json"}
    url = f"{api.server.url}/v1/groups"
    answer = requests.post(url, auth=OWNER, headers=headers, data=body, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequest")


def test_a_path_that_was_never_there_is_not_found(api: Api) -> None:
    assert api.refusal("GET", "/connectorz") == (404, "NotFound")


def test_a_method_that_a_path_does_not_have_is_not_allowed(api: Api) -> None:
    assert api.refusal("DELETE", "/connections") == (405, "MethodNotAllowed")


def test_the_journal_names_the_key_and_the_operation(api: Api) -> None:
    api.get("/groups", key=READER)
    [entry] = api.hub.journal
    assert (entry.operation, entry.actor, entry.status) == ("fivetran:list_groups", "reader", 200)
    assert not entry.changed_state


# Secrets


def test_no_answer_and_no_journal_shows_a_secret_wherever_it_stands(api: Api) -> None:
    secrets = [{"key": "TOKEN", "value": "sdk-secret-of-the-tests-9"}]
    config = {"schema": "sdk", "python_version": "3.12", "secrets_list": secrets}
    body = {"group_id": GROUP, "service": "connector_sdk", "config": config}
    created = api.data("POST", "/connections", body)
    assert created["config"]["secrets_list"] == [{"key": "TOKEN", "value": "******"}]
    assert api.create()["config"]["api_key"] == "******"
    api.data("PATCH", f"/connections/{created['id']}", {"config": {"secrets_list": secrets}})
    # A server that echoes a key.
    echo = [{"title": "t", "status": "FAILED", "message": f"Invalid API key: {BRAZE_KEY}", "details": [BRAZE_KEY]}]
    api.server.control_script_setup_tests([echo], service="braze")
    api.data("POST", f"/connections/{next(iter(api.get('/connections', schema='braze')['items']))['id']}/test", {})
    assert "sdk-secret-of-the-tests-9" not in str(api.hub.journal)
    assert BRAZE_KEY not in str(api.hub.journal)
    assert "<redacted>" in str(api.hub.journal)


def test_the_journal_keeps_what_only_looks_like_a_secret(api: Api) -> None:
    api.get("/metadata/connector-types/braze")
    [entry] = api.hub.journal
    assert entry.answer["data"]["config"]["properties"]["api_key"]["format"] == "password"


@pytest.mark.parametrize("mask", ["****", "**********"])
def test_a_mask_has_the_length_that_a_test_asks_for(api: Api, mask: str) -> None:
    api.server.control_set_mask(mask)
    assert api.create()["config"]["api_key"] == mask


# Account and rights


def test_an_account_has_users_keys_and_system_keys(api: Api) -> None:
    assert api.get("/account/info")["user_id"] == "user_owner"
    assert api.get("/account/info", key=SCOPED)["system_key_id"] == "system_scoped"
    assert api.get("/account/info", key=STRANGER)["account_id"] == "another"


def test_a_key_without_rights_reads_and_changes_nothing(api: Api) -> None:
    connection = api.create()
    path = f"/connections/{connection['id']}"
    before = api.server.state_hash()
    assert api.get(path, key=READER)["id"] == connection["id"]
    for method, where, body in [
        ("POST", "/connections", api.creation({"schema": "second"})),
        ("PATCH", path, {"paused": True}),
        ("DELETE", path, None),
        ("POST", f"{path}/test", {}),
        ("POST", f"{path}/sync", {}),
        ("POST", f"{path}/resync", {}),
        ("POST", f"{path}/schemas/reload", {}),
        ("PATCH", f"/groups/{GROUP}", {"name": "New"}),
        ("DELETE", f"/destinations/{GROUP}", None),
        ("POST", "/groups", {"name": "New"}),
    ]:
        assert api.refusal(method, where, body, READER) == (403, "Forbidden"), where
    assert api.server.state_hash() == before


def test_a_scoped_key_creates_in_its_group_only(api: Api) -> None:
    assert api.refusal("POST", "/connections", api.creation(), SCOPED) == (403, "Forbidden")
    body = api.creation(group_id=OTHER_GROUP)
    assert api.data("POST", "/connections", body, SCOPED)["group_id"] == OTHER_GROUP


def test_a_key_of_another_account_sees_another_world(api: Api) -> None:
    connection = api.create()
    assert [group["id"] for group in api.get("/groups", key=STRANGER)["items"]] == [FOREIGN_GROUP]
    assert api.get("/connections", key=STRANGER)["items"] == []
    assert api.refusal("GET", f"/groups/{GROUP}", key=STRANGER) == (404, "NotFound_Group")
    assert api.refusal("GET", f"/groups/{GROUP}/service-account", key=STRANGER) == (404, "NotFound_Group")
    assert api.refusal("GET", f"/destinations/{GROUP}", key=STRANGER) == (404, "NotFound_Destination")
    assert api.refusal("DELETE", f"/destinations/{GROUP}", key=STRANGER) == (404, "NotFound_Destination")
    path = f"/connections/{connection['id']}"
    assert api.refusal("GET", path, key=STRANGER) == (404, "NotFound_Connection")
    assert api.refusal("POST", "/connections", api.creation(), STRANGER) == (404, "NotFound_Group")


# Groups and destinations


def test_a_group_lives_from_creation_to_removal(api: Api) -> None:
    group = api.data("POST", "/groups", {"name": "New"})
    path = f"/groups/{group['id']}"
    assert api.get(path) == group
    assert api.data("PATCH", path, {"name": "Newer"})["name"] == "Newer"
    assert [entry.operation for entry in writes(api.hub)] == ["fivetran:create_group", "fivetran:update_group"]
    assert api.refusal("GET", f"/destinations/{group['id']}") == (404, "NotFound_Destination")
    assert api.data("DELETE", path) is None
    assert api.refusal("GET", path) == (404, "NotFound_Group")
    assert api.refusal("DELETE", path) == (404, "NotFound_Group")


def test_a_groups_name_is_unique_in_its_account(api: Api) -> None:
    assert api.refusal("POST", "/groups", {"name": "Warehouse"}) == (409, "Conflict")
    assert api.refusal("PATCH", f"/groups/{OTHER_GROUP}", {"name": "Warehouse"}) == (409, "Conflict")
    assert api.data("PATCH", f"/groups/{GROUP}", {"name": "Warehouse"})["name"] == "Warehouse"
    assert api.data("POST", "/groups", {"name": "Foreign"})["name"] == "Foreign"


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, {"name": "x", "id": "y"}])
def test_a_group_needs_a_name_and_nothing_else(api: Api, body: dict[str, Any]) -> None:
    assert api.refusal("POST", "/groups", body) == (400, "InvalidInput")


def test_neither_group_nor_destination_goes_while_connections_exist(api: Api) -> None:
    connection = api.create()
    assert api.refusal("DELETE", f"/groups/{GROUP}") == (409, "Conflict")
    assert api.refusal("DELETE", f"/destinations/{GROUP}") == (409, "Conflict")
    api.data("DELETE", f"/connections/{connection['id']}")
    assert api.data("DELETE", f"/destinations/{GROUP}") is None
    assert api.data("DELETE", f"/groups/{GROUP}") is None


def test_a_destination_tells_whether_it_is_connected(api: Api) -> None:
    assert api.get(f"/destinations/{GROUP}")["setup_status"] == "connected"
    assert api.get(f"/destinations/{OTHER_GROUP}")["setup_status"] == "incomplete"
    api.server.control_set_destination(OTHER_GROUP, "broken")
    assert api.get(f"/destinations/{OTHER_GROUP}")["setup_status"] == "broken"
    api.server.control_set_destination(OTHER_GROUP, None)
    assert api.refusal("GET", f"/destinations/{OTHER_GROUP}") == (404, "NotFound_Destination")


def test_a_service_account_cannot_be_derived_from_the_groups_id(api: Api) -> None:
    given = api.get(f"/groups/{GROUP}/service-account")["service_account"]
    assert given == "g-calm@fivetran-17.iam.gserviceaccount.com"
    made = api.get(f"/groups/{OTHER_GROUP}/service-account")["service_account"]
    assert made.endswith(".iam.gserviceaccount.com")
    assert OTHER_GROUP not in made
    assert "service_account" not in api.get(f"/groups/{GROUP}")


# Pages


def add_sheets(api: Api, count: int) -> None:
    for number in range(count):
        api.server.control_add_connection(group_id=GROUP, service="google_sheets", schema=f"sheet_{number}.t")


@pytest.mark.parametrize(("limit", "pages"), [(None, [100, 100, 50]), (1000, [250]), (125, [125, 125])])
def test_a_list_comes_in_pages_and_the_last_has_no_cursor(api: Api, limit: int | None, pages: list[int]) -> None:
    add_sheets(api, 250)
    query: dict[str, Any] = {} if limit is None else {"limit": limit}
    seen, counts = set(), []
    while True:
        data = api.get("/connections", group_id=GROUP, **query)
        counts.append(len(data["items"]))
        seen |= {row["id"] for row in data["items"]}
        if "next_cursor" not in data:
            break
        query["cursor"] = data["next_cursor"]
    assert counts == pages
    assert len(seen) == 250


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"limit": "many"}, {"cursor": "made up"}])
def test_a_wrong_page_is_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.refusal("GET", "/connections", **query) == (400, "InvalidInput")


def test_connections_are_filtered_exactly(api: Api) -> None:
    api.create()
    api.create({"schema": "braze_eu"})
    api.create(group_id=OTHER_GROUP)

    def found(**query: Any) -> list[tuple[str, str]]:
        return sorted((row["group_id"], row["schema"]) for row in api.get("/connections", **query)["items"])

    assert found() == [(GROUP, "braze"), (GROUP, "braze_eu"), (OTHER_GROUP, "braze")]
    assert found(group_id=GROUP) == [(GROUP, "braze"), (GROUP, "braze_eu")]
    assert found(schema="braze") == [(GROUP, "braze"), (OTHER_GROUP, "braze")]
    assert found(group_id=GROUP, schema="braze") == [(GROUP, "braze")]
    assert found(group_id=GROUP, schema="BRAZE") == []
    assert [row["schema"] for row in api.get(f"/groups/{GROUP}/connections", schema="braze")["items"]] == ["braze"]


# Metadata


def test_metadata_are_the_schema_of_a_config(api: Api) -> None:
    data = api.get("/metadata/connector-types/braze")
    assert (data["id"], data["name"]) == ("braze", "Braze")
    config = data["config"]
    assert (config["type"], config["required"]) == ("object", ["schema"])
    assert config["properties"]["api_key"]["format"] == "password"
    assert config["properties"]["cloud_storage_type"]["enum"] == ["AWS_S3", "GCS", "AZURE_BLOB_STORAGE", "NONE"]
    assert config["properties"]["s3external_id"]["readonly"] is True
    assert api.refusal("GET", "/metadata/connector-types/brase") == (404, "NotFound_Connector")


def test_metadata_list_every_service_without_config(api: Api) -> None:
    rows = api.get("/metadata/connector-types", limit=1000)["items"]
    assert {"braze", "google_sheets", "google_ads", "postgres", "s3"} <= {row["id"] for row in rows}
    assert all("config" not in row for row in rows)


# Rate limits


def test_every_answer_tells_what_is_left(api: Api) -> None:
    first, second = api.call("GET", "/groups"), api.call("GET", "/connections/unknown")
    assert first.headers["X-Rate-Limit"] == "20000"
    left = [int(answer.headers["X-Rate-Limit-Remaining"]) for answer in (first, second)]
    assert left == [19999, 19998]


def test_one_request_too_many_waits_for_the_oldest_and_counts_for_the_account(api: Api) -> None:
    api.server.control_set_rate_limit("requests", 2)
    api.get("/groups")
    api.server.control_advance_clock(600)
    api.get("/groups", key=READER)
    refused = api.call("GET", "/groups")
    assert (refused.status_code, refused.json()["code"]) == (429, "TooManyRequests")
    assert 2990 < int(refused.headers["Retry-After"]) <= 3000
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert api.call("GET", "/groups", key=STRANGER).status_code == 200
    api.server.control_advance_clock(3001)
    assert api.call("GET", "/groups").status_code == 200


def test_setup_tests_have_a_limit_of_their_own(api: Api) -> None:
    connection = api.create(run_setup_tests=False)
    api.server.control_set_rate_limit("setup_tests", 1, 60)
    path = f"/connections/{connection['id']}"
    api.data("POST", f"{path}/test", {})
    refused = api.call("POST", f"{path}/test", {})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert api.refusal("PATCH", path, {"paused": True}) == (429, "TooManyRequests")
    assert api.stored(connection["id"])["paused"] is False
    assert api.refusal("POST", "/connections", api.creation({"schema": "second"}))[0] == 429
    assert api.data("PATCH", path, {"paused": True, "run_setup_tests": False})["paused"] is True
