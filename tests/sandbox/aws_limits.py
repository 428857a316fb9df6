# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS refuses and ministack lets pass: names, sizes and numbers in IAM, and a bucket of another owner.

A call is judged before ministack sees it, so that a caller who may not do it at all is told of the limit first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

LONGEST_POLICY = 6144
LONGEST_TRUST_POLICY = 2048
MOST_VERSIONS = 5
MOST_ATTACHED = 10

# A boto3 client, by service and account.
Client = Callable[[str, str], Any]
Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Refusal:
    """An error of AWS."""

    status: int
    code: str
    message: str


class Limits:
    """Judges calls to IAM by what exists in ministack. ``client`` asks it as the root of an account."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._judges: Mapping[str, Callable[[Any, Parameters], Refusal | None]] = {
            "CreateRole": _new_role,
            "UpdateAssumeRolePolicy": _trust,
            "CreatePolicy": _new_policy,
            "CreatePolicyVersion": _new_version,
            "AttachRolePolicy": _attachment,
        }

    def concerns(self, action: str) -> bool:
        """Tell whether there is anything to judge about a call to IAM."""
        return action in self._judges

    def refuse(self, action: str, parameters: Parameters, account: str) -> Refusal | None:
        """Return what AWS answers instead of doing it; None where nothing stands against it."""
        try:
            return self._judges[action](self._client("iam", account), parameters)
        except ClientError:
            # What is named does not exist: ministack says so itself.
            return None


def _new_role(iam: Any, parameters: Parameters) -> Refusal | None:
    name, there = parameters.get("RoleName", ""), _names(iam, "list_roles", "Roles", "RoleName")
    if name.lower() in there:
        return Refusal(409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    return _size(parameters.get("AssumeRolePolicyDocument", ""), LONGEST_TRUST_POLICY, "ACLSizePerRole")


def _trust(_iam: Any, parameters: Parameters) -> Refusal | None:
    return _size(parameters.get("PolicyDocument", ""), LONGEST_TRUST_POLICY, "ACLSizePerRole")


def _new_policy(iam: Any, parameters: Parameters) -> Refusal | None:
    name = parameters.get("PolicyName", "")
    if name.lower() in _names(iam, "list_policies", "Policies", "PolicyName", Scope="Local"):
        message = f"A policy called {name} already exists. Duplicate names are not allowed."
        return Refusal(409, "EntityAlreadyExists", message)
    return _size(parameters.get("PolicyDocument", ""), LONGEST_POLICY, "PolicySize")


def _new_version(iam: Any, parameters: Parameters) -> Refusal | None:
    versions = iam.list_policy_versions(PolicyArn=parameters.get("PolicyArn", ""))["Versions"]
    if len(versions) >= MOST_VERSIONS:
        message = (
            f"A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you must"
            " delete an existing version."
        )
        return Refusal(409, "LimitExceeded", message)
    return _size(parameters.get("PolicyDocument", ""), LONGEST_POLICY, "PolicySize")


def _attachment(iam: Any, parameters: Parameters) -> Refusal | None:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=parameters.get("RoleName", ""))
    attached = {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}
    if len(attached | {parameters.get("PolicyArn", "")}) > MOST_ATTACHED:
        return _exceeded("PoliciesPerRole", MOST_ATTACHED)
    return None


def _names(iam: Any, operation: str, items: str, field: str, **arguments: str) -> set[str]:
    """Return the names of the account as AWS compares them, whatever their path and case."""
    pages: Iterable[Mapping[str, Any]] = iam.get_paginator(operation).paginate(**arguments)
    return {str(item[field]).lower() for page in pages for item in page[items]}


def _size(document: str, longest: int, quota: str) -> Refusal | None:
    """AWS does not count white space."""
    return _exceeded(quota, longest) if len(re.sub(r"\s", "", document)) > longest else None


def _exceeded(quota: str, limit: int) -> Refusal:
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")


def foreign_owner(s3: Any, bucket: str) -> Refusal | None:
    """Return the refusal of a bucket of which ``s3``, the client of the account that is expected, is not the owner."""
    if any(item["Name"] == bucket for item in s3.list_buckets(Prefix=bucket)["Buckets"]):
        return None
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        # What does not exist has no owner: ministack says so itself.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
    return Refusal(403, "AccessDenied", "Access Denied")
