# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As whom AWS is asked, and where: the options of ``AWS_OPTIONS``, and what cannot be meant by them. No boto3."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..._kernel.errors import InvalidArgument
from ..._kernel.secrets.shown import quoted

KEYS = ("access_key", "secret_key", "session_token")
# They say together who it is, and as what he acts.
CALLER = (*KEYS, "profile")
ROLE = ("assume_role_arn", "assume_role_external_id", "assume_role_session_name")
IDENTITY = (*CALLER, *ROLE)
SESSION_NAME = "onramp-braze-fivetran"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_KEY_ID = re.compile(r"\w{12,128}", re.ASCII)

# From an option to its value; and to the name under which the user knows it.
Get = Callable[[str], Any]
Name = Callable[[str], str]


@dataclass(frozen=True)
class AwsOptions:
    """What the user said of AWS. What is empty is not said, and is left to boto3."""

    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    profile: str = ""
    region: str = ""
    endpoint_url: str = ""
    validate_certs: bool = True
    aws_ca_bundle: str = ""
    assume_role_arn: str = ""
    assume_role_external_id: str = ""
    assume_role_session_name: str = ""

    @property
    def session_name(self) -> str:
        return self.assume_role_session_name or SESSION_NAME


class TwoIdentities(InvalidArgument):
    """Keys and a profile: both say who acts. ``ways``: each by itself, by the option that names it."""

    def __init__(self, msg: str, connection: AwsOptions) -> None:
        super().__init__(msg)
        self.ways = {
            "profile": replace(connection, access_key="", secret_key="", session_token=""),
            "access_key": replace(connection, profile=""),
        }


def connection_from_params(params: Mapping[str, Any]) -> AwsOptions:
    """Read the options; those that a caller does not know are not said.

    :raises InvalidArgument: what contradicts itself, naming the option.
    """
    texts = [entry.name for entry in fields(AwsOptions) if entry.name != "validate_certs"]
    said = {name: str(params.get(name) or "").strip() for name in texts}
    validate_certs = params.get("validate_certs")
    connection = AwsOptions(**said, validate_certs=validate_certs is None or bool(validate_certs))
    for option, message in contradictions(lambda name: getattr(connection, name)):
        told = f"{option}: {message}"
        raise TwoIdentities(told, connection) if option == "profile" else InvalidArgument(told)
    return connection


def contradictions(get: Get, name: Name = str) -> Iterator[tuple[str, str]]:
    """Yield what cannot be meant: an option, and what is wrong with it, as a sentence that goes on after its name."""
    given = [option for option in KEYS if get(option)]
    if given and get("profile"):
        yield "profile", f"is set beside {name(given[0])}. Both say who acts: give one of them."
    elif get("access_key") and not get("secret_key"):
        yield "access_key", f"is set, and {name('secret_key')} is not. Set both, or neither."
    elif given and not get("access_key"):
        yield given[0], f"is set, and {name('access_key')} is not. Set both, or neither."
    elif get("access_key") and not _KEY_ID.fullmatch(get("access_key")):
        yield "access_key", "expected the id of an access key, such as AKIAIOSFODNN7EXAMPLE, in one line."
    yield from _of_assumed_role(get, name)


def _of_assumed_role(get: Get, name: Name) -> Iterator[tuple[str, str]]:
    arn, external_id = get("assume_role_arn"), get("assume_role_external_id")
    session_name = get("assume_role_session_name")
    if not arn:
        for option in ("assume_role_external_id", "assume_role_session_name"):
            if get(option):
                yield (
                    option,
                    f"is set, and {name('assume_role_arn')} is not. It has no effect alone: set both, or neither.",
                )
        return
    if not _ROLE_ARN.fullmatch(arn):
        yield "assume_role_arn", f"expected the ARN of an IAM role, got {quoted(arn)}."
    if external_id and not _EXTERNAL_ID.fullmatch(external_id):
        yield (
            "assume_role_external_id",
            f"expected 2 to 1224 letters, digits and _+=,.@:/- only, got {quoted(external_id)}.",
        )
    if session_name and not _SESSION_NAME.fullmatch(session_name):
        yield (
            "assume_role_session_name",
            f"expected 2 to 64 letters, digits and _+=,.@- only, got {quoted(session_name)}.",
        )


def with_defaults(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` and those of ``defaults`` that it leaves open; both know options by their main names.

    Who acts is taken from one of the two: one place says all of it, and a role to assume outweighs another.
    """
    closed: tuple[str, ...] = ()
    if _says(given, CALLER):
        closed = IDENTITY
    elif _says(given, ROLE):
        closed = ROLE
    taken = {name: value for name, value in defaults.items() if given.get(name) is None and name not in closed}
    return {**given, **taken}


def _says(options: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(options.get(name) is not None for name in names)
