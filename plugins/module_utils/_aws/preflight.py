# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Explain what about an S3 bucket would make Fivetran or Braze fail, before they do.

Reading and judging are apart: :func:`look` asks AWS, :func:`findings` judges what it saw. What the credentials may not
look at is a finding too, never a failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .._bucket.effect import Answer, Effect
from .._bucket.finding import Finding, report
from .._kernel.errors import OnrampError
from .._kernel.task import Result, Task
from .access.documents import JsonObject, Reading, bucket_policy_title, check_reading, check_role_arn
from .client import aws_from_params, identity
from .effect.effect import BucketAccess, Document, RolePermissions, may_read
from .errors import ask

SETTINGS_OF_BLOCK_PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class Reader:
    """Fivetran: a session of the role ``role_arn``, which reads what lies below ``prefix``."""

    role_arn: str
    prefix: str = ""

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]


@dataclass(frozen=True)
class Question:
    """What is asked about a bucket: the permission, the code of AWS for "nothing is set", and what to read of it."""

    action: str
    absent: str
    read: Callable[[JsonObject], Any]


# By operation of boto3.
QUESTIONS: Mapping[str, Question] = {
    "get_bucket_policy": Question(
        "s3:GetBucketPolicy", "NoSuchBucketPolicy", lambda answer: dict(json.loads(answer["Policy"]))
    ),
    "get_bucket_encryption": Question(
        "s3:GetEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        lambda answer: dict(
            answer["ServerSideEncryptionConfiguration"]["Rules"][0].get("ApplyServerSideEncryptionByDefault") or {}
        ),
    ),
    "get_object_lock_configuration": Question(
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        lambda answer: answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled",
    ),
    "get_public_access_block": Question(
        "s3:GetBucketPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration",
        lambda answer: tuple(
            name for name in SETTINGS_OF_BLOCK_PUBLIC_ACCESS if not answer["PublicAccessBlockConfiguration"].get(name)
        ),
    ),
    "get_bucket_policy_status": Question(
        "s3:GetBucketPolicyStatus", "NoSuchBucketPolicy", lambda answer: bool(answer["PolicyStatus"].get("IsPublic"))
    ),
    "get_bucket_ownership_controls": Question(
        "s3:GetBucketOwnershipControls",
        "OwnershipControlsNotFoundError",
        lambda answer: str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]),
    ),
}


class _Refused:
    """Stands for the answer to a question that the credentials may not ask."""


REFUSED = _Refused()


@dataclass(frozen=True)
class Bucket:
    """What AWS told about a bucket. ``answers``: by operation, None where nothing is set; refused ones are missing."""

    name: str
    exists: bool | None = True
    in_this_account: bool = True
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def policy(self) -> JsonObject:
        return self.answers.get("get_bucket_policy") or {}

    @property
    def encryption(self) -> JsonObject:
        """The default encryption: ``SSEAlgorithm`` and ``KMSMasterKeyID``."""
        return self.answers.get("get_bucket_encryption") or {}

    @property
    def has_object_lock(self) -> bool:
        return bool(self.answers.get("get_object_lock_configuration"))

    @property
    def unblocked(self) -> tuple[str, ...]:
        """Return the settings of Block Public Access that are off; empty also where that is not known."""
        settings = self.answers.get("get_public_access_block", ())
        return SETTINGS_OF_BLOCK_PUBLIC_ACCESS if settings is None else settings

    @property
    def is_public(self) -> bool:
        return bool(self.answers.get("get_bucket_policy_status"))

    @property
    def ownership(self) -> str:
        return self.answers.get("get_bucket_ownership_controls") or ""


def look(s3: Any, name: str, account: str) -> Bucket:
    """Ask AWS everything about one bucket; ``account`` is the one in which the role for Fivetran is."""
    head = _status_of_head(s3, name)
    if head == 404:
        return Bucket(name, exists=False)
    if head == 403:
        return Bucket(name, exists=None)
    with ThreadPoolExecutor(max_workers=len(QUESTIONS) + 1) as pool:
        owned = pool.submit(_status_of_head, s3, name, ExpectedBucketOwner=account)
        asked = {operation: pool.submit(_answer, s3, name, operation) for operation in QUESTIONS}
    found = {operation: answer.result() for operation, answer in asked.items()}
    answers = {operation: answer for operation, answer in found.items() if answer is not REFUSED}
    return Bucket(name, exists=True, in_this_account=owned.result() == 200, answers=answers)


