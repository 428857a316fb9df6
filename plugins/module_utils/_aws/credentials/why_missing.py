# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why there are no credentials for AWS, by the class of botocore's error, and what to do."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._bucket.paths import shown_path
from ..._kernel.errors import Explained

# Where a token stands that an identity provider has given out.
TOKEN_FILE = "AWS_WEB_IDENTITY_TOKEN_FILE"


@dataclass(frozen=True)
class Who:
    """By which profile, empty for the default one, credentials are looked for. ``settings``: what it says."""

    profile: str
    settings: Mapping[str, Any]

    def __str__(self) -> str:
        return f"the AWS profile {self.profile}" if self.profile else "the default AWS profile"

    def command(self, command: str) -> str:
        """Return a command for this profile, as it is typed."""
        return f"{command} --profile {shlex.quote(self.profile)}" if self.profile else command

    @property
    def look(self) -> str:
        """Return the command by which a person sees more."""
        return self.command("aws sts get-caller-identity")

    def setting(self, name: str, variable: str = "") -> str:
        """Return what a variable of the environment or the profile says; empty if nothing."""
        return str(os.environ.get(variable) or self.settings.get(name) or "")


Explain = Callable[[Any, Who], Explained]


def _none(_error: Any, who: Who) -> Explained:
    return Explained(
        f"There are no AWS credentials: none are exported, {who} names none, and this machine has none of its own",
        "Name a profile, or set the environment variables that the AWS SDK reads, such as AWS_PROFILE."
        f" {who.look} shows what it finds.",
    )


def _partial(error: Any, who: Who) -> Explained:
    lacks, source = _named(error, "cred_var").strip("'"), _named(error, "provider")
    if source == "assume-role":
        return Explained(
            f"{_begun(who)} has a role_arn, and does not say who assumes it",
            "Add source_profile or credential_source to it.",
        )
    return Explained(
        f"Only a part of the AWS credentials is there ({source}): {lacks} is missing",
        "Set what is missing, or take the rest away as well.",
    )


def _unusable_setting(error: Any, who: Who) -> Explained:
    # Of names of profiles and settings only.
    said = _named(error, "error_msg").rstrip(".")
    return Explained(
        f"{_begun(who)} cannot be used: {said}",
        f"Correct it in the AWS configuration; {who.command('aws configure list')} shows what is read from where.",
    )


def _loop(error: Any, who: Who) -> Explained:
    chain = [*(error.kwargs.get("visited_profiles") or ()), error.kwargs.get("source_profile")]
    return Explained(
        f"{_begun(who)} leads back to itself by source_profile: {' -> '.join(map(str, chain))}",
        "Let the last one name credentials instead.",
    )


def _no_ini_file(error: Any, _who: Who) -> Explained:
    path = shown_path(_named(error, "path"))
    return Explained(
        f"The AWS configuration in {path} cannot be read",
        "It has to consist of sections such as [profile NAME], and lines such as name = value.",
    )


def _web_identity(error: Any, who: Who) -> Explained | None:
    path = who.setting("web_identity_token_file", TOKEN_FILE)
    if not path or getattr(error, "filename", path) != path:
        return None
    why = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
    return Explained(
        f"The token that AWS takes for credentials {why}: {shown_path(path)} (web_identity_token_file, {TOKEN_FILE})",
        "The system that runs this job has to put it there: check that the job asks its identity provider for a token.",
    )


def _process(who: Who) -> Explained | None:
    if not who.settings.get("credential_process"):
        return None
    return Explained(
        f"The credential_process of {who} failed; what it printed may be secret and is not repeated here",
        f"{who.look} shows it.",
    )


def _of_the_system(error: Any, who: Who) -> Explained:
    """Explain what opening a file or starting a program has raised."""
    return _web_identity(error, who) or _process(who) or _unexplained(error, who)


def _unexplained(error: Any, who: Who) -> Explained:
    return Explained(f"The credentials of {who} could not be got ({type(error).__name__})", f"{who.look} shows more.")


def _unusable_value(error: Any, who: Who) -> Explained:
    return _process(who) or _container(who) or _unexplained(error, who)


def _retrieval(error: Any, who: Who) -> Explained:
    provider = _named(error, "provider")
    if provider == "custom-process":
        return _process(who) or _unexplained(error, who)
    if provider == "container-role":
        return _container(who) or _unexplained(error, who)
    source = who.settings.get("credential_source")
    if source and provider == source:
        return Explained(
            f"{_begun(who)} takes its credentials from credential_source = {source}, where there are none",
            "Run on a machine that has them, or name a source_profile instead.",
        )
    return Explained(f"The credentials of {who} could not be got from {provider}", f"{who.look} shows more.")


def _container(_who: Who) -> Explained | None:
    names = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
    named = next((name for name in names if os.environ.get(name)), None)
    if named is None:
        return None
    return Explained(
        f"The container's own AWS credentials could not be got from the address in {named}",
        "Check that its task or pod has a role, and that the address can be reached from here.",
    )


