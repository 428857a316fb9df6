# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_connection_schema against the sandbox: empty, converged, drifted, half-done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

Run = Callable[..., ModuleResult]


def tables(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "shop", "tables": list(entries)}]


WANTED = {
    "schema_change_handling": "ALLOW_COLUMNS",
    "schemas": tables(
        {"name": "user", "columns": [{"name": "email", "hashed": True}, {"name": "phone", "enabled": False}]},
        {"name": "campaign", "enabled": False},
    ),
}
PREFIX = "schemas.shop.tables"
CHANGES = {
    "schema_change_handling": "ALLOW_COLUMNS",
    f"{PREFIX}.campaign.enabled": False,
    f"{PREFIX}.user.columns.email.hashed": True,
    f"{PREFIX}.user.columns.phone.enabled": False,
}


@pytest.fixture
def connection_id(sandbox: Sandbox) -> str:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status={"setup_state": "connected"})
    return str(made["id"])


@pytest.fixture
def run(sandbox: Sandbox, connection_id: str) -> Run:  # noqa: ARG001
    """Call the module for that connection."""

    def call(check: bool = False, **arguments: Any) -> ModuleResult:
        identity = {} if "id" in arguments else {"group_id": world.GROUP_ID, "schema": "shop"}
        return run_module("fivetran_connection_schema", {**identity, **arguments}, sandbox.env, check=check)

    return call


def stored(sandbox: Sandbox) -> dict[str, Any]:
    [config] = sandbox.state()["fivetran"]["schemas"].values()
    return dict(config)


def stored_tables(sandbox: Sandbox) -> Any:
    return stored(sandbox)["schemas"]["shop"]["tables"]


def operations(sandbox: Sandbox) -> list[str]:
    return [entry.operation.removeprefix("fivetran:") for entry in sandbox.journal("fivetran")]


def test_the_first_run_reads_the_source_sets_what_is_wanted_and_the_second_changes_nothing(
    sandbox: Sandbox, run: Run
) -> None:
    result = run(**WANTED)
    assert not result.failed, result.msg
    assert result.changed
    assert result["reloaded"]
    assert operations(sandbox) == [
        *("list_connections", "get_schemas", "reload_schemas"),
        # The answer to a change may hold only what was changed.
        *("update_schemas", "get_schemas"),
    ]
    assert result["diff"]["after"] == CHANGES
    user = stored_tables(sandbox)["user"]
    assert user["columns"]["email"]["hashed"] is True
    assert user["columns"]["phone"]["enabled"] is False
    assert stored_tables(sandbox)["campaign"]["enabled"] is False
    assert stored(sandbox)["schema_change_handling"] == "ALLOW_COLUMNS"
    sandbox.clear_journal()
    again = run(**WANTED)
    assert not again.changed
    assert again["diff"]["after"] == {}
    assert again["schema_config"] == result["schema_config"]
    assert operations(sandbox) == ["list_connections", "get_schemas"]


def test_check_mode_without_a_config_says_that_it_cannot_know_and_reads_no_source(sandbox: Sandbox, run: Run) -> None:
    result = run(check=True, **WANTED)
    assert result.changed
    assert result["schema_config"] is None
    assert result["diff"]["after"] == CHANGES
    assert any("check mode" in warning for warning in result.warnings)
    assert sandbox.writes() == []
    assert sandbox.journal("fivetran", "reload_schemas") == []


def test_check_mode_predicts_exactly_what_then_happens(sandbox: Sandbox, run: Run) -> None:
    run()
    sandbox.clear_journal()
    predicted = run(check=True, **WANTED)
    assert predicted.changed
    assert sandbox.writes() == []
    result = run(**WANTED)
    assert result["diff"] == predicted["diff"]
    assert result["schema_config"]["schema_change_handling"] == "ALLOW_COLUMNS"
    there = predicted["schema_config"]["schemas"]["shop"]["tables"]
    here = result["schema_config"]["schemas"]["shop"]["tables"]
    assert there["campaign"] == here["campaign"]
    for column, settings in there["user"]["columns"].items():
        assert settings.items() <= here["user"]["columns"][column].items()


