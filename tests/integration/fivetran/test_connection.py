# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_connection from creation to removal, module by module call, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Hurried
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

SECRET = "a-distinctive-braze-key-4711"
SHEET = {"sheet_id": "https://docs.google.com/spreadsheets/d/1", "named_range": "all"}

Run = Callable[..., ModuleResult]


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    """Call the module for a Braze connection without Currents, whose tests need the Braze key only."""

    def call(check: bool = False, time: Hurried | None = None, **changes: Any) -> ModuleResult:
        arguments = {
            "group_id": world.GROUP_ID,
            "service": "braze",
            "schema": "braze_shop_us",
            "config": {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE"},
            "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_US},
            "paused": False,
            "setup_test_retries": 0,
        }
        given = {name: value for name, value in {**arguments, **changes}.items() if value is not None}
        result = run_module("fivetran_connection", given, sandbox.env, check=check, time=time)
        assert world.BRAZE_KEY_SHOP_US not in str(result.values)
        assert SECRET not in str(result.values)
        return result

    return call


def stored(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.state()["fivetran"]["connections"].values())


def only(sandbox: Sandbox) -> dict[str, Any]:
    [connection] = stored(sandbox)
    return connection


def sent(sandbox: Sandbox, operation: str) -> list[Any]:
    return [entry.body for entry in sandbox.journal("fivetran", operation)]


# Create, adopt, leave alone


def test_a_new_connection_is_created_paused_tested_and_started(sandbox: Sandbox, run: Run) -> None:
    result = run()
    assert not result.failed, result.msg
    assert result.changed
    [body] = sent(sandbox, "create_connection")
    assert body["paused"] is True
    assert body["run_setup_tests"] is False
    assert body["destination_schema_names"] == "FIVETRAN_NAMING"
    writing = [entry.operation for entry in sandbox.writes()]
    assert writing == ["fivetran:create_connection", "fivetran:test_connection", "fivetran:update_connection"]
    assert only(sandbox)["paused"] is False
    assert result["connection"]["setup_state"] == "connected"
    assert {test["status"] for test in result["setup_tests"]} <= {"PASSED", "SKIPPED"}


def test_a_second_run_asks_once_and_changes_nothing(sandbox: Sandbox, run: Run) -> None:
    run()
    sandbox.clear_journal()
    result = run()
    assert not result.changed
    assert [entry.operation for entry in sandbox.journal("fivetran")] == ["fivetran:list_connections"]


def test_check_mode_predicts_a_creation_and_sends_nothing_that_writes(sandbox: Sandbox, run: Run) -> None:
    result = run(check=True, sync_frequency=60)
    assert result.changed
    assert stored(sandbox) == []
    assert result["connection"]["id"] is None
    assert result["connection"]["sync_frequency"] == 60
    assert result["diff"]["before"]["schema"] is None if "schema" in result["diff"]["before"] else True
    assert result["diff"]["after"]["config.api_key"] == "********"


def test_what_somebody_made_by_hand_is_adopted(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed(
        "fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_shop_us",
        config={
            "api_url": sandbox.env["SANDBOX_BRAZE_URL"],
            "cloud_storage_type": "NONE",
            "api_key": world.BRAZE_KEY_SHOP_US,
        },
    )  # fmt: skip
    result = run()
    assert not result.failed, result.msg
    assert sent(sandbox, "create_connection") == []
    assert only(sandbox)["status"]["setup_state"] == "connected"
    assert only(sandbox)["paused"] is False


def test_one_request_finds_a_connection_among_250(sandbox: Sandbox, run: Run) -> None:
    run()
    sandbox.seed(
        "fivetran", "add_connections", count=250, group_id=world.GROUP_ID, service="google_sheets", schema="sheet_{}.t"
    )
    sandbox.clear_journal()
    assert not run().changed
    assert len(sandbox.journal("fivetran")) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("incomplete", "is incomplete, not connected"),
        ("BROKEN", "is BROKEN, not connected"),
        (None, "does not exist yet"),
    ],
)
def test_a_destination_that_nothing_can_sync_into_is_warned_about_at_creation(
    sandbox: Sandbox, run: Run, state: str | None, words: str
) -> None:
    sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status=state)
    assert any(words in warning for warning in run().warnings)
    assert run().warnings == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("group_id", "code", "words"),
    [
        ("no_such_group", "NotFound_Group", world.GROUP_ID),
        (world.GROUP_NAME, "invalid_argument", f"Give its id, {world.GROUP_ID}."),
    ],
)
def test_a_connection_in_a_group_that_there_is_not_is_refused_before_anything_is_sent(
    sandbox: Sandbox, run: Run, check: bool, group_id: str, code: str, words: str
) -> None:
    refused = run(check=check, group_id=group_id)
    assert refused.code == code
    assert words in refused.msg
    assert sandbox.writes() == []


