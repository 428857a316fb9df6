# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a plan that was just made against one that was approved: what has moved since, workspace by workspace.

Nothing is done that was not approved, and nothing that was is left out in silence. What is done is what the new plan
says; the approved one only forbids.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ...module_utils._kernel.finding import Finding
from ...module_utils._kernel.printable import sentence
from .._words import joined
from .._workspaces.model.findings import minute
from .._workspaces.model.plan import ACCESS_KINDS, Change, ChangeReason, Plan, WorkspacePlan
from .model import Saved, connection_id, fingerprint
from .moves import Circumstances, Move, change_moves, id_moves, place_moves

MOVED, NOT_APPROVED = "plan_moved", "not_approved"
# As none of the steps, because what has moved is the whole plan.
STEP = "plan"
REMEDY = "Nothing was changed. Put it back, or make a new plan."
NEW_PLAN = "Nothing was changed. Make a new plan."
# What tells where a run of several steps is, and not that something has moved.
_OF_A_STEP = ("connection_still_there", "shared_step_first")
# Of what has moved, so much is told of one workspace.
_MOST_TOLD = 3


@dataclass(frozen=True)
class Approval:
    """An approved plan, and what is needed to hold one against it.

    ``settings``: by workspace, those of now, as ``model.settings_of`` returns them. ``redact``: takes secrets out of
    data, as was done with what was saved.
    """

    saved: Saved
    settings: Mapping[str, Mapping[str, Any]]
    redact: Callable[[Any], Any]

    @property
    def when(self) -> str:
        """When the plan was made, as a person reads it."""
        return minute(self.saved.made_at)

    @property
    def roles_made(self) -> frozenset[str]:
        """The workspaces whose connection gets a new IAM role, also where the role has been made by now."""
        return frozenset(
            name
            for name, plan in self.saved.plan.workspaces.items()
            if any(change.reason is ChangeReason.ROLE_IS_NEW for change in plan.changes)
        )

    @cached_property
    def _leaving(self) -> frozenset[str]:
        """The connections of the workspaces that the plan is about."""
        return frozenset(plan.schema for plan in self.saved.plan.workspaces.values() if not plan.problems)

    def moved(self, plan: Plan) -> dict[str, tuple[Finding, ...]]:
        """Return why workspaces must be refused beside those that are; empty if the rest is as it was approved.

        First those whose own things have moved: without them, what they share may be as it was approved.
        """
        pairs = [(now, self.saved.plan.workspaces.get(name)) for name, now in self._open(plan)]
        own = {now.name: found for now, then in pairs if (found := self._own(then, now))}
        return own or {now.name: found for now, then in pairs if then and (found := self._shared(then, now))}

    def noted(self, plan: Plan, inventory: Collection[str], *, is_part: bool = False) -> Plan:
        """Return the plan with what it was held against. ``is_part``: others of the approved plan play elsewhere."""
        gone = [] if is_part else sorted(set(self.saved.plan.workspaces) - set(inventory))
        notes = [f"Held against the plan of {self.when}."]
        if gone:
            notes.append(f"Of that plan, {joined(gone)} left the inventory: nothing of it is done.")
        workspaces = {name: self._with_what_came_up(name, one) for name, one in plan.workspaces.items()}
        return replace(plan, workspaces=workspaces, notes=(*plan.notes, *notes))

    def _open(self, plan: Plan) -> Iterator[tuple[str, WorkspacePlan]]:
        """Yield the workspaces that nothing refuses yet, and of which something is or was to do, as they are saved."""
        for name, now in plan.workspaces.items():
            then = self.saved.plan.workspaces.get(name)
            if not now.problems and (now.todo or (then and then.todo)):
                changes = tuple(self._shown(change) for change in now.changes)
                access = replace(now.access, role_arn=str(self.redact(now.access.role_arn)))
                yield name, replace(now, changes=changes, access=access)

    def _shown(self, change: Change) -> Change:
        name, before, after = self.redact([change.name, dict(change.before), dict(change.after)])
        return replace(change, name=name, before=before, after=after)

    def _own(self, then: WorkspacePlan | None, now: WorkspacePlan) -> tuple[Finding, ...]:
        """Return why a workspace is refused for what it does not share."""
        if then is None or then.problems:
            return (self._not_approved(then),) if now.todo else ()
        old, new = _connection(then), _connection(now)
        moves = list(place_moves(then, now)) or [
            *id_moves(new, connection_id(then), connection_id(now)),
            *change_moves(old, new, Circumstances(self._has_same_settings(now.name))),
        ]
        return self._findings(moves)

    def _shared(self, then: WorkspacePlan, now: WorkspacePlan) -> tuple[Finding, ...]:
        """Return why a workspace is refused for what lets Fivetran read its bucket."""
        connection = _connection(now)
        is_gone = connection is not None and connection.reason is ChangeReason.GONE
        known = Circumstances(self._has_same_settings(now.name), self._leaving, is_gone)
        old, new = ({change.kind: change for change in plan.changes} for plan in (then, now))
        moves = [move for kind in ACCESS_KINDS for move in change_moves(old.get(kind), new.get(kind), known)]
        return self._findings(moves)

    def _has_same_settings(self, name: str) -> bool:
        return fingerprint(self.redact(dict(self.settings.get(name, {})))) == self.saved.settings.get(name)

    def _findings(self, moves: list[Move]) -> tuple[Finding, ...]:
        if not moves:
            return ()
        told = "; ".join(move.text for move in moves[:_MOST_TOLD])
        more = f"; and {len(moves) - _MOST_TOLD} more" if len(moves) > _MOST_TOLD else ""
        message = f"Not as in the plan of {self.when}: {sentence(told + more)}"
        return (Finding(STEP, "error", MOVED, message, REMEDY, field=moves[0].field),)

    def _not_approved(self, then: WorkspacePlan | None) -> Finding:
        if then is None:
            message = f"The plan of {self.when} does not have it: it is new, or --limit had left it out."
            return Finding(STEP, "error", NOT_APPROVED, message, NEW_PLAN)
        first = then.problems[0]
        message = f"The plan of {self.when} had refused it, so that nothing of it was approved: {first.message}"
        return Finding(STEP, "error", NOT_APPROVED, message, NEW_PLAN, field=first.field)

    def _with_what_came_up(self, name: str, now: WorkspacePlan) -> WorkspacePlan:
        """Say of a problem that it has come up since."""
        then = self.saved.plan.workspaces.get(name)
        is_told = any(one.code in (MOVED, NOT_APPROVED, *_OF_A_STEP) for one in now.problems)
        if then is None or then.problems or not now.problems or is_told:
            return now
        first = now.problems[0]
        message = f"That was not so in the plan of {self.when}."
        came_up = Finding(STEP, "error", MOVED, message, "Put it back, or make a new plan.", field=first.field)
        return replace(now, problems=(*now.problems, came_up))


def _connection(plan: WorkspacePlan) -> Change | None:
    return next((change for change in plan.changes if change.kind == "connection"), None)
