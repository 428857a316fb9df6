# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Google's credentials: where they come from, and why there are none, in a sentence with the command that helps.

What Google's packages say is not passed on: they quote what was put in the place of a path, and answers of anybody who
gives out tokens.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

try:
    from google.auth import default as default_credentials
    from google.auth.exceptions import GoogleAuthError, OAuthError, RefreshError, TransportError
    from google.oauth2 import service_account
except ImportError:  # Which is told where a client is made.
    pass

from .._bucket.paths import may_be_secret
from .._kernel.errors import Explained, Failure, OnrampError
from .._kernel.secrets.shown import quoted

CODE = "no_credentials"
SCOPES = ("https://www.googleapis.com/auth/devstorage.full_control",)
# The environment variable by which Google's client is led to an emulator.
EMULATOR = "STORAGE_EMULATOR_HOST"
OPTION, VARIABLE = "credentials_file", "GOOGLE_APPLICATION_CREDENTIALS"
LOGIN = "Run gcloud auth application-default login"
SERVICE_ACCOUNT = "service_account"
_TYPES = (
    SERVICE_ACCOUNT,
    "authorized_user",
    "external_account",
    "external_account_authorized_user",
    "impersonated_service_account",
    "gdch_service_account",
)
_WAYS = (
    f"Name the key file of a service account in {OPTION}, or a file with credentials of any kind in the environment"
    f" variable {VARIABLE}, or run gcloud auth application-default login."
)


def credentials(file: str | None, scopes: Sequence[str] = SCOPES) -> Any:
    """Return Google's credentials, those of the file if one is given; None for an emulator.

    :raises OnrampError: there are none that can be used.
    """
    if file is not None:
        return _of_service_account(file, scopes)
    if os.environ.get(EMULATOR):
        return None
    named = os.environ.get(VARIABLE)
    if named:
        _kind_of(VARIABLE, named)
    try:
        return default_credentials(scopes=scopes)[0]
    except (RefreshError, TransportError, OAuthError) as error:
        # Google's package has asked for a token already, to find out a project.
        raise no_credentials(error) from None
    except (GoogleAuthError, ValueError, TypeError, LookupError, AttributeError, OSError) as error:
        raise _failure(_of_default(error, named)) from None


def _of_service_account(file: str, scopes: Sequence[str]) -> Any:
    content = _content_of(OPTION, file)
    kind = str(content["type"])
    if kind != SERVICE_ACCOUNT:
        raise _failure(
            Explained(
                f"{OPTION}: {quoted(file)} holds credentials of the type {kind}, and this option takes the key of a"
                " service account",
                f"Name the file in the environment variable {VARIABLE} instead.",
            )
        )
    try:
        return service_account.Credentials.from_service_account_info(content, scopes=scopes)
    except (GoogleAuthError, ValueError, TypeError, LookupError, AttributeError):
        raise _failure(_incomplete(OPTION, file)) from None


def _incomplete(option: str, file: str) -> Explained:
    return Explained(
        f"{option}: {quoted(file)} holds no usable key, because it is incomplete or was changed",
        "Put the file there again as Google has given it out.",
    )


def _kind_of(option: str, file: str) -> str:
    return str(_content_of(option, file)["type"])


def _content_of(option: str, file: str) -> Mapping[str, Any]:
    """Return what a file with credentials holds.

    :raises OnrampError: it is none.
    """
    if may_be_secret(file):
        raise _failure(
            Explained(
                f"{option}: expected the path of a file, and got what may be the key itself; it is not repeated here",
                "Write the key to a file that only you can read, and name that.",
            )
        )
    try:
        with open(file, encoding="utf-8") as opened:
            content = json.load(opened)
    except OSError as error:
        why = _OF_FILES.get(type(error).__name__, "cannot be read")
        raise _failure(
            Explained(f"{option}: {quoted(file)} {why}", "Name the file that Google has given out.")
        ) from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("type") not in _TYPES:
        raise _failure(_no_credentials_file(option, file, content))
    return content


def _no_credentials_file(option: str, file: str, content: Any) -> Explained:
    kind = content.get("type") if isinstance(content, dict) else None
    # What else may stand there is not known.
    of_type = f" of the type {kind}" if isinstance(kind, str) and re.fullmatch(r"[a-z_]{1,40}", kind) else ""
    what = f"JSON{of_type}, which is not one" if isinstance(content, dict) else "no JSON, and so none"
    return Explained(
        f"{option}: {quoted(file)} holds {what} of Google's kinds of credentials",
        "Name the key file of a service account, or what gcloud iam workload-identity-pools create-cred-config or"
        " gcloud auth application-default login has written.",
    )


_OF_FILES: Mapping[str, str] = {
    "FileNotFoundError": "is not there",
    "PermissionError": "may not be read by this user",
    "IsADirectoryError": "is a folder",
}


