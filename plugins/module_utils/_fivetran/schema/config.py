# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the schema config of a connection, and change which schemas, tables and columns sync."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._kernel.difference import before_and_after
from ..._kernel.errors import Failure, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.options.spec import OptionSpec
from ..._kernel.task import Result, Task
from ..client import FivetranClient, JsonObject, client_from_params
from ..connection.state import is_connected, setup_state
from ..identity import connection_or_foretold, nearest
from .plan import LEVELS, SchemaChange, SchemaSetting, children, find, patch_body, plan_schema, predict, settings

SCHEMA_CHANGE_HANDLINGS = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
SYNC_MODES = ("SOFT_DELETE", "HISTORY", "LIVE")

COLUMNS_ARGUMENT: OptionSpec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "hashed": {"type": "bool"},
        # It is a property of a column and holds no key.
        "is_primary_key": {"type": "bool", "no_log": False},
    },
}
TABLES_ARGUMENT: OptionSpec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "sync_mode": {"type": "str", "choices": list(SYNC_MODES)},
        "columns": COLUMNS_ARGUMENT,
    },
}
SCHEMAS_ARGUMENT: OptionSpec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "tables": TABLES_ARGUMENT,
    },
}


def schema(task: Task) -> Result:
    """Do the work of ``fivetran_connection_schema``."""
    params = task.params
    wanted = settings(params["schemas"])
    client = client_from_params(params, clients=task.clients)
    connection = connection_or_foretold(client, task)
    if connection is None:
        return _without_config(
            params["schema"], wanted, params["schema_change_handling"], reload=params["reload"] != "never"
        )
    connection_id = str(connection["id"])
    stored = client.schema_config(connection_id)
    reload = params["reload"] == "always" or (stored is None and params["reload"] == "if_missing")
    if reload and not task.check_mode:
        try:
            stored = client.reload_schema_config(connection_id, float(params["reload_timeout"]))
        except HttpError as error:
            raise _not_reloaded(connection, error) from None
    if stored is None:
        if reload:
            task.warn(
                f"Connection {connection_id} has no schema config yet. It would be read from the source, which check"
                " mode does not do, so the names of schemas, tables and columns are not checked."
            )
        return _without_config(connection_id, wanted, params["schema_change_handling"], reload)
    changes = plan_schema(stored, wanted, params["schema_change_handling"])
    if not changes or task.check_mode:
        after = predict(stored, changes)
    else:
        after = _changed(client, connection_id, stored, changes)
    return _result(connection_id, after, changes, reloaded=reload)


def _changed(
    client: FivetranClient, connection_id: str, stored: JsonObject, changes: Sequence[SchemaChange]
) -> JsonObject:
    body, strict_body = patch_body(stored, changes), patch_body(stored, changes, everywhere=True)
    try:
        return client.update_schema_config(connection_id, body)
    except HttpError as error:
        if error.failure.status != 400 or body == strict_body:
            raise _refused(stored, changes, error) from None
    try:
        return client.update_schema_config(connection_id, strict_body)
    except HttpError as error:
        raise _refused(stored, changes, error) from None


def _not_reloaded(connection: JsonObject, error: HttpError) -> OnrampError:
    if error.failure.status != 400 or is_connected(connection):
        return error
    msg = (
        f"{error.msg} Fivetran reads the source of connected connections only, and the setup_state of this one is"
        f" {setup_state(connection)}. Run its setup tests first, with fivetran_connection."
    )
    return OnrampError(msg=msg, failure=error.failure)


def _without_config(
    connection_id: str, wanted: list[SchemaSetting], schema_change_handling: str | None, reload: bool
) -> Result:
    if not reload:
        msg = (
            f"Connection {connection_id} has no schema config yet, and reload: never forbids to read it from the"
            " source. Run with reload: if_missing."
        )
        raise OnrampError(msg=msg, failure=Failure(code="NotFound_SchemaConfig", message=msg))
    changes = [SchemaChange(setting, None) for setting in wanted]
    if schema_change_handling is not None:
        changes.append(SchemaChange(SchemaSetting((), "schema_change_handling", schema_change_handling), None))
    return _result(connection_id, None, changes, reloaded=True)


def _result(connection_id: str, config: JsonObject | None, changes: list[SchemaChange], *, reloaded: bool) -> Result:
    found = sorted((change.difference() for change in changes), key=lambda item: item.name)
    return {
        "changed": bool(changes) or reloaded,
        "reloaded": reloaded,
        "schema_config": None if config is None else view(config),
        "diff": before_and_after(found, f"Schema config of Fivetran connection {connection_id}"),
    }


def view(config: JsonObject) -> JsonObject:
    """Return what the module shows of a schema config."""
    return {name: config.get(name) for name in ("schema_change_handling", "schemas")}


def _refused(config: JsonObject, changes: Iterable[SchemaChange], error: HttpError) -> OnrampError:
    """Say which names may be wrong: only Fivetran knows the columns that were never set; it answers 404 to others."""
    if error.failure.status not in (400, 404):
        return error
    unlisted = {
        change.setting.path
        for change in changes
        if len(change.setting.path) == len(LEVELS) and find(config, change.setting.path) is None
    }
    hints = []
    for path in sorted(unlisted):
        known = sorted(children(find(config, path[:2]) or {}, LEVELS[2][1]))
        hint = f" {nearest(path[-1], known)}" if known else ""
        hints.append(f"{'.'.join(path)} is not among the columns that Fivetran lists.{hint}")
    if not hints:
        return error
    msg = f"{error.msg} Check the names of these columns, which are case-sensitive: {' '.join(hints)}"
    return OnrampError(msg=msg, failure=error.failure)
