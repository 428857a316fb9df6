# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients for AWS, and how long their calls may take."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

try:
    import boto3
    import botocore.loaders
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, NoCredentialsError, ProfileNotFound

    BOTO3_ERROR: ImportError | None = None
except ImportError as import_error:
    BOTO3_ERROR = import_error

from .._kernel.clients import Clients
from .._kernel.deadline import Clock
from .._kernel.errors import Failure, InvalidArgument, OnrampError
from .._kernel.http.call import RetryPolicy
from .._kernel.http.client import CONNECT_TIMEOUT
from .._kernel.http.url import check_base_url, leaves_the_machine
from .._kernel.libraries import require_library
from .._kernel.options.limits import retry_policy
from .._kernel.printable import sentence
from .._kernel.secrets.shown import quoted
from .credentials.connection import AwsOptions, TwoIdentities, connection_from_params
from .credentials.keys import AssumedRole, Keys, never_ask_for_codes, use_role
from .credentials.missing import is_about_credentials, no_credentials, tell_why, who_acts
from .errors import ask, call_error
from .patience import Patience

# IAM and STS are global in their partition; where nothing names a region, their requests are signed for one of these.
DEFAULT_REGION = "us-east-1"
REGION_OF_PARTITION: Mapping[str, str] = {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
# Open connections to one host that are kept, for the threads that share a client.
CONNECTIONS = 64
# Whose account it is makes a refusal clearer, and is worth no long wait.
BRIEFLY = RetryPolicy(request_timeout=3.0, total=5.0, tries=1)


@dataclass(frozen=True, eq=False)
class Aws:
    """One session: credentials and region. ``client`` gives the client of a service, to as many threads as ask.

    ``session``: of boto3; ``core``: the one of botocore below it. ``connection``: what the user said. ``limits``: how
    long a call may take.
    """

    session: Any
    core: Any
    connection: AwsOptions
    default_region: str = DEFAULT_REGION
    limits: RetryPolicy = field(default_factory=RetryPolicy)
    _made: Clients = field(default_factory=Clients)
    # boto3's clients may be used by several threads, its sessions may not.
    _session_lock: Lock = field(default_factory=Lock)

    @property
    def region(self) -> str:
        """Return the region that was given, or is configured, or else one that works for IAM."""
        return str(self.session.region_name or self.default_region)

    def client(self, service: str, *, tries: int = 5) -> Any:
        """Return a boto3 client that sends a call ``tries`` times at most, within the limits of this session.

        :raises InvalidArgument: the endpoint that is configured for tests is plain HTTP on another machine.
        :raises OnrampError: the AWS configuration cannot be used.
        """
        throttled = None if self.limits.limits is None else self.limits.throttled
        patience = Patience(tries, self.limits.total, self._made.clock, throttled)
        return self._made.get((service, patience), lambda: self._make(service, patience))

    def _make(self, service: str, patience: Patience) -> Any:
        limits = Config(
            connect_timeout=min(CONNECT_TIMEOUT, self.limits.request_timeout),
            read_timeout=self.limits.request_timeout,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
        )
        endpoint_url = self.connection.endpoint_url or None
        client = self._new_client(service, limits, endpoint_url)
        option = "endpoint_url" if endpoint_url else "AWS_ENDPOINT_URL"
        if not leaves_the_machine(check_base_url(option, client.meta.endpoint_url)):
            client = self._new_client(service, limits.merge(Config(proxies={})), endpoint_url)
        patience.give_to(client)
        return client

    def _new_client(self, service: str, config: Any, endpoint_url: str | None = None) -> Any:
        try:
            with self._session_lock:
                return self.session.client(
                    service, region_name=self.region, config=config, endpoint_url=endpoint_url, verify=self._verify
                )
        except (BotoCoreError, ValueError) as error:
            raise _bad_configuration(error, self.core) from None

    @property
    def _verify(self) -> bool | str | None:
        """Return how certificates are checked; None leaves it to what is configured."""
        return (self.connection.aws_ca_bundle or None) if self.connection.validate_certs else False

    @property
    def ca_bundle(self) -> str:
        """Return the file by which certificates are checked; empty where that is botocore's own."""
        return self.connection.aws_ca_bundle or str(self.core.get_config_variable("ca_bundle") or "")

    def configured_endpoint(self, service: str) -> str:
        """Return where requests go that do not go to AWS's own address; empty if they do."""
        url = str(self.client(service).meta.endpoint_url)
        own = self._new_client(service, Config(ignore_configured_endpoint_urls=True)).meta.endpoint_url
        return "" if url == own else url

    def is_configured(self, name: str) -> bool:
        """Tell whether a switch of botocore's configuration is on."""
        return bool(self.core.get_config_variable(name))

    def freeze(self) -> Keys:
        """Sign with the keys of this moment from now on, and return them. No client may have been made before.

        :raises OnrampError: there are no credentials, or they cannot be got.
        """
        try:
            with self._session_lock:
                credentials = self.session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            frozen = credentials.get_frozen_credentials()
        except (BotoCoreError, ValueError) as error:
            raise call_error(error, "sts:GetCallerIdentity") from None
        self.core.set_credentials(frozen.access_key, frozen.secret_key, frozen.token)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token or "")


