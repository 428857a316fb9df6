# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran may do through a role, once a plan is carried out, for a person who approves it. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from ..._bucket.effect import Answer, Effect, Reason, all_of
from ..effect.bucket import BucketAccess, BucketReading
from ..effect.effect import Caller, Document, RolePermissions, is_wider, may_do, may_read, trust_width
from ..iam import policy_title
from .documents import JsonObject
from .model import AccessPlan, AccessStep, Actual, ActualRole, DesiredAccess, Place

_POLICY_OF_THE_KEY = "the policy of the key"


def role_after(
    desired: DesiredAccess, actual: Actual, policy: AccessStep, *, attaches: bool, boundary: Document | None
) -> ActualRole:
    """Return the role as it is once the policy is brought to its state and, with ``attaches``, attached to it."""
    arn = actual.policy_arn(desired)
    role = actual.role or ActualRole(arn=desired.role_arn, trust=desired.trust, tags={})
    if not attaches:
        return replace(role, boundary=boundary)
    content = policy.after.get("document") or (actual.policy.document if actual.policy else desired.permissions)
    others = tuple(document for document in role.documents if document.name != policy_title(arn))
    return replace(role, documents=(Document(policy_title(arn), content), *others), boundary=boundary)


def trust_title(role_name: str) -> str:
    """Return what the trust policy of a role is called."""
    return f"the trust policy of the role {role_name}"


def wider(
    session: RolePermissions, trust: Document, caller: Caller, places: Iterable[Place], key_arns: Sequence[str] = ()
) -> tuple[Reason, ...]:
    """Return what trust policy and session allow beside reading ``places``: informative, it may all be meant."""
    wanted = list(places)
    buckets = {f"arn:aws:s3:::{place.bucket}" for place in wanted}
    found = [*trust_width(trust, caller)]
    for place in wanted:
        access = BucketAccess(place.bucket, place.prefix, kms_key_arn=next(iter(key_arns), ""))
        found += [
            reason
            for reason in is_wider(session, access)
            if reason.code != "other_bucket" or reason.resource not in buckets
        ]
    return tuple(dict.fromkeys(found))


def own_decryption(session: RolePermissions, key_arn: str) -> Effect:
    """Return whether the role's own policies let it decrypt, if the key's policy leaves that to them."""
    account = session.role_arn.split(":")[4]
    everybody = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    leaves_it = Document(_POLICY_OF_THE_KEY, {"Version": "2012-10-17", "Statement": [everybody]})
    effect = may_do(session, "kms:Decrypt", key_arn, leaves_it)
    return Effect(effect.answer, tuple(reason for reason in effect.reasons if reason.where != _POLICY_OF_THE_KEY))


def _decryption(reading: BucketReading) -> Effect:
    """Return whether the key may be used; the key's own policy is not looked at, so mostly nobody can tell."""
    effect = reading.may_decrypt()
    if effect.answer is not Answer.UNKNOWN:
        return effect
    return Effect(effect.answer, (*own_decryption(reading.role, reading.bucket.kms_key_arn).reasons, *effect.reasons))


def summary(plan: AccessPlan) -> JsonObject:
    """Return the answers that the plan rests on. ``wider`` is null where nobody has looked for it."""
    return {
        "assume_role": plan.trust.as_json() if plan.trust else None,
        "read": {str(place): judgement.effect.as_json() for place, judgement in plan.places.items()},
        "wider": None if plan.wider is None else [reason.as_json() for reason in plan.wider],
    }


def explanation(
    desired: DesiredAccess,
    actual: Actual,
    plan: AccessPlan,
    policies: Mapping[str, Document],
    simulated: Mapping[Place, Effect] = MappingProxyType({}),
) -> JsonObject:
    """Return more than the plan needs: an answer for each thing that reading takes, and what is wider than needed.

    ``policies``: those of the buckets, by name. ``simulated``: AWS's own answers, which outweigh ours. Of a role that
    cannot be looked at there is no more to tell.
    """
    found = summary(plan)
    if not plan.places or (plan.foreign and actual.role is None):
        return found
    role, keys = _role_after(desired, actual, plan), desired.reading.kms_key_arns
    trust = Document(trust_title(role.name), plan.role.after.get("trust", role.trust))
    reasons = wider(role.session(), trust, desired.caller, plan.places, keys)
    read = {str(place): _reading(role.session(), place, policies.get(place.bucket), keys) for place in plan.places}
    for place, effect in simulated.items():
        read[str(place)] |= effect.as_json()
    return {**found, "read": read, "wider": [reason.as_json() for reason in reasons]}


def _role_after(desired: DesiredAccess, actual: Actual, plan: AccessPlan) -> ActualRole:
    if not plan.foreign or actual.role is None:
        return role_after(desired, actual, plan.policy, attaches=True, boundary=actual.boundary)
    is_attached = actual.policy_arn(desired) in actual.role.attached_policies and plan.policy.changed
    boundary = actual.boundary if "permissions_boundary" in plan.role.after else actual.role.boundary
    return role_after(
        desired, actual, plan.policy, attaches="policy" in plan.role.after or is_attached, boundary=boundary
    )


def _reading(session: RolePermissions, place: Place, policy: Document | None, key_arns: Sequence[str]) -> JsonObject:
    """Return whether a session may read a place, and each thing that this takes; ``decrypt`` only with known keys."""
    bucket = BucketAccess(place.bucket, place.prefix, policy)
    whole = may_read(session, bucket)
    if any(reason.code == "access_point" for reason in whole.reasons):
        return whole.as_json()
    reading = BucketReading(session, bucket)
    answers = {
        "list": reading.may_list(),
        "objects": reading.may("s3:GetObject", reading.objects),
        "location": reading.may("s3:GetBucketLocation", reading.arn),
    }
    if key_arns:
        answers["decrypt"] = all_of(
            _decryption(BucketReading(session, replace(bucket, kms_key_arn=arn))) for arn in key_arns
        )
    return {**whole.as_json(), **{name: effect.as_json() for name, effect in answers.items()}}
