# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""One HTTP client for every vendor: authentication, deadlines, retries, redaction, one error type.

It knows no vendor and no Ansible module. Certificates are always verified (``REQUESTS_CA_BUNDLE`` is honored),
redirects are never followed, ``~/.netrc`` is never read, and plain HTTP is spoken to loopback only, so that
credentials reach the configured host and no other.
"""

from __future__ import annotations

import ipaddress
import json
import os
import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

try:
    import requests
    from requests.adapters import HTTPAdapter

    REQUESTS_ERROR: ImportError | None = None
except ImportError as import_error:
    REQUESTS_ERROR = import_error

from ._clients import Clients
from ._errors import Failure, InvalidArgument, OnrampError
from ._libraries import require_library
from ._redact import Redactor
from ._version import VERSION

USER_AGENT = f"onramp.braze_fivetran/{VERSION}"
CONNECT_TIMEOUT = 10.0
# Open connections to one host that are kept for all who share them: more than there are threads.
SHARED_CONNECTIONS = 512
# Where requests looks for the certificates of authorities, the first one first.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# A page of 1000 Fivetran connections is about 3 MB; whatever is larger is not an answer of these APIs.
MAX_BODY_BYTES = 8 * 1024 * 1024
REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id")
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class RetryPolicy:
    """How long one call may take.

    ``request_timeout``: seconds without an answer after which one try is given up.
    ``total``: seconds that a call may take with all its tries and waits; a server that asks for a longer wait
    (``Retry-After``) ends the call at once. ``tries`` bounds the number of requests.
    """

    request_timeout: float = 30.0
    total: float = 120.0
    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 20.0

    def wait(self, tries_made: int) -> float:
        """Return the seconds before the next try: exponential, with jitter so that hosts do not move in step."""
        ceiling = min(self.longest_wait, self.first_wait * 2.0 ** (tries_made - 1))
        return ceiling * random.uniform(0.5, 1.0)


@dataclass(eq=False)
class HttpError(OnrampError):
    """A call that did not end with an expected answer.

    ``may_have_been_processed`` is true where the server may have acted although no usable answer arrived: the
    caller has to look before it sends a writing request again. ``body`` is the decoded JSON answer, if any.
    """

    may_have_been_processed: bool = False
    body: Any = None
    # Header names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """An expected answer. ``body`` is decoded JSON (``None`` for an empty body); header names are lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call. ``repeatable``: sending it twice does no harm, so it may be retried after a doubtful end."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    expected: Collection[int] = (200,)
    repeatable: bool = True
    request_timeout: float | None = None
    retried_statuses: Collection[int] = RETRIED_STATUSES


class Explanation(NamedTuple):
    """A refusal in the vendor's own terms. ``next_step`` is the collection's advice, a sentence or nothing."""

    code: str
    message: str = ""
    next_step: str = ""


Explain = Callable[[int, Any], Explanation]


def explain_nothing(status: int, body: Any) -> Explanation:  # noqa: ARG001
    """Describe a refusal of a server whose error format is unknown."""
    return Explanation(f"http_{status}")


