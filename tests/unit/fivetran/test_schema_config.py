# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a schema config: what is compared, refused, sent and predicted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.schema.config import (
    patch_body,
    plan_schema,
    predict,
    settings,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError

LOCKED = {"allowed": False, "reason_code": "OTHER", "reason": "It is read-only"}


def config() -> dict[str, Any]:
    """Return a config with a plain table, a locked one, and one without settings of columns."""
    return {
        "schema_change_handling": "ALLOW_ALL",
        "schemas": {
            "shop": {
                "enabled": True,
                "tables": {
                    "user": {
                        "enabled": True,
                        "enabled_patch_settings": {"allowed": True},
                        "supports_columns_config": True,
                        "supports_history_mode": False,
                        "sync_mode": "SOFT_DELETE",
                        "columns": {
                            "id": {"enabled": True, "hashed": False, "enabled_patch_settings": LOCKED},
                            "email": {"enabled": False, "hashed": False, "enabled_patch_settings": {"allowed": True}},
                        },
                    },
                    "core.table": {
                        "enabled": True,
                        "enabled_patch_settings": LOCKED,
                        "supports_columns_config": True,
                        "columns": {},
                    },
                    "flat": {
                        "enabled": False,
                        "enabled_patch_settings": {"allowed": True},
                        "supports_columns_config": False,
                        "columns": {},
                    },
                },
            }
        },
    }


def table(name: str = "user", **given: Any) -> list[dict[str, Any]]:
    return [{"name": "shop", "enabled": None, "tables": [{"name": name, **given}]}]


def column(name: str, table_name: str = "user", **given: Any) -> list[dict[str, Any]]:
    return table(table_name, columns=[{"name": name, **given}])


def test_what_is_not_given_and_what_is_equal_is_no_change() -> None:
    wanted = settings(table(enabled=True, sync_mode=None, columns=[{"name": "email", "enabled": False}]))
    assert plan_schema(config(), wanted, "ALLOW_ALL") == []
    assert plan_schema(config(), settings(None), None) == []


def test_only_changed_settings_are_sent_with_the_enabled_that_the_document_requires() -> None:
    wanted = settings(table(enabled=True, columns=[{"name": "email", "enabled": False, "hashed": True}]))
    changes = plan_schema(config(), wanted, "BLOCK_ALL")
    email = {"enabled": False, "hashed": True}
    tables = {"user": {"enabled": True, "columns": {"email": email}}}
    assert patch_body(config(), changes) == {
        "schema_change_handling": "BLOCK_ALL",
        "schemas": {"shop": {"enabled": True, "tables": tables}},
    }
    assert [(change.setting.label, change.before, change.setting.value) for change in changes] == [
        ("schemas.shop.tables.user.columns.email.hashed", False, True),
        ("schema_change_handling", "ALLOW_ALL", "BLOCK_ALL"),
    ]


def test_a_changed_table_and_its_changed_column_are_sent_together() -> None:
    wanted = settings(table(enabled=False, columns=[{"name": "email", "enabled": True}]))
    body = patch_body(config(), plan_schema(config(), wanted, None))
    assert body["schemas"]["shop"]["tables"]["user"] == {"enabled": False, "columns": {"email": {"enabled": True}}}


def test_a_column_that_is_not_listed_yet_is_sent_once_and_is_enabled_unless_told_otherwise() -> None:
    changes = plan_schema(config(), settings(column("phone", hashed=True)), None)
    columns = patch_body(config(), changes)["schemas"]["shop"]["tables"]["user"]["columns"]
    assert columns == {"phone": {"enabled": True, "hashed": True}}
    assert changes[0].before is None
    assert plan_schema(predict(config(), changes), settings(column("phone", hashed=True)), None) == []


def test_nothing_is_said_about_a_locked_table_that_holds_a_changed_column() -> None:
    changes = plan_schema(config(), settings(column("secret", "core.table", hashed=True)), None)
    assert patch_body(config(), changes)["schemas"]["shop"]["tables"] == {
        "core.table": {"columns": {"secret": {"enabled": True, "hashed": True}}}
    }


def test_a_locked_column_can_be_hashed_but_not_switched_off() -> None:
    changes = plan_schema(config(), settings(column("id", hashed=True, enabled=True)), None)
    assert [change.setting.name for change in changes] == ["hashed"]
    with pytest.raises(OnrampError) as refused:
        plan_schema(config(), settings(column("id", enabled=False)), None)
    assert refused.value.failure.code == "locked"
    assert "schemas.shop.tables.user.columns.id.enabled" in refused.value.msg
    assert "OTHER - It is read-only" in refused.value.msg


@pytest.mark.parametrize(
    ("schemas", "words"),
    [
        ([{"name": "shopp", "enabled": True}], ["no schema 'shopp'", "Did you mean shop?"]),
        ([{"name": "zzz", "tables": [{"name": "user", "enabled": True}]}], ["no schema 'zzz'", "Known: shop."]),
        (table("usr", enabled=False), ["no table 'usr' in schemas.shop", "Did you mean user?"]),
        (table("User", enabled=False), ["no table 'User'", "case-sensitive", "Did you mean user?"]),
        (column("email", "usr", hashed=True), ["no table 'usr'", "Did you mean user?"]),
        (column("x", "flat", hashed=True), ["flat", "single columns"]),
        (table("flat", sync_mode="LIVE"), ["flat", "sync_mode"]),
        (table("user", sync_mode="HISTORY"), ["user", "HISTORY"]),
    ],
    ids=["schema", "schema above a table", "table", "case", "table above a column", "columns", "modes", "history"],
)
def test_what_cannot_be_is_refused_with_the_nearest_name(schemas: list[dict[str, Any]], words: list[str]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        plan_schema(config(), settings(schemas), None)
    for word in words:
        assert word in refused.value.msg


@pytest.mark.parametrize(
    "schemas",
    [
        [{"name": "shop"}, {"name": "shop"}],
        [{"name": "shop", "tables": [{"name": "user"}, {"name": "user"}]}],
        table(columns=[{"name": "email"}, {"name": "email"}]),
    ],
    ids=["schema", "table", "column"],
)
def test_a_name_given_twice_is_refused(schemas: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidArgument, match="given twice"):
        settings(schemas)


def test_the_prediction_is_the_config_with_the_changes_and_leaves_the_original_alone() -> None:
    before = config()
    changes = plan_schema(
        before, settings(table(sync_mode="LIVE", columns=[{"name": "email", "hashed": True}])), "BLOCK_ALL"
    )
    predicted = predict(before, changes)
    assert before == config()
    user = predicted["schemas"]["shop"]["tables"]["user"]
    assert user["sync_mode"] == "LIVE"
    assert user["columns"]["email"]["hashed"] is True
    assert predicted["schema_change_handling"] == "BLOCK_ALL"
