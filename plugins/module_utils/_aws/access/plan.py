# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what has to happen to the IAM policy and the role for Fivetran, and whose they are. Pure functions.

What the role ``s3_access`` has made bears a tag with the External ID; its drift is repaired. What somebody else has
made is judged by its effect, see ``s3_adoption.py``.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from ..._bucket.effect import Answer, Effect, Reason
from ..._kernel.finding import ACCESS, Finding
from ..effect.effect import Document
from ..iam import NO_SUCH_POLICY, policy_title
from ..simulation import NOT_ASKED, Simulated, is_simulated, weighed
from .adoption import can_be_added, foreign_policy, plan_beside, policy_of_another_group, reach, trust_effect
from .documents import JsonObject, granted_buckets, same_document
from .explanation import role_after
from .model import (
    LONGEST_POLICY,
    MOST_POLICIES,
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
    is_ours,
    tag_value,
)
from .steps import step_of_policy, step_of_role
from .told import access_denied


def plan_present(
    desired: DesiredAccess,
    actual: Actual,
    *,
    adopt: bool,
    released: Collection[str] = (),
    places: Collection[Place] = (),
    policies: Mapping[str, Document] | None = None,
    simulated: Simulated = NOT_ASKED,
) -> AccessPlan:
    """Return what lets Fivetran read ``places``, all buckets of ``desired`` unless they are given.

    ``released``: buckets that a policy of ours may lose, because nobody needs them any more. ``policies``: those of the
    buckets, by name, as far as they are known. ``simulated``: what AWS itself says of the role as it is.
    """
    places = places or [Place(bucket, desired.reading.prefix or "") for bucket in desired.reading.buckets]
    role = actual.role
    if role is None or is_ours(role.tags) or (adopt and _is_as_wanted(desired, actual)):
        plan = _plan_own(desired, actual, adopt=adopt, released=released, places=places, simulated=simulated)
    else:
        plan = plan_beside(
            desired, actual, role, adopt=adopt, places=places, policies=policies or {}, simulated=simulated
        )
    limits = (
        *_length(desired, plan.policy.after.get("document", {})),
        *_attachments(actual, plan),
        *_boundary(desired, actual, plan),
    )
    return replace(plan, findings=(*plan.findings, *limits))


def _is_as_wanted(desired: DesiredAccess, actual: Actual) -> bool:
    """Tell whether somebody has made exactly what these variables make, so that taking it over loses nothing."""
    policy, role = actual.policy, actual.role
    return (
        policy is not None
        and role is not None
        and policy.arn in role.attached_policies
        and same_document(role.trust, desired.trust)
        and same_document(policy.document, desired.permissions)
    )


def _plan_own(
    desired: DesiredAccess,
    actual: Actual,
    *,
    adopt: bool,
    released: Collection[str],
    places: Collection[Place],
    simulated: Simulated,
) -> AccessPlan:
    """Return what makes policy and role exactly as ``desired``. Whatever else is attached to the role stays."""
    policy = actual.policy
    suffices = policy is not None and _suffices(desired, policy, places)
    refusals = (
        *(() if suffices else _policy_conflicts(desired, policy, released, adopt=adopt)),
        *_role_conflicts(desired, actual.role),
        *_name_conflicts(desired, replace(actual, policy=None) if suffices else actual),
    )
    policy_step = NOTHING if suffices else step_of_policy(desired, policy, adopt=adopt)
    findings = (
        *refusals,
        *(() if refusals else _releases(desired, policy, released)),
        *_other_permissions(actual.role, actual.policy_arn(desired)),
    )
    plan = AccessPlan(
        policy=policy_step,
        role=step_of_role(desired, actual, adopt=adopt),
        findings=findings,
        trust=trust_effect(desired, ActualRole(arn=desired.role_arn, trust=desired.trust, tags={})),
    )
    # What AWS says of the role as it is says nothing of what it will be.
    said = NOT_ASKED if plan.changes_permissions else simulated
    return replace(plan, places=dict(_judgements(desired, actual, policy_step, places, said)))


