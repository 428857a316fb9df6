# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check a connection's config against the service's metadata, before anything is created."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from .client import JsonObject

# They name the destination schema and belong to every service, whether or not its metadata lists them.
SCHEMA_KEYS = frozenset({"schema", "schema_prefix", "table", "table_group_name"})

_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
}


def config_errors(metadata: JsonObject, config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with ``config``, one sentence each, without any value of a password field.

    ``metadata``: ``data.config`` of ``GET /metadata/connector-types/{service}``. A metadata without properties
    says nothing, so nothing is refused then.
    """
    properties = metadata.get("properties")
    if not isinstance(properties, dict) or not properties:
        return []
    return [error for name, value in config.items() for error in _field_errors(properties, name, value)]


def password_fields(metadata: JsonObject) -> frozenset[str]:
    """Return the names of the fields that the service stores as secrets."""
    properties = metadata.get("properties")
    if not isinstance(properties, dict):
        return frozenset()
    return frozenset(name for name, field in properties.items() if _is_password(field))


def _is_password(field: Any) -> bool:
    return isinstance(field, dict) and field.get("format") == "password"


def _field_errors(properties: JsonObject, name: str, value: Any) -> list[str]:
    field = properties.get(name)
    if not isinstance(field, dict):
        return [] if name in SCHEMA_KEYS else [_unknown(properties, name)]
    if value is None or value == "":
        return []
    if field.get("readOnly") or field.get("readonly"):
        return [f"config.{name}: is set by Fivetran and cannot be given."]
    shown = "the given value" if _is_password(field) else repr(value)
    # The published schema declares the type of its enumerations as "object"; their values are strings.
    choices = field.get("enum")
    if isinstance(choices, list) and choices:
        return [] if value in choices else [_not_a_choice(name, value, shown, choices)]
    wanted = _PYTHON_TYPES.get(str(field.get("type")))
    if wanted is None or (isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))):
        return []
    return [f"config.{name}: expected {field['type']}, got {type(value).__name__} ({shown})."]


def _unknown(properties: JsonObject, name: str) -> str:
    nearest = difflib.get_close_matches(name, list(properties), n=1, cutoff=0.6)
    hint = f" Did you mean {nearest[0]}?" if nearest else f" Known: {', '.join(sorted(properties))}."
    return f"config.{name}: this service has no such field.{hint}"


def _not_a_choice(name: str, value: Any, shown: str, choices: list[Any]) -> str:
    nearest = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1, cutoff=0.6)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"config.{name}: {shown} is not accepted; accepted: {', '.join(map(str, choices))}.{hint}"
