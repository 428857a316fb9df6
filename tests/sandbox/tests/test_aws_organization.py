# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an organization forbids, and what AWS's own simulation says of a role, as AWS does both."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, trust_policy
from tests.sandbox.client import Sandbox
from tests.sandbox.tests.test_aws_limits import READS, aws, document, refusal

ROLE = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/canary"
BUCKET = f"arn:aws:s3:::{world.S3_BUCKET}"
TLS = {"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}


def make_role(sandbox: Sandbox, *statements: Any, **more: Any) -> None:
    iam = sandbox.aws("iam")
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust_policy(world.GROUP_ID, CUSTOMER_ACCOUNT), **more)
    iam.put_role_policy(RoleName="canary", PolicyName="own", PolicyDocument=document(*statements))


def simulated(sandbox: Sandbox, action: str = "s3:ListBucket", *context: Any) -> dict[str, Any]:
    [result] = aws(sandbox, "iam").simulate_principal_policy(
        PolicySourceArn=ROLE, ActionNames=[action], ResourceArns=[BUCKET], ContextEntries=list(context)
    )["EvaluationResults"]
    return dict(result)


def with_condition(**lines: Any) -> dict[str, Any]:
    return {**READS, "Condition": lines}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [((READS,), "allowed"), ((), "implicitDeny"), ((READS, {**READS, "Effect": "Deny"}), "explicitDeny")],
)
def test_the_simulation_decides_by_the_policies_of_the_role(
    sandbox: Sandbox, statements: tuple[Any, ...], decision: str
) -> None:
    make_role(sandbox, *(statements or [{**READS, "Action": "ec2:*"}]))
    found = simulated(sandbox)
    assert (found["EvalDecision"], found["MissingContextValues"]) == (decision, [])


def test_the_simulation_takes_the_context_of_the_question_and_names_what_it_lacks(sandbox: Sandbox) -> None:
    make_role(sandbox, with_condition(Bool={"aws:SecureTransport": "true"}))
    without = simulated(sandbox)
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["aws:securetransport"])
    told = simulated(sandbox, "s3:ListBucket", TLS)
    assert (told["EvalDecision"], told["MissingContextValues"]) == ("allowed", [])


def test_a_boundary_forbids_and_is_named(sandbox: Sandbox) -> None:
    policy = sandbox.aws("iam").create_policy(
        PolicyName="bound", PolicyDocument=document({**READS, "Action": "ec2:*"})
    )["Policy"]["Arn"]
    make_role(sandbox, READS, PermissionsBoundary=policy)
    found = simulated(sandbox)
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_the_id_of_the_organization_is_known_to_the_simulation_and_to_the_bucket(sandbox: Sandbox) -> None:
    own = sandbox.seed("aws", "organize")["id"]
    make_role(sandbox, with_condition(StringEquals={"aws:PrincipalOrgID": own}))
    found = simulated(sandbox)
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])
    assert session(sandbox).list_objects_v2(Bucket=world.S3_BUCKET)["KeyCount"] > 0


def session(sandbox: Sandbox) -> Any:
    """Return a client for S3 with what AssumeRole gives to somebody of the account."""
    made = aws(sandbox, "sts").assume_role(RoleArn=ROLE, RoleSessionName="test", ExternalId=world.GROUP_ID)
    keys = made["Credentials"]
    return aws(
        sandbox,
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:GetBucketLocation"])
def test_what_a_service_control_policy_denies_is_refused_to_the_session_and_told_by_the_simulation(
    sandbox: Sandbox, action: str
) -> None:
    make_role(sandbox, READS)
    sandbox.seed("aws", "organize", denied=[action])
    client = session(sandbox)
    call = {"s3:ListBucket": client.list_objects_v2, "s3:GetBucketLocation": client.get_bucket_location}[action]
    status, code, message = refusal(call, Bucket=world.S3_BUCKET)
    assert (status, code) == (403, "AccessDenied")
    assert message.endswith("with an explicit deny in a service control policy")
    found = simulated(sandbox, action)
    assert found["EvalDecision"] == "explicitDeny"
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    # A caller that is a user is spared, and so is what it does not speak of.
    assert aws(sandbox, "s3").list_objects_v2(Bucket=world.S3_BUCKET)["KeyCount"] > 0
    assert simulated(sandbox, "s3:GetObject")["EvalDecision"] == "allowed"


def test_who_may_not_simulate_is_refused(sandbox: Sandbox) -> None:
    make_role(sandbox, READS)
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(UserName="operator", PolicyName="own", PolicyDocument=document(READS))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    operator = aws(sandbox, "iam", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    found = refusal(operator.simulate_principal_policy, PolicySourceArn=ROLE, ActionNames=["s3:ListBucket"])
    assert found[:2] == (403, "AccessDenied")
