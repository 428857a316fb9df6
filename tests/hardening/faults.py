# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with one request: the columns of the fault matrix.

The rows, that is the requests, come from the journal of a clean run; see ``steps.py`` and ``test_faults_in_plays.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.sandbox.client import Sandbox
from tests.sandbox.spoiling import CURSORS, DRIPS
from tests.serving import QuietHandler, serving

AN_HOUR = "3600"
# What answers in pages.
LISTING = re.compile(r"aws:\w+:List|fivetran:list_|gcs:objects\.list")


@dataclass(frozen=True)
class Fault:
    """One column. ``fields``: of :class:`tests.sandbox.core.Fault`; ``json``, ``xml``: whether for such answers."""

    name: str
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    json: bool = True
    xml: bool = True

    @property
    def of_pages(self) -> bool:
        """Tell whether it spoils how the pages of a listing lead to each other, and no other answer."""
        return self.kind in CURSORS

    @property
    def fewest(self) -> int:
        """Return for how many requests it has to make sense at least where a run is disturbed."""
        return 3 if self.of_pages else 10

    @property
    def never_ends(self) -> bool:
        """Tell whether the answer goes on until the other end has had enough."""
        return self.kind in DRIPS


def _status(status: int, **headers: str) -> dict[str, Any]:
    return {"status": status, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}


# Seconds that requests and calls may take in these tests, and that a fault makes requests take.
REQUEST_TIMEOUT = 1
RETRY_TIMEOUT = 4
TOO_LATE = 1.5

SOON = "429, come back soon"
FAULTS = (
    Fault("HTTP 500", "status", _status(500)),
    Fault("HTTP 503", "status", _status(503)),
    Fault(SOON, "status", _status(429, Retry_After="1")),
    Fault("429, come back in an hour", "status", _status(429, Retry_After=AN_HOUR)),
    Fault("no answer in time", "delay", {"delay": TOO_LATE}),
    Fault("dropped before it was handled", "drop"),
    Fault("dropped after it was handled", "lost_answer"),
    Fault("truncated", "truncate"),
    Fault("HTML", "html"),
    Fault("empty", "empty"),
    Fault("another JSON", "wrong_types", xml=False),
    Fault("values of other types", "retype", xml=False),
    Fault("envelope without content", "hollow", xml=False),
    Fault("10 MB", "large", xml=False),
    Fault("redirect to another host", "redirect"),
    Fault("drip in a header", "drip_head"),
    Fault("drip in the body", "drip_body"),
    Fault("endless 100 Continue", "continue"),
    Fault("JSON without a bottom", "deep", xml=False),
    Fault("headers that make no sense", "hostile_headers"),
    Fault("the same cursor again", "same_cursor"),
    Fault("cursors in a circle", "circling_cursor"),
    Fault("always another cursor", "new_cursor"),
    Fault("always another row", "new_row", xml=False),
)

_XML_ERROR = (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Receiver</Type><Code>{code}</Code>'
    "<Message>Scripted by the test.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
)
_AWS_CODES = {500: "InternalFailure", 503: "ServiceUnavailable", 429: "Throttling"}


def script(sandbox: Sandbox, fault: Fault, operation: str, *, times: int, elsewhere: str, skip: int = 0) -> None:
    """Let ``fault`` hit ``times`` requests of ``operation`` (0: all) after ``skip``; redirects go to ``elsewhere``."""
    server, _colon, name = operation.partition(":")
    fields = dict(fault.fields)
    if fault.kind == "redirect":
        fields["url"] = elsewhere
    if fault.kind == "status":
        fields["body"] = _refusal(server, fields["status"])
        if server == "aws":
            fields["headers"] = {**fields["headers"], "Content-Type": "text/xml"}
    sandbox.fault(fault.kind, server=server, operation=name, times=times, skip=skip, **fields)


def patience(fault: Fault, times: int) -> dict[str, int]:
    """Return how much shorter than usual is waited for what does not end: each time for a second, not for hours."""
    if times:
        return {}
    if fault.never_ends:
        # These seconds pass, and there is a second try.
        return {"retry_timeout": 2 * REQUEST_TIMEOUT}
    return {"rate_limit_timeout": 30} if fault.name == SOON else {}


def _refusal(server: str, status: int) -> Any:
    if server == "aws":
        return _XML_ERROR.format(code=_AWS_CODES[status])
    if server == "gcs":
        return {"error": {"code": status, "message": "Scripted by the test.", "errors": [{"reason": "backendError"}]}}
    return {"code": "Scripted", "message": "Scripted by the test."}


def applies(fault: Fault, operation: str) -> bool:
    """Tell whether ``fault`` makes sense for the answers of ``operation``."""
    if fault.of_pages and not LISTING.match(operation):
        return False
    return fault.xml if operation.startswith("aws:") else fault.json


@dataclass
class Elsewhere:
    """Another host, which answers everything and keeps what it was sent."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)

    def from_the_collection(self) -> list[dict[str, Any]]:
        """Return what was not sent by the sandbox's Fivetran, which follows redirects when it tests a connection."""
        return [request for request in self.requests if "X-Sandbox-Caller" not in request["headers"]]


@contextmanager
def another_host() -> Iterator[Elsewhere]:
    """Listen as ``localhost``, where the sandbox is ``127.0.0.1``."""

    class Handler(QuietHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = {"path": self.path, "headers": dict(self.headers), "body": body.decode(errors="replace")}
            elsewhere.requests.append(request)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    elsewhere = Elsewhere(f"http://localhost:{server.server_address[1]}/elsewhere")
    with serving(server):
        yield elsewhere
