# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands against reading a bucket, and what to do about it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator

from .._bucket.effect import Answer, Effect
from .._kernel.finding import ACCESS, Finding
from .bucket import QUESTIONS, S3Bucket, S3Reader, policy_of
from .effect.effect import BucketAccess, Document, RolePermissions, may_read


def s3_findings(bucket: S3Bucket, reader: S3Reader, kms_key_arns: tuple[str, ...]) -> Iterator[Finding]:
    """Judge what AWS told about a bucket."""
    if bucket.exists is not True:
        yield _not_there(bucket)
        return
    for judge in (_policy, _encryption, _object_lock, _public_access, _unanswered):
        yield from judge(bucket, reader, kms_key_arns)


def _not_there(bucket: S3Bucket) -> Finding:
    if bucket.exists is False:
        return Finding(
            ACCESS, "error", "bucket_missing", f"There is no bucket {bucket.name}.",
            "Check its name in the settings of Currents in Braze, and create it if it is new.",
        )  # fmt: skip
    return Finding(
        ACCESS, "warning", "bucket_not_readable",
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


def _policy(bucket: S3Bucket, reader: S3Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    policy = policy_of(bucket)
    if bucket.in_this_account and (policy is None or policy.content is None):
        return
    owner = None if bucket.in_this_account else _ANOTHER_ACCOUNT
    session = RolePermissions(reader.role_arn, (_EVERYTHING,))
    effect = may_read(session, BucketAccess(bucket.name, reader.prefix, policy, owner))
    why = "; ".join(dict.fromkeys(reason.text for reason in effect.reasons))
    if effect.answer is Answer.UNKNOWN:
        what = f"The policy of bucket {bucket.name} may keep Fivetran from reading: {why}."
        yield Finding(ACCESS, "warning", "bucket_policy_may_deny", what, _remedy(effect, reader))
    elif effect.answer is Answer.NO and not bucket.in_this_account:
        yield Finding(
            ACCESS, "error", "bucket_in_another_account",
            f"Bucket {bucket.name} belongs to another AWS account than {reader.account}, in which the role is, and its"
            " policy does not let the role read.",
            "Use credentials of the bucket's account. If the role is to stay here, the bucket's own policy has to let"
            f" {reader.role_arn} read as well.",
        )  # fmt: skip
    elif effect.answer is Answer.NO:
        yield Finding(
            ACCESS, "error", "bucket_policy_denies", f"Fivetran may not read, whatever the role allows: {why}.",
            f"Make an exception for {reader.role_arn}, by a condition on aws:PrincipalArn.",
        )  # fmt: skip


def _remedy(effect: Effect, reader: S3Reader) -> str:
    if any("aws:sourceip" in reason.text.lower() for reason in effect.reasons):
        return (
            "Allow the IP addresses of Fivetran's region (https://fivetran.com/docs/using-fivetran/ips), or make an"
            f" exception for {reader.role_arn}."
        )
    return f"Make an exception for {reader.role_arn} if the setup tests of Fivetran fail."


def _encryption(bucket: S3Bucket, _reader: S3Reader, kms_key_arns: tuple[str, ...]) -> Iterator[Finding]:
    key = kms_key(bucket)
    if key is None:
        return
    yield Finding(
        ACCESS, "warning", "kms_not_supported_by_braze",
        f"Bucket {bucket.name} encrypts with KMS (SSE-KMS), which Braze Currents does not support.",
        "Use SSE-S3 (AES256) as the default encryption of the bucket, or check that Currents really writes.",
    )  # fmt: skip
    # The key that AWS manages for S3 lets everybody in the account decrypt who may read.
    if not key or key.endswith("alias/aws/s3") or _is_named(key, kms_key_arns):
        return
    yield Finding(
        ACCESS, "warning", "kms_decrypt_unknown",
        f"Bucket {bucket.name} encrypts with the KMS key {key}. Nothing that was looked at lets the role decrypt with"
        " it; the policy of the key, which is not looked at, may.",
        "If the setup tests of Fivetran fail, name the key's ARN in kms_key_arns (s3_access_kms_key_arns in the role),"
        " or let the key's policy allow the role.",
    )  # fmt: skip


def kms_key(bucket: S3Bucket) -> str | None:
    """Return the KMS key of the bucket's default encryption: empty for AWS's own, None where there is none."""
    if not str(bucket.encryption.get("SSEAlgorithm", "")).startswith("aws:kms"):
        return None
    return str(bucket.encryption.get("KMSMasterKeyID") or "")


def _is_named(key: str, kms_key_arns: tuple[str, ...]) -> bool:
    return any(arn == key or arn.endswith(f":key/{key}") for arn in kms_key_arns)


def _object_lock(bucket: S3Bucket, _reader: S3Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    if bucket.has_object_lock:
        yield Finding(
            ACCESS, "warning", "object_lock",
            f"Bucket {bucket.name} has Object Lock, which Braze Currents does not support.",
            "Let Currents write to a bucket without Object Lock; it cannot be turned off for an existing one.",
        )  # fmt: skip


def _public_access(bucket: S3Bucket, _reader: S3Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    if bucket.is_public:
        yield Finding(
            ACCESS, "warning", "bucket_is_public", f"The policy of bucket {bucket.name} lets everybody in.",
            "Remove the statements that allow it to everybody: Fivetran reads through the role.",
        )  # fmt: skip
    elif bucket.unblocked:
        yield Finding(
            ACCESS, "info", "public_access_not_blocked",
            f"Block Public Access of bucket {bucket.name} is not complete: {', '.join(bucket.unblocked)} are off.",
            "Turn all four on: neither Braze nor Fivetran needs public access.",
        )  # fmt: skip
    if bucket.ownership == "ObjectWriter":
        yield Finding(
            ACCESS, "warning", "objects_owned_by_writer",
            f"Objects in bucket {bucket.name} belong to the account that writes them; what another account writes, the"
            " role cannot read.",
            "Set Object Ownership to BucketOwnerEnforced.",
        )  # fmt: skip


def _unanswered(bucket: S3Bucket, _reader: S3Reader, _keys: tuple[str, ...]) -> Iterator[Finding]:
    missing = [question.action for operation, question in QUESTIONS.items() if operation not in bucket.answers]
    if missing:
        yield Finding(
            ACCESS, "info", "not_checked", f"Not all could be checked about bucket {bucket.name}.",
            f"The credentials lack {', '.join(missing)}.",
        )  # fmt: skip
