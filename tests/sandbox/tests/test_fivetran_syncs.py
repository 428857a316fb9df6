# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Syncs, schema configs and states of connections in the sandbox's Fivetran."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tests.fivetran_api import GROUP, Api
from tests.sandbox.tests.serving import writes

# Syncs


def seen(api: Api, path: str, times: int) -> list[str]:
    return [api.get(path)["status"]["sync_state"] for _look in range(times)]


def test_a_sync_runs_for_as_many_looks_as_scripted_and_then_succeeds(api: Api, path: str) -> None:
    api.server.control_set_sync("succeeded", polls=3)
    assert api.data("POST", f"{path}/sync", {"force": False}) is None
    assert seen(api, path, 5) == ["syncing"] * 3 + ["scheduled"] * 2
    ended = api.get(path)
    assert ended["succeeded_at"] is not None
    assert ended["failed_at"] is None
    assert ended["status"]["is_historical_sync"] is False


def test_a_sync_that_nobody_scripted_succeeds_too(api: Api, path: str) -> None:
    api.data("POST", f"{path}/sync", {})
    assert seen(api, path, 2) == ["syncing", "scheduled"]


def test_looking_at_a_sync_writes_nothing(api: Api, path: str) -> None:
    api.data("POST", f"{path}/sync", {})
    api.hub.journal.clear()
    seen(api, path, 3)
    api.get("/connections")
    assert writes(api.hub) == []


def test_a_sync_fails_with_a_reason_of_its_own(api: Api, path: str) -> None:
    task = {"code": "reconnect", "message": "Reconnect", "details": "The API key was revoked"}
    api.server.control_set_sync("failed", polls=0, task=task)
    api.data("POST", f"{path}/sync", {})
    failed = api.get(path)
    assert failed["status"]["tasks"] == [task]
    assert failed["failed_at"] is not None
    assert failed["succeeded_at"] is None
    assert failed["status"]["is_historical_sync"] is True


def test_a_sync_is_rescheduled_when_the_source_allows_no_more_calls(api: Api, path: str) -> None:
    api.server.control_set_sync("rescheduled", polls=0, rescheduled_for="2026-11-23T20:00:00Z")
    api.data("POST", f"{path}/sync", {})
    status = api.get(path)["status"]
    assert (status["sync_state"], status["rescheduled_for"]) == ("rescheduled", "2026-11-23T20:00:00Z")
    api.data("POST", f"{path}/sync", {})
    assert "rescheduled_for" not in api.get(path)["status"]


def test_a_running_sync_goes_on_unless_it_is_forced(api: Api, path: str) -> None:
    api.server.control_set_sync("succeeded", polls=2)
    api.server.control_set_sync("failed", polls=0)
    api.data("POST", f"{path}/sync", {})
    assert seen(api, path, 1) == ["syncing"]
    api.data("POST", f"{path}/sync", {"force": False})
    assert len([entry for entry in writes(api.hub) if entry.operation == "fivetran:sync_connection"]) == 1
    api.data("POST", f"{path}/sync", {"force": True})
    assert api.get(path)["failed_at"] is not None


@pytest.mark.parametrize(
    ("state", "told"), [({"paused": True}, "paused"), ({"config": {"api_key": "a-wrong-key"}}, "scheduled")]
)
def test_what_is_paused_or_broken_accepts_the_call_and_does_not_sync(
    api: Api, path: str, state: dict[str, Any], told: str
) -> None:
    api.data("PATCH", path, state)
    api.data("POST", f"{path}/sync", {"force": True})
    assert seen(api, path, 2) == [told] * 2
    assert api.get(path)["succeeded_at"] is None


def test_pausing_ends_a_sync(api: Api, path: str) -> None:
    api.server.control_set_sync("succeeded", polls=9)
    api.data("POST", f"{path}/sync", {})
    assert api.data("PATCH", path, {"paused": True})["status"]["sync_state"] == "paused"
    assert api.data("PATCH", path, {"paused": False})["status"]["sync_state"] == "scheduled"
    seen(api, path, 10)
    assert api.get(path)["succeeded_at"] is None


