# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved plan as data: what stands in the file, and in what hands it over without one.

What a policy, a role or a grant becomes stands once, however many workspaces share it. Nothing here holds a secret,
nor a fingerprint of one: whatever is fingerprinted was rid of all secrets before.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ...module_utils._kernel.http.version import VERSION
from ...module_utils._kernel.secrets.names import without_secrets
from .._settings.options import all_options
from .._settings.settings import Settings
from .._workspaces.model.plan import ACCESS_KINDS, Change, Plan, WorkspacePlan
from .._workspaces.tell import NOTES

FORMAT = "onramp.braze_fivetran.plan"
# Another one whenever a field comes, goes or gets another meaning: a plan is done exactly, or not at all.
FORMAT_VERSION = 1
MADE_BY = f"onramp.braze_fivetran {VERSION}"
# As whom somebody is asked, where the key to that lies, and for how long, shapes nothing that is made.
_SHAPES_NOTHING = ("_aws_", "_credentials_file", "_user_project", "_timeout", "_retries")
# What Fivetran itself changes with every sync.
_PASSING = frozenset({"status", "setup_state", "succeeded_at", "failed_at", "last_sync"})
# What says which connection it is, and what it reads.
PLACE = ("schema", "storage", "bucket", "prefix")
# By what a change of access is known as the same one.
ObjectKey = tuple[str, str, str]


@dataclass(frozen=True)
class Saved:
    """A plan that was saved.

    ``inventory``: every host of the group, also those that did not play. ``settings``: by workspace, the fingerprint of
    what its settings were.
    """

    plan: Plan
    made_at: str
    made_by: str
    inventory: tuple[str, ...]
    settings: Mapping[str, str]

    @property
    def purpose(self) -> str:
        return self.plan.purpose

    def is_shared(self, change: Change) -> bool:
        """Tell whether several workspaces of the plan need the policy, the role or the grant that a change is about."""
        return _names(change) & self._shared != set()

    @cached_property
    def _shared(self) -> frozenset[ObjectKey]:
        changes = (change for plan in self.plan.workspaces.values() for change in plan.changes if change.shared_with)
        return frozenset(name for change in changes for name in _names(change))


def as_data(
    plan: Plan,
    inventory: Iterable[str],
    settings: Mapping[str, Mapping[str, Any]],
    redact: Callable[[Any], Any],
    made_at: str = "",
) -> dict[str, Any]:
    """Return a plan as plain data that holds no secret.

    ``settings``: by workspace, what :func:`settings_of` returns. ``redact``: takes the secrets of the run out of data,
    before anything is fingerprinted.
    """
    objects = list(_objects(plan))
    indexes = {key: index for index, (key, _change, _names) in enumerate(objects)}
    data = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "made_by": MADE_BY,
        "made_at": made_at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "purpose": plan.purpose,
        "inventory": list(inventory),
        "workspaces": {
            name: _workspace(workspace, indexes, settings.get(name, {})) for name, workspace in plan.workspaces.items()
        },
        "objects": [_object(change, names) for _key, change, names in objects],
    }
    shown: dict[str, Any] = redact(json.loads(json.dumps(data, default=str)))
    for one in (*shown["workspaces"].values(), *shown["objects"]):
        one.update({name: fingerprint(one[name]) for name in ("settings", "fingerprint") if name in one})
    return {**shown, "checksum": checksum(shown)}


def checksum(data: Mapping[str, Any]) -> str:
    """Return the checksum of a plan, whatever the order of its fields; that of its own does not count."""
    return fingerprint({name: value for name, value in data.items() if name != "checksum"})


def fingerprint(data: Any) -> str:
    """Return a fingerprint of JSON-like data that holds no secret."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def settings_of(settings: Settings) -> dict[str, Any]:
    """Return what decides about a workspace's plan and is no secret."""
    own = {
        "group": settings.fivetran_group,
        "schema": settings.fivetran_schema,
        "api_url": settings.braze_api_url,
        "storage": settings.storage,
        "bucket": settings.bucket,
        "prefix": settings.prefix,
        "folder_shared": settings.folder_shared,
    }
    secret = {name for name, option in all_options().items() if option.no_log}
    named = {f"{role}_{name}": value for role, values in settings.roles.items() for name, value in values.items()}
    shaping = {name: value for name, value in named.items() if name not in secret and not _shapes_nothing(name)}
    shown: dict[str, Any] = without_secrets({**own, **shaping})
    return shown


def _shapes_nothing(name: str) -> bool:
    return any(part in name for part in _SHAPES_NOTHING)


def _key(name: str, change: Change) -> ObjectKey:
    """Return by what the change of a workspace is known as the same one.

    Who has the same object, may want something else of it, or have it from another workspace.
    """
    wanted = [_change(change), change.needed_by, _maker(name, change)]
    return change.kind, change.name, json.dumps(wanted, sort_keys=True, default=str)


def _maker(name: str, change: Change) -> str:
    """Return who makes the change for all that share it, out of that of one of them."""
    return change.made_by or (name if change.is_change else "")


def _names(change: Change) -> set[ObjectKey]:
    """Return by what an object is known whatever becomes of it: of grants, by each that is made or taken away."""
    lines = {str(line) for side in (change.before, change.after) for line in side.get("grants", ())}
    return {(change.kind, change.name, line) for line in lines or ("",)}


def _objects(plan: Plan) -> Iterator[tuple[ObjectKey, Change, list[str]]]:
    """Yield what workspaces may share, each object once, with the workspaces that need it."""
    found: dict[ObjectKey, tuple[Change, list[str]]] = {}
    for name, workspace in plan.workspaces.items():
        for change in workspace.changes:
            if change.kind in ACCESS_KINDS:
                found.setdefault(_key(name, change), (change, []))[1].append(name)
    yield from ((key, change, names) for key, (change, names) in found.items())


def _object(change: Change, names: list[str]) -> dict[str, Any]:
    done, needed_by = _change(change), list(change.needed_by)
    maker = _maker(names[0], change)
    decided_from = [done, needed_by]
    return {**done, "needed_by": needed_by, "workspaces": names, "maker": maker, "fingerprint": decided_from}


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "action": change.action.value,
        "reason": change.reason.value,
        "before": dict(change.before),
        "after": dict(change.after),
    }


def _workspace(plan: WorkspacePlan, indexes: Mapping[ObjectKey, int], settings: Mapping[str, Any]) -> dict[str, Any]:
    connection = next((change for change in plan.changes if change.kind == "connection"), None)
    seen = {name: value for name, value in plan.seen.get("connection", {}).items() if name not in _PASSING}
    return {
        "verdict": plan.verdict.value,
        "problems": [finding.as_json() for finding in plan.problems],
        "warnings": [finding.as_json() for finding in plan.warnings],
        "notes": [finding.as_json() for finding in plan.noticed if finding.code in NOTES],
        "group": {"id": plan.group.id, "name": plan.group.name} if plan.group else None,
        **{name: getattr(plan, name) for name in PLACE},
        "role_arn": plan.access.role_arn,
        "connection_id": connection_id(plan),
        "connection": {**_change(connection), "work": _work(connection)} if connection else None,
        "objects": [indexes[_key(plan.name, change)] for change in plan.changes if change.kind in ACCESS_KINDS],
        "settings": dict(settings),
        "fingerprint": [dict(settings), seen],
    }


def connection_id(plan: WorkspacePlan) -> str:
    """Return the id of the connection as it was seen; empty if there is none."""
    return str(plan.seen.get("connection", {}).get("id") or "")


def _work(change: Change) -> dict[str, Any] | None:
    return asdict(change.work) if change.work else None
