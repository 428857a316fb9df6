# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSE-KMS, of which ministack's S3 knows nothing: may the session of a role decrypt what a bucket's key encrypts?

ministack keeps the keys and their policies, and its engine decides. A bucket counts as encrypted by the key of its
default encryption, also what was there before it was set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from .aws_limits import Client, Refusal

ACTION = "kms:Decrypt"


def refuse_decryption(client: Client, accounts: Iterable[str], session: str, bucket: str, key: str) -> Refusal | None:
    """Return why the object ``key`` cannot be decrypted; None if it can, or need not be.

    ``session``: the ARN of the assumed role. ``accounts``: those in which the bucket may be.
    """
    found = next(_customers_keys(client, accounts, bucket), None)
    if found is None:
        return None
    owner, name = found
    try:
        arn, policy = _key(client, owner, name)
    except ClientError:
        return Refusal(400, "KMS.NotFoundException", f"Key '{name}' does not exist")
    region = arn.split(":")[3]
    context = {
        "kms:viaservice": f"s3.{region}.amazonaws.com",
        "kms:calleraccount": session.split(":")[4],
        "kms:encryptioncontext:aws:s3:arn": f"arn:aws:s3:::{bucket}/{key}",
        "kms:encryptioncontextkeys": ["aws:s3:arn"],
    }
    return _judge(client("iam", session.split(":")[4]), session, arn, policy, context)


def _customers_keys(client: Client, accounts: Iterable[str], bucket: str) -> Iterator[tuple[str, str]]:
    """Yield owner and key of the bucket; none where AWS's own key lets everybody in who may read."""
    for account in accounts:
        try:
            answer = client("s3", account).get_bucket_encryption(Bucket=bucket)
        except ClientError:
            continue
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            key = str(default.get("KMSMasterKeyID", ""))
            is_by_kms = str(default.get("SSEAlgorithm", "")).startswith("aws:kms")
            if is_by_kms and key and not key.endswith("alias/aws/s3"):
                yield account, key


def _key(client: Client, owner: str, name: str) -> tuple[str, str]:
    """Return ARN and policy of a key that is called by ARN, id or alias."""
    kms = client("kms", name.split(":")[4] if name.startswith("arn:") else owner)
    arn = str(kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"])
    return arn, str(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])


def _judge(iam: Any, session: str, key: str, policy: str, context: Mapping[str, Any]) -> Refusal | None:
    # Only here, so that the sandbox also runs with a ministack that is installed elsewhere.
    from ministack.core import iam_evaluator as engine

    permissions, boundary = documents(iam, session.split("/")[1])
    asked = engine.EvalContext(
        principal_arn=session,
        principal_type="AssumedRole",
        principal_account=session.split(":")[4],
        action=ACTION,
        resource_arn=key,
        region=key.split(":")[3],
        service_context=dict(context),
    )
    limits = [] if boundary is None else [[engine.parse_policy_document(boundary)]]
    identity = engine.evaluate(asked, [engine.parse_policy_document(document) for document in permissions], *limits)
    found = engine.combine_resource_policy(identity, asked, policy, key.split(":")[4], required=True, limits=limits)
    if found.decision == "Allow":
        return None
    is_of_the_key = bool(found.resource_policy_arn) or identity.decision == "Allow"
    kind = "resource-based" if is_of_the_key else "identity-based"
    why = f"because no {kind} policy allows the {ACTION} action"
    if found.decision == "Deny":
        why = f"with an explicit deny in {'a' if is_of_the_key else 'an'} {kind} policy"
    message = f"User: {session} is not authorized to perform: {ACTION} on resource: {key} {why}"
    return Refusal(403, "AccessDenied", message)


def documents(iam: Any, role: str) -> tuple[list[Any], Any]:
    """Return the documents of a role's policies, and its permissions boundary if it has one."""
    inline = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    bound = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary")
    boundary = _managed(iam, bound["PermissionsBoundaryArn"]) if bound else None
    return [*inline, *(_managed(iam, policy["PolicyArn"]) for policy in attached)], boundary


def _managed(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return json.loads(document) if isinstance(document, str) else document
