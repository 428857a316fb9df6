# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left in doubt about roles in AWS, what AWS's own answers change, and what proves what nobody can see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualRole, Place
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import Document
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.simulation import SimulatedAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.s3_doubts import doubts
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.proof import of_masked
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Question, Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    WorkspacePlan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import findings_of

from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    ROLE,
    World,
    codes,
    failed,
    in_iam,
    plans_of,
    row,
    settings,
    situation,
    told_of,
)

US, DE = settings(), settings("shop_de")
HERE = Place("acme-currents", "shop_us")
EVERYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
OF_THE_ORGANIZATION = {**EVERYTHING, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}}
BROKEN = {"status": {"setup_state": "broken", "sync_state": "scheduled"}}
SYNCED = {"succeeded_at": "2026-03-01T14:10:00Z"}


def document(*statements: Any) -> Document:
    return Document("the inline policy read", {"Version": "2012-10-17", "Statement": list(statements)})


def theirs(*statements: Any) -> tuple[ActualRole, ...]:
    """Return a role of somebody else's with an inline policy."""
    (_policy, role) = in_iam(US, US.bucket, tags={}, attached_policies=(), inline_policies=("read",))
    assert isinstance(role, ActualRole)
    return (replace(role, documents=(document(*statements),)),)


def ours(**changes: Any) -> Any:
    policy, _role = in_iam(US, US.bucket, DE.bucket)
    exact = Document(f"the policy {policy.arn}", policy.document)
    return in_iam(US, US.bucket, DE.bucket, documents=(exact,), **changes)


UNTOLD = theirs(OF_THE_ORGANIZATION)
ENOUGH = theirs(EVERYTHING)


def says(decision: str, limit: str = "", place: Place = HERE) -> dict[Question[Any], Returned]:
    """Return what AWS says of the role and a place."""
    arn = f"arn:aws:s3:::{place.bucket}"
    asked = (SimulatedAction("s3:ListBucket", arn), SimulatedAction("s3:GetObject", f"{arn}/{place.prefix}/*"))
    said = tuple(one._replace(decision=decision, limit=limit) for one in asked)
    return {questions.simulation(AWS_ACCOUNT, ROLE, place): Returned(said)}


def bucket_without_policy(workspace: Settings = US) -> dict[Question[Any], Returned]:
    bucket = S3Bucket(workspace.bucket, answers={"get_bucket_policy": None})
    return {questions.s3_bucket(workspace, AWS_ACCOUNT): Returned(bucket)}


def in_doubt(purpose: str, world: World) -> list[Place]:
    return [doubt.place for doubt in doubts(situation(purpose, US, DE, world=world))]


def access_of(plan: WorkspacePlan) -> list[str]:
    """Return what is said not to be known of the access."""
    return [text for text in plan.unverified if "cannot be told from here" in text]


# What AWS is asked


@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
@pytest.mark.parametrize(
    "iam", [(), ours(), ENOUGH, in_iam(US, US.bucket)], ids=["none", "ours", "theirs", "not attached"]
)
def test_of_a_healthy_fleet_aws_is_asked_nothing(purpose: str, iam: Any) -> None:
    assert in_doubt(purpose, World(rows=(row(US), row(DE)), iam=iam)) == []


@pytest.mark.parametrize(("purpose", "count"), [("onboard", 2), ("verify", 2), ("rotate_key", 2), ("offboard", 0)])
def test_where_we_cannot_tell_aws_is_asked_about_each_place(purpose: str, count: int) -> None:
    found = in_doubt(purpose, World(rows=(row(US), row(DE)), iam=UNTOLD))
    assert found == [HERE, Place("acme-currents", "shop_de")][:count]


