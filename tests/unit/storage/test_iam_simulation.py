# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's own simulation outweighs our judgement where it knows better, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import bucket_policy_title
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import Place
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.simulation import (
    DENIES,
    ORGANIZATION_DENIES,
    SimulatedAction,
    can_outweigh,
    decision_in,
    forbidden,
    is_simulated,
    limit_in,
    outweighed,
    weighed,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.effect import Answer, Effect, Reason

HERE = Place("acme", "currents")
UNREAD = Reason("unread", "the inline policy x could not be read", where="the inline policy x")
OURS = Effect(Answer.UNKNOWN, (UNREAD,))
LIST, GET = (
    SimulatedAction("s3:ListBucket", "arn:aws:s3:::acme"),
    SimulatedAction("s3:GetObject", "arn:aws:s3:::acme/currents/*"),
)


def answer(**result: Any) -> dict[str, Any]:
    """Return what AWS answers to a question about one action and one resource."""
    told = {"EvalActionName": "s3:GetObject", "EvalResourceName": GET.resource, "EvalDecision": "allowed"}
    return {"EvaluationResults": [{**told, "MatchedStatements": [], "MissingContextValues": [], **result}]}


@pytest.mark.parametrize("decision", ["allowed", "explicitDeny", "implicitDeny"])
def test_a_decision_is_read_wherever_aws_puts_it(decision: str) -> None:
    assert decision_in(answer(EvalDecision=decision)) == decision
    specific = {"EvalResourceName": GET.resource, "EvalResourceDecision": decision, "MissingContextValues": []}
    assert decision_in(answer(ResourceSpecificResults=[specific])) == decision


def test_a_decision_that_rests_on_what_was_not_told_to_aws_is_none() -> None:
    assert decision_in(answer(MissingContextValues=["aws:SourceIp"])) == ""
    specific = {"EvalResourceDecision": "explicitDeny", "MissingContextValues": ["aws:SourceIp"]}
    assert decision_in(answer(ResourceSpecificResults=[specific])) == ""


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (("allowed", "allowed"), Answer.YES),
        (("allowed", "explicitDeny"), Answer.NO),
        (("implicitDeny", "allowed"), Answer.NO),
        (("implicitDeny", ""), Answer.NO),
        (("allowed", ""), Answer.UNKNOWN),
        (("allowed", "a word of tomorrow"), Answer.UNKNOWN),
        ((), Answer.UNKNOWN),
    ],
)
def test_what_aws_says_outweighs_ours_where_it_decides(decisions: tuple[str, ...], expected: Answer) -> None:
    asked = [one._replace(decision=said) for one, said in zip((LIST, GET), decisions, strict=False)]
    found = outweighed(OURS, asked)
    assert found.answer is expected
    if expected is Answer.UNKNOWN:
        assert found == OURS
    else:
        assert is_simulated(found)
        # What could not be told stands beside a "no": AWS does not say which statement it is.
        assert (UNREAD in found.reasons) is (expected is Answer.NO)


def test_where_both_say_no_ours_says_more_and_a_yes_of_aws_outweighs_it() -> None:
    ours = Effect(Answer.NO, (Reason("not_allowed", "the role does not allow it"),))
    assert outweighed(ours, [LIST._replace(decision="implicitDeny")]) == ours
    allowed = [one._replace(decision="allowed") for one in (LIST, GET)]
    assert outweighed(ours, allowed).answer is Answer.YES


@pytest.mark.parametrize(
    ("decision", "limit", "code", "says"),
    [
        ("allowed", "", "simulated", "allows {}"),
        ("explicitDeny", "", DENIES, "denies {}"),
        ("implicitDeny", "", "simulated", "does not allow {}"),
        ("implicitDeny", "boundary", DENIES, "does not allow {}, by the permissions boundary"),
    ],
)
def test_the_reason_says_whose_it_is_and_what_it_says(decision: str, limit: str, code: str, says: str) -> None:
    reason = outweighed(OURS, [GET._replace(decision=decision, limit=limit)]).reasons[0]
    text = f"AWS's own simulation {says.format('s3:GetObject on arn:aws:s3:::acme/currents/*')}"
    assert (reason.code, reason.text) == (code, text)


