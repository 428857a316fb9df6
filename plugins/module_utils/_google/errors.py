# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with a call to Google Cloud Storage, in the collection's words, with the step that helps."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from typing import Any

try:
    import requests
    import urllib3
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    # Google's client takes answers apart without looking whether they are what the API promises.
    _UNUSABLE_ANSWER = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
    # It lets through what lies below it, down to the system's own errors.
    _NO_ANSWER = (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
    )
    # What a call can raise; a tuple, so that callers need not import Google's packages.
    CALL_ERRORS: tuple[type[Exception], ...] = (
        GoogleAPICallError, RetryError, GoogleAuthError, *_NO_ANSWER, *_UNUSABLE_ANSWER,
    )  # fmt: skip
except ImportError:
    CALL_ERRORS = ()

from .._kernel.errors import Failure, OnrampError
from .._kernel.http.ending import ending
from .._kernel.printable import printable, sentence
from .credentials import no_credentials

VENDOR = "Google Cloud Storage"


def call_error(error: Exception, request: str, next_steps: Mapping[int, str]) -> OnrampError:
    """Return what ``error``, one of ``CALL_ERRORS``, means.

    ``request``: what was tried, for example ``getIamPolicy of bucket acme``. ``next_steps``: advice by HTTP status,
    where Google's reason says nothing more special.
    """
    if isinstance(error, RetryError) and isinstance(error.cause, CALL_ERRORS):
        error = error.cause
    if isinstance(error, GoogleAuthError):
        return no_credentials(error, request)
    status = error_status(error)
    if status is None:
        return OnrampError(
            msg=f"{VENDOR} gave no usable answer. The request was {request}. Cause: {sentence(_cause(error))}",
            failure=Failure(code=_code_without_status(error), message=_cause(error), request=request),
        )
    code, message = error_code(error), error_message(error)
    step = advice(status, code, message) or next_steps.get(status, "")
    return OnrampError(
        msg=f"{VENDOR} answered with HTTP {status}. The request was {request}."
        f" {VENDOR} says: {code}: {sentence(message)}" + (f" {step}" if step else ""),
        failure=Failure(code=code, message=message, status=status, request=request),
    )


def error_status(error: Exception) -> int | None:
    """Return the HTTP status of a refusal, None where no answer arrived."""
    return int(error.code) if isinstance(error, GoogleAPICallError) and error.code else None


def error_code(error: Exception) -> str:
    """Return Google's reason, such as ``notFound``, else ``http_<status>``."""
    reason = _first_error(error).get("reason")
    return printable(str(reason))[:1000] if reason else f"http_{error_status(error)}"


def error_message(error: Exception) -> str:
    """Return Google's message without the request that the client puts before it."""
    message = _first_error(error).get("message") or getattr(error, "message", "") or str(error)
    return printable(str(message))[:1000]


def _first_error(error: Exception) -> Mapping[str, Any]:
    errors = getattr(error, "errors", None) or []
    return errors[0] if errors and isinstance(errors[0], Mapping) else {}


def _code_without_status(error: Exception) -> str:
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "redirect"
    if _is_unusable(error):
        return "invalid_answer"
    return ending(error).code if isinstance(error, _NO_ANSWER) else "timeout"


def _is_unusable(error: Exception) -> bool:
    # The errors of requests for bad JSON are ValueErrors, too, and those of Google's packages may be.
    return isinstance(error, requests.exceptions.InvalidJSONError) or (
        isinstance(error, _UNUSABLE_ANSWER) and not isinstance(error, _NO_ANSWER)
    )


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "the answer is a redirect, which is not followed because it could lead to another host"
    if _is_unusable(error):
        return "the answer is not what the API promises"
    if isinstance(error, _NO_ANSWER):
        found = ending(error)
        return f"it {found.what}" + (f": {found.cause}" if found.cause else "")
    return printable(str(error)).rpartition("): ")[2][:1000].rstrip(".")


# What to do about a refusal


def advice(status: int, reason: str, message: str) -> str:
    """Return the step that helps against a refusal for this reason; empty if that depends on what was asked.

    Google has two dialects: ``reason`` is the word of either, and some reasons stand in the message only.
    """
    for pattern, step in _STEPS:
        found = pattern.search(f"{status} {reason}: {message}")
        if found is not None:
            return step.format(**{name: value or "that is named" for name, value in found.groupdict().items()})
    return ""


def _step(pattern: str, step: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE), step


# The first that fits.
_STEPS = (
    _step(
        r"400 (?:required|userProjectMissing)\b|requester pays",
        "If the bucket is a requester-pays bucket, name the project that pays in user_project.",
    ),
    _step(
        r"(?:^.*vpcServiceControlsUniqueIdentifier: ?(?P<id>[\w-]{1,100}))|vpcServiceControls|SECURITY_POLICY_VIOLATED",
        "VPC Service Controls keep this machine or these credentials out of the bucket's project. The administrator"
        " of the perimeter can see why under the unique identifier {id}; run inside the perimeter, or have an ingress"
        " rule"
        " added.",
    ),
    _step(
        r"accountDisabled|BILLING_DISABLED|billing account",
        "The billing of the bucket's project is off: somebody has to enable it"
        " (gcloud billing projects link PROJECT --billing-account ACCOUNT).",
    ),
    _step(
        r"serviceusage\.services\.use|USER_PROJECT_DENIED|userProjectDenied",
        "The credentials may not use the project that pays: grant them roles/serviceusage.serviceUsageConsumer on it,"
        " or name another in user_project (gcs_access_user_project in the role); without that option, it is the quota"
        " project of the login (gcloud auth application-default set-quota-project PROJECT).",
    ),
    _step(
        r"user ?project specified in the request is invalid|USER_PROJECT_INVALID",
        "There is no project of the name in user_project (gcs_access_user_project in the role).",
    ),
    _step(
        r"accessNotConfigured|SERVICE_DISABLED",
        "The API of Cloud Storage is not enabled in the project of these credentials:"
        " gcloud services enable storage.googleapis.com.",
    ),
    _step(
        r"insufficientPermissions|insufficient authentication scopes|ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "The access scopes of these credentials are too narrow: give this machine the scope cloud-platform, or log in"
        " again with gcloud auth application-default login.",
    ),
    _step(
        r"Inconsistent representation of deleted member[^']*'(?P<deleted>deleted:[^']{1,200})'"
        r"|Inconsistent representation of deleted member",
        "The policy still names an account of this address that was deleted. Take that grant away (gcloud storage"
        " buckets remove-iam-policy-binding, for the member {deleted}), and run again.",
    ),
    _step(
        r"400 \w*: .*\b(?:service account|user|group|principal|member) \S+ does not exist",
        "Fivetran makes the service account with the group, and its address cannot be guessed: take what"
        " fivetran_group_info returns for member (gcs_access_member in the role). A new one is known after some"
        " minutes.",
    ),
    _step(
        r"400 \w*: Role \S+ (?:does not exist|is not supported)",
        "Correct role (gcs_access_role in the role): a custom role has to be of the bucket's project or organization.",
    ),
    _step(
        r"rateLimitExceeded|userRateLimitExceeded|RATE_LIMIT_EXCEEDED|quotaExceeded",
        "Too many requests of the whole project at this moment. Run again in some minutes.",
    ),
    _step(
        r"401 |authError|ACCESS_TOKEN_EXPIRED",
        "Google does not accept these credentials: log in again (gcloud auth application-default login), or look at the"
        " file in credentials_file or GOOGLE_APPLICATION_CREDENTIALS.",
    ),
)
