# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Which schemas, tables and columns of a connection sync, and which columns are hashed.

Pure functions plan: what the user gave against what Fivetran holds makes a list of :class:`Change`, which yields
``changed``, the diff, the body of the one PATCH, and the prediction of check mode.

Source: Fivetran's OpenAPI document, StandardConfigResponse and StandardConfigUpdateRequest. It lists every schema and
table, but only those columns that were set before; the others follow their table, and only Fivetran knows their names.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._difference import Difference, before_and_after
from .._errors import Failure, InvalidArgument, OnrampError
from .._http import HttpError
from .._module import Result, Task
from .client import JsonObject, client_from_params
from .identity import nearest, require_connection

SCHEMA_CHANGE_HANDLINGS = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
SYNC_MODES = ("SOFT_DELETE", "HISTORY", "LIVE")

# What can be set at each level, and under which key the next level stands, at Fivetran and in the options alike.
LEVELS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("schema", "schemas", ("enabled",)),
    ("table", "tables", ("enabled", "sync_mode")),
    ("column", "columns", ("enabled", "hashed", "is_primary_key")),
)

COLUMNS_ARGUMENT: Mapping[str, Any] = {
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
TABLES_ARGUMENT: Mapping[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "sync_mode": {"type": "str", "choices": list(SYNC_MODES)},
        "columns": COLUMNS_ARGUMENT,
    },
}
SCHEMAS_ARGUMENT: Mapping[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "enabled": {"type": "bool"},
        "tables": TABLES_ARGUMENT,
    },
}


@dataclass(frozen=True)
class Setting:
    """One wanted value: ``path`` names schema, table and column as far as they go."""

    path: tuple[str, ...]
    name: str
    value: Any

    @property
    def label(self) -> str:
        """Return the name that diffs and messages show: ``schemas.shop.tables.user.columns.email.hashed``."""
        return ".".join([*_labeled(self.path), self.name])


@dataclass(frozen=True)
class Change:
    """A wanted value with the one that it replaces; None before means that Fivetran does not list the column yet."""

    setting: Setting
    before: Any

    def difference(self) -> Difference:
        """Return what the diff shows."""
        return Difference(self.setting.label, self.before, self.setting.value)


# What the user wants


def settings(schemas: Iterable[Mapping[str, Any]] | None) -> list[Setting]:
    """Flatten the option ``schemas``; what is not given yields no setting.

    :raises InvalidArgument: for a name that is given twice.
    """
    return list(_settings(schemas or (), (), 0))


def _settings(entries: Iterable[Mapping[str, Any]], above: tuple[str, ...], depth: int) -> Iterator[Setting]:
    kind, _container, fields = LEVELS[depth]
    seen: set[str] = set()
    for entry in entries:
        path = (*above, str(entry["name"]))
        if path[-1] in seen:
            raise InvalidArgument(f"schemas: {kind} {'.'.join(path)} is given twice; give each once.")
        seen.add(path[-1])
        yield from (Setting(path, name, entry[name]) for name in fields if entry.get(name) is not None)
        if depth + 1 < len(LEVELS):
            yield from _settings(entry.get(LEVELS[depth + 1][1]) or (), path, depth + 1)


# What differs


def plan(config: JsonObject, wanted: Iterable[Setting], schema_change_handling: str | None) -> list[Change]:
    """Return what has to change in ``config``, after refusing what cannot be.

    :raises InvalidArgument: for a schema or table that does not exist, and what its table does not support.
    :raises OnrampError: with code ``locked`` for what Fivetran does not let anybody change.
    """
    changes = [change for setting in wanted if (change := _change(config, setting)) is not None]
    stored = config.get("schema_change_handling")
    if schema_change_handling is not None and schema_change_handling != stored:
        changes.append(Change(Setting((), "schema_change_handling", schema_change_handling), stored))
    return changes


def _change(config: JsonObject, setting: Setting) -> Change | None:
    found = find(config, setting.path)
    if found is None and len(setting.path) < len(LEVELS):
        raise _unknown(config, setting)
    if len(setting.path) > 1:
        table = find(config, setting.path[:2])
        if table is None:
            raise _unknown(config, setting)
        _check_supported(table, setting)
    before = (found or {}).get(setting.name)
    if before == setting.value:
        return None
    if setting.name == "enabled":
        _check_unlocked(found or {}, setting)
    return Change(setting, before)


def find(config: JsonObject, path: Sequence[str]) -> JsonObject | None:
    """Return the schema, table or column at ``path``; None if ``config`` does not list it."""
    found: Any = config
    for name, (_kind, container, _fields) in zip(path, LEVELS, strict=False):
        found = _children(found, container).get(name)
        if not isinstance(found, dict):
            return None
    return found if isinstance(found, dict) else None


def _children(parent: JsonObject, container: str) -> JsonObject:
    children = parent.get(container)
    return children if isinstance(children, dict) else {}


def _unknown(config: JsonObject, setting: Setting) -> InvalidArgument:
    depth = 0 if find(config, setting.path[:1]) is None else 1
    kind, container, _fields = LEVELS[depth]
    above, name = setting.path[:depth], setting.path[depth]
    known = sorted(_children(find(config, above) or {}, container))
    where = f" in {'.'.join(_labeled(above))}" if above else ""
    return InvalidArgument(
        f"schemas: there is no {kind} {name!r}{where}. {nearest(name, known)} Names are case-sensitive. If it is new"
        " in the source, run with reload: always."
    )


