# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connections the hosts of an inventory claim already, so that nobody has them twice."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible.inventory.helpers import get_group_vars
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

from ...module_utils._kernel.printable import sentence
from .._settings.reader import HostVariables
from .._settings.settings import Unreadable
from .connections import FoundConnection

GROUP = "braze_workspaces"


@dataclass(frozen=True)
class Claim:
    """What a host says. ``group``: id or name; empty where it says none, so that it may be any.

    ``schema``: empty where it cannot be read.
    """

    host: str
    schema: str
    group: str

    def covers(self, connection: FoundConnection) -> bool:
        """Tell whether this is the connection that the host claims."""
        groups = ("", connection.group_id, connection.group_name)
        return self.schema == connection.schema and self.group in groups


def claims(inventory: Any, loader: Any, extra: dict[str, Any], doubt: Callable[[str], None]) -> Iterator[Claim]:
    """Yield the claim of each workspace that sources before this one have brought in.

    ``extra``: variables of the command line. ``doubt`` is told whose claim cannot be read.
    """
    group = inventory.groups.get(GROUP)
    for host in group.get_hosts() if group is not None else ():
        variables = HostVariables(combine_vars(_variables(inventory, loader, host), extra), loader)
        try:
            schema = _text(variables, "fivetran_schema")
            if schema:
                yield Claim(host.name, schema, _text(variables, "fivetran_group"))
        except Unreadable as reason:
            yield Claim(host.name, "", "")
            doubt(
                f"Which connection the host {host.name} claims is not known, so that a second host may stand for it:"
                f" {sentence(str(reason))}"
            )


def taken_names(inventory: Any, found: Iterable[Claim], connections: Iterable[FoundConnection]) -> set[str]:
    """Return the names that a connection's host must not have: of groups, and of hosts that claim another connection.

    A host that claims nothing may be there to say more of the connection that has its name.
    """
    called: dict[str, list[FoundConnection]] = {}
    for connection in connections:
        called.setdefault(connection.schema, []).append(connection)
    own = {claim.host for claim in found if not any(map(claim.covers, called.get(claim.host, ())))}
    return {*inventory.groups, *own}


def _variables(inventory: Any, loader: Any, host: Any) -> dict[str, Any]:
    """Return what the inventory and files beside it say of a host, as far as that is known while it is being read."""
    sources, groups = inventory.processed_sources, host.get_groups()
    variables: dict[str, Any] = {}
    for layer in (
        get_group_vars(groups),
        get_vars_from_inventory_sources(loader, sources, groups, "all"),
        host.get_vars(),
        get_vars_from_inventory_sources(loader, sources, [host], "all"),
    ):
        variables = combine_vars(variables, layer)
    return variables


def _text(variables: HostVariables, name: str) -> str:
    if name not in variables.names():
        return ""
    value = variables.value(name)
    return "" if value is None else str(value).strip()
