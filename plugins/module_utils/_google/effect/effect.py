# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge by its effect what somebody holds on a bucket in Google Cloud Storage, and decide what to do about it.

Pure functions. Only the bucket's own policy is judged: what the bucket inherits cannot be seen in it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from ..._bucket.effect import Answer, Effect, Reason, all_of
from ..policy import Binding, Grant, JsonObject, grants, plan_policy
from .question import GET, LIST, READS, UNREAD_ROLE, Allowed, ReadQuestion, of_one, who

_MOST = 5


@dataclass(frozen=True)
class HeldAccess:
    """What somebody may do, and the grants that the answer rests on, in the order of the policy."""

    effect: Effect
    by: tuple[Grant, ...] = ()


def may_read(
    policy_bindings: Iterable[Binding],
    member: str,
    bucket: str,
    folder: str,
    *,
    now: datetime,
    permissions_of: Mapping[str, Allowed] = MappingProxyType({}),
) -> Effect:
    """Tell whether a member may list and read a folder of a bucket, by what the bucket's policy says.

    ``folder``: empty for the whole bucket. ``permissions_of``: what roles allow that are not known here.
    """
    return judge_access(policy_bindings, member, bucket, folder, now=now, permissions_of=permissions_of).effect


def judge_access(
    policy_bindings: Iterable[Binding],
    member: str,
    bucket: str,
    folder: str,
    *,
    now: datetime,
    permissions_of: Mapping[str, Allowed] = MappingProxyType({}),
) -> HeldAccess:
    """Return what :func:`may_read` tells, with the grants that the answer rests on."""
    question = ReadQuestion(member, bucket, folder, now, permissions_of)
    concerned = [
        grant for grant in grants({"bindings": list(policy_bindings)}) if who(grant.member, member) is not Answer.NO
    ]
    votes = {action: [question.vote(grant, action) for grant in concerned] for action in (GET, LIST)}
    if not any(vote.reasons for found in votes.values() for vote in found):
        return HeldAccess(Effect(Answer.NO, (_no_grant(member, bucket),)))
    effects = {action: of_one(action, question, found) for action, found in votes.items()}
    effect = all_of(effects.values())
    deciding = {
        vote.grant
        for action, found in votes.items()
        if effects[action].answer is effect.answer
        for vote in found
        if vote.answer is effect.answer and vote.reasons
    }
    return HeldAccess(effect, tuple(grant for grant in concerned if grant in deciding))


def roles_in_doubt(
    policy_bindings: Iterable[Binding], member: str, bucket: str, folder: str, *, now: datetime, wanted: str = ""
) -> tuple[str, ...]:
    """Return the roles without whose permissions nobody can tell what :func:`may_read` asks; mostly there are none.

    ``wanted``: a role that is to be granted.
    """
    effect = may_read(policy_bindings, member, bucket, folder, now=now)
    roles = {reason.where for reason in effect.reasons if reason.code in UNREAD_ROLE}
    return tuple(sorted(roles | ({wanted} if wanted and wanted not in READS else set())))


def lacking(role: str, permissions_of: Mapping[str, Allowed]) -> tuple[str, ...]:
    """Return what of listing and reading a role is known not to allow."""
    known = READS.get(role, permissions_of.get(role, ""))
    return () if isinstance(known, str) else tuple(action for action in (LIST, GET) if action not in known)


def too_narrow(
    policy: JsonObject,
    wanted: Grant,
    bucket: str,
    folder: str,
    *,
    now: datetime,
    permissions_of: Mapping[str, Allowed] = MappingProxyType({}),
) -> str:
    """Return what the role of a grant lacks, where nothing makes up for that, as a clause; empty if unknown."""
    lacks = lacking(wanted.role, permissions_of)
    bindings = plan_policy(policy, wanted, present=True).policy.get("bindings") or ()
    after = may_read(bindings, wanted.member, bucket, folder, now=now, permissions_of=permissions_of)
    if not lacks or after.answer is not Answer.NO:
        return ""
    return f"{wanted.role} does not allow {' and '.join(lacks)}, and nothing else on the bucket {bucket} does"


def _no_grant(member: str, bucket: str) -> Reason:
    text = f"nothing on the bucket {bucket} lets {member} read, and a grant on its project would not be seen from here"
    return Reason("no_grant_on_bucket", text, resource=f"gs://{bucket}")


def because(effect: Effect) -> str:
    """Return the reasons as the end of a sentence, without its full stop; of very many, the first."""
    texts = list(dict.fromkeys(reason.text for reason in effect.reasons))
    more = f"; and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return "; ".join(texts[:_MOST]) + more