def _suffices(desired: DesiredAccess, policy: ActualPolicy, places: Collection[Place]) -> bool:
    """Tell whether somebody else's policy lets a role read all places, so that it is attached as it is."""
    if is_ours(policy.tags) or same_document(policy.document, desired.permissions):
        return False
    alone = ActualRole(arn=desired.role_arn, trust={}, tags={}, documents=(_document(policy),))
    return all(reach(alone.session(), place, {}).answer is Answer.YES for place in places)


def _document(policy: ActualPolicy) -> Document:
    return Document(policy_title(policy.arn), policy.document)


def _judgements(
    desired: DesiredAccess, actual: Actual, step: AccessStep, places: Collection[Place], simulated: Simulated
) -> Iterator[tuple[Place, PlaceJudgement]]:
    """Judge what the role will be able to do once the steps are done: something else may forbid it."""
    role = role_after(desired, actual, step, attaches=True, boundary=actual.boundary)
    exact = _exactly_ours(desired, role)
    for place in places:
        # The policy of the bucket is judged by the preflight.
        effect = exact or weighed(reach(role.session(), place, {}), place, simulated)
        is_denied = effect.answer is Answer.NO and (is_simulated(effect) or not can_be_added(effect))
        yield place, PlaceJudgement(effect, (access_denied(role.arn, place, effect),) if is_denied else ())


def _exactly_ours(desired: DesiredAccess, role: ActualRole) -> Effect | None:
    """Return that the role may read, where nothing but our own policy decides: as that is for many buckets long."""
    documents = role.documents
    if len(documents) != 1 or role.boundary is not None or not documents[0].content:
        return None
    if not same_document(dict(documents[0].content), desired.permissions):
        return None
    name = documents[0].name
    return Effect(Answer.YES, (Reason("allowed", f"{name}, which this collection makes, allows it", where=name),))


def _length(desired: DesiredAccess, document: JsonObject) -> Iterator[Finding]:
    """AWS counts the characters of a policy without white space."""
    length, count = len(json.dumps(document, separators=(",", ":"))), len(desired.reading.buckets)
    if length > LONGEST_POLICY:
        yield Finding(
            ACCESS, "error", "policy_too_long",
            f"The IAM policy {desired.policy_name} for {count} buckets would have {length} characters, and AWS takes"
            f" {LONGEST_POLICY}.",
            "Give a part of the workspaces another s3_access_role_name and s3_access_policy_name.",
        )  # fmt: skip


def _attachments(actual: Actual, plan: AccessPlan) -> Iterator[Finding]:
    """AWS takes only so many managed policies on one role."""
    role, most = actual.role, actual.most_policies
    count = len(role.attached_policies) if role and "policy" in plan.role.after else 0
    if role is None or count < (most or MOST_POLICIES):
        return
    text = f"The IAM role {role.arn} has {count} managed policies, and AWS takes"
    way_out = "Detach one, have the quota raised, or choose another s3_access_role_name."
    if most:
        yield Finding(ACCESS, "error", "too_many_policies", f"{text} {most} in this account.", way_out)
    else:
        text += f" {MOST_POLICIES} unless the quota of the account was raised, which these credentials may not look up."
        yield Finding(ACCESS, "warning", "too_many_policies", text, way_out)


def _boundary(desired: DesiredAccess, actual: Actual, plan: AccessPlan) -> Iterator[Finding]:
    """AWS takes only a policy that is there, of the role's own account or of AWS's, and the role comes last."""
    arn = str(plan.role.after.get("permissions_boundary") or "")
    owner = arn.split(":")[4] if arn else ""
    if owner not in ("", "aws", desired.account):
        what = (
            f"The policy {arn} in s3_access_permissions_boundary is of the AWS account {owner}, and the role is of"
            f" {desired.account}; AWS takes none of another account."
        )
    elif arn and actual.boundary is not None and actual.boundary.unread == NO_SUCH_POLICY:
        what = f"The policy {arn} in s3_access_permissions_boundary does not exist."
    else:
        return
    way_out = f"Name a policy of the account {desired.account}, or leave s3_access_permissions_boundary out."
    yield Finding(ACCESS, "error", "unusable_boundary", what, way_out)


