# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema config of a connection: which tables and columns sync.

As Fivetran documents it, an answer holds all tables, but of their columns only those that were ever set. What a change
answers is only what it has applied, as the vendor's own Terraform provider found out.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from .manners import Manners

Json = Any

# Tables of the Braze connector, shortened.
TABLES: Mapping[str, tuple[str, ...]] = {
    "user": ("id", "external_id", "email", "phone", "first_name", "last_name", "country", "created_at"),
    "user_custom_attribute": ("user_id", "name", "value"),
    "campaign": ("id", "name", "created_at", "archived"),
    "canvas": ("id", "name", "created_at", "draft"),
    "segment": ("id", "name", "analytics_tracking_enabled"),
    "email_unsubscribe": ("email", "unsubscribed_at"),
    "email_hard_bounce": ("email", "hard_bounced_at"),
    "users_messages_email_send": ("id", "user_id", "email_address", "campaign_id", "time"),
    "users_messages_email_open": ("id", "user_id", "email_address", "campaign_id", "ip_address", "time"),
    "users_behaviors_app_session_start": ("id", "user_id", "device_id", "time"),
}
# Fivetran's own, which cannot be switched off.
SYSTEM_TABLES: Mapping[str, tuple[str, ...]] = {"fivetran_audit": ("id", "message", "update_started")}
POLICIES = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
SYNC_MODES = ("SOFT_DELETE", "HISTORY", "LIVE")
EXCLUDE_MODES = ("PRESERVE", "INCLUDE", "EXCLUDE")

_FLAG = (True, False)
_TABLE_SETTINGS: Mapping[str, tuple[Any, ...]] = {"enabled": _FLAG, "sync_mode": SYNC_MODES}
# Null leaves a key as it is: the vendor's own Terraform provider sends it with every column.
_COLUMN_SETTINGS: Mapping[str, tuple[Any, ...]] = {"enabled": _FLAG, "hashed": _FLAG, "is_primary_key": (*_FLAG, None)}
# What an entry of each level may hold: its settings, and the name of the level below.
_LEVELS: tuple[tuple[Mapping[str, tuple[Any, ...]], str], ...] = (
    ({"enabled": _FLAG}, "tables"),
    (_TABLE_SETTINGS, "columns"),
    (_COLUMN_SETTINGS, ""),
)
# Mark a column, or whether it is a key, as set by somebody; they are not part of any answer.
_SET = "set"
_KEY_SET = "key_set"


class SchemaProblem(ValueError):
    """Why a request is refused."""


def captured_schema(schema: str) -> dict[str, Any]:
    """Return what the first reload finds in a Braze workspace: everything on, keys and system tables locked."""
    tables = {name: _table(name, columns) for name, columns in TABLES.items()}
    tables |= {name: _table(name, columns, "SYSTEM_TABLE") for name, columns in SYSTEM_TABLES.items()}
    return {
        "schema_change_handling": "ALLOW_ALL",
        "schemas": {schema: {"name_in_destination": schema, "enabled": True, "tables": tables}},
    }


def _table(name: str, columns: tuple[str, ...], lock: str = "") -> dict[str, Any]:
    return {
        "name_in_destination": name,
        "enabled": True,
        "sync_mode": "SOFT_DELETE",
        "enabled_patch_settings": _lock(lock),
        "supports_columns_config": not lock,
        "supports_history_mode": not lock,
        "columns": {column: _column(column, is_key=column == columns[0]) for column in columns},
    }


def _column(name: str, *, is_key: bool) -> dict[str, Any]:
    return {
        "name_in_destination": name,
        "enabled": True,
        "hashed": False,
        "is_primary_key": is_key,
        "enabled_patch_settings": _lock("SYSTEM_COLUMN" if is_key else ""),
        _SET: False,
        _KEY_SET: False,
    }


def _lock(reason_code: str) -> dict[str, Any]:
    if not reason_code:
        return {"allowed": True}
    return {"allowed": False, "reason_code": reason_code, "reason": "It is needed to sync at all"}


