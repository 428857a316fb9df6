# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema config of a connection: which tables and columns sync."""

from __future__ import annotations

from typing import Any

TABLES = {
    "user": ("id", "email", "phone", "country"),
    "campaign": ("id", "name", "created_at"),
    "event": ("id", "user_id", "type", "occurred_at"),
}
SETTINGS = ("enabled", "hashed", "sync_mode", "is_primary_key")


def sample_schema_config(schema: str) -> dict[str, Any]:
    """Return the config that the first reload finds: everything enabled, ids locked."""
    tables = {
        table: {
            "name_in_destination": table,
            "enabled": True,
            "enabled_patch_settings": {"allowed": True},
            "supports_columns_config": True,
            "columns": {
                column: {
                    "name_in_destination": column,
                    "enabled": True,
                    "hashed": False,
                    "enabled_patch_settings": {"allowed": column != "id"}
                    | (
                        {"reason_code": "SYSTEM_COLUMN", "reason": "A primary key is always synced"}
                        if column == "id"
                        else {}
                    ),
                    "is_primary_key": column == "id",
                }
                for column in columns
            },
        }
        for table, columns in TABLES.items()
    }
    return {
        "schema_change_handling": "ALLOW_ALL",
        "enable_new_by_default": True,
        "schemas": {schema: {"name_in_destination": schema, "enabled": True, "tables": tables}},
    }


def update_schema_config(config: dict[str, Any], body: dict[str, Any]) -> str | None:
    """Apply a PATCH; return why it is refused, or None."""
    handling = body.get("schema_change_handling")
    if handling not in (None, "ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"):
        return f"schema_change_handling must not be {handling}"
    problem = _update_children(config["schemas"], body.get("schemas") or {}, ["tables", "columns"])
    if problem is None and handling:
        config["schema_change_handling"] = handling
    return problem


def _update_children(actual: dict[str, Any], wanted: dict[str, Any], levels: list[str]) -> str | None:
    for name, changes in wanted.items():
        if name not in actual:
            return f"Cannot find '{name}'"
        item = actual[name]
        lock = item.get("enabled_patch_settings", {})
        if changes.get("enabled") is False and not lock.get("allowed", True):
            return f"'{name}' is locked: {lock.get('reason')}"
        for level in levels[:1]:
            problem = _update_children(item.get(level, {}), changes.get(level) or {}, levels[1:])
            if problem:
                return problem
        item.update({setting: changes[setting] for setting in SETTINGS if setting in changes})
    return None