def _check_supported(table: JsonObject, setting: Setting) -> None:
    label = ".".join(_labeled(setting.path[:2]))
    if len(setting.path) == len(LEVELS) and table.get("supports_columns_config") is False:
        raise InvalidArgument(f"schemas: Fivetran does not support settings of single columns in {label}.")
    if setting.name != "sync_mode":
        return
    if table.get("sync_mode") is None:
        raise InvalidArgument(f"schemas: Fivetran does not support a choice of the sync_mode in {label}.")
    if setting.value == "HISTORY" and table.get("supports_history_mode") is False:
        raise InvalidArgument(f"schemas: {label} does not support the sync_mode HISTORY.")


def is_locked(item: Mapping[str, Any]) -> bool:
    """Tell whether Fivetran refuses to change ``enabled`` of this table or column."""
    lock = item.get("enabled_patch_settings")
    return isinstance(lock, dict) and lock.get("allowed") is False


def _check_unlocked(item: JsonObject, setting: Setting) -> None:
    if not is_locked(item):
        return
    lock = item["enabled_patch_settings"]
    reason = " - ".join(str(lock[name]) for name in ("reason_code", "reason") if lock.get(name))
    msg = (
        f"{setting.label}: Fivetran does not let anybody change this; it is {item.get('enabled')}. Its reason:"
        f" {reason or 'none given'}. Leave this setting out."
    )
    raise OnrampError(msg=msg, failure=Failure(code="locked", message=msg))


def _labeled(path: Iterable[str]) -> list[str]:
    return [part for name, level in zip(path, LEVELS, strict=False) for part in (level[1], name)]


# What is sent


def patch_body(config: JsonObject, changes: Iterable[Change]) -> JsonObject:
    """Return the body of ``PATCH /schemas``: the changed settings, and ``enabled`` of what they stand in.

    The document requires ``enabled`` at every level, so it is repeated as it is, and a column that is not listed yet
    is enabled, as it is in truth. It is left out of locked tables, where Fivetran answers 409 to it.
    """
    body: JsonObject = {}
    for change in changes:
        setting = change.setting
        node = body
        for depth in range(len(setting.path)):
            path = setting.path[: depth + 1]
            node = node.setdefault(LEVELS[depth][1], {}).setdefault(path[-1], _enabled(config, path))
        node[setting.name] = setting.value
    return body


def _enabled(config: JsonObject, path: Sequence[str]) -> JsonObject:
    found = find(config, path) or {}
    return {} if is_locked(found) and len(path) < len(LEVELS) else {"enabled": found.get("enabled", True)}


def predict(config: JsonObject, changes: Iterable[Change]) -> JsonObject:
    """Return ``config`` as it will be."""
    predicted = copy.deepcopy(config)
    for change in changes:
        node = predicted
        for name, (_kind, container, _fields) in zip(change.setting.path, LEVELS, strict=False):
            node = node.setdefault(container, {}).setdefault(name, {"enabled": True})
        node[change.setting.name] = change.setting.value
    return predicted


# Do it


def schema(task: Task) -> Result:
    """Do the work of ``fivetran_connection_schema``."""
    params = task.params
    wanted = settings(params["schemas"])
    client = client_from_params(params, clients=task.clients)
    connection_id = str(require_connection(client, params)["id"])
    stored = client.schema_config(connection_id)
    reload = params["reload"] == "always" or (stored is None and params["reload"] == "if_missing")
    if reload and not task.check_mode:
        stored = client.reload_schema_config(connection_id, float(params["reload_timeout"]))
    if stored is None:
        if reload:
            task.warn(
                f"Connection {connection_id} has no schema config yet. It would be read from the source, which check"
                " mode does not do, so the names of schemas, tables and columns are not checked."
            )
        return _without_config(connection_id, wanted, params["schema_change_handling"], reload)
    changes = plan(stored, wanted, params["schema_change_handling"])
    if not changes or task.check_mode:
        after = predict(stored, changes)
    else:
        try:
            after = client.update_schema_config(connection_id, patch_body(stored, changes))
        except HttpError as error:
            raise _refused(stored, changes, error) from None
    return _result(connection_id, after, changes, reloaded=reload)


def _without_config(
    connection_id: str, wanted: list[Setting], schema_change_handling: str | None, reload: bool
) -> Result:
    if not reload:
        msg = (
            f"Connection {connection_id} has no schema config yet, and reload: never forbids to read it from the"
            " source. Run with reload: if_missing."
        )
        raise OnrampError(msg=msg, failure=Failure(code="NotFound_SchemaConfig", message=msg))
    changes = [Change(setting, None) for setting in wanted]
    if schema_change_handling is not None:
        changes.append(Change(Setting((), "schema_change_handling", schema_change_handling), None))
    return _result(connection_id, None, changes, reloaded=True)


def _result(connection_id: str, config: JsonObject | None, changes: list[Change], *, reloaded: bool) -> Result:
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


def _refused(config: JsonObject, changes: Iterable[Change], error: HttpError) -> OnrampError:
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
        known = sorted(_children(find(config, path[:2]) or {}, LEVELS[2][1]))
        hint = f" {nearest(path[-1], known)}" if known else ""
        hints.append(f"{'.'.join(path)} is not among the columns that Fivetran lists.{hint}")
    if not hints:
        return error
    msg = f"{error.msg} Check the names of these columns, which are case-sensitive: {' '.join(hints)}"
    return OnrampError(msg=msg, failure=error.failure)