def test_only_what_drifted_is_sent_back(sandbox: Sandbox, run: Run) -> None:
    run(**WANTED)
    run(schemas=tables({"name": "user", "columns": [{"name": "email", "hashed": False}]}))
    sandbox.clear_journal()
    result = run(**WANTED)
    assert result["diff"]["before"] == {f"{PREFIX}.user.columns.email.hashed": False}
    [patch] = sandbox.journal("fivetran", "update_schemas")
    user = {"enabled": True, "columns": {"email": {"enabled": True, "hashed": True}}}
    assert patch.body == {"schemas": {"shop": {"enabled": True, "tables": {"user": user}}}}


def test_a_run_that_ended_after_the_reload_is_continued(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("status", operation="update_schemas", status=403, body={"code": "Forbidden", "message": "no"})
    assert run(**WANTED).failed
    sandbox.clear_journal()
    result = run(**WANTED)
    assert result.changed
    assert not result["reloaded"]
    assert result["diff"]["after"] == CHANGES


def test_what_is_not_given_is_left_alone(sandbox: Sandbox, run: Run) -> None:
    run(**WANTED)
    before = stored(sandbox)
    assert not run().changed
    assert run(schemas=tables({"name": "canvas", "sync_mode": "HISTORY"})).changed
    assert stored_tables(sandbox)["canvas"].pop("sync_mode") == "HISTORY"
    after = stored(sandbox)
    after["schemas"]["shop"]["tables"]["canvas"]["sync_mode"] = "SOFT_DELETE"
    assert after == before


def test_a_connection_is_found_by_its_id_too(run: Run, connection_id: str) -> None:
    assert run(id=connection_id, schema_change_handling="BLOCK_ALL").changed
    assert not run(schema_change_handling="BLOCK_ALL").changed
    assert run(id="nowhere").code == "NotFound_Connection"


def test_a_connection_that_does_not_exist_is_refused_with_the_nearest_name(run: Run) -> None:
    result = run(schema="shopp")
    assert result.code == "NotFound_Connection"
    assert "Did you mean shop?" in result.msg


@pytest.mark.parametrize(
    ("schemas", "words"),
    [
        ([{"name": "Shop", "enabled": False}], ["no schema 'Shop'", "Did you mean shop?"]),
        (tables({"name": "campaigns", "enabled": False}), ["no table 'campaigns'", "Did you mean campaign?"]),
        (tables({"name": "fivetran_audit", "enabled": False}), ["fivetran_audit.enabled", "SYSTEM_TABLE"]),
        (
            tables({"name": "fivetran_audit", "columns": [{"name": "message", "hashed": True}]}),
            ["fivetran_audit", "single columns"],
        ),
        (tables({"name": "user"}, {"name": "user"}), ["given twice"]),
        (tables({"name": "user", "sync_mode": "SOMETIMES"}), ["sync_mode", "SOFT_DELETE"]),
        (tables({"name": "user", "colums": []}), ["colums"]),
    ],
    ids=["schema", "table", "locked table", "no columns", "twice", "mode", "option"],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    sandbox: Sandbox, run: Run, schemas: list[dict[str, Any]], words: list[str]
) -> None:
    run()
    sandbox.clear_journal()
    result = run(schemas=schemas, schema_change_handling="BLOCK_ALL")
    assert result.failed
    for word in words:
        assert word in result.msg
    assert sandbox.writes() == []


def test_a_wrong_column_is_refused_by_fivetran_and_the_nearest_name_is_told(sandbox: Sandbox, run: Run) -> None:
    run(**WANTED)
    sandbox.clear_journal()
    result = run(schemas=tables({"name": "user", "columns": [{"name": "emial", "hashed": True}]}))
    assert result.failed
    assert "shop.user.emial is not among the columns that Fivetran lists. Did you mean email?" in result.msg
    assert sandbox.writes() == []


def test_a_locked_column_is_refused_with_fivetrans_reason(sandbox: Sandbox, run: Run) -> None:
    key = {"name": "id", "enabled": True}
    run(schemas=tables({"name": "user", "columns": [key]}))
    sandbox.clear_journal()
    result = run(schemas=tables({"name": "user", "columns": [{**key, "enabled": False}]}))
    assert result.code == "locked"
    assert "SYSTEM_COLUMN" in result.msg
    assert sandbox.writes() == []


def test_reload_always_reads_the_source_every_time_and_says_so(sandbox: Sandbox, run: Run) -> None:
    run(**WANTED)
    sandbox.clear_journal()
    result = run(reload="always", **WANTED)
    assert result.changed
    assert result["reloaded"]
    assert result["diff"]["after"] == {}
    assert operations(sandbox) == ["list_connections", "get_schemas", "reload_schemas"]
    assert run(check=True, reload="always", **WANTED).changed


def test_reload_never_fails_where_there_is_no_config(sandbox: Sandbox, run: Run) -> None:
    result = run(reload="never", **WANTED)
    assert result.code == "NotFound_SchemaConfig"
    assert "if_missing" in result.msg
    assert sandbox.writes() == []


@pytest.mark.parametrize("operation", ["reload_schemas", "update_schemas"])
def test_a_lost_answer_is_asked_for_again(sandbox: Sandbox, run: Run, operation: str) -> None:
    sandbox.fault("lost_answer", operation=operation)
    result = run(**WANTED)
    assert not result.failed, result.msg
    assert stored_tables(sandbox)["user"]["columns"]["email"]["hashed"] is True
    assert not run(**WANTED).changed


# As the vendor is


@pytest.mark.parametrize("code", ["NotFound_SchemaConfig", "NotFound"])
@pytest.mark.parametrize("answer", ["what_was_applied", "everything"])
@pytest.mark.fact("schemas-before-reload")
def test_whatever_a_missing_config_and_a_change_are_answered_with_the_result_is_whole(
    sandbox: Sandbox, run: Run, code: str, answer: str
) -> None:
    sandbox.seed("fivetran", "manners", no_schemas_code=code, patched_schemas=answer)
    result = run(**WANTED)
    assert not result.failed, result.msg
    again = run(**WANTED)
    assert not again.changed
    assert result["schema_config"] == again["schema_config"]
    assert len(result["schema_config"]["schemas"]["shop"]["tables"]) > 2


@pytest.mark.parametrize("enabled", ["optional", "required"])
def test_the_mode_of_a_locked_table_is_changed_whether_enabled_is_required_or_not(
    sandbox: Sandbox, run: Run, enabled: str
) -> None:
    run()
    sandbox.seed("fivetran", "manners", schema_enabled=enabled)
    result = run(schemas=tables({"name": "fivetran_audit", "sync_mode": "LIVE"}))
    assert not result.failed, result.msg
    assert stored_tables(sandbox)["fivetran_audit"]["sync_mode"] == "LIVE"
    assert not run(schemas=tables({"name": "fivetran_audit", "sync_mode": "LIVE"})).changed


def test_a_mode_that_fivetran_does_not_show_is_not_chosen(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "manners", sync_mode="absent")
    assert not run(**WANTED).failed
    assert (
        "does not support a choice of the sync_mode" in run(schemas=tables({"name": "user", "sync_mode": "LIVE"})).msg
    )


def test_a_key_that_is_shown_once_it_was_set_is_set_once(run: Run) -> None:
    key = tables({"name": "user", "columns": [{"name": "email", "is_primary_key": False}]})
    assert run(schemas=key).changed
    assert not run(schemas=key).changed


@pytest.mark.fact("schemas-before-reload")
def test_the_schemas_of_an_incomplete_connection_need_its_setup_tests_first(
    sandbox: Sandbox, run: Run, connection_id: str
) -> None:
    sandbox.seed("fivetran", "edit_connection", id=connection_id, status={"setup_state": "incomplete"})
    result = run(**WANTED)
    assert result.code == "InvalidInput"
    assert "Run its setup tests first, with fivetran_connection." in result.msg
    assert sandbox.writes() == []


def test_in_check_mode_the_settings_of_a_connection_that_an_earlier_task_makes_are_foretold(sandbox: Sandbox) -> None:
    arguments = {"group_id": world.GROUP_ID, "schema": "braze_new", **WANTED}
    foretold = run_module("fivetran_connection_schema", arguments, sandbox.env, check=True)
    assert foretold.changed
    assert foretold["diff"]["after"] == CHANGES
    assert any("In check mode, it is taken for one that an earlier task makes." in text for text in foretold.warnings)
    assert run_module("fivetran_connection_schema", arguments, sandbox.env).code == "NotFound_Connection"
    assert sandbox.writes() == []
