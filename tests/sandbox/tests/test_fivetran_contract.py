# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check against Fivetran's OpenAPI document finds what it has to find, and passes what is right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.contract import DOCUMENT, check, contract
from tests.sandbox.core import Entry
from tests.sandbox.fivetran_services import BRAZE

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="Fivetran's OpenAPI document is not beside the checkout")

GOOD = {"id": "g", "name": "Warehouse", "created_at": "2024-12-01T15:43:29Z"}
CREATION = {
    "group_id": "g",
    "service": "braze",
    "sync_frequency": 360,
    "config": {"schema": "braze", "cloud_storage_type": "AWS_S3", "s3bucket": "b", "enable_exports": True},
}
STATUS = {"setup_state": "connected", "sync_state": "paused", "update_state": "on_schedule", "is_historical_sync": True}
CONNECTION = {
    **CREATION,
    "id": "c",
    "schema": "braze",
    "paused": True,
    "pause_after_trial": False,
    "schedule_type": "auto",
    "service_version": 1,
    "data_delay_sensitivity": "NORMAL",
    "connected_by": "user",
    "succeeded_at": None,
    "private_link_id": None,
    "created_at": "2024-12-01T15:43:29Z",
    "status": STATUS,
    "config": {**CREATION["config"], "s3external_id": "g"},  # type: ignore[dict-item]
}
COLUMN = {"name_in_destination": "email", "enabled": True, "hashed": True, "enabled_patch_settings": {"allowed": True}}
TABLE = {
    "name_in_destination": "user",
    "enabled": True,
    "enabled_patch_settings": {"allowed": True},
    "supports_columns_config": True,
    "supports_history_mode": True,
    "columns": {"email": COLUMN},
}


def entry(method: str, path: str, **fields: Any) -> Entry:
    return Entry(1, "fivetran", "fivetran:x", method, path, **{"query": {}, "status": 200, **fields})


def answer(data: Any) -> dict[str, Any]:
    return {"code": "Success", "data": data}


def creation(**changes: Any) -> Entry:
    return entry("POST", "/v1/connections", body={**CREATION, **changes}, status=201, answer=answer(CONNECTION))


def creation_with_config(**config: Any) -> Entry:
    return creation(config={"schema": "braze", **config})


def shown(**changes: Any) -> Entry:
    return entry("GET", "/v1/connections/c", answer=answer({**CONNECTION, **changes}))


def schemas(table: dict[str, Any]) -> Entry:
    schema = {"name_in_destination": "braze", "enabled": True, "tables": {"user": table}}
    data = {"schema_change_handling": "ALLOW_ALL", "schemas": {"braze": schema}}
    return entry("GET", "/v1/connections/c/schemas", answer=answer(data))


