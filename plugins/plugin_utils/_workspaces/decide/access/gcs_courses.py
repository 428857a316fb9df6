# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what happens to the grant of a workspace that is brought to its state, out of what Fivetran may do now."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from .....module_utils._bucket.effect import Answer
from .....module_utils._fivetran.client import JsonObject
from .....module_utils._google.effect.decision import Decision, decide
from .....module_utils._google.effect.effect import HeldAccess, because, too_narrow
from .....module_utils._google.effect.question import VIEWER
from .....module_utils._google.policy import Grant, same_member
from .....module_utils._google.preflight import Wish, gcs_findings
from ...look.proof import proof, proved
from ...model.plan import Action
from ..drafts import Draft, Situation
from .gcs_grant import Prepared, is_connected, is_managed, note_grant


def bring(situation: Situation, known: Prepared) -> Grant | None:
    """Note what happens to the grant of one workspace; return the grant if there is something to do."""
    _preflight(known)
    if known.bucket.policy is None:
        return None
    note, held = _course(situation, known, known.bucket.policy)
    if note in (_add, _stays):
        _tell_what_the_role_lacks(known, known.bucket.policy, is_new=note is _add)
    note(known, held)
    return known.wanted if note is _add else None


# Notes what happens to a grant, out of what is known and of what Fivetran may do now.
Note = Callable[[Prepared, HeldAccess], None]


def _course(situation: Situation, known: Prepared, policy: JsonObject) -> tuple[Note, HeldAccess]:
    """Return what happens, and what Fivetran may do now."""
    draft = known.draft
    place = known.bucket.name, draft.settings.prefix
    decision, held = decide(
        policy,
        known.wanted,
        *place,
        now=datetime.now(UTC),
        connected=is_connected(draft),
        permissions_of=known.allowed,
    )
    if decision is Decision.THERE:
        return _stays, held
    if not is_managed(draft):
        return _MANAGED_BY_OTHERS[held.effect.answer], held
    if draft.settings.roles["gcs_access"]["sufficient"] == "exact":
        return _add, held
    if situation.purpose.tells_findings and decision in (Decision.ADD, Decision.ASK):
        return _found(draft, held), held
    return _COURSES[decision], held


def _found(draft: Draft, held: HeldAccess) -> Note:
    """Return what is told of a grant that is not there: what is unknown, or out of sight, is not called missing."""
    if held.effect.answer is Answer.UNKNOWN:
        return _trust
    return _not_visible if held.effect.answer is Answer.NO and is_connected(draft) else _add


def _preflight(known: Prepared) -> None:
    draft = known.draft
    preflight = draft.settings.roles["gcs_access"]["preflight"]
    wish = Wish(member=known.wanted.member, conditional=known.wanted.condition is not None and is_managed(draft))
    for finding in gcs_findings(known.bucket, wish):
        # Without a bucket there is nothing to grant, whatever is looked at before.
        stops = finding.severity == "error" and (preflight == "fail" or finding.code == "bucket_missing")
        if stops or preflight != "ignore":
            is_softened = finding.severity == "error" and not stops
            draft.found(replace(finding, severity="warning") if is_softened else finding)


def _tell_what_the_role_lacks(known: Prepared, policy: JsonObject, *, is_new: bool) -> None:
    """Tell that the role of the settings does not let Fivetran read, before it is granted in vain."""
    draft = known.draft
    preflight = draft.settings.roles["gcs_access"]["preflight"]
    place = known.bucket.name, draft.settings.prefix
    lacking = too_narrow(policy, known.wanted, *place, now=datetime.now(UTC), permissions_of=known.allowed)
    if not lacking or preflight == "ignore":
        return
    message = f"gcs_access_role: {lacking}, so that Fivetran may not read {known.place}."
    remedy = f"Add that to the role, or set gcs_access_role: {VIEWER}."
    if preflight == "fail" and is_new and not is_connected(draft):
        remedy = f"{remedy} If it is granted on the project, set gcs_access_preflight: warn."
        draft.problem("access", "grant_too_narrow", message, remedy)
    else:
        draft.warning("access", "grant_too_narrow", message, remedy)


def _add(known: Prepared, _held: HeldAccess) -> None:
    note_grant(known, known.wanted, Action.CREATE, after=(known.wanted.line(),))