@pytest.mark.parametrize("state", ["connected", "CONNECTED"])
def test_a_connected_destination_is_not_warned_about_however_fivetran_writes_it(
    sandbox: Sandbox, run: Run, state: str
) -> None:
    sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status=state)
    assert run().warnings == []


# Change


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("sync_frequency", {"sync_frequency": 60}, {"sync_frequency": 60}),
    (
        "daily_sync_time",
        {"sync_frequency": 1440, "daily_sync_time": "14:00"},
        {"sync_frequency": 1440, "daily_sync_time": "14:00"},
    ),
    ("schedule_type", {"schedule_type": "manual"}, {"schedule_type": "manual"}),
    ("pause_after_trial", {"pause_after_trial": True}, {"pause_after_trial": True}),
    ("data_delay_sensitivity", {"data_delay_sensitivity": "HIGH"}, {"data_delay_sensitivity": "HIGH"}),
    (
        "data_delay_threshold",
        {"data_delay_sensitivity": "CUSTOM", "data_delay_threshold": 90},
        {"data_delay_sensitivity": "CUSTOM", "data_delay_threshold": 90},
    ),
    (
        "networking_method",
        {"networking_method": "PrivateLink", "private_link_id": "link_1"},
        {"networking_method": "PrivateLink", "private_link_id": "link_1"},
    ),
    (
        "proxy_agent_id",
        {"networking_method": "ProxyAgent", "proxy_agent_id": "agent_1"},
        {"networking_method": "ProxyAgent", "proxy_agent_id": "agent_1"},
    ),
    ("hybrid_deployment_agent_id", {"hybrid_deployment_agent_id": "h_1"}, {"hybrid_deployment_agent_id": "h_1"}),
    ("paused", {"paused": True}, {"paused": True}),
    (
        "two together",
        {"sync_frequency": 30, "schedule_type": "manual"},
        {"sync_frequency": 30, "schedule_type": "manual"},
    ),
    (
        "config",
        {"config": {"historical_sync_limit": "ALL_TIME", "cloud_storage_type": "NONE"}},
        {"config": {"historical_sync_limit": "ALL_TIME"}},
    ),
]


@pytest.mark.parametrize(("changes", "body"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
@pytest.mark.fact("patch-merges")
def test_exactly_what_differs_is_sent_shown_and_then_left_alone(
    sandbox: Sandbox, run: Run, changes: dict[str, Any], body: dict[str, Any]
) -> None:
    run()
    sandbox.clear_journal()
    predicted = run(check=True, **changes)
    assert predicted.changed
    assert sandbox.writes() == []
    sandbox.clear_journal()
    result = run(**changes)
    assert not result.failed, result.msg
    assert result.changed
    assert sent(sandbox, "update_connection")[0] == {**body, "run_setup_tests": False}
    flat = {name: value for name, value in body.items() if name != "config"}
    flat.update({f"config.{name}": value for name, value in body.get("config", {}).items()})
    assert result["diff"]["after"] == flat
    assert predicted["diff"] == result["diff"]
    sandbox.clear_journal()
    assert not run(**changes).changed
    assert sandbox.writes() == []


@pytest.mark.parametrize(("there", "wanted"), [("/currents/", "currents"), ("currents", "//currents/")])
def test_another_spelling_of_folder_and_url_is_no_difference_and_another_folder_is_one(
    sandbox: Sandbox, run: Run, there: str, wanted: str
) -> None:
    url = sandbox.env["SANDBOX_BRAZE_URL"]
    config = {"cloud_storage_type": "NONE", "api_url": url, "s3folder": wanted, "gcs_export_folder": wanted}
    run(config=config)
    spelled = {"api_url": f"{url}/", "s3folder": there, "gcs_export_folder": there}
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], config=spelled)
    sandbox.clear_journal()
    for check in (True, False):
        result = run(check=check, config=config)
        assert not result.changed
        assert result["diff"]["after"] == {}
    assert sandbox.writes() == []

    result = run(config={**config, "s3folder": "/elsewhere"}, run_setup_tests="never")
    assert sent(sandbox, "update_connection")[0]["config"] == {"s3folder": "/elsewhere"}
    assert result["diff"]["before"] == {"config.s3folder": there}


