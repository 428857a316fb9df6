# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's Fivetran tells of past syncs, and how it answers where documents and recorded traffic disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox.tests.fivetran_api import GROUP, Api

TASK = {"code": "reconnect", "message": "Reconnect", "details": "The role cannot be assumed. Check its trust policy."}
REASON = "The role cannot be assumed"


def forget_what_the_document_forbids(api: Api) -> None:
    """Keep from the contract what other clients send against the document, and the real API takes."""
    api.hub.journal.clear()


def fail(api: Api, path: str) -> None:
    """Let a sync fail."""
    api.server.control_set_sync("failed", polls=0, task=TASK, reason=REASON)
    api.data("POST", f"{path}/sync", {})
    assert api.get(path)["failed_at"]


def test_a_failed_sync_is_an_error_until_one_succeeds(api: Api, path: str) -> None:
    assert api.get(f"{path}/errors")["items"] == []
    fail(api, path)
    [error] = api.get(f"{path}/errors")["items"]
    assert error == {
        "type": "reconnect",
        "title": "Reconnect",
        "reason": REASON,
        "message": TASK["details"],
        "created_at": api.get(path)["failed_at"],
    }
    api.data("POST", f"{path}/sync", {})
    api.get(path), api.get(path)
    assert api.get(f"{path}/errors")["items"] == []


def test_the_history_tells_how_each_sync_ended(api: Api, path: str) -> None:
    fail(api, path)
    api.data("POST", f"{path}/sync", {})
    assert [row["status"] for row in api.get(f"{path}/sync-history")["items"]] == ["FAILURE", "INCOMPLETE"]
    api.get(path), api.get(path)
    failed, succeeded = api.get(f"{path}/sync-history")["items"]
    assert (failed["reason"], succeeded["status"], succeeded["reason"]) == (REASON, "COMPLETED", None)
    assert failed["start"] <= failed["end"]
    assert failed["sync_id"] != succeeded["sync_id"]


@pytest.mark.parametrize(
    ("days", "status"), [({"start_time": 1}, 200), ({"start_time": 8, "end_time": 0}, 400), ({"end_time": 8}, 200)]
)
def test_a_history_spans_seven_days_at_most(api: Api, path: str, days: dict[str, int], status: int) -> None:
    fail(api, path)
    query = {name: (datetime.now(UTC) - timedelta(days=count)).isoformat() for name, count in days.items()}
    answer = api.call("GET", f"{path}/sync-history?{urlencode(query)}")
    assert answer.status_code == status
    # Both windows that are accepted are of an hour, long ago.
    assert status != 200 or answer.json()["data"]["items"] == []


@pytest.mark.parametrize("kind", ["errors", "sync-history"])
def test_where_there_are_no_histories_yet_their_paths_are_unknown(api: Api, path: str, kind: str) -> None:
    api.server.control_manners(histories="unknown")
    assert api.refusal("GET", f"{path}/{kind}") == (404, "NotFound")


@pytest.mark.parametrize("action", ["sync", "resync"])
def test_a_sync_may_be_asked_for_without_a_body_as_five_clients_do(api: Api, path: str, action: str) -> None:
    assert api.data("POST", f"{path}/{action}") is None
    assert api.get(path)["status"]["sync_state"] == "syncing"
    forget_what_the_document_forbids(api)


def test_setup_tests_may_not_be_asked_for_without_a_body(api: Api, path: str) -> None:
    assert api.refusal("POST", f"{path}/test") == (400, "BadRequest")


def test_an_unknown_path_is_answered_as_recorded(api: Api) -> None:
    answer = api.call("GET", "/pipelines")
    assert (answer.status_code, answer.json()) == (404, {"code": "NotFound", "message": "HTTP 404 Not Found"})


# Manners


