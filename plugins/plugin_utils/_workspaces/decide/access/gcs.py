# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about grants in Google Cloud Storage. Workspaces of one group in one bucket share a grant.

Access is judged by its effect: what lets Fivetran read is adopted as it is. A grant bears no mark of who has made it,
so only the very grant that the settings would make is taken away, and only where nobody else may need it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .....module_utils._bucket.effect import Answer
from .....module_utils._fivetran.client import JsonObject
from .....module_utils._fivetran.sync.last_sync import LastSync
from .....module_utils._google.effect.decision import Decision, decide
from .....module_utils._google.effect.effect import VIEWER, Access, Allowed, because, judge, roles_in_doubt, too_narrow
from .....module_utils._google.iam import NEXT_STEPS
from .....module_utils._google.member import wanted_grant
from .....module_utils._google.policy import Grant, grants, plan, same_member
from .....module_utils._google.preflight import Bucket, Wish, findings
from .....module_utils._kernel.errors import OnrampError
from .....module_utils._kernel.secrets.shown import quoted
from ...._settings.settings import Settings
from ...._words import joined
from ...look import asked, look
from ...look.proof import proof, proved
from ...part import SOMEBODY, note_kept
from ...plan import Action, Change, Group, Reason, RoleWork, all_but, first_names
from ..drafts import Draft, Situation
from ..identity import buckets_named, folder_read, folders_read


@dataclass(frozen=True)
class Prepared:
    """A workspace whose bucket could be looked at, and the grant that it needs.

    ``allowed``: what roles allow without which nobody could tell what Fivetran may do.
    """

    draft: Draft
    bucket: Bucket
    wanted: Grant
    allowed: Mapping[str, Allowed]

    @property
    def place(self) -> str:
        """The folder that Fivetran shall read, as a person writes it."""
        return "/".join(filter(None, (f"gs://{self.bucket.name}", self.draft.settings.prefix)))


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
        prepared.append(Prepared(draft, bucket, wanted, _allowed(situation, draft.settings, bucket, wanted)))
    return prepared


def _allowed(situation: Situation, settings: Settings, bucket: Bucket, wanted: Grant) -> dict[str, Allowed]:
    """Return what was seen of the roles that decide."""
    bindings = (bucket.policy or {}).get("bindings") or ()
    roles = roles_in_doubt(
        bindings, wanted.member, bucket.name, settings.prefix, now=datetime.now(UTC), wanted=wanted.role
    )
    questions = {role: look.gcs_role(settings, role) for role in roles}
    return {role: situation.seen.of(question) for role, question in questions.items() if situation.seen.has(question)}


def decide_gcs(situation: Situation, prepared: Iterable[Prepared]) -> None:
    """Decide for the playing workspaces in Google Cloud Storage."""
    everybody = list(prepared)
    sharing: dict[tuple[str, Grant], list[Draft]] = {}
    together = _together(situation, everybody) if situation.purpose.removes else {}
    for known in everybody:
        decided = _leave(situation, known, together[_who(known)]) if together else _decide(situation, known)
        if decided is not None:
            sharing.setdefault((known.bucket.name, decided), []).append(known.draft)
    for members in sharing.values():
        _share(situation, members)


def _is_managed(draft: Draft) -> bool:
    return bool(draft.settings.roles["gcs_access"]["manage"])


def _cannot_be_read(draft: Draft) -> None:
    message = f"The IAM policy of bucket {draft.settings.bucket} cannot be read with these credentials."
    if _is_managed(draft):
        draft.problem("access", "policy_not_readable", message, NEXT_STEPS[403])
        draft.incomplete.append("access")
    else:
        draft.unverified.append(message)


# Present


