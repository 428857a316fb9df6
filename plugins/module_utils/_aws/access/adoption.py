# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about a role that somebody else has made, by what Fivetran can do through it. Pure functions.

What suffices is adopted as it is, and nothing is written. What does not is refused with what is missing; ``adopt`` adds
that beside what is there, and never takes anything away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from ..._bucket.effect import Answer, Effect, Reason
from ..._bucket.finding import Finding
from ..effect.effect import BucketAccess, Document, RolePermissions, may_assume, may_read, missing, trust_width
from ..simulation import DENIES, NOT_ASKED, Simulated, can_outweigh, is_simulated, weighed
from .documents import JsonObject, bucket_policy_title, granted_buckets, listed, same_document
from .explanation import own_decryption, role_after, trust_title, wider
from .model import NOTHING, TAG, Actual, ActualPolicy, ActualRole, Desired, Judgement, Place, Plan, Step, tag_value

# So many reasons are told of one answer.
MOST_REASONS = 5
ADOPT = "s3_access_adopt: true"


def trust_effect(desired: Desired, role: ActualRole) -> Effect:
    """Return whether Fivetran may assume the role with the External ID."""
    return may_assume(_trust(role), desired.caller)


def _trust(role: ActualRole) -> Document:
    return Document(trust_title(role.name), role.trust)


def told(reasons: Iterable[Reason]) -> str:
    """Return reasons as a part of a sentence."""
    texts = list(dict.fromkeys(reason.text for reason in reasons))
    more = [f"and {len(texts) - MOST_REASONS} more"] if len(texts) > MOST_REASONS else []
    return "; ".join([*texts[:MOST_REASONS], *more])


def reach(session: RolePermissions, place: Place, policies: Mapping[str, Document]) -> Effect:
    """Return whether Fivetran may read the place through a session of a role; ``policies``: of buckets, by name."""
    return may_read(session, BucketAccess(place.bucket, place.prefix, policy=policies.get(place.bucket)))


def may_decrypt(session: RolePermissions, key_arn: str) -> bool:
    """Tell whether the role's own policies let it decrypt, if the key's policy leaves that to them, as AWS makes it."""
    return own_decryption(session, key_arn).answer is Answer.YES


def with_evidence(
    plan: Callable[..., Plan],
    policies: Callable[[], Mapping[str, Document]],
    simulated: Callable[[list[Place]], Simulated],
) -> Plan:
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


def in_doubt(plan: Plan) -> list[Place]:
    """Return the places of which AWS's simulation may know better: it judges a role as it is now."""
    if plan.changes_permissions:
        return []
    return [place for place, judgement in plan.places.items() if can_outweigh(judgement.effect, place)]


def can_be_added(effect: Effect) -> bool:
    """Tell whether a further Allow in the role's permissions would turn a "no" into a "yes"."""
    return effect.answer is Answer.NO and not denials(effect)


# What no Allow in the role's own permissions outweighs.
_DENIED = frozenset({"denied", "denied_in_part", "not_in_boundary", "not_in_resource_policy", DENIES})


def denials(effect: Effect) -> list[Reason]:
    """Return what forbids something, whatever else the role's permissions allow."""
    return [reason for reason in effect.reasons if reason.code in _DENIED]


def _is_of_the_bucket(reason: Reason, place: Place) -> bool:
    """Tell whether the policy of the bucket decides, which the preflight of the bucket tells."""
    return reason.where == bucket_policy_title(place.bucket)


# A role that the user names by its ARN


LEAVE_OUT = "or leave s3_access_role_arn out to have a role made"


def plan_given(
    desired: Desired,
    role: ActualRole | Reason | None,
    arn: str,
    places: Collection[Place],
    *,
    policies: Mapping[str, Document],
    simulated: Simulated = NOT_ASKED,
) -> Plan:
    """Judge a role that is somebody else's by order of the user. There is nothing to do about it.

    ``role``: None if there is none, a reason if it cannot be looked at. ``simulated``: what AWS itself says of it.
    """
    if role is None:
        finding = Finding(
            "error", "role_not_found", f"There is no IAM role {arn}.", f"Correct s3_access_role_arn, {LEAVE_OUT}."
        )
        return Plan(NOTHING, NOTHING, (finding,), foreign=True)
    if isinstance(role, Reason):
        unknown = Effect(Answer.UNKNOWN, (role,))
        return Plan(
            NOTHING, NOTHING, trust=unknown, places={place: Judgement(unknown) for place in places}, foreign=True
        )
    trust = trust_effect(desired, role)
    effects = _effects(role, places, policies, simulated)
    judged = {place: _judged(role, place, effect, LEAVE_OUT) for place, effect in effects.items()}
    refusals = tuple(_trust_findings(desired, role, trust, LEAVE_OUT))
    width = None if refusals else _width(desired, role, judged)
    return Plan(
        NOTHING, NOTHING, findings=(*refusals, *_told_of_width(desired, role, width)), trust=trust, places=judged,
        foreign=True, wider=width,
    )  # fmt: skip