def test_a_deletion_is_answered_with_an_envelope_or_with_nothing(api: Api, path: str) -> None:
    assert api.call("DELETE", path).json()["code"] == "Success"
    api.server.control_manners(delete_status=204)
    answer = api.call("DELETE", f"/connections/{api.create()['id']}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_schemas_of_an_incomplete_connection_cannot_be_reloaded(api: Api) -> None:
    created = api.create(run_setup_tests=False)
    answer = api.call("POST", f"/connections/{created['id']}/schemas/reload", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidInput")
    assert "We expected the connector's setup state" in answer.json()["message"]


@pytest.mark.parametrize("code", ["NotFound_SchemaConfig", "NotFound"])
def test_schemas_that_were_never_reloaded_are_not_found(api: Api, path: str, code: str) -> None:
    api.server.control_manners(no_schemas_code=code)
    assert api.refusal("GET", f"{path}/schemas") == (404, code)


@pytest.mark.parametrize(
    ("choice", "details"),
    [("text", "no"), ("list", ["no"]), ("object", {"message": "no"}), ("absent", "absent")],
)
def test_a_failed_test_has_details_of_any_kind(api: Api, path: str, choice: str, details: Any) -> None:
    api.server.control_manners(test_details=choice)
    api.server.control_script_setup_tests([[{"title": "Read", "status": "FAILED", "message": "no"}]])
    [test] = api.data("POST", f"{path}/test", {})["setup_tests"]
    assert test.get("details", "absent") == details


@pytest.mark.parametrize(("choice", "message"), [("empty", ""), ("absent", None)])
def test_a_test_that_has_passed_has_an_empty_message_or_none(
    api: Api, path: str, choice: str, message: str | None
) -> None:
    api.server.control_manners(passed_message=choice)
    assert [test.get("message") for test in api.data("POST", f"{path}/test", {})["setup_tests"]] == [message]


@pytest.mark.parametrize(("choice", "stored"), [("as_sent", "/currents/"), ("normalized", "currents")])
def test_a_folder_is_stored_as_it_is_sent_or_without_its_slashes(api: Api, choice: str, stored: str) -> None:
    api.server.control_manners(folder=choice)
    created = api.create({"s3folder": "/currents/"}, run_setup_tests=False)
    assert created["config"]["s3folder"] == stored
    changed = api.data("PATCH", f"/connections/{created['id']}", {"config": {"gcs_folder": "/currents/"}})
    assert changed["config"]["gcs_folder"] == stored


@pytest.mark.parametrize(("choice", "status"), [("refused", 400), ("ignored", 201), ("accepted", 201)])
def test_a_time_frame_is_refused_ignored_or_accepted(api: Api, choice: str, status: int) -> None:
    api.server.control_manners(time_frame=choice)
    answer = api.call("POST", "/connections", api.creation({"historic_sync_time_frame": "ONE_YEAR"}))
    assert answer.status_code == status
    config = answer.json().get("data", {}).get("config", {})
    assert ("historic_sync_time_frame" in config) == (choice == "accepted")


@pytest.mark.parametrize(("choice", "shown"), [("absent", False), ("shown", True)])
def test_an_empty_value_is_in_no_answer_or_is(api: Api, choice: str, shown: bool) -> None:
    api.server.control_manners(empty_values=choice)
    assert ("s3folder" in api.create({"s3folder": ""})["config"]) == shown


def test_the_external_id_of_exports_shows_only_where_profiles_are_exported_to_s3(api: Api) -> None:
    exports = {"enable_exports": True, "export_storage_type": "AWS_S3"}
    assert "s3_export_external_id" not in api.create(run_setup_tests=False)["config"]
    other = api.create({"schema": "other", **exports}, run_setup_tests=False)
    assert other["config"]["s3_export_external_id"] == GROUP
    api.server.control_manners(export_external_id="always")
    assert api.create({"schema": "third"}, run_setup_tests=False)["config"]["s3_export_external_id"] == GROUP


def test_a_null_in_a_creation_or_a_change_is_the_default(api: Api, path: str) -> None:
    changed = api.data("PATCH", path, {"data_delay_sensitivity": None, "sync_frequency": None})
    assert (changed["data_delay_sensitivity"], changed["sync_frequency"]) == ("NORMAL", 360)
    forget_what_the_document_forbids(api)


def test_a_choice_of_a_config_may_come_back_in_upper_snake_case(api: Api) -> None:
    api.server.control_manners(enumerations="upper_snake_case")
    config = {"schema": "ads", "sync_mode": "ManagerAccounts"}
    created = api.data("POST", "/connections", {"group_id": GROUP, "service": "google_ads", "config": config})
    assert created["config"]["sync_mode"] == "MANAGER_ACCOUNTS"


def test_a_destination_shows_its_status_in_either_case_and_no_secret_of_its_config(api: Api) -> None:
    shown = api.get(f"/destinations/{GROUP}")
    assert (shown["setup_status"], set(shown["config"]["password"])) == ("connected", {"*"})
    api.server.control_manners(
        destination_status="upper_case", destination_config="absent", destination_networking=None
    )
    shown = api.get(f"/destinations/{GROUP}")
    assert (shown["setup_status"], shown["networking_method"], "config" in shown) == ("CONNECTED", None, False)


# What the vendor's own Terraform provider sends


def column(**settings: Any) -> dict[str, Any]:
    return {"schemas": {"braze": {"tables": {"user": {"columns": {"email": settings}}}}}}


def test_a_change_of_schemas_needs_no_enabled_where_it_does_not_change(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    answered = api.data("PATCH", f"{path}/schemas", column(hashed=True, is_primary_key=None))
    [table] = answered["schemas"]["braze"]["tables"].values()
    assert table["columns"]["email"]["hashed"] is True
    # A key that nobody has set is not shown, and what was not named is not answered.
    assert "is_primary_key" not in table["columns"]["email"]
    whole = api.get(f"{path}/schemas")["schemas"]["braze"]["tables"]
    assert len(whole) > 1
    api.server.control_manners(schema_enabled="required")
    assert api.refusal("PATCH", f"{path}/schemas", column(hashed=False)) == (400, "InvalidInput")
    forget_what_the_document_forbids(api)


def test_a_key_is_shown_once_somebody_has_set_it(api: Api, path: str) -> None:
    api.data("POST", f"{path}/schemas/reload", {})
    api.data("PATCH", f"{path}/schemas", column(is_primary_key=False))
    columns = api.get(f"{path}/schemas")["schemas"]["braze"]["tables"]["user"]["columns"]
    assert columns["email"]["is_primary_key"] is False


def test_a_change_of_schemas_may_be_answered_with_everything(api: Api, path: str) -> None:
    api.server.control_manners(patched_schemas="everything", sync_mode="absent")
    api.data("POST", f"{path}/schemas/reload", {})
    answered = api.data("PATCH", f"{path}/schemas", column(hashed=True))
    assert answered == api.get(f"{path}/schemas")
    assert "sync_mode" not in answered["schemas"]["braze"]["tables"]["user"]
