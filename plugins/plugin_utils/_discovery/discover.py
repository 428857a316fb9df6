# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List, look, describe: from the connections of a Fivetran account to the text of an inventory."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...module_utils._fivetran.client import FivetranClient
from ...module_utils._kernel.secrets.redact import Redactor
from .access import AccessVariables, with_names_of_its_own
from .connections import FoundConnection
from .inventory_text import InventoryHost, inventory_text
from .listing import AccountListing, list_account
from .look import AccessLook, Credentials
from .variables import facts, one_line


@dataclass(frozen=True)
class Discovery:
    """What was found. ``notes``: what could not be looked at, a sentence each."""

    listing: AccountListing
    workspaces: tuple[InventoryHost, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the inventory; empty where there is nothing to write."""
        return inventory_text(self.workspaces, self.notes) if self.workspaces else ""

    @property
    def missing(self) -> list[str]:
        """Return of whom something was not found, and what."""
        return [f"{item.host}: {one_line(sentence)}" for item in self.workspaces for sentence in item.missing]

    def told(self, written: str) -> list[str]:
        """Return the lines for a person; ``written``: what has become of the file, a sentence."""
        groups = {item.connection.group_id for item in self.workspaces}
        connections = _count(len(self.workspaces), "Braze connection")
        others = self.listing.total - len(self.listing.connections)
        beside = f", beside {_count(others, 'connection')} of other services" if others else ""
        head = f"Found {connections} in {_count(len(groups), 'Fivetran group')}{beside}. {written}"
        return [head, *map(one_line, self.notes), *self.missing]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the connections as results show them."""
        return [_shown(item) for item in self.workspaces]


def discover(client: FivetranClient, groups: Sequence[str], credentials: Credentials, redactor: Redactor) -> Discovery:
    """Find the Braze connections of these groups, of all if none is named, and what lets Fivetran read their buckets.

    ``redactor`` keeps out of names what is secret.

    :raises OnrampError: Fivetran gives no usable answer, or does not know a group.
    """
    listing = list_account(client, redactor)
    hosts, connections = listing.hosts(), listing.of_groups(groups)
    found = AccessLook(client, credentials).take(connections)
    readers = Counter(item.currents for item in listing.connections)
    groups_in_s3 = {item.group_id for item in listing.connections if item.currents.storage == "s3"}

    def access(item: FoundConnection) -> AccessVariables:
        known = found.access.get(item.id, AccessVariables())
        is_one_of_several = item.currents.storage == "s3" and len(groups_in_s3) > 1
        return with_names_of_its_own(known, item.group_id) if is_one_of_several else known

    workspaces = [
        InventoryHost(
            hosts[item.id],
            item,
            access(item),
            # Names of containers in Azure are those of a storage account, which Fivetran does not tell.
            shares_folder=item.currents.storage in ("s3", "gcs") and readers[item.currents] > 1,
        )
        for item in connections
    ]
    return Discovery(listing, tuple(workspaces), found.notes)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _shown(workspace: InventoryHost) -> dict[str, Any]:
    known = {name: value for name, value in workspace.settings.items() if isinstance(value, bool | str | list)}
    return {
        "host": workspace.host,
        "settings": known,
        "facts": facts(workspace.connection),
        "missing": [one_line(sentence) for sentence in workspace.missing],
    }
