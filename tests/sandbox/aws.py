# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS: ministack with authorization on, behind a proxy that journals each call and can make it fail.

ministack acts as an account when the access key is that account's 12 digits. It verifies trust policies across
accounts, External IDs, role and bucket policies; it knows neither SSE-KMS nor other partitions.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import aiohttp
import boto3
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import ClientError
from yarl import URL

from tests.sandbox.core import CALLER_HEADER, Hub, Json, Server
from tests.sandbox.ministack import SECRET_ACCESS_KEY, Ministack

__all__ = ["CUSTOMER_ACCOUNT", "FIVETRAN_ACCOUNT", "REGION", "SECRET_ACCESS_KEY", "Aws", "Ministack", "trust_policy"]

CUSTOMER_ACCOUNT = "111122223333"
SECOND_CUSTOMER_ACCOUNT = "444455556666"
FIVETRAN_ACCOUNT = "834469178297"
FIVETRAN_USER = "gcp_donkey"
REGION = "us-east-1"
# What a scripted refusal says if the script does not.
FAULT_CODES = {
    400: "ValidationError",
    403: "AccessDenied",
    404: "NotFound",
    409: "ConcurrentModification",
    429: "Throttling",
    503: "ServiceUnavailable",
}
# Enough for a loopback server; a retry would hide what tests want to see.
BOTO_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)

_MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
}
_SCOPE = re.compile(r"Credential=([^/]+)/[^/]*/([^/]*)/([^/]+)/aws4_request")
_READING = re.compile(r"^(Get|List|Head|Describe|Assume|Simulate)")
_S3_SUBRESOURCES = {
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "acl": "BucketAcl",
    "encryption": "BucketEncryption",
    "object-lock": "ObjectLockConfiguration",
    "publicAccessBlock": "PublicAccessBlock",
    "ownershipControls": "BucketOwnershipControls",
    "location": "BucketLocation",
    "versioning": "BucketVersioning",
    "tagging": "BucketTagging",
    "lifecycle": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "requestPayment": "BucketRequestPayment",
}
_DEFAULT_SET = (
    '<SetDefaultPolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>'
    "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></SetDefaultPolicyVersionResponse>"
)
_ACCESS_KEY = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@dataclass
class Propagation:
    """IAM as it is in the first minute: a role just made or re-trusted cannot be assumed yet."""

    refusals: int = 0
    seconds: float = 0.0
    fresh: dict[str, tuple[float, int]] = field(default_factory=dict)

    def touch(self, role: str) -> None:
        """Remember that the role named ``role`` was made or got another trust policy."""
        self.fresh[role] = (time.monotonic(), 0)

    def refuses(self, role: str) -> bool:
        """Tell whether the role cannot be assumed yet, and count the refusal."""
        if role not in self.fresh:
            return False
        since, count = self.fresh[role]
        if count >= self.refusals and time.monotonic() - since >= self.seconds:
            return False
        self.fresh[role] = (since, count + 1)
        return True