@pytest.mark.parametrize("boundary", [None, document(EVERYTHING)])
@pytest.mark.parametrize("state", ["broken", "incomplete"])
@pytest.mark.parametrize(("purpose", "count"), [("onboard", 1), ("verify", 1), ("rotate_key", 0), ("offboard", 0)])
def test_where_a_connection_does_not_work_aws_is_asked_though_all_looks_well(
    purpose: str, count: int, state: str, boundary: Document | None
) -> None:
    rows = row(US, status={"setup_state": state}), row(DE)
    assert in_doubt(purpose, World(rows=rows, iam=ours(boundary=boundary))) == [HERE][:count]
    assert in_doubt(purpose, World(rows=rows, iam=ENOUGH)) == [HERE][:count]


def test_what_our_own_policy_lacks_is_added_and_not_asked_about() -> None:
    iam = ours(boundary=document(EVERYTHING))
    assert in_doubt("onboard", World(iam=(replace(iam[1], documents=(), attached_policies=()),))) == []


# What its answers change


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
def test_a_yes_of_aws_leaves_nothing_to_be_told(purpose: str) -> None:
    world = World(rows=(row(US),), iam=UNTOLD)
    (without,) = plans_of(purpose, US, world=world)
    assert len(access_of(without)) == 1
    (plan,) = plans_of(purpose, US, world=world, answers=says("allowed"))
    assert (codes(plan), access_of(plan), findings_of(plan)) == ([], [], [])
    assert told_of(plan)["policy"] == ("none", "as_wanted")
    read = plan.seen["access"]["effect"]["read"][str(HERE)]
    assert (read["answer"], {reason["code"] for reason in read["reasons"]}) == ("yes", {"simulated"})


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
@pytest.mark.parametrize(
    ("decision", "limit", "code"),
    [
        ("implicitDeny", "", "role_too_narrow"),
        ("explicitDeny", "", "access_denied"),
        ("implicitDeny", "boundary", "access_denied"),
    ],
)
def test_a_no_of_aws_refuses_the_workspace(purpose: str, decision: str, limit: str, code: str) -> None:
    world = World(rows=(row(US),), iam=UNTOLD)
    (plan,) = plans_of(purpose, US, world=world, answers={**bucket_without_policy(), **says(decision, limit)})
    assert (plan.verdict, codes(plan)) == (WorkspaceVerdict.REFUSED, [code])
    assert "AWS's own simulation" in plan.problems[0].message
    assert "aws:PrincipalOrgID" in plan.problems[0].message


@pytest.mark.parametrize("answers", [{}, {questions.simulation(AWS_ACCOUNT, ROLE, HERE): failed()}, says("")])
def test_who_is_not_told_by_aws_is_told_what_can_be_seen(answers: dict[Question[Any], Returned]) -> None:
    world = World(rows=(row(US),), iam=UNTOLD)
    (plan,) = plans_of("onboard", US, world=world, answers=answers)
    assert (plan.verdict, codes(plan), plan.incomplete) == (WorkspaceVerdict.FINE, [], ())
    assert "aws:PrincipalOrgID" in access_of(plan)[0]


def test_a_role_that_is_named_by_its_arn_is_judged_by_aws_too() -> None:
    workspace = settings(s3_access_role_arn=ROLE)
    world = World(rows=(row(workspace),), iam=())
    given = {questions.given_role(workspace, AWS_ACCOUNT): Returned(UNTOLD[0]), **bucket_without_policy(workspace)}
    assert [doubt.place for doubt in doubts(situation("onboard", workspace, world=world, answers=given))] == [HERE]
    for decision, expected in (("allowed", []), ("implicitDeny", ["role_too_narrow"])):
        (plan,) = plans_of("onboard", workspace, world=world, answers={**given, **says(decision)})
        assert codes(plan) == expected


# What forbids it beyond the account


BY_THE_ORGANIZATION = says("explicitDeny", "organization")