@pytest.mark.parametrize("value", [None, ""])
def test_null_empty_and_absent_are_the_same(run: Run, value: str | None) -> None:
    run()
    config = {"cloud_storage_type": "NONE", "s3folder": value}
    assert not run(config=config).changed


@pytest.mark.parametrize("time_frame", ["ignored", "accepted"])
def test_a_field_that_fivetran_does_not_return_is_no_difference_for_ever(
    sandbox: Sandbox, run: Run, time_frame: str
) -> None:
    sandbox.seed("fivetran", "manners", time_frame=time_frame)
    once = {"historic_sync_time_frame": "ONE_YEAR", "enable_exports": False}
    config = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE", **once}
    run(config=config)
    kept = {"historic_sync_time_frame": None, "enable_exports": None}
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], config=kept)
    sandbox.clear_journal()
    assert not run(check=True, config=config).changed
    assert not run(config=config).changed
    assert sandbox.writes() == []


def test_what_only_a_new_connection_gets_is_left_alone_afterwards(sandbox: Sandbox, run: Run) -> None:
    on_create = {"enable_exports": False, "s3folder": "currents"}
    assert run(config_on_create=on_create)["diff"]["after"]["config.enable_exports"] is False
    assert only(sandbox)["config"]["s3folder"] == "currents"
    by_hand = {"enable_exports": True, "s3folder": "elsewhere"}
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], config=by_hand)
    sandbox.clear_journal()
    assert not run(config_on_create=on_create).changed
    assert sandbox.writes() == []
    assert "both hold enable_exports" in run(config_on_create=on_create, config={"enable_exports": True}).msg


@pytest.mark.parametrize("check", [True, False])
def test_what_a_connection_reads_is_not_replaced_where_it_is_protected(sandbox: Sandbox, run: Run, check: bool) -> None:
    run()
    other = "https://rest.fra-02.braze.eu"
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], config={"api_url": other})
    before = sandbox.state_hash()
    result = run(check=check, protected_config=["api_url", "s3bucket"], sync_frequency=60)
    assert result.code == "protected_field"
    for words in ("config.api_url", other, sandbox.env["SANDBOX_BRAZE_URL"], "protected_config"):
        assert words in result.msg
    assert sandbox.state_hash() == before
    assert run(check=check, sync_frequency=60).changed


def test_a_permanent_field_that_differs_says_what_would_have_to_be_recreated(sandbox: Sandbox, run: Run) -> None:
    run()
    connection_id = only(sandbox)["id"]
    result = run(id=connection_id, group_id=world.SECOND_GROUP_ID)
    assert result.code == "permanent_field"
    assert "group_id" in result.msg
    assert "create it again" in result.msg
    assert run(destination_schema_names="SOURCE_NAMING").code == "permanent_field"


@pytest.mark.fact("schema-names")
def test_a_schema_name_taken_by_another_service_is_refused(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="google_sheets", schema="braze_shop_us")
    result = run()
    assert result.code == "schema_taken"
    assert "google_sheets" in result.msg


