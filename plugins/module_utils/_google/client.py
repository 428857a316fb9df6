# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client for Google Cloud Storage, and how long its calls may take."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

# The client reads it with its first call: without it, a hidden thread asks for the bucket's metadata.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

try:
    from google.cloud import storage
    from google.cloud.storage.retry import DEFAULT_RETRY

    GOOGLE_ERROR: ImportError | None = None
except ImportError as import_error:
    GOOGLE_ERROR = import_error

from .._bucket.names import check_bucket
from .._kernel.clients import Clients
from .._kernel.deadline import Clock, Deadline
from .._kernel.errors import InvalidArgument
from .._kernel.http.call import BETWEEN_TRIES, RetryPolicy
from .._kernel.http.transport import BoundedAdapter, trace_session
from .._kernel.http.url import check_base_url, leaves_the_machine
from .._kernel.libraries import require_library
from .._kernel.secrets.shown import quoted
from .credentials import EMULATOR, credentials

# Open connections to one host that are kept, for the threads that share a client.
CONNECTIONS = 64
VENDOR = "Google Cloud Storage"


def gcs_client(params: Mapping[str, Any], clients: Clients | None = None) -> Any:
    """Return a ``google.cloud.storage.Client`` for the options of ``GCS_OPTIONS``.

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
    client = storage.Client(project=None, credentials=credentials(credentials_file))
    session = client._http
    if not leaves_the_machine(os.environ.get(EMULATOR) or "https://"):
        session.trust_env = False
    # A redirect could lead to another host, and turns a write into a read that looks like success.
    session.max_redirects = 0
    session.mount("http://", BoundedAdapter(CONNECTIONS, VENDOR))
    if not session.is_mtls:
        session.mount("https://", BoundedAdapter(CONNECTIONS, VENDOR))
    # By which it gets its tokens.
    tokens = getattr(session, "_auth_request_session", None)
    if tokens is not None:
        trace_session(tokens, VENDOR)
    return client


def gcs_bucket(params: Mapping[str, Any], clients: Clients | None = None) -> Any:
    """Return the ``google.cloud.storage.Bucket`` that ``bucket`` and the options of ``GCS_OPTIONS`` name.

    :raises OnrampError: as :func:`gcs_client`, and for what cannot be a bucket's name.
    """
    name = check_bucket("bucket", "gcs", params["bucket"])
    try:
        return gcs_client(params, clients).bucket(name, user_project=params.get("user_project"))
    except ValueError as error:
        raise InvalidArgument(f"bucket: {quoted(name)} is not accepted. {error}") from None


def bounded_retry(limits: RetryPolicy, clock: Clock) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what repeats a call where Google says that it may help, and begins no other try after its time."""
    retry = DEFAULT_RETRY.with_delay(initial=0.0, maximum=0.0).with_timeout(None)

    def bounded(call: Callable[..., Any]) -> Callable[..., Any]:
        clock.attend()
        total, throttled = Deadline.after(limits.total, clock), Deadline.after(limits.throttled, clock)
        tries = count(1)

        def wait(error: Exception) -> None:
            deadline = throttled if getattr(error, "code", None) == 429 else total
            if not deadline.wait(BETWEEN_TRIES.after(next(tries))):
                raise error

        wrapped: Callable[..., Any] = retry(call, on_error=wait)
        return wrapped

    return bounded
