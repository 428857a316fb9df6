# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what removes the IAM policy and the role for Fivetran, and what stays. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..._kernel.finding import ACCESS, Finding
from .documents import Reading, granted_buckets, is_possible, permission_document, same_document
from .model import NOTHING, TAG, AccessPlan, AccessStep, Actual, ActualPolicy, ActualRole, DesiredAccess, tag_value


def plan_absent(desired: DesiredAccess, actual: Actual, *, adopt: bool) -> AccessPlan:
    """Return what removes exactly what was made.

    What somebody else has made is kept and named. What is ours and was changed is refused, unless ``adopt``. Where the
    policy serves further buckets, because workspaces share the role, only the named ones are taken out of it.
    """
    policy, role = actual.policy, actual.role
    ours = replace(
        actual,
        policy=policy if policy and _is_of(desired, policy.tags) else None,
        role=role if role and _is_of(desired, role.tags) else None,
    )
    kept = tuple(_kept(actual, ours))
    if adopt:
        return AccessPlan(_delete_policy(ours.policy), _delete_role(ours.role), findings=kept)
    shared = _shared_with(desired, ours.policy)
    if shared:
        return _plan_leave(desired, ours.policy, shared)
    in_use = tuple(_role_in_use(desired, ours.role, actual.policy_arn(desired)))
    return AccessPlan(
        policy=_delete_policy(ours.policy),
        role=NOTHING if in_use else _delete_role(ours.role),
        findings=(*_changed_policy(desired, ours), *_changed_role(desired, ours), *in_use, *kept),
        foreign=role is not None and ours.role is None,
    )


def _is_of(desired: DesiredAccess, tags: Mapping[str, str]) -> bool:
    """Tell whether the role s3_access made it, for this External ID."""
    return tags.get(TAG) == tag_value(desired.external_id)


def _kept(actual: Actual, ours: Actual) -> Iterator[Finding]:
    pairs = (("policy", actual.policy, ours.policy), ("role", actual.role, ours.role))
    for what, there, is_ours in pairs:
        if there is not None and is_ours is None:
            yield Finding(
                ACCESS, "info", f"{what}_not_ours",
                f"The IAM {what} {there.arn} stays, because it was not made by this role for this External ID.",
                "If nobody needs it any more, remove it by hand.",
            )  # fmt: skip


def _delete_policy(policy: ActualPolicy | None) -> AccessStep:
    return AccessStep("delete", {"document": policy.document}) if policy else NOTHING


def _delete_role(role: ActualRole | None) -> AccessStep:
    return AccessStep("delete", {"trust": role.trust}) if role else NOTHING


def _shared_with(desired: DesiredAccess, policy: ActualPolicy | None) -> Reading | None:
    """Return what the policy grants besides our buckets, if it is ours and exactly what these variables make of all."""
    if policy is None:
        return None
    others = tuple(name for name in granted_buckets(policy.document) if name not in desired.reading.buckets)
    return replace(desired.reading, buckets=others) if others and _is_made_here(desired, policy) else None


def _is_made_here(desired: DesiredAccess, policy: ActualPolicy) -> bool:
    """Tell whether the policy is exactly what these variables make of the buckets that it grants."""
    granted = replace(desired.reading, buckets=tuple(granted_buckets(policy.document)))
    return is_possible(granted) and same_document(policy.document, permission_document(granted))


def _plan_leave(desired: DesiredAccess, policy: ActualPolicy | None, others: Reading) -> AccessPlan:
    """Return what takes our buckets out of a policy that ``others`` need, and leaves the role to them."""
    document = policy.document if policy else {}
    after = permission_document(others)
    names = ", ".join(others.buckets)
    finding = Finding(
        ACCESS, "info", "role_shared", f"The IAM role {desired.role_name} stays, because it also reads {names}.",
        "It is removed together with the last bucket.",
    )  # fmt: skip
    step = (
        NOTHING if same_document(document, after) else AccessStep("update", {"document": document}, {"document": after})
    )
    return AccessPlan(policy=step, role=NOTHING, findings=(finding,))


def _changed_policy(desired: DesiredAccess, actual: Actual) -> Iterator[Finding]:
    policy = actual.policy
    if policy is None:
        return
    what = f"The IAM policy {policy.arn}"
    # Buckets that an earlier removal has taken out of it may be missing.
    if not _is_made_here(desired, policy):
        yield Finding(
            ACCESS, "error", "changed_policy",
            f"{what} is not what these variables make; somebody has changed it, or it was made with others.",
            "Give the variables it was made with, or have it removed as it is with s3_access_adopt: true.",
        )  # fmt: skip
    others = [who for who in policy.attached_to if who != f"role {desired.role_name}"]
    if others:
        yield Finding(
            ACCESS, "error", "policy_attached_elsewhere",
            f"{what} is attached to more than the IAM role {desired.role_name}: to {', '.join(others)}.",
            "If that is the role of these workspaces, name it in s3_access_role_name. Else detach it there, or have it"
            " detached from everything with s3_access_adopt: true.",
        )  # fmt: skip


def _changed_role(desired: DesiredAccess, actual: Actual) -> Iterator[Finding]:
    role = actual.role
    if role is None:
        return
    what = f"The IAM role {role.arn}"
    if not same_document(role.trust, desired.trust):
        yield Finding(
            ACCESS, "error", "changed_role", f"{what} has a trust policy that somebody has changed.",
            "Check who else uses it. To have it removed all the same, set s3_access_adopt: true.",
        )  # fmt: skip


def _role_in_use(desired: DesiredAccess, role: ActualRole | None, policy_arn: str) -> Iterator[Finding]:
    if role is None:
        return
    uses = [
        *(f"policy {arn}" for arn in role.attached_policies if arn != policy_arn),
        *(f"inline policy {name}" for name in role.inline_policies),
        # One of the role's own name comes from amazon.aws, which makes it unless told otherwise, and takes it away.
        *(f"instance profile {name}" for name in role.instance_profiles if name != role.name),
    ]
    if uses:
        yield Finding(
            ACCESS, "warning", "role_kept",
            f"The IAM role {role.arn} is kept, because more is attached to it than the IAM policy"
            f" {desired.policy_name}: {', '.join(uses)}. Fivetran can still assume it and do what those allow.",
            "If the policy of these workspaces is among them, name it in s3_access_policy_name. Else detach them and"
            " run again, or have the role removed with s3_access_adopt: true.",
        )  # fmt: skip
