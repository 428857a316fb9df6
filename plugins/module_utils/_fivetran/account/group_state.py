# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a group to its state: create, rename, remove."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._kernel.deadline import Clock
from ..._kernel.difference import before_and_after, differences
from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.secrets.shown import shown
from ..._kernel.task import Result, Task
from ..client import FivetranClient, JsonObject, client_from_params
from ..lost_answer import found_after
from .group import group_view, only_group_named, require_group

# So many connections are named in a message.
NAMED_CONNECTIONS = 10


def group(task: Task) -> Result:
    """Do the work of ``fivetran_group``."""
    _check_name(task.params["name"])
    client = client_from_params(task.params, clients=task.clients)
    if task.params["state"] == "present":
        return ensure_present(client, task.params, check_mode=task.check_mode, clock=task.clock)
    return ensure_absent(client, task.params, check_mode=task.check_mode)


def _check_name(name: str | None) -> None:
    """Refuse what is no name, or one that looks like another one.

    :raises InvalidArgument: it is empty, or has blanks or line breaks around it.
    """
    if name is not None and not name.strip():
        raise InvalidArgument("name: is empty. Give the name of the group, or leave it out where id is given.")
    if name is not None and name != name.strip():
        raise InvalidArgument(f"name: has blanks or line breaks around it. Write {shown(name.strip())}.")


def ensure_present(client: FivetranClient, params: Mapping[str, Any], *, check_mode: bool, clock: Clock) -> Result:
    """Create the group, or rename the one with this id."""
    name = params["name"]
    actual = _find(client, params)
    if actual is None and params["id"]:
        # An id cannot be chosen, so this group cannot be created; the message lists the groups that exist.
        actual = require_group(client, params["id"])
    desired = {} if name is None else {"name": name}
    found = differences(desired, actual or {})
    if check_mode:
        shown = {"id": None, **(actual or {}), **desired}
    elif actual is None:
        shown, created = _create(client, name, clock)
        found = found if created else []
    elif found:
        shown = client.rename_group(str(actual["id"]), name)
    else:
        shown = actual
    return {
        "changed": bool(found),
        "group": group_view(shown),
        "diff": before_and_after(found, f"Fivetran group {params['id'] or name}"),
    }


def ensure_absent(client: FivetranClient, params: Mapping[str, Any], *, check_mode: bool) -> Result:
    """Remove the group if it is there and holds no connection."""
    actual = _find(client, params)
    header = f"Fivetran group {params['id'] or params['name']}"
    before = {} if actual is None else group_view(actual)
    if actual is not None:
        group_id = str(actual["id"])
        _check_empty(client, actual)
        if not check_mode:
            try:
                client.delete_group(group_id)
            except HttpError as error:
                if error.failure.status == 409:
                    # Somebody made a connection in between.
                    _check_empty(client, actual)
                raise
    return {
        "changed": actual is not None,
        "group": None,
        "diff": {"before_header": header, "after_header": header, "before": before, "after": {}},
    }


def _find(client: FivetranClient, params: Mapping[str, Any]) -> JsonObject | None:
    return client.group(params["id"]) if params["id"] else only_group_named(client.groups(), params["name"])


def _create(client: FivetranClient, name: str, clock: Clock) -> tuple[JsonObject, bool]:
    """Create the group with one request; look for it where the answer was lost or somebody was faster.

    Returns the group, and whether this run made it.
    """
    try:
        return client.create_group(name), True
    except HttpError as error:
        found = found_after(error, lambda: only_group_named(client.groups(), name), clock)
        return found, error.may_have_been_processed


def _check_empty(client: FivetranClient, actual: JsonObject) -> None:
    """Refuse to remove a group that holds connections.

    :raises OnrampError: with code ``group_not_empty``, naming the connections.
    """
    connections = list(client.connections(group_id=str(actual["id"])))
    if not connections:
        return
    msg = (
        f"Fivetran group {actual.get('name')} ({actual.get('id')}) still holds {len(connections)}"
        f" {'connection' if len(connections) == 1 else 'connections'}: {_named(connections)}. Fivetran removes empty"
        " groups only. Remove the connections first, with fivetran_connection and state: absent."
    )
    raise OnrampError(msg=msg, failure=Failure(code="group_not_empty", message=msg))


def _named(connections: Iterable[JsonObject]) -> str:
    names = sorted(f"{row.get('schema')} ({row.get('service')}, id {row.get('id')})" for row in connections)
    more = len(names) - NAMED_CONNECTIONS
    return ", ".join(names[:NAMED_CONNECTIONS]) + (f" and {more} more" if more > 0 else "")
