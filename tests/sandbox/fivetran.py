# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's REST API, as strict as its OpenAPI document."""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from aiohttp import web

from tests.sandbox.core import SHOWN_SECRET, Handler, Hub, Json, Server, operation
from tests.sandbox.fivetran_schema import sample_schema_config, update_schema_config
from tests.sandbox.fivetran_services import SCHEMA_KEYS, SERVICES, config_problem, metadata
from tests.sandbox.setup_tests import SetupTests

ACCOUNT = "acme_account"
MASK = "******"
STORED = {
    "paused": False,
    "pause_after_trial": False,
    "sync_frequency": 360,
    "daily_sync_time": None,
    "schedule_type": "auto",
    "data_delay_sensitivity": "NORMAL",
    "data_delay_threshold": 0,
    "networking_method": "Directly",
    "private_link_id": None,
    "proxy_agent_id": None,
    "hybrid_deployment_agent_id": None,
}
UNSTORED = ("run_setup_tests", "trust_certificates", "trust_fingerprints")
CREATION_ONLY = ("group_id", "service", "destination_schema_names")
CHOICES: dict[str, list[Any]] = {
    "sync_frequency": [1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440],
    "schedule_type": ["auto", "manual"],
    "data_delay_sensitivity": ["LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"],
    "networking_method": ["Directly", "PrivateLink", "SshTunnel", "ProxyAgent"],
    "destination_schema_names": ["FIVETRAN_NAMING", "SOURCE_NAMING"],
}
SECRET_FIELDS = frozenset(
    name for fields in SERVICES.values() for name, (_kind, secret, _choices) in fields.items() if secret
)


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.response = web.json_response({"code": code, "message": message}, status=status, headers=headers)


@dataclass
class AccountKey:
    """An API key: whose account, and what it may do."""

    secret: str
    name: str
    account: str
    can_create: bool = True


def authorized(handler: Callable[..., Awaitable[web.Response]]) -> Handler:
    """Check what every endpoint checks first, and turn refusals into answers."""

    @wraps(handler)
    async def checked(self: Fivetran, request: web.Request) -> web.StreamResponse:
        try:
            self.check_request(request)
            return await handler(self, request)
        except Refusal as refusal:
            return refusal.response

    return checked


def success(data: Json = None, status: int = 200, message: str = "") -> web.Response:
    """Wrap ``data`` into the envelope."""
    body: dict[str, Any] = {"code": "Success", "message": message or "Operation performed."}
    if data is not None:
        body["data"] = data
    return web.json_response(body, status=status)


