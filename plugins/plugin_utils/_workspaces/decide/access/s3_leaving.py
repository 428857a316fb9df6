# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what is taken away of a policy and a role, once workspaces leave them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .....module_utils._aws.access.documents import granted_buckets
from .....module_utils._aws.access.model import NOTHING, AccessPlan, Actual, DesiredAccess
from .....module_utils._aws.access.removal import plan_absent
from .....module_utils._fivetran.client import JsonObject
from ...._words import joined
from ...model.plan import RoleWork
from ..drafts import Draft, Situation
from ..elsewhere import note_other_names
from ..identity import buckets_named
from ..part import SOMEBODY, note_kept
from .s3_needs import adopts, granted_lately, needed_buckets, note_what_is_granted_lately, rows_of_the_role
from .s3_sharing import SharedRole
from .s3_steps import note_steps


def decide_absent(situation: Situation, role: SharedRole) -> None:
    """Take away what nobody needs once the playing workspaces have left; who is refused does not leave."""
    leaving = [draft for draft in role.members if not draft.problems]
    if leaving and situation.is_part:
        _keep(situation, role, leaving)
    elif leaving:
        _take_away(situation, role, leaving)


def _take_away(situation: Situation, role: SharedRole, leaving: Sequence[Draft]) -> None:
    staying = rows_of_the_role(situation, role)
    # What the connections read, also those that this run has deleted: the inventory may have moved on since.
    stored = {text for draft in leaving if draft.own_row for text in buckets_named(draft.own_row)}
    stored |= {str(bucket) for draft in leaving for bucket in situation.buckets_left.get(draft.name) or ()}

    def plan(
        actual: Actual, desired_of: Callable[[Iterable[str]], DesiredAccess]
    ) -> tuple[DesiredAccess, AccessPlan, RoleWork]:
        granted = set(granted_buckets(actual.policy.document)) if actual.policy else set()
        # What nobody names any more goes, too: the inventory has moved on, and its connection may be deleted already.
        still_named = (
            needed_buckets(situation, role, sorted(granted)) | {draft.settings.bucket for draft in leaving} | stored
        )
        fresh = granted_lately(actual, still_named)
        forgotten = granted - still_named - set(fresh)
        named = {draft.settings.bucket for draft in leaving} | (granted & stored) | forgotten
        # Who names the role by its ARN may read anything through it.
        by_arn = _schemas_naming(staying, actual.role.arn) if actual.role else []
        needed = {
            bucket: sorted({*_schemas_naming(staying, bucket), *(by_arn if bucket in granted else ())})
            for bucket in named | granted
        }
        released = tuple(sorted(bucket for bucket in named if not needed[bucket]))
        stays = sorted(bucket for bucket in granted if needed[bucket])
        needed_by = tuple(sorted({schema for bucket in stays for schema in needed[bucket]}))
        if actual.role is None and actual.policy is None:
            note_other_names(leaving, role.name)
        for draft in leaving:
            _note_what_stays(draft, role, stays, needed_by)
            note_what_is_granted_lately(draft, role, fresh)
        adopt = adopts(leaving)
        work = RoleWork(leaving[0].name, state="absent", buckets=released, adopt=adopt, needed_by=needed_by)
        desired = desired_of(released or named)
        if not released:
            return desired, AccessPlan(policy=NOTHING, role=NOTHING), work
        return desired, plan_absent(desired, actual, adopt=adopt), work

    note_steps(situation, role, leaving, plan)


def _keep(situation: Situation, role: SharedRole, leaving: Sequence[Draft]) -> None:
    """Leave policy and role as they are: who else reads with them is not known."""

    def plan(
        actual: Actual, desired_of: Callable[[Iterable[str]], DesiredAccess]
    ) -> tuple[DesiredAccess, AccessPlan, RoleWork]:
        is_there = actual.role is not None or actual.policy is not None
        for draft in leaving if is_there else ():
            note_kept(draft, f"The IAM role {role.name}")
        work = RoleWork(state="absent", needed_by=SOMEBODY if is_there else ())
        desired = desired_of({draft.settings.bucket for draft in leaving})
        return desired, AccessPlan(policy=NOTHING, role=NOTHING), work

    note_steps(situation, role, leaving, plan)


def _schemas_naming(rows: Iterable[JsonObject], name: str) -> list[str]:
    """Return the connections that name a bucket, or a role."""
    return sorted(str(row.get("schema")) for row in rows if name in buckets_named(row))


def _note_what_stays(draft: Draft, role: SharedRole, buckets: Sequence[str], schemas: Sequence[str]) -> None:
    if buckets:
        draft.notice(
            "access",
            "info",
            "role_still_needed",
            f"The IAM role {role.name} can still read {joined(buckets)}, because other connections of the group use it:"
            f" {joined(schemas)}.",
        )
