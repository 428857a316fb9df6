# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explain what about a bucket in Google Cloud Storage would make Fivetran fail, before it does.

Reading and judging are apart: :func:`look` asks Google, :func:`gcs_findings` judges what it saw. What the credentials
may not look at is a finding too, never a failure.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._bucket.finding import report
from .._kernel.errors import OnrampError
from .._kernel.finding import ACCESS, Finding
from .._kernel.task import Result, Task
from .client import bounded_retry
from .errors import CALL_ERRORS, call_error, error_code, error_status
from .iam import NEXT_STEPS, BucketPolicy, access_from_params
from .policy import Grant, JsonObject, complete_member, grants, same_member

EVERYBODY = ("allUsers", "allAuthenticatedUsers")
# Roles by which somebody can read objects; what is wider than the guide's is listed first.
READING_ROLES = (
    "roles/storage.admin",
    "roles/storage.objectAdmin",
    "roles/storage.objectUser",
    "roles/storage.objectViewer",
    "roles/storage.legacyObjectReader",
    "roles/storage.legacyObjectOwner",
)


@dataclass(frozen=True)
class GcsBucket:
    """What Google told about a bucket. ``None`` is what the credentials may not know."""

    name: str
    exists: bool | None = True
    requester_pays: bool | None = None
    uniform_access: bool | None = None
    policy: JsonObject | None = None


@dataclass(frozen=True)
class Wish:
    """What is to be granted: to whom, and whether under a condition. ``member`` may be unknown."""

    member: str | None = None
    conditional: bool = False


def look(access: BucketPolicy) -> GcsBucket:
    """Ask Google about a bucket: its metadata and its IAM policy.

    :raises OnrampError: no usable answer.
    """
    name = access.bucket.name
    try:
        requester_pays, uniform_access = _settings(access)
    except CALL_ERRORS as error:
        status = error_status(error)
        if status == 404:
            return GcsBucket(name, exists=False)
        if status == 400 and error_code(error) == "required":
            # Google asks for a project to bill, the only parameter that this request can lack.
            return GcsBucket(name, requester_pays=True)
        if status != 403:
            raise call_error(error, access.request("buckets.get"), NEXT_STEPS) from None
        return GcsBucket(name, exists=None, policy=_policy(access))
    return GcsBucket(
        name,
        requester_pays=requester_pays,
        uniform_access=uniform_access,
        policy=_policy(access),
    )


def _settings(access: BucketPolicy) -> tuple[bool, bool]:
    """Return whether the bucket has requester pays, and uniform access."""
    limits = access.limits
    bucket = access.bucket.client.bucket(access.bucket.name, user_project=access.bucket.user_project)
    bucket.reload(timeout=limits.request_timeout, retry=bounded_retry(limits, access.clock))
    return bool(bucket.requester_pays), bool(bucket.iam_configuration.uniform_bucket_level_access_enabled)


def _policy(access: BucketPolicy) -> JsonObject | None:
    try:
        return access.read()
    except OnrampError as error:
        if error.failure.status != 403:
            raise
        return None


def gcs_findings(bucket: GcsBucket, wish: Wish) -> Iterator[Finding]:
    """Judge what Google told about a bucket."""
    if bucket.exists is False:
        yield Finding(
            ACCESS, "error", "bucket_missing", f"There is no bucket {bucket.name}.",
            "Check its name in the settings of Currents in Braze, and create it if it is new.",
        )  # fmt: skip
        return
    yield from _metadata_findings(bucket, wish)
    yield from _policy_findings(bucket, wish)


def _metadata_findings(bucket: GcsBucket, wish: Wish) -> Iterator[Finding]:
    if bucket.requester_pays:
        yield Finding(
            ACCESS, "error", "requester_pays",
            f"Bucket {bucket.name} has requester pays, and Fivetran names no project that would pay.",
            f"Turn it off: gcloud storage buckets update gs://{bucket.name} --no-requester-pays. For your own requests"
            " until then, name a project in user_project.",
        )  # fmt: skip
    if wish.conditional and bucket.uniform_access is False:
        yield Finding(
            ACCESS, "error", "uniform_access_needed",
            f"Bucket {bucket.name} has no uniform bucket-level access, without which Google takes no condition.",
            f"Turn it on, after checking who reads through ACLs: gcloud storage buckets update gs://{bucket.name}"
            " --uniform-bucket-level-access. Or grant the whole bucket.",
        )  # fmt: skip
    if bucket.exists is None:
        yield Finding(
            ACCESS, "info", "not_checked",
            f"The settings of bucket {bucket.name} could not be checked, or there is no such"
            " bucket.",
            "The credentials lack storage.buckets.get.",
        )  # fmt: skip


def _policy_findings(bucket: GcsBucket, wish: Wish) -> Iterator[Finding]:
    if bucket.policy is None:
        return
    everything = list(grants(bucket.policy))
    public = sorted({grant.role for grant in everything if grant.member in EVERYBODY})
    if public:
        yield Finding(
            ACCESS, "warning", "bucket_is_public", f"Bucket {bucket.name} gives {', '.join(public)} to everybody.",
            "Remove that grant: Fivetran reads through its service account.",
        )  # fmt: skip
    wider = [grant.line() for grant in everything if _makes_useless(grant, wish)]
    if wider:
        yield Finding(
            ACCESS, "warning", "condition_without_effect",
            f"The condition narrows nothing, because on bucket {bucket.name} the same member also has"
            f" {'; '.join(wider)}.",
            "Take the wider grant away once the narrow one is there.",
        )  # fmt: skip


def _makes_useless(grant: Grant, wish: Wish) -> bool:
    return (
        wish.conditional
        and wish.member is not None
        and same_member(grant.member, wish.member)
        and grant.condition is None
        and grant.role in READING_ROLES
    )


def preflight_info(task: Task) -> Result:
    """Do the work of ``gcs_bucket_preflight_info``."""
    params = task.params
    wish = Wish(
        member=complete_member(params["member"]) if params["member"] else None, conditional=params["conditional"]
    )
    access = access_from_params(params, task.clients)
    return report(task, gcs_findings(look(access), wish), params["on_problem"])