def _policy_conflicts(
    desired: DesiredAccess, policy: ActualPolicy | None, released: Collection[str], *, adopt: bool
) -> Iterator[Finding]:
    if policy is None or same_document(policy.document, desired.permissions):
        return
    owner = policy.tags.get(TAG)
    others = [name for name in _lost_buckets(desired, policy) if name not in released]
    if owner is None:
        if not adopt:
            yield foreign_policy(desired, policy)
    elif owner != tag_value(desired.external_id):
        yield policy_of_another_group(policy, owner)
    elif others:
        yield Finding(
            ACCESS, "error", "policy_serves_other_buckets",
            f"The IAM policy {policy.arn} also lets Fivetran read {', '.join(others)}, which this run does not name and"
            " would take away.",
            "If another workspace uses it, name all buckets in s3_access_buckets, or give this one its own"
            " s3_access_policy_name and s3_access_role_name. What nobody needs any more belongs in"
            " s3_access_released_buckets.",
        )  # fmt: skip


def _lost_buckets(desired: DesiredAccess, policy: ActualPolicy) -> list[str]:
    """Return the buckets that the policy grants and no longer would."""
    wanted = granted_buckets(desired.permissions)
    return [name for name in granted_buckets(policy.document) if name not in wanted]


def _releases(desired: DesiredAccess, policy: ActualPolicy | None, released: Collection[str]) -> Iterator[Finding]:
    if policy is None or policy.tags.get(TAG) != tag_value(desired.external_id):
        return
    gone = [name for name in _lost_buckets(desired, policy) if name in released]
    if gone:
        yield Finding(
            ACCESS, "info", "buckets_released",
            f"The IAM policy {policy.arn} lets Fivetran read {', '.join(gone)}, which nobody needs any more. That"
            " goes out of it once it is written.",
            "If it is still needed, let a workspace of the inventory name it in currents_bucket; without the playbooks,"
            " name it in s3_access_buckets.",
        )  # fmt: skip


def _role_conflicts(desired: DesiredAccess, role: ActualRole | None) -> Iterator[Finding]:
    owner = role.tags.get(TAG) if role else None
    if role is not None and owner not in (None, tag_value(desired.external_id)):
        yield Finding(
            ACCESS, "error", "role_of_another_group",
            f"The IAM role {role.arn} was made for the External ID {owner}; Fivetran could no longer use it for that.",
            "Give each Fivetran group names of its own in s3_access_policy_name and s3_access_role_name.",
        )  # fmt: skip


def _name_conflicts(desired: DesiredAccess, actual: Actual) -> Iterator[Finding]:
    """AWS cannot move what exists, and names are unique in the account whatever their path and case."""
    for what, there, wanted in (
        ("policy", actual.policy, desired.policy_name), ("role", actual.role, desired.role_name)
    ):  # fmt: skip
        if there is not None and there.path != desired.path:
            yield Finding(
                ACCESS, "error", "other_path",
                f"The IAM {what} {there.arn} has the path {there.path}, which AWS cannot change.",
                f"Set s3_access_path: {there.path}, or choose another s3_access_{what}_name.",
            )  # fmt: skip
        name = there.arn.rsplit("/", 1)[-1] if there else actual.similar_role if what == "role" else ""
        if name and name != wanted:
            yield Finding(
                ACCESS, "error", "other_case",
                f"There is an IAM {what} {name}, and AWS takes names that differ in case only for one.",
                f"Set s3_access_{what}_name: {name}, or choose another.",
            )  # fmt: skip


def _other_permissions(role: ActualRole | None, policy_arn: str) -> Iterator[Finding]:
    if role is None:
        return
    attached = [arn for arn in role.attached_policies if arn != policy_arn]
    others = [*attached, *(f"inline policy {name}" for name in role.inline_policies)]
    if others:
        yield Finding(
            ACCESS, "info", "other_policies_attached",
            f"The IAM role {role.arn} has further permissions, which stay: {', '.join(others)}.",
            "Check that Fivetran should have them. Where s3_access_policy_name has named another policy before, that"
            " still counts while it is attached: detach and delete it.",
        )  # fmt: skip
