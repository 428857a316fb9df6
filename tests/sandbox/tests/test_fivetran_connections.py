# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections in the sandbox's Fivetran: created, shown, changed, tested, removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tests.fivetran_api import BRAZE_KEY, GROUP, OTHER_GROUP, Api
from tests.sandbox.tests.serving import writes

PASSED = [{"title": "Connect", "status": "PASSED"}]
FAILED = [{"title": "Connect", "status": "FAILED", "message": "no", "details": ["x", {"y": 1}]}]


# Creation


def test_a_creation_is_answered_with_what_is_stored_and_the_servers_defaults(api: Api) -> None:
    answer = api.call("POST", "/connections", api.creation({"s3bucket": "b"}, paused=True, run_setup_tests=False))
    assert answer.status_code == 201
    created = answer.json()["data"]
    expected = {
        "group_id": GROUP,
        "service": "braze",
        "schema": "braze",
        "paused": True,
        "pause_after_trial": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "data_delay_sensitivity": "NORMAL",
        "data_delay_threshold": 0,
        "networking_method": "Directly",
        "destination_schema_names": "FIVETRAN_NAMING",
        "succeeded_at": None,
        "failed_at": None,
    }
    assert {name: created[name] for name in expected} == expected
    assert created["status"] == {
        "setup_state": "incomplete",
        "sync_state": "paused",
        "update_state": "on_schedule",
        "is_historical_sync": True,
        "tasks": [],
        "warnings": [],
    }
    assert created["config"] == {
        **api.config(s3bucket="b", api_key="******"),
        "s3external_id": GROUP,
    }
    for unstored in ("run_setup_tests", "trust_certificates", "trust_fingerprints", "setup_tests", "daily_sync_time"):
        assert unstored not in created
    assert api.get(f"/connections/{created['id']}") == created
    assert api.get("/connections")["items"] == [created]
    assert api.stored(created["id"])["config"]["api_key"] == BRAZE_KEY


def test_setup_tests_run_unless_they_are_declined(api: Api) -> None:
    created = api.create()
    assert [(test["title"], test["status"]) for test in created["setup_tests"]] == [
        ("Validate API Credentials", "PASSED")
    ]
    assert created["status"]["setup_state"] == "connected"
    assert created["status"]["sync_state"] == "scheduled"


def test_a_connection_that_is_moved_shows_the_external_id_of_its_new_group(api: Api) -> None:
    made = api.create({"s3bucket": "b"})
    api.server.control_move_connection(id=made["id"], group_id=OTHER_GROUP)
    moved = api.get(f"/connections/{made['id']}")
    assert (moved["group_id"], moved["config"]["s3external_id"]) == (OTHER_GROUP, OTHER_GROUP)
    with pytest.raises(ValueError, match="no such group"):
        api.server.control_move_connection(id=made["id"], group_id="nowhere")


def test_failing_setup_tests_do_not_fail_the_creation(api: Api) -> None:
    answer = api.call("POST", "/connections", api.creation({"api_key": "a-wrong-key"}))
    assert answer.status_code == 201
    created = answer.json()["data"]
    assert [test["status"] for test in created["setup_tests"]] == ["FAILED"]
    assert created["status"]["setup_state"] == "incomplete"


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": None},
        {"group_id": None},
        {"service": "brase"},
        {"pause": True},
        {"paused": "yes"},
        {"paused": 1},
        {"sync_frequency": 7},
        {"sync_frequency": "360"},
        {"sync_frequency": True},
        {"schedule_type": "sometimes"},
        {"data_delay_sensitivity": "normal"},
        {"data_delay_threshold": "5"},
        {"networking_method": "Tunnel"},
        {"private_link_id": 7},
        {"destination_schema_names": "MY_NAMING"},
        {"daily_sync_time": "14:00"},
        {"daily_sync_time": "14:30", "sync_frequency": 1440},
        {"run_setup_tests": "no"},
        {"config": {"schema": ""}},
        {"config": {"schema": "Shop"}},
        {"config": {"schema": "1shop"}},
        {"config": {"s3_bucket": "b"}},
        {"config": {"cloud_storage_type": "S3"}},
        {"config": {"enable_exports": "yes"}},
        {"config": {"api_url": 7}},
        {"config": {"s3external_id": GROUP}},
        {"config": {"auth": {"key": "x"}}},
    ],
    ids=str,
)
def test_what_the_document_does_not_allow_is_refused_and_creates_nothing(api: Api, wrong: dict[str, Any]) -> None:
    body = {name: value for name, value in api.creation(**wrong).items() if value is not None}
    assert api.refusal("POST", "/connections", body) == (400, "InvalidInput")
    assert writes(api.hub) == []


