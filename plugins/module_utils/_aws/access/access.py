# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the IAM policy and the role for Fivetran, and return what the role ``s3_access`` has to write."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..._bucket.names import bare_folder
from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.secrets.shown import quoted, shown
from ..._kernel.task import Result, Task
from ..bucket import read_policy
from ..client import Aws, aws_from_params, check_account, identity
from ..effect.effect import Document
from ..simulation import Simulated, can_outweigh, is_simulated, simulate
from .adoption import plan_given, reach, with_evidence
from .documents import PARTITIONS, JsonObject, Reading, check_reading, check_role_arn, digest_of, trust_document
from .explanation import explanation, summary
from .model import NOTHING, TAG, AccessPlan, Actual, ActualRole, DesiredAccess, Place
from .plan import plan_present
from .read import read_actual, read_given
from .removal import plan_absent

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")


def desired_from_params(params: Mapping[str, Any], account: str, partition: str) -> DesiredAccess:
    """Build what is wanted from the options of ``s3_access_plan_info``.

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
    _check_tag_keys(params["tags"])
    reading = Reading(
        buckets=tuple(dict.fromkeys(params["buckets"])),
        prefix=params["prefix"] or "" if params["scope"] == "prefix" else None,
        kms_key_arns=tuple(filter(None, params["kms_key_arns"])),
        partition=partition,
    )
    return DesiredAccess(
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


def _check_tag_keys(keys: Iterable[str]) -> None:
    """Refuse keys that IAM takes for the same: it has no regard to case."""
    known: dict[str, str] = {}
    for key in keys:
        if key.lower() == TAG:
            raise InvalidArgument(f"tags: {shown(key)} is the tag by which the collection knows what it has made.")
        other = known.setdefault(key.lower(), key)
        if other != key:
            raise InvalidArgument(f"tags: {shown(other)} and {shown(key)} are the same to AWS. Leave one out.")


def access_plan_info(task: Task) -> Result:
    """Do the work of ``s3_access_plan_info``."""
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


def _explain(aws: Aws, desired: DesiredAccess, actual: Actual, plan: AccessPlan) -> JsonObject:
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


def _read_and_plan(aws: Aws, desired: DesiredAccess, params: Mapping[str, Any]) -> tuple[Actual, AccessPlan]:
    removal, folder = params["state"] == "absent", bare_folder(params["prefix"])
    places = [Place(name, folder) for name in params["buckets"]]
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


def _judge_given(aws: Aws, desired: DesiredAccess, role_arn: str, places: list[Place]) -> tuple[Actual, AccessPlan]:
    """Look at a role that is somebody else's by order of the user, and at nothing where nothing is to be read."""
    if not places:
        return Actual(), AccessPlan(NOTHING, NOTHING, foreign=True)
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


def access_view(desired: DesiredAccess, actual: Actual, plan: AccessPlan) -> JsonObject:
    """Return what ``s3_access_plan_info`` shows of the account and of what has to be written."""
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
            "digest": digest_of(policy.document if policy else None),
            **vars(plan.policy),
        },
        "role": {
            "name": role.name if role else desired.role_name,
            "arn": role.arn if role else desired.role_arn,
            "path": role.path if role else desired.path,
            "document": plan.role.after.get("trust", role.trust if role else desired.trust),
            "digest": digest_of(role.trust if role else None),
            **vars(plan.role),
        },
        "managed": not plan.foreign,
        "effect": summary(plan),
        "findings": [finding.as_json() for finding in plan.all_findings],
    }
