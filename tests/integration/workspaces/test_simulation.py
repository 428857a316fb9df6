# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where we cannot tell, the plan asks AWS's own simulation, once for each place; who may not ask plans as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.look import Limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import WorkspacePlan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import plan_of

from tests.integration.playbooks.shapes import GUIDE, Shape, allow
from tests.integration.workspaces.conftest import Make
from tests.sandbox import world
from tests.sandbox.client import Sandbox

Planned = Callable[..., dict[str, WorkspacePlan]]
PURPOSES = ("onboard", "verify", "rotate_key")


@pytest.fixture
def planned(workspace: Make) -> Planned:
    """Return what looks and decides for workspaces of the sandbox's world, of which each may have own variables."""

    def plan(purpose: str, **hosts: Any) -> dict[str, WorkspacePlan]:
        read = {name: (workspace(name, currents_folder_shared=True, **more), []) for name, more in hosts.items()}
        found, _secrets = plan_of(purpose, read, frozenset(read), Limits(request_timeout=5, retry_timeout=5))
        return dict(found.workspaces)

    return plan


def of_the_organization(organization: str) -> Shape:
    """Return a role that reads in this organization only, which nobody here can tell."""
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    return Shape(inline={"read": (allow(["s3:Get*", "s3:List*"], "*", Condition=condition),)})


def act_as(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *denied: str) -> None:
    """Have credentials with which everything may be done but this."""
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    statements = [allow("*", "*"), {**allow(list(denied), "*"), "Effect": "Deny"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="operator", PolicyName="operate", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def simulations(sandbox: Sandbox) -> int:
    return len(sandbox.journal("aws", "iam:SimulatePrincipalPolicy"))


def untold(plan: WorkspacePlan) -> list[str]:
    return [sentence for sentence in plan.unverified if "cannot be told from here" in sentence]


@pytest.mark.parametrize("purpose", PURPOSES[:2])
def test_what_depends_on_a_condition_is_decided_by_aws(sandbox: Sandbox, planned: Planned, purpose: str) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    (plan,) = planned(purpose, shop_us={}).values()
    assert ([problem.code for problem in plan.problems], untold(plan)) == ([], [])
    assert simulations(sandbox) == 2


@pytest.mark.parametrize("purpose", PURPOSES[:2])
def test_what_aws_does_not_allow_refuses_the_workspace(sandbox: Sandbox, planned: Planned, purpose: str) -> None:
    sandbox.seed("aws", "organize")
    of_the_organization("o-of-others").build(sandbox)
    (plan,) = planned(purpose, shop_us={}).values()
    assert [problem.code for problem in plan.problems] == ["role_too_narrow"]
    assert "AWS's own simulation does not allow s3:ListBucket" in plan.problems[0].message


def test_who_may_not_ask_aws_is_planned_for_as_before(
    sandbox: Sandbox, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    act_as(sandbox, monkeypatch, "iam:SimulatePrincipalPolicy")
    (plan,) = planned("onboard", shop_us={}).values()
    assert (plan.problems, plan.incomplete) == ((), ())
    assert "aws:PrincipalOrgID" in untold(plan)[0]


@pytest.mark.parametrize(
    "fault",
    # What is dropped is tried again, for seconds.
    [{"kind": "status", "status": 501}, pytest.param({"kind": "drop"}, marks=pytest.mark.slow), {"kind": "html"}],
    ids=["501", "dropped", "no XML"],
)
def test_an_answer_that_does_not_come_is_no_failure(sandbox: Sandbox, planned: Planned, fault: dict[str, Any]) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    sandbox.fault(**fault, operation="iam:SimulatePrincipalPolicy", times=0)
    (plan,) = planned("onboard", shop_us={}).values()
    assert (plan.problems, plan.incomplete, len(untold(plan))) == ((), (), 1)


def test_each_place_of_a_role_is_asked_about_once(sandbox: Sandbox, planned: Planned) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    plans = planned("onboard", one={}, same={}, other={"currents_prefix": "elsewhere"})
    assert [untold(plan) for plan in plans.values()] == [[], [], []]
    asked = [entry.body["ResourceArns.member.1"] for entry in sandbox.journal("aws", "iam:SimulatePrincipalPolicy")]
    bucket = f"arn:aws:s3:::{world.S3_BUCKET}"
    assert sorted(asked) == [bucket, bucket, f"{bucket}/{world.PREFIX}/*", f"{bucket}/elsewhere/*"]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_about_a_role_that_suffices_nobody_is_asked(sandbox: Sandbox, planned: Planned, purpose: str) -> None:
    Shape(managed={"read-currents": GUIDE}).build(sandbox)
    planned(purpose, shop_us={})
    assert simulations(sandbox) == 0


def test_the_region_of_the_bucket_is_told_to_aws_because_organizations_ask_for_it(
    sandbox: Sandbox, planned: Planned
) -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": sandbox.seed("aws", "organize")["id"]}}
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    reads, denies = allow("s3:*", "*", Condition=condition), allow("s3:*", "*", Condition=elsewhere)
    Shape(inline={"read": (reads, {**denies, "Effect": "Deny"})}).build(sandbox)
    (plan,) = planned("onboard", shop_us={}).values()
    assert (plan.problems, untold(plan)) == ((), [])