def test_an_unknown_group_is_not_found(api: Api) -> None:
    assert api.refusal("POST", "/connections", api.creation(group_id="nowhere")) == (404, "NotFound_Group")


@pytest.mark.parametrize(("status", "code"), [(409, "Conflict"), (400, "InvalidInput")])
def test_a_schema_name_is_unique_in_its_group(api: Api, status: int, code: str) -> None:
    api.server.control_manners(duplicate_status=status)
    first = api.create()
    assert api.refusal("POST", "/connections", api.creation()) == (status, code)
    sheet = {"schema": "braze", "table": "t", "sheet_id": "x"}
    assert api.data("POST", "/connections", {"group_id": GROUP, "service": "google_sheets", "config": sheet})
    assert api.create(group_id=OTHER_GROUP)
    api.data("DELETE", f"/connections/{first['id']}")
    assert api.create()["id"] != first["id"]


def test_ids_do_not_depend_on_which_of_two_connections_comes_first(api: Api) -> None:
    ids = {schema: api.create({"schema": schema})["id"] for schema in ("one", "two")}
    api.reset()
    assert {schema: api.create({"schema": schema})["id"] for schema in ("two", "one")} == ids


# Other services


@pytest.mark.parametrize(
    ("service", "config", "schema"),
    [
        ("google_sheets", {"schema": "sheets", "table": "plan", "sheet_id": "x"}, "sheets.plan"),
        ("postgres", {"schema_prefix": "shop", "host": "db", "port": 5432, "password": "pg-password"}, "shop"),
        (
            "google_ads",
            {
                "schema": "ads",
                "accounts": ["1", "2"],
                "reports": [{"report_type": "campaign", "fields": ["Clicks"], "table": "campaigns"}],
                "conversion_window_size": 30,
            },
            "ads",
        ),
        (
            "s3",
            {
                "schema": "files",
                "table_group_name": "daily",
                "bucket": "b",
                "role_arn": "arn:aws:iam::111122223333:role/x",
                "file_type": "avro",
                "files": [{"file_pattern": ".*", "table_name": "all"}],
            },
            "files.daily",
        ),
    ],
)
def test_any_service_can_be_connected(api: Api, service: str, config: dict[str, Any], schema: str) -> None:
    created = api.data("POST", "/connections", {"group_id": GROUP, "service": service, "config": config})
    assert created["schema"] == schema
    assert created["status"]["setup_state"] == "connected"
    masked = {name: "******" if name in ("password", "role_arn") else value for name, value in config.items()}
    assert {name: created["config"][name] for name in config} == masked


@pytest.mark.parametrize(
    ("service", "config"),
    [
        ("google_sheets", {"schema": "sheets", "sheet_id": "x"}),
        ("postgres", {"schema": "shop"}),
        ("postgres", {"schema_prefix": "shop", "port": "5432"}),
        ("postgres", {"schema_prefix": "shop", "port": True}),
        ("google_ads", {"schema": "ads", "accounts": "1"}),
        ("google_ads", {"schema": "ads", "accounts": [1]}),
        ("google_ads", {"schema": "ads", "reports": [{"type": "campaign"}]}),
        ("google_ads", {"schema": "ads", "reports": [{"fields": "Clicks"}]}),
        ("s3", {"schema": "files", "file_type": "exe"}),
    ],
)
def test_a_wrong_config_is_refused_also_below_the_surface(api: Api, service: str, config: dict[str, Any]) -> None:
    body = {"group_id": GROUP, "service": service, "config": config}
    assert api.refusal("POST", "/connections", body) == (400, "InvalidInput")


