# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS: ministack with authorization on, behind a proxy that journals each call and can make it fail.

ministack acts as an account when the access key is that account's 12 digits. It verifies trust policies across
accounts, External IDs, role and bucket policies. What it lets pass and AWS does not is refused by the proxy: the limits
of IAM, a bucket of another owner than expected, what a role may not decrypt, what an organization forbids. Other
partitions are known to neither.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import aiohttp
import boto3
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from yarl import URL

from .aws_limits import Limits, Refusal, foreign_owner
from .core import CALLER_HEADER, Hub, Json, Server
from .kms import refuse_decryption
from .ministack import SECRET_ACCESS_KEY, Ministack
from .organization import Organization, simulation

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
# Enough for a loopback server; a retry would hide what tests want to see. A client outlives the proxies of a test.
BOTO_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10, proxies={})

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
_UPDATED = re.compile(rb"<UpdateDate>([^<]+)</UpdateDate>")
_SESSION = re.compile(rb"<Arn>(arn:[^<]+:assumed-role/[^<]+)</Arn>")
_ACCOUNT = re.compile(r"\d{12}")
# Of ministack_main.py, which cannot be imported without ministack.
CHANGES = "/_sandbox/changes"
_EXPECTED_OWNER = "x-amz-expected-bucket-owner"
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


class Boto:
    """boto3's clients for ministack: each takes long to make, and all threads use it. ``url``: gives where it is."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._clients: dict[tuple[Any, ...], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, account: str, **credentials: str) -> Any:
        """Return the client of a service, as the root of an account unless there are ``credentials``."""
        url = self._url()
        given = credentials or {"aws_access_key_id": account, "aws_secret_access_key": SECRET_ACCESS_KEY}
        wanted = (url, service, *sorted(given.items()))
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = boto3.client(
                    service, endpoint_url=url, region_name=REGION, config=BOTO_CONFIG, **given
                )
            return self._clients[wanted]


class Aws(Server):
    """The proxy. Operations are named like IAM actions (``aws:iam:CreateRole``).

    The actor is the access key, which is the account's number, or the role that was assumed.
    """

    name = "aws"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.ministack = Ministack()
        self.propagation = Propagation()
        self.age = timedelta()
        self.writes = 0
        self.roles: dict[str, str] = {}
        # By access key: the ARN of an assumed role's session, and the account of a user.
        self.sessions: dict[str, str] = {}
        self.organizations: dict[str, Organization] = {}
        self._accounts: dict[str, str] = {}
        self._boto = Boto(lambda: self.ministack.url)
        self._limits = Limits(self._boto)
        self._session: aiohttp.ClientSession | None = None
        self._fivetran: dict[str, str] | None = None
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget propagation; :meth:`empty` empties ministack."""
        self.propagation = Propagation()
        self.age = timedelta()
        self.writes = 0
        self.roles = {}
        self.sessions = {}
        self.organizations = {}
        self._accounts = {}
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

    def fill(self, bucket: str, objects: Iterable[tuple[str, bytes]]) -> None:
        """Create a bucket with these objects, past journal and faults."""
        s3 = self._boto("s3", CUSTOMER_ACCOUNT)
        s3.create_bucket(Bucket=bucket)
        if self.ministack.takes_many:
            held = json.dumps({name: base64.b64encode(content).decode() for name, content in objects})
            s3.put_object(Bucket=bucket, Key="objects", Body=held, Metadata={"sandbox-objects": "many"})
            return
        for name, content in objects:
            s3.put_object(Bucket=bucket, Key=name, Body=content)

    async def changes(self) -> int | None:
        """Return how many requests may have changed something in ministack; None where it cannot tell."""
        async with self._client().get(f"{self.ministack.url}{CHANGES}") as answer:
            told = await answer.text()
        return int(told) if answer.status == 200 and told.isdigit() else None

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
        kms = self._boto("kms", CUSTOMER_ACCOUNT)
        keys = {key["KeyArn"]: _key_policy(kms, key["KeyArn"]) for key in kms.list_keys()["Keys"]}
        return {"accounts": accounts, "buckets": buckets, "keys": keys}

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
                "tags": {tag["Key"]: tag["Value"] for tag in role["Tags"]},
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

    def actor(self, request: web.Request) -> str:
        access_key = _access_key(request)
        return self.roles.get(access_key, access_key)

    def _account(self, access_key: str) -> str:
        """Return in which account somebody calls; nothing where ministack does not know the key, and refuses it."""
        if _ACCOUNT.fullmatch(access_key):
            return access_key
        if access_key in self.sessions:
            return self.sessions[access_key].split(":")[4]
        if access_key not in self._accounts:
            try:
                answer = self._boto("sts", CUSTOMER_ACCOUNT).get_access_key_info(AccessKeyId=access_key)
            except (ClientError, BotoCoreError):
                return ""
            self._accounts[access_key] = str(answer["Account"])
        return self._accounts[access_key]

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

    def control_age(self, seconds: float = 0.0) -> None:
        """Let IAM say that policies were written so many seconds earlier."""
        self.age = timedelta(seconds=seconds)

    def control_organize(self, account: str = CUSTOMER_ACCOUNT, denied: tuple[str, ...] = ()) -> Json:
        """Let an account belong to an organization, which denies these actions to sessions of roles; return its id."""
        if account not in self.organizations:
            # ministack makes it when it is first asked for.
            found = self._boto("organizations", account).describe_organization()["Organization"]
            self.organizations[account] = Organization(str(found["Id"]))
        self.organizations[account].denied = frozenset(denied)
        return {"id": self.organizations[account].id}

    async def other(self, request: web.Request) -> web.StreamResponse:
        """Pass one call on to ministack."""
        body = await request.read()
        service, action, parameters = describe(request, body)
        role = parameters.get("RoleName") or parameters.get("RoleArn", "").rpartition("/")[2]
        if action == "AssumeRole" and self.propagation.refuses(role):
            return _denied(parameters.get("RoleArn", ""), self.actor(request))
        refusal = await self._refuse(request, service, action, parameters)
        if refusal is not None:
            return _refused(request, service, refusal)
        dropped = ("content-length", CALLER_HEADER.lower())
        headers = {name: value for name, value in request.headers.items() if name.lower() not in dropped}
        # The proxy stands for AWS, which is called over TLS; a bucket's policy may insist on that.
        headers["X-Forwarded-Proto"] = "https"
        # As it came: another spelling of the same path would break the signature.
        url = URL(self.ministack.url + request.raw_path, encoded=True)
        async with self._client().request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.read()
            # A ministack of its own does not know it, but judges first whether the caller may.
            if action == "SetDefaultPolicyVersion" and answer.status not in (200, 403, 404):
                await asyncio.to_thread(self._set_default, parameters["PolicyArn"], parameters["VersionId"])
                self._note(action, role, b"")
                return web.Response(content_type="text/xml", text=_DEFAULT_SET)
            refusal = await self._refuse_content(request, action) if answer.status < 300 else None
            if refusal is not None:
                return _refused(request, service, refusal)
            if answer.status < 300:
                self._note(action, role, content)
            if action == "GetPolicy" and self.age:
                content = _UPDATED.sub(partial(_earlier, self.age), content)
            if action == "SimulatePrincipalPolicy" and answer.status == 200:
                organization = self.organizations.get(parameters["PolicySourceArn"].split(":")[4])
                text = await asyncio.to_thread(simulation, self._boto, organization, parameters)
                return web.Response(content_type="text/xml", text=text)
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=content, headers=kept)

    async def _refuse(
        self, request: web.Request, service: str, action: str, parameters: dict[str, str]
    ) -> Refusal | None:
        """Return what AWS refuses and ministack would do."""
        session = self.sessions.get(_access_key(request), "")
        organization = self.organizations.get(session.split(":")[4]) if session else None
        if service == "s3" and organization is not None:
            refusal = organization.refuse(session, action, *_bucket_and_key(request))
            if refusal is not None:
                return refusal
        owner = request.headers.get(_EXPECTED_OWNER)
        if service == "s3" and owner is not None:
            return await asyncio.to_thread(foreign_owner, self._boto("s3", owner), _bucket_and_key(request)[0])
        if service == "iam" and self._limits.concerns(action):
            account = await asyncio.to_thread(self._account, _access_key(request))
            return await asyncio.to_thread(self._limits.refuse, action, parameters, account) if account else None
        return None

    async def _refuse_content(self, request: web.Request, action: str) -> Refusal | None:
        """Return why the session of a role may not decrypt the object that it may read."""
        session = self.sessions.get(_access_key(request)) if action == "GetObject" else None
        if session is None:
            return None
        accounts = dict.fromkeys((session.split(":")[4], CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT))
        return await asyncio.to_thread(refuse_decryption, self._boto, accounts, session, *_bucket_and_key(request))

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
            if session := _SESSION.search(content):
                self.sessions[access_key.group(1).decode()] = session.group(1).decode()
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


