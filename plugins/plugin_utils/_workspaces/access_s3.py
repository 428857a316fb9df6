# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Decide about policies and roles in AWS. Workspaces of one account that name one role share it.

The policy of a role lists the buckets of the workspaces that play and have passed their checks, and keeps those that
anybody else still needs: workspaces that do not play, connections of the group, and whoever cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...module_utils._errors import InvalidArgument, OnrampError
from ...module_utils._fivetran.client import JsonObject
from ...module_utils._storage.aws_client import Identity
from ...module_utils._storage.bucket_policy import Reader
from ...module_utils._storage.s3_access import access_view, desired_from_params
from ...module_utils._storage.s3_access_plan import NOTHING, Actual, Desired, Step, plan_absent, plan_present
from ...module_utils._storage.s3_access_plan import Plan as AccessPlan
from ...module_utils._storage.s3_documents import granted_buckets
from ...module_utils._storage.s3_preflight import findings as bucket_findings
from . import asked, look
from .drafts import Draft, Situation, joined
from .identity import buckets_named
from .plan import Action, Change, Group, Reason, RoleWork
from .settings import Settings, Unusable

_REMEDY = "another s3_access_role_name and s3_access_policy_name"
# Beside these, every variable of s3_access shapes the role or its policy, so that all who share them have to agree.
_OF_ONE_WORKSPACE = frozenset(
    {"state", "external_id", "bucket", "buckets", "released_buckets", "prefix", "adopt", "preflight"}
    | {"aws_profile", "aws_region"}
)


@dataclass(frozen=True)
class SharedRole:
    """A role in an account, for one group, with the playing workspaces that name it."""

    account: str
    name: str
    group: Group
    members: tuple[Draft, ...]


def prepare_s3(situation: Situation, drafts: Iterable[Draft]) -> None:
    """Note for workspaces in S3 which role Fivetran assumes, what is wrong with the bucket, and who disagrees."""
    names = _names(situation)
    for draft in drafts:
        _look_at_account_and_bucket(situation, draft)
        _conflicts(situation, names, draft)


def decide_s3(situation: Situation, drafts: Iterable[Draft]) -> None:
    """Decide about policies and roles of workspaces in S3."""
    decide = _decide_absent if situation.purpose.removes else _decide_present
    for role in _roles(situation, drafts):
        decide(situation, role)


def _look_at_account_and_bucket(situation: Situation, draft: Draft) -> None:
    settings, seen = draft.settings, situation.seen
    try:
        who = seen.of(look.identity(settings))
    except OnrampError as error:
        draft.failure("access", error)
        return
    actual = Actual()
    try:
        actual = seen.of(look.iam(settings, who.account))
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
    for finding in bucket_findings(bucket, Reader(draft.access.role_arn, settings.bucket, settings.prefix), keys):
        if finding.severity == "error" and preflight == "fail":
            draft.problem("access", finding.code, finding.message, finding.remedy)
        elif finding.severity != "info":
            draft.warning("access", finding.code, finding.message, finding.remedy)
        else:
            draft.notice("access", "info", finding.code, finding.message, finding.remedy)


def _role_arn(settings: Settings, who: Identity, actual: Actual) -> str:
    """Return the ARN of the role that is there, or that there will be."""
    access = settings.roles["s3_access"]
    partition = access.get("partition") or who.partition
    expected = f"arn:{partition}:iam::{who.account}:role{access['path']}{access['role_name']}"
    return actual.role.arn if actual.role else expected


def _role_key(situation: Situation, settings: Settings) -> tuple[str | None, str]:
    return situation.account_of(settings), _lower(settings, "role_name")


def _roles(situation: Situation, playing: Iterable[Draft]) -> Iterator[SharedRole]:
    members: dict[tuple[str, str, str, Group], list[Draft]] = {}
    for draft in playing:
        account, name = _role_key(situation, draft.settings)
        # Who leaves needs not agree with anybody, and takes away what it names itself.
        policy = str(draft.settings.roles["s3_access"]["policy_name"]).lower() if situation.purpose.removes else ""
        if account is not None and draft.group is not None:
            members.setdefault((account, name, policy, draft.group), []).append(draft)
    for (account, _name, _policy, group), sharing in members.items():
        yield SharedRole(account, str(sharing[0].settings.roles["s3_access"]["role_name"]), group, tuple(sharing))


# Conflicts


