# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a saved plan out of plain data: exactly what ``model.py`` makes, or nothing.

What is not a plan, or was changed since, is refused in one sentence that quotes nothing of it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any, NoReturn

from ...module_utils._kernel.errors import Failure, OnrampError
from ...module_utils._kernel.finding import Finding
from ...module_utils._kernel.printable import printable
from .._workspaces.look.purposes import PURPOSES
from .._workspaces.model.plan import (
    ACCESS_KINDS,
    Action,
    Change,
    ChangeReason,
    ConnectionWork,
    Group,
    Plan,
    RoleWork,
    WorkspacePlan,
    WorkspaceVerdict,
)
from .model import FORMAT, FORMAT_VERSION, PLACE, Saved, checksum

UNUSABLE = "plan_unusable"
_FIELDS = frozenset(
    {"format", "version", "made_by", "made_at", "purpose", "inventory", "workspaces", "objects", "checksum"}
)
_FINDING = ("step", "severity", "code", "message", "remedy", "field")
_CHANGE = frozenset({"kind", "name", "action", "reason", "before", "after"})
_OBJECT = _CHANGE | {"needed_by", "workspaces", "maker", "fingerprint"}
_WORKSPACE = frozenset(
    {"verdict", "problems", "warnings", "notes", "group", *PLACE, "role_arn", "connection_id", "connection"}
    | {"objects", "settings", "fingerprint"}
)
# Of these, how many are told one by one.
_FEW = 3


class _Strange(Exception):
    """The data has another shape than a plan has."""


def unusable(what: str, why: str) -> NoReturn:
    """Refuse a plan as a whole. ``what``: where it is, as its user has named it.

    :raises OnrampError: always.
    """
    told = f"{what}: {why}"
    raise OnrampError(msg=told, failure=Failure(code=UNUSABLE, message=told))