def _decide(situation: Situation, known: Prepared) -> Grant | None:
    """Note what happens to the grant of one workspace; return the grant if there is something to do."""
    _preflight(known)
    if known.bucket.policy is None:
        return None
    note, held = _course(situation, known, known.bucket.policy)
    if note in (_add, _stays):
        _tell_what_the_role_lacks(known, known.bucket.policy, is_new=note is _add)
    note(known, held)
    return known.wanted if note is _add else None


# Notes what happens to a grant, out of what is known and of what Fivetran may do now.
Note = Callable[[Prepared, Access], None]


def _course(situation: Situation, known: Prepared, policy: JsonObject) -> tuple[Note, Access]:
    """Return what happens, and what Fivetran may do now."""
    draft = known.draft
    place = known.bucket.name, draft.settings.prefix
    decision, held = decide(
        policy,
        known.wanted,
        *place,
        now=datetime.now(UTC),
        connected=_is_connected(draft),
        permissions_of=known.allowed,
    )
    if decision is Decision.THERE:
        return _stays, held
    if not _is_managed(draft):
        return _MANAGED_BY_OTHERS[held.effect.answer], held
    if draft.settings.roles["gcs_access"]["sufficient"] == "exact":
        return _add, held
    if situation.purpose.tells_findings and decision in (Decision.ADD, Decision.ASK):
        return _found(draft, held), held
    return _COURSES[decision], held


def _found(draft: Draft, held: Access) -> Note:
    """Return what is told of a grant that is not there: what is unknown, or out of sight, is not called missing."""
    if held.effect.answer is Answer.UNKNOWN:
        return _trust
    return _not_visible if held.effect.answer is Answer.NO and _is_connected(draft) else _add


def _is_connected(draft: Draft) -> bool:
    """Tell whether Fivetran itself says that the workspace's connection reads this folder."""
    settings, row = draft.settings, draft.own_row
    status = (row or {}).get("status")
    setup_state = status.get("setup_state") if isinstance(status, dict) else None
    is_here = row is not None and folder_read(row) == ("gcs", settings.bucket, settings.prefix)
    # A sync that has failed since leaves nothing proved.
    has_failed = row is not None and LastSync.of(row).outcome == "failed"
    return is_here and str(setup_state).lower() == "connected" and not has_failed


def _preflight(known: Prepared) -> None:
    draft = known.draft
    preflight = draft.settings.roles["gcs_access"]["preflight"]
    wish = Wish(member=known.wanted.member, conditional=known.wanted.condition is not None and _is_managed(draft))
    for finding in findings(known.bucket, wish):
        # Without a bucket there is nothing to grant, whatever is looked at before.
        if finding.severity == "error" and (preflight == "fail" or finding.code == "bucket_missing"):
            draft.problem("access", finding.code, finding.message, finding.remedy)
        elif preflight != "skip" and finding.severity == "info":
            draft.notice("access", "info", finding.code, finding.message, finding.remedy)
        elif preflight != "skip":
            draft.warning("access", finding.code, finding.message, finding.remedy)


def _tell_what_the_role_lacks(known: Prepared, policy: JsonObject, *, is_new: bool) -> None:
    """Tell that the role of the settings does not let Fivetran read, before it is granted in vain."""
    draft = known.draft
    preflight = draft.settings.roles["gcs_access"]["preflight"]
    place = known.bucket.name, draft.settings.prefix
    lacking = too_narrow(policy, known.wanted, *place, now=datetime.now(UTC), permissions_of=known.allowed)
    if not lacking or preflight == "skip":
        return
    message = f"gcs_access_role: {lacking}, so that Fivetran may not read {known.place}."
    remedy = f"Add that to the role, or set gcs_access_role: {VIEWER}."
    if preflight == "fail" and is_new and not _is_connected(draft):
        remedy = f"{remedy} If it is granted on the project, set gcs_access_preflight: warn."
        draft.problem("access", "grant_too_narrow", message, remedy)
    else:
        draft.warning("access", "grant_too_narrow", message, remedy)