class Aws(Server):
    """The proxy. Operations are named like IAM actions (``aws:iam:CreateRole``).

    The actor is the access key, which is the account's number, or the role that was assumed.
    """

    name = "aws"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.ministack = Ministack()
        self.propagation = Propagation()
        self.writes = 0
        self.roles: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None
        self._fivetran: dict[str, str] | None = None
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget propagation; :meth:`empty` empties ministack."""
        self.propagation = Propagation()
        self.writes = 0
        self.roles = {}
        self._fivetran = None

    def fivetran_credentials(self) -> dict[str, str]:
        """Return the keys of the user as whom Fivetran calls AWS, who is made when he is first needed.

        His name is on record in refusals that AWS has given to Fivetran.
        """
        with self._lock:
            if self._fivetran is None:
                iam = self._boto("iam", FIVETRAN_ACCOUNT)
                iam.create_user(UserName=FIVETRAN_USER)
                iam.put_user_policy(UserName=FIVETRAN_USER, PolicyName="assume", PolicyDocument=json.dumps(_MAY_ASSUME))
                key = iam.create_access_key(UserName=FIVETRAN_USER)["AccessKey"]
                self.roles[key["AccessKeyId"]] = FIVETRAN_ACCOUNT
                self._fivetran = {
                    "aws_access_key_id": key["AccessKeyId"],
                    "aws_secret_access_key": key["SecretAccessKey"],
                }
            return self._fivetran

    async def empty(self) -> None:
        """Remove everything from ministack."""
        async with self._client().post(f"{self.ministack.url}/_ministack/reset") as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        """Stop ministack."""
        if self._session is not None:
            await self._session.close()
        self.ministack.stop()

    def state(self) -> Json:
        """Return the number of calls that may have changed something: a proxy sees no more than that."""
        return {"writes": self.writes}

    async def full_state(self) -> Json:
        """Return what exists in ministack: by account roles and policies, and all buckets with their policies."""
        return {**self.state(), **await asyncio.to_thread(self._inventory)}

    def _inventory(self) -> dict[str, Json]:
        accounts = {account: self._identities(account) for account in (CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT)}
        s3 = self._boto("s3", CUSTOMER_ACCOUNT)
        buckets = {item["Name"]: {"policy": _bucket_policy(s3, item["Name"])} for item in s3.list_buckets()["Buckets"]}
        return {"accounts": accounts, "buckets": buckets}

    def _identities(self, account: str) -> Json:
        details = self._boto("iam", account).get_account_authorization_details(
            Filter=["Role", "User", "LocalManagedPolicy"]
        )
        roles = {
            role["RoleName"]: {
                "arn": role["Arn"],
                "trust": role["AssumeRolePolicyDocument"],
                "inline_policies": {item["PolicyName"]: item["PolicyDocument"] for item in role["RolePolicyList"]},
                "attached_policies": sorted(item["PolicyArn"] for item in role["AttachedManagedPolicies"]),
            }
            for role in details["RoleDetailList"]
        }
        policies = {
            policy["Arn"]: {
                version["VersionId"]: {"default": version["IsDefaultVersion"], "document": version["Document"]}
                for version in policy["PolicyVersionList"]
            }
            for policy in details["Policies"]
        }
        return {"roles": roles, "policies": policies, "users": [user["UserName"] for user in details["UserDetailList"]]}

    def _boto(self, service: str, account: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.ministack.url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            config=BOTO_CONFIG,
        )

    def actor(self, request: web.Request) -> str:
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        return self.roles.get(scope.group(1), scope.group(1)) if scope else ""

    async def body(self, request: web.Request) -> Json:
        _service, _action, parameters = describe(request, await request.read())
        return parameters or None

    def refusal(self, status: int) -> web.Response:
        return _error(status, FAULT_CODES.get(status, "InternalFailure"), "The sandbox was told to say so.")

    async def operation_name(self, request: web.Request, route: str) -> str:  # noqa: ARG002
        service, action, _parameters = describe(request, await request.read())
        return f"{service}:{action}"

    def control_propagation(self, refusals: int = 0, seconds: float = 0.0) -> None:
        """Refuse to assume a fresh role for ``refusals`` tries and ``seconds`` seconds."""
        self.propagation = Propagation(refusals=refusals, seconds=seconds)

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Pass one call on to ministack."""
        body = await request.read()
        _service, action, parameters = describe(request, body)
        role = parameters.get("RoleName") or parameters.get("RoleArn", "").rpartition("/")[2]
        if action == "AssumeRole" and self.propagation.refuses(role):
            return _denied(parameters.get("RoleArn", ""), self.actor(request))
        dropped = ("content-length", CALLER_HEADER.lower())
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        # As it came: another spelling of the same path would break the signature.
        url = URL(self.ministack.url + request.raw_path, encoded=True)
        async with self._client().request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.read()
            # ministack does not know it, but judges first whether the caller may.
            if action == "SetDefaultPolicyVersion" and answer.status != 403:
                await asyncio.to_thread(self._set_default, parameters["PolicyArn"], parameters["VersionId"])
                self._note(action, role, b"")
                return web.Response(content_type="text/xml", text=_DEFAULT_SET)
            if answer.status < 300:
                self._note(action, role, content)
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=content, headers=kept)

    def _set_default(self, arn: str, version_id: str) -> None:
        """Do what ministack cannot: make the version anew, as the default. The newest one keeps its number."""
        iam = self._boto("iam", arn.split(":")[4])
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version_id)["PolicyVersion"]
        iam.delete_policy_version(PolicyArn=arn, VersionId=version_id)
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(found["Document"]), SetAsDefault=True)

    def _note(self, action: str, role: str, content: bytes) -> None:
        """Remember what a successful call means for what the proxy itself answers and journals."""
        if action in ("CreateRole", "UpdateAssumeRolePolicy"):
            self.propagation.touch(role)
        if action == "AssumeRole" and (access_key := _ACCESS_KEY.search(content)):
            self.roles[access_key.group(1).decode()] = f"role/{role}"
        if not _READING.match(action):
            self.writes += 1

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Signatures cover the headers: nothing may be added or decoded on the way.
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                connector=aiohttp.TCPConnector(limit=64),
            )
        return self._session


def describe(request: web.Request, body: bytes) -> tuple[str, str, dict[str, str]]:
    """Return service, action and the query protocol's parameters of a call."""
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    service = scope.group(3) if scope else "s3"
    if service != "s3":
        parameters = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        return service, parameters.get("Action") or target or "Unknown", parameters
    return "s3", _s3_action(request), {}


def _s3_action(request: web.Request) -> str:
    verb = {"GET": "Get", "HEAD": "Head", "PUT": "Put", "DELETE": "Delete", "POST": "Post"}[request.method]
    bucket, _slash, key = request.path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    subresource = next((name for parameter, name in _S3_SUBRESOURCES.items() if parameter in request.query), None)
    if subresource:
        return verb + subresource
    if key:
        return verb + "Object"
    if verb == "Get":
        return "ListObjectsV2" if "list-type" in request.query else "ListObjects"
    return {"Put": "CreateBucket", "Post": "DeleteObjects"}.get(verb, verb + "Bucket")


def _denied(role_arn: str, account: str) -> web.Response:
    message = f"User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    return _error(403, "AccessDenied", message)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.Response(
        status=status,
        content_type="text/xml",
        text='<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{hashlib.sha256(message.encode()).hexdigest()[:32]}</RequestId></ErrorResponse>",
    )


def _bucket_policy(s3: Any, bucket: str) -> Json:
    try:
        return json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError:
        return None


def trust_policy(external_id: str, account: str = FIVETRAN_ACCOUNT) -> str:
    """Return the partner guide's trust policy, for tests that build a role by hand."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