@dataclass(frozen=True)
class _Names:
    """Who of the inventory names which role and which policy of which account, in lower case."""

    roles: Mapping[tuple[str, str], Sequence[Settings]]
    policies: Mapping[tuple[str, str], Sequence[Settings]]
    shapes: Mapping[str, Mapping[str, Any]]


def _names(situation: Situation) -> _Names:
    roles: dict[tuple[str, str], list[Settings]] = {}
    policies: dict[tuple[str, str], list[Settings]] = {}
    for settings in situation.readable:
        account = situation.account_of(settings)
        if account is not None:
            roles.setdefault((account, _lower(settings, "role_name")), []).append(settings)
            policies.setdefault((account, _lower(settings, "policy_name")), []).append(settings)
    return _Names(roles, policies, {settings.name: _shaping(settings) for settings in situation.readable})


def _lower(settings: Settings, option: str) -> str:
    """Return a name as AWS compares it: names that differ in case only are one."""
    return str(settings.roles["s3_access"][option]).lower()


def _conflicts(situation: Situation, names: _Names, draft: Draft) -> None:
    """Note with whom this workspace cannot share what it names. Leaving needs no agreement."""
    group, settings = draft.group, draft.settings
    account = situation.account_of(settings)
    if situation.purpose.removes or group is None or account is None:
        return
    role, policy = _lower(settings, "role_name"), _lower(settings, "policy_name")
    strangers = [other for other in names.policies[account, policy] if _lower(other, "role_name") != role]
    if strangers:
        draft.problem(
            "access",
            "policy_of_two_roles",
            f"s3_access_policy_name: {_who(strangers)} the same IAM policy {settings.roles['s3_access']['policy_name']}"
            " for another role.",
            "Give one of the two another s3_access_policy_name.",
        )
    sharing = [other for other in names.roles[account, role] if other.name != draft.name]
    of_the_group = {other.name for other in sharing if situation.may_be_of_group(other, group)}
    _groups_that_differ(draft, [other for other in sharing if other.name not in of_the_group])
    _settings_that_differ(draft, names.shapes, [other for other in sharing if other.name in of_the_group])


def _who(others: Sequence[Settings], verb: str = "name") -> str:
    """Return who does something, as the beginning of a sentence."""
    names = joined(sorted(other.name for other in others))
    return f"the workspace {names} {verb}s" if len(others) == 1 else f"the workspaces {names} {verb}"


def _groups_that_differ(draft: Draft, others: Sequence[Settings]) -> None:
    if others:
        groups = joined(sorted({other.fivetran_group for other in others}))
        draft.problem(
            "access",
            "role_of_two_groups",
            f"s3_access_role_name: {_who(others)} the same IAM role {draft.settings.roles['s3_access']['role_name']} in"
            f" the same AWS account for the Fivetran group {groups}, and this one is of the group"
            f" {draft.settings.fivetran_group}. Each group has its own External ID, and a role trusts one.",
            f"Give one of the two {_REMEDY}.",
        )


def _settings_that_differ(draft: Draft, shapes: Mapping[str, Mapping[str, Any]], others: Sequence[Settings]) -> None:
    mine, role_name = shapes[draft.name], draft.settings.roles["s3_access"]["role_name"]
    differing: dict[tuple[str, str], list[Settings]] = {}
    for other in others:
        theirs = shapes[other.name]
        if theirs != mine:
            for setting in sorted({*mine, *theirs}):
                if mine.get(setting) != theirs.get(setting):
                    differing.setdefault((setting, str(theirs.get(setting, ""))), []).append(other)
    for (setting, said), others_alike in differing.items():
        draft.problem(
            "access",
            "shared_role_differs",
            f"{setting}: {_who(others_alike, 'share')} the IAM role {role_name} and"
            f' there it is "{said}", where this one says "{mine.get(setting, "")}".',
            f"Give all the same value, or one of the two {_REMEDY}.",
        )


def _shaping(settings: Settings) -> dict[str, Any]:
    access = settings.roles["s3_access"]
    shaping = {f"s3_access_{name}": value for name, value in access.items() if name not in _OF_ONE_WORKSPACE}
    return shaping | ({"currents_prefix": settings.prefix} if access["scope"] == "prefix" else {})


# Present