def _add(known: Prepared, _held: Access) -> None:
    _note(known, known.wanted, Action.CREATE, after=(known.wanted.line(),))


def _stays(known: Prepared, _held: Access) -> None:
    _note(known, known.wanted, Action.NONE)


def _adopt(known: Prepared, held: Access) -> None:
    """Note that something else suffices."""
    message = f"Fivetran may read {known.place} already: {because(held.effect)}. That stays as it is."
    known.draft.notice("access", "info", "grant_adopted", message)
    ending = [reason.text for reason in held.effect.reasons if reason.code == "expires"]
    if ending:
        message = f"What lets Fivetran read {known.place} is for a while only: {'; '.join(ending)}."
        known.draft.warning("access", "grant_expires", message, "Prolong it, or grant it for good, before it ends.")
    _note(known, _closest(known, held), Action.NONE)


def _closest(known: Prepared, held: Access) -> Grant:
    """Return which of the grants that an answer rests on is told: rather the service account's own."""
    return min(held.by, key=lambda grant: not same_member(grant.member, known.wanted.member))


def _trust(known: Prepared, held: Access) -> None:
    """Note that nobody can tell from here."""
    by = proof(known.draft.own_row)
    who = proved("it can", by) if by else ""
    message = f"Whether Fivetran may read {known.place} cannot be told from here: {because(held.effect)}."
    known.draft.unverified.append(f"{message} {who}".strip())
    known.draft.notice("access", "info", "grant_undecided", message, who)
    _note(known, _closest(known, held), Action.NONE)


def _ask(known: Prepared, held: Access) -> None:
    """Note that a person has to decide, because the grant may give more than somebody has decided."""
    own = [grant for grant in held.by if same_member(grant.member, known.wanted.member)]
    roles = [grant.role for grant in own if grant.condition is None]
    role = f", or gcs_access_role: {roles[0]}, with which offboarding takes it away" if roles else ""
    narrow = " To grant the folder only, set gcs_access_scope: prefix." if known.draft.settings.prefix else ""
    known.draft.problem(
        "access",
        "grant_undecided",
        f"Whether Fivetran may read {known.place} cannot be told from here: {because(held.effect)}.",
        f"To rely on what is there, set gcs_access_manage: false{role}.{narrow} To grant {known.wanted.role} on the"
        " whole bucket beside it, set gcs_access_sufficient: exact. Nothing was changed.",
    )


def _not_visible(known: Prepared, held: Access) -> None:
    """Note that there is no grant, while Fivetran says that it can read: it may be granted where nobody sees it."""
    known.draft.notice(
        "access",
        "error",
        "grant_not_visible",
        f"The grant of {known.wanted.role} on gs://{known.bucket.name} is not visible from here:"
        f" {because(held.effect)}. Fivetran said when it looked last that the connection is connected.",
        "If it is granted on the project, set gcs_access_manage: false. If not, run onboard.yml.",
        field="grant",
    )
    _note(known, known.wanted, Action.NONE, is_there=False)


def _of_somebody_else(known: Prepared, held: Access) -> None:
    """Note that nothing can be seen of a grant that is somebody else's."""
    draft, preflight = known.draft, known.draft.settings.roles["gcs_access"]["preflight"]
    message = (
        f"gcs_access_manage: the grant on gs://{known.bucket.name} is somebody else's, and it is not visible from here:"
        f" {because(held.effect)}."
    )
    remedy = f"Have {VIEWER} granted to {known.wanted.member}, or set gcs_access_manage: true."
    if preflight == "fail" and not _is_connected(draft):
        remedy = f"{remedy} If it is granted on the project, set gcs_access_preflight: warn."
        draft.problem("access", "grant_not_visible", message, remedy)
    elif preflight != "skip":
        draft.warning("access", "grant_not_visible", message, remedy)