def test_a_connection_deleted_between_look_up_and_change_is_made_again(sandbox: Sandbox, run: Run) -> None:
    seen = run()["connection"]
    sandbox.seed("fivetran", "remove_connection", id=seen["id"])
    # The look-up still sees what somebody is just deleting.
    stale = {"code": "Success", "data": {"items": [seen]}}
    sandbox.fault("status", operation="list_connections", status=200, body=stale)
    result = run(sync_frequency=60)
    assert not result.failed, result.msg
    assert only(sandbox)["id"] != seen["id"]
    assert only(sandbox)["sync_frequency"] == 60


def test_a_key_that_may_not_read_what_a_service_accepts_makes_the_connection_with_a_warning(
    sandbox: Sandbox, run: Run
) -> None:
    key = {"key": "sandbox-fivetran-key-of-a-system", "secret": "sandbox-fivetran-secret-of-a-system"}
    sandbox.seed("fivetran", "add_account_key", **key, name="robot", system=True, reads_metadata=False)
    result = run(fivetran_api_key=key["key"], fivetran_api_secret=key["secret"])
    assert not result.failed, result.msg
    assert only(sandbox)["paused"] is False
    [warning] = result.warnings
    assert "config: is not checked" in warning


def test_metadata_that_cannot_be_had_for_another_reason_is_a_failure(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("status", operation="get_metadata", status=500, times=0)
    assert run(retry_timeout=2)["failure"]["status"] == 500
    assert stored(sandbox) == []


# Refuse


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"s3_bucket": "b"}}, ["config.s3_bucket", "Did you mean s3bucket?"]),
        ({"config": {"cloud_storage_type": "AWS-S3"}}, ["config.cloud_storage_type", "AWS_S3", "Did you mean"]),
        ({"config": {"enable_exports": "perhaps"}}, ["config.enable_exports", "boolean"]),
        ({"config_secrets": {"api_key": "******"}}, ["config.api_key", "mask"]),
        ({"config_secrets": {"api_key": ""}}, ["config_secrets.api_key", "empty"]),
        ({"config_secrets": {"api_key": " \n"}}, ["config_secrets.api_key", "empty"]),
        ({"config_secrets": {"api_key": None}}, ["config_secrets.api_key", "empty"]),
        ({"config_secrets": {"api_key": "12345"}}, ["config_secrets.api_key", "shorter than any key"]),
        ({"config": {"api_key": "x"}}, ["both hold api_key"]),
        ({"schema": "Shop"}, ["schema", "lower-case"]),
        ({"schema": "1shop"}, ["schema", "digit"]),
        ({"daily_sync_time": "14:00"}, ["daily_sync_time", "1440"]),
        ({"daily_sync_time": "14:30", "sync_frequency": 1440}, ["daily_sync_time", "14:30", "23:00"]),
        ({"data_delay_threshold": 5}, ["data_delay_threshold", "CUSTOM"]),
        ({"networking_method": "PrivateLink"}, ["networking_method", "private_link_id"]),
        ({"proxy_agent_id": "a"}, ["proxy_agent_id", "ProxyAgent"]),
        ({"sync_frequency": 7}, ["sync_frequency", "1440"]),
        ({"service": "brase"}, ["service", "brase"]),
        ({"fivetran_api_url": "http://api.fivetran.com"}, ["fivetran_api_url", "https://"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_input_is_refused_before_anything_is_written(
    sandbox: Sandbox, run: Run, changes: dict[str, Any], words: list[str]
) -> None:
    result = run(**changes)
    assert result.failed
    for word in words:
        assert word in result.msg
    assert sandbox.writes() == []


def test_a_secret_given_as_plain_config_is_warned_about(sandbox: Sandbox) -> None:
    config = {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE", "api_key": SECRET}
    result = run_module(
        "fivetran_connection",
        {"group_id": world.GROUP_ID, "service": "braze", "schema": "b", "config": config, "run_setup_tests": "never"},
        sandbox.env,
    )
    assert any("config_secrets" in warning for warning in result.warnings)


# Secrets


def revoke(sandbox: Sandbox) -> None:
    """Make the stored key useless, as a rotation in Braze does."""
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], config={"api_key": SECRET})


def test_a_masked_secret_is_no_difference(sandbox: Sandbox, run: Run) -> None:
    run()
    revoke(sandbox)
    sandbox.clear_journal()
    assert not run(update_secrets="on_create").changed
    assert sandbox.writes() == []


def test_failing_tests_make_the_secrets_be_sent_again_and_heal_the_connection(sandbox: Sandbox, run: Run) -> None:
    run()
    revoke(sandbox)
    sandbox.clear_journal()
    result = run(run_setup_tests="always")
    assert not result.failed, result.msg
    assert result.changed
    assert only(sandbox)["config"]["api_key"] == world.BRAZE_KEY_SHOP_US
    assert result["diff"]["after"] == {"config.api_key": "******** (sent again)"}
    assert result["sent"] == ["config.api_key"]
    [body] = sent(sandbox, "update_connection")
    assert list(body["config"]) == ["api_key"]
    # Fivetran calls it broken until a sync has succeeded.
    assert "broken until a sync succeeds, so that one was started" in str(result.warnings)
    assert only(sandbox)["status"]["sync_state"] == "syncing"
    for _look in range(2):
        assert not run().changed
    assert only(sandbox)["status"]["setup_state"] == "connected"


def broken(sandbox: Sandbox, **fields: Any) -> None:
    status = {"setup_state": "broken", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], status=status, **fields)
    sandbox.clear_journal()


