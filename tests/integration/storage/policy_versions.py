# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM with ``SetDefaultPolicyVersion``, which ministack lacks and amazon.aws calls to change a policy.

A small server stands before the sandbox's IAM, answers this one call by others that ministack has, and passes on the
rest as it comes.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sandbox.client import Sandbox

ANSWER = (
    '<SetDefaultPolicyVersionResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
    "<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata>"
    "</SetDefaultPolicyVersionResponse>"
)


@contextmanager
def iam_with_policy_versions(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """Yield the environment that sends IAM's calls this way."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"sandbox": sandbox}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield {"AWS_ENDPOINT_URL_IAM": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    sandbox: Sandbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if parameters["Action"] == "SetDefaultPolicyVersion":
            set_default(self.sandbox, parameters["PolicyArn"], parameters["VersionId"])
            self.answer(200, ANSWER.encode())
        else:
            self.answer(*self.pass_on(body))

    def pass_on(self, body: bytes) -> tuple[int, bytes]:
        """Send the call on with its own Host, which its signature covers."""
        connection = http.client.HTTPConnection(urlsplit(self.sandbox.env["AWS_ENDPOINT_URL"]).netloc, timeout=30)
        try:
            connection.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Stay quiet."""


def set_default(sandbox: Sandbox, arn: str, version_id: str) -> None:
    """Make the version anew, as the default. The newest one, which is the one asked for, keeps its number."""
    iam = sandbox.aws("iam")
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version_id)["PolicyVersion"]
    iam.delete_policy_version(PolicyArn=arn, VersionId=version_id)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(found["Document"]), SetAsDefault=True)