@pytest.mark.parametrize("body", [{"force": "yes"}, {"now": True}])
def test_a_wrong_order_to_sync_is_refused(api: Api, path: str, body: dict[str, Any]) -> None:
    assert api.refusal("POST", f"{path}/sync", body) == (400, "InvalidInput")


def test_a_resync_takes_all_history_again(api: Api, path: str) -> None:
    api.data("POST", f"{path}/sync", {})
    seen(api, path, 2)
    api.data("POST", f"{path}/resync", {})
    status = api.get(path)["status"]
    assert (status["sync_state"], status["is_historical_sync"]) == ("syncing", True)


def test_a_resync_of_tables_leaves_the_rest(api: Api, path: str) -> None:
    api.data("POST", f"{path}/sync", {})
    seen(api, path, 2)
    api.data("POST", f"{path}/resync", {"scope": {"braze": ["user"]}})
    status = api.get(path)["status"]
    assert (status["sync_state"], status["is_historical_sync"]) == ("syncing", False)


@pytest.mark.parametrize("body", [{"scope": {}}, {"scope": {"braze": []}}, {"scope": ["user"]}, {"tables": ["user"]}])
def test_an_empty_scope_of_a_resync_is_refused(api: Api, path: str, body: dict[str, Any]) -> None:
    assert api.refusal("POST", f"{path}/resync", body) == (400, "InvalidInput")


def test_no_sync_has_an_outcome_that_fivetran_does_not_know(api: Api) -> None:
    with pytest.raises(ValueError, match="no outcome"):
        api.server.control_set_sync("perhaps")


# Schema config