def _stays(known: Prepared, _held: HeldAccess) -> None:
    note_grant(known, known.wanted, Action.NONE)


def _adopt(known: Prepared, held: HeldAccess) -> None:
    """Note that something else suffices."""
    message = f"Fivetran may read {known.place} already: {because(held.effect)}. That stays as it is."
    known.draft.notice("access", "info", "grant_adopted", message)
    ending = [reason.text for reason in held.effect.reasons if reason.code == "expires"]
    if ending:
        message = f"What lets Fivetran read {known.place} is for a while only: {'; '.join(ending)}."
        known.draft.warning("access", "grant_expires", message, "Prolong it, or grant it for good, before it ends.")
    note_grant(known, _closest(known, held), Action.NONE)


def _closest(known: Prepared, held: HeldAccess) -> Grant:
    """Return which of the grants that an answer rests on is told: rather the service account's own."""
    return min(held.by, key=lambda grant: not same_member(grant.member, known.wanted.member))


def _trust(known: Prepared, held: HeldAccess) -> None:
    """Note that nobody can tell from here."""
    by = proof(known.draft.own_row)
    who = proved("it can", by) if by else ""
    message = f"Whether Fivetran may read {known.place} cannot be told from here: {because(held.effect)}."
    known.draft.unverified.append(f"{message} {who}".strip())
    known.draft.notice("access", "info", "grant_undecided", message, who)
    note_grant(known, _closest(known, held), Action.NONE)


def _ask(known: Prepared, held: HeldAccess) -> None:
    """Note that a person has to decide, because the grant may give more than somebody has decided."""
    own = [grant for grant in held.by if same_member(grant.member, known.wanted.member)]
    roles = [grant.role for grant in own if grant.condition is None]
    role = f", or gcs_access_role: {roles[0]}, with which offboarding takes it away" if roles else ""
    narrow = " To grant the folder only, set gcs_access_scope: prefix." if known.draft.settings.prefix else ""
    known.draft.problem(
        "access",
        "grant_undecided",
        f"Whether Fivetran may read {known.place} cannot be told from here: {because(held.effect)}.",
        f"To rely on what is there, set gcs_access_manage: false{role}.{narrow} To grant {known.wanted.role} on the"
        " whole bucket beside it, set gcs_access_sufficient: exact. Nothing was changed.",
    )


def _not_visible(known: Prepared, held: HeldAccess) -> None:
    """Note that there is no grant, while Fivetran says that it can read: it may be granted where nobody sees it."""
    known.draft.notice(
        "access",
        "error",
        "grant_not_visible",
        f"The grant of {known.wanted.role} on gs://{known.bucket.name} is not visible from here:"
        f" {because(held.effect)}. Fivetran said when it looked last that the connection is connected.",
        "If it is granted on the project, set gcs_access_manage: false. If not, run onboard.yml.",
        field="grant",
    )
    note_grant(known, known.wanted, Action.NONE, is_there=False)


def _of_somebody_else(known: Prepared, held: HeldAccess) -> None:
    """Note that nothing can be seen of a grant that is somebody else's."""
    draft, preflight = known.draft, known.draft.settings.roles["gcs_access"]["preflight"]
    message = (
        f"gcs_access_manage: the grant on gs://{known.bucket.name} is somebody else's, and it is not visible from here:"
        f" {because(held.effect)}."
    )
    remedy = f"Have {VIEWER} granted to {known.wanted.member}, or set gcs_access_manage: true."
    if preflight == "fail" and not is_connected(draft):
        remedy = f"{remedy} If it is granted on the project, set gcs_access_preflight: warn."
        draft.problem("access", "grant_not_visible", message, remedy)
    elif preflight != "ignore":
        draft.warning("access", "grant_not_visible", message, remedy)


_COURSES: Mapping[Decision, Note] = {
    Decision.THERE: _stays,
    Decision.ADOPT: _adopt,
    Decision.TRUST: _trust,
    Decision.ADD: _add,
    Decision.ASK: _ask,
}


_MANAGED_BY_OTHERS: Mapping[Answer, Note] = {
    Answer.YES: _adopt,
    Answer.UNKNOWN: _trust,
    Answer.NO: _of_somebody_else,
}
