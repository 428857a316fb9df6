# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran can do through the roles of workspaces, out of what was seen, and what is said of that."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from .....module_utils._aws.access.access import desired_from_params
from .....module_utils._aws.access.adoption import reach, trust_effect, with_evidence
from .....module_utils._aws.access.documents import bucket_policy_title
from .....module_utils._aws.access.model import AccessPlan, ActualRole, Place, is_ours
from .....module_utils._aws.access.plan import plan_present
from .....module_utils._aws.access.told import told
from .....module_utils._aws.bucket import policy_of
from .....module_utils._aws.effect.effect import Document
from .....module_utils._aws.simulation import Simulated
from .....module_utils._bucket.effect import Answer, Reason
from .....module_utils._fivetran.client import JsonObject
from .....module_utils._kernel.errors import InvalidArgument
from ...._settings.settings import Settings
from ...look import asked, questions
from ...look.proof import proof, proved
from ...model.plan import Action, Group
from ..drafts import Draft, Situation


def role_seen(situation: Situation, settings: Settings, account: str) -> ActualRole | None:
    """Return the role that Fivetran assumes for this workspace, if it is there and was looked at."""
    given = questions.given_role(settings, account)
    if asked.given_role(settings):
        role = situation.seen.of(given) if situation.seen.has(given) else None
        return role if isinstance(role, ActualRole) else None
    question = questions.iam(settings, account)
    return situation.seen.of(question).role if situation.seen.has(question) else None


def is_left_alone(situation: Situation, draft: Draft) -> bool:
    """Tell whether nothing is written for this workspace, so that nobody has to agree with it about a role.

    The role is somebody else's, and it suffices, or only Fivetran's setup tests can tell.
    """
    settings, group = draft.settings, draft.group
    if asked.given_role(settings):
        return True
    account = situation.account_of(settings)
    if account is None or group is None or not situation.seen.has(questions.iam(settings, account)):
        return False
    role = situation.seen.of(questions.iam(settings, account)).role
    if role is None or is_ours(role.tags):
        return False
    try:
        plan = _plan_for(situation, [draft], group, account)
    except InvalidArgument:
        return False
    return not any(finding.severity == "error" for finding in plan.all_findings)


def _plan_for(situation: Situation, drafts: Sequence[Draft], group: Group, account: str) -> AccessPlan:
    """Return what would have to be written for these workspaces alone, without adding anything to what is foreign."""
    settings = drafts[0].settings
    actual = situation.seen.of(questions.iam(settings, account))
    who = situation.seen.of(questions.identity(settings))
    buckets = sorted({draft.settings.bucket for draft in drafts})
    desired = desired_from_params(asked.s3_access_params(settings, group.id, buckets), who.account, who.partition)
    plan = partial(plan_present, desired, actual, adopt=False, places=places(drafts))
    role_arn = actual.role.arn if actual.role else ""
    return with_evidence(
        plan,
        partial(bucket_policies, situation, drafts, account),
        partial(simulated, situation, account, role_arn),
    )


def places(drafts: Iterable[Draft]) -> list[Place]:
    return list(dict.fromkeys(place(draft) for draft in drafts))


def place(draft: Draft) -> Place:
    return Place(draft.settings.bucket, draft.settings.prefix)


def bucket_policies(situation: Situation, drafts: Iterable[Draft], account: str) -> dict[str, Document]:
    """Return the policies of the buckets in the role's account: those of another one never suffice alone."""
    found: dict[str, Document] = {}
    for draft in drafts:
        name, question = draft.settings.bucket, questions.s3_bucket(draft.settings, account)
        bucket = situation.seen.of(question) if situation.seen.has(question) else None
        if bucket is None:
            found[name] = Document(bucket_policy_title(name), None, unread="it was not looked at")
        elif bucket.in_this_account and (policy := policy_of(bucket)) is not None:
            found[name] = policy
    return found


def simulated(situation: Situation, account: str, role_arn: str, places: Iterable[Place]) -> Simulated:
    """Return what AWS itself has said of the role; nothing of what it was not asked, or would not tell."""
    seen, asking = situation.seen, {where: questions.simulation(account, role_arn, where) for where in places}
    answers = {where: seen.of(question) for where, question in asking.items() if seen.has(question)}
    return {where: said for where, said in answers.items() if said}


def answers_now(situation: Situation, draft: Draft, account: str, role: ActualRole) -> list[JsonObject]:
    """Return whether Fivetran may assume a role as it is now, and read through it, as results show answers."""
    settings, group, where = draft.settings, draft.group, place(draft)
    if group is None:
        return []
    who = situation.seen.of(questions.identity(settings))
    desired = desired_from_params(
        asked.s3_access_params(settings, group.id, [settings.bucket]), who.account, who.partition
    )
    read = reach(role.session(), where, {})
    if read.answer is not Answer.YES:
        read = reach(role.session(), where, bucket_policies(situation, [draft], account))
    return [trust_effect(desired, role).as_json(), read.as_json()]


def note_judgement(draft: Draft, planned: AccessPlan, role_arn: str) -> None:
    """Note what concerns the role, and of the places that were judged what concerns this workspace."""
    judgement = planned.places.get(place(draft))
    for finding in (*planned.findings, *(judgement.findings if judgement else ())):
        draft.found(finding)
    unknown: list[Reason] = []
    for effect in (planned.trust, judgement.effect if judgement else None):
        if effect is not None and effect.answer is Answer.UNKNOWN:
            unknown += effect.reasons
    if unknown:
        sentence = (
            f"Whether Fivetran may read {place(draft)} through the IAM role {role_arn} cannot be told from here:"
            f" {told(unknown)}. {decided_by_fivetran(draft)}"
        )
        draft.unverified.append(sentence)
        draft.notice("access", "info", "access_unknown", sentence)


def decided_by_fivetran(draft: Draft) -> str:
    """Return that Fivetran's own tests decide, or what has proved it of a connection that stays as it is."""
    stays = any(change.kind == "connection" and change.action is Action.NONE for change in draft.changes)
    by = proof(draft.own_row) if stays else ""
    return proved("it can", by) if by else "Fivetran's own setup tests decide."
