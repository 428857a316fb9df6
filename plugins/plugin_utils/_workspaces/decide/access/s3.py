# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about policies and roles in AWS. Workspaces of one account that name one role share it.

The policy of a role lists the buckets of the workspaces that play and have passed their checks, and keeps those that
anybody else still needs: workspaces that do not play, connections of the group, and whoever cannot be read. A role that
somebody else has made is judged for each workspace by what Fivetran can do through it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

from .....module_utils._aws.access.access import access_view, desired_from_params
from .....module_utils._aws.access.adoption import may_decrypt, plan_given, with_evidence
from .....module_utils._aws.access.documents import granted_buckets
from .....module_utils._aws.access.model import NOTHING, Actual, ActualRole, Desired, Step
from .....module_utils._aws.access.model import Plan as AccessPlan
from .....module_utils._aws.access.plan import plan_present
from .....module_utils._aws.access.removal import plan_absent
from .....module_utils._aws.bucket import Reader
from .....module_utils._aws.bucket_findings import findings as bucket_findings
from .....module_utils._aws.bucket_findings import kms_key
from .....module_utils._aws.client import Identity
from .....module_utils._fivetran.client import JsonObject
from .....module_utils._kernel.errors import InvalidArgument, OnrampError
from ...._settings.settings import Settings, Unusable
from ...._words import joined
from ...look import asked, look
from ...look.s3_doubts import note_what_forbids
from ...part import SOMEBODY, note_kept, without_loss
from ...plan import Action, Change, Reason, RoleWork, all_but, first_names
from ..drafts import Draft, Situation
from ..identity import buckets_named
from .s3_judging import (
    bucket_policies,
    is_left_alone,
    note_finding,
    note_judgement,
    place,
    places,
    role_seen,
    simulated,
)
from .s3_sharing import SharedRole, names_of, note_conflicts, role_key, shared_roles


def prepare_s3(situation: Situation, drafts: Iterable[Draft]) -> None:
    """Note for workspaces in S3 which role Fivetran assumes, what is wrong with the bucket, and who disagrees."""
    names = names_of(situation)
    for draft in drafts:
        _look_at_account_and_bucket(situation, draft)
        if not is_left_alone(situation, draft):
            note_conflicts(situation, names, draft)


def decide_s3(situation: Situation, drafts: Sequence[Draft]) -> None:
    """Decide about policies and roles of workspaces in S3."""
    decide = _decide_absent if situation.purpose.removes else _decide_present
    for draft in drafts:
        if asked.given_role(draft.settings):
            _decide_given(situation, draft)
    for role in shared_roles(situation, [draft for draft in drafts if not asked.given_role(draft.settings)]):
        decide(situation, role)


def _look_at_account_and_bucket(situation: Situation, draft: Draft) -> None:
    settings, seen = draft.settings, situation.seen
    try:
        who = seen.of(look.identity(settings))
    except OnrampError as error:
        draft.failure("access", error)
        return
    if asked.given_role(settings):
        draft.access = RoleWork(role_arn=asked.given_role(settings))
    else:
        actual = Actual()
        try:
            actual = seen.of(look.iam(settings, who.account))
            is_new = actual.role is None or draft.name in situation.roles_made
            draft.role_is_new = is_new and not situation.purpose.removes
        except OnrampError as error:
            draft.failure("access", error)
        draft.access = RoleWork(role_arn=_role_arn(settings, who, actual))
    if not situation.purpose.removes and settings.roles["s3_access"]["preflight"] != "skip":
        _judge_bucket(situation, draft, who)


def _judge_bucket(situation: Situation, draft: Draft, who: Identity) -> None:
    settings = draft.settings
    preflight = settings.roles["s3_access"]["preflight"]
    try:
        bucket = situation.seen.of(look.s3_bucket(settings, who.account))
    except OnrampError as error:
        draft.failure("access", error)
        return
    keys = tuple(settings.roles["s3_access"]["kms_key_arns"])
    role, key = role_seen(situation, settings, who.account), kms_key(bucket)
    if role is not None and key and key.startswith("arn:") and may_decrypt(role.session(), key):
        keys = (*keys, key)
    for finding in bucket_findings(bucket, Reader(draft.access.role_arn, settings.prefix), keys):
        is_softened = finding.severity == "error" and preflight != "fail"
        note_finding(draft, replace(finding, severity="warning") if is_softened else finding)


