# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a grant is needed, may be added, or a person is asked."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ..._bucket.effect import Answer
from ..policy import Grant, JsonObject, plan_policy, same_member
from .effect import HeldAccess, judge_access
from .question import VIEWER, Allowed


class Decision(StrEnum):
    """What is done about a grant that is wanted."""

    # Exactly this grant is there.
    THERE = "there"
    # Something else suffices, and stays as it is.
    ADOPT = "adopt"
    # Nobody can tell from here, and Fivetran itself says that it can read.
    TRUST = "trust"
    # It is granted.
    ADD = "add"
    # To grant it might give more than somebody has decided, so that a person is asked.
    ASK = "ask"


def decide(
    policy: JsonObject,
    wanted: Grant,
    bucket: str,
    folder: str,
    *,
    now: datetime,
    connected: bool = False,
    permissions_of: Mapping[str, Allowed] = MappingProxyType({}),
) -> tuple[Decision, HeldAccess]:
    """Return what is done so that ``folder`` can be read, and what there is now.

    ``connected``: the vendor that reads says itself that it can. ``permissions_of``: see :func:`may_read`.
    """
    bindings = policy.get("bindings") or ()
    access = judge_access(bindings, wanted.member, bucket, folder, now=now, permissions_of=permissions_of)
    if not plan_policy(policy, wanted, present=True).changed:
        return Decision.THERE, access
    if access.effect.answer is Answer.NO or _is_to_be_narrowed(policy, wanted):
        return Decision.ADD, access
    if access.effect.answer is Answer.YES:
        return Decision.ADOPT, access
    if connected:
        return Decision.TRUST, access
    return Decision.ASK if _widens(wanted, access.by) else Decision.ADD, access


def _is_to_be_narrowed(policy: JsonObject, wanted: Grant) -> bool:
    """Tell whether the grant is there without the condition that somebody has asked for."""
    return (
        wanted.condition is not None and not plan_policy(policy, replace(wanted, condition=None), present=True).changed
    )


def _widens(wanted: Grant, unclear: Iterable[Grant]) -> bool:
    """Tell whether a grant may give the member more than its own unclear grants do, without anybody's asking for that.

    A condition, and a role other than the guide's, are never there by default: then somebody has asked.
    """
    own = [grant for grant in unclear if same_member(grant.member, wanted.member)]
    if wanted.condition is not None:
        return False
    return any(grant.condition is not None or wanted.role == VIEWER for grant in own)
