# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and change the IAM policy of a bucket in Google Cloud Storage.

A change is one read-modify-write: read with the etag, change our grant, write with that etag. Who loses the race
against another writer reads again and starts over, so that nobody's grant gets lost.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from .._bucket.names import bare_folder
from .._kernel.clients import Clients
from .._kernel.deadline import CLOCK, Backoff, Clock, Deadline
from .._kernel.errors import Failure, OnrampError
from .._kernel.http.call import RetryPolicy
from .._kernel.options.limits import retry_policy
from .._kernel.secrets.shown import quoted
from .._kernel.task import Result, Task
from .client import bounded_retry, gcs_bucket
from .effect.effect import may_read, roles_in_doubt
from .effect.roles import permissions_of
from .errors import CALL_ERRORS, VENDOR, call_error, error_message, error_status
from .policy import (
    POLICY_VERSION,
    Grant,
    JsonObject,
    PolicyChange,
    check_role,
    complete_member,
    grants,
    plan_policy,
    same_member,
)

NEXT_STEPS = {
    401: "Check the credentials: the file in credentials_file, or what GOOGLE_APPLICATION_CREDENTIALS names.",
    403: "The credentials need storage.buckets.getIamPolicy and, to change it, storage.buckets.setIamPolicy on the"
    " bucket; the role roles/storage.admin holds both.",
    404: "Check the name of the bucket, and that the credentials belong to the right project.",
}
# Many writers may stand in line for one bucket; the deadline of the call is what ends the tries.
BETWEEN_WRITES = Backoff(first=0.2, longest=5.0, spread=1.0)


@dataclass(frozen=True)
class BucketPolicy:
    """The IAM policy of one bucket, through Google's own client."""

    bucket: Any
    limits: RetryPolicy
    clock: Clock = CLOCK

    def read(self) -> JsonObject | None:
        """``getIamPolicy`` with version 3; None if there is no such bucket.

        :raises OnrampError: a refusal, or no answer in time.
        """
        try:
            policy = self.bucket.get_iam_policy(
                requested_policy_version=POLICY_VERSION,
                timeout=self.limits.request_timeout,
                retry=bounded_retry(self.limits, self.clock),
            )
        except CALL_ERRORS as error:
            if error_status(error) == 404:
                return None
            raise call_error(error, self.request("getIamPolicy"), NEXT_STEPS) from None
        if not _is_policy(policy):
            # To write it back would take away everybody's grants.
            raise call_error(ValueError(), self.request("getIamPolicy"), NEXT_STEPS)
        bindings = [{**binding, "members": sorted(binding["members"])} for binding in policy.bindings]
        return {"version": policy.version, "etag": policy.etag, "bindings": bindings}

    def write(self, policy: JsonObject) -> None:
        """``setIamPolicy``, once: what a failure means is for the caller to find out by reading again.

        :raises google.api_core.exceptions.GoogleAPICallError: and the other ``CALL_ERRORS``.
        """
        self.clock.attend()
        self.bucket.set_iam_policy(_RawPolicy(policy), timeout=self.limits.request_timeout, retry=None)

    def request(self, method: str) -> str:
        """Return how messages name a call."""
        return f"{method} of bucket {self.bucket.name}"


def _is_policy(policy: Any) -> bool:
    """Tell whether this is what Google promises: every policy has an etag, and bindings of a role to members."""
    return (
        isinstance(policy.etag, str)
        and bool(policy.etag)
        and isinstance(policy.bindings, list)
        and all(
            isinstance(binding, dict)
            and isinstance(binding.get("role"), str)
            and all(isinstance(member, str) for member in binding.get("members", ()))
            for binding in policy.bindings
        )
    )


@dataclass(frozen=True)
class _RawPolicy:
    """A policy as Google's client sends it. The client's own class would drop fields that it does not know."""

    policy: JsonObject

    def to_api_repr(self) -> JsonObject:
        return dict(self.policy)


@dataclass(frozen=True)
class AppliedChange:
    """How a change ended: what was planned last, and whether it was, or would be, a change."""

    change: PolicyChange
    changed: bool


@dataclass(frozen=True)
class _Refusal:
    """A write that did not succeed, or of which nobody knows."""

    change: PolicyChange
    error: Exception

    @property
    def was_conflict(self) -> bool:
        return error_status(self.error) in (409, 412)


def apply(
    access: BucketPolicy,
    wanted: Grant,
    *,
    present: bool,
    check_mode: bool = False,
    known: JsonObject | None = None,
) -> AppliedChange | None:
    """Bring ``wanted`` to its state; None if there is no such bucket.

    ``known``: the policy, where it has just been read.

    :raises OnrampError: a refusal, or still in conflict when the time is up (code ``conflict``).
    """
    deadline = Deadline.after(access.limits.total, access.clock)
    refusal: _Refusal | None = None
    tries = 0
    while True:
        policy = access.read() if known is None else known
        known = None
        if policy is None:
            return None
        if refusal and _was_no_conflict(refusal, policy):
            _refuse(access, refusal.error)
        todo = plan_policy(policy, wanted, present=present)
        if check_mode or not todo.changed:
            return _found(todo, refusal)
        refusal = _write(access, todo)
        if refusal is None:
            return AppliedChange(todo, changed=True)
        tries += 1
        if not deadline.wait(BETWEEN_WRITES.after(tries)):
            _give_up(access, refusal, tries)


