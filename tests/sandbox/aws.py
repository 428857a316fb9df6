# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS: ministack with authorization on, behind a proxy that journals each call and can make it fail.

ministack acts as an account when the access key is that account's 12 digits. It verifies trust policies across
accounts, External IDs, role and bucket policies; it knows neither SSE-KMS nor other partitions.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from yarl import URL

from tests.sandbox.core import Hub, Server

CUSTOMER_ACCOUNT = "111122223333"
SECOND_CUSTOMER_ACCOUNT = "444455556666"
FIVETRAN_ACCOUNT = "834469178297"
# Long and distinctive, so that a test can prove that it occurs in no output.
SECRET_ACCESS_KEY = "sandbox-aws-secret-access-key-5d41402abc4b2a76"
REGION = "us-east-1"

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
    """The proxy. Operations are named like IAM actions (``aws:iam:CreateRole``); the actor is the access key."""

    name = "aws"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.ministack = Ministack()
        self.propagation = Propagation()
        self.writes = 0
        self._session: aiohttp.ClientSession | None = None

    def reset(self) -> None:
        """Forget propagation; :meth:`empty` empties ministack."""
        self.propagation = Propagation()
        self.writes = 0

    async def empty(self) -> None:
        """Remove everything from ministack."""
        async with self._client().post(f"{self.ministack.url}/_ministack/reset") as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        """Stop ministack."""
        if self._session is not None:
            await self._session.close()
        self.ministack.stop()

    def state(self) -> Any:
        """Return the number of writing calls: what is inside ministack is asked with boto3."""
        return {"writes": self.writes}

    def actor(self, request: web.Request) -> str:
        scope = _SCOPE.search(request.headers.get("Authorization", ""))
        return scope.group(1) if scope else ""

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
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        # As it came: another spelling of the same path would break the signature.
        url = URL(self.ministack.url + request.raw_path, encoded=True)
        async with self._client().request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.read()
            if answer.status < 300 and not _READING.match(action):
                self.writes += 1
                if action in ("CreateRole", "UpdateAssumeRolePolicy"):
                    self.propagation.touch(role)
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=content, headers=kept)

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
    return web.Response(
        status=403,
        content_type="text/xml",
        text='<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{hashlib.sha256(message.encode()).hexdigest()[:32]}</RequestId></ErrorResponse>",
    )


class Ministack:
    """The child process. It dies with its parent, also when that is killed."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-ministack-")
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it; :meth:`wait` waits until it answers."""
        command = os.environ.get("SANDBOX_MINISTACK") or str(Path(sys.executable).parent / "ministack")
        folder = self._folder.name
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": folder,
            "TMPDIR": folder,
            "S3_DATA_DIR": f"{folder}/s3",
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "SERVICES": "iam,sts,s3,kms",
            # Without these it binds fixed ports, so that two sandboxes could not run side by side.
            "IOT_MTLS_ENABLED": "false",
            "SFTP_ENABLED": "false",
            "LOG_LEVEL": "WARNING",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with open(f"{folder}/ministack.log", "wb") as log:
            self._process = subprocess.Popen(
                [command],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )

    async def wait(self) -> None:
        """Wait until it answers.

        :raises RuntimeError: with its log if it ends or does not answer within 20 seconds.
        """
        deadline = time.monotonic() + 20
        async with aiohttp.ClientSession() as client:
            while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
                try:
                    async with client.get(f"{self.url}/_ministack/health") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)
        log = Path(self._folder.name, "ministack.log").read_text(errors="replace")
        raise RuntimeError(f"ministack does not answer: {log[-2000:]}")

    def stop(self) -> None:
        """End it and remove its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def trust_policy(external_id: str, account: str = FIVETRAN_ACCOUNT) -> str:
    """Return the partner guide's trust policy, for tests that build a role by hand."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _die_with_parent() -> None:
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
