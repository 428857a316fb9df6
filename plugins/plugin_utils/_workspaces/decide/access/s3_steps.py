# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written of a policy and a role, noted for every workspace that shares them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from .....module_utils._aws.access.access import access_view, desired_from_params
from .....module_utils._aws.access.documents import granted_buckets, permission_document, same_document
from .....module_utils._aws.access.model import NOTHING, AccessPlan, AccessStep, Actual, DesiredAccess
from .....module_utils._fivetran.client import JsonObject
from .....module_utils._kernel.errors import InvalidArgument
from ...look import asked, questions
from ...model.plan import Action, Change, ChangeReason, RoleWork, all_but, first_names
from ..drafts import Draft, Situation
from ..s3_doubts import note_what_forbids
from .s3_judging import (
    note_judgement,
    place,
)
from .s3_sharing import SharedRole


def note_steps(
    situation: Situation,
    role: SharedRole,
    drafts: Sequence[Draft],
    plan: Callable[[Actual, Callable[[Iterable[str]], DesiredAccess]], tuple[DesiredAccess, AccessPlan, RoleWork]],
) -> None:
    """Read what is there, plan, and note the outcome in every draft."""
    who = situation.seen.of(questions.identity(drafts[0].settings))

    def desired_of(buckets: Iterable[str]) -> DesiredAccess:
        params = asked.s3_access_params(drafts[0].settings, role.group.id, sorted(buckets))
        return desired_from_params(params, who.account, who.partition)

    actual = situation.seen.of(questions.iam(drafts[0].settings, role.account))
    try:
        desired, planned, work = plan(actual, desired_of)
    except InvalidArgument as error:
        for draft in drafts:
            draft.failure("access", error)
        return
    newcomers = _newcomers(desired, actual, planned, drafts)
    view = access_view(desired, actual, planned)
    arn = str(view["role"]["arn"])
    to_do = planned.policy.changed or planned.role.changed
    work = replace(work, maker=(newcomers or [work.maker])[0] if to_do else "", role_arn=arn)
    sharing = first_names(other.name for other in drafts)
    of_all = (planned, view, work)
    unchanged = replace(planned, policy=NOTHING)
    of_others = (unchanged, access_view(desired, actual, unchanged), replace(work, maker=""))
    for draft in drafts:
        _note_for(draft, *(of_others if newcomers and draft.name not in newcomers else of_all), sharing)
        note_what_forbids(situation, draft, role.account, planned, arn)


def _newcomers(desired: DesiredAccess, actual: Actual, planned: AccessPlan, drafts: Sequence[Draft]) -> list[str]:
    """Return whose buckets the policy gets, if it gets nothing else: for the others, it is as it should be."""
    if actual.policy is None or planned.role.changed or set(planned.policy.after) != {"document"}:
        return []
    granted = set(granted_buckets(actual.policy.document))
    if not granted or not granted < set(desired.reading.buckets):
        return []
    before = permission_document(replace(desired.reading, buckets=tuple(sorted(granted))))
    if not same_document(before, actual.policy.document):
        return []
    return [draft.name for draft in drafts if draft.settings.bucket not in granted]


def _note_for(draft: Draft, planned: AccessPlan, view: JsonObject, work: RoleWork, sharing: Sequence[str]) -> None:
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


def _reason(step: AccessStep, work: RoleWork) -> ChangeReason:
    if work.state == "absent" and step.action == "none":
        return ChangeReason.STILL_NEEDED if work.needed_by else ChangeReason.GONE
    return {
        "none": ChangeReason.AS_WANTED,
        "create": ChangeReason.MISSING,
        "update": ChangeReason.DIFFERS,
        "delete": ChangeReason.NOT_NEEDED,
    }[step.action]
