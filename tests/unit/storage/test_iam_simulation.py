# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's own simulation outweighs our judgement where it knows better, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.effect import Answer, Effect, Reason
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.iam_simulation import (
    Asked,
    can_outweigh,
    decision_in,
    outweighed,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.s3_access_model import Place
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.s3_documents import bucket_policy_title

HERE = Place("acme", "currents")
UNREAD = Reason("unread", "the inline policy x could not be read", where="the inline policy x")
OURS = Effect(Answer.UNKNOWN, (UNREAD,))
LIST, GET = Asked("s3:ListBucket", "arn:aws:s3:::acme"), Asked("s3:GetObject", "arn:aws:s3:::acme/currents/*")


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
        assert {reason.code for reason in found.reasons} == {"simulated"}


def test_the_reason_says_whose_it_is_and_what_it_says() -> None:
    texts = [
        reason.text
        for decision in ("allowed", "explicitDeny", "implicitDeny")
        for reason in outweighed(OURS, [GET._replace(decision=decision)]).reasons
    ]
    about = "s3:GetObject on arn:aws:s3:::acme/currents/*"
    assert texts == [f"AWS's own simulation {says} {about}" for says in ("allows", "denies", "does not allow")]


@pytest.mark.parametrize(
    "reason",
    [
        Reason("denied", "the bucket policy denies", where=bucket_policy_title("acme")),
        Reason("denied_in_part", "a part of the folder is denied"),
        Reason("allowed_in_part", "a part of the folder is allowed"),
        Reason("access_point", "it is an access point"),
    ],
)
def test_what_a_simulation_does_not_see_is_not_asked(reason: Reason) -> None:
    assert can_outweigh(OURS, HERE)
    assert not can_outweigh(Effect(Answer.NO, (UNREAD, reason)), HERE)


def test_where_our_answer_is_yes_nobody_is_asked() -> None:
    assert not can_outweigh(Effect(Answer.YES), HERE)
