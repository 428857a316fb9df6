# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two documents that let Fivetran read S3 buckets, and how documents compare. Pure functions.

Sources: Fivetran's setup guide for Braze (the default), AWS's documentation of IAM policies.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._bucket.names import bare_folder, check_bucket
from ..._kernel.errors import InvalidArgument
from ..._kernel.secrets.shown import quoted
from ..effect.pattern import Extent, Pattern, extent, parse

JsonObject = dict[str, Any]

FIVETRAN_ACCOUNT = "834469178297"
PARTITIONS = ("aws", "aws-us-gov", "aws-cn")
VERSION = "2012-10-17"

_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_KEY_ARN = re.compile(r"arn:(?:aws|aws-us-gov|aws-cn):kms:[a-z0-9-]+:\d{12}:key/[\w-]+", re.ASCII)
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+")
_ROOT = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_READING = ("s3:getobject", "s3:listbucket")
# What an asterisk, a question mark or a dollar sign would mean in an IAM policy, nobody wants in a prefix.
_UNSAFE_IN_PREFIX = re.compile(r"[*?$]")


@dataclass(frozen=True)
class Reading:
    """What Fivetran may read: whole buckets, or in each only what lies below ``prefix``; with which keys."""

    buckets: tuple[str, ...]
    prefix: str | None = None
    kms_key_arns: tuple[str, ...] = ()
    partition: str = "aws"


def check_external_id(external_id: str) -> str:
    """Return ``external_id`` if AWS accepts it.

    :raises InvalidArgument: if not. Without an External ID anybody at Fivetran could point a connection at the role.
    """
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise InvalidArgument(
            "external_id: expected the External ID that Fivetran shows, which is the id of the group: 2 to 1224"
            f" characters, letters, digits and _+=,.@:/- only. Got {quoted(external_id)}."
        )
    return external_id


def check_role_arn(option: str, arn: str) -> str:
    """Return ``arn`` if it is that of a role.

    :raises InvalidArgument: if not, naming ``option``.
    """
    if not _ROLE_ARN.fullmatch(arn):
        raise InvalidArgument(f"{option}: expected the ARN of an IAM role, got {quoted(arn)}.")
    return arn


def check_reading(reading: Reading) -> Reading:
    """Return ``reading`` if a policy can be made of it that means what it says.

    :raises InvalidArgument: if not.
    """
    if not reading.buckets:
        raise InvalidArgument("buckets: expected the name of at least one bucket.")
    for bucket in reading.buckets:
        check_bucket("buckets", "s3", bucket)
    if reading.prefix is not None and (not bare_folder(reading.prefix) or _UNSAFE_IN_PREFIX.search(reading.prefix)):
        raise InvalidArgument(
            f"prefix: expected the folder to narrow the access to, without *, ? and $, got {quoted(reading.prefix)}."
        )
    for arn in reading.kms_key_arns:
        if not _KEY_ARN.fullmatch(arn):
            # "You cannot use a key id, alias name, or alias ARN to identify a KMS key in an IAM policy statement."
            why = (
                " A policy names a key by its own ARN: by that of an alias, nobody may decrypt."
                if ":alias/" in arn
                else ""
            )
            raise InvalidArgument(f"kms_key_arns: expected the ARN of a KMS key, got {quoted(arn)}.{why}")
    return reading


def is_possible(reading: Reading) -> bool:
    """Tell whether a policy can be made of ``reading``."""
    try:
        check_reading(reading)
    except InvalidArgument:
        return False
    return True


def trust_document(external_id: str, fivetran_account: str, partition: str) -> JsonObject:
    """Return who may assume the role: Fivetran's account, and only with the External ID.

    The principal is the full ARN: AWS stores an account id as one, and amazon.aws would see a change every time.

    :raises InvalidArgument: if the External ID or the account is not one.
    """
    if not re.fullmatch(r"\d{12}", fivetran_account, re.ASCII):
        raise InvalidArgument(f"fivetran_account_id: expected twelve digits, got {quoted(fivetran_account)}.")
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "FivetranAssumesWithExternalId",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{fivetran_account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": check_external_id(external_id)}},
            }
        ],
    }


def permission_document(reading: Reading) -> JsonObject:
    """Return what the role may do: the guide's policy, or a narrower one.

    :raises InvalidArgument: see :func:`check_reading`.
    """
    check_reading(reading)
    arns = [f"arn:{reading.partition}:s3:::{bucket}" for bucket in reading.buckets]
    statements = _whole_buckets(arns) if reading.prefix is None else _below_prefix(arns, reading.prefix)
    if reading.kms_key_arns:
        statements.append(_statement("FivetranDecrypts", ["kms:Decrypt"], list(reading.kms_key_arns)))
    return {"Version": VERSION, "Statement": statements}


def _whole_buckets(arns: Sequence[str]) -> list[JsonObject]:
    resources = [resource for arn in arns for resource in (arn, f"{arn}/*")]
    return [_statement("FivetranReadsBucket", ["s3:Get*", "s3:List*"], resources)]


