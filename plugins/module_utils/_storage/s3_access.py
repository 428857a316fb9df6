# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Read the IAM policy and the role for Fivetran, and return what the role ``s3_access`` has to write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from .._errors import Failure, InvalidArgument, OnrampError
from .._module import Result, Task
from .aws_client import Aws, ask, aws_from_params, identity
from .s3_access_plan import TAG, Actual, ActualPolicy, ActualRole, Desired, Plan, plan_absent, plan_present
from .s3_documents import PARTITIONS, JsonObject, Reading, check_reading, trust_document

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")


def read_actual(aws: Aws, desired: Desired, *, for_removal: bool) -> Actual:
    """Return what the account holds under the two names.

    :raises OnrampError: a refusal, naming the permission that is missing.
    """
    iam = aws.client("iam")
    with ThreadPoolExecutor(max_workers=2) as pool:
        policy = pool.submit(_read_policy, iam, desired, for_removal=for_removal)
        role = pool.submit(_read_role, iam, desired.role_name, for_removal=for_removal)
    return Actual(policy=policy.result(), role=role.result())


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
        document=ask(
            "iam:GetPolicyVersion", iam.get_policy_version,
            lambda answer: _decoded(answer["PolicyVersion"]["Document"]),
            PolicyArn=arn, VersionId=policy["DefaultVersionId"],
        ),
        tags=policy["Tags"],
        path=policy["Path"],
        attached_to=tuple(_attached_to(iam, arn)) if for_removal else (),
    )  # fmt: skip


def _policy(answer: JsonObject) -> JsonObject:
    policy = answer["Policy"]
    return {**{key: str(policy[key]) for key in ("Arn", "Path", "DefaultVersionId")}, "Tags": _tags(policy)}


def _policy_elsewhere(iam: Any, name: str) -> str | None:
    """Return the ARN of the policy of this name below another path, for names are unique in an account."""
    policies = _all_pages(iam, "iam:ListPolicies", "list_policies", lambda page: page["Policies"], Scope="Local")
    return next((str(policy["Arn"]) for policy in policies if policy.get("PolicyName") == name), None)


def _attached_to(iam: Any, arn: str) -> list[str]:
    def names(page: JsonObject) -> Iterator[str]:
        yield from (f"role {role['RoleName']}" for role in page["PolicyRoles"])
        yield from (f"user {user['UserName']}" for user in page["PolicyUsers"])
        yield from (f"group {group['GroupName']}" for group in page["PolicyGroups"])

    return _all_pages(iam, "iam:ListEntitiesForPolicy", "list_entities_for_policy", names, PolicyArn=arn)


def _read_role(iam: Any, name: str, *, for_removal: bool) -> ActualRole | None:
    role: ActualRole | None = ask("iam:GetRole", iam.get_role, _role, ("NoSuchEntity",), RoleName=name)
    if role is None:
        return None
    return replace(
        role,
        attached_policies=tuple(_all_pages(
            iam, "iam:ListAttachedRolePolicies", "list_attached_role_policies",
            lambda page: [policy["PolicyArn"] for policy in page["AttachedPolicies"]], RoleName=name,
        )),
        inline_policies=tuple(_all_pages(
            iam, "iam:ListRolePolicies", "list_role_policies", lambda page: page["PolicyNames"], RoleName=name,
        )),
        instance_profiles=tuple(_all_pages(
            iam, "iam:ListInstanceProfilesForRole", "list_instance_profiles_for_role",
            lambda page: [profile["InstanceProfileName"] for profile in page["InstanceProfiles"]], RoleName=name,
        )) if for_removal else (),
    )  # fmt: skip


def _role(answer: JsonObject) -> ActualRole:
    role = answer["Role"]
    return ActualRole(
        arn=role["Arn"],
        trust=_decoded(role["AssumeRolePolicyDocument"]),
        tags=_tags(role),
        path=role["Path"],
        max_session_duration=role.get("MaxSessionDuration"),
        permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
    )


def _all_pages(
    iam: Any, action: str, operation: str, read: Callable[[JsonObject], Iterable[Any]], **arguments: Any
) -> list[Any]:
    """Return what ``read`` finds in the pages of an answer."""
    paginate = iam.get_paginator(operation).paginate
    found: list[Any] = ask(
        action, paginate, lambda pages: [item for page in pages for item in read(page)], **arguments
    )  # fmt: skip
    return found


def _decoded(document: Any) -> JsonObject:
    return dict(json.loads(document) if isinstance(document, str) else document)


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in data.get("Tags") or ()}


def desired_from_params(params: Mapping[str, Any], account: str, partition: str) -> Desired:
    """Build what shall be from the options of ``s3_access_info``.

    :raises InvalidArgument: a value that cannot work; raised before anything is written.
    """
    partition = params["partition"] or partition
    for option in ("policy_name", "role_name"):
        longest = 128 if option == "policy_name" else 64
        if not _NAME.fullmatch(params[option]) or len(params[option]) > longest:
            raise InvalidArgument(
                f"{option}: expected at most {longest} letters, digits and +=,.@_-, got {params[option]!r}."
            )
    if not _PATH.fullmatch(params["path"]):
        raise InvalidArgument(f"path: expected a path that begins and ends with /, got {params['path']!r}.")
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
    )


def access_info(task: Task) -> Result:
    """Do the work of ``s3_access_info``."""
    params = task.params
    # The arguments are judged before the first call, with a stand-in for what only AWS knows.
    desired_from_params(params, account="0" * 12, partition=PARTITIONS[0])
    aws = aws_from_params(params, params["partition"], task.clients)
    caller = identity(aws)
    desired = desired_from_params(params, caller.account, caller.partition)
    removal = params["state"] == "absent"
    actual = read_actual(aws, desired, for_removal=removal)
    plan = (
        plan_absent(desired, actual, adopt=params["adopt"])
        if removal
        else plan_present(desired, actual, adopt=params["adopt"], released=params["released_buckets"])
    )
    result: Result = {"changed": False, "access": {"region": aws.region, **access_view(desired, actual, plan)}}
    errors = [finding for finding in plan.findings if finding.severity == "error"]
    for finding in plan.findings:
        if finding.severity == "warning":
            task.warn(finding.text())
    if errors:
        raise OnrampError(
            msg=" ".join(finding.text() for finding in errors) + " Nothing was changed.",
            failure=Failure(code=errors[0].code, message=errors[0].message),
            result=result,
        )
    return result


def access_view(desired: Desired, actual: Actual, plan: Plan) -> JsonObject:
    """Return what ``s3_access_info`` shows of the account and of what has to be written."""
    return {
        "account": desired.account,
        "partition": desired.partition,
        "policy": {
            "name": desired.policy_name,
            "arn": actual.policy.arn if actual.policy else desired.policy_arn,
            "document": plan.policy.after.get("document", desired.permissions),
            **vars(plan.policy),
        },
        "role": {
            "name": desired.role_name,
            "arn": actual.role.arn if actual.role else desired.role_arn,
            "document": desired.trust,
            **vars(plan.role),
        },
        "findings": [finding.as_json() for finding in plan.findings],
    }
