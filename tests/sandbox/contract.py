# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold the requests to Fivetran, and the sandbox's answers, against Fivetran's own OpenAPI document.

The document is the vendor's and not part of this project: it is read where it lies beside the checkout. Objects are
closed: a field that the document does not name is a violation, in a request as in an answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import jsonschema

from .client import CHECKOUT, Sandbox
from .core import Entry, Json
from .fivetran_requests import asks_for_version_2
from .fivetran_services import SCHEMA_KEYS

DOCUMENT = CHECKOUT.parent / "shared" / "contracts" / "fivetran-openapi-subset.json"
REFERENCE = "#/components/schemas/"
# The document leaves the config of the generic requests and answers open; a service's own fields stand apart.
CONFIG = "_config"
_CONFIG = {"$ref": REFERENCE + CONFIG}
# Schemas that hold a connection's config.
_WITH_CONFIG = ("NewConnectorRequestV1", "UpdateConnectorRequest", "ConnectorResponseV1", "ConnectorResponse")
_CHANGES_OF_SCHEMAS = ("SchemaUpdateRequest", "TableUpdateRequest", "ColumnUpdateRequest")
# Newer than the document, or in a part of the vendor's that is not in it.
_OTHER_PATHS = re.compile(r"/v1/connections/[^/]+/(errors|sync-history)|/v1/webhooks(/.*)?")
# Placeholder keys: the document means "any name" where it says schema, table or column.
_PLACEHOLDERS = {"schemas": "schema", "tables": "table", "columns": "column", "scope": "schema"}
_SETUP_STATUSES = {"INCOMPLETE", "CONNECTED", "BROKEN"}
Schema = dict[str, Any]