_COURSES: Mapping[Decision, Note] = {
    Decision.THERE: _stays,
    Decision.ADOPT: _adopt,
    Decision.TRUST: _trust,
    Decision.ADD: _add,
    Decision.ASK: _ask,
}
_MANAGED_BY_OTHERS: Mapping[Answer, Note] = {
    Answer.YES: _adopt,
    Answer.UNKNOWN: _trust,
    Answer.NO: _of_somebody_else,
}


# Absent


def _leave(situation: Situation, known: Prepared, together: _Together) -> Grant | None:
    draft, wanted, policy = known.draft, known.wanted, known.bucket.policy
    if known.bucket.exists is False:
        message = (
            f"There is no bucket {quoted(known.bucket.name)}, so there is no grant to remove either. Check the name."
        )
        draft.warning("access", "bucket_missing", message)
        return None
    if not _is_managed(draft):
        message = f"gcs_access_manage: what lets Fivetran read gs://{known.bucket.name} is somebody else's, and stays."
        draft.notice("access", "info", "grant_kept", message)
        return None
    if policy is None:
        return None
    if situation.is_part:
        _keep(known, policy)
        return None
    _name_another_bucket(draft)
    readers = sorted({*_who_still_reads(known, together), *_who_may_read(situation, known, together)})
    if readers:
        draft.notice(
            "access",
            "info",
            "grant_still_needed",
            f"The grant on gs://{known.bucket.name} stays, because it is also used by {joined(readers)}.",
        )
        _note(known, wanted, Action.NONE, needed_by=tuple(readers))
        return None
    if known.bucket.name not in together.staying:
        _name_what_is_kept(known)
    change = plan(policy, wanted, present=False)
    _note(known, wanted, Action.DELETE if change.changed else Action.NONE, before=change.before, removes=True)
    return wanted if change.changed else None


def _keep(known: Prepared, policy: JsonObject) -> None:
    """Leave the grant as it is: who else reads with it is not known."""
    is_there = plan(policy, known.wanted, present=False).changed
    if is_there:
        note_kept(known.draft, f"The grant on gs://{known.bucket.name}")
    _note(known, known.wanted, Action.NONE, removes=True, needed_by=SOMEBODY if is_there else ())


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


def _name_what_is_kept(known: Prepared) -> None:
    """Tell what else the service account holds: a grant bears no mark of who has made it."""
    member = known.wanted.member
    policy = known.bucket.policy or {}
    kept = [
        grant.line()
        for grant in grants(policy)
        if same_member(grant.member, member)
        and (grant.role, grant.condition) != (known.wanted.role, known.wanted.condition)
    ]
    if kept:
        known.draft.warning(
            "access",
            "grant_kept",
            f"What else {member} holds on gs://{known.bucket.name} stays, because these settings would not have granted"
            f" it: {'; '.join(kept)}.",
            "If nobody needs it any more, the person who granted it can take it away.",
        )


@dataclass(frozen=True)
class _Together:
    """Workspaces of one group, which read as one service account.

    ``staying``: the connections of the group that stay, by each text that may be the name of a bucket; each key may see
    others of them. ``unseen``: who may have a connection that nobody of this run can see.
    """

    staying: Mapping[str, Sequence[JsonObject]]
    unseen: Sequence[Settings]


_Who = tuple[str, Group | None]


def _who(known: Prepared) -> _Who:
    return known.wanted.member, known.draft.group


def _together(situation: Situation, everybody: Iterable[Prepared]) -> dict[_Who, _Together]:
    """Return those who belong together, worked out once for all of them."""
    members: dict[_Who, list[Draft]] = {}
    for known in everybody:
        members.setdefault(_who(known), []).append(known.draft)
    return {who: _of_group(situation, drafts) for who, drafts in members.items()}


