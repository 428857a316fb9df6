# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is forgotten: the Braze connections of the groups that no workspace of the inventory claims. Pure functions.

The whole inventory counts, whatever the run selects. What cannot be read may claim anything.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import SERVICE
from ..._discovery.access import AccessVariables
from ..._discovery.connections import FoundConnection, ReadPlace, braze_connections, host_names
from ..._discovery.inventory_text import InventoryHost
from ..._discovery.unclaimed import UnclaimedHost
from ..._discovery.variables import one_line
from ..._settings.settings import schema_claimed
from ..._words import joined
from ..model.plan import Group
from .drafts import Draft, Situation

# Names of containers in Azure are those of a storage account, which Fivetran does not tell.
_SAME_EVERYWHERE = ("s3", "gcs")
_ROLE_UNKNOWN = AccessVariables(
    remarks=(
        "Fivetran shows the role that it uses masked. Unless it is the one of this collection, set s3_access_role_arn;"
        " onramp.braze_fivetran.discover finds it.",
    )
)


@dataclass(frozen=True)
class _InGroup:
    """Connections of a group that nobody who can be read claims. ``unread``: who may claim any of them."""

    group: Group
    connections: tuple[FoundConnection, ...]
    unread: tuple[str, ...]


def find_unclaimed(situation: Situation, drafts: Iterable[Draft]) -> tuple[UnclaimedHost, ...]:
    """Return the Braze connections of the playing workspaces' groups that nobody claims, and nobody may claim."""
    listed = _listed(drafts)
    everything = [connection for _group, connections in listed.values() for connection in connections]
    names = host_names(everything, (entry.name for entry in situation.inventory))
    readers = Counter(connection.currents for connection in everything)
    readers.update({ReadPlace(entry.storage, entry.bucket, entry.prefix) for entry in situation.readable})
    return tuple(
        UnclaimedHost(_workspace(names[connection.id], connection, readers))
        for found in _without_claim(situation, listed)
        for connection in found.connections
        if not found.unread
    )


def doubts(situation: Situation, drafts: Iterable[Draft]) -> tuple[str, ...]:
    """Return a sentence for each group of which that cannot be told, because somebody cannot be read."""
    return tuple(
        f"No host that can be read claims {joined(_names(found.connections))} of the Fivetran group"
        f" {one_line(found.group.name)}. Which connection {joined(sorted(found.unread))} claims cannot be read, so that"
        " it may be one of these."
        for found in _without_claim(situation, _listed(drafts))
        if found.unread
    )


def _listed(drafts: Iterable[Draft]) -> dict[str, tuple[Group, tuple[FoundConnection, ...]]]:
    """Return the Braze connections of each group, in the order of the groups' names; each key may see others."""
    rows: dict[str, dict[object, JsonObject]] = {}
    groups: dict[str, Group] = {}
    drafts = list(drafts)
    # What was moved into a group belongs to a workspace that is told so.
    moved = {str(draft.moved.get("id")) for draft in drafts if draft.moved}
    # The same listing for all who got the same answer.
    listings = {(draft.group.id, id(draft.rows)): draft for draft in drafts if draft.group and draft.rows is not None}
    for (group_id, _listing), draft in listings.items():
        groups[group_id] = draft.group or groups[group_id]
        rows.setdefault(group_id, {}).update(
            (row.get("id"), {**row, "group_id": group_id})
            for row in draft.rows or ()
            if row.get("service") == SERVICE and row.get("id") not in moved
        )
    names = [{"id": group.id, "name": group.name} for group in groups.values()]
    return {
        group.id: (group, braze_connections(rows[group.id].values(), names))
        for group in sorted(groups.values(), key=lambda group: (group.name, group.id))
    }


def _without_claim(
    situation: Situation, listed: Mapping[str, tuple[Group, Sequence[FoundConnection]]]
) -> Iterator[_InGroup]:
    for group, connections in listed.values():
        claiming = [entry for entry in situation.inventory if situation.may_be_of_group(entry, group)]
        claimed = {schema_claimed(entry) for entry in claiming}
        left = tuple(connection for connection in connections if connection.schema not in claimed)
        unread = tuple(entry.name for entry in claiming if schema_claimed(entry) is None)
        if left:
            yield _InGroup(group, left, unread)


def _workspace(host: str, connection: FoundConnection, readers: Counter[ReadPlace]) -> InventoryHost:
    shares_folder = connection.currents.storage in _SAME_EVERYWHERE and readers[connection.currents] > 1
    access = _ROLE_UNKNOWN if connection.currents.storage == "s3" else AccessVariables()
    return InventoryHost(host, connection, access, shares_folder)


def _names(connections: Iterable[FoundConnection]) -> list[str]:
    """Return how connections are called in a sentence."""
    return sorted(host_names(list(connections)).values())
