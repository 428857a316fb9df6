# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the Braze connections of a whole Fivetran account: one call for its groups, one for 1,000 connections."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._fivetran.account.group import choose_group
from ...module_utils._fivetran.client import FivetranClient, JsonObject
from ...module_utils._kernel.errors import OnrampError
from ...module_utils._kernel.secrets.redact import Redactor
from .connections import FoundConnection, braze_connections, host_names

FORBIDDEN = 403


@dataclass(frozen=True)
class AccountListing:
    """What an account holds.

    ``groups``: names by id; None where the key may not list them. ``total``: connections of any service.
    """

    connections: tuple[FoundConnection, ...]
    groups: Mapping[str, str] | None
    total: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AccountListing:
        """Read it from what :meth:`as_json` has returned.

        :raises TypeError: it is something else.
        :raises KeyError: likewise.
        """
        connections = tuple(FoundConnection.from_json(item) for item in data["connections"])
        return cls(connections, None if data["groups"] is None else dict(data["groups"]), int(data["total"]))

    def as_json(self) -> JsonObject:
        """Return it as plain data, without any secret."""
        connections = [connection.as_json() for connection in self.connections]
        return {"connections": connections, "groups": self.groups, "total": self.total}

    def of_groups(self, wanted: Sequence[str]) -> tuple[FoundConnection, ...]:
        """Return the connections of these groups, given by id or name; of all groups if none is given.

        :raises OnrampError: there is no such group, or the name is that of several.
        """
        if not wanted:
            return self.connections
        # Where the groups may not be listed, those that hold a Braze connection are known by their ids.
        known = self.groups if self.groups is not None else {item.group_id: item.group_id for item in self.connections}
        rows = [{"id": group_id, "name": name} for group_id, name in known.items()]
        ids = {choose_group(rows, name)["id"] for name in wanted}
        return tuple(connection for connection in self.connections if connection.group_id in ids)

    def hosts(self, taken: Iterable[str] = ()) -> dict[str, str]:
        """Return the name of the host of each connection, by its id. ``taken``: names that mean something else."""
        return host_names(self.connections, taken)


def list_account(client: FivetranClient, redactor: Redactor) -> AccountListing:
    """Ask Fivetran. ``redactor`` keeps out what somebody has put where it does not belong.

    :raises OnrampError: no usable answer, or one that the credentials may not have.
    """
    rows = list(client.connections())
    groups = _groups(client)
    connections = tuple(map(redactor.data, braze_connections(rows, groups or ())))
    names = None if groups is None else {str(group["id"]): str(group.get("name") or group["id"]) for group in groups}
    return AccountListing(connections, redactor.data(names), len(rows))


def _groups(client: FivetranClient) -> list[JsonObject] | None:
    """Return the groups; None where the key may see connections and no groups."""
    try:
        return list(client.groups())
    except OnrampError as error:
        if error.failure.status != FORBIDDEN:
            raise
        return None