def _decide_present(situation: Situation, role: SharedRole) -> None:
    passing = [draft for draft in role.members if not draft.problems]
    if situation.purpose.tells_findings:
        # What is wrong elsewhere hides no difference here.
        passing = [draft for draft in role.members if not _has_access_problem(draft)]
    if not passing:
        return
    adopt = _adopts(passing)

    def plan(actual: Actual, desired_of: Callable[[Iterable[str]], Desired]) -> tuple[Desired, AccessPlan, RoleWork]:
        granted = granted_buckets(actual.policy.document) if actual.policy else []
        needed = _needed(situation, role, granted)
        buckets = tuple(sorted({draft.settings.bucket for draft in passing} | needed))
        released = tuple(sorted(set(granted) - set(buckets)))
        desired = desired_of(buckets)
        work = RoleWork(maker=passing[0].name, buckets=buckets, released=released, adopt=adopt)
        return desired, plan_present(desired, actual, adopt=adopt, released=released), work

    _apply(situation, role, passing, plan)


def _has_access_problem(draft: Draft) -> bool:
    return any(finding.step == "access" for finding in draft.problems)


def _adopts(drafts: Iterable[Draft]) -> bool:
    return any(draft.settings.roles["s3_access"]["adopt"] for draft in drafts)


def _needed(situation: Situation, role: SharedRole, granted: Sequence[str]) -> set[str]:
    """Return which buckets that the policy grants now are named by anybody, or by somebody who cannot be read."""
    if any(draft.rows is None for draft in role.members):
        return set(granted)
    # Also of workspaces whose settings name another role by now: their connections may not have moved yet.
    named = {text for row in _rows(role) for text in buckets_named(row)}
    named |= {entry.bucket for entry in situation.readable if _may_be_the_role(situation, role, entry)}
    return {bucket for bucket in granted if bucket in named or _may_be_named(situation, role, bucket)}


def _may_be_the_role(situation: Situation, role: SharedRole, entry: Settings) -> bool:
    account, name = _role_key(situation, entry)
    return entry.storage == "s3" and name == role.name.lower() and account in (role.account, None)


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
    account, name = _role_key(situation, entry)
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
    for draft in drafts:
        _note(draft, planned, view, work, [other.name for other in drafts])


def _note(draft: Draft, planned: AccessPlan, view: JsonObject, work: RoleWork, sharing: Sequence[str]) -> None:
    draft.seen["access"] = view
    for finding in planned.findings:
        if finding.severity == "error":
            draft.problem("access", finding.code, finding.message, finding.remedy)
        elif finding.severity == "warning":
            draft.warning("access", finding.code, finding.message, finding.remedy)
        else:
            draft.notice("access", "info", finding.code, finding.message, finding.remedy)
    draft.access = work
    others = tuple(sorted(set(sharing) - {draft.name}))
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
    if not leaving:
        return
    staying = _rows_of_the_role(situation, role)
    # What the connections read now: the inventory may have moved on since.
    stored = {text for draft in leaving if draft.own_row for text in buckets_named(draft.own_row)}

    def plan(actual: Actual, desired_of: Callable[[Iterable[str]], Desired]) -> tuple[Desired, AccessPlan, RoleWork]:
        granted = set(granted_buckets(actual.policy.document)) if actual.policy else set()
        named = {draft.settings.bucket for draft in leaving} | (granted & stored)
        needed = {bucket: _schemas_naming(staying, bucket) for bucket in named | granted}
        released = tuple(sorted(bucket for bucket in named if not needed[bucket]))
        stays = sorted(bucket for bucket in granted if needed[bucket])
        needed_by = tuple(sorted({schema for bucket in stays for schema in needed[bucket]}))
        for draft in leaving:
            _note_what_stays(draft, role, stays, needed_by)
        adopt = _adopts(leaving)
        work = RoleWork(leaving[0].name, state="absent", buckets=released, adopt=adopt, needed_by=needed_by)
        desired = desired_of(released or named)
        if not released:
            return desired, AccessPlan(policy=NOTHING, role=NOTHING), work
        return desired, plan_absent(desired, actual, adopt=adopt), work

    _apply(situation, role, leaving, plan)


def _schemas_naming(rows: Iterable[JsonObject], bucket: str) -> list[str]:
    return sorted(str(row.get("schema")) for row in rows if bucket in buckets_named(row))


def _note_what_stays(draft: Draft, role: SharedRole, buckets: Sequence[str], schemas: Sequence[str]) -> None:
    if buckets:
        draft.notice(
            "access",
            "info",
            "role_still_needed",
            f"The IAM role {role.name} can still read {joined(buckets)}, because other connections of the group use it:"
            f" {joined(schemas)}.",
        )
