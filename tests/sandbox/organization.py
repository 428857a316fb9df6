# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an AWS organization forbids, and AWS's own simulation of policies, which knows that. ministack knows neither.

ministack has the ids of organizations, and its engine decides; its simulation looks at no context. Here, as in AWS, it
takes the context of the question and names the keys of conditions that it lacks; not those of the organization.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .aws_limits import Client, Parameters, Refusal
from .kms import documents

# What a call to S3 needs where that is not called like the operation.
_NEEDED = {
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
}
_DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny"}
# What AWS knows without being told.
_KNOWN = frozenset(
    {"aws:currenttime", "aws:epochtime", "aws:principalarn", "aws:principalaccount", "aws:principalorgid"}
)


@dataclass
class Organization:
    """The organization of an account. ``denied``: actions that a service control policy denies to sessions of roles."""

    id: str
    denied: frozenset[str] = field(default_factory=frozenset)

    def refuse(self, session: str, action: str, bucket: str, key: str) -> Refusal | None:
        """Return why the session of a role may not make a call to S3."""
        needed = f"s3:{_NEEDED.get(action, action)}"
        if needed not in self.denied:
            return None
        resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
        message = f'User: {session} is not authorized to perform: {needed} on resource: "{resource}" with an explicit'
        return Refusal(403, "AccessDenied", f"{message} deny in a service control policy")


def simulation(client: Client, organization: Organization | None, parameters: Parameters) -> str:
    """Return AWS's answer to SimulatePrincipalPolicy about a role, one action and one resource."""
    arn, action = parameters["PolicySourceArn"], parameters["ActionNames.member.1"]
    resource = parameters.get("ResourceArns.member.1", "*")
    permissions, boundary = documents(client("iam", arn.split(":")[4]), arn.rsplit("/", 1)[-1])
    context = dict(_context(parameters))
    missing = sorted(_keys([*permissions, *([boundary] if boundary else [])]) - context.keys() - _KNOWN)
    if organization is not None and action in organization.denied:
        decision, detail, missing = "explicitDeny", _detail("Organizations", "Organizations"), []
    else:
        known = {**context, **({"aws:principalorgid": organization.id} if organization else {})}
        own = _decide(arn, action, resource, known, permissions)
        decision = _decide(arn, action, resource, known, permissions, boundary) if boundary else own
        limits = boundary and own != decision
        detail = _detail("PermissionsBoundary", "PermissionsBoundary") if limits else ""
    keys = "".join(f"<member>{key}</member>" for key in missing)
    result = (
        f"<EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements/>"
        f"<MissingContextValues>{keys}</MissingContextValues>{detail}"
    )
    return (
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><EvaluationResults><member>{result}</member></EvaluationResults>"
        "<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult><ResponseMetadata>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
    )


def _detail(name: str, by: str) -> str:
    return f"<{name}DecisionDetail><AllowedBy{by}>false</AllowedBy{by}></{name}DecisionDetail>"


def _context(parameters: Parameters) -> Iterator[tuple[str, str]]:
    for number in range(1, 100):
        entry = f"ContextEntries.member.{number}."
        name = parameters.get(f"{entry}ContextKeyName")
        if name is None:
            return
        yield name.lower(), parameters.get(f"{entry}ContextKeyValues.member.1", "")


def _keys(policies: list[Any]) -> set[str]:
    """Return the condition keys that policies speak of."""
    return {key.lower() for policy in policies for line in _conditions(policy) for key in line}


def _conditions(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        yield from statement.get("Condition", {}).values()


def _decide(arn: str, action: str, resource: str, context: Mapping[str, str], permissions: Any, *limits: Any) -> str:
    # Only here, so that the sandbox also runs with a ministack that is installed elsewhere.
    from ministack.core import iam_evaluator as engine

    asked = engine.EvalContext(
        principal_arn=arn,
        principal_type="AssumedRole",
        principal_account=arn.split(":")[4],
        action=action,
        resource_arn=resource,
        region=context.get("aws:requestedregion", ""),
        secure_transport=context.get("aws:securetransport") == "true",
        service_context=dict(context),
    )
    parsed = [engine.parse_policy_document(document) for document in permissions]
    found = engine.evaluate(asked, parsed, *([engine.parse_policy_document(limit)] for limit in limits))
    return _DECISIONS.get(found.decision, "implicitDeny")
