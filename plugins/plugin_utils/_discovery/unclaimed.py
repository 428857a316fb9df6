# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that nobody claims, and the host that would."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass

from .inventory_text import InventoryHost, host_entry, host_line
from .variables import one_line, place, remarks


@dataclass(frozen=True)
class UnclaimedHost:
    """A connection, and the host that would claim it."""

    workspace: InventoryHost

    @property
    def line(self) -> str:
        """Return the host in one line, with what it is in a comment."""
        connection = self.workspace.connection
        return f"{host_line(self.workspace)}  # {one_line(connection.group_name)}. {remarks(connection)[0]}"

    def as_json(self) -> dict[str, str]:
        """Return it as plain data. ``entry``: as it is pasted below ``hosts`` of ``braze_workspaces``."""
        connection = self.workspace.connection
        told = self.workspace.settings.get("fivetran_schema")
        return {
            "host": self.workspace.host,
            # What looks like a key is told nowhere.
            "schema": one_line(told) if isinstance(told, str) else "",
            "group_id": one_line(connection.group_id),
            "group_name": one_line(connection.group_name),
            "connection_id": one_line(connection.id),
            "reads": one_line(place(connection.currents)) if connection.currents.storage != "none" else "",
            "entry": host_entry(self.workspace),
        }
