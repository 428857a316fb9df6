# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with a call to AWS, in the collection's words, with the step that helps."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    # Amazon's client takes answers apart without looking whether they are what the API promises, and follows
    # redirects of S3 to find the region of a bucket.
    _UNUSABLE_ANSWER = (AttributeError, LookupError, TypeError, ValueError, RecursionError, ResponseParserError)
    # What a call can raise; a tuple, so that callers need not import Amazon's packages.
    CALL_ERRORS: tuple[type[Exception], ...] = (BotoCoreError, ClientError, *_UNUSABLE_ANSWER)
except ImportError:
    CALL_ERRORS = ()

from .._kernel.errors import Failure, OnrampError
from .._kernel.printable import printable, sentence

# So much of a vendor's text is shown.
LONGEST = 1000


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
        return printable(str(error.response.get("Error", {}).get("Code") or f"http_{_status(error)}"))[:LONGEST]
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
        return _refusal(error, code, action)
    # What the client says of an answer that it cannot read quotes the answer.
    unusable = _is_unusable(error)
    message = "the answer is not what the API promises" if unusable else printable(str(error))
    msg = f"AWS gave no usable answer to {action}. Cause: {sentence(message)}"
    if code == "no_credentials":
        msg += " Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
    return OnrampError(msg=msg, failure=Failure(code=code, message=message, request=action))


def _refusal(error: Any, code: str, action: str) -> OnrampError:
    text = printable(str(error.response.get("Error", {}).get("Message") or ""))
    message = _quotable(code, text)[:LONGEST]
    request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
    request_id = printable(str(request_id))[:LONGEST] if request_id else None
    msg = f"AWS refused {action}. AWS says: {sentence(f'{code}: {message}' if message else code)}"
    if request_id:
        msg += f" Request id: {request_id}."
    step = advice(code, text, action)
    is_bad = bool(bad_credentials(code, text))
    failure = Failure(
        code="no_credentials" if is_bad else code,
        message=f"{code}: {message}" if is_bad else message,
        status=_status(error),
        request=action,
        request_id=request_id,
    )
    return OnrampError(msg=f"{msg} {step}" if step else msg, failure=failure)


def _status(error: Any) -> int | None:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status else None


def _quotable(code: str, message: str) -> str:
    """Return AWS's words without the request that was signed, which some services repeat with the session's token."""
    return message.partition(" The Canonical String")[0] if code in _BAD_SIGNATURE else message


# What to do about a refusal


def advice(code: str, message: str, action: str = "") -> str:
    """Return the step that helps against a refusal of AWS, one or two sentences; empty if there is none to name.

    ``action``: the permission that the call needs, such as ``iam:CreateRole``, where it is known.
    """
    if code in _DENIED:
        return _of_denial(message, action)
    return bad_credentials(code, message) or _BY_CODE.get(code, "")


def bad_credentials(code: str, message: str = "") -> str:
    """Return the step that helps where AWS does not accept the credentials themselves; empty if it did."""
    if code in _BAD_CLOCK or (code in _BAD_SIGNATURE and _SKEW.search(message)):
        return (
            "The clock of this machine is wrong, or the keys were signed with too long ago: set it by NTP"
            " (timedatectl shows whether it is)."
        )
    if code in _BAD_SIGNATURE:
        return (
            "The secret does not belong to the access key: copied incompletely, or from another pair. Where it comes"
            " from, aws configure list shows."
        )
    return _BAD_CREDENTIALS.get(code, "")


def _of_denial(message: str, action: str) -> str:
    named = _ACTION.search(message)
    action = action or (named[1] if named else "")
    what = action or "this"
    found = _DENIED_BY.search(message)
    if found is None:
        return f"The credentials need the permission {action}." if action else "The credentials lack the permission."
    kind = (found.group("explicit") or found.group("implicit")).lower()
    table = _EXPLICIT if found.group("explicit") else _IMPLICIT
    return table.get(kind, "The credentials need the permission {what}.").format(what=what)


