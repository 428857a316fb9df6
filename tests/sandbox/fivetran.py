# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's REST API, as strict as its OpenAPI document."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from .core import SHOWN_SECRET, Handler, Hub, Json, Server, occurring, operation
from .fivetran_connections import (
    CREATION_FIELDS,
    STORED,
    UNSTORED,
    UPDATE_FIELDS,
    Sync,
    fields_problem,
    judge_tests,
    new_connection,
    settle,
    shown,
    stored_config,
    unmoved,
)
from .fivetran_events import edited
from .fivetran_limits import KINDS, RateLimits, TooManyError
from .fivetran_requests import (
    AccountKey,
    Refusal,
    authorized,
    credentials,
    invalid,
    json_body,
    page,
    seconds,
    spellings,
    success,
    time_window,
)
from .fivetran_schema import (
    EXCLUDE_MODES,
    SchemaProblem,
    applied_schema,
    captured_schema,
    changed_schema,
    shown_schema,
    switch_all,
)
from .fivetran_services import (
    MASK,
    SCHEMA_KEYS,
    SECRET_PLACES,
    SERVICES,
    is_schema_name,
    metadata,
    missing_field,
    schema_name,
    secret_values,
    short_metadata,
)
from .fivetran_syncs import Syncs
from .fivetran_webhooks import Webhooks
from .manners import FIVETRAN, FIVETRAN_EVENTS, Manners
from .setup_tests import SetupTests, result
from .watch import Table

ACCOUNT = "acme_account"
TIME_FRAME = "historic_sync_time_frame"
DESTINATION_CONFIG: Mapping[str, Any] = {
    "host": "acme.snowflakecomputing.com",
    "port": 443,
    "database": "ANALYTICS",
    "auth": "KEY_PAIR",
    "user": "FIVETRAN",
}
# Shorter values occur by chance, and are not looked for in texts.
SHORTEST_SECRET = 8
# What a scripted refusal says if the script does not.
FAULT_CODES = {
    400: "InvalidInput",
    401: "AuthFailed",
    403: "Forbidden",
    404: "NotFound_Connection",
    409: "Conflict",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}


