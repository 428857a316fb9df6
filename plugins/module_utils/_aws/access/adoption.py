# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about a role that somebody else has made, by what Fivetran can do through it. Pure functions.

What suffices is adopted as it is, and nothing is written. What does not is refused with what is missing; ``adopt`` adds
that beside what is there, and never takes anything away.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from ..._bucket.effect import Answer, Effect, Reason
from ..._kernel.finding import ACCESS, Finding
from ..effect.effect import BucketAccess, Document, RolePermissions, may_assume, may_read
from ..simulation import NOT_ASKED, Simulated, can_outweigh, weighed
from .documents import JsonObject, buckets_spoken_of, listed, same_document
from .explanation import own_decryption, role_after
from .model import (
    NOTHING,
    TAG,
    AccessPlan,
    AccessStep,
    Actual,
    ActualPolicy,
    ActualRole,
    DesiredAccess,
    Place,
    PlaceJudgement,
    tag_value,
)
from .told import denials, judge_place, statements, told_of_width, trust_document, trust_findings, width

ADOPT = "s3_access_adopt: true"


def trust_effect(desired: DesiredAccess, role: ActualRole) -> Effect:
    """Return whether Fivetran may assume the role with the External ID."""
    return may_assume(trust_document(role), desired.caller)


def reach(session: RolePermissions, place: Place, policies: Mapping[str, Document]) -> Effect:
    """Return whether Fivetran may read the place through a session of a role; ``policies``: of buckets, by name."""
    return may_read(session, BucketAccess(place.bucket, place.prefix, policy=policies.get(place.bucket)))


def may_decrypt(session: RolePermissions, key_arn: str) -> bool:
    """Tell whether the role's own policies let it decrypt, if the key's policy leaves that to them, as AWS makes it."""
    return own_decryption(session, key_arn).answer is Answer.YES


def with_evidence(
    plan: Callable[..., AccessPlan],
    policies: Callable[[], Mapping[str, Document]],
    simulated: Callable[[list[Place]], Simulated],
) -> AccessPlan:
    """Return what ``plan`` makes of the role alone; where that does not decide, of more.

    That is the policies of the buckets, and then what AWS's own simulation says of places that still are in doubt.
    """
    known: Mapping[str, Document] = {}
    made = plan(policies=known)
    if made.foreign and any(judgement.effect.answer is not Answer.YES for judgement in made.places.values()):
        known = policies()
        made = plan(policies=known)
    doubtful = in_doubt(made)
    said = simulated(doubtful) if doubtful else NOT_ASKED
    return plan(policies=known, simulated=said) if said else made


def in_doubt(plan: AccessPlan) -> list[Place]:
    """Return the places of which AWS's simulation may know better: it judges a role as it is now."""
    if plan.changes_permissions:
        return []
    return [place for place, judgement in plan.places.items() if can_outweigh(judgement.effect, place)]


def can_be_added(effect: Effect) -> bool:
    """Tell whether a further Allow in the role's permissions would turn a "no" into a "yes"."""
    return effect.answer is Answer.NO and not denials(effect)


# A role that the user names by its ARN


LEAVE_OUT = "or leave s3_access_role_arn out to have a role made"


def plan_given(
    desired: DesiredAccess,
    role: ActualRole | Reason | None,
    arn: str,
    places: Collection[Place],
    *,
    policies: Mapping[str, Document],
    simulated: Simulated = NOT_ASKED,
) -> AccessPlan:
    """Judge a role that is somebody else's by order of the user. There is nothing to do about it.

    ``role``: None if there is none, a reason if it cannot be looked at. ``simulated``: what AWS itself says of it.
    """
    if role is None:
        finding = Finding(
            ACCESS,
            "error",
            "role_not_found",
            f"There is no IAM role {arn}.",
            f"Correct s3_access_role_arn, {LEAVE_OUT}.",
        )
        return AccessPlan(NOTHING, NOTHING, (finding,), foreign=True)
    if isinstance(role, Reason):
        unknown = Effect(Answer.UNKNOWN, (role,))
        return AccessPlan(
            NOTHING, NOTHING, trust=unknown, places={place: PlaceJudgement(unknown) for place in places}, foreign=True
        )
    trust = trust_effect(desired, role)
    effects = _effects(role, places, policies, simulated)
    judged = {place: judge_place(role, place, effect, LEAVE_OUT) for place, effect in effects.items()}
    refusals = tuple(trust_findings(desired, role, trust, LEAVE_OUT))
    wider = None if refusals else width(desired, role, judged)
    return AccessPlan(
        NOTHING, NOTHING, findings=(*refusals, *told_of_width(desired, role, wider)), trust=trust, places=judged,
        foreign=True, wider=wider,
    )  # fmt: skip


# A role that is there under the name