def from_data(data: Any, what: str) -> Saved:
    """Return the plan that the data is.

    :raises OnrampError: it is none, of another version, or was changed since it was made.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        unusable(what, "This is not a plan. onboard.yml writes one with --check -e onramp_plan_file=FILE.")
    version = data.get("version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        made_by = data.get("made_by")
        by = f" by {printable(made_by)[:80]}" if isinstance(made_by, str) else ""
        number = version if isinstance(version, int) and abs(version) < 10**6 else "another"
        unusable(
            what,
            f"The plan is of version {number} of the format, made{by}, and this collection reads version"
            f" {FORMAT_VERSION}. Make a new plan.",
        )
    if data.get("checksum") != _checksum(data):
        unusable(what, "The plan is not as it was made: its checksum is another. Make a new plan.")
    try:
        return _saved(data)
    except (_Strange, ValueError, RecursionError):
        unusable(what, "The plan is not as this collection writes it. Make a new plan.")


def _checksum(data: Mapping[str, Any]) -> str | None:
    try:
        return checksum(data)
    except (TypeError, ValueError, RecursionError):
        return None


def check_usable(saved: Saved, what: str, purpose: str, inventory: Collection[str]) -> None:
    """Refuse a plan that is for something else.

    :raises OnrampError: it is of another playbook, or of another inventory.
    """
    if saved.purpose != purpose:
        unusable(what, f"The plan is one of {saved.purpose}.yml, and this is {purpose}.yml. Make a new plan.")
    if not set(inventory) & set(saved.inventory):
        unusable(
            what,
            f"The plan is of another inventory: it has the workspaces {_some(saved.inventory)}, and this one has"
            f" {_some(inventory)}. Make a new plan.",
        )


def _some(names: Collection[str]) -> str:
    few = sorted(map(printable, names))[:_FEW]
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(few) + more if few else "none"


def _saved(data: Mapping[str, Any]) -> Saved:
    _only(data, _FIELDS)
    purpose = _text(data, "purpose")
    if purpose not in PURPOSES:
        raise _Strange
    changes = [_shared(one) for one in _items(data, "objects")]
    workspaces = {name: _workspace(name, one, changes) for name, one in _named(data, "workspaces").items()}
    settings = {name: _text(one, "settings") for name, one in _named(data, "workspaces").items()}
    inventory = tuple(_texts(data, "inventory"))
    return Saved(Plan(purpose, workspaces), _text(data, "made_at"), _text(data, "made_by"), inventory, settings)


def _workspace(name: str, data: Mapping[str, Any], shared: list[Change]) -> WorkspacePlan:
    _only(data, _WORKSPACE)
    # Its own connection last, as the kinds are ordered.
    changes = [_for(name, _at(shared, index)) for index in _list(data, "objects")]
    connection = data["connection"]
    if connection is not None:
        changes.append(_connection(_mapping(connection)))
    group = data["group"]
    plan = WorkspacePlan(
        name=name,
        problems=tuple(_finding(one) for one in _items(data, "problems")),
        warnings=tuple(_finding(one) for one in _items(data, "warnings")),
        noticed=tuple(_finding(one) for one in _items(data, "notes")),
        changes=tuple(changes),
        group=None if group is None else Group(_text(_mapping(group), "id"), _text(_mapping(group), "name")),
        schema=_text(data, "schema"),
        storage=_text(data, "storage"),
        bucket=_text(data, "bucket"),
        prefix=_text(data, "prefix"),
        access=RoleWork(role_arn=_text(data, "role_arn")),
        seen={"connection": {"id": _text(data, "connection_id")}},
    )
    _text(data, "fingerprint")
    if plan.verdict is not WorkspaceVerdict(_text(data, "verdict")):
        raise _Strange
    return plan


def _shared(data: Mapping[str, Any]) -> Change:
    _only(data, _OBJECT)
    _text(data, "fingerprint")
    names = tuple(_texts(data, "workspaces"))
    if data["kind"] not in ACCESS_KINDS:
        raise _Strange
    return _change(
        data,
        made_by=_text(data, "maker"),
        needed_by=tuple(_texts(data, "needed_by")),
        # The same for all of them, so that a thousand workspaces take no million names.
        shared_with=names if len(names) > 1 else (),
    )


def _connection(data: Mapping[str, Any]) -> Change:
    _only(data, _CHANGE | {"work"})
    if data["kind"] != "connection":
        raise _Strange
    return _change(data, work=None if data["work"] is None else _work(_mapping(data["work"])))


def _work(data: Mapping[str, Any]) -> ConnectionWork:
    _only(data, frozenset(field.name for field in fields(ConnectionWork)))
    paused = data["paused"]
    if paused is not None and not isinstance(paused, bool):
        raise _Strange
    statuses = tuple(map(str, _list(data, "failing_test_statuses")))
    triggers = data["trigger_first_sync"]
    if not isinstance(triggers, bool):
        raise _Strange
    return ConnectionWork(_text(data, "update_secrets"), _text(data, "run_setup_tests"), paused, triggers, statuses)


def _change(data: Mapping[str, Any], **more: Any) -> Change:
    return Change(
        kind=_text(data, "kind"),
        name=_text(data, "name"),
        action=Action(_text(data, "action")),
        reason=ChangeReason(_text(data, "reason")),
        before=_mapping(data["before"]),
        after=_mapping(data["after"]),
        **more,
    )


def _finding(data: Mapping[str, Any]) -> Finding:
    _only(data, frozenset(_FINDING))
    return Finding(**{name: _text(data, name) for name in _FINDING})


def _only(data: Mapping[str, Any], names: frozenset[str]) -> None:
    """Refuse fields that are missing, and those that nobody here knows: they may say what is to be done."""
    if data.keys() != names:
        raise _Strange


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise _Strange
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _Strange
    return value


def _named(data: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    return {key: _mapping(value) for key, value in _mapping(data[name]).items()}


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data[name]
    if not isinstance(value, list):
        raise _Strange
    return value


def _items(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [_mapping(one) for one in _list(data, name)]


def _texts(data: Mapping[str, Any], name: str) -> list[str]:
    values = _list(data, name)
    if not all(isinstance(value, str) for value in values):
        raise _Strange
    return values


def _for(name: str, change: Change) -> Change:
    """Return the change as it is for one workspace: who makes it for all, makes it for itself."""
    return replace(change, made_by="") if change.made_by == name else change


def _at(changes: list[Change], index: Any) -> Change:
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(changes):
        raise _Strange
    return changes[index]
