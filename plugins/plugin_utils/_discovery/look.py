# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look for what lets Fivetran read the buckets of connections: roles in AWS, grants in Google Cloud Storage.

Nothing is written. What cannot be looked at is told once, and keeps nothing else from being found.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ...module_utils._aws.credentials.connection import with_defaults
from ...module_utils._bucket.effect import Answer, Effect, Reason, all_of
from ...module_utils._fivetran.client import FivetranClient
from ...module_utils._kernel.clients import Clients
from ...module_utils._kernel.errors import Failure, InvalidArgument, OnrampError
from ...module_utils._kernel.options.shared import AWS_OPTIONS
from ...module_utils._kernel.runner import validator
from ...module_utils._kernel.secrets.shown import shown
from .._settings.rules import bucket as proper_bucket
from .._settings.values import Refused
from .access import AccessVariables, Role, gcs_access, own_grant, own_role, s3_access
from .connections import FoundConnection

if TYPE_CHECKING:
    # Each cloud's SDK takes a quarter of a second to import, and may be missing where nobody needs it.
    from ...module_utils._aws.bucket import S3Bucket
    from ...module_utils._aws.client import Identity
    from ...module_utils._aws.fivetran_roles import RoleDetails, TrustingRole

T = TypeVar("T")
K = TypeVar("K")
CALLS_AT_ONCE = 16