def _below_prefix(arns: Sequence[str], prefix: str) -> list[JsonObject]:
    folder = bare_folder(prefix)
    # Fivetran lists by the folder as it was entered, with or without slash, and deeper.
    listed = {"StringLike": {"s3:prefix": [folder, f"{folder}/*"]}}
    return [
        {**_statement("FivetranListsFolder", ["s3:ListBucket"], list(arns)), "Condition": listed},
        _statement("FivetranFindsBucket", ["s3:GetBucketLocation"], list(arns)),
        _statement("FivetranReadsFolder", ["s3:GetObject*"], [f"{arn}/{folder}/*" for arn in arns]),
    ]


def _statement(sid: str, actions: list[str], resources: list[str]) -> JsonObject:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def same_document(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Tell whether two documents mean the same: order, lists of one, case of actions and Sids do not matter."""
    if one is None or other is None:
        return one is other
    return bool(_normal(one) == _normal(other))


def digest_of(document: Mapping[str, Any] | None) -> str:
    """Return what is the same for documents that mean the same, and for no others; empty without one.

    AWS does not always spell a document alike. Reports that are kept hold it: where it is made in another way, every
    document counts as changed once.
    """
    return hashlib.sha256(repr(_normal(document)).encode()).hexdigest()[:32] if document else ""


def _normal(document: Mapping[str, Any]) -> Any:
    statements = [_normal_statement(statement) for statement in listed(document.get("Statement"))]
    return document.get("Version"), sorted(statements, key=repr)


def _normal_statement(statement: Mapping[str, Any]) -> Any:
    parts = []
    for name, value in statement.items():
        if name == "Sid":
            continue
        if name in ("Action", "NotAction"):
            value = [action.lower() for action in listed(value)]
        elif name in ("Principal", "NotPrincipal") and isinstance(value, Mapping):
            value = {kind: [_principal(who) for who in listed(whom)] for kind, whom in value.items()}
        parts.append((name, _frozen(value)))
    return tuple(sorted(parts))


def _principal(who: Any) -> Any:
    """Spell a whole account the short way: AWS takes an account id and the ARN of its root for the same."""
    match = _ROOT.fullmatch(str(who))
    return match.group(1) if match else who


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(sorted((str(name), _frozen(inner)) for name, inner in value.items()))
    return tuple(sorted({str(item) for item in listed(value)}))


def listed(value: Any) -> list[Any]:
    """Return what may stand alone or in a list as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def bucket_policy_title(bucket: str) -> str:
    """Return what the policy of a bucket is called."""
    return f"the policy of bucket {bucket}"


def buckets_spoken_of(document: Mapping[str, Any] | None) -> list[str]:
    """Return the names of the buckets that the document speaks of, in order; a wildcard stays one."""
    return sorted(_buckets_in(listed((document or {}).get("Statement"))))


def granted_buckets(document: Mapping[str, Any] | None) -> list[str]:
    """Return the names of the buckets that the document lets somebody read, in order; a wildcard stays one.

    What is only written to, or denied as a whole, is not read, and must not become so where the document is made anew.
    """
    statements = [one for one in listed((document or {}).get("Statement")) if _is_about_reading(one)]
    allowed = _buckets_in(one for one in statements if one.get("Effect") == "Allow")
    denying = [one for one in statements if one.get("Effect") == "Deny" and not one.get("Condition")]
    denied = [resource for one in denying for resource in listed(one.get("Resource"))]
    return sorted(name for name, arn in allowed.items() if not any(_are_named(denied, x) for x in (arn, f"{arn}/*")))


def _buckets_in(statements: Iterable[Any]) -> dict[str, str]:
    """Return the ARNs of the buckets that statements speak of, by their names."""
    resources = (str(arn) for one in statements if isinstance(one, Mapping) for arn in listed(one.get("Resource")))
    return {bucket: resource.split("/", 1)[0] for resource in resources if (bucket := _bucket_of(resource))}


def _is_about_reading(statement: Any) -> bool:
    """Tell whether a statement speaks of listing a bucket, or of reading objects."""
    if not isinstance(statement, Mapping):
        return False
    if "NotAction" in statement:
        return any(not _are_named(statement["NotAction"], action) for action in _READING)
    return any(_are_named(statement.get("Action"), action) for action in _READING)


def _are_named(patterns: Any, what: str) -> bool:
    return covers([str(one).lower() for one in listed(patterns)], what)


def covers(patterns: Iterable[str], what: str) -> bool:
    """Tell whether patterns of a policy stand for all that an action or an ARN stands for."""
    parsed = [pattern for text in patterns if (pattern := parse(text))]
    return extent(parsed, parse(what) or Pattern(())) is Extent.ALL


def external_ids(document: Mapping[str, Any] | None) -> list[str]:
    """Return the External IDs that a trust document asks for."""
    found: set[str] = set()
    for statement in listed((document or {}).get("Statement")):
        for operator in (statement.get("Condition") or {}).values():
            values: Iterable[Any] = listed(operator.get("sts:ExternalId")) if isinstance(operator, Mapping) else ()
            found.update(map(str, values))
    return sorted(found)


def _bucket_of(resource: str) -> str | None:
    parts = resource.split(":", 5)
    return parts[5].split("/", 1)[0] if len(parts) == 6 and parts[2] == "s3" else None
