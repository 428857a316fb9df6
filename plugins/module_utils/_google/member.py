# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grant a role on a bucket in Google Cloud Storage to a member, or take it away, and look at the bucket before."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .._bucket.finding import report
from .._bucket.names import bare_folder
from .._kernel.errors import Failure, InvalidArgument, OnrampError
from .._kernel.finding import ACCESS, Finding
from .._kernel.secrets.shown import quoted
from .._kernel.task import Result, Task
from .effect.decision import Decision, decide
from .effect.effect import HeldAccess, because, roles_in_doubt, too_narrow
from .effect.question import VIEWER, Allowed
from .effect.roles import permissions_of
from .iam import AppliedChange, BucketPolicy, access_from_params, apply, no_bucket
from .policy import (
    Condition,
    Grant,
    JsonObject,
    PolicyChange,
    check_role,
    complete_member,
    folder_condition,
    grants,
    same_member,
)
from .preflight import Wish, gcs_findings, look


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
            task.warn(f"There is no bucket {quoted(name)}, so there is no grant to remove either. Check the name.")
            return {"changed": False, "grant": None, "other_grants": []}
        return _result(name, wanted, outcome)
    result, known = _looked_at(task, access, wanted)
    if params["sufficient"] == "adopt":
        known = access.read() if known is None else known
        if known is None:
            raise no_bucket(name)
        folder = bare_folder(params["sufficient_for"] or params["folder"])
        judged = _Judged(wanted, known, name, folder, datetime.now(UTC))
        allowed = permissions_of(params, judged.roles_in_doubt(), task.clients)
        decision, held = judged.decide(allowed)
        result["effect"] = held.effect.as_json()
        if decision is Decision.ADOPT:
            return result | _adopted(name, wanted, held, known)
        _check_role_suffices(task, judged.too_narrow(allowed), result, is_there=decision is Decision.THERE)
    outcome = apply(access, wanted, present=True, check_mode=task.check_mode, known=known)
    if outcome is None:
        raise no_bucket(name)
    return result | _result(name, wanted, outcome)


def _looked_at(task: Task, access: BucketPolicy, wanted: Grant) -> tuple[Result, JsonObject | None]:
    """Return what the look at the bucket has shown, if there is to be one, and its policy."""
    preflight = task.params["preflight"]
    if preflight == "ignore":
        return {}, None
    bucket = look(access)
    wish = Wish(member=wanted.member, conditional=wanted.condition is not None)
    return report(task, gcs_findings(bucket, wish), preflight), bucket.policy


@dataclass(frozen=True)
class _Judged:
    """What is asked of a bucket's policy before anything is granted."""

    wanted: Grant
    policy: JsonObject
    bucket: str
    folder: str
    now: datetime

    def roles_in_doubt(self) -> tuple[str, ...]:
        """Return the roles that have to be read for an answer."""
        asked = (self.policy.get("bindings") or (), self.wanted.member, self.bucket, self.folder)
        return roles_in_doubt(*asked, now=self.now, wanted=self.wanted.role)

    def too_narrow(self, allowed: Mapping[str, Allowed]) -> str:
        """Return what the role lacks, as a clause."""
        return too_narrow(
            self.policy, self.wanted, self.bucket, self.folder, now=self.now, permissions_of=allowed
        )  # fmt: skip

    def decide(self, allowed: Mapping[str, Allowed]) -> tuple[Decision, HeldAccess]:
        """Return what is done about the grant, and what there is now.

        :raises OnrampError: nobody can tell from here, and to grant more is nothing that somebody has asked for.
        """
        asked = (self.policy, self.wanted, self.bucket, self.folder)
        decision, held = decide(*asked, now=self.now, permissions_of=allowed)
        if decision is Decision.ASK:
            raise self._undecided(held)
        return decision, held

    def _undecided(self, held: HeldAccess) -> OnrampError:
        place = "/".join(filter(None, (f"gs://{self.bucket}", self.folder)))
        reasons, wanted = because(held.effect), self.wanted
        return OnrampError(
            msg=f"Whether {wanted.member} may read {place} already cannot be told from here: {reasons}. Nothing was"
            f" granted. To rely on what is there, name {_roles(held)} in role (gcs_access_role in the role), or do not"
            " run this (gcs_access_manage: false); to grant the folder only, set folder (gcs_access_scope: prefix); to"
            f" grant {wanted.role} on the whole bucket all the same, sufficient: exact (gcs_access_sufficient).",
            failure=Failure(code="grant_undecided", message=reasons),
            result={"changed": False, "effect": held.effect.as_json()},
        )


def _check_role_suffices(task: Task, lacking: str, result: Result, *, is_there: bool) -> None:
    """Say that the role does not let the member read.

    :raises OnrampError: the look at the bucket was to fail for that, and the grant is not there yet.
    """
    preflight = task.params["preflight"]
    if not lacking or preflight == "ignore":
        return
    finding = Finding(
        ACCESS, "warning", "grant_too_narrow", f"role: {lacking}, so that {task.params['member']} may not read it.",
        f"Add that to the role, or use {VIEWER}. If it is granted on the project, set preflight"
        " (gcs_access_preflight in the role) to warn.",
    )  # fmt: skip
    if preflight == "fail" and not is_there:
        failure = Failure(code=finding.code, message=finding.message)
        raise OnrampError(msg=finding.text(), failure=failure, result={**result, "changed": False})
    task.warn(finding.text())


def _roles(held: HeldAccess) -> str:
    return " or ".join(dict.fromkeys(grant.role for grant in held.by))


def _adopted(bucket: str, wanted: Grant, held: HeldAccess, policy: JsonObject) -> Result:
    """Return the result for a grant that suffices and stays as it is: the member's own before those of many."""
    grant = min(held.by, key=lambda given: not same_member(given.member, wanted.member))
    return {
        "changed": False,
        "grant": {"bucket": bucket, **grant.as_json()},
        "other_grants": _others(policy, wanted.member, grant),
    }


def _result(bucket: str, wanted: Grant, outcome: AppliedChange) -> Result:
    policy = outcome.change.policy
    present = any(_is_same(grant, wanted) for grant in grants(policy))
    result: Result = {
        "changed": outcome.changed,
        "grant": {"bucket": bucket, **wanted.as_json()} if present else None,
        "other_grants": _others(policy, wanted.member, wanted),
    }
    if outcome.changed:
        result["diff"] = _diff(bucket, outcome.change)
    return result


def _others(policy: JsonObject, member: str, but: Grant) -> list[JsonObject]:
    return [
        grant.as_json() for grant in grants(policy) if same_member(grant.member, member) and not _is_same(grant, but)
    ]


def _is_same(one: Grant, other: Grant) -> bool:
    return same_member(one.member, other.member) and (one.role, one.condition) == (other.role, other.condition)


def _diff(bucket: str, change: PolicyChange) -> JsonObject:
    header = f"IAM policy of gs://{bucket}"
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(f"{line}\n" for line in change.before),
        "after": "".join(f"{line}\n" for line in change.after),
    }
