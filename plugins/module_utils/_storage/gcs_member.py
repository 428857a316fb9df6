# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Grant a role on a bucket in Google Cloud Storage to a member, or take it away, and look at the bucket before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import InvalidArgument
from .._module import Result, Task
from .finding import report
from .gcs_iam import access_from_params, apply, no_bucket
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
    params = task.params
    wanted = wanted_grant(params)
    present = params["state"] == "present"
    access = access_from_params(params, task.clients)
    name = params["bucket"]
    result: Result = {"changed": False}
    known = None
    if present and params["preflight"] != "skip":
        bucket = look(access)
        known = bucket.policy
        wish = Wish(member=wanted.member, conditional=wanted.condition is not None)
        result = report(task, findings(bucket, wish), fail=params["preflight"] == "fail")
    outcome = apply(access, wanted, present=present, check_mode=task.check_mode, known=known)
    if outcome is None:
        if present:
            raise no_bucket(name)
        task.warn(f"There is no bucket {name!r}, so there is no grant to remove either. Check the name.")
        return {"changed": False, "grant": None, "other_grants": []}
    result |= {
        "changed": outcome.changed,
        "grant": {"bucket": name, **wanted.as_json()} if present else None,
        "other_grants": [
            grant.as_json()
            for grant in grants(outcome.plan.policy)
            if same_member(grant.member, wanted.member)
            and (grant.role, grant.condition) != (wanted.role, wanted.condition)
        ],
    }
    if outcome.changed:
        result["diff"] = _diff(name, outcome.plan)
    return result


def _diff(bucket: str, change: Plan) -> JsonObject:
    header = f"IAM policy of gs://{bucket}"
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(f"{line}\n" for line in change.before),
        "after": "".join(f"{line}\n" for line in change.after),
    }
