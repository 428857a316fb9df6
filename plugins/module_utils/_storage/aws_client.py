# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Clients for AWS, how long their calls may take, and their errors in the collection's words."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

try:
    import boto3
    import botocore.loaders
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
    from botocore.parsers import ResponseParserError

    BOTO3_ERROR: ImportError | None = None
    # Amazon's client takes answers apart without looking whether they are what the API promises, and follows
    # redirects of S3 to find the region of a bucket.
    _UNUSABLE_ANSWER = (AttributeError, LookupError, TypeError, ValueError, RecursionError, ResponseParserError)
    # What a call can raise; a tuple, so that callers need not import Amazon's packages.
    CALL_ERRORS: tuple[type[Exception], ...] = (BotoCoreError, ClientError, *_UNUSABLE_ANSWER)
except ImportError as import_error:
    BOTO3_ERROR = import_error
    CALL_ERRORS = ()

from .._clients import Clients
from .._errors import Failure, InvalidArgument, OnrampError
from .._http import CONNECT_TIMEOUT, check_base_url
from .._libraries import require_library

# IAM and STS are global in their partition; where nothing names a region, their requests are signed for one of these.
DEFAULT_REGION = "us-east-1"
REGION_OF_PARTITION: Mapping[str, str] = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
# Open connections to one host that are kept, for the threads that share a client.
CONNECTIONS = 64


@dataclass(frozen=True, eq=False)
class Aws:
    """One session: credentials and region. ``client`` gives the client of a service, to as many threads as ask."""

    session: Any
    default_region: str = DEFAULT_REGION
    _made: Clients = field(default_factory=Clients)
    # boto3's clients may be used by several threads, its sessions may not.
    _session_lock: Lock = field(default_factory=Lock)

    @property
    def region(self) -> str:
        """Return the region that was given, or is configured, or else one that works for IAM."""
        return str(self.session.region_name or self.default_region)

    def client(self, service: str, *, read_timeout: float = 30.0, tries: int = 5) -> Any:
        """Return a boto3 client that waits ``read_timeout`` seconds for an answer and sends a call ``tries`` times.

        :raises InvalidArgument: the endpoint that is configured for tests is plain HTTP on another machine.
        :raises OnrampError: the AWS configuration cannot be used.
        """
        return self._made.get((service, read_timeout, tries), lambda: self._make(service, read_timeout, tries))

    def _make(self, service: str, read_timeout: float, tries: int) -> Any:
        limits = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": tries},
            max_pool_connections=CONNECTIONS,
        )
        try:
            with self._session_lock:
                client = self.session.client(service, region_name=self.region, config=limits)
        except (BotoCoreError, ValueError) as error:
            raise _bad_configuration(error) from None
        check_base_url("AWS_ENDPOINT_URL", client.meta.endpoint_url)
        return client


@dataclass(frozen=True)
class Identity:
    """Whose credentials these are: account id and partition (``aws``, ``aws-us-gov``, ``aws-cn``)."""

    account: str
    partition: str


def aws_from_params(params: Mapping[str, Any], partition: str | None = None, clients: Clients | None = None) -> Aws:
    """Build the session from the options of ``AWS_ARGUMENTS``; ``partition`` where the user has named one.

    ``clients``: with whom the session is shared.

    :raises OnrampError: a missing package, a profile that does not exist, or a configuration that cannot be used.
    """
    require_library("boto3", BOTO3_ERROR)
    profile, region = params["profile"], params["region"]
    default_region = REGION_OF_PARTITION.get(partition or "", DEFAULT_REGION)
    return (clients or Clients()).get(
        (Aws, profile, region, default_region), lambda: Aws(_session(profile, region), default_region)
    )


def _session(profile: str | None, region: str | None) -> Any:
    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _loader())
    try:
        core.get_scoped_config()  # Here, and not at the first call, it is known whether there is such a profile.
        return boto3.session.Session(botocore_session=core, region_name=region)
    except ProfileNotFound:
        raise InvalidArgument(
            f"profile (AWS_PROFILE): there is no profile {core.profile!r} in the AWS configuration."
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise _bad_configuration(error) from None


def _bad_configuration(error: Exception) -> OnrampError:
    message = " ".join(str(error).split())
    return OnrampError(
        msg=f"The AWS configuration cannot be used: {message.rstrip('.')}. Check profile, region and AWS_ENDPOINT_URL.",
        failure=Failure(code="invalid_configuration", message=message),
    )


@cache
def _loader() -> Any:
    """Return the reader of the descriptions of AWS's services that come with botocore; it keeps what it has read."""
    return botocore.loaders.create_loader(os.environ.get("AWS_DATA_PATH"))


def preload() -> None:
    """Read what every client needs, a tenth of a second's work, for all processes that are forked from this one."""
    if BOTO3_ERROR is None:
        for service in ("s3", "iam", "sts"):
            for kind in ("service-2", "endpoint-rule-set-1"):
                _loader().load_service_model(service, kind)
        _loader().load_data("endpoints")


def identity(aws: Aws) -> Identity:
    """``sts:GetCallerIdentity``, which needs no permission."""
    who: Identity = ask(
        "sts:GetCallerIdentity",
        aws.client("sts").get_caller_identity,
        lambda answer: Identity(account=answer["Account"], partition=answer["Arn"].split(":")[1]),
    )
    return who


def ask(
    action: str, call: Callable[..., Any], read: Callable[[Any], Any], absent: tuple[str, ...] = (), **arguments: Any
) -> Any:
    """Make one call and return what ``read`` finds in its answer; None where AWS answers with a code of ``absent``.

    :raises OnrampError: with AWS's own code, or ``invalid_answer``. ``action`` is the permission that the call needs.
    """
    try:
        return read(call(**arguments))
    except CALL_ERRORS as error:
        if error_code(error) in absent:
            return None
        raise call_error(error, action) from None


def error_code(error: Exception) -> str:
    """Return AWS's code of a refusal, or a word of the collection where no answer arrived."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or f"http_{_status(error)}")
    if _is_unusable(error):
        return "invalid_answer"
    return "no_credentials" if isinstance(error, NoCredentialsError) else "connection_failed"


def _is_unusable(error: Exception) -> bool:
    # Some errors of botocore are ValueErrors, too.
    return isinstance(error, _UNUSABLE_ANSWER) and not isinstance(error, BotoCoreError)


def call_error(error: Exception, action: str) -> OnrampError:
    """Return what ``error``, one of ``CALL_ERRORS``, means; ``action`` is the permission that the call needs."""
    code = error_code(error)
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        message = " ".join(str(details.get("Message") or "").split())[:1000]
        request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
        msg = f"AWS refused {action}. AWS says: {code}: {message.rstrip('.')}."
        if request_id:
            msg += f" Request id: {request_id}."
        failure = Failure(code=code, message=message, status=_status(error), request=action, request_id=request_id)
    else:
        # What the client says of an answer that it cannot read quotes the answer.
        unusable = _is_unusable(error)
        message = "the answer is not what the API promises" if unusable else " ".join(str(error).split())
        msg = f"AWS gave no usable answer to {action}. Cause: {message.rstrip('.')}."
        failure = Failure(code=code, message=message, request=action)
    return OnrampError(msg=msg + _next_step(code, action), failure=failure)


def _status(error: Any) -> int | None:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status else None


def _next_step(code: str, action: str) -> str:
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"):
        return f" The credentials need the permission {action}."
    if code == "no_credentials":
        return " Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
    return ""
