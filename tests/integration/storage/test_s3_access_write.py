# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written is what was planned, where it was planned, and nobody's writing at the same time is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import granted_buckets

from tests.clock import Hurried
from tests.integration.storage.amazon import run_amazon
from tests.integration.storage.reading import POLICY_ARN
from tests.integration.storage.writing import write
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox

MINE, THEIRS, BASE = world.S3_BUCKET, "acme-theirs", "acme-base"
POLICY = "amazon.aws.iam_managed_policy"
ELSEWHERE = {"access_key": SECOND_CUSTOMER_ACCOUNT, "secret_key": SECRET_ACCESS_KEY}


def plan(sandbox: Sandbox, *buckets: str, **arguments: Any) -> dict[str, Any]:
    """Return what s3_access_plan_info plans."""
    asked = {"external_id": world.GROUP_ID, "buckets": list(buckets or (MINE,)), **arguments}
    result = run_module("s3_access_plan_info", asked, sandbox.env)
    assert not result.failed, result.msg
    access: dict[str, Any] = result["access"]
    return access


def read_by_fivetran(sandbox: Sandbox) -> list[str]:
    """Return the buckets that the policy grants."""
    iam = sandbox.aws("iam")
    version = iam.get_policy(PolicyArn=POLICY_ARN)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=POLICY_ARN, VersionId=version)["PolicyVersion"]["Document"]
    return granted_buckets(document)


def names(sandbox: Sandbox, account: str) -> list[str]:
    iam = sandbox.aws("iam", account)
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return sorted([*roles, *(policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"])])


def interrupted(before: Callable[[], object], module: str = POLICY) -> Callable[..., Any]:
    """Return what runs modules of amazon.aws, and lets something happen right before the first time ``module`` runs."""
    waiting = [before]

    def run(name: str, arguments: dict[str, Any]) -> Any:
        if name == module and waiting:
            waiting.pop()()
        return run_amazon(name, arguments)

    return run


def test_another_account_than_the_planned_one_is_refused_with_both_named_and_nothing_is_written(
    sandbox: Sandbox,
) -> None:
    planned = plan(sandbox)
    result = write(sandbox, plan=planned, **ELSEWHERE)
    assert result.code == "other_account"
    assert CUSTOMER_ACCOUNT in result.msg
    assert SECOND_CUSTOMER_ACCOUNT in result.msg
    assert sandbox.writes() == []


def test_what_has_changed_since_the_plan_is_told_and_nothing_is_written(sandbox: Sandbox) -> None:
    assert not write(sandbox).failed
    planned = plan(sandbox, max_session_duration=7200)
    iam = sandbox.aws("iam")
    iam.detach_role_policy(RoleName="Fivetran", PolicyArn=POLICY_ARN)
    sandbox.clear_journal()
    result = write(sandbox, plan=planned, max_session_duration=7200)
    assert result.code == "outdated_plan"
    assert "the IAM role arn:aws:iam::111122223333:role/Fivetran is no longer what it was" in result.msg
    assert sandbox.writes() == []


def test_what_was_planned_and_is_done_by_now_is_no_difference(sandbox: Sandbox) -> None:
    planned = plan(sandbox)
    assert write(sandbox, plan=planned).changed
    sandbox.clear_journal()
    again = write(sandbox, plan=planned)
    assert (again.failed, again.changed) == (False, False)
    assert sandbox.writes() == []


def test_a_bucket_that_another_run_has_granted_since_the_plan_is_not_taken_away(sandbox: Sandbox) -> None:
    planned = plan(sandbox)
    assert not write(sandbox, buckets=[THEIRS]).failed
    sandbox.clear_journal()
    result = write(sandbox, plan=planned)
    assert result.failed
    assert "has changed since the plan was made" in result.msg
    assert THEIRS in result.msg
    assert sandbox.writes() == []


def test_a_policy_that_another_run_makes_between_the_second_look_and_the_writing_is_put_back(sandbox: Sandbox) -> None:
    others: list[ModuleResult] = []
    run = interrupted(lambda: others.append(write(sandbox, buckets=[THEIRS])))
    result = write(sandbox, run, plan=plan(sandbox))
    assert [other.failed for other in others] == [False]
    assert result.code == "written_meanwhile"
    assert "at the same time, as v1. That was put back" in result.msg
    assert read_by_fivetran(sandbox) == [THEIRS]


def test_a_bucket_that_another_run_adds_between_the_second_look_and_the_writing_is_put_back(sandbox: Sandbox) -> None:
    assert not write(sandbox, buckets=[BASE]).failed
    planned = plan(sandbox, BASE, MINE)
    run = interrupted(lambda: write(sandbox, buckets=[BASE, THEIRS]))
    result = write(sandbox, run, plan=planned, buckets=[BASE, MINE])
    assert result.code == "written_meanwhile"
    assert read_by_fivetran(sandbox) == [BASE, THEIRS]


def test_what_another_run_has_put_back_after_overwriting_it_is_left_alone(sandbox: Sandbox) -> None:
    def followed_by_another(name: str, arguments: dict[str, Any]) -> Any:
        answer = run_amazon(name, arguments)
        if name == POLICY:
            # It finds our version between its look and its own, and makes that the default again.
            run_amazon(name, {**arguments, "policy": arguments["policy"].replace(MINE, THEIRS)})
            run_amazon(name, arguments)
        return answer

    result = write(sandbox, followed_by_another)
    assert not result.failed, result.msg
    assert read_by_fivetran(sandbox) == [MINE]


@pytest.mark.slow
def test_an_older_version_that_was_made_the_default_again_and_is_overwritten_is_missed(
    sandbox: Sandbox,
) -> None:
    """It leaves no new version behind, so that only who has done it can see that it was overwritten."""
    for buckets in ([BASE, THEIRS], [BASE]):
        released = {"released_buckets": [THEIRS]}
        assert not write(sandbox, buckets=buckets, **released).failed

    def other_run(name: str, arguments: dict[str, Any]) -> Any:
        answer = run_amazon(name, arguments)
        if name == POLICY:
            # A run that has looked before, and writes now.
            document = json.loads(arguments["policy"])
            statement = document["Statement"][0]
            statement["Resource"] = [resource.replace(THEIRS, MINE) for resource in statement["Resource"]]
            run_amazon(name, {**arguments, "policy": json.dumps(document)})
        return answer

    result = write(sandbox, other_run, clock=Hurried().clock, buckets=[BASE, THEIRS])
    assert result.code == "written_meanwhile"
    assert f"does not let Fivetran read {THEIRS}" in result.msg


def test_what_is_overwritten_after_the_writing_is_told(sandbox: Sandbox) -> None:
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}

    def overwrite() -> None:
        sandbox.aws("iam").create_policy_version(
            PolicyArn=POLICY_ARN,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [wide]}),
            SetAsDefault=True,
        )

    result = write(sandbox, interrupted(overwrite, "amazon.aws.iam_role"), clock=Hurried().clock)
    assert result.code == "written_meanwhile"
    assert f"What is in the AWS account {CUSTOMER_ACCOUNT} now is not what was written: the IAM policy" in result.msg
    assert result["access"]["policy"]["action"] == "create"