@dataclass(frozen=True)
class Identity:
    """Whose credentials these are: account id and partition (``aws``, ``aws-us-gov``, ``aws-cn``)."""

    account: str
    partition: str


def aws_from_params(params: Mapping[str, Any], partition: str | None = None, clients: Clients | None = None) -> Aws:
    """Build the session from the options of ``AWS_OPTIONS``; ``partition`` where the user has named one.

    Those of ``HTTP_OPTIONS`` bound its calls, where they are given.

    ``clients``: with whom the session is shared.

    :raises OnrampError: a missing package, a profile that does not exist, or a configuration that cannot be used.
    """
    require_library("boto3", BOTO3_ERROR)
    default_region = REGION_OF_PARTITION.get(partition or "", DEFAULT_REGION)
    clients = clients or Clients()
    try:
        connection = connection_from_params(params)
    except TwoIdentities as error:
        raise _with_accounts(error, default_region, clients.clock) from None
    limits = retry_policy(params) if "request_timeout" in params else RetryPolicy()
    return clients.get(
        (Aws, connection, default_region, limits), lambda: _open(connection, default_region, limits, clients.clock)
    )


def _open(connection: AwsOptions, default_region: str, limits: RetryPolicy, clock: Clock) -> Aws:
    """Open the session of who the user named or, with a role to assume, the one for which that identity assumes it."""
    caller = _as(connection, default_region, limits, clock)
    if not connection.assume_role_arn:
        return caller
    return _as(connection, default_region, limits, clock, AssumedRole(connection, lambda: caller.client("sts")))


def _as(
    connection: AwsOptions, default_region: str, limits: RetryPolicy, clock: Clock, role: AssumedRole | None = None
) -> Aws:
    core = botocore.session.Session(profile=connection.profile or None)
    core.register_component("data_loader", _loader())
    if connection.region:
        core.set_config_variable("region", connection.region)
    if role is not None:
        use_role(core, role)
    try:
        core.get_scoped_config()  # Here, and not at the first call, it is known whether there is such a profile.
        if role is None:
            never_ask_for_codes(core)
        tell_why(core)
        session = boto3.session.Session(**({} if role else _given_keys(connection)), botocore_session=core)
    except ProfileNotFound:
        raise InvalidArgument(
            f"profile (AWS_PROFILE): there is no profile {quoted(core.profile)} in the AWS configuration."
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise _bad_configuration(error, core) from None
    return Aws(session, core, connection, default_region, limits, Clients(clock))


def _given_keys(connection: AwsOptions) -> dict[str, str | None]:
    return {
        "aws_access_key_id": connection.access_key or None,
        "aws_secret_access_key": connection.secret_key or None,
        "aws_session_token": connection.session_token or None,
    }


def _bad_configuration(error: Exception, core: Any) -> OnrampError:
    if is_about_credentials(error):
        return no_credentials(error, who_acts(core))
    message = " ".join(str(error).split())
    return OnrampError(
        msg=f"The AWS configuration cannot be used: {sentence(message)} Check profile, region and AWS_ENDPOINT_URL.",
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


def _with_accounts(error: TwoIdentities, default_region: str, clock: Clock) -> InvalidArgument:
    """Return the refusal with the account that each of the two would act in, as far as AWS tells."""
    found = {}
    for option, connection in error.ways.items():
        with suppress(OnrampError):
            found[option] = identity(_open(connection, default_region, BRIEFLY, clock)).account
    accounts = " and ".join(f"{option} is of the AWS account {account}" for option, account in found.items())
    return InvalidArgument(f"{error.msg} Here, {accounts}." if accounts else error.msg)


def other_account(wanted: str, found: str) -> OnrampError:
    """Return that the credentials are those of another account than the one that is meant."""
    message = f"These credentials belong to the AWS account {found}, and {wanted} is meant."
    return OnrampError(
        msg=f"{message} Nothing was changed. Check who acts: an option, module_defaults, a profile, exported keys,"
        " which outweigh AWS_PROFILE, or an environment of the play. aws sts get-caller-identity tells whose account"
        " it is.",
        failure=Failure(code="other_account", message=message),
    )


def check_account(who: Identity, wanted: str | None) -> None:
    """Hold that the credentials are those of the account that the user has named, if any.

    :raises OnrampError: they are not.
    """
    if wanted and who.account != wanted:
        raise other_account(wanted, who.account)