_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_DENIED_BY = re.compile(
    r"explicit deny in an? (?P<explicit>[\w -]+?policy|permissions boundary)\b"
    r"|because no (?P<implicit>[\w -]+?policy|permissions boundary) allows",
    re.IGNORECASE,
)
_ORGANIZATION = "which nothing in the account outweighs: ask an administrator of the organization."
_EXPLICIT: Mapping[str, str] = {
    "service control policy": f"A service control policy of the AWS organization denies {{what}}, {_ORGANIZATION}",
    "resource control policy": f"A resource control policy of the AWS organization denies {{what}}, {_ORGANIZATION}",
    "permissions boundary": "The permissions boundary of this identity denies {what}: another permission does not"
    " help, the boundary has to be changed.",
    "session policy": "The policy that the session was opened with denies {what}: open it with another one.",
    "resource-based policy": "The policy of the bucket, key or role itself denies {what}: it needs an exception for"
    " this identity.",
    "vpc endpoint policy": "The policy of the VPC endpoint that requests take from here denies {what}.",
    "identity-based policy": "A policy of this identity denies {what}: another permission does not help, the denial"
    " has to go.",
}
_IMPLICIT: Mapping[str, str] = {
    "service control policy": f"No service control policy of the AWS organization allows {{what}}, {_ORGANIZATION}",
    "resource control policy": f"No resource control policy of the AWS organization allows {{what}}, {_ORGANIZATION}",
    "permissions boundary": "The permissions boundary of this identity has to allow {what} as well.",
    "session policy": "The policy that the session was opened with has to allow {what} as well.",
    "resource-based policy": "It belongs to another account, or names who may do what: its own policy has to allow"
    " {what} to this identity.",
    "vpc endpoint policy": "The policy of the VPC endpoint that requests take from here has to allow {what}.",
}
_SKEW = re.compile(r"signature (?:has )?expired|not yet current|is now (?:earlier|later) than", re.IGNORECASE)
_BAD_SIGNATURE = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"})
_BAD_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_UNKNOWN_KEY = (
    "AWS does not know this access key: it was deleted or made inactive, belongs to another partition, or is temporary"
    " and lacks its session token. Where it comes from, aws configure list shows."
)
_EXPIRED = (
    "The session has expired: log in again (aws sso login, or however the session is made), or have exported keys"
    " replaced."
)
_BAD_CREDENTIALS: Mapping[str, str] = {
    **dict.fromkeys(
        ("InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException", "AuthFailure"), _UNKNOWN_KEY
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"), _EXPIRED),
    "InvalidToken": "The session token does not belong to the access key, or was copied incompletely.",
    "MissingAuthenticationToken": "The request was not signed: look for a proxy that removes headers.",
    "NotSignedUp": "The AWS account is not active.",
}
_BY_CODE: Mapping[str, str] = {
    **dict.fromkeys(
        ("LimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"),
        "A quota of the AWS account is used up. Let workspaces share role and policy (s3_access_role_name,"
        " s3_access_policy_name), remove what nobody needs, or have it raised in Service Quotas.",
    ),
    "EntityAlreadyExists": "Something of that name existed already or was made in the meantime. Run again to have it"
    " checked, or choose another name (s3_access_role_name, s3_access_policy_name).",
    "ConcurrentModification": "Somebody else is changing it at this moment. Run again.",
    "EntityTemporarilyUnmodifiable": "Somebody else is changing it at this moment. Run again.",
    "MalformedPolicyDocument": "Check the ARNs that the variables name: AWS does not accept one that belongs to"
    " nobody.",
    **dict.fromkeys(
        ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"),
        "Too many requests of the whole account at this moment. Run again in some minutes.",
    ),
    **dict.fromkeys(
        ("OptInRequired", "RegionDisabledException"),
        "The region is not enabled in this account: name another in region, or enable it.",
    ),
}
