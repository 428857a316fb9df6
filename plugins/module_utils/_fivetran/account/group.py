# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups: a Fivetran group is one destination with its connections; its id is also the External ID."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.secrets.shown import quoted
from ..._kernel.task import Result, Task
from ..client import FivetranClient, JsonObject, client_from_params
from .destination import destination_view

# What belongs to a group and takes a request of its own.
GATHERERS: Mapping[str, Callable[[FivetranClient, str], Any]] = {
    "service_account": lambda client, group_id: client.group_service_account(group_id),
    "destination": lambda client, group_id: destination_view(client.destination(group_id)),
}


def only_group_named(groups: Iterable[JsonObject], name: str) -> JsonObject | None:
    """Return the one group of exactly this name; None if there is none.

    :raises OnrampError: with code ``ambiguous_group`` if several groups have the name.
    """
    by_name = [group for group in groups if group.get("name") == name]
    if len(by_name) > 1:
        ids = ", ".join(sorted(str(group.get("id")) for group in by_name))
        msg = f"Several Fivetran groups are named {quoted(name)}. Give the id of the right one instead: {ids}."
        raise OnrampError(msg=msg, failure=Failure(code="ambiguous_group", message=msg))
    return by_name[0] if by_name else None


def require_group(client: FivetranClient, name_or_id: str) -> JsonObject:
    """Return the group with this id or name, as :func:`choose_group`."""
    return choose_group(list(client.groups()), name_or_id)


def choose_group(groups: Sequence[JsonObject], name_or_id: str) -> JsonObject:
    """Return the group with this id or, exactly, this name. An id is looked for first.

    :raises OnrampError: with Fivetran's own code ``NotFound_Group``, naming the groups that the key can see, or
        ``ambiguous_group`` if several groups have the name.
    """
    by_id = [group for group in groups if group.get("id") == name_or_id]
    group = by_id[0] if by_id else only_group_named(groups, name_or_id)
    if group is None:
        visible = sorted(f"{group.get('name')} ({group.get('id')})" for group in groups)
        seen = ", ".join(visible[:20]) or "none"
        msg = (
            f"There is no Fivetran group {quoted(name_or_id)} that this API key can see. It sees: {seen}."
            " Check the name, and that the key belongs to the right account."
        )
        raise OnrampError(msg=msg, failure=Failure(code="NotFound_Group", message=msg))
    return group


def check_group_id(client: FivetranClient, group_id: str) -> None:
    """Hold that there is a group with this id.

    :raises OnrampError: ``NotFound_Group``, or it is the name of a group.
    """
    if client.group(group_id) is None:
        named = require_group(client, group_id)
        raise InvalidArgument(f"group_id: {quoted(group_id)} is the name of a group. Give its id, {named['id']}.")


def group_info(task: Task) -> Result:
    """Do the work of ``fivetran_group_info``."""
    client = client_from_params(task.params, clients=task.clients)
    group = require_group(client, task.params["group"])
    group_id = str(group["id"])
    parts = {part: ask(client, group_id) for part, ask in GATHERERS.items() if part in task.params["gather"]}
    return {"changed": False, "group": group_view(group) | parts}


def group_view(group: JsonObject) -> JsonObject:
    """Return what the modules show of a group."""
    return {
        **{name: group.get(name) for name in ("id", "name", "created_at")},
        # Fivetran's OpenAPI document on s3external_id: "This is the same as your group_id".
        "external_id": group.get("id"),
    }