@dataclass(frozen=True)
class Credentials:
    """As whom AWS and Google are asked, and how long a call may take.

    ``aws_profiles``: one for each AWS account; none stands for the default of the AWS SDK. ``aws``: what else is said
    of AWS, as options of the modules.
    """

    aws_profiles: tuple[str, ...] = ()
    aws: Mapping[str, Any] = field(default_factory=dict, repr=False)
    gcs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The access of each connection, by its id. ``notes``: what could not be looked at, a sentence each."""

    access: Mapping[str, AccessVariables]
    notes: tuple[str, ...] = ()


class AccessLook:
    """One look for the access of some connections of one Fivetran account."""

    def __init__(self, client: FivetranClient, credentials: Credentials) -> None:
        self._client = client
        self._credentials = credentials
        self._clients = Clients()
        # By the reason, what could not be looked at.
        self._unseen: dict[str, list[str]] = {}

    def take(self, connections: Sequence[FoundConnection]) -> Found:
        """Return what is found; also what goes wrong is told, and no exception."""
        in_s3 = [connection for connection in connections if connection.currents.storage == "s3"]
        in_gcs = [connection for connection in connections if connection.currents.storage == "gcs"]
        access: dict[str, AccessVariables] = {}
        with ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="look") as pool:
            if in_s3:
                access |= self._s3(pool, in_s3)
            if in_gcs:
                access |= self._gcs(pool, in_gcs)
        notes = (f"Not looked at: {_joined(subjects)}. {why}" for why, subjects in self._unseen.items())
        return Found(access, tuple(notes))

    def _all(
        self, pool: ThreadPoolExecutor, keys: Iterable[K], ask: Callable[[K], T], about: Callable[[K], str]
    ) -> dict[K, T | OnrampError]:
        """Return the answer to each question, or why there is none, which is noted with what it is about."""
        distinct = list(dict.fromkeys(keys))
        answers = dict(zip(distinct, pool.map(partial(_attempt, ask), distinct), strict=True))
        for key, answer in answers.items():
            if isinstance(answer, OnrampError):
                self._unseen.setdefault(answer.msg, []).append(about(key))
        return answers

    # AWS

    def _s3(self, pool: ThreadPoolExecutor, connections: Sequence[FoundConnection]) -> dict[str, AccessVariables]:
        seen = self._all(pool, self._credentials.aws_profiles or ("",), self._account, _called)
        accounts = [account for account in seen.values() if not isinstance(account, OnrampError)]
        roles: dict[str, list[Role]] = {connection.id: [] for connection in connections}
        for account in accounts:
            for connection_id, found in self._roles(pool, account, connections).items():
                roles[connection_id] += found
        names = list(dict.fromkeys(account.who.account for account in accounts))
        # The only one that was named is the one to act with, whether or not it leads to a role.
        only = self._credentials.aws_profiles[0] if len(self._credentials.aws_profiles) == 1 else ""
        return {connection_id: s3_access(names, _once(found), only) for connection_id, found in roles.items()}

    def _account(self, profile: str) -> _Account:
        from ...module_utils._aws.client import aws_from_params, identity
        from ...module_utils._aws.fivetran_roles import list_roles

        given = with_defaults({"profile": profile} if profile else {}, self._credentials.aws)
        options = validator(AWS_OPTIONS).validate(given)
        aws = aws_from_params(options.validated_parameters, clients=self._clients)
        who, iam = identity(aws), aws.client("iam")
        return _Account(profile, who, iam, aws.client("s3"), tuple(list_roles(iam)))

    def _roles(
        self, pool: ThreadPoolExecutor, account: _Account, connections: Sequence[FoundConnection]
    ) -> dict[str, list[Role]]:
        """Return, for each connection, the roles of an account that Fivetran can assume for its group."""
        from ...module_utils._aws.bucket import look
        from ...module_utils._aws.fivetran_roles import RoleReader, assumable

        trusting = {
            group_id: list(assumable(account.roles, group_id, account.who.partition))
            for group_id in {connection.group_id for connection in connections}
        }
        by_arn = {role.arn: role for roles in trusting.values() for role, _assumes in roles}
        reader = RoleReader(account.iam)
        details = self._all(pool, by_arn, lambda arn: reader.read(by_arn[arn]), lambda arn: f"the role {arn}")
        buckets = self._all(
            pool,
            # Without a role there is nothing to know about a bucket.
            [connection.currents.bucket for connection in connections if trusting[connection.group_id]],
            lambda bucket: look(account.s3, _checked("s3", bucket), account.who.account),
            _named,
        )
        return {
            connection.id: [
                _role(account, connection, role, _Seen(assumes, details[role.arn], buckets[connection.currents.bucket]))
                for role, assumes in trusting[connection.group_id]
            ]
            for connection in connections
        }

    # Google

    def _gcs(self, pool: ThreadPoolExecutor, connections: Sequence[FoundConnection]) -> dict[str, AccessVariables]:
        members = self._all(
            pool,
            [connection.group_id for connection in connections],
            self._member,
            lambda group_id: f"the service account of the Fivetran group {group_id}",
        )
        policies = self._all(
            pool,
            [connection.currents.bucket for connection in connections],
            self._policy,
            _named,
        )

        def grant(connection: FoundConnection) -> AccessVariables:
            return self._grant(connection, members[connection.group_id], policies[connection.currents.bucket])

        return dict(zip([connection.id for connection in connections], pool.map(grant, connections), strict=True))

    def _grant(
        self, connection: FoundConnection, member: str | OnrampError, policy: Mapping[str, Any] | OnrampError
    ) -> AccessVariables:
        if isinstance(member, OnrampError) or isinstance(policy, OnrampError):
            return gcs_access(None, None)
        from ...module_utils._google.effect.effect import may_read, roles_in_doubt
        from ...module_utils._google.effect.roles import permissions_of

        bucket, folder, now = connection.currents.bucket, connection.currents.folder, datetime.now(UTC)
        roles = roles_in_doubt(policy["bindings"], member, bucket, folder, now=now)
        allowed = permissions_of(self._credentials.gcs, roles, self._clients)
        reads = may_read(policy["bindings"], member, bucket, folder, now=now, permissions_of=allowed)
        return gcs_access(reads, own_grant(dict(policy), member, bucket, folder), connection.is_connected)

    def _member(self, group_id: str) -> str:
        from ...module_utils._google.policy import complete_member

        return complete_member(self._client.group_service_account(group_id))

    def _policy(self, bucket: str) -> Mapping[str, Any]:
        from ...module_utils._google.iam import access_from_params, no_bucket

        policy = access_from_params({"bucket": _checked("gcs", bucket), **self._credentials.gcs}, self._clients).read()
        if policy is None:
            raise no_bucket(bucket)
        return policy


@dataclass(frozen=True)
class _Account:
    """An AWS account, by the profile through which it was reached."""

    profile: str
    who: Identity
    iam: Any
    s3: Any
    roles: tuple[TrustingRole, ...]


def _attempt(ask: Callable[[K], T], key: K) -> T | OnrampError:
    try:
        return ask(key)
    except OnrampError as error:
        return error
    except Exception as error:
        # Its text may quote anything, so only its kind is told.
        msg = f"An unexpected {type(error).__name__} ended this look. Please report it."
        return OnrampError(msg=msg, failure=Failure(code="unexpected", message=msg))


def _checked(storage: str, bucket: str) -> str:
    """Return the name of a bucket if it is one: another could lead to another address.

    :raises InvalidArgument: if not.
    """
    try:
        return proper_bucket(storage, bucket)
    except Refused as refusal:
        raise InvalidArgument(f"currents_bucket: {refusal}") from None


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _named(bucket: str) -> str:
    return f"the bucket {shown(bucket)}"


def _called(profile: str) -> str:
    return f"the AWS account of the profile {profile}" if profile else "AWS"


def _once(roles: Iterable[Role]) -> list[Role]:
    """Return each role once, also where two profiles lead to one account."""
    return list({role.arn: role for role in reversed(list(roles))}.values())


@dataclass(frozen=True)
class _Seen:
    """What was seen of a role and of the bucket that it is to read. ``assumes``: whether Fivetran can assume it."""

    assumes: Effect
    details: RoleDetails | OnrampError
    bucket: S3Bucket | OnrampError


def _role(account: _Account, connection: FoundConnection, role: TrustingRole, seen: _Seen) -> Role:
    details, bucket = seen.details, seen.bucket
    if isinstance(details, OnrampError) or isinstance(bucket, OnrampError):
        what = role.arn if isinstance(details, OnrampError) else f"the bucket {connection.currents.bucket}"
        reason = Reason("not_looked_at", f"{what} could not be looked at")
        return Role(role.arn, Effect(Answer.UNKNOWN, (reason,)), account.profile)
    from ...module_utils._aws.fivetran_roles import reads

    folder, own = connection.currents.folder, None
    if details.made_here_for(connection.group_id):
        policy = details.policy_made_here_for(connection.group_id)
        document = policy.document.content if policy else None
        named = (policy.name, dict(document)) if policy and document is not None else None
        own = own_role(role.name, role.path, named, folder)
    effect = all_of([seen.assumes, reads(details.permissions, bucket, folder)])
    return Role(role.arn, effect, account.profile, own)
