# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does with plans that are saved: the one that it writes, and the one that it was approved by."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._settings.settings import Settings
from .._workspaces.model.plan import Change, Plan
from . import file
from .compare import Approval
from .handed_on import NotHandedOn, from_text, is_handed_on, to_text
from .model import Saved, as_data, settings_of
from .parse import check_usable, from_data, unusable

# The playbooks whose plans say all that is done.
PURPOSES = ("onboard", "rotate_key", "offboard")
OPTION = "onramp_approved_plan"

Settled = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Plans:
    """The plans of one run.

    ``path``: of the file to write, empty for none. ``approved``: None where there is none. ``hands_on``: the plan goes
    to the jobs that follow.
    """

    path: str = ""
    approved: Saved | None = None
    hands_on: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any], inventory: Collection[str]) -> Plans:
        """Read the approved plan, and make sure that a plan can be written, before anybody is asked for anything.

        :raises OnrampError: one of the two cannot be.
        """
        path, given, purpose = params["plan_file"], params["approved_plan"], params["purpose"]
        option = "onramp_plan_file" if path is not None else OPTION
        if (path is not None or given is not None) and purpose not in PURPOSES:
            unusable(option, f"A plan for {purpose} is neither saved nor approved: it does not say all that is done.")
        if path == "":
            unusable("onramp_plan_file", "It is empty. Name the file that the plan is to be written to.")
        if path and isinstance(given, str) and os.path.realpath(path) == os.path.realpath(_expanded(given)):
            unusable("onramp_plan_file", "It is the approved plan, which would be written over. Name another file.")
        if path:
            file.check_writable(path)
        approved = None if given is None else _approved(given, purpose, inventory)
        return cls(path or "", approved, params["hand_on"] and purpose in PURPOSES)

    @property
    def has_any(self) -> bool:
        return bool(self.path) or self.approved is not None or self.hands_on

    def is_shared(self, change: Change) -> bool:
        """Tell whether several workspaces need the same object: of this run, or of the approved plan."""
        return bool(change.shared_with) or (self.approved is not None and self.approved.is_shared(change))

    def approval(self, settled: Settled, redact: Callable[[Any], Any]) -> Approval | None:
        """Return what forbids all that was not approved; None where everything is allowed."""
        return None if self.approved is None else Approval(self.approved, settled, redact)

    def written(self, plan: Plan, inventory: Collection[str], settled: Settled, redact: Callable[[Any], Any]) -> Plan:
        """Write the plan, if that is asked for, and return it with a word about that.

        :raises OnrampError: it cannot be written.
        """
        if not self.path:
            return plan
        file.write(self.path, as_data(plan, inventory, settled, redact))
        return replace(plan, notes=(*plan.notes, f"Written as a plan: {self.path}"))

    def handed_on(self, plan: Plan, inventory: Collection[str], settled: Settled, redact: Callable[[Any], Any]) -> str:
        """Return the plan as a text for the jobs that follow; empty unless that is asked for.

        :raises OnrampError: it is too large for that.
        """
        if not self.hands_on:
            return ""
        try:
            return to_text(as_data(plan, inventory, settled, redact))
        except NotHandedOn as error:
            unusable("onramp_hand_on_plan", str(error))


def settled(entries: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the settings of each workspace decide; those that cannot be used decide nothing."""
    return {name: settings_of(entry) for name, entry in entries.items() if isinstance(entry, Settings)}


def _approved(given: Any, purpose: str, inventory: Collection[str]) -> Saved:
    saved, what = _read(given)
    check_usable(saved, what, purpose, inventory)
    return saved


def _read(given: Any) -> tuple[Saved, str]:
    """Return a plan, and what it is called in a message. It is given as itself, packed into a text, or by its path."""
    if is_handed_on(given):
        try:
            return from_data(from_text(given, file.LARGEST), OPTION), OPTION
        except NotHandedOn as error:
            unusable(OPTION, f"{error} Make a new plan.")
    if isinstance(given, Mapping):
        return from_data(given, OPTION), OPTION
    if not isinstance(given, str) or not given.strip():
        unusable(OPTION, "It is empty. Name the file of the plan, or leave the variable out.")
    path = _expanded(given)
    return file.read(path)[1], path


def _expanded(given: str) -> str:
    return os.path.expanduser(given.strip())
