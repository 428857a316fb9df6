# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Grant a role on a bucket in Google Cloud Storage to a member, or take it away, and look at the bucket before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .._errors import Failure, InvalidArgument, OnrampError
from .._module import Result, Task
from .finding import report
from .gcs_effect import Access, Decision, because, decide
from .gcs_iam import BucketPolicy, Outcome, access_from_params, apply, no_bucket
from .gcs_policy import (
    Condition,
    Grant,
    JsonObject,
    Plan,
    check_role,
    complete_member,
    folder_condition,
    grants,
    same_member,
)
from .gcs_preflight import Wish, findings, look


def wanted_grant(params: Mapping[str, Any]) -> Grant:
    """Return the grant that the options of ``gcs_bucket_iam_member`` describe.

    :raises InvalidArgument: a role, member or folder that cannot work, or a folder beside a condition.
    """
    if params["folder"] is not None and params["condition"]:
        raise InvalidArgument("folder: cannot be given beside condition, because it is one; give one of the two.")
    return Grant(
        role=check_role(params["role"]),
        member=complete_member(params["member"]),
        condition=(
            Condition.from_json(params["condition"])
            if params["folder"] is None
            else folder_condition(params["bucket"], params["folder"])
        ),
    )


def member(task: Task) -> Result:
    """Do the work of ``gcs_bucket_iam_member``."""
    params, name = task.params, task.params["bucket"]
    wanted = wanted_grant(params)
    access = access_from_params(params, task.clients)
    if params["state"] == "absent":
        outcome = apply(access, wanted, present=False, check_mode=task.check_mode)
        if outcome is None:
            task.warn(f"There is no bucket {name!r}, so there is no grant to remove either. Check the name.")
            return {"changed": False, "grant": None, "other_grants": []}
        return _result(name, wanted, outcome)
    result, known = _looked_at(task, access, wanted)
    if params["sufficient"] == "adopt":
        known = access.read() if known is None else known
        if known is None:
            raise no_bucket(name)
        decision, held = _decided(params, wanted, known)
        result["effect"] = held.effect.as_json()
        if decision is Decision.ADOPT:
            return result | _adopted(name, wanted, held, known)
    outcome = apply(access, wanted, present=True, check_mode=task.check_mode, known=known)
    if outcome is None:
        raise no_bucket(name)
    return result | _result(name, wanted, outcome)


def _looked_at(task: Task, access: BucketPolicy, wanted: Grant) -> tuple[Result, JsonObject | None]:
    """Return what the look at the bucket has shown, if there is to be one, and its policy."""
    preflight = task.params["preflight"]
    if preflight == "skip":
        return {}, None
    bucket = look(access)
    wish = Wish(member=wanted.member, conditional=wanted.condition is not None)
    return report(task, findings(bucket, wish), fail=preflight == "fail"), bucket.policy


def _decided(params: Mapping[str, Any], wanted: Grant, policy: JsonObject) -> tuple[Decision, Access]:
    """Return what is done about the grant, and what there is now.

    :raises OnrampError: nobody can tell from here, and to grant more is nothing that somebody has asked for.
    """
    folder = params["sufficient_for"] or params["folder"] or ""
    decision, held = decide(policy, wanted, params["bucket"], folder, now=datetime.now(UTC))
    if decision is not Decision.ASK:
        return decision, held
    place = "/".join(filter(None, (f"gs://{params['bucket']}", folder.strip("/"))))
    reasons = because(held.effect)
    raise OnrampError(
        msg=f"Whether {wanted.member} may read {place} already cannot be told from here: {reasons}. Nothing was"
        f" granted, because {wanted.role} on the whole bucket may be more than somebody has decided. To rely on what is"
        f" there, do not run this (gcs_access_manage: false in the role), or name {_roles(held)} in role"
        " (gcs_access_role in the role). To grant the folder only, name it in folder (gcs_access_scope: prefix in the"
        " role). To grant all the same, set sufficient (gcs_access_sufficient in the role) to exact.",
        failure=Failure(code="grant_undecided", message=reasons),
        result={"changed": False, "effect": held.effect.as_json()},
    )


def _roles(held: Access) -> str:
    return " or ".join(dict.fromkeys(grant.role for grant in held.by))


def _adopted(bucket: str, wanted: Grant, held: Access, policy: JsonObject) -> Result:
    """Return the result for a grant that suffices and stays as it is: the member's own before those of many."""
    grant = min(held.by, key=lambda given: not same_member(given.member, wanted.member))
    return {
        "changed": False,
        "grant": {"bucket": bucket, **grant.as_json()},
        "other_grants": _others(policy, wanted.member, grant),
    }


def _result(bucket: str, wanted: Grant, outcome: Outcome) -> Result:
    policy = outcome.plan.policy
    present = any(_is_same(grant, wanted) for grant in grants(policy))
    result: Result = {
        "changed": outcome.changed,
        "grant": {"bucket": bucket, **wanted.as_json()} if present else None,
        "other_grants": _others(policy, wanted.member, wanted),
    }
    if outcome.changed:
        result["diff"] = _diff(bucket, outcome.plan)
    return result


def _others(policy: JsonObject, member: str, but: Grant) -> list[JsonObject]:
    return [
        grant.as_json() for grant in grants(policy) if same_member(grant.member, member) and not _is_same(grant, but)
    ]


def _is_same(one: Grant, other: Grant) -> bool:
    return same_member(one.member, other.member) and (one.role, one.condition) == (other.role, other.condition)


def _diff(bucket: str, change: Plan) -> JsonObject:
    header = f"IAM policy of gs://{bucket}"
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(f"{line}\n" for line in change.before),
        "after": "".join(f"{line}\n" for line in change.after),
    }
