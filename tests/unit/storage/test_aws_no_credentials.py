# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever keeps boto3 from getting credentials is one clear failure with the command that helps, and quotes no secret.

Real boto3, real configuration files and programs; a server on loopback in the place of STS, SSO and metadata.
"""

from __future__ import annotations

import getpass
import json
import os
import pty
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.client import aws_from_params, identity
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from botocore import exceptions

from tests.unit.storage.answering import Answering, answering

SECRET = "wJalrXUtnFEMI0K7MDENG0bPxRfiCYEXAMPLEKEY"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
KEYS = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"
ROLE = "arn:aws:iam::111122223333:role/Deploy"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2IifQ.c2lnbmF0dXJl-nobody-may-see"
EXPIRED = {"accessToken": TOKEN, "expiresAt": "2026-01-01T00:00:00Z", "startUrl": "https://acme.awsapps.com/start"}
GET_SEEN = "aws sts get-caller-identity --profile acme"


@dataclass
class Place:
    """The configuration of a person on this machine."""

    folder: Path
    server: Answering
    monkeypatch: pytest.MonkeyPatch
    profile: str | None = None

    def configure(self, text: str) -> None:
        (self.folder / "config").write_text(text)

    def export(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def file(self, name: str, content: str, mode: int = 0o600) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
        return str(path)

    def program(self, source: str) -> str:
        """Return the command of a real program in Python."""
        return f"{sys.executable} {self.file('process.py', source)}"

    def refused(self, code: str, message: str = "No.", status: int = 403) -> None:
        """Let STS refuse."""
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        self.server.answers["/"] = (status, text)
        self.server.headers["Content-Type"] = "text/xml"

    def failure(self) -> OnrampError:
        with pytest.raises(OnrampError) as caught:
            identity(aws_from_params({"profile": self.profile, "region": "us-east-1"}))
        return caught.value


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # What asks a person, fails.
    monkeypatch.setattr(getpass, "getpass", lambda *_arguments: pytest.fail("somebody asks"))
    monkeypatch.setattr("builtins.input", lambda *_arguments: pytest.fail("somebody asks"))
    # botocore looks for the user's home when it is imported.
    for module in ("credentials.SSOProvider", "tokens.SSOTokenProvider"):
        monkeypatch.setattr(f"botocore.{module}._SSO_TOKEN_CACHE_DIR", str(tmp_path / ".aws/sso/cache"))
    with answering() as server:
        here = Place(tmp_path, server, monkeypatch)
        here.configure("")
        here.export(
            HOME=str(tmp_path),
            AWS_CONFIG_FILE=str(tmp_path / "config"),
            AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
            AWS_EC2_METADATA_DISABLED="true",
            AWS_ENDPOINT_URL=server.url,
            AWS_MAX_ATTEMPTS="1",
        )
        yield here


@dataclass
class Row:
    """How it comes about, and what is said."""

    make: Callable[[Place], Any]
    said: str
    profile: str | None = "acme"
    secrets: tuple[str, ...] = field(default=(SECRET, TOKEN))
    # An exception that botocore knows since it knows this way.
    since: str = "NoCredentialsError"


def nothing(place: Place) -> None:
    place.configure("[profile acme]\nregion = us-east-1\n")


def sso(place: Place) -> None:
    place.configure(
        "[profile acme]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Deploy\n"
        "[sso-session acme]\nsso_region = us-east-1\nsso_start_url = https://acme.awsapps.com/start\n"
    )


def sso_of_old(place: Place) -> None:
    place.configure(
        "[profile acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 111122223333\nsso_role_name = Deploy\n"
    )


def logged_in(place: Place, key: str, **changes: Any) -> None:
    name = sha1(key.encode(), usedforsecurity=False).hexdigest()
    place.file(f".aws/sso/cache/{name}.json", json.dumps({**EXPIRED, "region": "us-east-1", **changes}))


def sso_expired(place: Place) -> None:
    sso(place)
    logged_in(place, "acme")


def sso_of_old_expired(place: Place) -> None:
    # Older releases of botocore leave it to the server to see that.
    sso_refused(place, 401, "UnauthorizedException")
    logged_in(place, "https://acme.awsapps.com/start")


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sso_refused(place: Place, status: int, code: str) -> None:
    sso_of_old(place)
    logged_in(place, "https://acme.awsapps.com/start", expiresAt=in_an_hour())
    place.server.answers["/federation/credentials"] = (status, {"message": "No access"})
    place.server.headers["x-amzn-ErrorType"] = code


def sso_session_missing(place: Place) -> None:
    place.configure("[profile acme]\nsso_session = other\nsso_account_id = 1\nsso_role_name = Deploy\n")


def mfa(place: Place) -> None:
    place.configure(
        f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/ann\n"
        f"[profile base]\n{KEYS}"
    )


def role_refused(place: Place, code: str = "AccessDenied", message: str = "No.") -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}")
    place.refused(code, message)


def source_missing(place: Place) -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n")


def source_empty(place: Place) -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\nregion = us-east-1\n")


def cycle(place: Place) -> None:
    place.configure(
        f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n"
        f"[profile base]\nrole_arn = {ROLE}\nsource_profile = acme\n"
    )


def no_source(place: Place) -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\n")


def machine_without_a_role(place: Place) -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n")


def process(place: Place, source: str) -> None:
    place.configure(f"[profile acme]\ncredential_process = {place.program(source)}\n")


def process_missing(place: Place) -> None:
    place.configure("[profile acme]\ncredential_process = /no/such/program\n")


def token(place: Place, path: str) -> None:
    place.export(AWS_WEB_IDENTITY_TOKEN_FILE=path, AWS_ROLE_ARN=ROLE)


def token_refused(place: Place, code: str) -> None:
    token(place, place.file("token", TOKEN))
    place.refused(code, f"The token {TOKEN} is not good", 400)


def unparsable(place: Place) -> None:
    place.configure(f"this is no configuration {SECRET}\n")


def half(place: Place) -> None:
    place.configure(f"[profile acme]\naws_access_key_id = {KEY_ID}\n")


def half_exported(place: Place) -> None:
    place.export(AWS_ACCESS_KEY_ID=KEY_ID)


def metadata_does_not_answer(place: Place) -> None:
    place.monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    silent = socket.create_server(("127.0.0.1", 0))
    place.export(
        AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
        AWS_METADATA_SERVICE_TIMEOUT="1",
    )


def container(place: Place) -> None:
    place.server.answers["/task"] = (500, {"error": SECRET})
    # botocore waits a second before it asks again.
    place.monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    place.export(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{place.server.url}/task")


def container_elsewhere(place: Place) -> None:
    place.export(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://example.com/{SECRET}")


def unreachable(place: Place) -> None:
    role_refused(place)
    place.export(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9/")


def login(place: Place) -> None:
    place.configure("[profile acme]\nlogin_session = arn:aws:iam::111122223333:user/ann\nregion = us-east-1\n")


SSO_SAID = (
    "The AWS login (SSO) of the AWS profile acme has expired, or was never made. Run aws sso login --profile acme and"
    " then this again; where nobody can log in, act with a role or keys."
)
PROCESS_SAID = (
    "The credential_process of the AWS profile acme failed; what it printed may be secret and is not repeated here."
    f" {GET_SEEN} shows it."
)
ROLE_STEP = (
    "The trust policy of the role has to name the identity that assumes it, which also needs the permission"
    " sts:AssumeRole;"
    " external_id in the profile has to be what the trust policy asks for, if it asks."
)
UNKNOWN_KEY = (
    "AWS does not know this access key: it was deleted or made inactive, belongs to another partition, or is temporary"
    " and lacks its session token. Where it comes from, aws configure list shows."
)
ROWS: dict[str, Row] = {
    "nothing at all": Row(
        lambda _place: None,
        "There are no AWS credentials: none are exported, the default AWS profile names none, and this machine has none"
        " of its own. Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
        " aws sts get-caller-identity shows what it finds.",
        None,
    ),
    "a profile without any": Row(
        nothing,
        "There are no AWS credentials: none are exported, the AWS profile acme names none, and this machine has none of"
        " its own. Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
        f" {GET_SEEN} shows what it finds.",
    ),
    "metadata that does not answer": Row(
        metadata_does_not_answer,
        "There are no AWS credentials: none are exported, the default AWS profile names none, and this machine has none"
        " of its own. Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
        " aws sts get-caller-identity shows what it finds.",
        None,
    ),
    "SSO, never logged in": Row(sso, SSO_SAID),
    "SSO, login expired": Row(sso_expired, SSO_SAID),
    "SSO of old, never logged in": Row(sso_of_old, SSO_SAID),
    "SSO of old, login expired": Row(sso_of_old_expired, SSO_SAID),
    "SSO, login revoked": Row(lambda place: sso_refused(place, 401, "UnauthorizedException"), SSO_SAID),
    "SSO, role not assigned": Row(
        lambda place: sso_refused(place, 403, "ForbiddenException"),
        "AWS refused credentials to the AWS profile acme: ForbiddenException to GetRoleCredentials. The user who has"
        " logged in needs the permission set Deploy in the account 111122223333 (sso_role_name, sso_account_id).",
    ),
    "SSO, session not described": Row(
        sso_session_missing,
        'The AWS profile acme cannot be used: The profile "acme" is configured to use the SSO token provider but the'
        ' "other" sso_session configuration does not exist. Correct it in the AWS'
        " configuration; aws configure list --profile acme shows what is read from where.",
    ),
    "aws login, without the package": Row(
        login,
        "The AWS profile acme needs a package for its credentials that is not installed. Run"
        f" {shlex.quote(sys.executable)} -m pip install 'botocore[crt]'.",
        since="LoginRefreshRequired",
    ),
    "MFA": Row(
        mfa,
        "The AWS profile acme asks for an MFA code, and nobody is there to type one. Get a session before the play and"
        ' export its keys: eval "$(aws configure export-credentials --profile acme --format env)".',
    ),
    "role, refused": Row(
        role_refused,
        f"AWS refused credentials to the AWS profile acme to act as {ROLE}: AccessDenied to AssumeRole. {ROLE_STEP}",
    ),
    "role, with keys that AWS does not know": Row(
        lambda place: role_refused(place, "InvalidClientTokenId"),
        f"AWS refused credentials to the AWS profile acme to act as {ROLE}: InvalidClientTokenId to AssumeRole."
        f" {UNKNOWN_KEY}",
    ),
    "role, clock wrong": Row(
        lambda place: role_refused(
            place, "SignatureDoesNotMatch", "Signature expired: 20261101T000000Z is now earlier than 20261101T001000Z"
        ),
        f"AWS refused credentials to the AWS profile acme to act as {ROLE}: SignatureDoesNotMatch to AssumeRole. The"
        " clock of this machine is wrong, or the keys were signed with too long ago: set it by NTP (timedatectl shows"
        " whether it is).",
    ),
    "role, STS out of reach": Row(
        unreachable,
        "The credentials of the AWS profile acme could not be got, because http://127.0.0.1:9/ cannot be reached."
        " Check the network, HTTPS_PROXY and the region of the profile.",
    ),
    "source_profile that is missing": Row(
        source_missing,
        'The AWS profile acme cannot be used: The source_profile "base" referenced in the profile "acme" does not'
        " exist. Correct it in the AWS configuration; aws configure list --profile acme shows what is read from where.",
    ),
    "source_profile that is empty": Row(
        source_empty,
        'The AWS profile acme cannot be used: The source profile "base" must have credentials. Correct it in the AWS'
        " configuration; aws configure list --profile acme shows what is read from where.",
    ),
    "profiles in a circle": Row(
        cycle,
        "The AWS profile acme leads back to itself by source_profile: acme -> base -> acme. Let the last one name"
        " credentials instead.",
    ),
    "a role that nobody assumes": Row(
        no_source,
        "The AWS profile acme has a role_arn, and does not say who assumes it. Add source_profile or credential_source"
        " to it.",
    ),
    "a role of a machine that has none": Row(
        machine_without_a_role,
        "The AWS profile acme takes its credentials from credential_source = Ec2InstanceMetadata, where there are none."
        " Run on a machine that has them, or name a source_profile instead.",
    ),
    "credential_process that fails": Row(
        lambda place: process(place, f"import sys; sys.exit('no session for {SECRET}')"), PROCESS_SAID
    ),
    "credential_process that prints nonsense": Row(lambda place: process(place, f"print('{SECRET}')"), PROCESS_SAID),
    "credential_process of another version": Row(
        lambda place: process(place, "print('{\"Version\": 2}')"), PROCESS_SAID
    ),
    "credential_process without keys": Row(lambda place: process(place, "print('{\"Version\": 1}')"), PROCESS_SAID),
    "credential_process that prints a list": Row(lambda place: process(place, "print('[]')"), PROCESS_SAID),
    "credential_process that prints bytes": Row(
        lambda place: process(place, "import sys; sys.stdout.buffer.write(bytes([255, 254]))"), PROCESS_SAID
    ),
    "credential_process that is missing": Row(process_missing, PROCESS_SAID),
    "credential_process that asks": Row(lambda place: process(place, "input('Password: ')"), PROCESS_SAID),
    "token of an identity provider that is missing": Row(
        lambda place: token(place, "/var/run/no-such-token"),
        "The token that AWS takes for credentials is not there: /var/run/no-such-token (web_identity_token_file,"
        " AWS_WEB_IDENTITY_TOKEN_FILE). The system that runs this job has to put it there: check that the job asks its"
        " identity provider for a token.",
        None,
    ),
    "token in the place of its path": Row(
        lambda place: token(place, TOKEN),
        "The token that AWS takes for credentials is not there: (not shown, because it may be a secret)"
        " (web_identity_token_file, AWS_WEB_IDENTITY_TOKEN_FILE). The system that runs this job has to put it there:"
        " check that the job asks its identity provider for a token.",
        None,
    ),
    "token that has expired": Row(
        lambda place: token_refused(place, "ExpiredTokenException"),
        f"AWS refused credentials to the default AWS profile to act as {ROLE}: ExpiredTokenException to"
        " AssumeRoleWithWebIdentity. The token in AWS_WEB_IDENTITY_TOKEN_FILE has expired: the job has to get a new one"
        " before this.",
        None,
    ),
    "token of a stranger": Row(
        lambda place: token_refused(place, "InvalidIdentityToken"),
        f"AWS refused credentials to the default AWS profile to act as {ROLE}: InvalidIdentityToken to"
        " AssumeRoleWithWebIdentity. The token in AWS_WEB_IDENTITY_TOKEN_FILE is not one that the account knows:"
        " compare its issuer with the identity providers in IAM.",
        None,
    ),
    "token that the role does not trust": Row(
        lambda place: token_refused(place, "AccessDenied"),
        f"AWS refused credentials to the default AWS profile to act as {ROLE}: AccessDenied to"
        " AssumeRoleWithWebIdentity. The trust policy of the role has to allow this job: compare its conditions (aud,"
        " sub) with the token's claims.",
        None,
    ),
    "configuration that cannot be read": Row(
        unparsable,
        "The AWS configuration in {folder}/config cannot be read. It has to consist of sections such as [profile NAME],"
        " and lines such as name = value.",
    ),
    "half a pair of keys": Row(
        half,
        "Only a part of the AWS credentials is there (config-file): aws_secret_access_key is missing. Set"
        " what is missing, or take the rest away as well.",
    ),
    "half a pair of keys, exported": Row(
        half_exported,
        "Only a part of the AWS credentials is there (env): AWS_SECRET_ACCESS_KEY is missing. Set what is missing, or"
        " take the rest away as well.",
        None,
    ),
    "a container that gives none": Row(
        container,
        "The container's own AWS credentials could not be got from the address in AWS_CONTAINER_CREDENTIALS_FULL_URI."
        " Check that its task or pod has a role, and that the address can be reached from here.",
        None,
    ),
    "a container with an address elsewhere": Row(
        container_elsewhere,
        "The container's own AWS credentials could not be got from the address in AWS_CONTAINER_CREDENTIALS_FULL_URI."
        " Check that its task or pod has a role, and that the address can be reached from here.",
        None,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_failure_to_get_credentials_is_one_sentence_and_the_step_that_helps(place: Place, name: str) -> None:
    row = ROWS[name]
    if not hasattr(exceptions, row.since):
        pytest.skip("this botocore does not know this way")
    row.make(place)
    place.profile = row.profile
    error = place.failure()
    assert error.msg == row.said.replace("{folder}", str(place.folder))
    assert error.failure.code == "no_credentials"
    told = json.dumps(error.as_result())
    for secret in row.secrets:
        assert secret not in told
    assert place.server.asked("/aws-never") == []


@pytest.mark.parametrize("variable", [False, True])
def test_a_profile_that_is_exported_is_named_as_one_that_is_given(place: Place, variable: bool) -> None:
    sso(place)
    place.profile = None if variable else "acme"
    if variable:
        place.export(AWS_PROFILE="acme")
    assert place.failure().msg == SSO_SAID


def test_nobody_is_asked_for_a_code_on_a_terminal_either(place: Place) -> None:
    """With a real terminal, and the real function that would write to it and wait."""
    mfa(place)
    place.monkeypatch.undo()
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.environ.update(
            AWS_CONFIG_FILE=str(place.folder / "config"), AWS_EC2_METADATA_DISABLED="true", HOME=str(place.folder)
        )
        try:
            identity(aws_from_params({"profile": "acme", "region": "us-east-1"}))
        except OnrampError as error:
            # Past whatever pytest has made of standard output.
            os.write(1, error.failure.code.encode())
        os._exit(0)
    written = b""
    try:
        while chunk := os.read(terminal, 4096):
            written += chunk
    except OSError:
        # So a terminal says that its other end is closed.
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    assert written.split() == [b"no_credentials"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LoginRefreshRequired", "has expired, or was never made. Run aws login --profile acme and then this again."),
        ("LoginTokenLoadError", "has expired, or was never made. Run aws login --profile acme and"),
        (
            "LoginInsufficientPermissions",
            "lacks a permission. The user who has logged in needs signin:CreateOAuth2Token;",
        ),
    ],
)
def test_a_login_by_aws_login_is_told_to_be_made_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    """By a mock: botocore needs a package for it that is large and not among those of the tests."""
    if not hasattr(exceptions, name):
        pytest.skip("this botocore does not know aws login")
    raised = getattr(exceptions, name)(error_msg=SECRET)
    login(place)

    def fail(*_arguments: Any) -> None:
        raise raised

    monkeypatch.setattr("botocore.credentials.LoginProvider.load", fail)
    place.profile = "acme"
    error = place.failure()
    assert "The AWS login of the AWS profile acme" in error.msg
    assert words in error.msg
    assert error.failure.code == "no_credentials"
    assert SECRET not in error.msg


def test_what_nobody_expected_is_told_without_its_words(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that no configuration makes."""
    sso(place)

    def fail(*_arguments: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("botocore.credentials.SSOProvider.load", fail)
    place.profile = "acme"
    error = place.failure()
    assert error.msg == (
        f"The credentials of the AWS profile acme could not be got (RuntimeError). {GET_SEEN} shows more."
    )
    assert error.failure.code == "no_credentials"


def test_who_has_credentials_notices_nothing(place: Place) -> None:
    place.configure(f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\n{KEYS}")
    keys = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in {
            "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": SECRET,
            "SessionToken": TOKEN,
            "Expiration": in_an_hour(),
        }.items()
    )
    who = f"<Arn>{ROLE}</Arn><Account>111122223333</Account>"
    place.server.headers["Content-Type"] = "text/xml"
    place.server.answers["/"] = (
        200,
        f"<R><AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
        f"<GetCallerIdentityResult>{who}</GetCallerIdentityResult></R>",
    )
    found = identity(aws_from_params({"profile": "acme", "region": "us-east-1"}))
    assert found.account == "111122223333"
    assert [("AssumeRole" in request.body) for request in place.server.requests] == [True, False]