WRONG = {
    "an undocumented path": (entry("GET", "/v1/connectors"), "not in the document"),
    "an undocumented method": (entry("DELETE", "/v1/connections"), "not in the document"),
    "a deeper path": (entry("GET", "/v1/groups/g/users"), "not in the document"),
    "an undocumented status": (entry("GET", "/v1/groups/g", status=202, answer=answer(GOOD)), "status 202"),
    "a query parameter": (entry("GET", "/v1/groups", query={"page": "1"}, answer=answer({"items": []})), "page"),
    "a query of another type": (
        entry("GET", "/v1/groups", query={"limit": "all"}, answer=answer({"items": []})),
        "limit is not a number",
    ),
    "an answer's type": (entry("GET", "/v1/groups/g", answer=answer({**GOOD, "name": 7})), "data.name"),
    "an answer's missing field": (entry("GET", "/v1/groups/g", answer=answer({"id": "g"})), "required"),
    "an answer's unknown field": (entry("GET", "/v1/groups/g", answer=answer({**GOOD, "owner": "x"})), "'owner'"),
    "an answer's null of a required field": (
        entry("GET", "/v1/groups/g", answer=answer({**GOOD, "name": None})),
        "data.name",
    ),
    "a choice that is no number's": (creation(sync_frequency=7), "sync_frequency"),
    "an unknown field": (creation(pause=True), "'pause'"),
    "a null in a request": (creation(daily_sync_time=None), "daily_sync_time"),
    "a missing field": (entry("POST", "/v1/connections", body={"group_id": "g"}, status=201), "service"),
    "a missing body": (entry("POST", "/v1/connections/c/test", answer=answer(CONNECTION)), "request: body"),
    "an unknown field of the config": (creation_with_config(s3_bucket="b"), "'s3_bucket'"),
    "a choice of the config": (creation_with_config(cloud_storage_type="S3"), "config.cloud_storage_type"),
    "a type in the config": (creation_with_config(enable_exports="yes"), "config.enable_exports"),
    "a read-only field that is sent": (creation_with_config(s3external_id="g"), "'s3external_id'"),
    "an unknown field of a change": (entry("PATCH", "/v1/connections/c", body={"pause": True}, status=400), "'pause'"),
    "an unknown field of a change's config": (
        entry("PATCH", "/v1/connections/c", body={"config": {"key": "x"}}, answer=answer(CONNECTION)),
        "'key'",
    ),
    "a request whose answer was lost": (
        entry("PATCH", "/v1/connections/c", body={"pause": True}, status=200, fault="lost_answer"),
        "'pause'",
    ),
    "an unknown field of a connection": (shown(owner="x"), "'owner'"),
    "an unknown field of a shown config": (shown(config={"key": "x"}), "'key'"),
    "an unknown field of a listed config": (
        entry("GET", "/v1/connections", answer=answer({"items": [{**CONNECTION, "config": {"key": "x"}}]})),
        "'key'",
    ),
    "a setup test without title": (shown(setup_tests=[{"status": "PASSED"}]), "title"),
    "a setup test's status": (shown(setup_tests=[{"status": "OK", "title": "t"}]), "'OK'"),
    "a table's type": (schemas({**TABLE, "enabled": "yes"}), "tables.user.enabled"),
    "a column's unknown field": (schemas({**TABLE, "columns": {"email": {**COLUMN, "salt": 1}}}), "'salt'"),
    "a column's change without enabled": (
        entry(
            "PATCH",
            "/v1/connections/c/schemas",
            body={"schemas": {"braze": {"enabled": True, "tables": {"user": {"hashed": True}}}}},
            status=400,
        ),
        "tables.user",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_violation_is_found_and_named(wrong: str) -> None:
    seen, words = WRONG[wrong]
    found = check([seen])
    assert found
    assert all(violation.startswith(f"{seen.method} {seen.path}: ") for violation in found)
    assert any(words in violation for violation in found), found


RIGHT = {
    "a list": entry("GET", "/v1/groups", query={"limit": "1000"}, answer=answer({"items": [GOOD], "next_cursor": "x"})),
    "an object": entry("GET", "/v1/groups/g", answer=answer(GOOD)),
    "a creation": creation(),
    "a creation of another service": creation(service="google_sheets", config={"schema": "s", "table": "t"}),
    "a secret that the journal does not show": creation_with_config(api_key="<redacted>"),
    "a connection": shown(),
    "a list of connections": entry("GET", "/v1/connections", answer=answer({"items": [CONNECTION]})),
    "details of any type": shown(
        setup_tests=[
            {"title": "t", "status": "FAILED", "details": details} for details in ({"a": 1}, ["x"], "text", None)
        ]
    ),
    "a schema config": schemas(TABLE),
    "a faulty answer": entry("GET", "/v1/groups/g", answer={"code": 7}, fault="wrong_types"),
    "a refusal": entry("GET", "/v1/groups/g", status=404, answer={"code": "NotFound_Group"}),
    "another server's request": Entry(1, "braze", "braze:x", "GET", "/campaigns/list", {}, status=200),
}


@pytest.mark.parametrize("right", RIGHT)
def test_what_is_right_passes(right: str) -> None:
    assert check([RIGHT[right]]) == []


def test_the_documents_braze_fields_are_the_sandboxs() -> None:
    writable = contract().schemas["braze_config_V1"]["properties"]["config"]["properties"]
    readonly = contract().schemas["braze_readonly_config_V1"]["properties"]["config"]["properties"]
    assert {name for name, field in BRAZE.items() if not field["readonly"]} == {*writable, "schema"}
    assert {name for name, field in BRAZE.items() if field["readonly"]} == set(readonly)
    for name, documented in writable.items():
        assert BRAZE[name].get("format") == documented.get("format"), name
        assert BRAZE[name]["type"] == documented["type"], name
        assert sorted(BRAZE[name].get("enum", [])) == sorted(documented.get("enum", [])), name


def test_what_is_right_in_one_answer_is_judged_anew_in_another() -> None:
    group = answer(GOOD)
    right, wrong = entry("GET", "/v1/groups/g", answer=group), entry("GET", "/v1/groups", answer=group)
    assert check([right]) == []
    assert check([wrong]) != []
    assert check([right]) == []