@pytest.mark.parametrize("decision", ["explicitDeny", "implicitDeny", ""])
def test_what_aws_says_of_the_organization_is_told_and_decides_nothing_for_it_may_miss_a_condition(
    decision: str,
) -> None:
    asked = [GET._replace(decision=decision, limit="organization")]
    found = outweighed(OURS, asked)
    assert (found.answer, found.reasons[1:]) == (Answer.UNKNOWN, OURS.reasons)
    assert found.reasons[0].code == ORGANIZATION_DENIES
    assert "a service control policy of the organization forbids s3:GetObject" in found.reasons[0].text
    assert forbidden(asked) == found.reasons[:1]
    assert not is_simulated(found)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (GET._replace(decision="explicitDeny"), 1),
        (GET._replace(decision="implicitDeny", limit="boundary"), 1),
        (GET._replace(decision="implicitDeny"), 0),
        (GET._replace(decision="allowed"), 0),
        (GET._replace(limit="boundary"), 0),
    ],
)
def test_forbidden_is_what_no_further_allow_changes(asked: SimulatedAction, count: int) -> None:
    assert len(forbidden([asked])) == count


@pytest.mark.parametrize(
    ("result", "limit"),
    [
        ({}, ""),
        ({"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}}, "organization"),
        ({"OrganizationsDecisionDetail": {"AllowedByOrganizations": True}}, ""),
        ({"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}}, "boundary"),
        (
            {
                "ResourceSpecificResults": [
                    {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
                ]
            },
            "boundary",
        ),
    ],
)
def test_what_forbids_it_beside_the_role_is_read_wherever_aws_puts_it(result: dict[str, Any], limit: str) -> None:
    assert limit_in(answer(**result)) == limit


def test_what_aws_says_of_another_place_or_of_what_it_cannot_see_does_not_count() -> None:
    allowed = tuple(one._replace(decision="allowed") for one in (LIST, GET))
    assert weighed(OURS, HERE, {HERE: allowed}).answer is Answer.YES
    assert weighed(OURS, HERE, {Place("acme", "elsewhere"): allowed}) == OURS
    unread = Effect(Answer.UNKNOWN, (UNREAD, Reason("unread", "not read", where=bucket_policy_title("acme"))))
    assert weighed(unread, HERE, {HERE: allowed}).answer is Answer.YES
    denied = {said: {HERE: (GET._replace(decision=said),)} for said in ("explicitDeny", "implicitDeny")}
    # The policy of the bucket could allow it.
    assert [weighed(unread, HERE, asked).answer for asked in denied.values()] == [Answer.NO, Answer.UNKNOWN]
    by_the_bucket = Effect(Answer.NO, (Reason("denied", "the bucket denies", where=bucket_policy_title("acme")),))
    assert weighed(by_the_bucket, HERE, {HERE: allowed}) == by_the_bucket


@pytest.mark.parametrize(
    "reason",
    [
        Reason("denied", "the bucket policy denies", where=bucket_policy_title("acme")),
        Reason("denied_in_part", "a part of the folder is denied"),
        Reason("allowed_in_part", "a part of the folder is allowed"),
        Reason("access_point", "it is an access point"),
        Reason("role_in_another_account", "the role is in another account"),
    ],
)
def test_what_a_simulation_does_not_see_is_not_asked(reason: Reason) -> None:
    assert can_outweigh(OURS, HERE)
    assert not can_outweigh(Effect(Answer.NO, (UNREAD, reason)), HERE)


def test_where_our_answer_is_yes_nobody_is_asked() -> None:
    assert not can_outweigh(Effect(Answer.YES), HERE)