def shown_schema(config: Mapping[str, Any], manners: Manners) -> dict[str, Any]:
    """Return the config as answers show it."""
    shown = copy.deepcopy(dict(config))
    shown["enable_new_by_default"] = shown["schema_change_handling"] == "ALLOW_ALL"
    for _name, table in _tables(shown):
        if manners.sync_mode == "absent":
            del table["sync_mode"]
        table["columns"] = {name: column for name, column in table["columns"].items() if column.pop(_SET)}
        for column in table["columns"].values():
            if not column.pop(_KEY_SET):
                del column["is_primary_key"]
    return shown


def applied_schema(shown: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return of the config, as it is shown, the schemas, tables and columns that ``body`` names."""
    return {**shown, "schemas": _applied(shown["schemas"], body.get("schemas") or {}, 0)}


def _applied(shown: Mapping[str, Any], named: Mapping[str, Any], level: int) -> dict[str, Any]:
    below = _LEVELS[level][1]
    found = {name: dict(shown[name]) for name in named if name in shown}
    for name, entry in found.items():
        if below:
            entry[below] = _applied(entry[below], named[name].get(below) or {}, level + 1)
    return found


def switch_all(config: dict[str, Any], exclude_mode: str) -> None:
    """Do what a reload's ``exclude_mode`` says to tables that are not locked; ``PRESERVE`` does nothing."""
    for _name, table in _tables(config):
        if exclude_mode != "PRESERVE" and table["enabled_patch_settings"]["allowed"]:
            table["enabled"] = exclude_mode == "INCLUDE"


def changed_schema(
    config: dict[str, Any], body: Mapping[str, Any], *, lenient: bool = False, strict: bool = False
) -> dict[str, Any]:
    """Return ``config`` with the changes of ``body``.

    ``lenient``: leave out what is unknown or locked, as the config made before the first capture is applied.
    ``strict``: insist on ``enabled`` at each level, as the OpenAPI document says.

    :raises SchemaProblem: for what the server refuses; ``config`` is untouched in any case.
    """
    unknown = sorted(set(body) - {"schemas", "schema_change_handling", "is_type_locked"})
    if unknown:
        raise SchemaProblem(f"Unrecognized field '{unknown[0]}'")
    changed = copy.deepcopy(config)
    handling = body.get("schema_change_handling")
    if handling is not None:
        _check_choice("schema_change_handling", handling, POLICIES)
        changed["schema_change_handling"] = handling
    _apply(changed["schemas"], body.get("schemas") or {}, 0, lenient=lenient, strict=strict)
    return changed


def _apply(actual: dict[str, Any], wanted: Mapping[str, Any], level: int, *, lenient: bool, strict: bool) -> None:
    settings, below = _LEVELS[level]
    for name, changes in wanted.items():
        _check_entry(name, changes, settings, below, strict=strict)
        if name not in actual:
            if lenient:
                continue
            raise SchemaProblem(f"Cannot find '{name}'")
        entry = actual[name]
        allowed = entry.get("enabled_patch_settings", {"allowed": True})["allowed"]
        if changes.get("enabled", entry["enabled"]) != entry["enabled"] and not allowed:
            if lenient:
                continue
            raise SchemaProblem(f"'{name}' cannot be switched: {entry['enabled_patch_settings']['reason']}")
        entry.update({setting: changes[setting] for setting in settings if changes.get(setting) is not None})
        if below:
            _apply(entry[below], changes.get(below) or {}, level + 1, lenient=lenient, strict=strict)
        else:
            entry[_SET] = True
            entry[_KEY_SET] |= changes.get("is_primary_key") is not None


def _check_entry(
    name: str, changes: Json, settings: Mapping[str, tuple[Any, ...]], below: str, *, strict: bool
) -> None:
    if not isinstance(changes, dict):
        raise SchemaProblem(f"'{name}' must be an object")
    if strict and "enabled" not in changes:
        raise SchemaProblem(f"'enabled' of '{name}' is required")
    unknown = sorted(set(changes) - {*settings, below})
    if unknown:
        raise SchemaProblem(f"Unrecognized field '{unknown[0]}' of '{name}'")
    for setting, choices in settings.items():
        if setting in changes:
            _check_choice(f"{setting} of {name}", changes[setting], choices)


def _check_choice(name: str, value: Json, choices: tuple[Any, ...]) -> None:
    # 1 == True in Python, but not in JSON.
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        raise SchemaProblem(f"{name} must be one of {', '.join(map(str, choices))}")


def _tables(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in config["schemas"].values():
        yield from schema["tables"].items()
