# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about grants in Google Cloud Storage. Workspaces of one group in one bucket share a grant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...module_utils._errors import OnrampError
from ...module_utils._fivetran.client import JsonObject
from ...module_utils._storage.gcs_iam import NEXT_STEPS
from ...module_utils._storage.gcs_member import wanted_grant
from ...module_utils._storage.gcs_policy import Grant, plan
from ...module_utils._storage.gcs_preflight import Bucket, Wish, findings
from . import asked, look
from .drafts import Draft, Situation, joined
from .identity import buckets_named, folder_read, folders_read
from .plan import Action, Change, Reason, RoleWork


@dataclass(frozen=True)
class Prepared:
    """A workspace whose bucket could be looked at, and the grant that it needs."""

    draft: Draft
    bucket: Bucket
    wanted: Grant


def prepare_gcs(situation: Situation, drafts: Iterable[Draft]) -> list[Prepared]:
    """Return what is known of the playing workspaces in Google Cloud Storage; of the others, note why not."""
    prepared = []
    for draft in drafts:
        settings, member = draft.settings, draft.group.service_account if draft.group else ""
        if not member:
            # Why it is not known is told of the group.
            continue
        try:
            bucket = situation.seen.of(look.gcs_bucket(settings))
            wanted = wanted_grant(asked.gcs_bucket_params(settings, situation.limits.as_params(), member))
        except OnrampError as error:
            draft.failure("access", error)
            continue
        if bucket.policy is None and bucket.exists is not False:
            _cannot_be_read(draft)
        prepared.append(Prepared(draft, bucket, wanted))
    return prepared


def decide_gcs(situation: Situation, prepared: Iterable[Prepared]) -> None:
    """Decide for the playing workspaces in Google Cloud Storage."""
    sharing: dict[tuple[str, Grant], list[Draft]] = {}
    for known in prepared:
        decided = _decide(situation, known)
        if decided is not None:
            sharing.setdefault((known.bucket.name, decided), []).append(known.draft)
    for members in sharing.values():
        _share(situation, members)


def _decide(situation: Situation, known: Prepared) -> Grant | None:
    """Note what happens to the grant of one workspace; return the grant if there is something to do."""
    draft, bucket, wanted = known.draft, known.bucket, known.wanted
    if situation.purpose.removes:
        return _leave(draft, bucket, wanted)
    _preflight(draft, bucket, wanted)
    if bucket.policy is None:
        return None
    change = plan(bucket.policy, wanted, present=True)
    _note(draft, wanted, Action.CREATE if change.changed else Action.NONE, change.before, change.after)
    return wanted if change.changed else None


def _preflight(draft: Draft, bucket: Bucket, wanted: Grant) -> None:
    preflight = draft.settings.roles["gcs_access"]["preflight"]
    wish = Wish(member=wanted.member, conditional=wanted.condition is not None)
    for finding in findings(bucket, wish):
        # Without a bucket there is nothing to grant, whatever is looked at before.
        if finding.severity == "error" and (preflight == "fail" or finding.code == "bucket_missing"):
            draft.problem("access", finding.code, finding.message, finding.remedy)
        elif preflight != "skip" and finding.severity == "info":
            draft.notice("access", "info", finding.code, finding.message, finding.remedy)
        elif preflight != "skip":
            draft.warning("access", finding.code, finding.message, finding.remedy)


def _cannot_be_read(draft: Draft) -> None:
    draft.problem(
        "access",
        "policy_not_readable",
        f"The IAM policy of bucket {draft.settings.bucket} cannot be read with these credentials.",
        NEXT_STEPS[403],
    )
    draft.incomplete.append("access")


def _leave(draft: Draft, bucket: Bucket, wanted: Grant) -> Grant | None:
    settings = draft.settings
    if bucket.exists is False:
        message = f"There is no bucket {settings.bucket!r}, so there is no grant to remove either. Check the name."
        draft.warning("access", "bucket_missing", message)
        return None
    if bucket.policy is None:
        return None
    _name_another_bucket(draft)
    readers = _who_still_reads(draft, wanted)
    if readers:
        draft.notice(
            "access",
            "info",
            "grant_still_needed",
            f"The grant on gs://{settings.bucket} stays, because it is also used by {joined(readers)}.",
        )
        _note(draft, wanted, Action.NONE, (), (), needed_by=tuple(readers))
        return None
    change = plan(bucket.policy, wanted, present=False)
    _note(draft, wanted, Action.DELETE if change.changed else Action.NONE, change.before, change.after, removes=True)
    return wanted if change.changed else None


def _name_another_bucket(draft: Draft) -> None:
    """Tell of the bucket that the connection reads, where the inventory has moved on to another one."""
    stored = folder_read(draft.own_row) if draft.own_row else None
    if stored and stored[0] == "gcs" and stored[1] != draft.settings.bucket:
        draft.warning(
            "access",
            "grant_elsewhere",
            f"currents_bucket: the connection reads gs://{stored[1]}, and the inventory names {draft.settings.bucket}."
            f" The grant on gs://{stored[1]} stays.",
            f"To take it away as well, set currents_bucket: {stored[1]} and run offboard.yml again.",
        )


def _who_still_reads(draft: Draft, wanted: Grant) -> list[str]:
    """Return the schemas of other connections of the group that need the grant."""
    bucket, prefix = draft.settings.bucket, draft.settings.prefix
    # Only of the condition that is made here it is known what it lets through.
    is_narrow = wanted.condition is not None and draft.settings.roles["gcs_access"]["scope"] == "prefix"
    return sorted(
        str(row.get("schema"))
        for row in draft.staying
        if bucket in buckets_named(row) and not (is_narrow and _reads_elsewhere(row, bucket, prefix))
    )


def _reads_elsewhere(row: JsonObject, bucket: str, prefix: str) -> bool:
    """Tell whether a connection reads other folders of the bucket only; that is known of Braze's own only."""
    read = [folder for storage, name, folder in folders_read(row) if (storage, name) == ("gcs", bucket)]
    return bool(read) and not any(_overlap(folder, prefix) for folder in read)


def _overlap(one: str, other: str) -> bool:
    """Tell whether one of two folders lies in the other; the root holds all."""
    return f"{other}/".startswith(f"{one}/" if one else "") or f"{one}/".startswith(f"{other}/" if other else "")


def _note(
    draft: Draft,
    wanted: Grant,
    action: Action,
    before: tuple[str, ...],
    after: tuple[str, ...],
    *,
    removes: bool = False,
    needed_by: tuple[str, ...] = (),
) -> None:
    bucket = draft.settings.bucket
    reasons = {
        Action.CREATE: Reason.MISSING,
        Action.DELETE: Reason.NOT_NEEDED,
        Action.NONE: Reason.STILL_NEEDED if needed_by else Reason.GONE if removes else Reason.AS_WANTED,
    }
    grant = {"bucket": bucket, **wanted.as_json()}
    draft.seen["grant"] = {"changed": action is not Action.NONE, "grant": None if removes else grant}
    draft.changes.append(
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


def _share(situation: Situation, members: list[Draft]) -> None:
    """Let the first workspace that has passed its checks do it for all."""
    able = [draft for draft in members if not draft.problems] or members
    maker, names = able[0].name, sorted(draft.name for draft in members)
    for draft in members:
        draft.access = RoleWork(maker=maker, state="absent" if situation.purpose.removes else "present")
        others = tuple(name for name in names if name != draft.name)
        made_by = maker if maker != draft.name else ""
        draft.changes = [
            Change(**{**vars(change), "shared_with": others, "made_by": made_by}) if change.kind == "grant" else change
            for change in draft.changes
        ]