@pytest.mark.parametrize("iam", [ours(), ENOUGH, UNTOLD], ids=["ours", "theirs", "in doubt"])
def test_verifying_names_the_organization_that_forbids_what_does_not_work(iam: Any) -> None:
    world = World(rows=(row(US, **BROKEN),), iam=iam)
    (plan,) = plans_of("verify", US, world=world, answers=BY_THE_ORGANIZATION)
    found = {finding.code: finding for finding in findings_of(plan)}
    assert set(found) == {"organization_denies", "state"}
    told = found["organization_denies"].text()
    assert "a service control policy of the organization forbids s3:ListBucket on arn:aws:s3:::acme-currents" in told
    assert f"Ask an administrator of the AWS organization to allow it in the account {AWS_ACCOUNT}" in told


def test_onboarding_warns_of_it_and_lets_the_setup_tests_decide() -> None:
    world = World(rows=(row(US, **BROKEN),), iam=ours())
    (plan,) = plans_of("onboard", US, world=world, answers=BY_THE_ORGANIZATION)
    assert (codes(plan), [warning.code for warning in plan.warnings]) == ([], ["organization_denies"])


def test_what_works_is_not_said_to_be_forbidden() -> None:
    world = World(rows=(row(US, **SYNCED),), iam=ours())
    (plan,) = plans_of("verify", US, world=world, answers=BY_THE_ORGANIZATION)
    assert findings_of(plan) == []


@pytest.mark.parametrize("answers", [says("allowed"), says("implicitDeny"), {}])
def test_of_what_does_not_work_for_another_reason_nothing_is_said_to_be_forbidden(
    answers: dict[Question[Any], Returned],
) -> None:
    world = World(rows=(row(US, **BROKEN),), iam=ours())
    (plan,) = plans_of("verify", US, world=world, answers=answers)
    assert [finding.code for finding in findings_of(plan)] == ["state"]


# What proves it


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        (SYNCED, "That it can is proved by Fivetran's sync of 2026-03-01 14:10 UTC."),
        ({}, "That it can is proved by Fivetran's setup tests, for it says that the connection is connected."),
        ({**SYNCED, "failed_at": "2026-03-02T00:00:00Z"}, "Fivetran's own setup tests decide."),
        ({**SYNCED, **BROKEN}, "Fivetran's own setup tests decide."),
        ({"config": {}}, "Fivetran's own setup tests decide."),
    ],
    ids=["a sync", "its state", "a failed sync", "broken", "reads something else"],
)
def test_of_access_that_cannot_be_told_it_is_said_what_proves_it(fields: dict[str, Any], proof: str) -> None:
    world = World(rows=(row(US, **fields),), iam=UNTOLD)
    (plan,) = plans_of("verify", US, world=world)
    (sentence,) = access_of(plan)
    assert sentence.endswith(proof)
    (noticed,) = [finding for finding in plan.noticed if finding.code == "access_unknown"]
    assert (noticed.severity, noticed.message) == ("info", sentence)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (SYNCED, "That it works is proved by Fivetran's sync of 2026-03-01 14:10 UTC."),
        (
            {},
            "That it works is proved by Fivetran's setup tests, for it says that the connection is connected. No sync",
        ),
        ({"failed_at": "2026-03-02T00:00:00Z"}, "No sync proves that it works; rotate_key.yml sends"),
        ({**SYNCED, **BROKEN}, "No sync proves that it works; rotate_key.yml sends"),
        ({"status": None}, "No sync proves that it works; rotate_key.yml sends"),
    ],
    ids=["a sync", "its state", "a failed sync", "broken", "nothing said"],
)
def test_of_what_is_masked_it_is_said_what_proves_it(fields: dict[str, Any], sentence: str) -> None:
    assert of_masked(row(US, **fields)).startswith(sentence)


def test_what_cannot_be_told_and_is_proved_is_no_finding() -> None:
    (plan,) = plans_of("verify", US, world=World(rows=(row(US, **SYNCED),), iam=UNTOLD))
    assert (plan.verdict, findings_of(plan)) == (WorkspaceVerdict.FINE, [])


def test_before_there_is_a_connection_nothing_is_proved() -> None:
    (plan,) = plans_of("onboard", US, world=World(iam=UNTOLD))
    assert access_of(plan)[0].endswith("Fivetran's own setup tests decide.")