def test_a_broken_connection_whose_tests_pass_is_synced_once_and_foretold_so(sandbox: Sandbox, run: Run) -> None:
    run()
    broken(sandbox)
    assert run(check=True).changed
    assert sandbox.writes() == []
    assert run().changed
    again = run(check=True)
    assert not again.changed
    assert [entry.operation for entry in sandbox.journal("fivetran")].count("fivetran:sync_connection") == 1


def test_a_broken_connection_is_not_synced_where_another_task_does_that(sandbox: Sandbox, run: Run) -> None:
    run()
    broken(sandbox)
    assert not run(check=True, sync_if_broken=False).changed
    result = run(sync_if_broken=False)
    assert (result.changed, result["sent"], result.warnings) == (False, [], [])
    assert "fivetran:test_connection" in [entry.operation for entry in sandbox.journal("fivetran")]
    assert "fivetran:sync_connection" not in [entry.operation for entry in sandbox.journal("fivetran")]


def test_a_broken_connection_that_somebody_has_paused_is_tested_and_not_synced(sandbox: Sandbox, run: Run) -> None:
    run()
    broken(sandbox, paused=True, succeeded_at="2026-01-01T00:00:00Z")
    assert not run(check=True, paused=None).changed
    result = run(paused=None)
    assert not result.failed, result.msg
    assert not result.changed
    assert "fivetran:sync_connection" not in [entry.operation for entry in sandbox.journal("fivetran")]


def test_where_tests_heal_a_connection_no_sync_is_started(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "manners", broken_until="its_tests_pass")
    run()
    broken(sandbox)
    assert run().changed
    assert only(sandbox)["status"]["setup_state"] == "connected"
    assert "fivetran:sync_connection" not in [entry.operation for entry in sandbox.journal("fivetran")]
    assert not run().changed


@pytest.mark.fact("unknown-route")
def test_an_address_without_the_api_is_said_to_be_one_and_creates_nothing(sandbox: Sandbox, run: Run) -> None:
    result = run(fivetran_api_url=f"{sandbox.env['FIVETRAN_API_URL']}/api")
    assert result.code == "NotFound"
    assert "Check fivetran_api_url" in result.msg
    assert sandbox.writes() == []
    # That path is in no document, which is the point.
    sandbox.clear_journal()


def test_on_create_never_sends_a_stored_secret_again(sandbox: Sandbox, run: Run) -> None:
    run()
    revoke(sandbox)
    result = run(run_setup_tests="always", update_secrets="on_create")
    assert result.code == "setup_tests_failed"
    assert only(sandbox)["config"]["api_key"] == SECRET


def test_always_sends_the_secrets_every_time_and_says_so(run: Run) -> None:
    run()
    assert run(update_secrets="always").changed
    assert run(update_secrets="always").changed


# Setup tests


