# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Fivetran may assume a role, and whom else the role's trust policy lets in. Pure functions.

That Fivetran's own policies allow it is taken for granted. Sources: Fivetran's setup guide, the errors of its setup
tests (which name its user), AWS's documentation of trust policies and of the External ID.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ..._bucket.effect import Answer, Effect, Reason
from ..access.documents import FIVETRAN_ACCOUNT
from .condition import ABSENT, texts
from .decision import context_of
from .layer import ANY_NAME, Layer, layer
from .principal import Asker, principals
from .statement import Document, DocumentKind, Hit, PolicyRequest, Statement, parts

_ASSUME = "sts:AssumeRole"
_EXTERNAL_ID = "sts:externalid"
_NOBODY = "000000000000"
_OTHERS = {"Service": "other_service", "Federated": "other_federated"}


@dataclass(frozen=True)
class Caller:
    """Fivetran, with the External ID of one group."""

    external_id: str
    account: str = FIVETRAN_ACCOUNT
    user: str = "gcp_donkey"
    partition: str = "aws"

    @property
    def asker(self) -> Asker:
        """Return how AWS sees it."""
        return Asker(f"arn:{self.partition}:iam::{self.account}:user/{self.user}", is_session=False)


def may_assume(trust: Document, caller: Caller, now: datetime | None = None) -> Effect:
    """Tell whether ``trust``, the trust policy of a role, lets ``caller`` assume it.

    ``now``: by default the moment of the call.
    """
    judged = _judged(trust, caller, now)
    if judged.denies():
        return Effect(Answer.NO, tuple(judged.denials()))
    allowed = judged.allows(*ANY_NAME)
    if allowed is False:
        return Effect(Answer.NO, (_not_trusted(trust, caller), *_near_misses(judged, caller)))
    if allowed is None or judged.denies() is None:
        return Effect(Answer.UNKNOWN, tuple(dict.fromkeys(judged.undecided(denials_only=bool(allowed)))))
    return Effect(Answer.YES, tuple(judged.allowances()))


def _judged(trust: Document, caller: Caller, now: datetime | None) -> Layer:
    external_id = (caller.external_id,) if caller.external_id else ABSENT
    context = context_of(caller.asker, now).having({_EXTERNAL_ID: external_id, "sts:RoleSessionName": ("*",)})
    return layer(trust.name, [trust], DocumentKind.TRUST, PolicyRequest(caller.asker, _ASSUME, "", context))


def _not_trusted(trust: Document, caller: Caller) -> Reason:
    text = f"{trust.name} does not let {caller.asker.arn} assume the role with the External ID {caller.external_id}"
    return Reason("not_trusted", text, where=trust.name, action=_ASSUME)


def _near_misses(judged: Layer, caller: Caller) -> Iterator[Reason]:
    """Yield what would let it in if something were different; another External ID is told as such."""
    told = set()
    for hit in judged.allowing:
        asked = " or ".join(_external_ids(hit.statement))
        if hit.met.truth is False and asked and {key.lower() for key in hit.met.keys} == {_EXTERNAL_ID}:
            told.add(hit.statement.label)
            text = f"{hit.statement.title} asks for the External ID {asked}, not for {caller.external_id}"
            yield _reason("other_external_id", hit.statement, text)
    yield from (reason for reason in judged.near_misses() if reason.statement not in told)


def trust_width(trust: Document, caller: Caller) -> tuple[Reason, ...]:
    """Return what ``trust`` allows beside what Fivetran needs: informative, it may all be meant.

    A change of the policy has to keep it, or to say that it goes. ``resource`` of a reason is who else is trusted,
    which other External ID is taken, or what it would be enough to ask for.
    """
    return (*_too_open(trust, caller), *_others(trust, caller))


def _too_open(trust: Document, caller: Caller) -> Iterator[Reason]:
    for hit in _admitting(trust, replace(caller, account=_NOBODY)):
        text = f"{hit.statement.title} trusts every AWS account; it is enough to name {caller.account}"
        yield _reason("any_principal", hit.statement, text, caller.account)
    # A connection of another group that points at this role has another External ID.
    for hit in _admitting(trust, replace(caller, external_id=f"{caller.external_id}-other")):
        text = f"{hit.statement.title} asks for no External ID of its own; it should ask for {caller.external_id}"
        yield _reason("no_external_id", hit.statement, text, caller.external_id)


def _admitting(trust: Document, caller: Caller) -> list[Hit]:
    """Return the statements by which another caller than ours could assume the role."""
    judged = _judged(trust, caller, None)
    return [] if judged.denies() else [hit for hit in judged.allowing if hit.by(*ANY_NAME)]


def _others(trust: Document, caller: Caller) -> Iterator[Reason]:
    """Yield who else is let in, and by which other External IDs."""
    ours = {hit.statement.number for hit in _judged(trust, caller, None).allowing}
    for part in parts(trust, DocumentKind.TRUST):
        if not isinstance(part, Statement) or not part.allows:
            continue
        for kind, who in principals(part.content.get("Principal", {})):
            if not _is_ours(kind, who, caller):
                yield _reason(_OTHERS.get(kind, "other_principal"), part, f"{part.title} also trusts {who}", who)
        for one in _external_ids(part) if part.number in ours else ():
            if one != caller.external_id:
                yield _reason("more_external_ids", part, f"{part.title} also takes the External ID {one}", one)


def _is_ours(kind: str, who: str, caller: Caller) -> bool:
    root = f"arn:{caller.partition}:iam::{caller.account}:root"
    return kind == "AWS" and who in ("*", caller.account, root, caller.asker.arn)


def _external_ids(statement: Statement) -> list[str]:
    condition = statement.content.get("Condition", {})
    return [
        value
        for lines in condition.values()
        for key, values in lines.items()
        if key.lower() == _EXTERNAL_ID
        for value in texts(values)
    ]


def _reason(code: str, statement: Statement, text: str, resource: str = "") -> Reason:
    return Reason(code, text, statement.document, statement.label, _ASSUME, resource)
