# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS tells about a bucket: each question once, and what could not be asked."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .._kernel.errors import OnrampError
from .access.documents import JsonObject, bucket_policy_title
from .effect.effect import Document
from .errors import ask

SETTINGS_OF_BLOCK_PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True)
class S3Reader:
    """Fivetran: a session of the role ``role_arn``, which reads what lies below ``prefix``."""

    role_arn: str
    prefix: str = ""

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]


@dataclass(frozen=True)
class BucketQuestion:
    """What is asked about a bucket: the permission, the code of AWS for "nothing is set", and what to read of it."""

    action: str
    absent: str
    read: Callable[[JsonObject], Any]


# By operation of boto3.
QUESTIONS: Mapping[str, BucketQuestion] = {
    "get_bucket_policy": BucketQuestion(
        "s3:GetBucketPolicy", "NoSuchBucketPolicy", lambda answer: dict(json.loads(answer["Policy"]))
    ),
    "get_bucket_encryption": BucketQuestion(
        "s3:GetEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        lambda answer: dict(
            answer["ServerSideEncryptionConfiguration"]["Rules"][0].get("ApplyServerSideEncryptionByDefault") or {}
        ),
    ),
    "get_object_lock_configuration": BucketQuestion(
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        lambda answer: answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled",
    ),
    "get_public_access_block": BucketQuestion(
        "s3:GetBucketPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration",
        lambda answer: tuple(
            name for name in SETTINGS_OF_BLOCK_PUBLIC_ACCESS if not answer["PublicAccessBlockConfiguration"].get(name)
        ),
    ),
    "get_bucket_policy_status": BucketQuestion(
        "s3:GetBucketPolicyStatus", "NoSuchBucketPolicy", lambda answer: bool(answer["PolicyStatus"].get("IsPublic"))
    ),
    "get_bucket_ownership_controls": BucketQuestion(
        "s3:GetBucketOwnershipControls",
        "OwnershipControlsNotFoundError",
        lambda answer: str(answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]),
    ),
}


class _Refused:
    """Stands for the answer to a question that the credentials may not ask."""


REFUSED = _Refused()


@dataclass(frozen=True)
class S3Bucket:
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


def look(s3: Any, name: str, account: str) -> S3Bucket:
    """Ask AWS everything about one bucket; ``account`` is the one in which the role for Fivetran is."""
    head = _status_of_head(s3, name)
    if head == 404:
        return S3Bucket(name, exists=False)
    if head == 403:
        return S3Bucket(name, exists=None)
    with ThreadPoolExecutor(max_workers=len(QUESTIONS) + 1) as pool:
        owned = pool.submit(_status_of_head, s3, name, ExpectedBucketOwner=account)
        asked = {operation: pool.submit(_answer, s3, name, operation) for operation in QUESTIONS}
    found = {operation: answer.result() for operation, answer in asked.items()}
    answers = {operation: answer for operation, answer in found.items() if answer is not REFUSED}
    return S3Bucket(name, exists=True, in_this_account=owned.result() == 200, answers=answers)


def _answer(s3: Any, name: str, operation: str) -> Any:
    """Return what is set, None where nothing is; REFUSED where the credentials may not know."""
    question = QUESTIONS[operation]
    try:
        return ask(question.action, getattr(s3, operation), question.read, (question.absent,), Bucket=name)
    except OnrampError as error:
        if error.failure.status not in (403, 405):
            raise
        return REFUSED


def policy_of(bucket: S3Bucket) -> Document | None:
    """Return the bucket's policy; None if it has none, without content where the credentials may not read it."""
    if "get_bucket_policy" not in bucket.answers:
        return Document(bucket_policy_title(bucket.name), None, unread="the credentials lack s3:GetBucketPolicy")
    return Document(bucket_policy_title(bucket.name), bucket.policy) if bucket.policy else None


def read_policy(s3: Any, name: str) -> Document | None:
    """Ask AWS for a bucket's policy only; see :func:`policy_of`.

    :raises OnrampError: what is no refusal.
    """
    answer = _answer(s3, name, "get_bucket_policy")
    return policy_of(S3Bucket(name, answers={} if answer is REFUSED else {"get_bucket_policy": answer}))


def _status_of_head(s3: Any, name: str, **arguments: Any) -> int:
    try:
        status: int = ask("s3:ListBucket", s3.head_bucket, lambda _answer: 200, Bucket=name, **arguments)
    except OnrampError as error:
        if error.failure.status not in (403, 404):
            raise
        status = error.failure.status
    return status
