# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role lacks for reading a bucket, and what it may do beside that. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..._bucket.effect import Answer, Effect, Reason
from ..access.documents import JsonObject
from .bucket import BucketAccess, BucketReading
from .condition import texts
from .decision import RolePermissions, may_do
from .statement import DocumentKind, Statement, parts

_WRITES_OBJECTS = ("s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl")
_WRITES_BUCKET = ("s3:PutBucketPolicy", "s3:DeleteBucket")
# Where a key encrypts the bucket, which is not always known, reading needs them.
_READS_ENCRYPTED = frozenset({"kms:decrypt", "kms:describekey"})
_LACKING = {"not_allowed": False, "not_in_boundary": False, "not_in_resource_policy": True}


def missing(effect: Effect, role: RolePermissions, bucket: BucketAccess) -> dict[str, list[JsonObject]]:
    """Return what would give what :func:`may_read` found missing: the least Allow statements, for each place.

    The places are called as in the reasons: the role, its boundary, the policy of the bucket or of its key. What a
    statement denies, no Allow gives.
    """
    found: dict[str, list[JsonObject]] = {}
    for reason in effect.reasons:
        if reason.code not in _LACKING or not reason.action:
            continue
        statement = _statement(reason, bucket)
        if _LACKING[reason.code]:
            statement["Principal"] = {"AWS": role.role_arn}
        place = found.setdefault(reason.where, [])
        if statement not in place:
            place.append(statement)
    return found


def _statement(reason: Reason, bucket: BucketAccess) -> JsonObject:
    in_key_policy = reason.code == "not_in_resource_policy" and reason.action.startswith("kms:")
    statement: JsonObject = {
        "Effect": "Allow",
        "Action": [reason.action],
        "Resource": ["*" if in_key_policy else reason.resource],
    }
    if reason.action == "s3:ListBucket" and bucket.folder:
        # Fivetran lists by the folder as it was entered, with or without slash, and deeper.
        statement["Condition"] = {"StringLike": {"s3:prefix": [bucket.literal_folder, f"{bucket.literal_folder}/*"]}}
    return statement


def is_wider(role: RolePermissions, bucket: BucketAccess) -> tuple[Reason, ...]:
    """Return what the role may do beside reading the bucket or folder: informative, it may all be meant."""
    reading = BucketReading(role, bucket)
    everything = may_do(role, "s3:GetObject", f"arn:{role.asker.partition}:s3:::*")
    every_bucket = _as("every_bucket", everything, "every bucket can be read") if _yes(everything) else ()
    return tuple(
        dict.fromkeys(
            (
                *_writes(reading),
                *every_bucket,
                *(() if every_bucket else _other_buckets(role, bucket)),
                *(_outside_folder(reading) if bucket.folder else ()),
                *_other_services(role, bool(bucket.kms_key_arn)),
            )
        )
    )


def _yes(effect: Effect) -> bool:
    return effect.answer is Answer.YES


def _as(code: str, effect: Effect, text: str) -> tuple[Reason, ...]:
    """Return what allows it, as something that is more than needed."""
    return tuple(replace(reason, code=code, text=f"{text}: {reason.text}") for reason in effect.reasons[:1])


def _writes(reading: BucketReading) -> Iterator[Reason]:
    asked = [(action, reading.objects) for action in _WRITES_OBJECTS]
    asked += [(action, reading.arn) for action in _WRITES_BUCKET]
    for action, resource in asked:
        effect = reading.may(action, resource)
        # Some of the folder is enough to be worth a word.
        partial = tuple(reason for reason in effect.reasons if reason.code == "allowed_in_part")
        if _yes(effect) or partial:
            found = effect if _yes(effect) else Effect(effect.answer, partial)
            yield from _as("writes", found, f"{action} is not needed for reading")


def _outside_folder(reading: BucketReading) -> tuple[Reason, ...]:
    effect = may_do(reading.role, "s3:GetObject", f"{reading.arn}/*")
    return _as("outside_folder", effect, "more than the folder can be read") if _yes(effect) else ()


def _allowing(role: RolePermissions) -> Iterator[Statement]:
    for document in role.identity:
        for part in parts(document, DocumentKind.IDENTITY):
            if isinstance(part, Statement) and part.allows:
                yield part


def _other_buckets(role: RolePermissions, bucket: BucketAccess) -> Iterator[Reason]:
    for statement in _allowing(role):
        for resource in texts(statement.content.get("Resource")):
            service, name = _service_and_bucket(resource)
            if service == "s3" and name not in (bucket.bucket, "*", ""):
                text = f"{statement.title} also speaks of the bucket {name}"
                yield Reason("other_bucket", text, statement.document, statement.label, "", f"arn:aws:s3:::{name}")


def _service_and_bucket(resource: str) -> tuple[str, str]:
    parts = resource.split(":", 5)
    return (parts[2], parts[5].split("/", 1)[0]) if len(parts) == 6 else ("", "")


def _other_services(role: RolePermissions, has_key: bool) -> Iterator[Reason]:
    needed = {"s3", "kms"} if has_key else {"s3"}
    for statement in _allowing(role):
        actions = texts(statement.content.get("Action", "*"))
        others = [action.lower() for action in actions if action.lower() not in _READS_ENCRYPTED]
        for service in dict.fromkeys(action.split(":", 1)[0] for action in others):
            if service not in needed:
                text = f"{statement.title} also allows {'everything' if service == '*' else f'actions of {service}'}"
                yield Reason("other_service", text, statement.document, statement.label, action=f"{service}:*")