def _of_default(error: Exception, named: str | None) -> Explained:
    if _NOT_ALLOWED[0].search(str(error)):
        return _NOT_ALLOWED[1]
    if named:
        return _incomplete(VARIABLE, named)
    if "not found" in str(error) and type(error).__name__ == "DefaultCredentialsError":
        return Explained("There are no Google credentials to use", _WAYS)
    return Explained("What gcloud auth application-default login has written cannot be used", f"{LOGIN} again.")


# While a token is being got


def no_credentials(error: Exception, request: str = "") -> OnrampError:
    """Return why Google gives no token. ``request``: what it was needed for."""
    text = " ".join(str(part) for part in error.args)
    status = re.search(r"\bStatus: ?(\d{3})\b", text)
    explained = next((found for pattern, found in _TOKENS if pattern.search(text)), None) or _by_class(error)
    asked = f" The request was {request}." if request else ""
    failure = _failure(explained, asked)
    failure.failure = Failure(
        code=CODE, message=explained.sentence, status=int(status[1]) if status else None, request=request or None
    )
    return failure


def _failure(explained: Explained, asked: str = "") -> OnrampError:
    sentence, next_step = explained
    return OnrampError(msg=f"{sentence}.{asked} {next_step}", failure=Failure(code=CODE, message=sentence))


_FOREIGN_TOKEN = Explained(
    "Google does not accept the token of the identity provider (workload identity federation)",
    "The job has to get a new one before this; compare the audience, and the attribute condition of the provider in the"
    " pool, with the token's claims.",
)


def _by_class(error: Exception) -> Explained:
    name = type(error).__name__
    if name in ("TransportError", "TimeoutError"):
        return Explained(
            "The server that issues tokens for Google cannot be reached",
            "Check the network, HTTPS_PROXY, and REQUESTS_CA_BUNDLE behind a proxy that inspects TLS.",
        )
    if name == "OAuthError":
        return _FOREIGN_TOKEN
    return Explained(
        f"The Google credentials cannot be used ({name})",
        "gcloud auth application-default print-access-token shows more.",
    )


def _token(pattern: str, sentence: str, next_step: str) -> tuple[re.Pattern[str], Explained]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), Explained(sentence, next_step)


_NOT_ALLOWED = _token(
    r"executables need to be explicitly allowed",
    "The program that gets the token of the identity provider may not be started",
    "Set GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1 if its file of credentials is your own.",
)
# The first that fits, of what Google's packages say.
_TOKENS = (
    _token(r"error code \w+", *_FOREIGN_TOKEN),
    _token(
        r"iamcredentials\.googleapis\.com.*SERVICE_DISABLED|SERVICE_DISABLED.*iamcredentials\.googleapis\.com",
        "The credentials cannot act as another service account, because the API for that is not enabled",
        "gcloud services enable iamcredentials.googleapis.com, in the project of that service account.",
    ),
    _token(
        r"getAccessToken|impersonated credentials",
        "The credentials may not act as the service account that they name",
        "The identity that acts needs iam.serviceAccounts.getAccessToken on it; roles/iam.serviceAccountTokenCreator"
        " holds it.",
    ),
    _token(
        r"short-lived token|iat and exp|token used too early",
        "Google takes the time of the request for wrong",
        "Set the clock of this machine by NTP (timedatectl shows whether it is).",
    ),
    _token(
        r"invalid jwt signature",
        "Google does not know this key of the service account any more: it was deleted, or belongs to another account",
        "Make a new one: gcloud iam service-accounts keys create FILE --iam-account ACCOUNT.",
    ),
    _token(
        r"account not found|robot is disabled|(?:account|user) (?:has been |was )?(?:deleted|disabled)|disabled_client"
        r"|account_disabled",
        "The account of these Google credentials was deleted or disabled",
        "Enable it (gcloud iam service-accounts enable ACCOUNT), or use another one.",
    ),
    _token(
        r"reauth|rapt",
        "The organization asks for a new Google login from time to time, and now is the time",
        f"{LOGIN} and then this again; where nobody can log in, act with a service account.",
    ),
    _NOT_ALLOWED,
    _token(
        r"subject[ _]token|file '.*' was not found|trust chain file|credential_source|leaf certificate|executable",
        "The token of the identity provider is not where credential_source says (workload identity federation)",
        "Check that file or address: the job has to ask its identity provider for a token before this.",
    ),
    _token(
        r"metadata",
        "This machine has no Google service account of its own that could be used",
        f"Attach one to it. {_WAYS}",
    ),
    _token(
        r"invalid_scope",
        "The Google login was made for other purposes than Cloud Storage",
        f"{LOGIN} and then this again.",
    ),
    _token(
        r"unauthorized_client|invalid_client|deleted_client",
        "The program for which this Google login was made is not known to Google any more",
        f"{LOGIN} and then this again.",
    ),
    _token(
        r"invalid_grant",
        "The Google login has expired or was revoked",
        f"{LOGIN} and then this again; where nobody can log in, act with a service account.",
    ),
)