def plan_beside(
    desired: DesiredAccess,
    actual: Actual,
    role: ActualRole,
    *,
    adopt: bool,
    places: Collection[Place],
    policies: Mapping[str, Document],
    simulated: Simulated,
) -> AccessPlan:
    """Return what lets Fivetran read ``places`` through somebody else's role; mostly nothing."""
    trust = trust_effect(desired, role)
    effects = _effects(role, places, policies, simulated)
    trust_step = extended(role.trust, desired.trust) if adopt and _can_be_trusted(trust) else None
    adds = adopt and any(can_be_added(effect) for effect in effects.values())
    policy_step, policy_findings = policy_beside(desired, actual.policy, adopt=True) if adds else (NOTHING, ())
    way_out = f"let it be added with {ADOPT}, or choose another s3_access_role_name"
    if adds:
        # What AWS says is true of the role as it is, and no longer of what it will be.
        boundary = role.boundary if desired.permissions_boundary is None else actual.boundary
        changed = role_after(desired, actual, policy_step, attaches=True, boundary=boundary)
        effects = _effects(changed, places, policies, NOT_ASKED)
    judged = {place: judge_place(role, place, effect, way_out) for place, effect in effects.items()}
    wider = width(desired, role, judged)
    before, after = _role_difference(desired, actual, role, adds=adds, trust=trust_step, adopt=adopt)
    return AccessPlan(
        policy=policy_step,
        role=AccessStep("update", before, after) if after else NOTHING,
        findings=(
            *policy_findings,
            *(() if trust_step else trust_findings(desired, role, trust, way_out)),
            *told_of_width(desired, role, wider),
            *(() if adopt else _left_alone(desired, role)),
        ),
        trust=trust_effect(desired, replace(role, trust=trust_step)) if trust_step else trust,
        places=judged,
        foreign=True,
        wider=wider,
    )


def _effects(
    role: ActualRole, places: Iterable[Place], policies: Mapping[str, Document], simulated: Simulated
) -> dict[Place, Effect]:
    session = role.session()
    return {place: weighed(reach(session, place, policies), place, simulated) for place in places}


def _can_be_trusted(trust: Effect) -> bool:
    return trust.answer is Answer.NO and not denials(trust)


def extended(document: Mapping[str, object], more: Mapping[str, object]) -> JsonObject:
    """Return a document with the statements of another one that it does not hold yet; Sids stay unique."""
    statements = [dict(statement) for statement in listed(document.get("Statement"))]
    sids = {statement.get("Sid") for statement in statements}
    for statement in listed(more.get("Statement")):
        new = dict(statement)
        if new.get("Sid") in sids:
            del new["Sid"]
        statements.append(new)
    return {**document, "Statement": statements}


def _role_difference(
    desired: DesiredAccess, actual: Actual, role: ActualRole, *, adds: bool, trust: JsonObject | None, adopt: bool
) -> tuple[JsonObject, JsonObject]:
    """Return what of the role differs from what is to be, before and after."""
    before: JsonObject = {}
    after: JsonObject = {}
    if trust is not None:
        before["trust"], after["trust"] = role.trust, trust
    policy_arn = actual.policy_arn(desired)
    if adds and policy_arn not in role.attached_policies:
        before["policy"], after["policy"] = None, policy_arn
    if adopt:
        for name, wanted in _attributes(desired).items():
            if wanted is not None and wanted != getattr(role, name):
                before[name], after[name] = getattr(role, name), wanted
    return before, after


def _attributes(desired: DesiredAccess) -> Mapping[str, object]:
    return {
        "max_session_duration": desired.max_session_duration,
        "permissions_boundary": desired.permissions_boundary,
    }


def policy_beside(
    desired: DesiredAccess, policy: ActualPolicy | None, *, adopt: bool
) -> tuple[AccessStep, tuple[Finding, ...]]:
    """Return what makes a policy under the name let the role read, and why that must not be.

    Somebody else's keeps every statement that it has; it is given ours beside them when it may be.
    """
    wanted = desired.permissions
    if policy is None:
        return AccessStep("create", {}, {"document": wanted, "tags": desired.all_tags}), ()
    if same_document(policy.document, wanted):
        return NOTHING, ()
    owner = policy.tags.get(TAG)
    if owner is not None and owner != tag_value(desired.external_id):
        return NOTHING, (policy_of_another_group(policy, owner),)
    after = wanted if owner is not None else extended(policy.document, wanted)
    if owner is None and not adopt:
        return NOTHING, (foreign_policy(desired, policy),)
    return AccessStep("update", {"document": policy.document}, {"document": after}), ()


def policy_of_another_group(policy: ActualPolicy, owner: str) -> Finding:
    """Return why a policy that was made for another External ID is not written."""
    return Finding(
        ACCESS, "error", "policy_of_another_group",
        f"The IAM policy {policy.arn} was made for the External ID {owner}.",
        "Give each Fivetran group names of its own in s3_access_policy_name and s3_access_role_name.",
    )  # fmt: skip


def foreign_policy(desired: DesiredAccess, policy: ActualPolicy) -> Finding:
    """Return why somebody else's policy is not written, with what it grants and what it lacks."""
    named = buckets_spoken_of(policy.document)
    return Finding(
        ACCESS, "error", "foreign_policy",
        f"The IAM policy {policy.arn} was made by somebody else and does not let Fivetran read all of"
        f" {', '.join(desired.reading.buckets)}. It speaks of {', '.join(named) if named else 'no bucket'}.",
        "Choose another s3_access_policy_name, or let what is missing be added beside what it says with"
        f" {ADOPT}: {statements(desired.permissions)}",
    )  # fmt: skip


# What a person has to know


def _left_alone(desired: DesiredAccess, role: ActualRole) -> Iterator[Finding]:
    """Say which settings are not brought about, because the role is somebody else's."""
    differing = [
        f"s3_access_{name} is {wanted!r} and the role has {getattr(role, name)!r}"
        for name, wanted in _attributes(desired).items()
        if wanted is not None and wanted != getattr(role, name)
    ]
    if differing:
        yield Finding(
            ACCESS, "info", "settings_left_alone",
            f"The IAM role {role.arn} was made by somebody else and stays as it is: {'; '.join(differing)}.",
            f"Leave the settings out, or let them be written with {ADOPT}.",
        )  # fmt: skip