def test_an_answer_of_iam_that_is_older_than_the_writing_is_waited_out(sandbox: Sandbox) -> None:
    """IAM is eventually consistent: the look after the writing may see the time before it."""
    not_yet = {"operation": "iam:GetRole", "status": 404, "headers": {"Content-Type": "text/xml"}}
    body = (
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
        "<Code>NoSuchEntity</Code><Message>There is no role Fivetran.</Message></Error></ErrorResponse>"
    )

    def then_look(name: str, arguments: dict[str, Any]) -> Any:
        answer = run_amazon(name, arguments)
        if name == "amazon.aws.iam_role":
            sandbox.fault("status", body=body, times=2, **not_yet)
        return answer

    result = write(sandbox, then_look)
    assert not result.failed, result.msg
    assert [entry.status for entry in sandbox.journal("aws", "iam:GetRole")][-3:] == [404, 404, 200]


def test_a_refusal_of_the_writing_names_what_was_written_before(sandbox: Sandbox) -> None:
    sandbox.fault("status", operation="iam:CreateRole", status=403, times=0)
    result = write(sandbox)
    assert result.code == "AccessDenied"
    assert result.msg.startswith("The IAM role arn:aws:iam::111122223333:role/Fivetran was not created.")
    assert f"Written before that: the IAM policy {POLICY_ARN}." in result.msg
    assert result["failure"]["request"] == "amazon.aws.iam_role"
    assert result["changed"] is True


def test_what_a_module_quotes_of_the_keys_that_were_found_is_not_shown(sandbox: Sandbox) -> None:
    def quotes(_name: str, arguments: dict[str, Any]) -> Any:
        return {"failed": True, "msg": f"cannot sign with {arguments['secret_key']}", "exception": arguments}

    result = write(sandbox, quotes)
    assert "iam_managed_policy says: cannot sign with ********." in result.msg
    assert SECRET_ACCESS_KEY not in str(result.values)


def test_what_is_no_plan_is_refused(sandbox: Sandbox) -> None:
    result = write(sandbox, plan={"policy": {}})
    assert result.msg == "plan: expected what onramp.braze_fivetran.s3_access_plan_info returns as access."
    assert sandbox.journal("aws") == []


def test_a_role_in_another_account_is_assumed_for_looking_and_for_writing(sandbox: Sandbox) -> None:
    from tests.integration.storage.identities import DEPLOYMENT_ID, deployment_role, make_deployment_roles

    make_deployment_roles(sandbox)
    before = names(sandbox, CUSTOMER_ACCOUNT)
    role = {"assume_role_arn": deployment_role("b"), "assume_role_external_id": DEPLOYMENT_ID}
    planned = plan(sandbox, **role)
    assert planned["account"] == SECOND_CUSTOMER_ACCOUNT
    assert not write(sandbox, plan=planned, account_id=SECOND_CUSTOMER_ACCOUNT, **role).failed
    assert {"Fivetran", "Fivetran-S3-Access"} <= set(names(sandbox, SECOND_CUSTOMER_ACCOUNT))
    assert names(sandbox, CUSTOMER_ACCOUNT) == before
    refused = write(sandbox, assume_role_arn=deployment_role("b"))
    assert "assume_role_arn: the role arn:aws:iam::444455556666:role/Deployment cannot be assumed." in refused.msg
    assert "assume_role_external_id" in refused.msg
