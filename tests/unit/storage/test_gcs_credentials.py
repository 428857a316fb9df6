# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever keeps Google's client from getting a token is one clear failure with the command that helps.

Real google-auth and real files; a server on loopback in the place of what gives out tokens.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.paths import shown_path
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.iam import access_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from google.auth import iam
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import credentials as oauth2

from tests.clock import Hurried
from tests.unit.storage.answering import Answering, answering
from tests.unit.storage.google_keys import (
    ACCOUNT,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    SUBJECT_TOKEN,
    authorized_user,
    private_key,
    service_account,
    write,
)

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
LOGIN = "Run gcloud auth application-default login"
ELSE = "and then this again; where nobody can log in, act with a service account."
ASKED = "The request was getIamPolicy of bucket acme."


@dataclass
class Place:
    """The files of a person on this machine."""

    folder: Path
    server: Answering
    monkeypatch: pytest.MonkeyPatch
    file: str | None = None

    def name(self, content: Any, name: str = "credentials.json") -> str:
        """Put a file where everybody looks for credentials, and return its path."""
        path = write(self.folder / name, content)
        self.monkeypatch.setenv(VARIABLE, path)
        return path

    def refuse(self, status: int, error: Any, path: str = "/token") -> None:
        """Let the server refuse, at this path."""
        self.server.answers[path] = (status, error)

    def failure(self) -> OnrampError:
        limits = {"request_timeout": 5, "retry_timeout": 5}
        params = {"bucket": "acme", "credentials_file": self.file, **limits}
        with pytest.raises(OnrampError) as caught:
            access_from_params(params, clients=Clients(Hurried().clock)).read()
        return caught.value


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "STORAGE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(getpass, "getpass", lambda *_arguments: pytest.fail("somebody asks"))
    monkeypatch.setattr("builtins.input", lambda *_arguments: pytest.fail("somebody asks"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with answering() as server:
        # Those that no file can name.
        monkeypatch.setattr(oauth2, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{server.url}/token")
        monkeypatch.setattr(iam, "_IAM_ENDPOINT", f"{server.url}/v1/{{}}:generateAccessToken")
        yield Place(tmp_path, server, monkeypatch)


def grant_refused(description: str, error: str = "invalid_grant", **more: str) -> dict[str, str]:
    return {"error": error, "error_description": description, **more}


def login(place: Place, answer: Any, status: int = 400) -> None:
    place.name(authorized_user(place.server.url))
    place.refuse(status, answer)


def key(place: Place, answer: Any, status: int = 400) -> None:
    place.file = write(place.folder / "key.json", service_account(place.server.url))
    place.refuse(status, answer)


def impersonated(place: Place, status: int, answer: Any) -> None:
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    source = authorized_user(place.server.url)
    place.name(
        {"type": "impersonated_service_account", "service_account_impersonation_url": url, "source_credentials": source}
    )
    place.server.answers["/token"] = (200, {"access_token": "ya29.source", "expires_in": 3600})
    place.refuse(status, answer, "/v1/")


def federated(place: Place, source: dict[str, Any]) -> None:
    place.name(
        {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{place.server.url}/sts",
            "credential_source": source,
        }
    )


def foreign_token_refused(place: Place) -> None:
    federated(place, {"file": write(place.folder / "token", SUBJECT_TOKEN)})
    place.refuse(400, grant_refused(f"ID Token {SUBJECT_TOKEN} is stale to sign-in."), "/sts")


def denied(reason: str = "IAM_PERMISSION_DENIED", message: str = "") -> dict[str, Any]:
    said = message or "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    details = [{"reason": reason, "metadata": {"service": "iamcredentials.googleapis.com"}}]
    return {"error": {"code": 403, "message": said, "status": "PERMISSION_DENIED", "details": details}}


def pasted(place: Place, content: str) -> None:
    place.file = content


def pasted_into_the_environment(place: Place) -> None:
    place.monkeypatch.setenv(VARIABLE, json.dumps(service_account(place.server.url)))


def named_file(place: Place, content: Any) -> None:
    place.file = write(place.folder / "key.json", content)


def unreadable_folder(place: Place) -> None:
    place.file = str(place.folder)


def missing(place: Place) -> None:
    place.monkeypatch.setenv(VARIABLE, "/etc/acme/no-such-file.json")


def gcloud_file_broken(place: Place) -> None:
    (place.folder / "gcloud").mkdir()
    write(place.folder / "gcloud" / "application_default_credentials.json", "{")


def out_of_reach(place: Place) -> None:
    place.file = write(place.folder / "key.json", service_account("http://127.0.0.1:9"))


PASTED = (
    "{option}: expected the path of a file, and got what may be the key itself; it is not repeated here. Write the key"
    " to a file that only you can read, and name that."
)
FOREIGN_SOURCE = (
    "The token of the identity provider is not where credential_source says (workload identity"
    " federation). Check that file or address: the job has to ask its identity provider for a token before"
    " this."
)
GONE = (
    f"The account of these Google credentials was deleted or disabled. {ASKED} Enable it (gcloud iam service-accounts"
    " enable ACCOUNT), or use another one."
)
INCOMPLETE = (
    "credentials_file: '{folder}/key.json' holds no usable key, because it is incomplete or was changed. Put the file"
    " there again as Google has given it out."
)
NO_KIND = (
    "Name the key file of a service account, or what gcloud iam workload-identity-pools create-cred-config or gcloud"
    " auth application-default login has written."
)
ROWS: dict[str, tuple[Callable[[Place], Any], str]] = {
    "nothing at all": (
        lambda _place: None,
        "There are no Google credentials to use. Name the key file of a service account in credentials_file, or a file"
        f" with credentials of any kind in the environment variable {VARIABLE}, or run gcloud auth application-default"
        " login.",
    ),
    "login expired": (
        lambda place: login(place, grant_refused("Token has been expired or revoked.")),
        f"The Google login has expired or was revoked. {ASKED} {LOGIN} {ELSE}",
    ),
    "login, renewed by order of the organization": (
        lambda place: login(place, grant_refused("reauth related error (invalid_rapt)", error_subtype="invalid_rapt")),
        f"The organization asks for a new Google login from time to time, and now is the time. {ASKED} {LOGIN} {ELSE}",
    ),
    "login, account deleted": (lambda place: login(place, grant_refused("Account has been deleted")), GONE),
    "login, program unknown": (
        lambda place: login(place, grant_refused("The OAuth client was deleted.", "deleted_client"), 401),
        f"The program for which this Google login was made is not known to Google any more. {ASKED} {LOGIN} and then"
        " this again.",
    ),
    "clock": (
        lambda place: key(
            place,
            grant_refused(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your"
                " iat and exp values in the JWT claim."
            ),
        ),
        f"Google takes the time of the request for wrong. {ASKED} Set the clock of this machine by NTP (timedatectl"
        " shows whether it is).",
    ),
    "service account deleted": (lambda place: key(place, grant_refused("Invalid grant: account not found")), GONE),
    "service account disabled": (lambda place: key(place, grant_refused("Robot is disabled.")), GONE),
    "key deleted": (
        lambda place: key(place, grant_refused("Invalid JWT Signature.")),
        "Google does not know this key of the service account any more: it was deleted, or belongs to another account."
        f" {ASKED} Make a new one: gcloud iam service-accounts keys create FILE --iam-account ACCOUNT.",
    ),
    "an answer that is a page": (
        lambda place: key(place, f"<html>{REFRESH_TOKEN}</html>", 403),
        f"The Google credentials cannot be used (RefreshError). {ASKED} gcloud auth application-default"
        " print-access-token shows more.",
    ),
    "what gives out tokens is out of reach": (
        out_of_reach,
        f"The server that issues tokens for Google cannot be reached. {ASKED} Check the network, HTTPS_PROXY, and"
        " REQUESTS_CA_BUNDLE behind a proxy that inspects TLS.",
    ),
    "impersonation refused": (
        lambda place: impersonated(place, 403, denied()),
        f"The credentials may not act as the service account that they name. {ASKED} The identity that acts needs"
        f" iam.serviceAccounts.getAccessToken on it; roles/iam.serviceAccountTokenCreator holds it.",
    ),
    "impersonation, not enabled": (
        lambda place: impersonated(
            place, 403, denied("SERVICE_DISABLED", "IAM Service Account Credentials API is off")
        ),
        "The credentials cannot act as another service account, because the API for that is not enabled."
        f" {ASKED} gcloud services enable iamcredentials.googleapis.com, in the project of that service account.",
    ),
    "federation, file missing": (lambda place: federated(place, {"file": "/var/run/no-such-token"}), FOREIGN_SOURCE),
    "federation, address refuses": (
        lambda place: federated(place, {"url": f"{place.server.url}/oidc?secret={SUBJECT_TOKEN}"}),
        FOREIGN_SOURCE,
    ),
    "federation, file without the token": (
        lambda place: federated(
            place,
            {
                "file": write(place.folder / "token", {"other": SUBJECT_TOKEN}),
                "format": {"type": "json", "subject_token_field_name": "value"},
            },
        ),
        FOREIGN_SOURCE,
    ),
    "federation, program not allowed": (
        lambda place: federated(place, {"executable": {"command": "/bin/true", "timeout_millis": 5000}}),
        "The program that gets the token of the identity provider may not be started. Set"
        " GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1 if its file of credentials is your own.",
    ),
    "federation, token refused": (
        foreign_token_refused,
        "Google does not accept the token of the identity provider (workload identity federation). The job has to"
        " get a new one before this; compare the audience, and the attribute condition of the provider in the pool,"
        " with the token's claims.",
    ),
    "federation, described wrongly": (
        lambda place: federated(place, {"nothing": "of use"}),
        f"{VARIABLE}: '{{folder}}/credentials.json' holds no usable key, because it is incomplete or was changed. Put"
        " the file there again as Google has given it out.",
    ),
    "key in the place of its path": (
        lambda place: pasted(place, json.dumps(service_account(place.server.url))),
        PASTED.format(option="credentials_file"),
    ),
    "PEM in the place of a path": (
        lambda place: pasted(place, private_key()),
        PASTED.format(option="credentials_file"),
    ),
    "token in the place of a path": (
        lambda place: pasted(place, REFRESH_TOKEN),
        PASTED.format(option="credentials_file"),
    ),
    "key in the environment": (pasted_into_the_environment, PASTED.format(option=VARIABLE)),
    "file missing": (
        missing,
        f"{VARIABLE}: '/etc/acme/no-such-file.json' is not there. Name the file that Google has given out.",
    ),
    "a folder": (
        unreadable_folder,
        "credentials_file: '{folder}' is a folder. Name the file that Google has given out.",
    ),
    "no JSON": (
        lambda place: named_file(place, private_key()),
        f"credentials_file: '{{folder}}/key.json' holds no JSON, and so none of Google's kinds of credentials."
        f" {NO_KIND}",
    ),
    "JSON of something else": (
        lambda place: place.name([CLIENT_SECRET]),
        f"{VARIABLE}: '{{folder}}/credentials.json' holds no JSON, and so none of Google's kinds of credentials."
        f" {NO_KIND}",
    ),
    "the client of an application": (
        lambda place: place.name({"installed": {"client_secret": CLIENT_SECRET}}),
        f"{VARIABLE}: '{{folder}}/credentials.json' holds JSON, which is not one of Google's kinds of credentials."
        f" {NO_KIND}",
    ),
    "an unknown type": (
        lambda place: place.name({"type": "api_key", "key": CLIENT_SECRET}),
        f"{VARIABLE}: '{{folder}}/credentials.json' holds JSON of the type api_key, which is not one of Google's kinds"
        f" of credentials. {NO_KIND}",
    ),
    "a secret as the type": (
        lambda place: place.name({"type": CLIENT_SECRET}),
        f"{VARIABLE}: '{{folder}}/credentials.json' holds JSON, which is not one of Google's kinds of credentials."
        f" {NO_KIND}",
    ),
    "a login as the key of a service account": (
        lambda place: named_file(place, authorized_user(place.server.url)),
        "credentials_file: '{folder}/key.json' holds credentials of the type authorized_user, and this option takes the"
        f" key of a service account. Name the file in the environment variable {VARIABLE} instead.",
    ),
    "a key that is cut off": (
        lambda place: named_file(place, service_account(place.server.url, private_key=private_key()[:200])),
        INCOMPLETE,
    ),
    "a key without its account": (
        lambda place: named_file(place, {"type": "service_account", "private_key": private_key()}),
        INCOMPLETE,
    ),
    "a key of another kind": (
        lambda place: named_file(place, service_account(place.server.url, private_key=["no", "text"])),
        INCOMPLETE,
    ),
    "gcloud's own file is broken": (
        gcloud_file_broken,
        f"What gcloud auth application-default login has written cannot be used. {LOGIN} again.",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_failure_to_get_a_token_is_one_sentence_and_the_step_that_helps(place: Place, name: str) -> None:
    make, said = ROWS[name]
    make(place)
    error = place.failure()
    assert error.msg == said.replace("{folder}", str(place.folder))
    assert error.failure.code == "no_credentials"
    told = json.dumps(error.as_result())
    for secret in (REFRESH_TOKEN, CLIENT_SECRET, SUBJECT_TOKEN, private_key()[40:80], "PRIVATE KEY", "ya29."):
        assert secret not in told


def test_a_file_that_may_not_be_read_is_told_as_that(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a mock: tests may run as somebody who may read everything."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError

    place.file = "/srv/key.json"
    monkeypatch.setattr("builtins.open", refuse)
    assert place.failure().msg.startswith("credentials_file: '/srv/key.json' may not be read by this user.")


def test_what_nobody_expected_is_told_without_its_words(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that no file makes."""
    place.name(authorized_user(place.server.url))

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise GoogleAuthError(REFRESH_TOKEN)

    monkeypatch.setattr(oauth2.Credentials, "refresh", fail)
    error = place.failure()
    assert error.msg == (
        f"The Google credentials cannot be used (GoogleAuthError). {ASKED} gcloud auth application-default"
        " print-access-token shows more."
    )
    assert error.failure.code == "no_credentials"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/acme/key.json",
        "~/keys/fivetran.json",
        "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "/home/somebody/aaaaaaaaaaaaaaaaaaaaaaaaaaaa/credentials",
        "key.json",
        "/tmp/with space/ä.json",
    ],
)
def test_a_path_is_shown(path: str) -> None:
    assert shown_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "service_account"}',
        "-----BEGIN PRIVATE KEY-----",
        "two\nlines",
        REFRESH_TOKEN,
        CLIENT_SECRET,
        "ya29.a0AfB_byC",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2IifQ.c2ln",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "x" * 300,
    ],
)
def test_what_may_be_a_secret_in_the_place_of_a_path_is_not_shown(text: str) -> None:
    assert text not in shown_path(text)
