# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Read the IAM policy and the role for Fivetran, and return what the role ``s3_access`` has to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..._bucket.effect import Reason
from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.shown import quoted
from ..._kernel.task import Result, Task
from ..client import Aws, aws_from_params, check_account, identity
from ..effect.effect import Document
from ..errors import ask
from ..iam import PolicyReader, attached_to, decoded, inline_of, pages, permitted, policy_title, tags, version_of
from ..preflight import read_policy
from ..simulation import Simulated, can_outweigh, is_simulated, simulate
from .adoption import plan_given, reach, with_evidence
from .documents import PARTITIONS, JsonObject, Reading, check_reading, check_role_arn, trust_document
from .explanation import explanation, summary
from .model import MOST_POLICIES, NOTHING, TAG, Actual, ActualPolicy, ActualRole, Desired, Place, Plan
from .plan import plan_present
from .removal import plan_absent

# As long, a run that has written a policy may take until its connection is made.
FRESH = timedelta(hours=1)

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")


def read_actual(aws: Aws, desired: Desired, *, for_removal: bool) -> Actual:
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


def _read_policy(iam: Any, desired: Desired, *, for_removal: bool) -> ActualPolicy | None:
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


def desired_from_params(params: Mapping[str, Any], account: str, partition: str) -> Desired:
    """Build what shall be from the options of ``s3_access_info``.

    :raises InvalidArgument: a value that cannot work; raised before anything is written.
    """
    partition = params["partition"] or partition
    for option in ("policy_name", "role_name"):
        longest = 128 if option == "policy_name" else 64
        if not _NAME.fullmatch(params[option]) or len(params[option]) > longest:
            raise InvalidArgument(
                f"{option}: expected at most {longest} letters, digits and +=,.@_-, got {quoted(params[option])}."
            )
    if not _PATH.fullmatch(params["path"]):
        raise InvalidArgument(f"path: expected a path that begins and ends with /, got {quoted(params['path'])}.")
    if params["role_arn"]:
        check_role_arn("role_arn", params["role_arn"])
    if TAG in params["tags"]:
        raise InvalidArgument(f"tags: {TAG!r} is the tag by which the collection knows what it has made.")
    reading = Reading(
        buckets=tuple(dict.fromkeys(params["buckets"])),
        prefix=params["prefix"] or "" if params["scope"] == "prefix" else None,
        kms_key_arns=tuple(params["kms_key_arns"]),
        partition=partition,
    )
    return Desired(
        policy_name=params["policy_name"],
        role_name=params["role_name"],
        external_id=params["external_id"],
        reading=check_reading(reading),
        trust=trust_document(params["external_id"], params["fivetran_account_id"], partition),
        account=account,
        partition=partition,
        path=params["path"],
        tags={key: str(value) for key, value in params["tags"].items()},
        max_session_duration=params["max_session_duration"],
        permissions_boundary=params["permissions_boundary"],
        fivetran_account=params["fivetran_account_id"],
    )


def access_info(task: Task) -> Result:
    """Do the work of ``s3_access_info``."""
    params = task.params
    # The arguments are judged before the first call, with a stand-in for what only AWS knows.
    desired_from_params(params, account="0" * 12, partition=PARTITIONS[0])
    aws = aws_from_params(params, params["partition"], task.clients)
    caller = identity(aws)
    check_account(caller, params["account_id"])
    desired = desired_from_params(params, caller.account, caller.partition)
    actual, plan = _read_and_plan(aws, desired, params)
    result: Result = {"changed": False, "access": {"region": aws.region, **access_view(desired, actual, plan)}}
    if params["explain"]:
        result["access"]["effect"] = _explain(aws, desired, actual, plan)
    errors = [finding for finding in plan.all_findings if finding.severity == "error"]
    for finding in plan.all_findings:
        if finding.severity == "warning":
            task.warn(finding.text())
    if errors:
        raise OnrampError(
            msg=" ".join(finding.text() for finding in errors) + " Nothing was changed.",
            failure=Failure(code=errors[0].code, message=errors[0].message),
            result=result,
        )
    return result


def _explain(aws: Aws, desired: Desired, actual: Actual, plan: Plan) -> JsonObject:
    """Return what Fivetran may do. Where the plan rests on AWS's own answer, that outweighs ours."""
    policies = _bucket_policies(aws, plan.places)
    simulated = {
        place: judgement.effect
        for place, judgement in plan.places.items()
        if actual.role is not None
        and is_simulated(judgement.effect)
        and can_outweigh(reach(actual.role.session(), place, policies), place)
    }
    return explanation(desired, actual, plan, policies, simulated)


def _read_and_plan(aws: Aws, desired: Desired, params: Mapping[str, Any]) -> tuple[Actual, Plan]:
    removal, places = params["state"] == "absent", [Place(name, params["prefix"] or "") for name in params["buckets"]]
    if params["role_arn"]:
        return _judge_given(aws, desired, params["role_arn"], [] if removal else places)
    actual = read_actual(aws, desired, for_removal=removal)
    if removal:
        return actual, plan_absent(desired, actual, adopt=params["adopt"])
    present = partial(
        plan_present, desired, actual, adopt=params["adopt"], released=params["released_buckets"], places=places
    )
    role_arn = actual.role.arn if actual.role else ""
    return actual, with_evidence(present, partial(_bucket_policies, aws, places), partial(_simulated, aws, role_arn))


def _judge_given(aws: Aws, desired: Desired, role_arn: str, places: list[Place]) -> tuple[Actual, Plan]:
    """Look at a role that is somebody else's by order of the user, and at nothing where nothing is to be read."""
    if not places:
        return Actual(), Plan(NOTHING, NOTHING, foreign=True)
    role = read_given(aws, desired.account, role_arn)
    given = partial(plan_given, desired, role, role_arn, places)
    plan = with_evidence(given, partial(_bucket_policies, aws, places), partial(_simulated, aws, role_arn))
    return Actual(role=role if isinstance(role, ActualRole) else None), plan


def _simulated(aws: Aws, role_arn: str, places: Iterable[Place]) -> Simulated:
    """Return what AWS itself says of the role, where it may be asked."""
    answers = {place: simulate(aws, role_arn, place) for place in places}
    return {place: asked for place, asked in answers.items() if asked}


def _bucket_policies(aws: Aws, places: Iterable[Place]) -> dict[str, Document]:
    policies = {place.bucket: read_policy(aws.client("s3"), place.bucket) for place in places}
    return {name: policy for name, policy in policies.items() if policy is not None}


def access_view(desired: Desired, actual: Actual, plan: Plan) -> JsonObject:
    """Return what ``s3_access_info`` shows of the account and of what has to be written."""
    policy, role = actual.policy, actual.role
    return {
        "account": desired.account,
        "partition": desired.partition,
        "external_id": desired.external_id,
        "policy": {
            "name": policy.name if policy else desired.policy_name,
            "arn": policy.arn if policy else desired.policy_arn,
            "path": policy.path if policy else desired.path,
            "document": plan.policy.after.get("document", policy.document if policy else desired.permissions),
            **vars(plan.policy),
        },
        "role": {
            "name": role.name if role else desired.role_name,
            "arn": role.arn if role else desired.role_arn,
            "path": role.path if role else desired.path,
            "document": plan.role.after.get("trust", role.trust if role else desired.trust),
            **vars(plan.role),
        },
        "managed": not plan.foreign,
        "effect": summary(plan),
        "findings": [finding.as_json() for finding in plan.all_findings],
    }