class Fivetran(Webhooks, Syncs, Server):
    """The server. State is plain JSON: groups, destinations, connections and schema configs by id."""

    name = "fivetran"

    def __init__(self, hub: Hub, setup_tests: SetupTests | None = None) -> None:
        super().__init__(hub)
        self.setup_tests = setup_tests or SetupTests(hub)
        self.groups: Table[dict[str, Any]] = Table(dict)
        self.destinations: Table[dict[str, Any]] = Table(dict)
        self.connections: Table[dict[str, Any]] = Table(unmoved)
        self.schemas: Table[dict[str, Any]] = Table(dict)
        self.webhooks: Table[dict[str, Any]] = Table(dict)
        self.reset()

    def reset(self) -> None:
        for table in self.tables():
            table.clear()
        self.keys: dict[str, AccountKey] = {}
        # Every secret that was ever sent here: one that was replaced is still one.
        self.secrets: set[str] = set()
        self.scripted: list[tuple[str, str, list[Json]]] = []
        self.forget_events()
        self.forget_syncs()
        self.limits = RateLimits()
        self.manners = Manners({**FIVETRAN, **FIVETRAN_EVENTS})
        self.mask = MASK
        self.authority = ""
        self.setup_tests.needs_location = False
        self.clock = 0.0
        self.made: dict[str, int] = {}

    def state(self) -> Json:
        return {
            "groups": dict(self.groups),
            "destinations": dict(self.destinations),
            "connections": dict(self.connections),
            "schemas": dict(self.schemas),
            "webhooks": dict(self.webhooks),
        }

    def settled_state(self) -> Json:
        return {**self.state(), "connections": [unmoved(connection) for connection in self.connections.values()]}

    def tables(self) -> Sequence[Table[Any]]:
        return self.groups, self.destinations, self.connections, self.schemas, self.webhooks

    def state_beside_tables(self) -> Json:
        return None

    def now(self) -> float:
        """Return the server's time, in seconds since the epoch."""
        return time.time() + self.clock

    def actor(self, request: web.Request) -> str:
        key = self._key(request)
        return key.name if key else ""

    def redact(self, data: Json) -> Json:
        """Replace secrets: where one stands, and those that were sent before wherever they turn up."""
        return _redacted("", data, sorted(occurring(self.secrets, data), key=len, reverse=True))

    async def body(self, request: web.Request) -> Json:
        data = await super().body(request)
        self._learn("", data)
        return data

    def _learn(self, parent: str, data: Json) -> None:
        self.secrets.update(
            secret for secret in secret_values(parent, data) if len(secret) >= SHORTEST_SECRET and secret.strip("*")
        )

    def refusal(self, status: int) -> web.Response:
        code = FAULT_CODES.get(status, "InternalServerError")
        return web.json_response({"code": code, "message": "The sandbox was told to say so."}, status=status)

    def application(self) -> web.Application:
        app = super().application()
        self.background.attach(app)
        return app

    def unknown(self, request: web.Request) -> web.StreamResponse:
        if any(re.fullmatch(pattern, request.path) for pattern in self._paths()):
            body = {"code": "MethodNotAllowed", "message": f"{request.method} is not allowed here"}
            return web.json_response(body, status=405)
        return web.json_response({"code": "NotFound", "message": "HTTP 404 Not Found"}, status=404)

    def _paths(self) -> set[str]:
        return {re.sub(r"\{[^}]+\}", "[^/]+", path) for _method, path, _name, _handler in self.routes()}

    def routes(self) -> Iterator[tuple[str, str, str, Handler]]:
        """Yield also what no document names any more, or never did, and clients in production are answered to."""
        for method, path, name, handler in super().routes():
            for spelling in spellings(path):
                yield method, spelling, name, handler

    # What every request is checked for

    def _key(self, request: web.Request) -> AccountKey | None:
        name, secret = credentials(request)
        key = self.keys.get(name)
        return key if key is not None and key.secret == secret else None

    def caller(self, request: web.Request) -> AccountKey:
        """Return the key of a request; refuse a missing or wrong one."""
        key = self._key(request)
        if key is None:
            raise Refusal(401, "AuthFailed", "Missing or invalid authorization")
        return key

    def count(self, account: str, kind: str) -> None:
        """Count a call against the rate limits; refuse one too many."""
        try:
            self.limits.take(account, kind, self.now())
        except TooManyError as error:
            headers = {
                "Retry-After": str(error.retry_after),
                "X-Rate-Limit": str(error.limit.count),
                "X-Rate-Limit-Remaining": "0",
            }
            raise Refusal(429, "TooManyRequests", f"The rate limit is reached: {error}", headers) from None

    def _shown_destination(self, destination: Mapping[str, Any]) -> Json:
        status = destination["setup_status"]
        if self.manners.destination_status == "upper_case":
            status = status.upper()
        shown = {**destination, "setup_status": status, "networking_method": self.manners.destination_networking}
        if self.manners.destination_config == "shown":
            shown["config"] = {**DESTINATION_CONFIG, "password": self.mask, "private_key": self.mask}
        return shown

    def _group(self, request: web.Request, group_id: str, *, change: bool = False) -> dict[str, Any]:
        group = self.groups.get(group_id)
        if group is None or group["account"] != self.caller(request).account:
            raise Refusal(404, "NotFound_Group", f"Cannot find group '{group_id}'")
        if change:
            self._check_rights(request, group_id)
        return group

    def _check_rights(self, request: web.Request, group_id: str | None) -> None:
        if not self.caller(request).may_change(group_id):
            raise Refusal(403, "Forbidden", "The API key has no permission to do this")

    def _check_metadata_right(self, request: web.Request) -> None:
        if not self.caller(request).reads_metadata:
            raise Refusal(403, "Forbidden", "The API key has no permission to read the account")

    def _connection(self, request: web.Request, *, change: bool = False) -> dict[str, Any]:
        connection_id = request.match_info["connection"]
        connection = self.connections.get(connection_id)
        if connection is None or self.groups[connection["group_id"]]["account"] != self.caller(request).account:
            raise Refusal(404, "NotFound_Connection", f"Cannot find connection '{connection_id}'")
        if change:
            self._check_rights(request, connection["group_id"])
        return connection

    def _destination(self, request: web.Request) -> dict[str, Any]:
        destination_id = request.match_info["destination"]
        destination = self.destinations.get(destination_id)
        account = self.caller(request).account
        if destination is None or self.groups[destination["group_id"]]["account"] != account:
            raise Refusal(404, "NotFound_Destination", f"Cannot find destination '{destination_id}'")
        return destination

    def _holds_connections(self, group_id: str) -> bool:
        return bool(self.connections.find(lambda connection: connection["group_id"] == group_id))

    # Account, groups, destinations, metadata

    @operation("GET", "/v1/account/info", "account_info")
    @authorized
    async def account_info(self, request: web.Request) -> web.Response:
        key = self.caller(request)
        owner = {"system_key_id": f"system_{key.name}"} if key.system else {"user_id": f"user_{key.name}"}
        return success({"account_id": key.account, "account_name": key.account.replace("_", " ").title(), **owner})

    @operation("GET", "/v1/groups", "list_groups")
    @authorized
    async def list_groups(self, request: web.Request) -> web.Response:
        account = self.caller(request).account
        return page(request, [_group(group) for group in self.groups.values() if group["account"] == account])

    @operation("POST", "/v1/groups", "create_group")
    @authorized
    async def create_group(self, request: web.Request) -> web.Response:
        self._check_rights(request, None)
        account = self.caller(request).account
        name = self._group_name(await json_body(request, ("name",)), account)
        group = self.control_add_group(id=self._new_id("group", name), name=name, account=account, destination=None)
        return success(_group(group), 201, "Group has been created")

    @operation("GET", "/v1/groups/{group}", "get_group")
    @authorized
    async def get_group(self, request: web.Request) -> web.Response:
        return success(_group(self._group(request, request.match_info["group"])))

    @operation("PATCH", "/v1/groups/{group}", "update_group")
    @authorized
    async def update_group(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"], change=True)
        body = await json_body(request, ("name",))
        if body.get("name") != group["name"]:
            group["name"] = self._group_name(body, group["account"])
        return success(_group(group), message="Group has been updated")

    @operation("DELETE", "/v1/groups/{group}", "delete_group")
    @authorized
    async def delete_group(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"], change=True)
        if self._holds_connections(group["id"]):
            raise Refusal(409, "Conflict", "The group still has connections")
        del self.groups[group["id"]]
        self.destinations.pop(group["id"], None)
        return self._deleted("Group", group["id"])

    def _deleted(self, kind: str, id: str) -> web.Response:
        if self.manners.delete_status == 204:
            return web.Response(status=204)
        return success(message=f"{kind} with id '{id}' has been deleted")

    def _group_name(self, body: Mapping[str, Any], account: str) -> str:
        name = body.get("name")
        if not isinstance(name, str) or not name:
            raise invalid("name is required")
        if any(group["name"] == name and group["account"] == account for group in self.groups.values()):
            raise Refusal(409, "Conflict", f"Group '{name}' already exists")
        return name

    @operation("GET", "/v1/groups/{group}/service-account", "get_service_account")
    @authorized
    async def service_account(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        return success({"service_account": group["service_account"]})

    @operation("GET", "/v1/groups/{group}/connections", "list_group_connections")
    @authorized
    async def list_group_connections(self, request: web.Request) -> web.Response:
        group = self._group(request, request.match_info["group"])
        return self._connections_page(request, {group["id"]})

    @operation("GET", "/v1/destinations/{destination}", "get_destination")
    @authorized
    async def get_destination(self, request: web.Request) -> web.Response:
        return success(self._shown_destination(self._destination(request)))

    @operation("DELETE", "/v1/destinations/{destination}", "delete_destination")
    @authorized
    async def delete_destination(self, request: web.Request) -> web.Response:
        destination = self._destination(request)
        self._check_rights(request, destination["group_id"])
        if self._holds_connections(destination["group_id"]):
            raise Refusal(409, "Conflict", "The destination still has connections")
        del self.destinations[destination["id"]]
        return self._deleted("Destination", destination["id"])

    @operation("GET", "/v1/metadata/connector-types", "list_metadata")
    @authorized
    async def list_metadata(self, request: web.Request) -> web.Response:
        self._check_metadata_right(request)
        return page(request, [short_metadata(service) for service in SERVICES])

    @operation("GET", "/v1/metadata/connector-types/{service}", "get_metadata")
    @authorized
    async def get_metadata(self, request: web.Request) -> web.Response:
        self._check_metadata_right(request)
        service = request.match_info["service"]
        if service not in SERVICES:
            raise Refusal(404, "NotFound_Connector", f"Cannot find service '{service}'")
        return success(metadata(service))

    # Connections

    @operation("GET", "/v1/connections", "list_connections")
    @authorized
    async def list_connections(self, request: web.Request) -> web.Response:
        account = self.caller(request).account
        wanted = request.query.get("group_id")
        groups = {group["id"] for group in self.groups.values() if group["account"] == account}
        return self._connections_page(request, groups if wanted is None else groups & {wanted})

    def _connections_page(self, request: web.Request, groups: set[str]) -> web.Response:
        schema = request.query.get("schema")
        found = self.connections.find(lambda row: row["group_id"] in groups and schema in (None, row["schema"]))
        return page(request, [self._look_at(row) for row in found])

    @operation("POST", "/v1/connections", "create_connection")
    @authorized
    async def create_connection(self, request: web.Request) -> web.Response:
        body = await json_body(request, CREATION_FIELDS)
        for name in ("group_id", "service"):
            if not isinstance(body.get(name), str):
                raise invalid(f"{name} is required")
        group = self._group(request, body["group_id"], change=True)
        schema = self._check_creation(body, group["id"])
        self.count(group["account"], "creations")
        if body.get("run_setup_tests", True):
            self.count(group["account"], "setup_tests")
        kept = {name: value for name, value in body.items() if name not in UNSTORED and value is not None}
        kept["config"] = stored_config(self._kept_config(kept.get("config") or {}), self.manners)
        connection = self.control_add_connection(**{"schema": schema, **kept})
        self.publish_deed("create_connector", connection)
        if body.get("run_setup_tests", True):
            await self._test(connection)
        return success(self._shown(connection), 201, "Connection has been created")

    def _check_creation(self, body: Mapping[str, Any], group_id: str) -> str:
        """Return the new connection's schema name."""
        service = body["service"]
        if self.manners.time_frame == "refused" and TIME_FRAME in (body.get("config") or {}):
            raise invalid(f"config.{TIME_FRAME} is no longer supported")
        if service not in SERVICES:
            raise invalid(f"Unknown service '{service}'")
        problem = fields_problem(body, service, STORED["sync_frequency"])
        if problem:
            raise invalid(problem)
        config = body.get("config") or {}
        missing = missing_field(service, config)
        if missing:
            raise invalid(f"config.{missing} is required")
        schema = schema_name(config)
        if not is_schema_name(schema):
            raise invalid(f"'{schema}' is no schema name")
        if self.connections.find(lambda row: row["schema"] == schema and row["group_id"] == group_id):
            status = self.manners.duplicate_status
            raise Refusal(status, "Conflict" if status == 409 else "InvalidInput", f"Schema '{schema}' is in use")
        return schema

    def _kept_config(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.manners.time_frame == "accepted":
            return config
        return {name: value for name, value in config.items() if name != TIME_FRAME}

    @operation("GET", "/v1/connections/{connection}", "get_connection")
    @authorized
    async def get_connection(self, request: web.Request) -> web.Response:
        return success(self._look_at(self._connection(request)))

    @operation("PATCH", "/v1/connections/{connection}", "update_connection")
    @authorized
    async def update_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        body = await json_body(request, UPDATE_FIELDS)
        if not set(body) - set(UNSTORED):
            raise invalid("At least one persistent field is needed")
        problem = fields_problem(body, connection["service"], connection["sync_frequency"])
        if problem:
            raise invalid(problem)
        config = body.get("config") or {}
        permanent = sorted(set(config) & set(SCHEMA_KEYS))
        if permanent:
            raise invalid(f"config.{permanent[0]} cannot be changed")
        if body.get("run_setup_tests", True):
            self.count(self.groups[connection["group_id"]]["account"], "setup_tests")
        before = edited(connection)
        connection["config"].update(stored_config(config, self.manners))
        connection.update({name: _or_default(name, body[name]) for name in STORED if name in body})
        connection["status"]["is_historical_sync"] |= body.get("is_historical_sync") or False
        settle(connection, self.manners)
        self._tell_edit(connection, before)
        if body.get("run_setup_tests", True):
            await self._test(connection)
        return success(self._shown(connection), message="Connection has been updated")

    @operation("DELETE", "/v1/connections/{connection}", "delete_connection")
    @authorized
    async def delete_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        self.control_remove_connection(connection["id"])
        return self._deleted("Connection", connection["id"])

    @operation("POST", "/v1/connections/{connection}/test", "test_connection")
    @authorized
    async def test_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        body = await json_body(request, ("trust_certificates", "trust_fingerprints"))
        problem = fields_problem(body, connection["service"], STORED["sync_frequency"])
        if problem:
            raise invalid(problem)
        self.count(self.groups[connection["group_id"]]["account"], "setup_tests")
        await self._test(connection)
        return success(self._shown(connection), message="Setup tests have been completed")

    async def _test(self, connection: dict[str, Any]) -> None:
        before = connection["status"]["setup_state"]
        tests = self._scripted_tests(connection)
        judge_tests(connection, await self._real_tests(connection) if tests is None else tests, self.manners)
        self.publish_tests(connection, before)

    def _scripted_tests(self, connection: Mapping[str, Any]) -> list[Json] | None:
        for script in self.scripted:
            connection_id, service, tests = script
            if connection_id in ("", connection["id"]) and service in ("", connection["service"]):
                self.scripted.remove(script)
                return tests
        return None

    async def _real_tests(self, connection: Mapping[str, Any]) -> list[Json]:
        if connection["service"] != "braze":
            return [result("Validate Login", None)]
        group = self.groups[connection["group_id"]]
        return await self.setup_tests.run(connection["config"], group["id"], group["service_account"])

    # Syncs

    @operation("POST", "/v1/connections/{connection}/sync", "sync_connection")
    @authorized
    async def sync_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        body = await json_body(request, ("force",), optional=True)
        if not isinstance(body.get("force", False), bool):
            raise invalid("force must be a boolean")
        if body.get("force") or connection["status"]["sync_state"] != "syncing":
            self.publish_deed("force_update_connector", connection)
            self._start_sync(connection)
        return success(message=f"Sync has been successfully triggered for connection with id '{connection['id']}'")

    @operation("POST", "/v1/connections/{connection}/force", "force_connection")
    @authorized
    async def force_connection(self, request: web.Request) -> web.Response:
        """Start a sync over, as clients of the time before ``/sync`` still ask for it: without a body."""
        connection = self._connection(request, change=True)
        self.publish_deed("force_update_connector", connection)
        self._start_sync(connection)
        return success(message=f"Sync has been successfully triggered for connection with id '{connection['id']}'")

    @operation("POST", "/v1/connections/{connection}/resync", "resync_connection")
    @authorized
    async def resync_connection(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        scope = (await json_body(request, ("scope",), optional=True)).get("scope")
        if scope is not None and not _is_scope(scope):
            raise invalid("scope must map schemas to lists of tables, none of them empty")
        if scope is None:
            connection["status"]["is_historical_sync"] = True
        self.publish_deed("resync_connector" if scope is None else "resync_table", connection)
        self._start_sync(connection)
        return success(message="Re-sync has been triggered successfully")

    @operation("GET", "/v1/connections/{connection}/errors", "list_errors")
    @authorized
    async def list_errors(self, request: web.Request) -> web.Response:
        return page(request, self._told_by(self._connection(request), "errors"))

    @operation("GET", "/v1/connections/{connection}/sync-history", "list_syncs")
    @authorized
    async def list_syncs(self, request: web.Request) -> web.Response:
        rows = self._told_by(self._connection(request), "history")
        begin, end = time_window(request, self.now())
        return page(request, [row for row in rows if begin <= seconds(row["start"]) < end])

    def _told_by(self, connection: Mapping[str, Any], kind: str) -> list[Json]:
        if self.manners.histories == "unknown":
            raise Refusal(404, "NotFound", "HTTP 404 Not Found")
        rows: list[Json] = connection[kind]
        return rows

    def _look_at(self, connection: dict[str, Any]) -> Json:
        """Return the connection as it is shown; a sync that runs goes on with each look."""
        self._look_at_sync(connection)
        return self._shown(connection)

    def _shown(self, connection: dict[str, Any]) -> Json:
        return shown(connection, self.mask, self.manners)

    # Schema config and state

    @operation("GET", "/v1/connections/{connection}/schemas", "get_schemas")
    @authorized
    async def get_schemas(self, request: web.Request) -> web.Response:
        return success(shown_schema(self._schema_config(self._connection(request)), self.manners))

    @operation("POST", "/v1/connections/{connection}/schemas", "create_schemas")
    @authorized
    async def create_schemas(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        if connection["id"] in self.schemas:
            raise Refusal(409, "Conflict", "The connection has a schema config already")
        body = await json_body(request, ("schemas", "schema_change_handling"))
        if not isinstance(body.get("schemas"), dict):
            raise invalid("schemas is required")
        self._change_schema(connection, captured_schema(connection["schema"]), body, lenient=True)
        return success(shown_schema(self.schemas[connection["id"]], self.manners))

    @operation("PATCH", "/v1/connections/{connection}/schemas", "update_schemas")
    @authorized
    async def update_schemas(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        body = await json_body(request, ("schemas", "schema_change_handling", "is_type_locked"))
        self._change_schema(connection, self._schema_config(connection), body)
        config = shown_schema(self.schemas[connection["id"]], self.manners)
        if self.manners.patched_schemas == "what_was_applied":
            config = applied_schema(config, body)
        return success(config, message="Schema configuration has been modified")

    @operation("POST", "/v1/connections/{connection}/schemas/reload", "reload_schemas")
    @authorized
    async def reload_schemas(self, request: web.Request) -> web.Response:
        connection = self._connection(request, change=True)
        exclude_mode = (await json_body(request, ("exclude_mode",))).get("exclude_mode", "PRESERVE")
        if exclude_mode not in EXCLUDE_MODES:
            raise invalid(f"exclude_mode must be one of {', '.join(EXCLUDE_MODES)}")
        setup_state = connection["status"]["setup_state"]
        if setup_state == "incomplete":
            raise invalid(f"We expected the connector's setup state '{setup_state}' to be 'connected'")
        config = self.schemas.setdefault(connection["id"], captured_schema(connection["schema"]))
        switch_all(config, exclude_mode)
        return success(shown_schema(config, self.manners), message="Schema configuration has been reloaded")

    def _schema_config(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        config = self.schemas.get(connection["id"])
        if config is None:
            raise Refusal(404, self.manners.no_schemas_code, "The connection has no schema config yet")
        return config

    def _change_schema(
        self, connection: Mapping[str, Any], config: dict[str, Any], body: Mapping[str, Any], *, lenient: bool = False
    ) -> None:
        try:
            strict = self.manners.schema_enabled == "required"
            self.schemas[connection["id"]] = changed_schema(config, body, lenient=lenient, strict=strict)
        except SchemaProblem as problem:
            raise invalid(str(problem)) from None

    @operation("GET", "/v1/connections/{connection}/state", "get_state")
    @authorized
    async def get_state(self, request: web.Request) -> web.Response:
        return success({"state": self._stateful(self._connection(request))["state"]})

    @operation("PATCH", "/v1/connections/{connection}/state", "update_state")
    @authorized
    async def update_state(self, request: web.Request) -> web.Response:
        connection = self._stateful(self._connection(request, change=True))
        state = (await json_body(request, ("state",))).get("state")
        if not isinstance(state, dict):
            raise invalid("state must be an object")
        if connection["status"]["sync_state"] == "syncing":
            raise Refusal(409, "Conflict", "A sync is in progress")
        connection["state"] = state
        return success({"state": state})

    def _stateful(self, connection: dict[str, Any]) -> dict[str, Any]:
        service = SERVICES.get(connection["service"])
        if service is None or not service.keeps_state:
            raise invalid("The connection does not support state management")
        return connection

    # For the world and for tests

    def control_add_account_key(
        self,
        key: str,
        secret: str,
        name: str,
        account: str = ACCOUNT,
        can_create: bool = True,
        groups: list[str] | None = None,
        system: bool = False,
        reads_metadata: bool = True,
    ) -> None:
        """Make an API key; ``can_create`` false lets it only read, ``groups`` are the only ones it may change."""
        scope = None if groups is None else tuple(groups)
        self.keys[key] = AccountKey(key, secret, name, account, can_create, scope, system, reads_metadata)

    def control_add_group(
        self,
        id: str,
        name: str,
        service_account: str = "",
        account: str = ACCOUNT,
        destination: str | None = "connected",
    ) -> Json:
        """Make a group, with a destination in this setup status (connected, incomplete, broken), or none."""
        digest = hashlib.sha256(id.encode()).hexdigest()
        self.groups[id] = {
            "id": id,
            "name": name,
            "created_at": "2024-12-01T15:43:29.013729Z",
            "account": account,
            # Nothing that could be guessed from the id: clients have to ask.
            "service_account": service_account or f"g-{digest[:12]}@fivetran-{digest[12:16]}.iam.gserviceaccount.com",
        }
        self.control_set_destination(id, destination)
        return self.groups[id]

    def control_set_destination(self, id: str, setup_status: str | None) -> None:
        """Give a group a destination in this setup status; None removes it."""
        self.destinations.pop(id, None)
        if setup_status is not None:
            self.destinations[id] = {
                "id": id,
                "group_id": id,
                "service": "snowflake",
                "region": "GCP_US_EAST4",
                "time_zone_offset": "0",
                "setup_status": setup_status,
                "daylight_saving_time_enabled": False,
                "private_link_id": None,
                "hybrid_deployment_agent_id": None,
            }

    def control_add_connection(self, **fields: Any) -> dict[str, Any]:
        """Make a connection as it is stored: incomplete, with the server's defaults where ``fields`` say nothing."""
        connection_id = self._new_id("connection", f"{fields.get('group_id')}.{fields.get('schema')}")
        self._learn("", fields)
        self.connections[connection_id] = new_connection(connection_id, self.now(), fields, self.manners)
        return self.connections[connection_id]

    def control_add_connections(self, count: int, schema: str, **fields: Any) -> None:
        """Make so many connections at once, numbered where ``schema`` has braces: ``sheet_{}.all``."""
        for number in range(count):
            self.control_add_connection(schema=schema.format(number), **fields)

    def _new_id(self, kind: str, name: str) -> str:
        """Return an id: the same in every run, whichever of two hosts comes first, another one after a removal."""
        self.made[name] = self.made.get(name, 0) + 1
        return f"{kind}_{hashlib.sha256(f'{name}.{self.made[name]}'.encode()).hexdigest()[:8]}"

    def control_edit_connection(
        self, id: str, config: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        """Change a connection as somebody in the dashboard would; what ``status`` says holds as it is."""
        self._learn("config", config or {})
        connection = self.connections[id]
        before, state = edited(connection), connection["status"]["setup_state"]
        connection["config"].update(config or {})
        connection["status"].update(status or {})
        connection.update(fields)
        settle(connection, self.manners)
        connection["status"].update(status or {})
        self._tell_edit(connection, before)
        self.publish_change(connection, state)

    def control_move_connection(self, id: str, group_id: str) -> None:
        """Move a connection into another group, as somebody in the dashboard would: its External ID is that group's."""
        if group_id not in self.groups:
            raise ValueError(f"no such group: {group_id}")
        self.connections[id]["group_id"] = group_id

    def control_remove_connection(self, id: str) -> None:
        """Delete a connection."""
        self.publish_deed("delete_connector", self.connections[id])
        del self.connections[id]
        self.schemas.pop(id, None)
        self.running.pop(id, None)

    def control_remove_all_connections(self) -> None:
        """Delete every connection."""
        self.connections.clear()
        self.schemas.clear()
        self.running.clear()

    def control_manners(self, **choices: Any) -> None:
        """Choose how the server behaves where that is an open question; the questions stand in ``manners.py``."""
        self.manners.choose(**choices)

    def control_need_location(self, needed: bool = True) -> None:
        """Let setup tests in S3 fail where the role may not ask for the bucket's location."""
        self.setup_tests.needs_location = needed

    def control_set_mask(self, mask: str) -> None:
        """Mask secrets with this many asterisks."""
        self.mask = mask

    def control_script_setup_tests(self, runs: list[list[Json]], service: str = "", connection: str = "") -> None:
        """Let the next runs of setup tests, of one service or connection, end with these results, one list a run."""
        others = [script for script in self.scripted if script[:2] != (connection, service)]
        self.scripted = [*others, *((connection, service, tests) for tests in runs)]

    def control_set_sync(
        self,
        outcome: str = "succeeded",
        polls: int = 1,
        connection: str = "",
        task: dict[str, Any] | None = None,
        rescheduled_for: str = "",
        reason: str = "",
    ) -> None:
        """Let the next sync, of one connection, end with ``outcome`` once it was seen running ``polls`` times."""
        if outcome not in ("succeeded", "failed", "rescheduled"):
            raise ValueError(f"no outcome of a sync: {outcome}")
        self.scripted_syncs.append((connection, Sync(polls, outcome, task, rescheduled_for, reason)))

    def control_set_rate_limit(self, kind: str, count: int, seconds: int = 3600) -> None:
        """Allow ``count`` calls in ``seconds``, from now on; ``kind`` is one of ``KINDS``."""
        if kind not in KINDS:
            raise ValueError(f"no kind of rate limit: {kind}")
        self.limits.replace(kind, count, seconds)

    def control_advance_clock(self, seconds: float) -> None:
        """Let time pass, for rate limits and time stamps."""
        self.clock += seconds


def _or_default(name: str, value: Json) -> Json:
    return STORED[name] if value is None else value


def _group(group: Mapping[str, Any]) -> Json:
    return {name: group[name] for name in ("id", "name", "created_at")}


def _is_scope(scope: Json) -> bool:
    return (
        isinstance(scope, dict)
        and bool(scope)
        and all(isinstance(tables, list) and tables for tables in scope.values())
    )


def _redacted(parent: str, data: Json, secrets: list[str]) -> Json:
    if isinstance(data, list):
        return [_redacted(parent, value, secrets) for value in data]
    if isinstance(data, dict):
        return {
            name: SHOWN_SECRET
            if (parent, name) in SECRET_PLACES and isinstance(value, str) and value.strip("*")
            else _redacted(name, value, secrets)
            for name, value in data.items()
        }
    if isinstance(data, str):
        for secret in secrets:
            data = data.replace(secret, SHOWN_SECRET)
    return data
