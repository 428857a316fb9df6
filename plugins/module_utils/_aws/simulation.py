# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask AWS itself what a role may do, where our own judgement is not "yes" and the credentials may ask.

``iam:SimulatePrincipalPolicy`` knows the role's policies, its boundary and the organization's service control policies.
It knows neither the policy of the bucket nor what a request will hold, and takes a wildcard for a name: an answer of
ours that rests on one of these stands. Of service control policies with conditions it is known to deny what is allowed,
and does not say which keys it lacked: what it says of the organization decides nothing, and is told.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .._bucket.effect import Answer, Effect, Reason
from .._kernel.errors import OnrampError
from .access.documents import JsonObject, bucket_policy_title
from .access.model import Place
from .client import Aws
from .errors import ask

WHERE = "AWS's own simulation"
# What no Allow in the role's own permissions outweighs.
DENIES = "simulated_denied"
ORGANIZATION_DENIES = "organization_denies"
_SIMULATED = frozenset({"simulated", DENIES})
_OUT_OF_ITS_SIGHT = frozenset({
    "access_point", "allowed_in_part", "denied_in_part", "only_bare_prefix", "role_in_another_account",
})  # fmt: skip
_DECISIONS: Mapping[str, Answer] = {"allowed": Answer.YES, "explicitDeny": Answer.NO, "implicitDeny": Answer.NO}


class SimulatedAction(NamedTuple):
    """An action on a resource, and what AWS says of it. ``limit``: ``organization`` or ``boundary`` if one forbids it.

    ``decision``: empty where it rests on what was not told to AWS.
    """

    action: str
    resource: str
    decision: str = ""
    limit: str = ""

    @property
    def answer(self) -> Answer:
        if self.limit == "organization":
            return Answer.UNKNOWN
        return _DECISIONS.get(self.decision, Answer.UNKNOWN)


# What AWS says of a role, by place.
Simulated = Mapping[Place, tuple[SimulatedAction, ...]]
NOT_ASKED: Simulated = MappingProxyType({})


def can_outweigh(effect: Effect, place: Place) -> bool:
    """Tell whether AWS's simulation can know better than our judgement of a place."""
    return effect.answer is not Answer.YES and not any(
        reason.code in _OUT_OF_ITS_SIGHT or (_is_of_the_bucket(reason, place) and reason.code != "unread")
        for reason in effect.reasons
    )


def _is_of_the_bucket(reason: Reason, place: Place) -> bool:
    return reason.where == bucket_policy_title(place.bucket)


def simulate(aws: Aws, role_arn: str, place: Place) -> tuple[SimulatedAction, ...]:
    """Ask AWS whether a role may list a place and read its objects; nothing where it does not tell, for any reason.

    Our own judgement stands then, so that no failure matters.
    """
    bucket = f"arn:{role_arn.split(':')[1]}:s3:::{place.bucket}"
    below = f"{place.prefix}/*" if place.prefix else "*"
    questions = (SimulatedAction("s3:ListBucket", bucket), SimulatedAction("s3:GetObject", f"{bucket}/{below}"))
    try:
        iam, context = aws.client("iam"), _context(place, _region(aws, place.bucket))
        return tuple(_ask(iam, role_arn, question, context) for question in questions)
    except OnrampError:
        return ()


def _region(aws: Aws, bucket: str) -> str:
    """Return the region of a bucket, which organizations ask for; empty where it is not told."""
    try:
        found: str = ask(
            "s3:ListBucket", aws.client("s3").head_bucket,
            lambda answer: str(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", "")), Bucket=bucket,
        )  # fmt: skip
    except OnrampError:
        return ""
    return found


def _context(place: Place, region: str) -> list[JsonObject]:
    """Return what is known of Fivetran's requests; the simulation finds out the rest, or says that it lacks it."""
    prefix = f"{place.prefix}/" if place.prefix else ""
    known = {"aws:RequestedRegion": region, "s3:prefix": prefix}
    strings = [_entry(name, value, "string") for name, value in known.items() if value]
    return [_entry("aws:SecureTransport", "true", "boolean"), *strings]


def _entry(name: str, value: str, kind: str) -> JsonObject:
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}


