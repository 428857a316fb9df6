# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which schemas, tables and columns of a connection sync, and which columns are hashed.

Pure functions plan: what the user gave against what Fivetran holds makes a list of :class:`SchemaChange`, which yields
``changed``, the diff, the body of the one PATCH, and the prediction of check mode.

Source: Fivetran's OpenAPI document, StandardConfigResponse and StandardConfigUpdateRequest. It lists every schema and
table, but only those columns that were set before; the others follow their table, and only Fivetran knows their names.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._kernel.difference import Difference
from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.printable import printable, sentence
from ..._kernel.secrets.shown import quoted
from ..client import JsonObject
from ..identity import nearest

# What can be set at each level, and under which key the next level stands, at Fivetran and in the options alike.
LEVELS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("schema", "schemas", ("enabled",)),
    ("table", "tables", ("enabled", "sync_mode")),
    ("column", "columns", ("enabled", "hashed", "is_primary_key")),
)


@dataclass(frozen=True)
class SchemaSetting:
    """One wanted value: ``path`` names schema, table and column as far as they go."""

    path: tuple[str, ...]
    name: str
    value: Any

    @property
    def label(self) -> str:
        """Return the name that diffs and messages show: ``schemas.shop.tables.user.columns.email.hashed``."""
        return ".".join([*_labeled(self.path), self.name])


@dataclass(frozen=True)
class SchemaChange:
    """A wanted value with the one that it replaces; None before means that Fivetran does not list the column yet."""

    setting: SchemaSetting
    before: Any

    def difference(self) -> Difference:
        """Return what the diff shows."""
        return Difference(self.setting.label, self.before, self.setting.value)


# What the user wants


def settings(schemas: Iterable[Mapping[str, Any]] | None) -> list[SchemaSetting]:
    """Flatten the option ``schemas``; what is not given yields no setting.

    :raises InvalidArgument: for a name that is given twice.
    """
    return list(_settings(schemas or (), (), 0))


def _settings(entries: Iterable[Mapping[str, Any]], above: tuple[str, ...], depth: int) -> Iterator[SchemaSetting]:
    kind, _container, fields = LEVELS[depth]
    seen: set[str] = set()
    for entry in entries:
        path = (*above, str(entry["name"]))
        if path[-1] in seen:
            raise InvalidArgument(f"schemas: {kind} {'.'.join(path)} is given twice; give each once.")
        seen.add(path[-1])
        yield from (SchemaSetting(path, name, entry[name]) for name in fields if entry.get(name) is not None)
        if depth + 1 < len(LEVELS):
            yield from _settings(entry.get(LEVELS[depth + 1][1]) or (), path, depth + 1)


# What differs


def plan_schema(
    config: JsonObject, wanted: Iterable[SchemaSetting], schema_change_handling: str | None
) -> list[SchemaChange]:
    """Return what has to change in ``config``, after refusing what cannot be.

    :raises InvalidArgument: for a schema or table that does not exist, and what its table does not support.
    :raises OnrampError: with code ``locked`` for what Fivetran does not let anybody change.
    """
    changes = [change for setting in wanted if (change := _change(config, setting)) is not None]
    stored = config.get("schema_change_handling")
    if schema_change_handling is not None and schema_change_handling != stored:
        changes.append(SchemaChange(SchemaSetting((), "schema_change_handling", schema_change_handling), stored))
    return changes


def _change(config: JsonObject, setting: SchemaSetting) -> SchemaChange | None:
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
    return SchemaChange(setting, before)


def find(config: JsonObject, path: Sequence[str]) -> JsonObject | None:
    """Return the schema, table or column at ``path``; None if ``config`` does not list it."""
    found: Any = config
    for name, (_kind, container, _fields) in zip(path, LEVELS, strict=False):
        found = children(found, container).get(name)
        if not isinstance(found, dict):
            return None
    return found if isinstance(found, dict) else None


def children(parent: JsonObject, container: str) -> JsonObject:
    """Return what stands in a schema or table."""
    children = parent.get(container)
    return children if isinstance(children, dict) else {}


def _unknown(config: JsonObject, setting: SchemaSetting) -> InvalidArgument:
    depth = 0 if find(config, setting.path[:1]) is None else 1
    kind, container, _fields = LEVELS[depth]
    above, name = setting.path[:depth], setting.path[depth]
    known = sorted(children(find(config, above) or {}, container))
    where = f" in {'.'.join(_labeled(above))}" if above else ""
    return InvalidArgument(
        f"schemas: there is no {kind} {quoted(name)}{where}. {nearest(name, known)} Names are case-sensitive. If it is"
        " new in the source, run with reload: always."
    )


def _check_supported(table: JsonObject, setting: SchemaSetting) -> None:
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


def _check_unlocked(item: JsonObject, setting: SchemaSetting) -> None:
    if not is_locked(item):
        return
    lock = item["enabled_patch_settings"]
    reason = " - ".join(str(lock[name]) for name in ("reason_code", "reason") if lock.get(name))
    msg = (
        f"{setting.label}: Fivetran does not let anybody change this; it is {item.get('enabled')}. Its reason:"
        f" {sentence(printable(reason) or 'none given')} Leave this setting out."
    )
    raise OnrampError(msg=msg, failure=Failure(code="locked", message=msg))


def _labeled(path: Iterable[str]) -> list[str]:
    return [part for name, level in zip(path, LEVELS, strict=False) for part in (level[1], name)]


# What is sent


def patch_body(config: JsonObject, changes: Iterable[SchemaChange], *, everywhere: bool = False) -> JsonObject:
    """Return the body of ``PATCH /schemas``: the changed settings, and ``enabled`` of what they stand in.

    The document requires ``enabled`` at every level, so it is repeated as it is, and a column that is not listed yet
    is enabled, as it is in truth. It is left out of locked tables, where Fivetran may answer 409 to it, unless it is
    wanted ``everywhere``.
    """
    body: JsonObject = {}
    for change in changes:
        setting = change.setting
        node = body
        for depth in range(len(setting.path)):
            path = setting.path[: depth + 1]
            node = node.setdefault(LEVELS[depth][1], {}).setdefault(
                path[-1], _enabled(config, path, everywhere=everywhere)
            )
        node[setting.name] = setting.value
    return body


def _enabled(config: JsonObject, path: Sequence[str], *, everywhere: bool) -> JsonObject:
    found = find(config, path) or {}
    is_left_out = is_locked(found) and len(path) < len(LEVELS) and not everywhere
    return {} if is_left_out else {"enabled": found.get("enabled", True)}


def predict(config: JsonObject, changes: Iterable[SchemaChange]) -> JsonObject:
    """Return ``config`` as it will be."""
    predicted = copy.deepcopy(config)
    for change in changes:
        node = predicted
        for name, (_kind, container, _fields) in zip(change.setting.path, LEVELS, strict=False):
            node = node.setdefault(container, {}).setdefault(name, {"enabled": True})
        node[change.setting.name] = change.setting.value
    return predicted
