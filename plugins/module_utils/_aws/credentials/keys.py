# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the credentials of a session of AWS come from, beyond what boto3 does by itself."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

# That boto3 is missing is told where a session is opened.
with suppress(ImportError):
    from botocore.credentials import CredentialResolver, DeferredRefreshableCredentials
    from botocore.exceptions import RefreshWithMFAUnsupportedError

from ..._kernel.errors import OnrampError
from ..errors import ask
from .connection import AwsOptions


@dataclass(frozen=True)
class Keys:
    """What signs requests at this moment, whatever way it was come by."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class AssumedRole:
    """A source of credentials in the chain of botocore: those of the role that is assumed, renewed when they expire.

    ``sts``: makes the client by which the role is assumed, as an identity that may do that.
    """

    METHOD = "onramp-assume-role"

    def __init__(self, connection: AwsOptions, sts: Callable[[], Any]) -> None:
        self._connection = connection
        self._sts = sts

    def load(self) -> Any:
        """Return the credentials; the role is assumed when they are first needed."""
        return DeferredRefreshableCredentials(self._assume, self.METHOD)

    def _assume(self) -> Mapping[str, str]:
        connection, external_id = self._connection, self._connection.assume_role_external_id
        assume = partial(
            self._sts().assume_role, RoleArn=connection.assume_role_arn, RoleSessionName=connection.session_name
        )
        if external_id:
            assume = partial(assume, ExternalId=external_id)
        try:
            keys: Mapping[str, str] = ask("sts:AssumeRole", assume, _as_metadata)
        except OnrampError as error:
            raise OnrampError(
                msg=f"assume_role_arn: the role {connection.assume_role_arn} cannot be assumed. {error.msg} Its trust"
                " policy has to name who assumes it, and assume_role_external_id has to be the External ID that it asks"
                " for, if it asks for one.",
                failure=error.failure,
            ) from None
        return keys


def _as_metadata(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return credentials as botocore's own sources name them."""
    found = answer["Credentials"]
    return {
        "access_key": found["AccessKeyId"],
        "secret_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expiry_time": found["Expiration"].isoformat(),
    }


def use_role(core: Any, role: AssumedRole) -> None:
    """Let a session of botocore act as the role, and as nobody else."""
    core.register_component("credential_provider", CredentialResolver([role]))


def never_ask_for_codes(core: Any) -> None:
    """Let a profile that asks for an MFA code fail: botocore would ask on the terminal, from within the play."""
    for source in core.get_component("credential_provider").providers:
        if hasattr(source, "_prompter"):
            source._prompter = _refuse_to_ask


def _refuse_to_ask(_prompt: str) -> NoReturn:
    # What helps is told where the credentials are needed.
    raise RefreshWithMFAUnsupportedError
