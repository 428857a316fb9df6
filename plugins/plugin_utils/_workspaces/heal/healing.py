# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml makes of a plan: what keeps data away, what of that it repairs, and what is left to a person. Pure.

Only what keeps data away counts. What merely differs from the inventory, and what a person has paused, is left alone.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ....module_utils._fivetran.client import JsonObject
from ....module_utils._kernel.errors import InvalidArgument
from ..._words import joined
from ..decide.drafts import Draft, Situation
from ..model.attempts import Attempt, as_text
from ..model.findings import minute
from ..model.healings import Healing, HealRequest, HealState, NamedConnection
from ..model.plan import ACCESS_KINDS, Action, Change, ChangeReason, ConnectionWork, WorkspacePlan
from . import ailments


def wanted_connections(given: Sequence[Mapping[str, Any]] | None) -> tuple[NamedConnection, ...] | None:
    """Return the connections that are asked for, out of onramp_heal_connections.

    :raises InvalidArgument: one of them names no connection.
    """
    if given is None:
        return None
    found = []
    for number, item in enumerate(given, 1):
        names = {name: str(item.get(name) or "") for name in ("group_id", "schema", "connection_id")}
        if not (names["schema"] or names["connection_id"]):
            raise InvalidArgument(
                f"onramp_heal_connections: item {number} needs schema and group_id, or connection_id, as events name a"
                " connection."
            )
        found.append(NamedConnection(**names))
    return tuple(dict.fromkeys(found))


def heal(situation: Situation, drafts: Sequence[Draft], plans: Mapping[str, WorkspacePlan]) -> dict[str, WorkspacePlan]:
    """Return the plans, each with what is done to heal it, and nothing else."""
    known = {draft.name: draft for draft in drafts}
    healed = {name: _healed(situation, known.get(name), plan) for name, plan in plans.items()}
    return _with_makers(healed)


def not_looked_at(plan: WorkspacePlan) -> WorkspacePlan:
    """Return the plan of a workspace that could not be looked at, or whose settings cannot be used."""
    return _only(
        plan, _refused(plan, HealState.NOT_HEALED if "everything" in plan.incomplete else HealState.NEEDS_A_PERSON)
    )


def left_out(name: str) -> WorkspacePlan:
    """Return the plan of a workspace that was not asked for."""
    return WorkspacePlan(name, healing=Healing(HealState.LEFT_OUT, "It is not among onramp_heal_connections."))


def without_workspace(
    request: HealRequest | None, drafts: Iterable[Draft], plans: Iterable[WorkspacePlan]
) -> tuple[NamedConnection, ...]:
    """Return which of the connections that are asked for belong to no workspace of the play."""
    moved = {draft.name: draft.moved for draft in drafts}
    plans = list(plans)
    wanted = (request.connections if request else None) or ()
    return tuple(one for one in wanted if not any(_is_of(one, plan, moved.get(plan.name)) for plan in plans))


def _is_of(one: NamedConnection, plan: WorkspacePlan, moved: JsonObject | None) -> bool:
    """Tell whether a workspace has a connection, in its group or, if it was ``moved``, in that where it is now."""
    row = plan.seen.get("connection") or moved or {}
    if one.connection_id and row.get("id"):
        return bool(one.connection_id == row["id"])
    groups = {plan.group.id if plan.group else "", str((moved or {}).get("group_id") or "")}
    is_group = not one.group_id or one.group_id in groups
    return bool(one.schema) and one.schema == plan.schema and is_group


def _healed(situation: Situation, draft: Draft | None, plan: WorkspacePlan) -> WorkspacePlan:
    if draft is None:
        return not_looked_at(plan)
    request = situation.heal or HealRequest()
    # Of what could not be looked at, nobody knows whether it is asked for.
    is_known = request.connections is not None and plan.group is not None
    if is_known and not any(_is_of(one, plan, draft.moved) for one in request.connections or ()):
        return left_out(plan.name)
    return _only(plan, _healing(situation, draft, plan, request))