# A role that is there under the name


def plan_beside(
    desired: Desired,
    actual: Actual,
    role: ActualRole,
    *,
    adopt: bool,
    places: Collection[Place],
    policies: Mapping[str, Document],
    simulated: Simulated,
) -> Plan:
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
    judged = {place: _judged(role, place, effect, way_out) for place, effect in effects.items()}
    width = _width(desired, role, judged)
    before, after = _role_difference(desired, actual, role, adds=adds, trust=trust_step, adopt=adopt)
    return Plan(
        policy=policy_step,
        role=Step("update", before, after) if after else NOTHING,
        findings=(
            *policy_findings,
            *(() if trust_step else _trust_findings(desired, role, trust, way_out)),
            *_told_of_width(desired, role, width),
            *(() if adopt else _left_alone(desired, role)),
        ),
        trust=trust_effect(desired, replace(role, trust=trust_step)) if trust_step else trust,
        places=judged,
        foreign=True,
        wider=width,
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
    desired: Desired, actual: Actual, role: ActualRole, *, adds: bool, trust: JsonObject | None, adopt: bool
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


def _attributes(desired: Desired) -> Mapping[str, object]:
    return {
        "max_session_duration": desired.max_session_duration,
        "permissions_boundary": desired.permissions_boundary,
    }


def policy_beside(desired: Desired, policy: ActualPolicy | None, *, adopt: bool) -> tuple[Step, tuple[Finding, ...]]:
    """Return what makes a policy under the name let the role read, and why that must not be.

    Somebody else's keeps every statement that it has; it is given ours beside them when it may be.
    """
    wanted = desired.permissions
    if policy is None:
        return Step("create", {}, {"document": wanted, "tags": desired.all_tags}), ()
    if same_document(policy.document, wanted):
        return NOTHING, ()
    owner = policy.tags.get(TAG)
    if owner is not None and owner != tag_value(desired.external_id):
        return NOTHING, (policy_of_another_group(policy, owner),)
    after = wanted if owner is not None else extended(policy.document, wanted)
    if owner is None and not adopt:
        return NOTHING, (foreign_policy(desired, policy),)
    return Step("update", {"document": policy.document}, {"document": after}), ()


def policy_of_another_group(policy: ActualPolicy, owner: str) -> Finding:
    """Return why a policy that was made for another External ID is not written."""
    return Finding(
        "error", "policy_of_another_group", f"The IAM policy {policy.arn} was made for the External ID {owner}.",
        "Give each Fivetran group names of its own in s3_access_policy_name and s3_access_role_name.",
    )  # fmt: skip


def foreign_policy(desired: Desired, policy: ActualPolicy) -> Finding:
    """Return why somebody else's policy is not written, with what it grants and what it lacks."""
    grants = granted_buckets(policy.document)
    return Finding(
        "error", "foreign_policy",
        f"The IAM policy {policy.arn} was made by somebody else and does not let Fivetran read all of"
        f" {', '.join(desired.reading.buckets)}. It speaks of {', '.join(grants) if grants else 'no bucket'}.",
        "Choose another s3_access_policy_name, or let what is missing be added beside what it says with"
        f" {ADOPT}: {statements(desired.permissions)}",
    )  # fmt: skip


def statements(document: Mapping[str, object]) -> str:
    """Return the statements of a document as a person pastes them."""
    return " ".join(json.dumps(statement) for statement in listed(document.get("Statement")))


# What a person has to know


def _trust_findings(desired: Desired, role: ActualRole, trust: Effect, way_out: str) -> Iterator[Finding]:
    what = f"The IAM role {role.arn} was made by somebody else"
    if trust.answer is Answer.NO:
        also = told(trust_width(_trust(role), desired.caller))
        fix = "Change that statement" if denials(trust) else f"Add to its trust policy: {statements(desired.trust)}"
        yield Finding(
            "error", "foreign_role",
            f"{what}, and Fivetran may not assume it with the External ID {desired.external_id}: {told(trust.reasons)}."
            + (f" Beside that: {also}." if also else ""),
            f"{fix}, {way_out}.",
        )  # fmt: skip


def _judged(role: ActualRole, place: Place, effect: Effect, way_out: str) -> Judgement:
    return Judgement(effect, tuple(_place_findings(role, place, effect, way_out)))


def _place_findings(role: ActualRole, place: Place, effect: Effect, way_out: str) -> Iterator[Finding]:
    if effect.answer is not Answer.NO:
        return
    forbidden = denials(effect)
    if forbidden:
        if not all(_is_of_the_bucket(reason, place) for reason in forbidden):
            yield access_denied(role.arn, place, effect)
        return
    lacking = missing(effect, role.session(), BucketAccess(place.bucket, place.prefix))
    add = " ".join(json.dumps(statement) for statements_ in lacking.values() for statement in statements_)
    buckets = sorted({name for document in role.documents for name in _speaks_of(document)})
    yield Finding(
        "error", "role_too_narrow",
        f"Fivetran cannot read {place} through the IAM role {role.arn}, which somebody else has made:"
        f" {told(effect.reasons)}." + (f" Its policies speak of {', '.join(buckets)}." if buckets else ""),
        f"Add to its permissions: {add}; {way_out}.",
    )  # fmt: skip


def _speaks_of(document: Document) -> list[str]:
    content = document.content or {}
    # What is no list of statements, or one that is none, is told by the judgement.
    said = [one for one in listed(content.get("Statement")) if isinstance(one, Mapping)]
    return granted_buckets({"Statement": said})


def access_denied(role_arn: str, place: Place, effect: Effect) -> Finding:
    """Return that something forbids Fivetran to read, whatever is allowed elsewhere."""
    return Finding(
        "error", "access_denied",
        f"Fivetran may not read {place} through the IAM role {role_arn}: {told(_why_denied(effect))}.",
        "Nothing that is added elsewhere outweighs that: change it there.",
    )  # fmt: skip


def _why_denied(effect: Effect) -> Iterable[Reason]:
    """Return what forbids it; AWS does not say which statement, so that what we could not tell stands beside."""
    return effect.reasons if is_simulated(effect) else denials(effect) or effect.reasons


# Anybody who finds out the role's ARN reads the bucket.
_TOO_OPEN = frozenset({"no_external_id", "any_principal"})


def _width(desired: Desired, role: ActualRole, judged: Mapping[Place, Judgement]) -> tuple[Reason, ...] | None:
    """Return of a role that suffices what is wider than needed."""
    if any(judgement.findings for judgement in judged.values()):
        return None
    return wider(role.session(), _trust(role), desired.caller, judged)


def _told_of_width(desired: Desired, role: ActualRole, width: Iterable[Reason] | None) -> Iterator[Finding]:
    """Say what is wider than needed, in one line, and in another what is too open."""
    reasons = list(width or ())
    open_ = [reason for reason in reasons if reason.code in _TOO_OPEN]
    if open_:
        yield Finding(
            "warning", "trust_too_open",
            f"Others than this Fivetran group can read through the IAM role {role.arn}: {told(open_)}.",
            f"Let its trust policy say {statements(desired.trust)}",
        )  # fmt: skip
    others = [reason for reason in reasons if reason not in open_]
    if others:
        yield Finding(
            "info", "wider_than_needed",
            f"The IAM role {role.arn}, which somebody else has made, allows more than Fivetran needs: {told(others)}."
            " It stays as it is.",
            "Check that this is intended.",
        )  # fmt: skip


def _left_alone(desired: Desired, role: ActualRole) -> Iterator[Finding]:
    """Say which settings are not brought about, because the role is somebody else's."""
    differing = [
        f"s3_access_{name} is {wanted!r} and the role has {getattr(role, name)!r}"
        for name, wanted in _attributes(desired).items()
        if wanted is not None and wanted != getattr(role, name)
    ]
    if differing:
        yield Finding(
            "info", "settings_left_alone",
            f"The IAM role {role.arn} was made by somebody else and stays as it is: {'; '.join(differing)}.",
            f"Leave the settings out, or let them be written with {ADOPT}.",
        )  # fmt: skip
