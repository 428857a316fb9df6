# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in IAM: the role, its policies and who else has them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..._bucket.effect import Reason
from ..client import Aws
from ..effect.effect import Document
from ..errors import ask
from ..iam import PolicyReader, attached_to, decoded, inline_of, pages, permitted, policy_title, tags, version_of
from .documents import JsonObject
from .model import MOST_POLICIES, Actual, ActualPolicy, ActualRole, DesiredAccess

# As long, a run that has written a policy may take until its connection is made.
FRESH = timedelta(hours=1)


def read_actual(aws: Aws, desired: DesiredAccess, *, for_removal: bool) -> Actual:
    """Return what the account holds under the two names.

    :raises OnrampError: a refusal, naming the permission that is missing.
    """
    iam = aws.client("iam")
    with ThreadPoolExecutor(max_workers=2) as pool:
        policy_read = pool.submit(_read_policy, iam, desired, for_removal=for_removal)
        role_read = pool.submit(_read_role, iam, desired.role_name, for_removal=for_removal)
    policy, role = policy_read.result(), role_read.result()
    if for_removal:
        return Actual(policy, role)
    reader = PolicyReader(iam)
    if role is not None:
        role = _with_documents(reader, role, policy)
    wanted = desired.permissions_boundary
    boundary = role.boundary if role and wanted in (None, role.permissions_boundary) else reader.boundary(wanted or "")
    similar, most = "" if role else _similar_role(iam, desired.role_name), _most_policies(iam, role)
    return Actual(policy, role, boundary, similar_role=similar, most_policies=most)


def _most_policies(iam: Any, role: ActualRole | None) -> int | None:
    """Return how many policies a role may have in this account, where that begins to matter and may be asked."""
    if role is None or len(role.attached_policies) < MOST_POLICIES:
        return None
    most: int | None = permitted(lambda: ask(
        "iam:GetAccountSummary", iam.get_account_summary,
        lambda answer: answer["SummaryMap"].get("AttachedPoliciesPerRoleQuota"),
    ))  # fmt: skip
    return most


def read_given(aws: Aws, account: str, role_arn: str) -> ActualRole | Reason | None:
    """Return the role of an ARN with everything that decides on what it may do; None if there is none.

    A reason where it cannot be looked at from ``account``, that of the credentials.
    """
    owner = role_arn.split(":")[4]
    if owner != account:
        text = f"the role is in the AWS account {owner}, and these credentials are of {account}"
        return Reason("role_in_another_account", text, where=role_arn)
    iam = aws.client("iam")
    role = _read_role(iam, role_arn.rsplit("/", 1)[-1], for_removal=False)
    return None if role is None or role.arn != role_arn else _with_documents(PolicyReader(iam), role, None)


def _with_documents(reader: PolicyReader, role: ActualRole, policy: ActualPolicy | None) -> ActualRole:
    """Return the role with the documents of what is attached to it; ``policy``: one that has been read already."""
    managed = [arn for arn in role.attached_policies if policy is None or arn != policy.arn]
    with ThreadPoolExecutor(max_workers=4) as pool:
        boundary = pool.submit(reader.boundary, role.permissions_boundary)
        attached = [found.document for found in pool.map(reader.managed, managed)]
        inline = list(pool.map(partial(reader.inline, role.name), role.inline_policies))
    known = (
        [Document(policy_title(policy.arn), policy.document)] if policy and policy.arn in role.attached_policies else []
    )
    return replace(role, documents=(*known, *attached, *inline), boundary=boundary.result())


def _similar_role(iam: Any, name: str) -> str:
    """Return the role whose name differs in case only; none where these credentials may not list roles."""
    names = permitted(
        lambda: pages(iam, "iam:ListRoles", "list_roles", lambda page: [role["RoleName"] for role in page["Roles"]])
    )
    return next((str(other) for other in names or () if other != name and other.lower() == name.lower()), "")


def _read_policy(iam: Any, desired: DesiredAccess, *, for_removal: bool) -> ActualPolicy | None:
    policy = ask("iam:GetPolicy", iam.get_policy, _policy, ("NoSuchEntity",), PolicyArn=desired.policy_arn)
    if policy is None:
        arn = _policy_elsewhere(iam, desired.policy_name)
        if arn is None:
            return None
        policy = ask("iam:GetPolicy", iam.get_policy, _policy, PolicyArn=arn)
    arn = policy["Arn"]
    return ActualPolicy(
        arn=arn,
        document=version_of(iam, arn, policy["DefaultVersionId"]),
        tags=policy["Tags"],
        path=policy["Path"],
        attached_to=tuple(_attached_to(iam, arn)) if for_removal else (),
        is_fresh=policy["IsFresh"],
    )


def _policy(answer: JsonObject) -> JsonObject:
    policy = answer["Policy"]
    known = {key: str(policy[key]) for key in ("Arn", "Path", "DefaultVersionId")}
    return {**known, "Tags": tags(policy), "IsFresh": _is_fresh(policy.get("UpdateDate"))}


def _is_fresh(changed: Any) -> bool:
    """Tell whether a policy was written a while ago only; not where AWS does not tell when."""
    return isinstance(changed, datetime) and datetime.now(UTC) - changed < FRESH


def _policy_elsewhere(iam: Any, name: str) -> str | None:
    """Return the ARN of the policy of this name below another path or in another case, which AWS takes for one."""
    policies = pages(iam, "iam:ListPolicies", "list_policies", lambda page: page["Policies"], Scope="Local")
    return next(
        (str(policy["Arn"]) for policy in policies if str(policy.get("PolicyName")).lower() == name.lower()), None
    )


def _attached_to(iam: Any, arn: str) -> list[str]:
    def names(page: JsonObject) -> Iterator[str]:
        yield from (f"role {role['RoleName']}" for role in page["PolicyRoles"])
        yield from (f"user {user['UserName']}" for user in page["PolicyUsers"])
        yield from (f"group {group['GroupName']}" for group in page["PolicyGroups"])

    return pages(iam, "iam:ListEntitiesForPolicy", "list_entities_for_policy", names, PolicyArn=arn)


def _read_role(iam: Any, name: str, *, for_removal: bool) -> ActualRole | None:
    role: ActualRole | None = ask("iam:GetRole", iam.get_role, _role, ("NoSuchEntity",), RoleName=name)
    if role is None:
        return None
    return replace(
        role,
        attached_policies=tuple(attached_to(iam, name)),
        inline_policies=tuple(inline_of(iam, name)),
        instance_profiles=tuple(pages(
            iam, "iam:ListInstanceProfilesForRole", "list_instance_profiles_for_role",
            lambda page: [profile["InstanceProfileName"] for profile in page["InstanceProfiles"]], RoleName=name,
        )) if for_removal else (),
    )  # fmt: skip


def _role(answer: JsonObject) -> ActualRole:
    role = answer["Role"]
    return ActualRole(
        arn=role["Arn"],
        trust=decoded(role["AssumeRolePolicyDocument"]),
        tags=tags(role),
        path=role["Path"],
        max_session_duration=role.get("MaxSessionDuration"),
        permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
    )