def _of_group(situation: Situation, drafts: Sequence[Draft]) -> _Together:
    listings = {id(draft.staying): draft.staying for draft in drafts}
    rows = {(row.get("id"), row.get("schema")): row for listing in listings.values() for row in listing}
    staying: dict[str, list[JsonObject]] = {}
    for row in rows.values():
        for text in buckets_named(row):
            staying.setdefault(text, []).append(row)
    answers = {id(draft.rows): draft.rows or () for draft in drafts}
    listed = {row.get("schema") for answer in answers.values() for row in answer}
    seeing = {look.credentials(draft.settings) for draft in drafts}
    unseen = [
        entry
        for entry in situation.readable
        if look.credentials(entry) not in seeing and entry.fivetran_schema not in listed
    ]
    return _Together(staying, unseen)


def _who_still_reads(known: Prepared, together: _Together) -> Iterator[str]:
    """Yield the schemas of other connections of the group that need the grant."""
    bucket, prefix = known.bucket.name, known.draft.settings.prefix
    narrow = _is_narrow(known)
    return (
        str(row.get("schema"))
        for row in together.staying.get(bucket, ())
        if not (narrow and _reads_elsewhere(row, bucket, prefix))
    )


def _who_may_read(situation: Situation, known: Prepared, together: _Together) -> Iterator[str]:
    """Yield the workspaces that may need the grant for a connection that nobody of this run can see."""
    return (entry.name for entry in together.unseen if _needs_it(situation, known, entry))


def _needs_it(situation: Situation, known: Prepared, entry: Settings) -> bool:
    group = known.draft.group
    is_here = (entry.storage, entry.bucket) == ("gcs", known.bucket.name)
    apart = _is_narrow(known) and not _overlap(entry.prefix, known.draft.settings.prefix)
    return is_here and not apart and group is not None and situation.may_be_of_group(entry, group)


def _is_narrow(known: Prepared) -> bool:
    # Only of the condition that is made here it is known what it lets through.
    return known.wanted.condition is not None and known.draft.settings.roles["gcs_access"]["scope"] == "prefix"


def _reads_elsewhere(row: JsonObject, bucket: str, prefix: str) -> bool:
    """Tell whether a connection reads other folders of the bucket only; that is known of Braze's own only."""
    read = [folder for storage, name, folder in folders_read(row) if (storage, name) == ("gcs", bucket)]
    return bool(read) and not any(_overlap(folder, prefix) for folder in read)


def _overlap(one: str, other: str) -> bool:
    """Tell whether one of two folders lies in the other; the root holds all."""
    return f"{other}/".startswith(f"{one}/" if one else "") or f"{one}/".startswith(f"{other}/" if other else "")


# Both


def _note(
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
    kept = Reason.STILL_NEEDED if needed_by else Reason.GONE if removes else Reason.AS_WANTED
    reasons = {
        Action.CREATE: Reason.MISSING,
        Action.DELETE: Reason.NOT_NEEDED,
        Action.NONE: kept if is_there else Reason.MISSING,
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
    """Return what Fivetran may do once the grant is as it shall be, for the report."""
    policy = known.bucket.policy or {}
    after = plan(policy, known.wanted, present=True).policy if action is Action.CREATE else policy
    bindings = after.get("bindings") or ()
    where = (known.bucket.name, known.draft.settings.prefix)
    judged = judge(bindings, known.wanted.member, *where, now=datetime.now(UTC), permissions_of=known.allowed)
    return judged.effect.as_json()


def _share(situation: Situation, members: list[Draft]) -> None:
    """Let the first workspace that has passed its checks do it for all."""
    able = [draft for draft in members if not draft.problems] or members
    maker, names = able[0].name, first_names(draft.name for draft in members)
    for draft in members:
        draft.access = RoleWork(maker=maker, state="absent" if situation.purpose.removes else "present")
        others = all_but(draft.name, names)
        made_by = maker if maker != draft.name else ""
        draft.changes = [
            Change(**{**vars(change), "shared_with": others, "made_by": made_by}) if change.kind == "grant" else change
            for change in draft.changes
        ]
