# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Ask AWS itself what a role may do, where our own judgement is not "yes" and the credentials may ask.

``iam:SimulatePrincipalPolicy`` knows the role's policies, its boundary and the organization's service control policies.
It knows neither the policy of the bucket nor what a request will hold, and takes a wildcard for a name: an answer of
ours that rests on one of these stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .._errors import OnrampError
from .aws_client import ask
from .effect import Answer, Effect, Reason
from .s3_access_model import Place
from .s3_documents import JsonObject, bucket_policy_title

_OUT_OF_ITS_SIGHT = frozenset({"access_point", "allowed_in_part", "denied_in_part", "only_bare_prefix"})
_DECISIONS: Mapping[str, Answer] = {"allowed": Answer.YES, "explicitDeny": Answer.NO, "implicitDeny": Answer.NO}


class Asked(NamedTuple):
    """An action on a resource, and what AWS says of it."""

    action: str
    resource: str
    decision: str = ""

    @property
    def answer(self) -> Answer:
        return _DECISIONS.get(self.decision, Answer.UNKNOWN)


def can_outweigh(effect: Effect, place: Place) -> bool:
    """Tell whether AWS's simulation can know better than our judgement of a place."""
    return effect.answer is not Answer.YES and not any(
        reason.code in _OUT_OF_ITS_SIGHT or reason.where == bucket_policy_title(place.bucket)
        for reason in effect.reasons
    )


def simulate(iam: Any, role_arn: str, place: Place) -> list[Asked]:
    """Ask AWS whether a role may list a place and read its objects; nothing where it does not tell.

    :raises OnrampError: no usable answer. A refusal of any kind is none that matters.
    """
    bucket = f"arn:{role_arn.split(':')[1]}:s3:::{place.bucket}"
    below = f"{place.prefix}/*" if place.prefix else "*"
    questions = (Asked("s3:ListBucket", bucket), Asked("s3:GetObject", f"{bucket}/{below}"))
    context = [_entry("aws:SecureTransport", "true", "boolean")]
    context += [_entry("s3:prefix", f"{place.prefix}/", "string")] if place.prefix else []
    try:
        return [_ask(iam, role_arn, question, context) for question in questions]
    except OnrampError as error:
        if error.failure.status is None:
            raise
        return []


def _entry(name: str, value: str, kind: str) -> JsonObject:
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": kind}


def _ask(iam: Any, role_arn: str, question: Asked, context: list[JsonObject]) -> Asked:
    decision: str = ask(
        "iam:SimulatePrincipalPolicy", iam.simulate_principal_policy, decision_in, PolicySourceArn=role_arn,
        ActionNames=[question.action], ResourceArns=[question.resource], ContextEntries=context,
    )  # fmt: skip
    return question._replace(decision=decision)


def decision_in(answer: Mapping[str, Any]) -> str:
    """Return the decision about the only action and resource; empty if it rests on what was not told to AWS."""
    [result] = answer["EvaluationResults"]
    specific = result.get("ResourceSpecificResults") or []
    if any(one.get("MissingContextValues") for one in (result, *specific)):
        return ""
    decisions = {str(one["EvalResourceDecision"]) for one in specific} or {str(result["EvalDecision"])}
    return decisions.pop() if len(decisions) == 1 else ""


def outweighed(ours: Effect, asked: Iterable[Asked]) -> Effect:
    """Return what AWS's simulation says, or our own judgement where it does not decide."""
    found = list(asked)
    denied = [one for one in found if one.answer is Answer.NO]
    if denied:
        return Effect(Answer.NO, tuple(_reason(one) for one in denied))
    if found and all(one.answer is Answer.YES for one in found):
        return Effect(Answer.YES, tuple(_reason(one) for one in found))
    return ours


def _reason(asked: Asked) -> Reason:
    says = {"allowed": "allows", "explicitDeny": "denies"}.get(asked.decision, "does not allow")
    text = f"AWS's own simulation {says} {asked.action} on {asked.resource}"
    return Reason("simulated", text, "AWS's own simulation", action=asked.action, resource=asked.resource)
