# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that the sandbox's Fivetran knows: the fields of their config, and what is made of them.

A field is JSON Schema as ``GET /v1/metadata/connector-types/{service}`` shows it. One table of fields serves the
metadata, the check of a config, the masks and the journal's redaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .manners import Manners

Json = Any
Field = Mapping[str, Any]

MASK = "******"
STORAGES = ("AWS_S3", "GCS", "AZURE_BLOB_STORAGE", "NONE")
# They name the destination schema, for good.
SCHEMA_KEYS = ("schema", "schema_prefix", "table", "table_group_name")
_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_PYTHON_TYPES: Mapping[str, Any] = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}


def _text(description: str, *, secret: bool = False, readonly: bool = False) -> Field:
    return {
        "type": "string",
        "description": description,
        **({"format": "password"} if secret else {}),
        "readonly": readonly,
    }


def _choice(description: str, *choices: str, kind: str = "string") -> Field:
    return {
        "type": kind,
        "description": description,
        "example": " | ".join(choices),
        "readonly": False,
        "enum": list(choices),
    }


def _plain(kind: str, description: str) -> Field:
    return {"type": kind, "description": description, "readonly": False}


def _list(description: str, items: Field) -> Field:
    return {"type": "array", "description": description, "readonly": False, "items": items}


def _record(description: str, **properties: Field) -> Field:
    return {"type": "object", "description": description, "readonly": False, "properties": properties}


_SCHEMA = _text("Name of the schema in the destination. Permanent.")
_TABLE = _text("Name of the table in the destination. Permanent.")


def _s3(prefix: str, what: str) -> dict[str, Field]:
    return {
        f"{prefix}bucket": _text(f"S3 bucket of {what}"),
        f"{prefix}folder": _text(f"Folder in the S3 bucket of {what}"),
        f"{prefix}role_arn": _text(f"ARN of the role that reads {what}", secret=True),
        f"{prefix}external_id": _text(f"External ID of the role that reads {what}: the group's id", readonly=True),
    }


def _other_storages(infix: str, what: str) -> dict[str, Field]:
    return {
        f"gcs_{infix}bucket": _text(f"GCS bucket of {what}"),
        f"gcs_{infix}folder": _text(f"Folder in the GCS bucket of {what}"),
        f"abs_{infix}connection_string": _text(f"Connection string of the Azure account of {what}", secret=True),
        f"abs_{infix}container_name": _text(f"Azure container of {what}"),
        f"abs_{infix}prefix": _text(f"Prefix in the Azure container of {what}"),
    }


BRAZE: Mapping[str, Field] = {
    "schema": _SCHEMA,
    "api_url": _text("REST URL of the Braze instance"),
    "api_key": _text("REST API key of the Braze workspace", secret=True),
    "cloud_storage_type": _choice("Where Braze Currents writes", *STORAGES),
    **_s3("s3", "Currents"),
    **_other_storages("", "Currents"),
    "enable_exports": _plain("boolean", "Whether user profiles are exported"),
    "export_storage_type": _choice("Where exported profiles are written", *STORAGES),
    **_s3("s3_export_", "exported profiles"),
    **_other_storages("export_", "exported profiles"),
    "historical_sync_limit": _choice("Whether history is limited", "ALL_TIME", "DATE_LIMIT"),
    "historical_sync_limit_date": _text("First day of history (YYYY-MM-DD), with DATE_LIMIT"),
    "historic_sync_time_frame": _choice(
        "How much history the first sync takes",
        *("THREE_MONTHS", "SIX_MONTHS", "ONE_YEAR", "TWO_YEARS", "FIVE_YEARS", "ALL_TIME"),
    ),
}


@dataclass(frozen=True)
class Service:
    """A service. ``required``: the config fields without which no connection is made."""

    name: str
    kind: str
    fields: Mapping[str, Field]
    required: tuple[str, ...] = ("schema",)
    # Only such connections let their state be read and written.
    keeps_state: bool = False


