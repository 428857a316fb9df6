# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left in doubt by a first look at roles in AWS, so that AWS itself is asked; and what its answers mean. Pure.

A role that lets Fivetran read raises no question, unless Fivetran says that the connection does not work: then
something may forbid it that no policy of the account shows.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ....module_utils._aws.access.adoption import can_be_added, reach
from ....module_utils._aws.access.model import AccessPlan, ActualRole, Place, is_ours
from ....module_utils._aws.access.told import told
from ....module_utils._aws.simulation import ORGANIZATION_DENIES, can_outweigh, forbidden
from ....module_utils._bucket.effect import Answer, Reason
from ....module_utils._kernel.finding import Finding
from ..._settings.settings import Settings
from ..look import asked, questions
from ..look.proof import setup_state
from ..look.questions import Doubt
from .access.s3_judging import bucket_policies, place, role_seen, simulated
from .drafts import Draft, Situation


def doubts(situation: Situation) -> Iterator[Doubt]:
    """Yield what AWS's own simulation is asked, for the workspaces that play."""
    if situation.purpose.removes:
        return
    for settings in situation.readable:
        account = situation.account_of(settings) if settings.name in situation.names else None
        role = role_seen(situation, settings, account) if account else None
        if account and role and _is_in_doubt(situation, settings, account, role):
            yield Doubt(settings, account, role.arn, Place(settings.bucket, settings.prefix))


def _is_in_doubt(situation: Situation, settings: Settings, account: str, role: ActualRole) -> bool:
    where, ours = Place(settings.bucket, settings.prefix), is_ours(role.tags) and not asked.given_role(settings)
    if ours and role.boundary is None and len(role.documents) < 2:
        # Nothing but our own policy decides, which is brought to its state.
        return bool(role.documents) and _does_not_work(situation, settings)
    effect = reach(role.session(), where, {})
    if effect.answer is not Answer.YES and not ours:
        effect = reach(role.session(), where, bucket_policies(situation, [Draft(settings)], account))
    if effect.answer is Answer.YES:
        return _does_not_work(situation, settings)
    # What our own policy lacks is added to it.
    return can_outweigh(effect, where) and not (ours and can_be_added(effect))


def _does_not_work(situation: Situation, settings: Settings) -> bool:
    """Tell whether there is a connection, and Fivetran says that it is not set up, or does not work any more."""
    purpose, group_id = situation.purpose, situation.group_id(settings)
    if group_id is None or not (purpose.creates or purpose.tells_findings):
        return False
    question = questions.connections(settings, group_id)
    rows = situation.seen.of(question) if situation.seen.has(question) else ()
    own = situation.by_schema(rows).get(settings.fivetran_schema, ())
    return any(setup_state(row) != "connected" for row in own)


def note_what_forbids(situation: Situation, draft: Draft, account: str, planned: AccessPlan, role_arn: str) -> None:
    """Note what AWS says to forbid reading, of a connection that does not work though nothing here shows why."""
    where = place(draft)
    judgement = planned.places.get(where)
    if judgement is None or judgement.effect.answer is Answer.NO or planned.changes_permissions:
        return
    reasons = forbidden(simulated(situation, account, role_arn, [where]).get(where, ()))
    if not reasons or not _does_not_work(situation, draft.settings):
        return
    found = _finding(
        reasons, account, f"Fivetran may not read {where} through the IAM role {role_arn}: {told(reasons)}."
    )
    if situation.purpose.tells_findings:
        draft.notice(found.step, found.severity, found.code, found.message, found.remedy)
    else:
        draft.warning(found.step, found.code, found.message, found.remedy)


def _finding(reasons: Iterable[Reason], account: str, message: str) -> Finding:
    if any(reason.code == ORGANIZATION_DENIES for reason in reasons):
        remedy = (
            f"Ask an administrator of the AWS organization to allow it in the account {account}. The simulation may"
            f" miss a"
            " condition that lets Fivetran through: what Fivetran's setup tests say, counts."
        )
        return Finding("access", "error", "organization_denies", message, remedy)
    remedy = "Nothing that is added elsewhere outweighs that: change it there."
    return Finding("access", "error", "access_denied", message, remedy)