# Change


@pytest.mark.parametrize(
    "change",
    [
        {"paused": True},
        {"pause_after_trial": True},
        {"sync_frequency": 60},
        {"sync_frequency": 1440, "daily_sync_time": "14:00"},
        {"schedule_type": "manual"},
        {"data_delay_sensitivity": "CUSTOM", "data_delay_threshold": 90},
        {"networking_method": "PrivateLink", "private_link_id": "link"},
        {"proxy_agent_id": "agent"},
        {"hybrid_deployment_agent_id": "agent"},
    ],
    ids=str,
)
def test_a_change_changes_what_it_names_and_nothing_else(api: Api, change: dict[str, Any]) -> None:
    created = api.create()
    updated = api.data("PATCH", f"/connections/{created['id']}", {**change, "run_setup_tests": False})
    assert {name: updated[name] for name in change} == change
    kept = set(created) - set(change) - {"status"}
    assert {name: updated[name] for name in kept} == {name: created[name] for name in kept}
    assert api.get(f"/connections/{created['id']}") == updated


def test_a_partial_config_is_merged(api: Api) -> None:
    created = api.create({"s3bucket": "b", "s3folder": "f"})
    path = f"/connections/{created['id']}"
    updated = api.data("PATCH", path, {"config": {"s3folder": "g"}, "run_setup_tests": False})
    assert (updated["config"]["s3bucket"], updated["config"]["s3folder"]) == ("b", "g")
    assert api.stored(created["id"])["config"]["api_key"] == BRAZE_KEY


def test_a_mask_that_is_sent_back_is_stored_as_it_is_and_breaks_the_connection(api: Api) -> None:
    created = api.create()
    updated = api.data("PATCH", f"/connections/{created['id']}", {"config": {"api_key": "******"}})
    assert updated["status"]["setup_state"] == "broken"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"run_setup_tests": True},
        {"run_setup_tests": True, "trust_certificates": True, "trust_fingerprints": True},
        {"group_id": OTHER_GROUP},
        {"service": "s3"},
        {"destination_schema_names": "SOURCE_NAMING"},
        {"schema": "other"},
        {"config": {"schema": "other"}},
        {"config": {"schema": "braze"}},
        {"config": {"s3external_id": "x"}},
        {"config": {"s3_bucket": "x"}},
        {"config": "text"},
        {"sync_frequency": 7},
        {"daily_sync_time": "14:00"},
        {"pause": True},
    ],
    ids=str,
)
def test_what_is_permanent_unknown_or_no_change_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    created = api.create()
    before = api.server.state_hash()
    assert api.refusal("PATCH", f"/connections/{created['id']}", wrong) == (400, "InvalidInput")
    assert api.server.state_hash() == before


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_was_removed_is_not_found(api: Api, method: str) -> None:
    created = api.create()
    path = f"/connections/{created['id']}"
    api.data("DELETE", path)
    body = {"paused": True} if method == "PATCH" else None
    assert api.refusal(method, path, body) == (404, "NotFound_Connection")


def test_somebody_edits_and_removes_in_the_dashboard(api: Api) -> None:
    created = api.create()
    path = f"/connections/{created['id']}"
    api.server.control_edit_connection(created["id"], config={"api_key": "rotated"}, paused=True)
    assert api.get(path)["paused"] is True
    assert api.stored(created["id"])["config"]["api_key"] == "rotated"
    api.server.control_remove_connection(created["id"])
    assert api.refusal("GET", path) == (404, "NotFound_Connection")


# Setup tests and states


