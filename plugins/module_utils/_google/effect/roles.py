# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role allows that is not known here, a custom one above all: asked of Google's IAM, where the answer decides.

A caller who may see a bucket's policy may not be allowed to see its roles: then that is the answer, never a failure.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

try:
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    _TOKEN_ERRORS: tuple[type[Exception], ...] = (GoogleAuthError, ValueError)
except ImportError:
    # The caller has a client of Google's, which says so.
    _TOKEN_ERRORS = ()

from ..._kernel.clients import Clients
from ..._kernel.errors import OnrampError
from ..._kernel.http.call import Call, Explanation, RetryPolicy
from ..._kernel.http.client import HttpClient
from ..._kernel.http.transport import trace_session
from ..._kernel.http.url import check_base_url
from ..._kernel.options.limits import retry_policy
from ..._kernel.secrets.redact import Redactor
from ..credentials import EMULATOR, credentials
from ..policy import is_role
from .question import Allowed

VENDOR = "Google's IAM"
IAM = "https://iam.googleapis.com"
# Where gcloud takes another address from, such as one of Private Service Connect.
ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM"
# IAM accepts none of Cloud Storage's own.
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# Nobody waits long for what is only good to know.
PATIENCE = RetryPolicy(request_timeout=10.0, total=15.0, tries=2)
_EMULATED = {"authorization": "Bearer emulator"}

_NO_CREDENTIALS = "there are no credentials for Google's IAM"
_NOT_ALLOWED = "these credentials may not read the role (iam.roles.get)"
_WHY: Mapping[str, str] = {
    "SERVICE_DISABLED": "Google's IAM API (iam.googleapis.com) is not enabled in the project of these credentials",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "the access scopes of these credentials do not include Google's IAM",
    "http_404": f"there is no such role, or {_NOT_ALLOWED}",
}


def permissions_of(params: Mapping[str, Any], roles: Iterable[str], clients: Clients) -> dict[str, Allowed]:
    """Return what each role allows, or why that cannot be read. ``params``: options of ``GCS_OPTIONS``.

    :raises InvalidArgument: times that no call can be made in, or an endpoint that credentials must not be sent to.
    """
    return {role: role_permissions(params, role, clients) for role in roles}


def role_permissions(params: Mapping[str, Any], role: str, clients: Clients) -> Allowed:
    """Return what one role allows; it is asked once for all who share ``clients``."""
    endpoint, file = os.environ.get(ENDPOINT) or "", params.get("credentials_file")
    if not is_role(role) or (os.environ.get(EMULATOR) and not endpoint):
        # With an emulator, the real IAM is not meant.
        return ""
    url = check_base_url(ENDPOINT, endpoint or IAM)
    limits = retry_policy(params)
    return clients.get(("role", file, url, role), lambda: _ask(_iam(file, url, limits, clients), role))


def _iam(file: str | None, url: str, limits: RetryPolicy, clients: Clients) -> HttpClient | str:
    return clients.get(("iam", file, url), lambda: _client(file, url, limits))


def _client(file: str | None, url: str, limits: RetryPolicy) -> HttpClient | str:
    """Return the client, or why there is none."""
    try:
        headers = _headers(credentials(file, SCOPES), min(limits.request_timeout, PATIENCE.request_timeout))
    except OnrampError:
        return _NO_CREDENTIALS
    except _TOKEN_ERRORS:
        # The bucket's policy was read with them; what is wrong with them has been said there.
        return _NO_CREDENTIALS
    authorization = headers.pop("authorization")
    return HttpClient(
        vendor=VENDOR,
        base_url=url,
        authorization=authorization,
        redactor=Redactor([authorization.rpartition(" ")[2]]),
        headers=headers,
        policy=PATIENCE,
        explain=_explain,
    )


def _headers(found: Any, seconds: float) -> dict[str, str]:
    """Return what proves who asks, and which project is to be charged; an emulator asks for nothing."""
    if found is None:
        return dict(_EMULATED)
    tokens = Request()
    trace_session(tokens.session, VENDOR)
    found.refresh(partial(tokens, timeout=seconds))
    headers: dict[str, str] = {}
    found.apply(headers)
    return headers


def _ask(iam: HttpClient | str, role: str) -> Allowed:
    if isinstance(iam, str):
        return iam
    try:
        answer = iam.send(Call("GET", f"/v1/{quote(role, safe='/:')}"))
    except OnrampError as error:
        known = _WHY.get(error.failure.code)
        if known or error.failure.status == 403:
            return known or _NOT_ALLOWED
        return f"Google's IAM gave no usable answer ({error.failure.code})"
    return _permissions(answer.body, role)


def _permissions(role: Any, name: str) -> Allowed:
    """Return what IAM's answer says; of an empty list, as of everything empty, it says nothing."""
    # A project may be named by its number.
    is_role = isinstance(role, dict) and str(role.get("name")).rpartition("/")[2] == name.rpartition("/")[2]
    found = role.get("includedPermissions", []) if is_role else None
    if not isinstance(found, list) or not all(isinstance(permission, str) for permission in found):
        return "Google's IAM gave no usable answer (invalid_answer)"
    # A deleted one stays where it is granted, and grants nothing.
    return frozenset() if role.get("deleted") else frozenset(found)


def _explain(status: int, body: Any) -> Explanation:
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    found = [detail for detail in details or () if isinstance(detail, dict)] if isinstance(details, list) else []
    reason = next((detail["reason"] for detail in found if isinstance(detail.get("reason"), str)), "")
    return Explanation(reason if reason in _WHY else f"http_{status}")
