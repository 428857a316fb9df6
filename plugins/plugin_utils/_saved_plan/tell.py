# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a saved plan to a person, as it was told when it was made."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from ...module_utils._kernel.printable import visible
from .._words import joined
from .._workspaces.model.findings import minute
from .._workspaces.model.plan import ACCESS_KINDS
from .._workspaces.tell import VERBS, fleet_line, told
from .model import Saved


def lines(saved: Saved) -> list[str]:
    """Return the lines for a saved plan: what it is, what is shared, and workspace by workspace what is done."""
    found = [
        f"A plan for {saved.purpose}.yml, made {minute(saved.made_at)} by {saved.made_by}.",
        fleet_line(saved.plan),
    ]
    left_out = sorted(set(saved.inventory) - set(saved.plan.workspaces))
    if left_out:
        found.append(f"Not in it, though in the inventory: {joined(left_out)}.")
    found += _shared(saved)
    for workspace in saved.plan.workspaces.values():
        found += told(saved.purpose, workspace)
    return list(map(visible, found))


def _shared(saved: Saved) -> list[str]:
    """Return what is done once for several workspaces."""
    return [
        f"Shared: {VERBS[change.action]} {change.kind} {change.name}, which {joined(change.shared_with)} need."
        for workspace in saved.plan.workspaces.values()
        for change in workspace.changes_of(*ACCESS_KINDS)
        if change.shared_with and not change.made_by
    ]