class Contract:
    """The document, made usable as JSON Schema."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.schemas: Schema = _mended(document["components"]["schemas"])
        for name in _WITH_CONFIG:
            self.schemas[name]["properties"]["config"] = {"$ref": REFERENCE + CONFIG}
        # The document knows one field; its own examples show others.
        self.schemas["DestinationExtendedResponse"]["properties"]["config"] = {"type": "object"}
        for name in _CHANGES_OF_SCHEMAS:
            # The vendor's own Terraform provider sends it only where it changes.
            self.schemas[name].pop("required", None)
        self.paths = {re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)): item for path, item in document["paths"].items()}
        self._prepared: dict[tuple[str, str], Schema] = {}
        self._validators: dict[tuple[str, int, str], Any] = {}
        self._judged: dict[tuple[str, int, str, bytes], tuple[str, ...]] = {}

    def violations(self, entries: Iterable[Entry]) -> list[str]:
        """Return what the requests and the successful answers violate, one sentence each.

        What is not Fivetran's is passed over. A fault's answer is not the server's, and therefore not judged.
        """
        return [
            f"{entry.method} {entry.path}: {problem}"
            for entry in entries
            if entry.server == "fivetran"
            for problem in self._entry(entry)
        ]

    def _entry(self, entry: Entry) -> Iterator[str]:
        if _OTHER_PATHS.fullmatch(entry.path):
            return
        item = next((item for path, item in self.paths.items() if path.fullmatch(entry.path)), None)
        if item is None or entry.method.lower() not in item:
            yield "is not in the document"
            return
        operation = item[entry.method.lower()]
        yield from _query_problems(operation, entry.query)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield from self._errors("request", media["schema"], entry.body, _service(entry))
        if not entry.fault and entry.status is not None and 200 <= entry.status < 300:
            yield from self._answer(operation, entry)

    def _answer(self, operation: Mapping[str, Any], entry: Entry) -> Iterator[str]:
        if (entry.method, entry.status) == ("DELETE", 204):
            # The document says 200; the vendor's page on response codes says this.
            return
        if str(entry.status) not in operation["responses"]:
            yield f"answer: status {entry.status} is not in the document"
            return
        for media in operation["responses"][str(entry.status)].get("content", {}).values():
            yield from self._errors("answer", media["schema"], entry.answer, _service(entry))
        for row in _rows(entry.answer):
            yield from self._errors("answer", _CONFIG, row["config"], row["service"])

    def _errors(self, what: str, schema: Schema, data: Json, service: str) -> Iterable[str]:
        # Most answers are those of the test before.
        known = (what, id(schema), service, hashlib.sha256(json.dumps(data).encode()).digest())
        if known not in self._judged:
            self._judged[known] = tuple(self._judge(what, schema, data, service))
        return self._judged[known]

    def _judge(self, what: str, schema: Schema, data: Json, service: str) -> Iterator[str]:
        for error in self._validator(what, schema, service).iter_errors(data):
            where = ".".join(map(str, error.absolute_path))
            yield f"{what}: {where or 'body'}: {error.message[:300]}"

    def _validator(self, what: str, schema: Schema, service: str) -> Any:
        """Return what judges by a schema, which is one of the document's, and therefore stays."""
        if (what, id(schema), service) not in self._validators:
            whole = _nullable(_mended(schema)) if what == "answer" else schema
            root = {**_closed(whole), "components": {"schemas": self._components(what, service)}}
            self._validators[what, id(schema), service] = jsonschema.Draft7Validator(root)
        return self._validators[what, id(schema), service]

    def _components(self, what: str, service: str) -> Schema:
        """Return the schemas to hold requests (or answers) about connections of a service against."""
        if (what, service) not in self._prepared:
            schemas = {**self.schemas, CONFIG: self._config(what, service)}
            # Fivetran sends null for what is not set, which the document never says.
            self._prepared[what, service] = _closed(_nullable(schemas) if what == "answer" else schemas)
        return self._prepared[what, service]

    def _config(self, what: str, service: str) -> Schema:
        """Return the schema of a service's config; that of a service which is not in the document is open."""
        own = self.schemas.get(f"{service}_config_V1")
        if own is None:
            return {"type": "object"}
        names = ("schema",) if service == "braze" else SCHEMA_KEYS
        fields = {**{name: {"type": "string"} for name in names}, **own["properties"]["config"]["properties"]}
        readonly = self.schemas.get(f"{service}_readonly_config_V1")
        if what == "answer" and readonly is not None:
            fields |= readonly["properties"]["config"]["properties"]
        return {"type": "object", "properties": fields}


@cache
def contract() -> Contract:
    """Return the contract; callers skip where :data:`DOCUMENT` does not exist."""
    return Contract(json.loads(DOCUMENT.read_text()))


def check(entries: Iterable[Entry]) -> list[str]:
    """Return what the journal's entries violate; callers skip where :data:`DOCUMENT` does not exist."""
    return contract().violations(entries)


def strayed(entries: Iterable[Entry]) -> list[str]:
    """Return where the collection asks Fivetran for something in a way that works by chance, one sentence each.

    Without a version in Accept the account decides what comes back; what is only answered for the sake of old clients
    may end any day. Requests of other programs are passed over.
    """
    return [
        f"{entry.method} {entry.path}: {problem}"
        for entry in entries
        if entry.server == "fivetran" and entry.headers.get("User-Agent", "").startswith("onramp.braze_fivetran/")
        for problem in _straying(entry)
    ]