def _healing(situation: Situation, draft: Draft, plan: WorkspacePlan, request: HealRequest) -> Healing:
    found = ailments.find(situation, draft)
    if found.not_looked_at and (found.is_broken or draft.own_row is None):
        return _refused(plan, HealState.NOT_HEALED)
    if draft.own_row is None and found.left:
        return Healing(HealState.NEEDS_A_PERSON, found.left[0].text(), left=found.left)
    if draft.own_row is None:
        return Healing(HealState.NOTHING_BROKEN, found.why_alone, notes=found.notes)
    identity = f"{plan.group.id if plan.group else ''}/{plan.schema}"
    does_access = found.access_is_broken and any(change.kind in ACCESS_KINDS for change in plan.todo)
    does_connection = (found.is_broken or does_access) and not found.blocking
    known: dict[str, Any] = {name: getattr(found, name) for name in ("left", "notes", "hints", "cause")}
    known["identity"] = identity
    if found.is_syncing and not does_access and not found.blocking:
        return Healing(HealState.SYNCING, found.syncing, **known)
    if not (does_access or (does_connection and found.is_broken)):
        if found.left:
            return Healing(HealState.NEEDS_A_PERSON, found.left[0].text(), **known)
        return Healing(HealState.NOTHING_BROKEN, found.why_alone, **known)
    known |= {"causes": found.causes}
    last = request.attempts.last(identity, found.cause)
    if last is not None and last.is_within(request.cooldown, situation.now):
        return _cooling_down(last, request, known)
    return Healing(
        HealState.TO_HEAL,
        " ".join(cause.message for cause in found.causes),
        connection=does_connection,
        last_sync_failed=found.last_sync_failed,
        since=found.since,
        **known,
    )


def _cooling_down(last: Attempt, request: HealRequest, known: Mapping[str, Any]) -> Healing:
    again = as_text(last.at + timedelta(seconds=request.cooldown))
    did = joined(last.did) or "nothing that is known"
    ended = f" ({last.message})" if last.message else ""
    message = (
        f"It was tried at {minute(as_text(last.at))}{ended}: it {did}. The cause is the same."
        f" {known['causes'][0].message} It is tried again from {minute(again)} on (onramp_heal_cooldown)."
    )
    return Healing(HealState.COOLING_DOWN, message, again_at=again, tried=last.did, **known)


def _refused(plan: WorkspacePlan, state: HealState) -> Healing:
    message = " ".join(dict.fromkeys(problem.text() for problem in plan.problems)) or "It could not be looked at."
    return Healing(state, message, left=plan.problems)


def _only(plan: WorkspacePlan, healing: Healing) -> WorkspacePlan:
    """Return the plan with what is done, and with what is left to a person where nothing is."""
    changes = tuple(change for change in plan.changes if not change.is_change)
    if healing.state is HealState.TO_HEAL:
        changes += tuple(change for change in plan.todo if change.kind in ACCESS_KINDS)
        changes += (_connection(plan),) if healing.connection else ()
    return replace(
        plan,
        problems=(),
        changes=changes,
        noticed=tuple(finding for finding in plan.noticed if finding.severity != "error"),
        # What keeps no data away is not what this playbook is for.
        warnings=(),
        healing=healing,
    )


def _connection(plan: WorkspacePlan) -> Change:
    """Return what happens to the connection: tested, and of its configuration what differs is sent, and no schedule."""
    planned = next((change for change in plan.changes if change.kind == "connection"), None)
    key_is_good = (plan.seen.get("key") or {}).get("verdict") == "ok"
    work = planned.work if planned and planned.work else ConnectionWork("on_test_failure", "always", None)
    # A key that was not checked is not sent.
    work = replace(work, run_setup_tests="always", update_secrets=work.update_secrets if key_is_good else "never")
    before, after = (_of_config(shown) for shown in ((planned.before, planned.after) if planned else ({}, {})))
    reason = ChangeReason.ROLE_IS_NEW if planned and planned.reason is ChangeReason.ROLE_IS_NEW else ChangeReason.BROKEN
    return Change("connection", plan.schema, Action.UPDATE, reason, before=before, after=after, work=work)


def _of_config(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name.startswith("config.")}


def _with_makers(plans: Mapping[str, WorkspacePlan]) -> dict[str, WorkspacePlan]:
    """Return the plans so that a shared role is brought to its state by one that is healed itself."""
    makers: dict[str, str] = {}
    for name, plan in plans.items():
        if plan.changes_of(*ACCESS_KINDS) and plan.access.maker:
            makers.setdefault(plan.access.maker, name)
    return {name: _made_by(plan, makers) for name, plan in plans.items()}


def _made_by(plan: WorkspacePlan, makers: Mapping[str, str]) -> WorkspacePlan:
    maker = makers.get(plan.access.maker, "") if plan.changes_of(*ACCESS_KINDS) else ""
    made_by = maker if maker != plan.name else ""
    changes = tuple(
        replace(change, made_by=made_by) if change.kind in ACCESS_KINDS and change.is_change else change
        for change in plan.changes
    )
    return replace(plan, access=replace(plan.access, maker=maker), changes=changes)
