# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a session of a role may do in AWS, as far as policies tell: yes, no, or nobody can tell from here, and why.

Judged are the policies of the role, its permissions boundary and the policy of the resource. What an organization
forbids (service and resource control policies) and what grants and access control lists add is not seen here.
Source: AWS's documentation of policy evaluation, within an account and across accounts, and of condition keys.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..._bucket.effect import Answer, Effect, Reason
from .condition import ABSENT, Context, Truth, all_true, any_true
from .layer import ANY_NAME, Layer, layer
from .pattern import Alternatives
from .principal import Asker, Named
from .statement import Document, DocumentKind, PolicyRequest

# Fivetran comes over the internet, by an SDK of today, with what AssumeRole gave it.
_ABSENT_KEYS = (
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
)
_ABSENT_KEYS_OF_S3 = (
    "s3:AccessPointNetworkOrigin",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:VersionId",
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
)


@dataclass(frozen=True)
class RolePermissions:
    """What a session of a role is judged by. ``identity``: its attached policies (also AWS's own) and its inline ones.

    ``known``: condition keys whose value was looked up, such as ``aws:PrincipalOrgID``, ``aws:PrincipalTag/team`` or,
    as ``AROA…:*``, ``aws:userid``; None: the request has none.
    """

    role_arn: str
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    known: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def asker(self) -> Asker:
        """Return how AWS sees a session of the role."""
        return Asker(self.role_arn, is_session=True, is_bounded=self.boundary is not None)


def context_of(asker: Asker, now: datetime | None) -> Context:
    """Return what every request of Fivetran's has, as this asker; ``now``: by default the moment of the call."""
    since = now or datetime.now(UTC)
    moment = since.isoformat()
    values: dict[str, Alternatives] = {
        **{key: ABSENT for key in (*_ABSENT_KEYS, *_ABSENT_KEYS_OF_S3)},
        "aws:CurrentTime": (moment,),
        "aws:EpochTime": (str(int(since.timestamp())),),
        "aws:PrincipalAccount": (asker.account,),
        "aws:PrincipalArn": (asker.arn,),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:RequestedRegion": ("*",),
        "aws:SecureTransport": ("true",),
        "aws:SourceIp": ("*",),
        "aws:UserAgent": ("*",),
        "aws:ViaAWSService": ("false",),
        "s3:authType": ("REST-HEADER",),
        "s3:signatureversion": ("AWS4-HMAC-SHA256",),
        "s3:TlsVersion": ("1.2", "1.3"),
    }
    return Context().having(values | (_of_session(moment) if asker.is_session else _of_user(asker)))


def _of_session(moment: str) -> dict[str, Alternatives]:
    return {
        # A session that begins now: who revokes older ones does not mean it.
        "aws:TokenIssueTime": (moment,),
        "aws:MultiFactorAuthPresent": (None, "false"),
        "aws:PrincipalType": ("AssumedRole",),
        "aws:userid": ("AROA*:*",),
        "aws:username": ABSENT,
    }


def _of_user(asker: Asker) -> dict[str, Alternatives]:
    """Return what AWS tells of a user with access keys that do not expire."""
    return {
        "aws:TokenIssueTime": ABSENT,
        "aws:MultiFactorAuthPresent": ABSENT,
        "aws:PrincipalType": ("User",),
        "aws:userid": ("AIDA*",),
        "aws:username": (asker.arn.rsplit("/", 1)[-1],),
    }


def may_do(
    role: RolePermissions,
    action: str,
    resource: str,
    resource_policy: Document | None = None,
    context: Mapping[str, Alternatives] | None = None,
    same_account: bool = True,
    now: datetime | None = None,
) -> Effect:
    """Tell whether a session of the role may do ``action`` on all that ``resource`` stands for.

    ``resource_policy``: None if the resource has none. ``context``: condition keys of this request, each with what it
    may be, as patterns; they go before what is known of every request.
    """
    asker = role.asker
    known: dict[str, Alternatives] = {key: (value,) for key, value in role.known.items()}
    request = PolicyRequest(asker, action, resource, context_of(asker, now).having(known).having(context or {}))
    judged = Judged(
        own=layer(f"the role {role.role_arn}", role.identity, DocumentKind.IDENTITY, request),
        boundary=layer(role.boundary.name, [role.boundary], DocumentKind.IDENTITY, request) if role.boundary else None,
        # A key's policy decides about the key; other resources need none in the account of the role.
        resource=layer(
            resource_policy.name if resource_policy else f"the policy of {resource}",
            [resource_policy] if resource_policy else [],
            DocumentKind.RESOURCE,
            request,
        ),
        same_account=same_account,
        resource_decides=action.lower().startswith("kms:"),
    )
    return judged.effect()


