# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles and policies that serve others as well: adopting adds to them, and takes from nobody what he reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.inventories.by_hand import make
from tests.integration.playbooks.fleet import connections, play, policy_document, workspaces
from tests.integration.playbooks.plans import make_bucket, says, to_do
from tests.integration.playbooks.shapes import GUIDE, Shape, Statement, allow, trusts
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

US_ONLY = ("--limit", "shop_us")
ADOPTING = workspaces(shop_us={"s3_access_adopt": True})
LAKE = "acme-lake"
READS_LAKE = allow(["s3:Get*", "s3:List*"], [f"arn:aws:s3:::{LAKE}", f"arn:aws:s3:::{LAKE}/*"], Sid="Lake")
POLICY = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Fivetran-S3-Access"


def may(sandbox: Sandbox, role: str, bucket: str) -> bool:
    """Tell whether Fivetran reads a bucket through a role, as an independent judge: the emulator of AWS."""
    source = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/{role}"
    answer = sandbox.aws("iam").simulate_principal_policy(
        PolicySourceArn=source, ActionNames=["s3:GetObject"], ResourceArns=[f"arn:aws:s3:::{bucket}/currents/a.avro"]
    )
    return all(result["EvalDecision"] == "allowed" for result in answer["EvaluationResults"])


def statements(sandbox: Sandbox) -> list[Statement]:
    """Return the statements of the policy as it stands now."""
    found: list[Statement] = json.loads(policy_document(sandbox))["Statement"]
    return found


def adopts(sandbox: Sandbox) -> None:
    """Onboard with adopting, as it was foretold, and see that it is right and that there is nothing more to do."""
    foretold = play(sandbox, "onboard", "--check", "--diff", *US_ONLY, inventory=ADOPTING)
    assert foretold.exit_code == 0, foretold.output
    done = play(sandbox, "onboard", *US_ONLY, inventory=ADOPTING)
    assert done.exit_code == 0, done.output
    assert to_do(done, "shop_us") == to_do(foretold, "shop_us")
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    verified = play(sandbox, "verify", *US_ONLY, inventory=ADOPTING)
    assert verified.exit_code == 0, verified.output
    assert to_do(play(sandbox, "onboard", "--check", *US_ONLY, inventory=ADOPTING), "shop_us") == []


@pytest.mark.slow
def test_what_a_connection_of_another_service_reads_through_the_role_it_reads_after_adopting(sandbox: Sandbox) -> None:
    """W-27."""
    make_bucket(sandbox, LAKE, "currents")
    shape = Shape("Airflow's universal transfer operator", {"Fivetran-S3-Access": (READS_LAKE,)})
    shape.build(sandbox)
    make(sandbox, "lake", service="s3", config={"bucket": LAKE, "role_arn": shape.arn})
    theirs = connections(sandbox)["lake"]
    refused = play(sandbox, "onboard", *US_ONLY)
    says(refused.messages("shop_us"), "cannot read s3://acme-currents-us/currents", "s3_access_adopt: true")
    adopts(sandbox)
    assert (may(sandbox, "Fivetran", LAKE), may(sandbox, "Fivetran", world.S3_BUCKET)) == (True, True)
    assert READS_LAKE in statements(sandbox)
    assert connections(sandbox)["lake"] == theirs


@pytest.mark.slow
def test_a_second_role_keeps_what_the_shared_policy_gives_it(sandbox: Sandbox) -> None:
    """W-28."""
    make_bucket(sandbox, LAKE, "currents")
    Shape("DoSomething, per environment", {"Fivetran-S3-Access": (READS_LAKE,)}).build(sandbox)
    trust = (trusts(external_id=world.SECOND_GROUP_ID),)
    Shape("", role="Fivetran-EMEA", trust=trust, attached=(POLICY,)).build(sandbox)
    before = sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]["roles"]["Fivetran-EMEA"]
    adopts(sandbox)
    assert may(sandbox, "Fivetran-EMEA", LAKE)
    assert READS_LAKE in statements(sandbox)
    assert sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]["roles"]["Fivetran-EMEA"] == before


def attached_elsewhere(sandbox: Sandbox) -> None:
    Shape("", {"fivetran-s3-access": (READS_LAKE,)}, role="lake").build(sandbox)


def attached_to_the_role(sandbox: Sandbox) -> None:
    Shape("", {"fivetran-s3-access": (READS_LAKE,)}).build(sandbox)


def role_in_another_case(sandbox: Sandbox) -> None:
    Shape("", {"currents": (READS_LAKE,)}, role="fivetran").build(sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("adopt", [False, True], ids=["", "adopting"])
@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        pytest.param(attached_elsewhere, ["fivetran-s3-access", "s3_access_policy_name"], id="W-29 policy"),
        pytest.param(role_in_another_case, ["IAM role fivetran", "s3_access_role_name: fivetran"], id="role"),
    ],
)
def test_a_name_that_differs_in_case_only_is_noticed_before_the_first_write(
    sandbox: Sandbox, arrange: Any, words: list[str], adopt: bool
) -> None:
    arrange(sandbox)
    before, inventory = sandbox.state_hash(), ADOPTING if adopt else None
    for arguments in (("--check",), ()):
        refused = play(sandbox, "onboard", *arguments, *US_ONLY, inventory=inventory)
        assert refused.exit_code != 0
        says(refused.messages("shop_us"), *words)
    assert sandbox.state_hash() == before


@pytest.mark.slow
def test_a_policy_in_another_case_that_suffices_is_attached_as_it_is(sandbox: Sandbox) -> None:
    """W-29."""
    document = Shape().document(GUIDE)
    made = sandbox.aws("iam").create_policy(PolicyName="fivetran-s3-access", PolicyDocument=document)["Policy"]["Arn"]
    before = sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]["policies"]
    onboarded = play(sandbox, "onboard", *US_ONLY)
    assert onboarded.exit_code == 0, onboarded.output
    account = sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]
    assert account["policies"] == before
    assert account["roles"]["Fivetran"]["attached_policies"] == [made]
    assert play(sandbox, "verify", *US_ONLY).exit_code == 0


@pytest.mark.slow
def test_a_policy_in_another_case_on_the_role_itself_is_added_to_where_it_may_be(sandbox: Sandbox) -> None:
    """W-29."""
    attached_to_the_role(sandbox)
    adopts(sandbox)
    assert may(sandbox, "Fivetran", LAKE)
    policies = sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]["policies"]
    assert list(policies) == [f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/fivetran-s3-access"]


@pytest.mark.slow
def test_a_policy_at_another_path_that_has_five_versions_is_added_to(sandbox: Sandbox) -> None:
    iam = sandbox.aws("iam")
    Shape().build(sandbox)
    made = iam.create_policy(
        PolicyName="Fivetran-S3-Access", Path="/vendors/", PolicyDocument=Shape().document([READS_LAKE])
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Fivetran", PolicyArn=made)
    for _version in range(4):
        iam.create_policy_version(PolicyArn=made, PolicyDocument=Shape().document([READS_LAKE]), SetAsDefault=True)
    adopts(sandbox)
    assert may(sandbox, "Fivetran", LAKE)
    assert list(sandbox.state("aws")["aws"]["accounts"][CUSTOMER_ACCOUNT]["policies"]) == [made]
