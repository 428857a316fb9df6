# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about policies and roles in AWS. Workspaces of one account that name one role share it.

The policy of a role lists the buckets of the workspaces that play and have passed their checks, and keeps those that
anybody else still needs: workspaces that do not play, connections of the group, and workspaces that cannot be read. A
role that somebody else has made is judged for each workspace by what Fivetran can do through it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from .....module_utils._aws.access.access import access_view, desired_from_params
from .....module_utils._aws.access.adoption import may_decrypt, plan_given, with_evidence
from .....module_utils._aws.access.documents import granted_buckets
from .....module_utils._aws.access.model import AccessPlan, Actual, ActualRole, DesiredAccess
from .....module_utils._aws.access.plan import plan_present
from .....module_utils._aws.bucket import S3Reader
from .....module_utils._aws.bucket_findings import kms_key, s3_findings
from .....module_utils._aws.client import Identity
from .....module_utils._kernel.errors import OnrampError
from ...._settings.settings import Settings
from ...look import asked, questions
from ...model.plan import Action, Change, ChangeReason, RoleWork
from ..drafts import Draft, Situation
from ..part import without_loss, without_taking_out
from ..s3_doubts import note_what_forbids
from .s3_judging import (
    bucket_policies,
    is_left_alone,
    note_judgement,
    place,
    places,
    role_seen,
    simulated,
)
from .s3_leaving import decide_absent
from .s3_needs import adopts, granted_lately, needed_buckets, note_what_is_granted_lately
from .s3_sharing import SharedRole, names_of, note_conflicts, shared_roles
from .s3_steps import note_steps


def prepare_s3(situation: Situation, drafts: Iterable[Draft]) -> None:
    """Note for workspaces in S3 which role Fivetran assumes, what is wrong with the bucket, and who disagrees."""
    names = names_of(situation)
    for draft in drafts:
        _look_at_account_and_bucket(situation, draft)
        if not is_left_alone(situation, draft):
            note_conflicts(situation, names, draft)


def decide_s3(situation: Situation, drafts: Sequence[Draft]) -> None:
    """Decide about policies and roles of workspaces in S3."""
    decide = decide_absent if situation.purpose.removes else _decide_present
    for draft in drafts:
        if asked.given_role(draft.settings):
            _decide_given(situation, draft)
    for role in shared_roles(situation, [draft for draft in drafts if not asked.given_role(draft.settings)]):
        decide(situation, role)


def _look_at_account_and_bucket(situation: Situation, draft: Draft) -> None:
    settings, seen = draft.settings, situation.seen
    try:
        who = seen.of(questions.identity(settings))
    except OnrampError as error:
        draft.failure("access", error)
        return
    if asked.given_role(settings):
        draft.access = RoleWork(role_arn=asked.given_role(settings))
    else:
        actual = Actual()
        try:
            actual = seen.of(questions.iam(settings, who.account))
            is_new = actual.role is None or draft.name in situation.roles_made
            draft.role_is_new = is_new and not situation.purpose.removes
        except OnrampError as error:
            draft.failure("access", error)
        draft.access = RoleWork(role_arn=_role_arn(settings, who, actual))
    if not situation.purpose.removes and settings.roles["s3_access"]["preflight"] != "ignore":
        _judge_bucket(situation, draft, who)


def _judge_bucket(situation: Situation, draft: Draft, who: Identity) -> None:
    settings = draft.settings
    preflight = settings.roles["s3_access"]["preflight"]
    try:
        bucket = situation.seen.of(questions.s3_bucket(settings, who.account))
    except OnrampError as error:
        draft.failure("access", error)
        return
    keys = tuple(settings.roles["s3_access"]["kms_key_arns"])
    role, key = role_seen(situation, settings, who.account), kms_key(bucket)
    if role is not None and key and key.startswith("arn:") and may_decrypt(role.session(), key):
        keys = (*keys, key)
    for finding in s3_findings(bucket, S3Reader(draft.access.role_arn, settings.prefix), keys):
        is_softened = finding.severity == "error" and preflight != "fail"
        draft.found(replace(finding, severity="warning") if is_softened else finding)


def _role_arn(settings: Settings, who: Identity, actual: Actual) -> str:
    """Return the ARN of the role that is there, or that there will be."""
    access = settings.roles["s3_access"]
    partition = access.get("partition") or who.partition
    expected = f"arn:{partition}:iam::{who.account}:role{access['path']}{access['role_name']}"
    return actual.role.arn if actual.role else expected


def _decide_present(situation: Situation, role: SharedRole) -> None:
    passing = [draft for draft in role.members if not draft.problems]
    if situation.purpose.tells_findings:
        # What is wrong elsewhere hides no difference here.
        passing = [draft for draft in role.members if not _has_access_problem(draft)]
    if not passing:
        return
    adopt = adopts(passing)
    policies = partial(bucket_policies, situation, passing, role.account)

    def plan(
        actual: Actual, desired_of: Callable[[Iterable[str]], DesiredAccess]
    ) -> tuple[DesiredAccess, AccessPlan, RoleWork]:
        granted = granted_buckets(actual.policy.document) if actual.policy else []
        needed = needed_buckets(situation, role, granted)
        named = {draft.settings.bucket for draft in passing} | needed
        fresh = granted_lately(actual, named)
        for draft in passing:
            note_what_is_granted_lately(draft, role, fresh)
        buckets = tuple(sorted({*named, *fresh}))
        released = tuple(sorted(set(granted) - set(buckets)))
        desired = desired_of(buckets)
        work = RoleWork(maker=passing[0].name, buckets=buckets, released=released, adopt=adopt)
        present = partial(plan_present, desired, actual, adopt=adopt, released=released, places=places(passing))
        said = partial(simulated, situation, role.account, actual.role.arn if actual.role else "")
        planned = with_evidence(present, policies, said)
        if situation.purpose.heals:
            planned = without_taking_out(planned, desired, actual, policies)
        return desired, without_loss(planned) if situation.is_part else planned, work

    note_steps(situation, role, passing, plan)


def _has_access_problem(draft: Draft) -> bool:
    return any(finding.step == "access" for finding in draft.problems)


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
        role = situation.seen.of(questions.given_role(settings, account))
        who = situation.seen.of(questions.identity(settings))
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
    draft.changes.append(Change("role", arn, Action.NONE, ChangeReason.AS_WANTED))