def _role_arn(settings: Settings, who: Identity, actual: Actual) -> str:
    """Return the ARN of the role that is there, or that there will be."""
    access = settings.roles["s3_access"]
    partition = access.get("partition") or who.partition
    expected = f"arn:{partition}:iam::{who.account}:role{access['path']}{access['role_name']}"
    return actual.role.arn if actual.role else expected


# Present


def _decide_present(situation: Situation, role: SharedRole) -> None:
    passing = [draft for draft in role.members if not draft.problems]
    if situation.purpose.tells_findings:
        # What is wrong elsewhere hides no difference here.
        passing = [draft for draft in role.members if not _has_access_problem(draft)]
    if not passing:
        return
    adopt = _adopts(passing)
    policies = partial(bucket_policies, situation, passing, role.account)

    def plan(actual: Actual, desired_of: Callable[[Iterable[str]], Desired]) -> tuple[Desired, AccessPlan, RoleWork]:
        granted = granted_buckets(actual.policy.document) if actual.policy else []
        needed = _needed(situation, role, granted)
        named = {draft.settings.bucket for draft in passing} | needed
        fresh = _fresh(actual, named)
        for draft in passing:
            _note_what_is_fresh(draft, role, fresh)
        buckets = tuple(sorted({*named, *fresh}))
        released = tuple(sorted(set(granted) - set(buckets)))
        desired = desired_of(buckets)
        work = RoleWork(maker=passing[0].name, buckets=buckets, released=released, adopt=adopt)
        present = partial(plan_present, desired, actual, adopt=adopt, released=released, places=places(passing))
        said = partial(simulated, situation, role.account, actual.role.arn if actual.role else "")
        planned = with_evidence(present, policies, said)
        return desired, without_loss(planned) if situation.is_part else planned, work

    _apply(situation, role, passing, plan)


def _fresh(actual: Actual, named: Collection[str]) -> list[str]:
    """Return the buckets that nobody names, and that another run may have granted for a connection yet to be made."""
    if actual.policy is None or not actual.policy.is_fresh:
        return []
    return [bucket for bucket in granted_buckets(actual.policy.document) if bucket not in named]


def _note_what_is_fresh(draft: Draft, role: SharedRole, buckets: Sequence[str]) -> None:
    if buckets:
        draft.notice(
            "access",
            "info",
            "bucket_granted_lately",
            f"The IAM role {role.name} also reads {joined(buckets)}, which nobody names. Its policy was written less"
            " than an hour ago, so that another run may be about to make a connection: it stays.",
            "Run again later: what nobody names then is taken out.",
        )


def _has_access_problem(draft: Draft) -> bool:
    return any(finding.step == "access" for finding in draft.problems)


def _adopts(drafts: Iterable[Draft]) -> bool:
    return any(draft.settings.roles["s3_access"]["adopt"] for draft in drafts)


def _needed(situation: Situation, role: SharedRole, granted: Sequence[str]) -> set[str]:
    """Return which buckets that the policy grants now are named by anybody, or by somebody who cannot be read."""
    if situation.is_part or situation.purpose.heals or any(draft.rows is None for draft in role.members):
        return set(granted)
    # Also of workspaces whose settings name another role by now: their connections may not have moved yet.
    named = {text for row in _rows(role) for text in buckets_named(row)}
    named |= {entry.bucket for entry in situation.readable if _may_be_the_role(situation, role, entry)}
    return {bucket for bucket in granted if bucket in named or _may_be_named(situation, role, bucket)}


def _may_be_the_role(situation: Situation, role: SharedRole, entry: Settings) -> bool:
    account, name = role_key(situation, entry)
    return (
        entry.storage == "s3"
        and not asked.given_role(entry)
        and name == role.name.lower()
        and account in (role.account, None)
    )


def _may_be_named(situation: Situation, role: SharedRole, bucket: str) -> bool:
    """Tell whether somebody who cannot be read may need the bucket."""
    return any(_may_need(situation, role, entry, bucket) for entry in situation.unusable)