def _access_key(request: web.Request) -> str:
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    return scope.group(1) if scope else ""


def _bucket_and_key(request: web.Request) -> tuple[str, str]:
    bucket, _slash, key = request.path.lstrip("/").partition("/")
    return bucket, key


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
    bucket, key = _bucket_and_key(request)
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


def _refused(request: web.Request, service: str, refusal: Refusal) -> web.Response:
    """Return a refusal as the service words it: S3 has no envelope, and an answer to HEAD no body."""
    if service != "s3":
        return _error(refusal.status, refusal.code, refusal.message)
    text = (
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        f"<RequestId>{_request_id(refusal.message)}</RequestId></Error>"
    )
    body = None if request.method == "HEAD" else text
    return web.Response(status=refusal.status, content_type="application/xml", text=body)


def _request_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _earlier(age: timedelta, found: re.Match[bytes]) -> bytes:
    """Return the time at which a policy was written as it was by so much earlier."""
    written = datetime.fromisoformat(found[1].decode().replace("Z", "+00:00")) - age
    return b"<UpdateDate>" + written.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + b"</UpdateDate>"


def _error(status: int, code: str, message: str) -> web.Response:
    return web.Response(
        status=status,
        content_type="text/xml",
        text='<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{_request_id(message)}</RequestId></ErrorResponse>",
    )


def _bucket_policy(s3: Any, bucket: str) -> Json:
    try:
        return json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError:
        return None


def _key_policy(kms: Any, arn: str) -> Json:
    return json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])


def trust_policy(external_id: str, account: str = FIVETRAN_ACCOUNT) -> str:
    """Return the partner guide's trust policy, for tests that build a role by hand."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
