# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP client for every vendor: authentication, deadlines, retries, redaction, one error type.

It knows no vendor and no Ansible module. Certificates are always verified (``REQUESTS_CA_BUNDLE`` is honored),
redirects are never followed, ``~/.netrc`` is never read, and plain HTTP is spoken to loopback only, so that
credentials reach the configured host and no other.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

# transport.py says that it is missing when a client is wanted.
with suppress(ImportError):
    import requests

from ..clients import Clients
from ..deadline import Deadline
from ..errors import Failure
from ..libraries import require_library
from ..printable import printable, sentence
from ..secrets.redact import Redactor
from .answer import decode, requested_wait
from .call import Call, ExplainStatus, HttpError, Response, RetryPolicy, explain_nothing
from .ending import ending
from .environment import surroundings
from .rate_limits import Turn, is_said, name_of, take_all, too_long
from .transport import REQUESTS_ERROR, BoundedAdapter
from .version import VERSION

HEADERS = {
    "User-Agent": f"onramp.braze_fivetran/{VERSION}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
CONNECT_TIMEOUT = 10.0
# Open connections to one host that are kept for all who share them: more than there are threads.
CONNECTIONS = 512
# A page of 1000 Fivetran connections is about 3 MB; whatever is larger is not an answer of these APIs.
MAX_BODY_BYTES = 8 * 1024 * 1024
REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id")
# Another try would end in the same way.
FINAL_CODES = ("certificate", "redirect", "too_large", "invalid_request")


class HttpClient:
    """Sends calls to one base URL. Safe to use from several threads.

    ``vendor`` names the service in messages. ``authorization`` is the complete header value.
    ``explain`` turns a refusal's body into the vendor's code and message. ``clients``: with whom connections and the
    clock are shared; authorization never is. ``limits_of``: which rate limits count a call, the narrowest one last.
    ``waited``: for how many seconds calls have waited for them.
    """

    def __init__(
        self,
        *,
        vendor: str,
        base_url: str,
        authorization: str,
        redactor: Redactor,
        headers: Mapping[str, str] | None = None,
        policy: RetryPolicy | None = None,
        explain: ExplainStatus = explain_nothing,
        clients: Clients | None = None,
        limits_of: Callable[[Call], Sequence[str]] = lambda _call: ("requests",),
    ) -> None:
        require_library("requests", REQUESTS_ERROR)
        self.vendor = vendor
        self.base_url = base_url
        self.policy = policy or RetryPolicy()
        clients = self._clients = clients or Clients()
        self.clock, self.tell = clients.clock, clients.tell
        self.waited = 0.0
        self._limits_of = limits_of
        # Who authorizes himself in the same way at the same place has the same limits.
        self._whose = (vendor, base_url, authorization)
        self._adapter = clients.get((BoundedAdapter, vendor), lambda: BoundedAdapter(CONNECTIONS, vendor))
        self._redactor = redactor
        self._explain = explain
        self._surroundings = surroundings(base_url)
        self._headers = {**HEADERS, **(headers or {})}
        self._authorize = _Authorization(authorization)

    def send(self, call: Call) -> Response:
        """Send ``call``, retrying where that is safe, and return its expected answer.

        :raises HttpError: refusal, no usable answer, or a wait longer than the policy allows.
        """
        # A call that may take longer than others, such as a setup test, has that time for all its tries.
        own = call.request_timeout and Deadline.after(call.request_timeout, self.clock)
        deadline = Deadline.after(min(self.policy.total, call.request_timeout or self.policy.total), self.clock)
        turns, tries_made = self._turns(call), 0
        while True:
            waited = take_all(turns)
            self.waited += waited
            # What a limit takes is no time in which the vendor could have answered.
            own, deadline = own and own.later(waited), deadline.later(waited)
            try:
                return self._try(call, own or deadline.within(self.policy.request_timeout))
            except HttpError as error:
                seconds = self.requested_wait(error.headers)
                if turns and error.failure.status == 429 and is_said(error.headers, seconds):
                    if turns[-1].refused(seconds) is None:
                        raise self._limited(error, seconds) from None
                    continue
                tries_made += 1
                wait = self._wait_before_retry(call, error, tries_made)
                if wait is None:
                    raise
                if tries_made >= self.policy.tries or not deadline.wait(wait):
                    raise self._gave_up(error, tries_made, wait) from None

    def _turns(self, call: Call) -> list[Turn]:
        """Return the places of a call in the lines before the limits that count it, if it may wait for any."""
        left, shared = self.policy.limits, self._clients
        if left is None:
            return []
        return [
            Turn(shared.limits, name_of(kind, *self._whose), self.vendor, kind, left, self.clock, shared.tell)
            for kind in self._limits_of(call)
        ]

    def requested_wait(self, headers: Mapping[str, str]) -> float | None:
        """Return the seconds that an answer with these headers asks to wait; None if it asks for nothing."""
        return requested_wait(headers, self.clock.epoch())

    def _wait_before_retry(self, call: Call, error: HttpError, tries_made: int) -> float | None:
        """Return the seconds to wait, or None where another try is useless or unsafe."""
        status = error.failure.status
        growing = self.policy.backoff.after(tries_made)
        if status == 429:
            # Refused before it was processed: safe for every method.
            return self.requested_wait(error.headers) or growing
        if error.failure.code in FINAL_CODES:
            return None
        if status is not None and status not in call.expected and status not in call.retried_statuses:
            return None
        if error.may_have_been_processed and not call.repeatable:
            return None
        return max(self.requested_wait(error.headers) or 0.0, growing)

    def _limited(self, error: HttpError, seconds: float | None) -> HttpError:
        """Return the error of a call that would have to wait longer for a limit than it may."""
        error.msg += too_long(self.vendor, seconds, self.policy.limits or 0.0)
        error.failure = replace(error.failure, retry_after=None if seconds is None else round(seconds))
        return error

    def _gave_up(self, error: HttpError, tries_made: int, wait: float) -> HttpError:
        retry_after = self.requested_wait(error.headers)
        if retry_after is not None and retry_after > self.policy.backoff.longest:
            error.msg += (
                f" {self.vendor} asks to come back in {round(retry_after)} seconds, longer than the"
                f" {round(self.policy.total)} seconds that a call may take. Run again then."
            )
        else:
            error.msg += f" Gave up after {tries_made} {'try' if tries_made == 1 else 'tries'}."
        error.failure = replace(error.failure, retry_after=None if retry_after is None else round(wait))
        return error

    def _try(self, call: Call, until: Deadline) -> Response:
        request = self._prepared(call)
        left = max(until.left, 0.001)
        self.clock.attend()
        try:
            with self._adapter.send(
                request,
                stream=True,
                timeout=(min(CONNECT_TIMEOUT, left), left),
                verify=self._surroundings.verify,
                proxies=self._surroundings.proxies,
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                content = self._read(answer, until)
                status = answer.status_code
        except _TooLarge:
            raise self._error(
                call, "too_large", f"answered with more than {MAX_BODY_BYTES // 1024 // 1024} MB", processed=True
            ) from None
        except Exception as error:
            raise self._no_answer(call, error) from None
        return self._judge(call, status, headers, content)

    def _prepared(self, call: Call) -> requests.PreparedRequest:
        """Return the request as requests sends it.

        :raises HttpError: with code ``invalid_request``, for what cannot stand in one, such as half a surrogate pair.
        """
        # Without a session: it would cost half as much again, keep cookies, look into the environment and ~/.netrc, and
        # read the whole of a redirect's body to find out where it leads.
        request = requests.PreparedRequest()
        try:
            request.prepare(
                method=call.method,
                url=self.base_url + call.path,
                headers=self._headers,
                params=dict(call.query),
                json=call.body,
                auth=self._authorize,
            )
        except Exception:
            raise self._error(
                call, "invalid_request", "was not asked, because the request would hold a character, or a number, that"
                " cannot be sent. Check the values that this task was given", processed=False,
            ) from None  # fmt: skip
        return request

    def _read(self, answer: requests.Response, until: Deadline) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(64 * 1024):
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                raise _TooLarge
            if not until.left:
                raise TimeoutError
        return bytes(content)

    def _judge(self, call: Call, status: int, headers: Mapping[str, str], content: bytes) -> Response:
        body, readable = decode(content, status)
        if status in call.expected:
            if readable:
                return Response(status=status, body=body, headers=headers)
            raise self._error(
                call, "invalid_answer", "answered with something that is not JSON", status=status, headers=headers,
                processed=True,
            )  # fmt: skip
        if 300 <= status < 400:
            raise self._error(
                call, "redirect", "answered with a redirect, which is not followed because it could carry the"
                " credentials to another host. Check the URL", status=status, headers=headers, processed=False,
            )  # fmt: skip
        explanation = self._explain(status, body) if readable else explain_nothing(status, body)
        raise self._error(
            call, explanation.code, f"answered with HTTP {status}", message=explanation.message, status=status,
            headers=headers, processed=status >= 500, body=body, next_step=explanation.next_step,
        )  # fmt: skip

    def unusable_answer(self, call: Call, expected: str) -> HttpError:
        """Build the error for an answer of the right status whose JSON is not what the API promises."""
        return self._error(call, "invalid_answer", f"answered without {expected}", processed=True)

    def _no_answer(self, call: Call, error: Exception) -> HttpError:
        found, proxy = ending(error), self._surroundings.proxy
        way = f"the way leads through {proxy}" if proxy and found.of_the_way else ""
        cause = "; ".join(filter(None, [found.cause, way]))
        return self._error(call, found.code, found.what, message=cause, processed=not found.never_sent)

    def _error(
        self, call: Call, code: str, what: str, *, message: str = "", status: int | None = None,
        headers: Mapping[str, str] | None = None, processed: bool, body: Any = None,
        next_step: str = "",
    ) -> HttpError:  # fmt: skip
        headers = headers or {}
        request = self._printed(f"{call.method} {self.base_url}{call.path}")
        request_id = next((self._printed(headers[name]) for name in REQUEST_ID_HEADERS if headers.get(name)), None)
        code, message = self._printed(code), self._printed(message)
        msg = f"{self.vendor} {what}. The request was {request}."
        if message:
            msg += f" {self.vendor} says: {code}: {sentence(message)}" if status else f" Cause: {sentence(message)}"
        if request_id:
            msg += f" Request id: {request_id}."
        if next_step:
            msg += " " + next_step
        return HttpError(
            msg=self._redactor.text(msg),
            failure=Failure(code=code, message=message, status=status, request=request, request_id=request_id),
            may_have_been_processed=processed,
            body=self._redactor.data(body),
            headers=headers,
        )

    def _printed(self, text: str) -> str:
        """Return what a message may show of a text of a vendor."""
        return self._redactor.text(printable(text))[:1000]


class _TooLarge(Exception):
    """More of an answer has arrived than is read."""


class _Authorization:
    """Sets the header on every request."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request