def _may_need(situation: Situation, role: SharedRole, entry: Unusable, bucket: str) -> bool:
    may_be_the_role = str(entry.known.get("s3_access_role_name", role.name)).lower() == role.name.lower()
    may_be_s3 = entry.known.get("currents_storage", "s3") == "s3"
    names_it = entry.known.get("currents_bucket", bucket) == bucket
    return may_be_the_role and may_be_s3 and names_it and situation.may_be_of_group(entry, role.group)


def _rows(role: SharedRole) -> list[JsonObject]:
    """Return the connections of the group; each key may see others of them."""
    listings = {id(draft.staying): draft.staying for draft in role.members}
    rows = {(row.get("id"), row.get("schema")): row for listing in listings.values() for row in listing}
    return list(rows.values())


def _rows_of_the_role(situation: Situation, role: SharedRole) -> list[JsonObject]:
    """Return the connections of the group that may read through the role: all but those known to use another."""
    elsewhere = {
        entry.fivetran_schema
        for entry in situation.readable
        if situation.may_be_of_group(entry, role.group) and _is_elsewhere(situation, role, entry)
    }
    return [row for row in _rows(role) if row.get("schema") not in elsewhere]


def _is_elsewhere(situation: Situation, role: SharedRole, entry: Settings) -> bool:
    if entry.storage != "s3":
        return False
    if asked.given_role(entry):
        return asked.given_role(entry).rsplit("/", 1)[-1].lower() != role.name.lower()
    account, name = role_key(situation, entry)
    return name != role.name.lower() or account not in (role.account, None)


def _apply(
    situation: Situation,
    role: SharedRole,
    drafts: Sequence[Draft],
    plan: Callable[[Actual, Callable[[Iterable[str]], Desired]], tuple[Desired, AccessPlan, RoleWork]],
) -> None:
    """Read what is there, plan, and note the outcome in every draft."""
    who = situation.seen.of(look.identity(drafts[0].settings))

    def desired_of(buckets: Iterable[str]) -> Desired:
        params = asked.s3_access_params(drafts[0].settings, role.group.id, sorted(buckets))
        return desired_from_params(params, who.account, who.partition)

    actual = situation.seen.of(look.iam(drafts[0].settings, role.account))
    try:
        desired, planned, work = plan(actual, desired_of)
    except InvalidArgument as error:
        for draft in drafts:
            draft.failure("access", error)
        return
    view = access_view(desired, actual, planned)
    arn = str(view["role"]["arn"])
    to_do = planned.policy.changed or planned.role.changed
    work = replace(work, maker=work.maker if to_do else "", role_arn=arn)
    sharing = first_names(other.name for other in drafts)
    for draft in drafts:
        _note(draft, planned, view, work, sharing)
        note_what_forbids(situation, draft, role.account, planned, arn)


def _note(draft: Draft, planned: AccessPlan, view: JsonObject, work: RoleWork, sharing: Sequence[str]) -> None:
    draft.seen["access"] = _of_one(draft, planned, view)
    note_judgement(draft, planned, work.role_arn)
    draft.access = work
    others = all_but(draft.name, sharing)
    maker = work.maker if work.maker != draft.name else ""
    for kind, step in (("policy", planned.policy), ("role", planned.role)):
        draft.changes.append(
            Change(
                kind=kind,
                name=str(view[kind]["arn"]),
                action=Action(step.action),
                reason=_reason(step, work),
                before=step.before,
                after=step.after,
                shared_with=others,
                made_by=maker,
                needed_by=work.needed_by,
            )
        )


def _of_one(draft: Draft, planned: AccessPlan, view: JsonObject) -> JsonObject:
    """Return of what was seen of a role what concerns this workspace: of many, everybody's would fill the memory."""
    where = place(draft)
    judgement = planned.places.get(where)
    findings = (*planned.findings, *(judgement.findings if judgement else ()))
    read = {str(where): judgement.effect.as_json()} if judgement else {}
    return {
        **view,
        "effect": {**view["effect"], "read": read},
        "findings": [finding.as_json() for finding in dict.fromkeys(findings)],
    }