FAILED_ASSUME = [{"title": "Connect to S3", "status": "FAILED", "message": "not authorized to perform: sts:AssumeRole"}]
FAILED_KEY = [
    {"title": "Validate key", "status": "FAILED", "message": "the key is wrong", "details": {"hint": [1, "x"]}}
]
WARNED = [{"title": "Check events", "status": "WARNING", "message": "no events yet", "details": "none"}]
PASSED = [{"title": "Connect", "status": "PASSED"}]


def test_tests_that_fail_three_times_while_a_role_propagates_are_waited_for(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_ASSUME] * 3 + [PASSED])
    result = run(setup_test_retries=6)
    assert not result.failed, result.msg
    assert len(sandbox.journal("fivetran", "test_connection")) == 4
    assert only(sandbox)["paused"] is False


def test_tests_that_never_pass_leave_the_connection_paused_and_are_quoted(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_KEY] * 10)
    result = run(setup_test_retries=2)
    assert result.code == "setup_tests_failed"
    assert "Validate key: FAILED (the key is wrong)" in result.msg
    assert "stays paused" in result.msg
    assert result["setup_tests"][0]["details"] == {"hint": [1, "x"]}
    assert result["connection"]["id"] == only(sandbox)["id"]
    assert only(sandbox)["paused"] is True
    assert len(sandbox.journal("fivetran", "test_connection")) == 3


def test_tests_that_do_not_pass_in_their_time_are_given_up_and_the_waits_between_them_grow(
    sandbox: Sandbox, run: Run
) -> None:
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_ASSUME] * 100)
    time = Hurried()
    result = run(setup_test_retries=100, setup_test_timeout=120, time=time)
    assert result.code == "setup_tests_failed"
    assert 60 < sum(time.waits) <= 120
    assert time.waits[0] <= 2.0
    assert 15.0 <= time.waits[-1] <= 30.0


@pytest.mark.parametrize("kind", ["drip_head", "drip_body", "continue"])
def test_a_test_whose_answer_never_ends_is_given_up_in_its_time(sandbox: Sandbox, run: Run, kind: str) -> None:
    sandbox.fault(kind, operation="test_connection", times=0)
    assert run(setup_test_timeout=1).code == "timeout"


def test_a_failure_that_waiting_cannot_cure_is_not_retried_on_an_unchanged_connection(
    sandbox: Sandbox, run: Run
) -> None:
    run()
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_KEY] * 10)
    sandbox.clear_journal()
    result = run(run_setup_tests="always", update_secrets="on_create", setup_test_retries=5)
    assert "was running before and is not touched" in result.msg
    assert len(sandbox.journal("fivetran", "test_connection")) == 1


def test_a_running_connection_that_was_sent_something_is_not_called_untouched(sandbox: Sandbox, run: Run) -> None:
    run()
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_KEY] * 2)
    assert "was running before and goes on with what it was sent" in run(update_secrets="always").msg


def test_a_warning_passes_unless_it_is_told_to_fail(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "script_setup_tests", runs=[WARNED, WARNED])
    assert not run().failed
    result = run(run_setup_tests="always", update_secrets="on_create", failing_test_statuses=["WARNING", "FAILED"])
    assert result.code == "setup_tests_failed"


def test_the_next_run_continues_where_failing_tests_stopped_the_last(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_KEY])
    assert run().failed
    result = run()
    assert not result.failed, result.msg
    assert result.changed
    assert only(sandbox)["paused"] is False
    assert len(sent(sandbox, "create_connection")) == 1


def test_never_testing_leaves_a_new_connection_paused(sandbox: Sandbox, run: Run) -> None:
    result = run(run_setup_tests="never")
    assert only(sandbox)["paused"] is True
    assert any("stays paused" in warning for warning in result.warnings)
    assert not run(run_setup_tests="never").changed