def _sso(_error: Any, who: Who) -> Explained:
    return Explained(
        f"The AWS login (SSO) of {who} has expired, or was never made",
        f"Run {who.command('aws sso login')} and then this again; where nobody can log in, act with a role or keys.",
    )


def _login(_error: Any, who: Who) -> Explained:
    return Explained(
        f"The AWS login of {who} has expired, or was never made", f"Run {who.command('aws login')} and then this again."
    )


def _login_permission(_error: Any, who: Who) -> Explained:
    return Explained(
        f"The AWS login of {who} cannot be renewed, because it lacks a permission",
        "The user who has logged in needs signin:CreateOAuth2Token; the policy SignInLocalDevelopmentAccess holds it.",
    )


def _mfa(_error: Any, who: Who) -> Explained:
    export = who.command("aws configure export-credentials")
    return Explained(
        f"{_begun(who)} asks for an MFA code, and nobody is there to type one",
        f'Get a session before the play and export its keys: eval "$({export} --format env)".',
    )


def _missing_package(_error: Any, who: Who) -> Explained:
    return Explained(
        f"{_begun(who)} needs a package for its credentials that is not installed",
        f"Run {shlex.quote(sys.executable)} -m pip install 'botocore[crt]'.",
    )


def _unreachable(error: Any, who: Who) -> Explained:
    where = _named(error, "endpoint_url").partition("?")[0]
    proxy = " through the proxy that is configured" if type(error).__name__ == "ProxyConnectionError" else ""
    return Explained(
        f"The credentials of {who} could not be got, because {where or 'AWS'} cannot be reached{proxy}",
        "Check the network, HTTPS_PROXY and the region of the profile.",
    )


def _refused(error: Any, who: Who) -> Explained:
    # Here, to keep out of a circle.
    from ..errors import bad_credentials

    details = error.response.get("Error", {})
    code, operation = str(details.get("Code") or ""), str(getattr(error, "operation_name", ""))
    bad = bad_credentials(code, str(details.get("Message") or ""))
    if operation == "AssumeRoleWithWebIdentity":
        step = _OF_TOKENS.get(code) or bad or _OF_TOKENS["AccessDenied"]
    else:
        step = bad or _OF_OPERATIONS.get(operation, "").format(who=who, **_of_sso(who)) or f"{who.look} shows more."
    role = shown_path(who.setting("role_arn", "AWS_ROLE_ARN" if operation != "AssumeRole" else ""))
    acts = f" to act as {role}" if role and operation.startswith("AssumeRole") else ""
    return Explained(f"AWS refused credentials to {who}{acts}: {code} to {operation}", step)


def _of_sso(who: Who) -> dict[str, str]:
    return {"role": who.setting("sso_role_name"), "account": who.setting("sso_account_id")}


_OF_OPERATIONS: Mapping[str, str] = {
    "AssumeRole": "The trust policy of the role has to name the identity that assumes it, which also needs the"
    " permission sts:AssumeRole; external_id in the profile has to be what the trust policy asks for, if it asks.",
    "GetRoleCredentials": "The user who has logged in needs the permission set {role} in the account {account}"
    " (sso_role_name, sso_account_id).",
}


_OF_TOKENS: Mapping[str, str] = {
    "ExpiredTokenException": f"The token in {TOKEN_FILE} has expired: the job has to get a new one before this.",
    "InvalidIdentityToken": f"The token in {TOKEN_FILE} is not one that the account knows: compare its issuer with the"
    " identity providers in IAM.",
    "IDPRejectedClaim": f"The identity provider has rejected the token in {TOKEN_FILE}: the job has to get a new one.",
    "AccessDenied": "The trust policy of the role has to allow this job: compare its conditions (aud, sub) with the"
    " token's claims.",
}


BY_CLASS: Mapping[str, Explain] = {
    "NoCredentialsError": _none,
    "PartialCredentialsError": _partial,
    "InvalidConfigError": _unusable_setting,
    "InfiniteLoopConfigError": _loop,
    "ConfigParseError": _no_ini_file,
    "CredentialRetrievalError": _retrieval,
    "TokenRetrievalError": _sso,
    "SSOError": _sso,
    "LoginError": _login,
    "LoginInsufficientPermissions": _login_permission,
    "RefreshWithMFAUnsupportedError": _mfa,
    "MissingDependencyException": _missing_package,
    "HTTPClientError": _unreachable,
    "ConnectionError": _unreachable,
    "ClientError": _refused,
    "OSError": _of_the_system,
    "ValueError": _unusable_value,
}


_ABOUT_CREDENTIALS = frozenset(BY_CLASS) - {
    "ClientError",
    "HTTPClientError",
    "ConnectionError",
    "OSError",
    "ValueError",
}


def _named(error: Any, name: str) -> str:
    found = getattr(error, "kwargs", {}).get(name)
    return " ".join(str(", ".join(found) if isinstance(found, list | tuple | set) else found or "").split())[:500]


def _begun(who: Who) -> str:
    text = str(who)
    return text[0].upper() + text[1:]