def _decide_given(situation: Situation, draft: Draft) -> None:
    """Judge the role that the user names as somebody else's. Nothing is written, and nothing is taken away."""
    settings, group, arn = draft.settings, draft.group, asked.given_role(draft.settings)
    account = situation.account_of(settings)
    if group is None or account is None:
        return
    if situation.purpose.removes:
        draft.notice(
            "access", "info", "role_not_ours",
            f"The IAM role {arn} stays, because s3_access_role_arn says that it is somebody else's.",
        )  # fmt: skip
        return
    try:
        role = situation.seen.of(look.given_role(settings, account))
        who = situation.seen.of(look.identity(settings))
        params = asked.s3_access_params(settings, group.id, [settings.bucket])
        desired = desired_from_params(params, who.account, who.partition)
    except OnrampError as error:
        draft.failure("access", error)
        return
    given = partial(plan_given, desired, role, arn, [place(draft)])
    policies, said = partial(bucket_policies, situation, [draft], account), partial(simulated, situation, account, arn)
    planned = with_evidence(given, policies, said)
    draft.seen["access"] = access_view(desired, Actual(role=role if isinstance(role, ActualRole) else None), planned)
    note_judgement(draft, planned, arn)
    note_what_forbids(situation, draft, account, planned, arn)
    draft.changes.append(Change("role", arn, Action.NONE, Reason.AS_WANTED))


def _reason(step: Step, work: RoleWork) -> Reason:
    if work.state == "absent" and step.action == "none":
        return Reason.STILL_NEEDED if work.needed_by else Reason.GONE
    return {
        "none": Reason.AS_WANTED,
        "create": Reason.MISSING,
        "update": Reason.DIFFERS,
        "delete": Reason.NOT_NEEDED,
    }[step.action]


# Absent


def _decide_absent(situation: Situation, role: SharedRole) -> None:
    """Take away what nobody needs once the playing workspaces have left; who is refused does not leave."""
    leaving = [draft for draft in role.members if not draft.problems]
    if leaving and situation.is_part:
        _keep(situation, role, leaving)
    elif leaving:
        _take_away(situation, role, leaving)


def _take_away(situation: Situation, role: SharedRole, leaving: Sequence[Draft]) -> None:
    staying = _rows_of_the_role(situation, role)
    # What the connections read now: the inventory may have moved on since.
    stored = {text for draft in leaving if draft.own_row for text in buckets_named(draft.own_row)}

    def plan(actual: Actual, desired_of: Callable[[Iterable[str]], Desired]) -> tuple[Desired, AccessPlan, RoleWork]:
        granted = set(granted_buckets(actual.policy.document)) if actual.policy else set()
        # What nobody names any more goes, too: the inventory has moved on, and its connection may be deleted already.
        still_named = _needed(situation, role, sorted(granted)) | {draft.settings.bucket for draft in leaving} | stored
        fresh = _fresh(actual, still_named)
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
        for draft in leaving:
            _note_what_stays(draft, role, stays, needed_by)
            _note_what_is_fresh(draft, role, fresh)
        adopt = _adopts(leaving)
        work = RoleWork(leaving[0].name, state="absent", buckets=released, adopt=adopt, needed_by=needed_by)
        desired = desired_of(released or named)
        if not released:
            return desired, AccessPlan(policy=NOTHING, role=NOTHING), work
        return desired, plan_absent(desired, actual, adopt=adopt), work

    _apply(situation, role, leaving, plan)


def _keep(situation: Situation, role: SharedRole, leaving: Sequence[Draft]) -> None:
    """Leave policy and role as they are: who else reads with them is not known."""

    def plan(actual: Actual, desired_of: Callable[[Iterable[str]], Desired]) -> tuple[Desired, AccessPlan, RoleWork]:
        is_there = actual.role is not None or actual.policy is not None
        for draft in leaving if is_there else ():
            note_kept(draft, f"The IAM role {role.name}")
        work = RoleWork(state="absent", needed_by=SOMEBODY if is_there else ())
        desired = desired_of({draft.settings.bucket for draft in leaving})
        return desired, AccessPlan(policy=NOTHING, role=NOTHING), work

    _apply(situation, role, leaving, plan)


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