def _answer(s3: Any, name: str, operation: str) -> Any:
    """Return what is set, None where nothing is; REFUSED where the credentials may not know."""
    question = QUESTIONS[operation]
    try:
        return ask(question.action, getattr(s3, operation), question.read, (question.absent,), Bucket=name)
    except OnrampError as error:
        if error.failure.status not in (403, 405):
            raise
        return REFUSED


def policy_of(bucket: Bucket) -> Document | None:
    """Return the bucket's policy; None if it has none, without content where the credentials may not read it."""
    if "get_bucket_policy" not in bucket.answers:
        return Document(bucket_policy_title(bucket.name), None, unread="the credentials lack s3:GetBucketPolicy")
    return Document(bucket_policy_title(bucket.name), bucket.policy) if bucket.policy else None


def read_policy(s3: Any, name: str) -> Document | None:
    """Ask AWS for a bucket's policy only; see :func:`policy_of`.

    :raises OnrampError: what is no refusal.
    """
    answer = _answer(s3, name, "get_bucket_policy")
    return policy_of(Bucket(name, answers={} if answer is REFUSED else {"get_bucket_policy": answer}))


def _status_of_head(s3: Any, name: str, **arguments: Any) -> int:
    try:
        status: int = ask("s3:ListBucket", s3.head_bucket, lambda _answer: 200, Bucket=name, **arguments)
    except OnrampError as error:
        if error.failure.status not in (403, 404):
            raise
        status = error.failure.status
    return status


def findings(bucket: Bucket, reader: Reader, kms_key_arns: tuple[str, ...]) -> Iterator[Finding]:
    """Judge what AWS told about a bucket."""
    if bucket.exists is not True:
        yield _not_there(bucket)
        return
    for judge in (_policy, _encryption, _object_lock, _public_access, _unanswered):
        yield from judge(bucket, reader, kms_key_arns)


def _not_there(bucket: Bucket) -> Finding:
    if bucket.exists is False:
        return Finding(
            "error", "bucket_missing", f"There is no bucket {bucket.name}.",
            "Check its name in the settings of Currents in Braze, and create it if it is new.",
        )  # fmt: skip
    return Finding(
        "warning", "bucket_not_readable",
        f"These credentials may not look at bucket {bucket.name}: it belongs to another AWS account, or they lack the"
        " permission s3:ListBucket.",
        "Use credentials of the account that the bucket is in.",
    )  # fmt: skip