@pytest.mark.parametrize("options", [{}, {"paused": False}, {"start_if_never_synced": True}])
def test_without_tests_check_mode_foretells_what_a_run_does_with_an_incomplete_connection(
    sandbox: Sandbox, run: Run, options: dict[str, Any]
) -> None:
    given = {"paused": None, "run_setup_tests": "never", **options}
    predicted, made = run(check=True, **given), run(**given)
    assert predicted["diff"] == made["diff"]
    assert predicted["connection"]["paused"] is made["connection"]["paused"] is only(sandbox)["paused"] is True
    sandbox.clear_journal()
    for check in (True, False):
        result = run(check=check, **given)
        assert (result.changed, result["diff"]["after"], result["connection"]["paused"]) == (False, {}, True)
        assert len(result.warnings) == ("paused" in options)
    assert sandbox.writes() == []


def pause(sandbox: Sandbox, **fields: Any) -> None:
    """Pause the connection as a person does."""
    sandbox.seed("fivetran", "edit_connection", id=only(sandbox)["id"], paused=True, **fields)
    sandbox.clear_journal()


@pytest.mark.parametrize("waking", [True, False])
def test_what_a_person_has_paused_stays_paused_until_somebody_says_otherwise(
    sandbox: Sandbox, run: Run, waking: bool
) -> None:
    run(paused=None)
    pause(sandbox, succeeded_at="2026-03-01T14:10:00Z")
    for check in (True, False):
        assert not run(check=check, paused=None, start_if_never_synced=waking).changed
    assert sandbox.writes() == []
    assert run(check=True, paused=False)["diff"]["after"] == {"paused": False}
    assert run(paused=False)["diff"]["after"] == {"paused": False}
    assert only(sandbox)["paused"] is False


def test_a_connection_whose_creation_was_interrupted_is_tested_and_started(sandbox: Sandbox, run: Run) -> None:
    run(paused=None)
    pause(sandbox)
    assert not run(paused=None).changed
    options = {"paused": None, "start_if_never_synced": True, "trigger_first_sync": True}
    predicted = run(check=True, **options)
    assert sandbox.writes() == []
    result = run(**options)
    assert predicted["diff"] == result["diff"]
    assert only(sandbox)["paused"] is False
    done = ["fivetran:test_connection", "fivetran:update_connection", "fivetran:sync_connection"]
    assert [entry.operation for entry in sandbox.journal("fivetran") if entry.method != "GET"] == done
    assert not run(**options).changed


def test_an_interrupted_connection_whose_tests_fail_stays_paused(sandbox: Sandbox, run: Run) -> None:
    run(paused=None)
    pause(sandbox)
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_KEY] * 2)
    assert run(paused=None, start_if_never_synced=True).code == "setup_tests_failed"
    assert only(sandbox)["paused"] is True


def test_a_first_sync_is_triggered_once_when_asked_for(sandbox: Sandbox, run: Run) -> None:
    run(trigger_first_sync=True)
    run(trigger_first_sync=True)
    assert sent(sandbox, "sync_connection") == [{"force": False}]


# Lost answers and other faults