def _write(access: BucketPolicy, todo: PolicyChange) -> _Refusal | None:
    """Write once; return what is worth another look.

    :raises OnrampError: a refusal that another try does not change.
    """
    try:
        access.write(todo.policy)
    except CALL_ERRORS as error:
        status = error_status(error)
        if status is None or status in (408, 409, 412, 429) or status >= 500:
            return _Refusal(todo, error)
        _refuse(access, error)
    return None


def _found(todo: PolicyChange, refusal: _Refusal | None) -> AppliedChange:
    """Return what reading has shown: after a write whose answer was lost, the grant that is found is our doing."""
    if refusal is not None and not refusal.was_conflict and not todo.changed:
        return AppliedChange(PolicyChange(todo.policy, refusal.change.before, refusal.change.after), changed=True)
    return AppliedChange(todo, changed=todo.changed)


def _was_no_conflict(refusal: _Refusal, policy: JsonObject) -> bool:
    """Tell whether a 412 cannot have been a race: the policy is still the one that was to be replaced."""
    return error_status(refusal.error) == 412 and policy.get("etag") == refusal.change.policy.get("etag")


def _refuse(access: BucketPolicy, error: Exception) -> NoReturn:
    request = access.request("setIamPolicy")
    if error_status(error) in (400, 412) and _speaks_of_an_organization_policy(error):
        message = error_message(error)
        raise OnrampError(
            msg=f"An organization policy of the bucket's project forbids this member. {VENDOR} says: {message}"
            f" The request was {request}. Nothing was changed. Somebody with roles/orgpolicy.policyAdmin has to allow"
            " the member's organization in constraints/iam.allowedPolicyMemberDomains (domain-restricted sharing) or in"
            " constraints/iam.managed.allowedPolicyMembers, for the project of the bucket.",
            failure=Failure(code="organization_policy", message=message, status=error_status(error), request=request),
        ) from None
    steps = {
        **NEXT_STEPS,
        412: "Nobody else has changed the policy in the meantime, so trying again does not help. A condition needs"
        " uniform bucket-level access on the bucket; a member of another organization may be forbidden by an"
        " organization policy.",
    }
    raise call_error(error, request, steps) from None


_ORGANIZATION_POLICY = re.compile(
    r"organization policy|org policy|permitted customer|allowedPolicyMember|constraints/iam", re.IGNORECASE
)


def _speaks_of_an_organization_policy(error: Exception) -> bool:
    """Choose the advice, and only that: whether it was a conflict has been decided by the etag."""
    return _ORGANIZATION_POLICY.search(error_message(error)) is not None


def _give_up(access: BucketPolicy, refusal: _Refusal, tries: int) -> NoReturn:
    seconds = round(access.limits.total)
    if not refusal.was_conflict:
        error = call_error(refusal.error, access.request("setIamPolicy"), NEXT_STEPS)
        error.msg += f" Gave up after {tries} {'try' if tries == 1 else 'tries'} in {seconds} seconds."
        raise error
    raise OnrampError(
        msg=f"The IAM policy of bucket {access.bucket.name} was changed by others during each of {tries} tries in"
        f" {seconds} seconds. Nothing was changed by this task. Run it again, or raise retry_timeout.",
        failure=Failure(
            code="conflict", message=error_message(refusal.error), status=error_status(refusal.error),
            request=access.request("setIamPolicy"),
        ),
    )  # fmt: skip


def access_from_params(params: Mapping[str, Any], clients: Clients | None = None) -> BucketPolicy:
    """Build the access to a bucket's policy from the options of ``GCS_OPTIONS`` and ``bucket``."""
    clock = clients.clock if clients else CLOCK
    return BucketPolicy(bucket=gcs_bucket(params, clients), limits=retry_policy(params), clock=clock)


def iam_info(task: Task) -> Result:
    """Do the work of ``gcs_bucket_iam_info``."""
    params = task.params
    wanted_member = complete_member(params["member"]) if params["member"] else None
    wanted_role = check_role(params["role"]) if params["role"] else None
    policy = access_from_params(params, task.clients).read()
    if policy is None:
        raise no_bucket(params["bucket"])
    found = [
        grant.as_json()
        for grant in grants(policy)
        if (wanted_member is None or same_member(grant.member, wanted_member)) and wanted_role in (None, grant.role)
    ]
    result = {"changed": False, "bucket": params["bucket"], "grants": found, "version": policy["version"]}
    if wanted_member is not None:
        asked = (policy["bindings"], wanted_member, params["bucket"], bare_folder(params["folder"]))
        now = datetime.now(UTC)
        allowed = permissions_of(params, roles_in_doubt(*asked, now=now), task.clients)
        result["effect"] = may_read(*asked, now=now, permissions_of=allowed).as_json()
    return result


def no_bucket(name: str) -> OnrampError:
    """Return the error for a bucket that does not exist, or that the credentials cannot see."""
    msg = f"There is no bucket {quoted(name)} that these credentials can see. {NEXT_STEPS[404]}"
    return OnrampError(msg=msg, failure=Failure(code="notFound", message=msg, status=404))
