# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's Fivetran knows of services: the fields of their config, and the metadata made of them."""

from __future__ import annotations

from typing import Any

STORAGES = ["AWS_S3", "GCS", "AZURE_BLOB_STORAGE", "NONE"]

# field -> (type, secret, choices)
Field = tuple[str, bool, list[str] | None]


def _text(secret: bool = False) -> Field:
    return ("string", secret, None)


def _choice(*choices: str) -> Field:
    return ("string", False, list(choices))


BRAZE: dict[str, Field] = {
    "api_url": _text(),
    "api_key": _text(secret=True),
    "cloud_storage_type": _choice(*STORAGES),
    "s3bucket": _text(),
    "s3folder": _text(),
    "s3role_arn": _text(secret=True),
    "gcs_bucket": _text(),
    "gcs_folder": _text(),
    "abs_connection_string": _text(secret=True),
    "abs_container_name": _text(),
    "abs_prefix": _text(),
    "enable_exports": ("boolean", False, None),
    "export_storage_type": _choice(*STORAGES),
    "s3_export_bucket": _text(),
    "s3_export_folder": _text(),
    "s3_export_role_arn": _text(secret=True),
    "gcs_export_bucket": _text(),
    "gcs_export_folder": _text(),
    "abs_export_connection_string": _text(secret=True),
    "abs_export_container_name": _text(),
    "abs_export_prefix": _text(),
    "historical_sync_limit": _choice("ALL_TIME", "DATE_LIMIT"),
    "historical_sync_limit_date": _text(),
    "historic_sync_time_frame": _choice(
        "THREE_MONTHS", "SIX_MONTHS", "ONE_YEAR", "TWO_YEARS", "FIVE_YEARS", "ALL_TIME"
    ),
}
SERVICES: dict[str, dict[str, Field]] = {
    "braze": BRAZE,
    "google_sheets": {"sheet_id": _text(), "named_range": _text()},
    "postgres": {
        "host": _text(),
        "port": ("integer", False, None),
        "database": _text(),
        "user": _text(),
        "password": _text(secret=True),
        "update_method": _choice("XMIN", "WAL_PGOUTPUT", "TELEPORT"),
    },
    "s3": {"bucket": _text(), "role_arn": _text(secret=True), "prefix": _text(), "file_type": _choice("csv", "json")},
}
SCHEMA_KEYS = ("schema", "schema_prefix", "table")


def metadata(service: str) -> dict[str, Any]:
    """Return ``data`` of ``GET /v1/metadata/connector-types/{service}``."""
    properties: dict[str, Any] = {}
    for name, (kind, secret, choices) in SERVICES[service].items():
        field: dict[str, Any] = {"type": kind, "description": name.replace("_", " ").capitalize()}
        if secret:
            field["format"] = "password"
        if choices:
            field["enum"] = choices
        properties[name] = field
    return {
        "id": service,
        "name": service.replace("_", " ").title(),
        "type": "Marketing",
        "description": f"{service} as the sandbox knows it",
        "connector_class": "standard",
        "service_status": "general_availability",
        "config": {"type": "object", "properties": properties},
    }


def config_problem(service: str, config: dict[str, Any]) -> str | None:
    """Return why a strict server refuses this config, or None."""
    fields = SERVICES[service]
    python_types: dict[str, type] = {"string": str, "boolean": bool, "integer": int}
    for name, value in config.items():
        if name in SCHEMA_KEYS:
            continue
        if name not in fields:
            return f"Unrecognized field '{name}' in config"
        kind, _secret, choices = fields[name]
        if value in (None, ""):
            continue
        if not isinstance(value, python_types[kind]):
            return f"Field '{name}' must be of type {kind}"
        if choices and value not in choices:
            return f"Field '{name}' must be one of {', '.join(choices)}"
    return None