@contextmanager
def fresh(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Give a sandbox as it is right after its start; then hold what Fivetran was asked against its contract."""
    sandbox.reset()
    yield sandbox
    hold(sandbox)


def hold(sandbox: Sandbox) -> None:
    """Hold what Fivetran was asked against its contract."""
    asked = sandbox.journal("fivetran")
    assert strayed(asked) == []
    if DOCUMENT.exists():
        assert contract().violations(asked) == []


def _straying(entry: Entry) -> Iterator[str]:
    if not asks_for_version_2(entry.headers):
        yield f"Accept is {entry.headers.get('Accept')!r}, without version=2"
    if entry.path.endswith(("/", "/force")) or "/connectors" in entry.path:
        yield "no document names this spelling"
    if entry.method in ("POST", "PATCH") and entry.headers.get("Content-Type") != "application/json":
        yield f"Content-Type is {entry.headers.get('Content-Type')!r}"


def _service(entry: Entry) -> str:
    """Return the service of the connection that a request is about; it stands in the request or in its answer."""
    for part in (entry.body, entry.answer.get("data") if isinstance(entry.answer, dict) else None):
        if isinstance(part, dict) and isinstance(part.get("service"), str):
            return str(part["service"])
    return ""


def _rows(answer: Json) -> Iterator[dict[str, Any]]:
    """Yield the connections of a list, which may be of several services."""
    data = answer.get("data") if isinstance(answer, dict) else None
    rows = data.get("items") if isinstance(data, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and {"config", "service"} <= set(row):
            yield row


def _query_problems(operation: Mapping[str, Any], query: Mapping[str, str]) -> Iterator[str]:
    known = {
        parameter["name"]: parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"
    }
    for name, value in query.items():
        if name not in known:
            yield f"query parameter {name} is not in the document"
        elif known[name]["schema"]["type"] == "integer" and not value.isdecimal():
            yield f"query parameter {name} is not a number: {value}"


def _everywhere(schema: Json, change: Callable[[Schema], None]) -> Any:
    """Apply ``change`` to every object of a copy of ``schema``, the inner ones first."""
    if isinstance(schema, list):
        return [_everywhere(part, change) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: _everywhere(part, change) for name, part in schema.items()}
    change(changed)
    return changed


def _mended(schemas: Schema) -> Schema:
    """Mend the document's own slips, so that what the real API sends validates."""
    mended: Schema = _everywhere(schemas, _mend)
    return mended


def _mend(schema: Schema) -> None:
    if isinstance(schema.get("enum"), list):
        _mend_enumeration(schema)
    if schema.get("additionalProperties") == {"type": "object"}:
        # config: "additionalProperties: object", while its values are strings, numbers and booleans as well.
        schema["additionalProperties"] = True
    if isinstance(schema.get("details"), dict) and "status" in schema:
        # A setup test's details: said to be an object; the API sends objects, arrays and strings.
        schema["details"] = {}
    for name, placeholder in _PLACEHOLDERS.items():
        part = schema.get(name)
        if isinstance(part, dict) and set(part.get("properties", {})) == {placeholder}:
            part["additionalProperties"] = part.pop("properties")[placeholder]


def _mend_enumeration(schema: Schema) -> None:
    if set(schema["enum"]) == _SETUP_STATUSES:
        # A destination's status: listed in upper case; the API sends lower case, as in the document's own examples.
        schema["enum"] += [value.lower() for value in schema["enum"]]
    if schema.get("type") == "integer":
        # Integers are listed as strings.
        schema["enum"] = [int(value) for value in schema["enum"]]
    elif schema.get("type") == "object":
        # Enumerations of strings are declared as objects.
        schema["type"] = "string"


def _nullable(schema: Schema) -> Schema:
    """Allow null for every property that is not required."""
    nullable: Schema = _everywhere(schema, _allow_null)
    return nullable


def _allow_null(schema: Schema) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    for name, part in properties.items():
        if name in schema.get("required", []) or not isinstance(part, dict):
            continue
        if "type" in part:
            choices = {"enum": [*part["enum"], None]} if "enum" in part else {}
            properties[name] = {**part, **choices, "type": [part["type"], "null"]}
        else:
            properties[name] = {"anyOf": [part, {"type": "null"}]}


def _closed(schema: Schema) -> Schema:
    """Refuse what an object that names its properties does not name."""
    closed: Schema = _everywhere(schema, _close)
    return closed


def _close(schema: Schema) -> None:
    if isinstance(schema.get("properties"), dict) and "allOf" not in schema:
        schema.setdefault("additionalProperties", False)
