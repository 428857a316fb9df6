# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The grant of one workspace on its bucket in Google Cloud Storage: what is known, and how a decision is noted."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .....module_utils._fivetran.client import JsonObject
from .....module_utils._fivetran.sync.last_sync import LastSync
from .....module_utils._google.effect.effect import judge_access
from .....module_utils._google.effect.question import Allowed
from .....module_utils._google.policy import Grant, plan_policy
from .....module_utils._google.preflight import GcsBucket
from ...model.plan import Action, Change, ChangeReason
from ..drafts import Draft
from ..identity import folder_read


@dataclass(frozen=True)
class Prepared:
    """A workspace whose bucket could be looked at, and the grant that it needs.

    ``allowed``: what roles allow without which nobody could tell what Fivetran may do.
    """

    draft: Draft
    bucket: GcsBucket
    wanted: Grant
    allowed: Mapping[str, Allowed]

    @property
    def place(self) -> str:
        """The folder that Fivetran is to read, as a person writes it."""
        return "/".join(filter(None, (f"gs://{self.bucket.name}", self.draft.settings.prefix)))


def is_managed(draft: Draft) -> bool:
    return bool(draft.settings.roles["gcs_access"]["manage"])


def is_connected(draft: Draft) -> bool:
    """Tell whether Fivetran itself says that the workspace's connection reads this folder."""
    settings, row = draft.settings, draft.own_row
    status = (row or {}).get("status")
    setup_state = status.get("setup_state") if isinstance(status, dict) else None
    is_here = row is not None and folder_read(row) == ("gcs", settings.bucket, settings.prefix)
    # A sync that has failed since leaves nothing proved.
    has_failed = row is not None and LastSync.of(row).outcome == "failed"
    return is_here and str(setup_state).lower() == "connected" and not has_failed


def note_grant(
    known: Prepared,
    grant: Grant,
    action: Action,
    *,
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    removes: bool = False,
    is_there: bool = True,
    needed_by: tuple[str, ...] = (),
) -> None:
    """Note what happens to the grant. ``is_there``: whether it is seen, where nothing happens to it."""
    kept = ChangeReason.STILL_NEEDED if needed_by else ChangeReason.GONE if removes else ChangeReason.AS_WANTED
    reasons = {
        Action.CREATE: ChangeReason.MISSING,
        Action.DELETE: ChangeReason.NOT_NEEDED,
        Action.NONE: kept if is_there else ChangeReason.MISSING,
    }
    bucket = known.bucket.name
    shown = {"bucket": bucket, **grant.as_json()}
    changed = action is not Action.NONE or not is_there
    known.draft.seen["grant"] = {"changed": changed, "grant": None if removes else shown}
    if not (removes or needed_by):
        known.draft.seen["grant"]["effect"] = _effect_after(known, action)
    known.draft.changes.append(
        Change(
            kind="grant",
            name=f"gs://{bucket}",
            action=action,
            reason=reasons[action],
            before={"grants": list(before)} if before else {},
            after={"grants": list(after)} if after else {},
            needed_by=needed_by,
        )
    )


def _effect_after(known: Prepared, action: Action) -> JsonObject:
    """Return what Fivetran may do once the grant is as wanted, for the report."""
    policy = known.bucket.policy or {}
    after = plan_policy(policy, known.wanted, present=True).policy if action is Action.CREATE else policy
    bindings = after.get("bindings") or ()
    where = (known.bucket.name, known.draft.settings.prefix)
    judged = judge_access(bindings, known.wanted.member, *where, now=datetime.now(UTC), permissions_of=known.allowed)
    return judged.effect.as_json()
