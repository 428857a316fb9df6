# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where nobody can tell from here: AWS's own simulation outweighs our judgement, and else Fivetran itself proves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.playbooks.fleet import IMPATIENT, connections, findings, play
from tests.integration.playbooks.plans import planned, says, to_do, warned
from tests.integration.playbooks.shapes import Shape, allow
from tests.sandbox import world
from tests.sandbox.client import Sandbox

REPORT = "onramp.braze_fivetran.workspace_report"
US_ONLY = ("--limit", "shop_us")
PLACE = f"s3://{world.S3_BUCKET}/{world.PREFIX}"


def of_the_organization(organization: str) -> Shape:
    """Return a role that reads in this organization only, which nobody here can tell."""
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    return Shape(inline={"read": (allow(["s3:Get*", "s3:List*"], "*", Condition=condition),)})


def who_may_not(sandbox: Sandbox, *denied: str) -> dict[str, str]:
    """Return the credentials of somebody who may do anything but this."""
    iam = sandbox.aws("iam")
    iam.create_user(UserName="operator")
    statements = [allow("*", "*"), {**allow(list(denied), "*"), "Effect": "Deny"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="operator", PolicyName="operate", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def simulations(sandbox: Sandbox) -> int:
    return len(sandbox.journal("aws", "iam:SimulatePrincipalPolicy"))


@pytest.mark.slow
def test_what_aws_says_to_be_allowed_is_adopted_without_a_word(sandbox: Sandbox) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    before = sandbox.state("aws")["aws"]["accounts"]
    for playbook, arguments in (("onboard", ("--check",)), ("onboard", ()), ("verify", ())):
        asked = simulations(sandbox)
        result = play(sandbox, playbook, *arguments, *US_ONLY)
        assert result.exit_code == 0, result.output
        assert "cannot be told from here" not in result.output
        # Listing and reading, once in a run.
        assert simulations(sandbox) - asked == 2
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    assert sandbox.state("aws")["aws"]["accounts"] == before


@pytest.mark.slow
def test_what_aws_says_not_to_be_allowed_is_refused_before_anything_is_made(sandbox: Sandbox) -> None:
    sandbox.seed("aws", "organize")
    of_the_organization("o-of-others").build(sandbox)
    before = sandbox.state_hash()
    for arguments in (("--check",), ()):
        refused = play(sandbox, "onboard", *arguments, *US_ONLY)
        says(refused.messages("shop_us"), f"cannot read {PLACE}", "AWS's own simulation does not allow s3:ListBucket")
    found = findings(play(sandbox, "verify", *US_ONLY), "shop_us")
    assert [step for step, message in found if "AWS's own simulation" in message] == ["access"], found
    assert sandbox.state_hash() == before


@pytest.mark.slow
def test_who_may_not_ask_aws_is_told_so_and_then_what_fivetran_has_proved(sandbox: Sandbox, tmp_path: Path) -> None:
    of_the_organization(sandbox.seed("aws", "organize")["id"]).build(sandbox)
    operator = who_may_not(sandbox, "iam:SimulatePrincipalPolicy")
    checked = play(sandbox, "onboard", "--check", *US_ONLY, **operator)
    assert to_do(checked, "shop_us") == [("create", "connection")]
    says(checked.output, "cannot be told from here", "aws:PrincipalOrgID", "Fivetran's own setup tests decide")
    report = tmp_path / "report.json"
    writes = {"ANSIBLE_CALLBACKS_ENABLED": f"record_results,{REPORT}", "ONRAMP_REPORT_JSON": str(report)}
    assert play(sandbox, "onboard", *US_ONLY, **operator, **writes).exit_code == 0
    (workspace,) = json.loads(report.read_text())["workspaces"]
    says(workspace["proved"], "is proved by Fivetran's tests of", "Access S3 Bucket", " UTC.")
    connection = connections(sandbox)["braze_shop_us"]
    proofs = (
        ({"succeeded_at": None, "failed_at": None}, "That it can is proved by Fivetran's setup tests"),
        ({"succeeded_at": "2026-03-01T14:10:00Z"}, "That it can is proved by Fivetran's sync of 2026-03-01 14:10 UTC."),
    )
    for fields, proof in proofs:
        sandbox.seed("fivetran", "edit_connection", id=connection["id"], **fields)
        verified = play(sandbox, "verify", *US_ONLY, **operator)
        assert verified.exit_code == 0, verified.output
        (sentence,) = [one for one in planned(verified)["shop_us"]["unverified"] if "cannot be told" in one]
        says(sentence, PLACE, "aws:PrincipalOrgID", proof)


@pytest.mark.slow
def test_what_the_organization_forbids_is_named_where_the_connection_does_not_work(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", *US_ONLY).exit_code == 0
    sandbox.seed("aws", "organize", denied=["s3:GetObject"])
    connection = connections(sandbox)["braze_shop_us"]["id"]
    sandbox.seed("fivetran", "edit_connection", id=connection, status={"setup_state": "broken"})
    assert simulations(sandbox) == 0
    found = findings(play(sandbox, "verify", *US_ONLY), "shop_us")
    assert [step for step, _message in found] == ["access", "connection"]
    says(
        found[0][1],
        f"Fivetran may not read {PLACE}",
        "a service control policy of the organization forbids s3:GetObject on arn:aws:s3:::acme-currents-us/currents/*",
        "Ask an administrator of the AWS organization to allow it in the account 111122223333.",
    )


@pytest.mark.slow
def test_what_the_organization_forbids_is_warned_of_and_the_setup_tests_decide(sandbox: Sandbox) -> None:
    sandbox.seed("aws", "organize", denied=["s3:GetObject"])
    first = play(sandbox, "onboard", *US_ONLY, *IMPATIENT)
    says(first.messages("shop_us"), "with an explicit deny in a service control policy")
    again = play(sandbox, "onboard", *US_ONLY, *IMPATIENT)
    says(warned(again, "shop_us"), "a service control policy of the organization forbids s3:GetObject")
    says(again.messages("shop_us"), "with an explicit deny in a service control policy")
    # It was a condition that the simulation does not know, or somebody has allowed it.
    sandbox.seed("aws", "organize", denied=[])
    assert play(sandbox, "onboard", *US_ONLY).exit_code == 0