class Fivetran(Server):
    """The server. State is plain JSON: groups, destinations and connections by id."""

    name = "fivetran"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.setup_tests = SetupTests(hub)
        self.reset()

    def reset(self) -> None:
        self.keys: dict[str, AccountKey] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.destinations: dict[str, dict[str, Any]] = {}
        self.connections: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.scripted: list[list[Json]] = []
        self.duplicate_status = 409
        self.counter = 0
        self.created: dict[str, int] = {}

    def state(self) -> Json:
        return {
            "groups": self.groups,
            "destinations": self.destinations,
            "connections": self.connections,
            "schemas": self.schemas,
        }

    def actor(self, request: web.Request) -> str:
        key = self._key(request)
        return key.name if key else ""

    def redact(self, data: Json) -> Json:
        if isinstance(data, dict):
            return {
                name: SHOWN_SECRET if name in SECRET_FIELDS and value != MASK else self.redact(value)
                for name, value in data.items()
            }
        return [self.redact(value) for value in data] if isinstance(data, list) else data

    def unknown(self, request: web.Request) -> web.StreamResponse:
        body = {"code": "NotFound", "message": f"No such endpoint: {request.method} {request.path}"}
        return web.json_response(body, status=404)

    # Checks of every request

    def _key(self, request: web.Request) -> AccountKey | None:
        kind, _space, value = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        key = self.keys.get(name)
        return key if kind == "Basic" and key is not None and key.secret == secret else None

    def check_request(self, request: web.Request) -> None:
        """Refuse a wrong key and wrong media types."""
        if self._key(request) is None:
            raise Refusal(401, "AuthFailed", "Missing or invalid authorization")
        accept = request.headers.get("Accept", "*/*")
        if not any(kind in accept for kind in ("application/json", "*/*")):
            raise Refusal(406, "NotAcceptable", f"Cannot answer {accept}")
        if request.method in ("POST", "PATCH") and request.content_type != "application/json":
            raise Refusal(415, "UnsupportedMediaType", "Content-Type must be application/json")

    def _account(self, request: web.Request) -> AccountKey:
        key = self._key(request)
        if key is None:
            raise Refusal(401, "AuthFailed", "Missing or invalid authorization")
        return key

    def _group(self, request: web.Request, group_id: str) -> dict[str, Any]:
        group = self.groups.get(group_id)
        if group is None or group["account"] != self._account(request).account:
            raise Refusal(404, "NotFound_Group", f"Cannot find group '{group_id}'")
        return group

    def _connection(self, request: web.Request) -> dict[str, Any]:
        connection_id = request.match_info["connection"]
        connection = self.connections.get(connection_id)
        account = self._account(request).account
        if connection is None or self.groups[connection["group_id"]]["account"] != account:
            raise Refusal(404, "NotFound_Connection", f"Cannot find connection '{connection_id}'")
        return connection

    async def _body(self, request: web.Request) -> dict[str, Any]:
        try:
            body = await request.json()
        except ValueError:
            raise Refusal(400, "BadRequest", "The body is not JSON") from None
        if not isinstance(body, dict):
            raise Refusal(400, "BadRequest", "The body is not an object")
        return body

    def _page(self, request: web.Request, rows: list[Json]) -> web.Response:
        try:
            limit, start = int(request.query.get("limit", 100)), int(request.query.get("cursor", 0))
        except ValueError:
            raise Refusal(400, "InvalidInput", "Bad limit or cursor") from None
        if not 1 <= limit <= 1000:
            raise Refusal(400, "InvalidInput", "limit must be between 1 and 1000")
        data: dict[str, Any] = {"items": rows[start : start + limit]}
        if start + limit < len(rows):
            data["next_cursor"] = str(start + limit)
        return success(data)

    # Account, groups, destinations, metadata

    @operation("GET", "/v1/account/info", "account_info")
    @authorized
    async def account_info(self, request: web.Request) -> web.Response:
        key = self._account(request)
        return success({"account_id": key.account, "account_name": key.account, "user_id": f"user_{key.name}"})

    @operation("GET", "/v1/groups", "list_groups")
    @authorized
    async def list_groups(self, request: web.Request) -> web.Response:
        account = self._account(request).account
        return self._page(request, [_group(group) for group in self.groups.values() if group["account"] == account])

    @operation("POST", "/v1/groups", "create_group")
    @authorized
    async def create_group(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        name = body.get("name")
        if set(body) != {"name"} or not isinstance(name, str) or not name:
            raise Refusal(400, "InvalidInput", "name is required")
        if any(group["name"] == name for group in self.groups.values()):
            raise Refusal(409, "Conflict", f"Group '{name}' already exists")
        self.counter += 1
        group = self.control_add_group(id=f"group_{self.counter}", name=name, destination=None)
        return success(_group(group), 201)

    @operation("GET", "/v1/groups/{group}", "get_group")
    @authorized
    async def get_group(self, request: web.Request) -> web.Response:
        return success(_group(self._group(request, request.match_info["group"])))

    @operation("PATCH", "/v1/groups/{group}", "update_group")
    @authorized
    async def update_group(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        group["name"] = (await self._body(request)).get("name") or group["name"]
        return success(_group(group))

    @operation("DELETE", "/v1/groups/{group}", "delete_group")
    @authorized
    async def delete_group(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        if any(connection["group_id"] == group["id"] for connection in self.connections.values()):
            raise Refusal(409, "Conflict", "The group still has connections")
        del self.groups[group["id"]]
        self.destinations.pop(group["id"], None)
        return success()

    @operation("GET", "/v1/groups/{group}/service-account", "get_service_account")
    @authorized
    async def service_account(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        return success({"service_account": group["service_account"]})

    @operation("GET", "/v1/groups/{group}/connections", "list_group_connections")
    @authorized
    async def list_group_connections(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        return self._page(request, [_shown(row) for row in self.connections.values() if row["group_id"] == group["id"]])

    @operation("GET", "/v1/destinations/{destination}", "get_destination")
    @authorized
    async def get_destination(self, request: web.Request) -> web.Response:
        destination = self.destinations.get(request.match_info["destination"])
        if destination is None:
            raise Refusal(404, "NotFound_Destination", "Cannot find the destination")
        self._group(request, destination["group_id"])
        return success(destination)

    @operation("DELETE", "/v1/destinations/{destination}", "delete_destination")
    @authorized
    async def delete_destination(self, request: web.Request) -> web.Response:
        destination_id = request.match_info["destination"]
        if destination_id not in self.destinations:
            raise Refusal(404, "NotFound_Destination", "Cannot find the destination")
        if any(connection["group_id"] == destination_id for connection in self.connections.values()):
            raise Refusal(409, "Conflict", "The destination still has connections")
        del self.destinations[destination_id]
        return success()

    @operation("GET", "/v1/metadata/connector-types/{service}", "get_metadata")
    @authorized
    async def get_metadata(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        if service not in SERVICES:
            raise Refusal(404, "NotFound_Connector", f"Cannot find service '{service}'")
        return success(metadata(service))

    # Connections

    @operation("GET", "/v1/connections", "list_connections")
    @authorized
    async def list_connections(self, request: web.Request) -> web.Response:
        account = self._account(request).account
        rows = [
            _shown(row)
            for row in self.connections.values()
            if self.groups[row["group_id"]]["account"] == account
            and request.query.get("group_id") in (None, row["group_id"])
            and request.query.get("schema") in (None, row["schema"])
        ]
        return self._page(request, rows)

    @operation("POST", "/v1/connections", "create_connection")
    @authorized
    async def create_connection(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        for name in ("group_id", "service"):
            if not isinstance(body.get(name), str):
                raise Refusal(400, "InvalidInput", f"{name} is required")
        group = self._group(request, body["group_id"])
        if not self._account(request).can_create:
            raise Refusal(403, "Forbidden", "You have no permission to create connections in this group")
        if body["service"] not in SERVICES:
            raise Refusal(400, "InvalidInput", f"Unknown service '{body['service']}'")
        self._check_fields(body, body["service"], {*STORED, *UNSTORED, *CREATION_ONLY, "config"})
        config = body.get("config") or {}
        schema = _schema_name(config)
        if not schema:
            raise Refusal(400, "InvalidInput", "config.schema is required")
        if any(row["schema"] == schema and row["group_id"] == group["id"] for row in self.connections.values()):
            code = "Conflict" if self.duplicate_status == 409 else "InvalidInput"
            raise Refusal(self.duplicate_status, code, f"Schema '{schema}' is in use")
        stored = {name: body[name] for name in (*STORED, *CREATION_ONLY) if body.get(name) is not None}
        connection = self.control_add_connection(**{"schema": schema, "config": config, **stored})
        if body.get("run_setup_tests", True):
            await self._test(connection)
        return success(_shown(connection), 201)

    @operation("GET", "/v1/connections/{connection}", "get_connection")
    @authorized
    async def get_connection(self, request: web.Request) -> web.Response:
        return success(_shown(self._connection(request)))

    @operation("PATCH", "/v1/connections/{connection}", "update_connection")
    @authorized
    async def update_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        body = await self._body(request)
        self._check_fields(body, connection["service"], {*STORED, *UNSTORED, "config"})
        if not set(body) - set(UNSTORED):
            raise Refusal(400, "InvalidInput", "At least one stored field is needed")
        config = body.get("config") or {}
        if any(name in config for name in SCHEMA_KEYS):
            raise Refusal(400, "InvalidInput", "The schema cannot be changed")
        connection["config"].update(config)
        connection.update({name: body[name] for name in STORED if name in body})
        _set_sync_state(connection)
        if body.get("run_setup_tests", True):
            await self._test(connection)
        return success(_shown(connection))

    @operation("DELETE", "/v1/connections/{connection}", "delete_connection")
    @authorized
    async def delete_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        self.control_remove_connection(connection["id"])
        return success(message=f"Connection with id '{connection['id']}' has been deleted")

    @operation("POST", "/v1/connections/{connection}/test", "test_connection")
    @authorized
    async def test_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        body = await self._body(request)
        if set(body) - {"trust_certificates", "trust_fingerprints"}:
            raise Refusal(400, "InvalidInput", "Unrecognized field")
        await self._test(connection)
        return success(_shown(connection))

    @operation("POST", "/v1/connections/{connection}/sync", "sync_connection")
    @authorized
    async def sync_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        body = await self._body(request)
        if set(body) - {"force"}:
            raise Refusal(400, "InvalidInput", "Unrecognized field")
        connection["status"]["sync_state"] = "syncing"
        return success(message=f"Sync has been successfully triggered for connection with id '{connection['id']}'")

    @operation("POST", "/v1/connections/{connection}/resync", "resync_connection")
    @authorized
    async def resync_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        connection["status"].update(sync_state="syncing", is_historical_sync=True)
        return success(message="Re-sync has been triggered successfully")

    @operation("GET", "/v1/connections/{connection}/schemas", "get_schemas")
    @authorized
    async def get_schemas(self, request: web.Request) -> web.Response:
        return success(self._schema_config(self._connection(request)))

    @operation("POST", "/v1/connections/{connection}/schemas/reload", "reload_schemas")
    @authorized
    async def reload_schemas(self, request: web.Request) -> web.Response:
        connection = self._connection(request)
        body = await self._body(request)
        if body.get("exclude_mode", "PRESERVE") not in ("PRESERVE", "INCLUDE", "EXCLUDE"):
            raise Refusal(400, "InvalidInput", "exclude_mode must be PRESERVE, INCLUDE or EXCLUDE")
        self.schemas.setdefault(connection["id"], sample_schema_config(connection["schema"]))
        return success(self.schemas[connection["id"]])

    @operation("PATCH", "/v1/connections/{connection}/schemas", "update_schemas")
    @authorized
    async def update_schemas(self, request: web.Request) -> web.Response:
        config = self._schema_config(self._connection(request))
        problem = update_schema_config(config, await self._body(request))
        if problem:
            raise Refusal(400, "InvalidInput", problem)
        return success(config)

    def _schema_config(self, connection: dict[str, Any]) -> dict[str, Any]:
        config = self.schemas.get(connection["id"])
        if config is None:
            raise Refusal(404, "NotFound_SchemaConfig", "The connection has no schema config yet")
        return config

    def _check_fields(self, body: dict[str, Any], service: str, known: set[str]) -> None:
        unknown = sorted(set(body) - known)
        if unknown:
            raise Refusal(400, "InvalidInput", f"Unrecognized field '{unknown[0]}'")
        for name, choices in CHOICES.items():
            if body.get(name) is not None and body[name] not in choices:
                raise Refusal(400, "InvalidInput", f"{name} must be one of {choices}")
        config = body.get("config", {})
        problem = config_problem(service, config) if isinstance(config, dict) else "config must be an object"
        if problem:
            raise Refusal(400, "InvalidInput", problem)

    async def _test(self, connection: dict[str, Any]) -> None:
        group = self.groups[connection["group_id"]]
        if self.scripted:
            tests = self.scripted.pop(0)
        elif connection["service"] == "braze":
            tests = await self.setup_tests.run(connection["config"], group["id"], group["service_account"])
        else:
            tests = [{"title": "Validate Login", "status": "PASSED"}]
        failed = any(test["status"] in ("FAILED", "JOB_FAILED") for test in tests)
        status = connection["status"]
        known = status["setup_state"] != "incomplete"
        status["setup_state"] = ("broken" if known else "incomplete") if failed else "connected"
        connection["setup_tests"] = tests
        _set_sync_state(connection)

    # For the world and for tests

    def control_add_account_key(
        self, key: str, secret: str, name: str, account: str = ACCOUNT, can_create: bool = True
    ) -> None:
        """Make an API key."""
        self.keys[key] = AccountKey(secret, name, account, can_create)

    def control_add_group(
        self,
        id: str,
        name: str,
        service_account: str = "",
        account: str = ACCOUNT,
        destination: str | None = "CONNECTED",
    ) -> Json:
        """Make a group, with a destination in this setup status, or none."""
        created_at = "2024-12-01T15:43:29.013729Z"
        self.groups[id] = {
            "id": id,
            "name": name,
            "created_at": created_at,
            "account": account,
            "service_account": service_account or f"g-{len(self.groups)}-{id}@fivetran-sandbox.iam.gserviceaccount.com",
        }
        if destination is not None:
            self.destinations[id] = {
                "id": id,
                "group_id": id,
                "service": "snowflake",
                "region": "GCP_US_EAST4",
                "time_zone_offset": "0",
                "setup_status": destination,
                "networking_method": "Directly",
            }
        return self.groups[id]

    def control_set_destination(self, id: str, setup_status: str | None) -> None:
        """Change a destination's setup status; None removes it."""
        if setup_status is None:
            del self.destinations[id]
        else:
            self.destinations[id]["setup_status"] = setup_status

    def control_add_connection(self, **fields: Any) -> dict[str, Any]:
        """Make a connection as it is stored: incomplete, with the server's defaults where ``fields`` say nothing."""
        name = f"{fields.get('group_id')}.{fields.get('schema')}"
        self.created[name] = self.created.get(name, 0) + 1
        # The same in every run, whichever of two hosts comes first, and another one after a removal.
        digest = hashlib.sha256(f"{name}.{self.created[name]}".encode()).hexdigest()
        connection: dict[str, Any] = {
            "id": f"connection_{digest[:8]}",
            "service_version": 1,
            "connected_by": "user_owner",
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "succeeded_at": None,
            "failed_at": None,
            "destination_schema_names": "FIVETRAN_NAMING",
            **STORED,
            "config": {},
            "status": {
                "setup_state": "incomplete",
                "sync_state": "paused",
                "update_state": "on_schedule",
                "is_historical_sync": True,
                "tasks": [],
                "warnings": [],
            },
            **copy.deepcopy(fields),
        }
        _set_sync_state(connection)
        self.connections[connection["id"]] = connection
        return connection

    def control_edit_connection(
        self, id: str, config: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """Change a connection as somebody in the dashboard would."""
        connection = self.connections[id]
        connection["config"].update(config or {})
        connection["status"].update(status or {})
        connection.update(fields)
        _set_sync_state(connection)

    def control_remove_connection(self, id: str) -> None:
        """Delete a connection."""
        del self.connections[id]
        self.schemas.pop(id, None)

    def control_remove_all_connections(self) -> None:
        """Delete every connection."""
        self.connections.clear()
        self.schemas.clear()

    def control_set_duplicate_status(self, status: int) -> None:
        """Refuse a schema name that is in use with this status: 400 or 409."""
        self.duplicate_status = status

    def control_script_setup_tests(self, runs: list[list[Json]]) -> None:
        """Let the next runs of setup tests end with these results, one list a run."""
        self.scripted = list(runs)


def _group(group: dict[str, Any]) -> Json:
    return {name: group[name] for name in ("id", "name", "created_at")}


def _schema_name(config: dict[str, Any]) -> str:
    parts = [str(config[name]) for name in ("schema", "table") if config.get(name)]
    return ".".join(parts) or str(config.get("schema_prefix") or "")


def _shown(connection: dict[str, Any]) -> Json:
    shown = {name: value for name, value in copy.deepcopy(connection).items() if value is not None}
    for name, value in shown["config"].items():
        if name in SECRET_FIELDS and value:
            shown["config"][name] = MASK
    if connection["service"] == "braze":
        shown["config"]["s3external_id"] = connection["group_id"]
    return shown


def _set_sync_state(connection: dict[str, Any]) -> None:
    status = connection["status"]
    if connection["paused"] or status["setup_state"] != "connected":
        status["sync_state"] = "paused"
    elif status["sync_state"] == "paused":
        status["sync_state"] = "scheduled"
