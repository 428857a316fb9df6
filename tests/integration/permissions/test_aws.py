# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWS policies of docs/permissions.md: each is enough, and without any one of its actions it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.permissions.documented import (
    ROOT,
    Team,
    actions,
    aws_policy,
    policy_arn,
    policy_name,
    role_name,
)
from tests.integration.playbooks.fleet import iam_names
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# One workspace for each action that is lacking; `make test-full` runs them.
slow = pytest.mark.slow

# By playbook: the actions without which it fails, by what there is in AWS before it runs.
ON_ARRIVAL = (
    "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:CreateRole", "iam:AttachRolePolicy", "iam:GetPolicy",
    "iam:CreatePolicy", "iam:ListPolicies",
)  # fmt: skip
ON_REPAIR = (
    "iam:ListRolePolicies", "iam:TagRole", "iam:UpdateAssumeRolePolicy", "iam:GetPolicyVersion",
    "iam:ListPolicyVersions", "iam:TagPolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
)  # fmt: skip
WHILE_VERIFYING = (
    "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion",
    "iam:ListPolicies",
)  # fmt: skip
ON_LEAVING = (
    "iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListInstanceProfilesForRole",
    "iam:DetachRolePolicy", "iam:DeleteRole", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions",
    "iam:ListEntitiesForPolicy", "iam:DeletePolicyVersion", "iam:DeletePolicy", "iam:ListPolicies",
)  # fmt: skip
# Statements without which a playbook goes on, and says what it could not look at.
LOOKING = ("ReadCurrents", "LookAtTheBucket")

TeamOf = Callable[..., Team]


@pytest.fixture
def team_of(sandbox: Sandbox, tmp_path: Path) -> TeamOf:
    """Give a team for the policy below a heading of the page; the rest are the actions that people lack."""
    return lambda title, *missing: Team(sandbox, tmp_path, aws_policy(title), missing)


def spoil(iam: Any, host: str) -> None:
    """Change policy and trust of a workspace, and let the policy have as many versions as AWS allows, all wrong."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.S3_BUCKET}/*"}
    wrong = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for _number in range(4):
        iam.create_policy_version(PolicyArn=policy_arn(host), PolicyDocument=wrong, SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=policy_arn(host), VersionId="v1")
    iam.create_policy_version(PolicyArn=policy_arn(host), PolicyDocument=wrong, SetAsDefault=True)
    trust = iam.get_role(RoleName=role_name(host))["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "somebody_else"
    iam.update_assume_role_policy(RoleName=role_name(host), PolicyDocument=json.dumps(trust))


def test_no_action_is_documented_that_no_playbook_is_tested_without() -> None:
    held = actions(aws_policy("AWS: onboard.yml"), without=LOOKING)
    assert sorted(held) == sorted({*ON_ARRIVAL, *ON_REPAIR})
    assert sorted(actions(aws_policy("AWS: verify.yml"), without=LOOKING)) == sorted(WHILE_VERIFYING)
    assert sorted(actions(aws_policy("AWS: offboard.yml"))) == sorted(ON_LEAVING)


def test_onboarding_works_with_exactly_the_documented_policy(team_of: TeamOf, sandbox: Sandbox) -> None:
    team = team_of("AWS: onboard.yml")
    team.check(team.play("onboard"))
    assert iam_names(sandbox) == ["Fivetran-S3-Access-complete", "Fivetran-complete"]


@slow
def test_onboarding_a_new_workspace_fails_for_each_action_that_is_lacking_and_names_it(team_of: TeamOf) -> None:
    team = team_of("AWS: onboard.yml", *ON_ARRIVAL)
    team.check(team.play("onboard"))


@slow
def test_repairing_a_workspace_fails_for_each_action_that_is_lacking_and_names_it(
    team_of: TeamOf, sandbox: Sandbox
) -> None:
    team = team_of("AWS: onboard.yml", *ON_REPAIR)
    assert team.play("onboard", "--limit", "complete").exit_code == 0
    team.copy_access()
    iam = sandbox.aws("iam")
    for person in team.people:
        spoil(iam, person.host)
    team.check(team.play("onboard", "-e", '{"s3_access_tags": {"team": "data"}}'))


@slow
def test_onboarding_goes_on_without_a_look_at_the_bucket_and_says_what_it_could_not_see(team_of: TeamOf) -> None:
    policy = aws_policy("AWS: onboard.yml")
    looking = [action for action in actions(policy) if action not in (*ON_ARRIVAL, *ON_REPAIR)]
    team = team_of("AWS: onboard.yml", *looking)
    result = team.play("onboard")
    assert result.exit_code == 0, result.output
    [plan] = result.results("onramp.braze_fivetran.workspace_plan")
    for person in team.people[1:]:
        told = json.dumps(plan["workspaces"][person.host])
        assert str(person.lacks) in told, f"nobody was told that {person.lacks} is lacking"
    assert "not_checked" not in json.dumps(plan["workspaces"]["complete"])


@slow
def test_verifying_works_with_exactly_the_documented_policy_and_fails_for_each_action_that_is_lacking(
    team_of: TeamOf, sandbox: Sandbox
) -> None:
    team = team_of("AWS: verify.yml", *WHILE_VERIFYING)
    assert team.play("onboard", "--limit", "complete", profile=ROOT).exit_code == 0
    team.copy_access()
    # Only where there is no such policy, it is looked for by its name.
    delete_access(sandbox.aws("iam"), "iam_list_policies")
    team.check(team.play("verify"))
    # The same is enough for a new key.
    rotated = team.play("rotate_key", "--limit", "complete")
    assert rotated.exit_code == 0, rotated.output


@slow
def test_offboarding_works_with_exactly_the_documented_policy_and_fails_for_each_action_that_is_lacking(
    team_of: TeamOf, sandbox: Sandbox
) -> None:
    team = team_of("AWS: offboard.yml", *ON_LEAVING)
    assert team.play("onboard", "--limit", "complete", profile=ROOT).exit_code == 0
    team.copy_access()
    iam = sandbox.aws("iam")
    for person in team.people:
        document = iam.get_policy_version(PolicyArn=policy_arn(person.host), VersionId="v1")["PolicyVersion"][
            "Document"
        ]
        iam.create_policy_version(
            PolicyArn=policy_arn(person.host), PolicyDocument=json.dumps(document), SetAsDefault=True
        )
    team.check(team.play("offboard", "-e", "offboard_confirmed=true"))
    assert {role_name("complete"), policy_name("complete")}.isdisjoint(iam_names(sandbox))


def delete_access(iam: Any, host: str) -> None:
    """Delete role and policy of a workspace by hand."""
    iam.detach_role_policy(RoleName=role_name(host), PolicyArn=policy_arn(host))
    iam.delete_role(RoleName=role_name(host))
    iam.delete_policy(PolicyArn=policy_arn(host))
