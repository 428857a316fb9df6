# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ministack with iam:SetDefaultPolicyVersion, which it does not know: versions keep their numbers, as with AWS.

And for thousands of folders in a bucket of S3: listings take no longer there, and one request fills all of them. One
request also brings many objects, and one tells how many requests may have changed something.
Started as a file, in a process of its own.
"""

from __future__ import annotations

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ministack import app
from ministack.services import iam, s3

# Metadata of an object for many folders, such as ``ws{:04} 0 10000 2``: a pattern, and what range() takes.
FOLDERS = "x-amz-meta-sandbox-folders"
# Metadata of what holds many objects: JSON, by name the content in base64.
OBJECTS = "x-amz-meta-sandbox-objects"
CHANGES = "/_sandbox/changes"
_ASKING = re.compile(rb"^TrentService\.(?:Get|List|Describe)")
_READING = re.compile(rb"(?:^|&)Action=(?!GetSessionToken|GetFederationToken)(?:Get|List|Simulate)")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def set_default(parameters: Mapping[str, Any]) -> Any:
    """Answer SetDefaultPolicyVersion."""
    policy = iam._policies.get(iam._p(parameters, "PolicyArn"))
    wanted = iam._p(parameters, "VersionId")
    if not policy or wanted not in policy["Versions"]:
        return iam._error(404, "NoSuchEntity", f"Policy version {wanted} not found.", ns="iam")
    for version in policy["Versions"].values():
        version["IsDefaultVersion"] = version["VersionId"] == wanted
    policy["DefaultVersionId"] = wanted
    return iam._xml(200, "SetDefaultPolicyVersionResponse", "", ns="iam")


class Objects(dict[str, Any]):
    """The objects of a bucket, whose names are sorted again only when others are there."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] | None = None

    def __setitem__(self, name: str, stored: Any) -> None:
        if name not in self:
            self._names = None
        super().__setitem__(name, stored)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove an object."""
        self._names = None
        return super().pop(name, *default)

    def below(self, prefix: str) -> list[str]:
        """Return the names that begin so."""
        if self._names is None:
            self._names = sorted(self)
        begin = bisect_left(self._names, prefix)
        end = bisect_left(self._names, True, begin, key=lambda name: not name.startswith(prefix))
        return self._names[begin:end]


def create_bucket(name: str, *arguments: Any, **more: Any) -> Any:
    """Create a bucket that knows its names in order."""
    answer = _create_bucket(name, *arguments, **more)
    bucket = s3._buckets.get(name)
    if bucket is not None and not isinstance(bucket["objects"], Objects):
        bucket["objects"] = Objects()
    return answer


def collect(objects: Any, prefix: str, *arguments: Any) -> Any:
    """Collect a page of a listing out of the names below its prefix."""
    return _collect(objects.below(prefix) if isinstance(objects, Objects) else objects, prefix, *arguments)


def put_object(bucket: str, name: str, body: bytes, headers: Mapping[str, str]) -> Any:
    """Put an object, into many folders if it says so, or the many that it holds."""
    if OBJECTS in headers:
        held = json.loads(body).items()
        return [_put_object(bucket, each, base64.b64decode(content), {}) for each, content in held][-1]
    own = {header: value for header, value in headers.items() if header != FOLDERS}
    if len(own) == len(headers):
        return _put_object(bucket, name, body, own)
    pattern, *numbers = headers[FOLDERS].split()
    answers = [
        _put_object(bucket, f"{pattern.format(number)}/{name}", body, own) for number in range(*map(int, numbers))
    ]
    return answers[0]


def _reads(scope: Mapping[str, Any]) -> bool:
    if scope["method"] in ("GET", "HEAD"):
        return b"Action=" not in scope["query_string"]
    return any(name == b"x-amz-target" and _ASKING.search(value) for name, value in scope["headers"])


class Counted:
    """ministack, and how many requests may have changed something in it, which ``GET`` of :data:`CHANGES` tells."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application
        self.changes = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope.get("path") == CHANGES:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(self.changes).encode()})
            return
        if scope["type"] == "http" and not _reads(scope):
            self.changes += 1
            receive = self._forgiving(receive)
        await self._application(scope, receive, send)

    def _forgiving(self, receive: Receive) -> Receive:
        """Count a request no longer when its body turns out to be a question to IAM or STS."""
        parts = 0

        async def receive_and_look() -> Message:
            nonlocal parts
            message = await receive()
            parts += 1
            if parts == 1 and _READING.search(message.get("body", b"")):
                self.changes -= 1
            return message

        return receive_and_look


_put_object = s3._put_object
_create_bucket, _collect = s3._create_bucket, s3._collect_list_entries

if __name__ == "__main__":
    iam._IAM_HANDLERS["SetDefaultPolicyVersion"] = set_default
    s3._create_bucket, s3._collect_list_entries = create_bucket, collect
    s3._put_object = put_object
    app.app = Counted(app.app)
    app.main()