# A role that may do everything, so that only the policy of the bucket decides.
_EVERYTHING = Document(
    "the role", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


# Stands for the account of a bucket that is in another one than the role; which one it is, AWS does not tell.
_ANOTHER_ACCOUNT = "0" * 12


def _policy(bucket: Bucket, reader: Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    policy = policy_of(bucket)
    if bucket.in_this_account and (policy is None or policy.content is None):
        return
    owner = None if bucket.in_this_account else _ANOTHER_ACCOUNT
    session = RolePermissions(reader.role_arn, (_EVERYTHING,))
    effect = may_read(session, BucketAccess(bucket.name, reader.prefix, policy, owner))
    why = "; ".join(dict.fromkeys(reason.text for reason in effect.reasons))
    if effect.answer is Answer.UNKNOWN:
        what = f"The policy of bucket {bucket.name} may keep Fivetran from reading: {why}."
        yield Finding("warning", "bucket_policy_may_deny", what, _remedy(effect, reader))
    elif effect.answer is Answer.NO and not bucket.in_this_account:
        yield Finding(
            "error", "bucket_in_another_account",
            f"Bucket {bucket.name} belongs to another AWS account than {reader.account}, in which the role is, and its"
            " policy does not let the role read.",
            "Use credentials of the bucket's account. If the role is to stay here, the bucket's own policy has to let"
            f" {reader.role_arn} read as well.",
        )  # fmt: skip
    elif effect.answer is Answer.NO:
        yield Finding(
            "error", "bucket_policy_denies", f"Fivetran may not read, whatever the role allows: {why}.",
            f"Make an exception for {reader.role_arn}, by a condition on aws:PrincipalArn.",
        )  # fmt: skip


def _remedy(effect: Effect, reader: Reader) -> str:
    if any("aws:sourceip" in reason.text.lower() for reason in effect.reasons):
        return (
            "Allow the IP addresses of Fivetran's region (https://fivetran.com/docs/using-fivetran/ips), or make an"
            f" exception for {reader.role_arn}."
        )
    return f"Make an exception for {reader.role_arn} if the setup tests of Fivetran fail."


def _encryption(bucket: Bucket, _reader: Reader, kms_key_arns: tuple[str, ...]) -> Iterator[Finding]:
    key = kms_key(bucket)
    if key is None:
        return
    yield Finding(
        "warning", "kms_not_supported_by_braze",
        f"Bucket {bucket.name} encrypts with KMS (SSE-KMS), which Braze Currents does not support.",
        "Use SSE-S3 (AES256) as the default encryption of the bucket, or check that Currents really writes.",
    )  # fmt: skip
    # The key that AWS manages for S3 lets everybody in the account decrypt who may read.
    if not key or key.endswith("alias/aws/s3") or _is_named(key, kms_key_arns):
        return
    yield Finding(
        "warning", "kms_decrypt_unknown",
        f"Bucket {bucket.name} encrypts with the KMS key {key}. Nothing that was looked at lets the role decrypt with"
        " it; the policy of the key, which is not looked at, may.",
        "If the setup tests of Fivetran fail, name the key's ARN in kms_key_arns (s3_access_kms_key_arns in the role),"
        " or let the key's policy allow the role.",
    )  # fmt: skip


def kms_key(bucket: Bucket) -> str | None:
    """Return the KMS key of the bucket's default encryption: empty for AWS's own, None where there is none."""
    if not str(bucket.encryption.get("SSEAlgorithm", "")).startswith("aws:kms"):
        return None
    return str(bucket.encryption.get("KMSMasterKeyID") or "")


def _is_named(key: str, kms_key_arns: tuple[str, ...]) -> bool:
    return any(arn == key or arn.endswith(f":key/{key}") for arn in kms_key_arns)


def _object_lock(bucket: Bucket, _reader: Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    if bucket.has_object_lock:
        yield Finding(
            "warning", "object_lock",
            f"Bucket {bucket.name} has Object Lock, which Braze Currents does not support.",
            "Let Currents write to a bucket without Object Lock; it cannot be turned off for an existing one.",
        )  # fmt: skip


def _public_access(bucket: Bucket, _reader: Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    if bucket.is_public:
        yield Finding(
            "warning", "bucket_is_public", f"The policy of bucket {bucket.name} lets everybody in.",
            "Remove the statements that allow it to everybody: Fivetran reads through the role.",
        )  # fmt: skip
    elif bucket.unblocked:
        yield Finding(
            "info", "public_access_not_blocked",
            f"Block Public Access of bucket {bucket.name} is not complete: {', '.join(bucket.unblocked)} are off.",
            "Turn all four on: neither Braze nor Fivetran needs public access.",
        )  # fmt: skip
    if bucket.ownership == "ObjectWriter":
        yield Finding(
            "warning", "objects_owned_by_writer",
            f"Objects in bucket {bucket.name} belong to the account that writes them; what another account writes, the"
            " role cannot read.",
            "Set Object Ownership to BucketOwnerEnforced.",
        )  # fmt: skip


def _unanswered(bucket: Bucket, _reader: Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    missing = [question.action for operation, question in QUESTIONS.items() if operation not in bucket.answers]
    if missing:
        yield Finding(
            "info", "not_checked", f"Not all could be checked about bucket {bucket.name}.",
            f"The credentials lack {', '.join(missing)}.",
        )  # fmt: skip


def preflight_info(task: Task) -> Result:
    """Do the work of ``s3_bucket_preflight_info``."""
    params = task.params
    reading = check_reading(
        Reading(buckets=tuple(dict.fromkeys(params["buckets"])), kms_key_arns=tuple(params["kms_key_arns"]))
    )
    role_arn = check_role_arn("role_arn", params["role_arn"]) if params["role_arn"] else None
    aws = aws_from_params(params, clients=task.clients)
    if role_arn is None:
        caller = identity(aws)
        role_arn = f"arn:{caller.partition}:iam::{caller.account}:role/{params['role_name']}"
    account = role_arn.split(":")[4]
    s3 = aws.client("s3")
    found = [
        finding
        for name in reading.buckets
        for finding in findings(look(s3, name, account), Reader(role_arn, params["prefix"] or ""), reading.kms_key_arns)
    ]
    return {**report(task, found, fail=params["fail_on"] == "error"), "role_arn": role_arn}
