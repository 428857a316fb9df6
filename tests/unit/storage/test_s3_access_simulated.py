# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS itself says of a role as it is outweighs our judgement in the plan; of one that changes it does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.adoption import with_evidence
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import (
    AccessPlan,
    Actual,
    DesiredAccess,
    Place,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.plan import plan_present
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import Document
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.simulation import Simulated, SimulatedAction
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer

from tests.unit.storage.test_s3_access_plan import by_hand, desired, made

HERE = Place("acme")
UNREAD = Document("the inline policy x", None, "the credentials lack iam:GetRolePolicy")
BOUNDARY = Document("the permissions boundary b", None, "the credentials lack iam:GetPolicy")
QUESTIONS = (
    SimulatedAction("s3:ListBucket", "arn:aws:s3:::acme"),
    SimulatedAction("s3:GetObject", "arn:aws:s3:::acme/*"),
)


def said(decision: str, limit: str = "") -> Simulated:
    return {HERE: tuple(one._replace(decision=decision, limit=limit) for one in QUESTIONS)}


def theirs(*documents: Document, **changes: Any) -> Actual:
    """Return a role of somebody else's with these policies, and no policy under our name."""
    actual = by_hand(made(desired()))
    assert actual.role is not None
    role = replace(actual.role, documents=documents, attached_policies=(), **changes)
    return Actual(role=role)


def ours(**changes: Any) -> Actual:
    actual = made(desired())
    assert actual.role is not None
    return replace(actual, role=replace(actual.role, **changes), boundary=changes.get("boundary"))


def planned(actual: Actual, simulated: Simulated, wish: DesiredAccess | None = None, adopt: bool = False) -> AccessPlan:
    return plan_present(wish or desired(), actual, adopt=adopt, places=[HERE], policies={}, simulated=simulated)


def codes(plan: AccessPlan) -> list[str]:
    return [finding.code for finding in plan.all_findings if finding.severity == "error"]


def test_a_role_that_could_not_be_judged_is_adopted_where_aws_says_yes() -> None:
    plan = planned(theirs(UNREAD), said("allowed"))
    assert (codes(plan), plan.policy.action, plan.role.action) == ([], "none", "none")
    assert plan.places[HERE].effect.answer is Answer.YES


def test_a_role_that_could_not_be_judged_is_refused_where_aws_says_no() -> None:
    plan = planned(theirs(UNREAD), said("implicitDeny"))
    assert codes(plan) == ["role_too_narrow"]
    assert "AWS's own simulation does not allow s3:ListBucket" in plan.all_findings[0].message
    assert "the inline policy x" in plan.all_findings[0].message


@pytest.mark.parametrize(("decision", "limit"), [("explicitDeny", ""), ("implicitDeny", "boundary")])
@pytest.mark.parametrize("adopt", [False, True])
def test_what_aws_says_to_be_denied_is_not_outweighed_by_anything_that_is_added(
    decision: str, limit: str, adopt: bool
) -> None:
    plan = planned(theirs(UNREAD), said(decision, limit), adopt=adopt)
    assert (codes(plan), plan.policy.action) == (["access_denied"], "none")


def test_what_aws_does_not_find_is_added_and_then_judged_by_us() -> None:
    plan = planned(theirs(), said("implicitDeny"), adopt=True)
    assert (plan.policy.action, plan.role.after["policy"]) == ("create", desired().policy_arn)
    assert plan.places[HERE].effect.answer is Answer.YES
    # What may not be read may still deny it.
    plan = planned(theirs(UNREAD), said("implicitDeny"), adopt=True)
    assert (plan.policy.action, plan.places[HERE].effect.answer) == ("create", Answer.UNKNOWN)


def test_the_organization_alone_refuses_nobody() -> None:
    plan = planned(theirs(UNREAD), said("explicitDeny", "organization"))
    assert (codes(plan), plan.places[HERE].effect.answer) == ([], Answer.UNKNOWN)


@pytest.mark.parametrize(("decision", "expected"), [("allowed", []), ("implicitDeny", ["access_denied"])])
def test_of_our_own_role_under_a_boundary_that_may_not_be_read_aws_decides(decision: str, expected: list[str]) -> None:
    plan = planned(ours(boundary=BOUNDARY, permissions_boundary="b"), said(decision))
    assert codes(plan) == expected
    assert plan.places[HERE].effect.answer is (Answer.YES if decision == "allowed" else Answer.NO)


def test_of_our_own_role_that_this_run_changes_aws_is_not_heard() -> None:
    actual = ours(boundary=BOUNDARY, permissions_boundary="b", attached_policies=())
    plan = planned(actual, said("explicitDeny"))
    assert plan.role.after == {"policy": desired().policy_arn}
    assert (codes(plan), plan.places[HERE].effect.answer) == ([], Answer.UNKNOWN)


@pytest.mark.parametrize(
    ("actual", "adopt", "expected"),
    [
        (Actual(), False, []),
        (made(desired()), False, []),
        (by_hand(made(desired())), False, []),
        (theirs(UNREAD), False, [HERE]),
        (theirs(), False, [HERE]),
        # Our own policy is added, whatever AWS says of the role without it.
        (theirs(), True, []),
        (ours(boundary=BOUNDARY, permissions_boundary="b"), False, [HERE]),
        (ours(boundary=BOUNDARY, permissions_boundary="b", attached_policies=()), False, []),
    ],
    ids=["nothing there", "ours", "theirs", "unread", "too narrow", "adopted", "under a boundary", "to be attached"],
)
def test_aws_is_asked_where_it_may_know_better_only(actual: Actual, adopt: bool, expected: list[Place]) -> None:
    asked: list[Place] = []

    def plan(**known: Any) -> AccessPlan:
        return plan_present(desired(), actual, adopt=adopt, places=[HERE], **known)

    def ask(places: Iterable[Place]) -> Simulated:
        asked.extend(places)
        return {}

    with_evidence(plan, dict, ask)
    assert asked == expected
