# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold the requests to Fivetran, and the sandbox's answers, against Fivetran's own OpenAPI document.

The document is the vendor's and not part of this project: it is read where it lies beside the checkout.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from tests.sandbox.core import SHOWN_SECRET, Entry, Json

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "fivetran-openapi-subset.json"
# What the document says of a service's own config, by service.
SERVICE_CONFIGS = {"braze": "braze_config_V1"}
REFERENCE = "#/components/schemas/"


class Contract:
    """The document, made usable as JSON Schema."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schemas: dict[str, Any] = _normalized(copy.deepcopy(document["components"]["schemas"]))
        self.paths = {
            re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"): item for path, item in document["paths"].items()
        }
        # The document leaves the config of the generic requests open; a connection is created with a service's own.
        self.schemas["NewConnectorRequestV1"]["properties"]["config"] = {"type": "object"}

    def violations(self, entries: Iterable[Entry]) -> list[str]:
        """Return what the requests and the successful answers violate, one sentence each."""
        return [f"{entry.method} {entry.path}: {problem}" for entry in entries for problem in self._entry(entry)]

    def _entry(self, entry: Entry) -> Iterator[str]:
        item = next((item for pattern, item in self.paths.items() if pattern.match(entry.path)), None)
        if item is None or entry.method.lower() not in item:
            yield "is not in the document"
            return
        operation = item[entry.method.lower()]
        known = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
        yield from (f"query parameter {name} is not in the document" for name in entry.query if name not in known)
        # A fault's answer is not the server's, and a request that was refused need not have been right.
        if entry.status is None or entry.status >= 300 or entry.fault:
            return
        yield from self._request(operation, entry.body)
        content = operation["responses"].get(str(entry.status), {}).get("content", {})
        for media in content.values():
            yield from self._errors("answer", _normalized(copy.deepcopy(media["schema"])), entry.answer)

    def _request(self, operation: dict[str, Any], body: Json) -> Iterator[str]:
        content = operation.get("requestBody", {}).get("content", {})
        schemas = [media["schema"] for media in content.values()]
        if not schemas:
            return
        schema = _request_schema(schemas[0])
        yield from self._errors("request", _normalized(copy.deepcopy(schema)), body)
        unknown = sorted(set(body or {}) - self._properties(schema))
        yield from (f"request: field {name} is not in the document" for name in unknown)
        yield from self._service_config(body)

    def _service_config(self, body: Json) -> Iterator[str]:
        if not isinstance(body, dict) or body.get("service") not in SERVICE_CONFIGS:
            return
        schema = self.schemas[SERVICE_CONFIGS[body["service"]]]
        known = {*schema["properties"]["config"]["properties"], "schema"}
        yield from self._errors("request", schema, {"config": body.get("config")})
        unknown = sorted(set(body.get("config") or {}) - known)
        yield from (f"request: config.{name} is not in the document" for name in unknown)

    def _properties(self, schema: dict[str, Any]) -> set[str]:
        if "$ref" in schema:
            return self._properties(self.schemas[schema["$ref"].removeprefix(REFERENCE)])
        found = set(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            found |= self._properties(part)
        return found

    def _errors(self, what: str, schema: dict[str, Any], data: Json) -> Iterator[str]:
        root = {**schema, "components": {"schemas": self.schemas}}
        for error in jsonschema.Draft7Validator(root).iter_errors(data):
            where = ".".join(map(str, error.absolute_path))
            yield f"{what}: {where or 'body'}: {error.message[:300]}"


@cache
def contract() -> Contract:
    """Return the contract; callers skip where :data:`DOCUMENT` does not exist."""
    return Contract(json.loads(DOCUMENT.read_text()))


def _request_schema(schema: dict[str, Any]) -> dict[str, Any]:
    # A creation may have the body of any service; what they share is checked here, the service's own config apart.
    choices = schema.get("oneOf") or schema.get("anyOf")
    return {"$ref": f"{REFERENCE}NewConnectorRequestV1"} if choices else schema


def _normalized(schema: Any) -> Any:
    """Mend the document's own slips, in place, so that what the real API sends validates."""
    if isinstance(schema, list):
        return [_normalized(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    for name, part in schema.items():
        schema[name] = _normalized(part)
    if isinstance(schema.get("enum"), list):
        _mend_enumeration(schema)
    if schema.get("additionalProperties") == {"type": "object"}:
        # config: "additionalProperties: object", while its values are strings, numbers and booleans as well.
        del schema["additionalProperties"]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        if "details" in properties:
            # Said to be an object or a string; the API sends objects, arrays and strings.
            properties["details"] = {}
        if properties.get("schemas", {}).get("properties", {}).get("schema"):
            # The document names the placeholder key "schema"; in truth each key is a schema's name.
            del properties["schemas"]["properties"]
    return schema


def _mend_enumeration(schema: dict[str, Any]) -> None:
    if schema.get("type") == "integer":
        # Integers are listed as strings.
        schema["enum"] = [int(value) for value in schema["enum"]]
    elif schema.get("type") == "object":
        # Enumerations of strings are declared as objects. A secret's place-holder of the journal is a string too.
        schema["type"] = "string"
        schema["enum"] = [*schema["enum"], SHOWN_SECRET]
