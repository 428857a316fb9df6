# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook wants of the plan, and what it wants looked at for that."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ....module_utils._braze.layout import as_prefix
from ..._settings.settings import Settings


@dataclass(frozen=True)
class Purpose:
    """What a playbook is for: which questions it asks, and what it does about the answers.

    ``creates``, ``changes``, ``removes``: what it may do to connections. ``key``, ``landing``, ``grants``: whether the
    Braze key, Currents, and grants in Google Cloud Storage are looked at. ``tells_findings``: whatever is not as it
    should be is a finding, whatever the inventory says about it. ``sends_secrets``: what Fivetran stores masked is sent
    again, and tested. ``heals``: only what keeps data away is changed, and nothing is taken away.
    """

    name: str
    creates: bool = False
    changes: bool = False
    removes: bool = False
    key: bool = True
    landing: bool = True
    grants: bool = True
    tells_findings: bool = False
    sends_secrets: bool = False
    heals: bool = False

    def refusing(self, advice: str) -> str:
        """Return the advice about what is not done; only where nothing is done before it is told, it says so."""
        return advice if self.tells_findings else f"Nothing was changed. {advice}"


PURPOSES: Mapping[str, Purpose] = {
    purpose.name: purpose
    for purpose in (
        Purpose("onboard", creates=True, changes=True),
        Purpose("verify", changes=True, tells_findings=True),
        Purpose("rotate_key", changes=True, landing=False, grants=False, sends_secrets=True),
        Purpose("heal", changes=True, tells_findings=True, heals=True),
        Purpose("offboard", removes=True, key=False, landing=False),
    )
}


@dataclass(frozen=True)
class LookScope:
    """What has to be looked at: all workspaces of the inventory that can be read, and which of them play."""

    purpose: Purpose
    inventory: tuple[Settings, ...]
    names: frozenset[str]

    @cached_property
    def playing(self) -> tuple[Settings, ...]:
        """The workspaces of this run."""
        return tuple(settings for settings in self.inventory if settings.name in self.names)

    def alike(self, what: Callable[[Settings], Hashable], one: Settings) -> Sequence[Settings]:
        """Return the workspaces of this run of which ``what``, a function of a module, is the same as of one."""
        if what not in self._alike:
            found: dict[Hashable, list[Settings]] = {}
            for settings in self.playing:
                found.setdefault(what(settings), []).append(settings)
            self._alike[what] = found
        return self._alike[what].get(what(one), ())

    @cached_property
    def _alike(self) -> dict[Callable[[Settings], Hashable], Mapping[Hashable, Sequence[Settings]]]:
        return {}

    def folders_of_others(self, settings: Settings) -> frozenset[str]:
        """Return the folders of the same bucket in which the Currents of other workspaces lands, as prefixes."""
        return self._folders[settings.storage, settings.bucket] - {as_prefix(settings.prefix)}

    @cached_property
    def _folders(self) -> Mapping[tuple[str, str], frozenset[str]]:
        folders: dict[tuple[str, str], set[str]] = {}
        for settings in self.inventory:
            folders.setdefault((settings.storage, settings.bucket), set()).add(as_prefix(settings.prefix))
        return {place: frozenset(prefixes) for place, prefixes in folders.items()}
