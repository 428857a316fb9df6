# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Braze connections of a Fivetran account as this collection sees them. Pure functions.

Only named fields are taken from what Fivetran answers, and none of those that it stores as secrets: they cannot come
out, masked or not.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import count
from typing import Any

from ...module_utils._fivetran.client import JsonObject
from ...module_utils._fivetran.connection.braze_config import CURRENTS, EXPORTS, SERVICE, Source, source_of
from ...module_utils._kernel.secrets.shown import may_be_secret

# What Ansible itself, or this collection, means by these names.
TAKEN_NAMES = ("all", "ungrouped", "localhost", "braze_workspaces")
UNKNOWN_STORAGE = "unknown"

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True)
class ReadPlace:
    """Where a connection reads from. ``storage``: ``s3``, ``gcs``, ``azure``, ``none``, or unknown to this version."""

    storage: str = "none"
    bucket: str = ""
    folder: str = ""


@dataclass(frozen=True)
class FoundConnection:
    """One Braze connection. What Fivetran does not tell is empty, or None."""

    id: str
    group_id: str
    group_name: str
    schema: str
    api_url: str
    currents: ReadPlace
    exports: ReadPlace
    paused: bool
    setup_state: str
    sync_state: str
    update_state: str
    sync_frequency: int | None
    daily_sync_time: str
    schedule_type: str
    data_delay_sensitivity: str
    pause_after_trial: bool
    created_at: str
    succeeded_at: str
    failed_at: str

    @property
    def is_connected(self) -> bool:
        """Tell whether Fivetran itself says that it can read."""
        return self.setup_state.casefold() == "connected"

    @property
    def was_never_started(self) -> bool:
        """Tell whether somebody has set it up, and has left it paused before its first sync."""
        is_new = not (self.succeeded_at or self.failed_at) and self.sync_state.casefold() != "syncing"
        # One that is incomplete may be what an interrupted run has left, which the next one finishes.
        return self.paused and is_new and self.setup_state.casefold() != "incomplete"

    @classmethod
    def of(cls, row: JsonObject, group_names: Mapping[str, str]) -> FoundConnection:
        """Read it from a row of Fivetran's listing; ``group_names`` by id."""
        status, config = _mapping(row.get("status")), _mapping(row.get("config"))
        group_id, frequency = _text(row.get("group_id")), row.get("sync_frequency")
        return cls(
            id=_text(row.get("id")),
            group_id=group_id,
            group_name=group_names.get(group_id, group_id),
            api_url=_text(config.get("api_url")),
            currents=_place(config, CURRENTS),
            exports=_place(config, EXPORTS) if _is_true(config.get("enable_exports")) else ReadPlace(),
            paused=_is_true(row.get("paused")),
            sync_frequency=frequency if isinstance(frequency, int) else None,
            pause_after_trial=_is_true(row.get("pause_after_trial")),
            **{name: _text(status.get(name)) for name in ("setup_state", "sync_state", "update_state")},
            **{name: _text(row.get(name)) for name in _TEXTS_OF_A_ROW},
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FoundConnection:
        """Read it from what :meth:`as_json` has returned.

        :raises TypeError: it is something else.
        """
        if set(data) != {field.name for field in fields(cls)}:
            raise TypeError("not the fields of a connection")
        places = {name: ReadPlace(**data[name]) for name in ("currents", "exports")}
        return cls(**{**data, **places})

    def as_json(self) -> JsonObject:
        """Return it as plain data."""
        return asdict(self)


_TEXTS_OF_A_ROW = (
    "schema", "daily_sync_time", "schedule_type", "data_delay_sensitivity", "created_at", "succeeded_at", "failed_at",
)  # fmt: skip


def _place(config: Mapping[str, Any], source: Source) -> ReadPlace:
    found = source_of(config, source)
    if found is None:
        return ReadPlace("none" if _text(config.get(source.kind_field)).casefold() in ("", "none") else UNKNOWN_STORAGE)
    return ReadPlace(*map(_text, found))


def braze_connections(rows: Iterable[JsonObject], groups: Iterable[JsonObject]) -> tuple[FoundConnection, ...]:
    """Return the Braze connections among all connections, in the order of their groups and schemas."""
    names = {_text(group.get("id")): _text(group.get("name")) for group in groups}
    found = (FoundConnection.of(row, names) for row in rows if row.get("service") == SERVICE)
    return tuple(sorted(found, key=lambda item: (item.group_name, item.group_id, item.schema, item.id)))


def host_names(connections: Sequence[FoundConnection], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return a name of a host for each connection, by its id: the schema, with the group where two groups have it.

    The names depend on the whole account only, so that parts of it listed apart do not clash. ``taken``: names that
    mean something else already.
    """
    reserved = {*TAKEN_NAMES, *taken, ""}
    names: dict[str, str] = {}
    left = list(connections)
    for spelling in _SPELLINGS:
        spelled: dict[str, list[FoundConnection]] = {}
        for connection in left:
            spelled.setdefault(_NOT_IN_A_NAME.sub("_", spelling(connection)), []).append(connection)
        used = {*names.values(), *reserved}
        names |= {found[0].id: name for name, found in spelled.items() if len(found) == 1 and name not in used}
        left = [connection for connection in left if connection.id not in names]
    # Ids are unique, so that this is for ids that differ in nothing but signs that a name cannot have.
    used = {*names.values(), *reserved}
    free = (name for number in count() if (name := f"connection_{number}") not in used)
    return names | {connection.id: name for connection, name in zip(left, free, strict=False)}


def _called(connection: FoundConnection) -> str:
    # Somebody may have put a key there.
    return "connection" if may_be_secret(connection.schema) else connection.schema


_SPELLINGS: Sequence[Callable[[FoundConnection], str]] = (
    _called,
    lambda connection: f"{_called(connection)}_{connection.group_id}",
    lambda connection: f"{_called(connection)}_{connection.group_id}_{connection.id}",
)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _text(value: Any) -> str:
    """Return a value as text that can be written; half a surrogate pair becomes a question mark."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode()