def _ask(iam: Any, role_arn: str, question: SimulatedAction, context: list[JsonObject]) -> SimulatedAction:
    asked: SimulatedAction = ask(
        "iam:SimulatePrincipalPolicy", iam.simulate_principal_policy,
        lambda answer: question._replace(decision=decision_in(answer), limit=limit_in(answer)),
        PolicySourceArn=role_arn, ActionNames=[question.action], ResourceArns=[question.resource],
        ContextEntries=context,
    )  # fmt: skip
    return asked


def decision_in(answer: Mapping[str, Any]) -> str:
    """Return the decision about the only action and resource; empty if it rests on what was not told to AWS."""
    found = _results(answer)
    if any(one.get("MissingContextValues") for one in found):
        return ""
    specific = {str(one["EvalResourceDecision"]) for one in found[1:]}
    decisions = specific or {str(found[0]["EvalDecision"])}
    return decisions.pop() if len(decisions) == 1 else ""


def limit_in(answer: Mapping[str, Any]) -> str:
    """Return what beside the role's own policies forbids it: ``organization``, ``boundary``, or nothing."""
    for limit, detail, allowed in (
        ("organization", "OrganizationsDecisionDetail", "AllowedByOrganizations"),
        ("boundary", "PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary"),
    ):
        if any((one.get(detail) or {}).get(allowed) is False for one in _results(answer)):
            return limit
    return ""


def _results(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the only result, and what it says of the only resource."""
    [result] = answer["EvaluationResults"]
    return [result, *(result.get("ResourceSpecificResults") or ())]


def outweighed(ours: Effect, asked: Iterable[SimulatedAction]) -> Effect:
    """Return what AWS's simulation says, or our own judgement where it does not decide.

    Where both say no, ours says more. What could not be told stands beside what AWS says.
    """
    found = list(asked)
    if found and all(one.answer is Answer.YES for one in found):
        return Effect(Answer.YES, tuple(map(_reason, found)))
    denied = [one for one in found if one.answer is Answer.NO]
    if ours.answer is Answer.NO or not (denied or forbidden(found)):
        return ours
    if denied:
        return Effect(Answer.NO, (*map(_reason, denied), *ours.reasons))
    return Effect(ours.answer, (*forbidden(found), *ours.reasons))


def weighed(ours: Effect, place: Place, simulated: Simulated) -> Effect:
    """Return what is true of a place for a role that stays as it is, by our judgement and by what AWS says."""
    said = simulated.get(place, ())
    if any(_is_of_the_bucket(reason, place) for reason in ours.reasons):
        # What the role's own policies do not allow, the policy of the bucket may, which could not be read.
        said = tuple(one._replace(decision="") if one.decision == "implicitDeny" else one for one in said)
    return outweighed(ours, said) if can_outweigh(ours, place) else ours


def is_simulated(effect: Effect) -> bool:
    """Tell whether an answer is AWS's own."""
    return any(reason.code in _SIMULATED for reason in effect.reasons)


def forbidden(asked: Iterable[SimulatedAction]) -> tuple[Reason, ...]:
    """Return what AWS says to be forbidden, whatever the role's own policies allow."""
    reasons = (_reason(one) for one in asked)
    return tuple(reason for reason in reasons if reason.code in (DENIES, ORGANIZATION_DENIES))


def _reason(asked: SimulatedAction) -> Reason:
    what = f"{asked.action} on {asked.resource}"
    if asked.limit == "organization":
        code, says = ORGANIZATION_DENIES, f"says that a service control policy of the organization forbids {what}"
    elif asked.decision == "explicitDeny":
        code, says = DENIES, f"denies {what}"
    elif asked.decision == "implicitDeny" and asked.limit:
        code, says = DENIES, f"does not allow {what}, by the permissions boundary"
    else:
        code, says = "simulated", f"{'allows' if asked.answer is Answer.YES else 'does not allow'} {what}"
    return Reason(code, f"{WHERE} {says}", WHERE, action=asked.action, resource=asked.resource)