_SERVICES = (
    Service("Braze", "Marketing", BRAZE),
    Service(
        "Google Sheets",
        "File",
        {
            "schema": _SCHEMA,
            "table": _TABLE,
            "sheet_id": _text("URL of the sheet"),
            "named_range": _text("Named range to sync"),
            "auth_type": _choice("How to authorize", "OAuth", "ServiceAccount"),
        },
        ("schema", "table"),
    ),
    Service(
        "Google Ads",
        "Marketing",
        {
            "schema": _SCHEMA,
            "sync_mode": _choice("Which accounts to sync", "ManagerAccounts", "AllAccounts", "SpecificAccounts"),
            "accounts": _list("Accounts to sync", _text("An account")),
            "reports": _list(
                "Reports to sync",
                _record(
                    "A report",
                    report_type=_text("Type of the report"),
                    fields=_list("Fields of the report", _text("A field")),
                    table=_text("Table of the report"),
                ),
            ),
            "skip_empty_reports": _plain("boolean", "Whether empty reports are left out"),
            "conversion_window_size": _plain("integer", "Days in which a conversion counts"),
        },
    ),
    Service(
        "Postgres",
        "Database",
        {
            "schema_prefix": _text("Prefix of the schemas in the destination. Permanent."),
            "host": _text("Host"),
            "port": _plain("integer", "Port"),
            "database": _text("Database"),
            "user": _text("User"),
            "password": _text("Password", secret=True),
            "update_method": _choice("How changes are found", "XMIN", "WAL_PGOUTPUT", "TELEPORT"),
        },
        ("schema_prefix",),
    ),
    Service(
        "S3",
        "File",
        {
            "schema": _SCHEMA,
            "table": _TABLE,
            "table_group_name": _text("Name of the group of tables. Permanent."),
            "bucket": _text("Bucket"),
            "prefix": _text("Folder"),
            "role_arn": _text("ARN of the role", secret=True),
            "external_id": _text("External ID of the role: the group's id", readonly=True),
            # Fivetran's OpenAPI document gives enumerations the type "object"; clients have to hold either way.
            "file_type": _choice("Type of the files", "csv", "json", "jsonl", "avro", "parquet", kind="object"),
            "files": _list(
                "Patterns of files by table",
                _record("A pattern", file_pattern=_text("Pattern"), table_name=_text("Table")),
            ),
            "skip_before": _plain("integer", "Lines to skip"),
        },
    ),
    Service(
        "Connector SDK",
        "Function",
        {
            "schema": _SCHEMA,
            "python_version": _choice("Version of Python", "3.11", "3.12", "3.13"),
            "secrets_list": _list(
                "Secrets that the connector gets",
                _record("A secret", key=_text("Name"), value=_text("Value", secret=True)),
            ),
        },
        keeps_state=True,
    ),
)
SERVICES: Mapping[str, Service] = {service.name.lower().replace(" ", "_"): service for service in _SERVICES}


