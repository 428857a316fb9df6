# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what happens to the grant of a workspace that is taken away."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from .....module_utils._fivetran.client import JsonObject
from .....module_utils._google.policy import Grant, grants, plan_policy, same_member
from .....module_utils._kernel.secrets.shown import quoted
from ...._words import joined
from ...model.plan import Action
from ..drafts import Situation
from ..part import SOMEBODY, note_kept
from .gcs_grant import Prepared, is_managed, note_grant
from .gcs_together import SameReader, who_may_read, who_still_reads


def leave(situation: Situation, known: Prepared, together: SameReader) -> Grant | None:
    draft, wanted, policy = known.draft, known.wanted, known.bucket.policy
    if known.bucket.exists is False:
        message = (
            f"There is no bucket {quoted(known.bucket.name)}, so there is no grant to remove either. Check the name."
        )
        draft.warning("access", "bucket_missing", message)
        return None
    if not is_managed(draft):
        message = f"gcs_access_manage: what lets Fivetran read gs://{known.bucket.name} is somebody else's, and stays."
        draft.notice("access", "info", "grant_kept", message)
        return None
    if policy is None:
        return None
    if situation.is_part:
        _keep(known, policy)
        return None
    readers = sorted({*who_still_reads(known, together), *who_may_read(situation, known, together)})
    if readers:
        draft.notice(
            "access",
            "info",
            "grant_still_needed",
            f"The grant on gs://{known.bucket.name} stays, because it is also used by {joined(readers)}.",
        )
        note_grant(known, wanted, Action.NONE, needed_by=tuple(readers))
        return None
    if known.bucket.name not in together.staying:
        _name_what_is_kept(known, together)
    change = plan_policy(policy, wanted, present=False)
    note_grant(known, wanted, Action.DELETE if change.changed else Action.NONE, before=change.before, removes=True)
    return wanted if change.changed else None


def _keep(known: Prepared, policy: JsonObject) -> None:
    """Leave the grant as it is: who else reads with it is not known."""
    is_there = plan_policy(policy, known.wanted, present=False).changed
    if is_there:
        note_kept(known.draft, f"The grant on gs://{known.bucket.name}")
    note_grant(known, known.wanted, Action.NONE, removes=True, needed_by=SOMEBODY if is_there else ())


def _name_what_is_kept(known: Prepared, together: SameReader) -> None:
    """Tell what else the service account holds: a grant bears no mark of who has made it.

    What another workspace that leaves was granted is told of that one.
    """
    member = known.wanted.member
    policy = known.bucket.policy or {}
    kept = [
        grant.line()
        for grant in grants(policy)
        if same_member(grant.member, member) and (known.bucket.name, grant.role, grant.condition) not in together.wanted
    ]
    if kept:
        known.draft.warning(
            "access",
            "grant_kept",
            f"What else {member} holds on gs://{known.bucket.name} stays, because these settings would not have granted"
            f" it: {'; '.join(kept)}.",
            "If nobody needs it any more, the person who granted it can take it away.",
        )
