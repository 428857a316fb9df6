# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml is asked, and what it makes of a workspace: data only."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ....module_utils._kernel.finding import Finding
from .attempts import Attempts

COOLDOWN = 3600


class HealState(StrEnum):
    """How a workspace stands; after the plan ``TO_HEAL``, which ends as one of the others."""

    TO_HEAL = "to_heal"
    HEALED = "healed"
    SYNCING = "syncing"
    NOTHING_BROKEN = "nothing_broken"
    NEEDS_A_PERSON = "needs_a_person"
    COOLING_DOWN = "cooling_down"
    NOT_HEALED = "not_healed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class NamedConnection:
    """A connection that is to be healed, as an event names it; what it does not name is empty."""

    group_id: str = ""
    schema: str = ""
    connection_id: str = ""

    @property
    def shown(self) -> str:
        """How it is called in a sentence."""
        by_name = f"{self.schema} of the group {self.group_id}" if self.group_id else self.schema
        return by_name or self.connection_id


@dataclass(frozen=True)
class HealRequest:
    """What heal.yml is asked. ``connections``: no others are taken up; None where all are. ``cooldown``: in seconds."""

    connections: tuple[NamedConnection, ...] | None = None
    cooldown: int = COOLDOWN
    attempts: Attempts = field(default_factory=Attempts)

    def may_want(self, schema: str) -> bool:
        """Tell whether a connection of this name may be asked for; before its group and its id are known."""
        wanted = self.connections
        return wanted is None or any(one.schema == schema or (one.connection_id and not one.schema) for one in wanted)


@dataclass(frozen=True)
class Healing:
    """What is to be done for a workspace, or why nothing is.

    ``causes``: what is repaired. ``left``: what only a person can do, the first one first. ``notes``: what is left
    alone. ``hints``: what may be why the setup tests fail, if they do. ``cause``: what is broken, as a key by which
    another attempt knows it again. ``connection``: it is tested, and synced if it is still broken then, or if the last
    sync failed. ``since``: a sync that ends later counts.
    """

    state: HealState
    message: str
    causes: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[Finding, ...] = ()
    identity: str = ""
    cause: str = ""
    connection: bool = False
    last_sync_failed: bool = False
    since: str = ""
    again_at: str = ""
    tried: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data: what the playbook goes by, and what it says."""
        names = ("message", "identity", "cause", "connection", "last_sync_failed", "since", "again_at")
        return {
            "state": self.state.value,
            **{name: getattr(self, name) for name in names},
            "causes": [finding.as_json() for finding in self.causes],
            "left": [finding.as_json() for finding in self.left],
            "notes": list(self.notes),
            "hints": [finding.as_json() for finding in self.hints],
            "tried": list(self.tried),
        }