def _secret_places(parent: str, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        if field.get("format") == "password":
            yield parent, name
        inner = field.get("items", field)
        yield from _secret_places(name, inner.get("properties", {}))


# Where secrets stand in a body, whatever its service: (name of the object, name of the field).
SECRET_PLACES = frozenset(
    # The last one: what a webhook signs with.
    [*(place for service in _SERVICES for place in _secret_places("config", service.fields)), ("", "secret")]
)


def short_metadata(service: str) -> dict[str, Any]:
    """Return the service's row of ``GET /v1/metadata/connector-types``."""
    known = SERVICES[service]
    page = known.name.lower().replace(" ", "-")
    return {
        "id": service,
        "name": known.name,
        "type": known.kind,
        "description": f"{known.name} as the sandbox knows it",
        "icon_url": f"https://fivetran.com/integrations/{service}/resources/{page}.png",
        "icons": [f"https://fivetran.com/integrations/{service}/resources/{page}.svg"],
        "link_to_docs": f"https://fivetran.com/docs/connectors/{page}",
        "link_to_erd": "",
        "connector_class": "standard",
        "service_status": "general_availability",
        "service_status_updated_at": "2022-06-10",
        "supported_features": [
            {"id": "API_CONFIGURABLE", "notes": ""},
            {"id": "COLUMN_HASHING", "notes": ""},
            {"id": "DATA_BLOCKING", "notes": "Column level and table level"},
            {"id": "RE_SYNC", "notes": "Connection and table level"},
        ],
    }


def metadata(service: str) -> dict[str, Any]:
    """Return ``data`` of ``GET /v1/metadata/connector-types/{service}``: ``config`` is a JSON schema."""
    known = SERVICES[service]
    return {
        **short_metadata(service),
        "config": {
            "type": "object",
            "title": f"{known.name} config object",
            "description": "",
            "readonly": False,
            "properties": known.fields,
            "required": list(known.required),
        },
    }


def config_problem(service: str, config: Mapping[str, Any]) -> str | None:
    """Return why a strict server refuses this config, or None."""
    return _record_problem("config", SERVICES[service].fields, config)


def _record_problem(where: str, fields: Mapping[str, Field], record: Mapping[str, Any]) -> str | None:
    for name, value in record.items():
        if name not in fields:
            return f"Unrecognized field '{name}' in {where}"
        problem = _value_problem(f"{where}.{name}", fields[name], value)
        if problem:
            return problem
    return None


def _value_problem(where: str, field: Field, value: Json) -> str | None:
    if field["readonly"]:
        return f"Field '{where}' is read-only"
    if value in (None, ""):
        return None
    choices = field.get("enum")
    if choices:
        return None if value in choices else f"Field '{where}' must be one of {', '.join(choices)}"
    if not isinstance(value, _PYTHON_TYPES[field["type"]]) or (field["type"] == "integer" and isinstance(value, bool)):
        return f"Field '{where}' must be of type {field['type']}"
    if field["type"] == "array":
        problems = (_value_problem(f"{where}[{number}]", field["items"], item) for number, item in enumerate(value))
        return next((problem for problem in problems if problem), None)
    return _record_problem(where, field["properties"], value) if field["type"] == "object" else None


def missing_field(service: str, config: Mapping[str, Any]) -> str | None:
    """Return the first required field that ``config`` lacks, or None."""
    return next((name for name in SERVICES[service].required if not config.get(name)), None)


def schema_name(config: Mapping[str, Any]) -> str:
    """Return the name of a connection with this config: its schema, and the table where it fills just one."""
    names = [config.get("schema") or config.get("schema_prefix"), config.get("table") or config.get("table_group_name")]
    return ".".join(str(name) for name in names if name)


def is_schema_name(name: str) -> bool:
    """Tell whether Fivetran accepts the name: lower-case letters, digits and underscores, no digit first."""
    return all(_SCHEMA_NAME.fullmatch(part) for part in name.split("."))


def shown_config(service: str, config: Mapping[str, Any], group_id: str, mask: str, manners: Manners) -> dict[str, Any]:
    """Return the config as answers show it: ``mask`` for secrets, with the read-only fields that Fivetran adds."""
    fields = SERVICES[service].fields if service in SERVICES else {}
    # Every read-only field there is holds the External ID.
    added = {name: group_id for name, field in fields.items() if field["readonly"]}
    exports_to_s3 = config.get("enable_exports") and config.get("export_storage_type") == "AWS_S3"
    if not exports_to_s3 and manners.export_external_id == "with_exports":
        added.pop("s3_export_external_id", None)
    shown = _masked(fields, config, mask)
    if manners.enumerations == "upper_snake_case":
        shown |= {name: _upper_snake_case(value) for name, value in shown.items() if "enum" in fields.get(name, {})}
    if manners.empty_values == "absent":
        shown = {name: value for name, value in shown.items() if value not in (None, "", [])}
    return {**shown, **added}


def _upper_snake_case(value: Json) -> Json:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", value).upper() if isinstance(value, str) else value


def _masked(fields: Mapping[str, Field], record: Mapping[str, Any], mask: str) -> dict[str, Any]:
    return {name: _masked_value(fields.get(name, {}), value, mask) for name, value in record.items()}


def _masked_value(field: Field, value: Json, mask: str) -> Json:
    if field.get("format") == "password":
        return mask if value else value
    if isinstance(value, list):
        return [_masked_value(field.get("items", {}), item, mask) for item in value]
    if isinstance(value, dict):
        return _masked(field.get("properties", {}), value, mask)
    return value


def secret_values(parent: str, data: Json) -> Iterable[str]:
    """Yield the secrets in ``data``, which stands in an object named ``parent``."""
    if isinstance(data, list):
        for item in data:
            yield from secret_values(parent, item)
    elif isinstance(data, dict):
        for name, value in data.items():
            if (parent, name) in SECRET_PLACES and isinstance(value, str):
                yield value
            else:
                yield from secret_values(name, value)