@dataclass(frozen=True)
class Judged:
    """What all the policies say of one request."""

    own: Layer
    boundary: Layer | None
    resource: Layer
    same_account: bool
    resource_decides: bool

    @property
    def layers(self) -> list[Layer]:
        return [one for one in (self.own, self.boundary, self.resource) if one]

    def effect(self) -> Effect:
        """Return the answer of AWS, and its reasons."""
        if any(one.denies() for one in self.layers):
            return Effect(Answer.NO, _each(one.denials() for one in self.layers))
        allowed = self.allowed()
        if allowed is False:
            return Effect(Answer.NO, _each(self.lacking()))
        if allowed is None:
            unclear = _each(one.undecided() for one in self.layers)
            return Effect(Answer.UNKNOWN, unclear or _each(self._unclear_together()))
        if any(one.denies() is None for one in self.layers):
            return Effect(Answer.UNKNOWN, _each(one.undecided(denials_only=True) for one in self.layers))
        return Effect(Answer.YES, _each(one.allowances() for one in (self.own, self.resource)))

    def allowed(self) -> Truth:
        """Tell whether there are the Allows that it takes."""
        own, limit, named = self._own(), self._limit(), self.resource.allows(*ANY_NAME)
        if not self.same_account:
            return all_true((own, limit, named))
        by_itself = (
            all_true((self.resource.allows(Named.ITSELF), limit)),
            # A session by its own name, or what may be it, is held by no boundary.
            self.resource.allows(),
            all_true((self.resource.allows(Named.EVERYONE), limit or None)),
            self._names_by_condition(),
        )
        found = any_true((*by_itself, all_true((own, limit, named if self.resource_decides else True))))
        return None if found is False and self._may_be_all_together() else found

    def _may_be_all_together(self) -> bool:
        """Tell whether parts that the resource's policy allows make everything, or with what the role may do of it."""
        parts = self.resource.partial(Named.ITSELF, Named.EVERYONE)
        limited = self.boundary and self._limit() is False and not self.boundary.partial(Named.ITSELF)
        return bool(parts) and (self._may_do_part() or (len(parts) > 1 and not limited))

    def _may_do_part(self) -> bool:
        """Tell whether the role's own policies, within its boundary, may allow a part of it."""
        limits = [self.own, *([self.boundary] if self.boundary else [])]
        return all(one.allows(Named.ITSELF) is not False or one.partial(Named.ITSELF) for one in limits)

    def _own(self) -> Truth:
        return self.own.allows(Named.ITSELF)

    def _limit(self) -> Truth:
        return self.boundary.allows(Named.ITSELF) if self.boundary else True

    def _names_by_condition(self) -> Truth:
        """Tell whether the resource's policy allows it to everybody whose aws:PrincipalArn is the role's.

        AWS documents that no boundary holds this; of everybody without that key it says nothing.
        """
        return any_true(
            one.truth
            for one in self.resource.allowing
            if Named.EVERYONE in one.named and "aws:principalarn" in one.statement.positive_keys
        )

    def _unclear_together(self) -> Iterator[Iterable[Reason]]:
        """Yield why nobody can tell though each statement is clear."""
        yield from (one.only_in_part() for one in self.layers)
        if self.boundary and self._limit() is False and self.resource.allows(Named.EVERYONE):
            text = "does not allow it; whether that holds for what is allowed to everybody, AWS does not say"
            yield [Reason("undecided", f"{self.boundary.name} {text}", where=self.boundary.name)]
            yield self.resource.allowances()

    def lacking(self) -> Iterator[Iterable[Reason]]:
        """Yield what does not allow it and would have to, and what in it nearly does."""
        if (self.resource_decides or not self.same_account) and self.resource.allows(*ANY_NAME) is False:
            yield self.resource.lacking("not_in_resource_policy"), *self.resource.near_misses()
            if self.same_account:
                return
        if self._own() is False:
            yield self.own.lacking("not_allowed"), *self.own.near_misses()
        if self.boundary and self._limit() is False:
            yield self.boundary.lacking("not_in_boundary"), *self.boundary.near_misses()
        if self.same_account:
            yield self.resource.near_misses()


def _each(reasons: Iterable[Iterable[Reason]]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for some in reasons for reason in some))