def check_base_url(option: str, url: str) -> str:
    """Return ``url`` without trailing slash; refuse what credentials must not be sent to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidArgument(f"{option}: expected an https:// URL, got {url!r}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidArgument(f"{option}: expected a URL without user, password, query and fragment.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise InvalidArgument(
            f"{option}: {url!r} is plain HTTP, which would show the credentials to the network. Use https://."
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpClient:
    """Sends calls to one base URL. Safe to use from several threads.

    ``vendor`` names the service in messages. ``authorization`` is the complete header value.
    ``explain`` turns a refusal's body into the vendor's code and message. ``connections``: how many are kept open.
    With ``clients``, they are shared by all that are made with the same; authorization never is.
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
        explain: Explain = explain_nothing,
        connections: int = 4,
        clients: Clients | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        require_library("requests", REQUESTS_ERROR)
        self.vendor = vendor
        self.base_url = base_url
        self.policy = policy or RetryPolicy()
        self._redactor = redactor
        self._explain = explain
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})})
        # An auth object of our own also keeps requests from looking into ~/.netrc.
        self._session.auth = _Authorization(authorization)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _adapter(connections) if clients is None else _shared_adapter(clients))
        _read_environment(self._session, base_url)

    def send(self, call: Call) -> Response:
        """Send ``call``, retrying where that is safe, and return its expected answer.

        :raises HttpError: refusal, no usable answer, or a wait longer than the policy allows.
        """
        policy = self.policy
        give_up_at = time.monotonic() + policy.total
        for tries_made in range(1, policy.tries + 1):
            try:
                return self._try(call, give_up_at)
            except HttpError as error:
                wait = self._wait_before_retry(call, error, tries_made)
                if wait is None:
                    raise
                if tries_made == policy.tries or time.monotonic() + wait > give_up_at:
                    raise self._gave_up(error, tries_made, wait) from None
            self._sleep(wait)
        raise RuntimeError("RetryPolicy.tries must be at least 1")

    def _wait_before_retry(self, call: Call, error: HttpError, tries_made: int) -> float | None:
        """Return the seconds to wait, or None where another try is useless or unsafe."""
        status = error.failure.status
        if status == 429:
            # Refused before it was processed: safe for every method.
            return requested_wait(error.headers) or self.policy.wait(tries_made)
        if error.failure.code in ("certificate", "redirect", "too_large"):
            return None
        if status is not None and status not in call.expected and status not in call.retried_statuses:
            return None
        if error.may_have_been_processed and not call.repeatable:
            return None
        return max(requested_wait(error.headers) or 0.0, self.policy.wait(tries_made))

    def _gave_up(self, error: HttpError, tries_made: int, wait: float) -> HttpError:
        retry_after = requested_wait(error.headers)
        if retry_after is not None and retry_after > self.policy.longest_wait:
            advice = (
                f" {self.vendor} asks to come back in {round(retry_after)} seconds, longer than the"
                f" {round(self.policy.total)} seconds that a call may take. Run again then."
            )
        else:
            advice = f" Gave up after {tries_made} {'try' if tries_made == 1 else 'tries'}."
        failure = Failure(**{**vars(error.failure), "retry_after": None if retry_after is None else round(wait)})
        return HttpError(
            msg=error.msg + advice,
            failure=failure,
            may_have_been_processed=error.may_have_been_processed,
            body=error.body,
            headers=error.headers,
        )

    def _try(self, call: Call, give_up_at: float) -> Response:
        timeout = call.request_timeout or self.policy.request_timeout
        deadline = time.monotonic() + timeout
        if call.request_timeout is None:
            deadline = min(deadline, give_up_at)
        try:
            with self._session.request(
                call.method,
                self.base_url + call.path,
                params=dict(call.query),
                json=call.body,
                allow_redirects=False,
                stream=True,
                timeout=(min(CONNECT_TIMEOUT, timeout), max(deadline - time.monotonic(), 0.001)),
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                content = self._read(call, answer, deadline)
                status = answer.status_code
        except requests.exceptions.RequestException as error:
            raise self._no_answer(call, error) from None
        return self._judge(call, status, headers, content)

    def _read(self, call: Call, answer: requests.Response, deadline: float) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(64 * 1024):
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                raise self._error(
                    call, "too_large", f"answered with more than {MAX_BODY_BYTES // 1024 // 1024} MB", processed=True
                )
            if time.monotonic() > deadline:
                raise self._error(call, "timeout", "took too long to send its answer", processed=True)
        return bytes(content)

    def _judge(self, call: Call, status: int, headers: Mapping[str, str], content: bytes) -> Response:
        body, readable = _decode(content, status)
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

    def _no_answer(self, call: Call, error: requests.exceptions.RequestException) -> HttpError:
        if isinstance(error, requests.exceptions.SSLError):
            return self._error(
                call, "certificate", "has a certificate that cannot be trusted. Behind a proxy that inspects TLS, name"
                " its CA in REQUESTS_CA_BUNDLE", message=_cause(error), processed=False,
            )  # fmt: skip
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return self._error(call, "timeout", "could not be connected to in time", processed=False)
        if isinstance(error, requests.exceptions.Timeout):
            return self._error(call, "timeout", "did not answer in time", processed=True)
        never_sent = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        what = "cannot be reached" if never_sent else "closed the connection before it had answered"
        return self._error(call, "connection_failed", what, message=_cause(error), processed=not never_sent)

    def _error(
        self, call: Call, code: str, what: str, *, message: str = "", status: int | None = None,
        headers: Mapping[str, str] | None = None, processed: bool, body: Any = None,
        next_step: str = "",
    ) -> HttpError:  # fmt: skip
        headers = headers or {}
        request = f"{call.method} {self.base_url}{call.path}"
        request_id = next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), None)
        message = self._redactor.text(" ".join(message.split()))[:1000]
        msg = f"{self.vendor} {what}. The request was {request}."
        if message:
            msg += f" {self.vendor} says: {code}: {message.rstrip('.')}." if status else f" Cause: {message}."
        if request_id:
            msg += f" Request id: {request_id}."
        if next_step:
            msg += " " + next_step
        return HttpError(
            msg=self._redactor.text(msg),
            failure=Failure(
                code=self._redactor.text(code),
                message=message,
                status=status,
                request=self._redactor.text(request),
                request_id=request_id,
            ),
            may_have_been_processed=processed,
            body=self._redactor.data(body),
            headers=headers,
        )


def _read_environment(session: requests.Session, url: str) -> None:
    """Take proxies and certificates from the environment once; requests would for each call, a third of its work.

    :raises InvalidArgument: it names certificates that are not there.
    """
    settings = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = settings["proxies"], settings["verify"]
    session.trust_env = False
    if isinstance(session.verify, str) and not os.path.exists(session.verify):
        name = next(name for name in CERTIFICATE_VARIABLES if os.environ.get(name))
        raise InvalidArgument(
            f"{name}: expected the path of a file with certificates, got {session.verify!r}, which does not exist."
        )


def _adapter(connections: int) -> HTTPAdapter:
    return HTTPAdapter(pool_maxsize=connections, max_retries=0)


def _shared_adapter(clients: Clients) -> HTTPAdapter:
    """Return what keeps the connections to all hosts; it knows no credentials, which are headers of a request."""
    return clients.get(HTTPAdapter, lambda: _adapter(SHARED_CONNECTIONS))


class _Authorization:
    """Sets the header on every request, which also takes precedence over what ~/.netrc says."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


def _decode(content: bytes, status: int) -> tuple[Any, bool]:
    """Return (decoded JSON, whether it could be decoded). Only "204 No Content" may be empty."""
    if not content.strip():
        return None, status == 204
    try:
        return json.loads(content), True
    except ValueError:
        return None, False


def _cause(error: BaseException) -> str:
    """Return the innermost reason of what requests and urllib3 wrap in each other, without their objects."""
    inner = getattr(error, "reason", None) or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    if isinstance(inner, BaseException):
        return _cause(inner)
    return str(error).rpartition("): ")[2]


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the server asks for: Retry-After, or Braze's x-ratelimit-reset (epoch seconds)."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    if value:
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            return None
    reset = headers.get("x-ratelimit-reset", "").strip()
    if reset.isdigit() and headers.get("x-ratelimit-remaining", "").strip() == "0":
        return max(0.0, float(reset) - time.time())
    return None