def test_an_answer_lost_after_the_creation_leaves_exactly_one_connection(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("lost_answer", operation="create_connection")
    result = run()
    assert not result.failed, result.msg
    assert result.changed
    assert only(sandbox)["paused"] is False
    assert len(sent(sandbox, "create_connection")) == 1


def test_a_creation_that_was_dropped_before_it_was_handled_is_not_sent_blindly_again(
    sandbox: Sandbox, run: Run
) -> None:
    sandbox.fault("drop", operation="create_connection")
    result = run()
    assert result.failed
    assert stored(sandbox) == []
    assert len(sandbox.journal("fivetran", "create_connection")) == 1
    assert not run().failed


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.fact("schema-names")
def test_a_duplicate_is_adopted_if_it_is_ours(sandbox: Sandbox, run: Run, status: int) -> None:
    sandbox.seed("fivetran", "manners", duplicate_status=status)
    sandbox.seed(
        "fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_shop_us",
        config={"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "cloud_storage_type": "NONE", "api_key": SECRET},
    )  # fmt: skip
    # The look-up does not see it yet, as if another run created it in between.
    empty = {"code": "Success", "data": {"items": []}}
    sandbox.fault("status", operation="list_connections", status=200, body=empty)
    result = run()
    assert not result.failed, result.msg
    assert only(sandbox)["config"]["api_key"] == world.BRAZE_KEY_SHOP_US
    assert only(sandbox)["status"]["setup_state"] == "connected"


@pytest.mark.fact("rate-limits")
def test_a_short_rate_limit_is_waited_for(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("status", operation="create_connection", status=429, headers={"Retry-After": "1"})
    result = run()
    assert not result.failed, result.msg
    assert len(stored(sandbox)) == 1


HOUR_AWAY: dict[str, Any] = {
    "kind": "status",
    "status": 429,
    "headers": {"Retry-After": "3600", "X-Rate-Limit": "20000", "X-Rate-Limit-Remaining": "0"},
    "body": {"code": "TooManyRequests", "message": "limit"},
}


@pytest.mark.fact("rate-limits")
@pytest.mark.parametrize("operation", ["list_connections", "create_connection", "test_connection", "update_connection"])
def test_a_rate_limit_of_an_hour_is_waited_for_wherever_it_is_met(sandbox: Sandbox, run: Run, operation: str) -> None:
    sandbox.fault(operation=operation, **HOUR_AWAY)
    time = Hurried()
    # What setup tests may take is no more than half a minute.
    result = run(time=time, setup_test_timeout=30, retry_timeout=30)
    assert not result.failed, result.msg
    assert only(sandbox)["paused"] is False
    assert 3600 <= sum(time.waits) < 3610


@pytest.mark.fact("rate-limits")
def test_setup_tests_that_have_waited_for_an_hour_are_run_again_as_if_they_had_not(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault(operation="test_connection", **HOUR_AWAY)
    sandbox.seed("fivetran", "script_setup_tests", runs=[FAILED_ASSUME] * 2)
    result = run(setup_test_retries=6, setup_test_timeout=60)
    assert not result.failed, result.msg
    assert len(sandbox.journal("fivetran", "test_connection")) == 4


@pytest.mark.fact("rate-limits")
def test_a_rate_limit_that_may_not_be_waited_for_fails_at_once_and_says_when_to_come_back(
    sandbox: Sandbox, run: Run
) -> None:
    sandbox.fault(operation="list_connections", times=0, **HOUR_AWAY)
    time = Hurried()
    result = run(rate_limit_timeout=600, time=time)
    assert result.code == "TooManyRequests"
    assert "come back in 3600 seconds, longer than what is left of the 600 seconds" in result.msg
    assert result["failure"]["retry_after"] == 3600
    assert len(sandbox.journal("fivetran")) == 1
    assert time.waits == []


@pytest.mark.parametrize("kind", ["html", "truncate", "empty", "drop"])
def test_a_read_that_goes_wrong_once_is_repeated(sandbox: Sandbox, run: Run, kind: str) -> None:
    sandbox.fault(kind, operation="list_connections")
    result = run()
    assert not result.failed, result.msg
    assert len(stored(sandbox)) == 1


def test_two_server_errors_are_survived(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("status", operation="list_connections", status=503, times=2)
    assert not run().failed


def test_html_for_good_is_a_clear_failure(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("html", operation="list_connections", times=0)
    result = run(retry_timeout=2)
    assert result.code == "invalid_answer"
    assert "not JSON" in result.msg


# Remove


def test_a_connection_is_removed_and_removing_it_again_changes_nothing(sandbox: Sandbox, run: Run) -> None:
    run()
    assert run(check=True, state="absent").changed
    assert len(stored(sandbox)) == 1
    result = run(state="absent")
    assert result.changed
    assert result["connection"] is None
    assert result["diff"]["after"] == {}
    assert stored(sandbox) == []
    assert not run(state="absent").changed


@pytest.mark.parametrize(("status", "body"), [(204, ""), (404, None)], ids=["204 without a body", "already gone"])
@pytest.mark.fact("delete-204")
def test_a_deletion_has_succeeded_however_fivetran_says_so(
    sandbox: Sandbox, run: Run, status: int, body: str | None
) -> None:
    run()
    sandbox.fault("status", operation="delete_connection", status=status, body=body)
    result = run(state="absent")
    assert not result.failed, result.msg
    assert result.changed
    assert len(sandbox.journal("fivetran", "delete_connection")) == 1