def test_testing_needs_a_body_and_changes_nothing_but_the_verdict(api: Api) -> None:
    created = api.create(run_setup_tests=False)
    path = f"/connections/{created['id']}/test"
    assert api.refusal("POST", path, {"run_setup_tests": True}) == (400, "InvalidInput")
    assert api.refusal("POST", path, {"trust_certificates": "yes"}) == (400, "InvalidInput")
    tested = api.data("POST", path, {"trust_certificates": True, "trust_fingerprints": False})
    assert tested["status"]["setup_state"] == "connected"
    assert tested["config"] == created["config"]


def test_a_change_without_tests_leaves_the_verdict_as_it_was(api: Api) -> None:
    created = api.create()
    path = f"/connections/{created['id']}"
    untested = api.data("PATCH", path, {"config": {"api_key": "a-wrong-key"}, "run_setup_tests": False})
    assert untested["status"]["setup_state"] == "connected"
    tested = api.data("PATCH", path, {"config": {"api_key": "a-wrong-key"}})
    assert tested["status"]["setup_state"] == "broken"
    mended = api.data("PATCH", path, {"config": {"api_key": BRAZE_KEY}})
    assert {test["status"] for test in mended["setup_tests"]} == {"PASSED"}
    assert mended["status"]["setup_state"] == "broken"
    api.data("POST", f"{path}/sync", {})
    assert [api.get(path)["status"]["setup_state"] for _look in range(3)] == ["broken", "connected", "connected"]


def test_where_tests_heal_a_connection_no_sync_is_needed(api: Api) -> None:
    api.server.control_manners(broken_until="its_tests_pass")
    path = f"/connections/{api.create()['id']}"
    api.data("PATCH", path, {"config": {"api_key": "a-wrong-key"}})
    healed = api.data("PATCH", path, {"config": {"api_key": BRAZE_KEY}})
    assert healed["status"]["setup_state"] == "connected"


def test_scripted_tests_come_one_run_after_the_other_then_the_real_ones(api: Api) -> None:
    created = api.create(run_setup_tests=False)
    path = f"/connections/{created['id']}/test"
    warned = [{"title": "Events", "status": "WARNING", "details": "none"}]
    api.server.control_script_setup_tests([FAILED, warned, []])
    assert api.data("POST", path, {})["setup_tests"] == FAILED
    assert api.get(f"/connections/{created['id']}")["status"]["setup_state"] == "incomplete"
    assert api.data("POST", path, {})["setup_tests"] == warned
    assert api.data("POST", path, {})["setup_tests"] == []
    [real] = api.data("POST", path, {})["setup_tests"]
    assert real["title"] == "Validate API Credentials"


def test_a_script_is_for_the_service_or_connection_that_it_names(api: Api) -> None:
    first = api.create(run_setup_tests=False)
    second = api.create({"schema": "second"}, run_setup_tests=False)
    api.server.control_script_setup_tests([FAILED], service="postgres")
    api.server.control_script_setup_tests([FAILED], connection=second["id"])
    states = [
        api.data("POST", f"/connections/{connection['id']}/test", {})["status"]["setup_state"]
        for connection in (first, second, second)
    ]
    assert states == ["connected", "incomplete", "connected"]
    body = {"group_id": GROUP, "service": "postgres", "config": {"schema_prefix": "shop"}}
    assert api.data("POST", "/connections", body)["status"]["setup_state"] == "incomplete"


@pytest.mark.parametrize("state", ["scheduled", "paused"])
def test_an_unpaused_connection_is_scheduled_before_it_is_connected_or_after(api: Api, state: str) -> None:
    api.server.control_manners(incomplete_state=state)
    created = api.create(paused=True, run_setup_tests=False)
    path = f"/connections/{created['id']}"
    unpaused = api.data("PATCH", path, {"paused": False, "run_setup_tests": False})
    assert unpaused["paused"] is False
    assert unpaused["status"]["sync_state"] == state
    assert api.data("POST", f"{path}/test", {})["status"]["sync_state"] == "scheduled"
    assert api.data("PATCH", path, {"paused": True})["status"]["sync_state"] == "paused"
