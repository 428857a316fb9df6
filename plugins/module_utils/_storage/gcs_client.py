# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""The client for Google Cloud Storage, how long its calls may take, and its errors in the collection's words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# The client reads it with its first call: without it, a hidden thread asks for the bucket's metadata.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

try:
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth import default as default_credentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import storage
    from google.cloud.storage.retry import DEFAULT_RETRY
    from google.oauth2 import service_account
    from requests.adapters import HTTPAdapter

    GOOGLE_ERROR: ImportError | None = None
    # Google's client takes answers apart without looking whether they are what the API promises.
    _UNUSABLE_ANSWER = (AttributeError, LookupError, TypeError, ValueError)
    # What a call can raise; a tuple, so that callers need not import Google's packages.
    CALL_ERRORS: tuple[type[Exception], ...] = (
        GoogleAPICallError, RetryError, GoogleAuthError, requests.exceptions.RequestException, *_UNUSABLE_ANSWER,
    )  # fmt: skip
except ImportError as import_error:
    GOOGLE_ERROR = import_error
    CALL_ERRORS = ()

from .._clients import Clients
from .._errors import Failure, InvalidArgument, OnrampError
from .._http import check_base_url
from .._libraries import require_library

SCOPES = ("https://www.googleapis.com/auth/devstorage.full_control",)
VENDOR = "Google Cloud Storage"
# The environment variable by which Google's client is led to an emulator.
EMULATOR = "STORAGE_EMULATOR_HOST"
# Open connections to one host that are kept, for the threads that share a client.
CONNECTIONS = 64


def gcs_client(params: Mapping[str, Any], clients: Clients | None = None) -> Any:
    """Return a ``google.cloud.storage.Client`` for the options of ``GCS_ARGUMENTS``.

    Without ``credentials_file`` it uses Google's Application Default Credentials; against an emulator
    (``STORAGE_EMULATOR_HOST``) none are needed. ``clients``: with whom it is shared.

    :raises OnrampError: a missing package, no usable credentials, or an emulator that credentials must not be sent to.
    """
    require_library("google-cloud-storage", GOOGLE_ERROR)
    emulator = os.environ.get(EMULATOR)
    if emulator:
        check_base_url(EMULATOR, emulator)
    file = params.get("credentials_file")
    return (clients or Clients()).get((storage.Client, file, emulator), lambda: _make(file))


def _make(credentials_file: str | None) -> Any:
    # No project: every call of the collection names a bucket, and looking a project up can fail.
    client = storage.Client(project=None, credentials=_credentials(credentials_file))
    session = client._http
    # A redirect could lead to another host, and turns a write into a read that looks like success.
    session.max_redirects = 0
    session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))
    if not session.is_mtls:
        session.mount("https://", HTTPAdapter(pool_maxsize=CONNECTIONS))
    return client


def gcs_bucket(params: Mapping[str, Any], clients: Clients | None = None) -> Any:
    """Return the ``google.cloud.storage.Bucket`` that ``bucket`` and the options of ``GCS_ARGUMENTS`` name.

    :raises OnrampError: as :func:`gcs_client`, and for what cannot be a bucket's name.
    """
    name = params["bucket"]
    try:
        return gcs_client(params, clients).bucket(name, user_project=params.get("user_project"))
    except ValueError as error:
        raise InvalidArgument(f"bucket: {name!r} is not accepted. {error}") from None


def _credentials(file: str | None) -> Any:
    if file is not None:
        try:
            return service_account.Credentials.from_service_account_file(file, scopes=SCOPES)
        except (OSError, ValueError, GoogleAuthError) as error:
            raise InvalidArgument(
                f"credentials_file: {file!r} holds no usable key of a service account: {type(error).__name__}."
                " For other kinds of credentials, name the file in GOOGLE_APPLICATION_CREDENTIALS."
            ) from None
    if os.environ.get(EMULATOR):
        return None
    try:
        return default_credentials(scopes=SCOPES)[0]
    except GoogleAuthError as error:
        raise OnrampError(
            msg=f"There are no Google credentials to use: {error} Name the key file of a service account in"
            " credentials_file, or a file with credentials of any kind in the environment variable"
            " GOOGLE_APPLICATION_CREDENTIALS, or run 'gcloud auth application-default login'.",
            failure=Failure(code="no_credentials", message=str(error)),
        ) from None


def bounded_retry(seconds: float) -> Any:
    """Return Google's own retries for calls that can be repeated, ended after ``seconds``."""
    return DEFAULT_RETRY.with_timeout(seconds)


def call_error(error: Exception, request: str, next_steps: Mapping[int, str]) -> OnrampError:
    """Return what ``error``, one of ``CALL_ERRORS``, means.

    ``request``: what was tried, for example ``getIamPolicy of bucket acme``. ``next_steps``: advice by HTTP status.
    """
    if isinstance(error, RetryError) and isinstance(error.cause, CALL_ERRORS):
        error = error.cause
    status = error_status(error)
    if status is None:
        return OnrampError(
            msg=f"{VENDOR} gave no usable answer. The request was {request}. Cause: {_cause(error)}.",
            failure=Failure(code=_code_without_status(error), message=_cause(error), request=request),
        )
    code, message = error_code(error), error_message(error)
    advice = next_steps.get(status, "")
    return OnrampError(
        msg=f"{VENDOR} answered with HTTP {status}. The request was {request}."
        f" {VENDOR} says: {code}: {message.rstrip('.')}." + (f" {advice}" if advice else ""),
        failure=Failure(code=code, message=message, status=status, request=request),
    )


def error_status(error: Exception) -> int | None:
    """Return the HTTP status of a refusal, None where no answer arrived."""
    return int(error.code) if isinstance(error, GoogleAPICallError) and error.code else None


def error_code(error: Exception) -> str:
    """Return Google's reason, such as ``notFound``, else ``http_<status>``."""
    reason = _first_error(error).get("reason")
    return str(reason) if reason else f"http_{error_status(error)}"


def error_message(error: Exception) -> str:
    """Return Google's message without the request that the client puts before it."""
    message = _first_error(error).get("message") or getattr(error, "message", "") or str(error)
    return " ".join(str(message).split())[:1000]


def _first_error(error: Exception) -> Mapping[str, Any]:
    errors = getattr(error, "errors", None) or []
    return errors[0] if errors and isinstance(errors[0], Mapping) else {}


def _code_without_status(error: Exception) -> str:
    if isinstance(error, GoogleAuthError):
        return "no_credentials"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "redirect"
    if _is_unusable(error):
        return "invalid_answer"
    return "timeout" if isinstance(error, requests.exceptions.Timeout | RetryError) else "connection_failed"


def _is_unusable(error: Exception) -> bool:
    # The errors of requests for bad JSON are ValueErrors, too, and those of Google's packages may be.
    return isinstance(error, requests.exceptions.InvalidJSONError) or (
        isinstance(error, _UNUSABLE_ANSWER) and not isinstance(error, requests.exceptions.RequestException)
    )


def _cause(error: Exception) -> str:
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "the answer is a redirect, which is not followed because it could lead to another host"
    if _is_unusable(error):
        return "the answer is not what the API promises"
    return " ".join(str(error).split()).rpartition("): ")[2][:1000].rstrip(".")