def tables(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["schemas"]["braze"]["tables"]
    return found


def change(table: str, **changes: Any) -> dict[str, Any]:
    return {"schemas": {"braze": {"enabled": True, "tables": {table: {"enabled": True, **changes}}}}}


def test_there_is_no_schema_config_before_the_first_reload(api: Api, path: str) -> None:
    assert api.refusal("GET", f"{path}/schemas") == (404, "NotFound_SchemaConfig")
    assert api.refusal("PATCH", f"{path}/schemas", change("user")) == (404, "NotFound_SchemaConfig")
    reloaded = api.data("POST", f"{path}/schemas/reload", {})
    assert api.get(f"{path}/schemas") == reloaded
    assert reloaded["schema_change_handling"] == "ALLOW_ALL"
    assert reloaded["enable_new_by_default"] is True
    assert {"user", "campaign", "users_messages_email_send"} <= set(tables(reloaded))
    assert all(table["enabled"] for table in tables(reloaded).values())


def test_a_second_reload_changes_nothing(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    api.data("PATCH", f"{path}/schemas", change("user", enabled=False))
    api.hub.journal.clear()
    assert tables(api.data("POST", f"{path}/schemas/reload", {}))["user"]["enabled"] is False
    assert writes(api.hub) == []


def test_only_columns_that_were_set_are_shown(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    assert tables(api.get(f"{path}/schemas"))["user"]["columns"] == {}
    columns = {"email": {"enabled": True, "hashed": True}, "phone": {"enabled": False}}
    answered = api.data("PATCH", f"{path}/schemas", change("user", columns=columns))
    shown = tables(answered)["user"]["columns"]
    stored = api.get(f"{path}/schemas")
    assert tables(stored)["user"]["columns"] == shown
    assert {name: (column["enabled"], column["hashed"]) for name, column in shown.items()} == {
        "email": (True, True),
        "phone": (False, False),
    }
    assert tables(stored)["campaign"]["columns"] == {}


def test_tables_schemas_and_the_policy_are_changed(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    body = {**change("campaign", enabled=False, sync_mode="HISTORY"), "schema_change_handling": "BLOCK_ALL"}
    changed = api.data("PATCH", f"{path}/schemas", body)
    assert changed["schema_change_handling"] == "BLOCK_ALL"
    assert changed["enable_new_by_default"] is False
    campaign = tables(changed)["campaign"]
    assert (campaign["enabled"], campaign["sync_mode"]) == (False, "HISTORY")
    switched = api.data("PATCH", f"{path}/schemas", {"schemas": {"braze": {"enabled": False}}})
    assert switched["schemas"]["braze"]["enabled"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        change("users"),
        change("user", columns={"mail": {"enabled": True}}),
        change("user", columns={"id": {"enabled": False}}),
        change("user", columns={"email": {"enabled": True, "hashed": "yes"}}),
        change("user", columns={"email": {"enabled": True, "masked": True}}),
        change("user", enabled=1),
        change("user", sync_mode="ALWAYS"),
        change("user", hashed=True),
        change("fivetran_audit", enabled=False),
        {"schemas": {"other": {"enabled": True}}},
        {"schema_change_handling": "ALLOW"},
        {"enable_new_by_default": True},
    ],
    ids=str,
)
def test_an_unknown_locked_or_wrong_part_of_a_schema_is_refused_as_a_whole(
    api: Api, path: str, wrong: dict[str, Any]
) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    before = api.server.state_hash()
    assert api.refusal("PATCH", f"{path}/schemas", {"schema_change_handling": "BLOCK_ALL", **wrong}) == (
        400,
        "InvalidInput",
    )
    assert api.server.state_hash() == before


def test_a_reload_switches_all_tables_that_are_not_locked(api: Api, path: str) -> None:
    def enabled(exclude_mode: str) -> set[str]:
        config = api.data("POST", f"{path}/schemas/reload", {"exclude_mode": exclude_mode})
        return {name for name, table in tables(config).items() if table["enabled"]}

    everything = enabled("PRESERVE")
    assert enabled("EXCLUDE") == enabled("PRESERVE") == {"fivetran_audit"}
    assert enabled("INCLUDE") == everything
    assert api.refusal("POST", f"{path}/schemas/reload", {"exclude_mode": "ALL"}) == (400, "InvalidInput")


def test_a_schema_config_made_before_the_first_capture_is_applied_to_it(api: Api, path: str) -> None:
    body = change("user", columns={"email": {"enabled": True, "hashed": True}, "unknown": {"enabled": False}})
    body["schemas"]["braze"]["tables"]["fivetran_audit"] = {"enabled": False}
    api.data("POST", f"{path}/schemas", body)
    config = api.data("POST", f"{path}/schemas/reload", {})
    assert tables(config)["user"]["columns"]["email"]["hashed"] is True
    assert "unknown" not in tables(config)["user"]["columns"]
    assert tables(config)["fivetran_audit"]["enabled"] is True
    assert api.refusal("POST", f"{path}/schemas", body) == (409, "Conflict")


def test_a_schema_config_goes_with_its_connection(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    api.data("DELETE", path)
    assert api.server.schemas == {}


# State


def test_only_connections_of_ones_own_code_keep_a_state(api: Api, path: str) -> None:
    assert api.refusal("GET", f"{path}/state") == (400, "InvalidInput")
    assert api.refusal("PATCH", f"{path}/state", {"state": {}}) == (400, "InvalidInput")
    body = {"group_id": GROUP, "service": "connector_sdk", "config": {"schema": "sdk"}}
    own = f"/connections/{api.data('POST', '/connections', body)['id']}/state"
    assert api.get(own) == {"state": {}}
    assert api.data("PATCH", own, {"state": {"cursor": 5}}) == {"state": {"cursor": 5}}
    assert api.get(own) == {"state": {"cursor": 5}}
    assert api.refusal("PATCH", own, {"state": "five"}) == (400, "InvalidInput")
    api.data("POST", own.replace("/state", "/sync"), {})
    assert api.refusal("PATCH", own, {"state": {}}) == (409, "Conflict")
