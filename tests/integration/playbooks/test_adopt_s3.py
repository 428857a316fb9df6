# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles and policies that people have made by hand: what suffices is adopted untouched, and nothing is taken away.

Where each case is tried:

| case | by |
|---|---|
| W-01, 02, 04, 05, 07 to 09, 12, 13, 15, 21 to 23, 31, 32, 47 | ``ENOUGH``, by their number |
| W-33 | ``ENOUGH`` (TLS), ``NOT_MEANT`` (roles, organizations) |
| W-24, 25 | ``FORBIDDEN`` |
| W-14, 45 | ``test_who_is_trusted_already_is_named_and_stays_trusted`` |
| W-27 to 29 | ``test_adopt_s3_shared.py`` |
| W-34, 36, 37, 39 | ``test_adopt_gcs.py`` |
| W-41, 42, 44 | ``test_what_was_made_by_hand_and_works_...`` in ``test_adopt_connection.py``: slashes, schedule |
| W-43 | the same: exports |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.inventories.by_hand import S3, make
from tests.integration.playbooks.fleet import IMPATIENT, connections, findings, play, workspaces
from tests.integration.playbooks.foreseen import foresee
from tests.integration.playbooks.plans import YES, says, to_do, warned
from tests.integration.playbooks.shapes import (
    ENOUGH,
    FORBIDDEN,
    GUIDE,
    LAMBDA,
    LEFT_TO_IAM,
    LETS_DECRYPT,
    NEITHER_DECRYPTS,
    NOT_MEANT,
    Shape,
    allow,
    deny,
    encrypt,
    ids,
    trusts,
)
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

US_ONLY = ("--limit", "shop_us")
# One of them as a person runs it; the others as the module sees them, and in `make test-full`.
PLAYED = "the partner guide"
SLOW = [
    pytest.param(name, id=identity, marks=[] if name == PLAYED else pytest.mark.slow)
    for name, identity in zip(ENOUGH, ids(ENOUGH), strict=True)
]


def iam(sandbox: Sandbox) -> Any:
    """Return everything that is in the AWS account."""
    client = sandbox.aws("iam")
    roles = [client.get_role(RoleName=role["RoleName"])["Role"] for role in client.list_roles()["Roles"]]
    attributes = ("PermissionsBoundary", "MaxSessionDuration", "Description")
    more = {role["Arn"]: {name: role.get(name) for name in attributes} for role in roles}
    return {**sandbox.state("aws")["aws"], "attributes": more, "writes": None}


@pytest.mark.parametrize("name", ENOUGH, ids=ids(ENOUGH))
def test_what_suffices_needs_no_write(sandbox: Sandbox, name: str) -> None:
    ENOUGH[name].build(sandbox)
    arguments = {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET], "prefix": world.PREFIX}
    access = run_module("s3_access_plan_info", arguments, sandbox.env)["access"]
    assert (access["policy"]["action"], access["role"]["action"]) == ("none", "none"), access
    assert access["effect"]["assume_role"]["answer"] == "yes"
    assert access["effect"]["read"]["s3://acme-currents-us/currents"]["answer"] == "yes"
    assert access["role"]["arn"] == ENOUGH[name].arn


@pytest.mark.parametrize("name", SLOW)
def test_what_suffices_is_adopted_as_it_is_and_fivetran_reads_through_it(sandbox: Sandbox, name: str) -> None:
    shape = ENOUGH[name]
    shape.build(sandbox)
    before, inventory = iam(sandbox), workspaces(shop_us=shape.variables)
    foretold = play(sandbox, "onboard", "--check", *US_ONLY, inventory=inventory)
    assert foretold.exit_code == 0, foretold.output
    assert to_do(foretold, "shop_us") == [("create", "connection")]
    assert "actions of kms" not in foretold.output
    says(warned(foretold, "shop_us"), *shape.warned)
    assert shape.warned or not warned(foretold, "shop_us")
    assert connections(sandbox) == {}
    onboarded = play(sandbox, "onboard", *US_ONLY, inventory=inventory)
    assert onboarded.exit_code == 0, onboarded.output
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    verified = play(sandbox, "verify", *US_ONLY, inventory=inventory)
    assert verified.exit_code == 0, verified.output
    assert iam(sandbox) == before
    left = play(sandbox, "offboard", *US_ONLY, *YES, inventory=inventory)
    assert left.exit_code == 0, left.output
    says(left.output, f"The IAM role {shape.arn} stays, because it was not made by this role")
    assert connections(sandbox) == {}
    assert iam(sandbox) == before


@pytest.mark.slow
def test_where_fivetran_needs_the_location_its_setup_tests_say_so_and_the_connection_is_not_started(
    sandbox: Sandbox,
) -> None:
    """Whether it does is not documented, so that neither is taken for granted."""
    sandbox.seed("fivetran", "need_location")
    ENOUGH["two policies"].build(sandbox)
    before = iam(sandbox)
    failed = play(sandbox, "onboard", *US_ONLY, *IMPATIENT)
    assert failed.exit_code != 0
    says(failed.messages("shop_us"), "setup tests", "GetBucketLocation")
    assert connections(sandbox)["braze_shop_us"]["paused"] is True
    assert iam(sandbox) == before


@pytest.mark.slow
def test_where_neither_role_nor_key_lets_decrypt_a_warning_foretells_what_the_setup_tests_say(sandbox: Sandbox) -> None:
    NEITHER_DECRYPTS.build(sandbox)
    before = iam(sandbox)
    foretold = play(sandbox, "onboard", "--check", *US_ONLY)
    assert foretold.exit_code == 0, foretold.output
    says(warned(foretold, "shop_us"), "the policy of the key, which is not looked at, may", "s3_access_kms_key_arns")
    failed = play(sandbox, "onboard", *US_ONLY, *IMPATIENT)
    assert failed.exit_code != 0
    says(failed.messages("shop_us"), "setup tests", "not authorized to perform: kms:Decrypt")
    assert connections(sandbox)["braze_shop_us"]["paused"] is True
    assert iam(sandbox) == before


@pytest.mark.slow
def test_a_key_that_the_inventory_names_lets_the_role_that_is_made_decrypt(sandbox: Sandbox) -> None:
    key = encrypt(sandbox)
    onboarded = play(sandbox, "onboard", *US_ONLY, inventory=workspaces(shop_us={"s3_access_kms_key_arns": [key]}))
    assert onboarded.exit_code == 0, onboarded.output
    assert "the policy of the key" not in warned(onboarded, "shop_us")
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_MEANT, ids=ids(NOT_MEANT))
def test_what_the_bucket_denies_to_others_refuses_nothing(sandbox: Sandbox, name: str) -> None:
    shape = NOT_MEANT[name]
    shape.build(sandbox)
    foretold = play(sandbox, "onboard", "--check", *US_ONLY)
    assert foretold.exit_code == 0, foretold.output
    assert to_do(foretold, "shop_us") == [("create", "connection")]
    make(sandbox, "braze_shop_us", config={**S3, "s3role_arn": shape.arn}, destination_schema_names="FIVETRAN_NAMING")
    before = sandbox.state_hash()
    verified = play(sandbox, "verify", *US_ONLY)
    assert verified.exit_code == 0, verified.output
    for run in (foretold, verified):
        says(warned(run, "shop_us"), *shape.warned)
        assert shape.warned or not warned(run, "shop_us")
    assert sandbox.state_hash() == before


@pytest.mark.parametrize("name", FORBIDDEN, ids=ids({name: shape for name, (shape, _where) in FORBIDDEN.items()}))
def test_what_forbids_to_read_is_named_wherever_it_stands_before_anything_is_made(sandbox: Sandbox, name: str) -> None:
    shape, where = FORBIDDEN[name]
    shape.build(sandbox)
    before = sandbox.state_hash()
    refused = foresee(sandbox, "onboard", limit=["shop_us"])
    assert refused.exit_code != 0
    says(refused.messages("shop_us"), where, "may not read s3://acme-currents-us/currents")
    found = findings(foresee(sandbox, "verify", limit=["shop_us"]), "shop_us")
    assert [message for step, message in found if step == "access" and where in message] != [], found
    assert sandbox.state_hash() == before


@pytest.mark.slow
def test_verify_finds_what_forbids_fivetran_to_read_through_a_role_of_ours(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", *US_ONLY).exit_code == 0
    assert play(sandbox, "verify", *US_ONLY).exit_code == 0
    forbids = Shape().document([deny("s3:GetObject", "*")])
    sandbox.aws("iam").put_role_policy(RoleName="Fivetran", PolicyName="no-objects", PolicyDocument=forbids)
    found = findings(play(sandbox, "verify", *US_ONLY), "shop_us")
    assert [step for step, message in found if "no-objects" in message] == ["access"], found


PAYROLL = allow("s3:GetObject", "arn:aws:s3:::acme-payroll/*")
NARROW = Shape("", {"Fivetran-S3-Access": (PAYROLL,)}, trust=(trusts(), LAMBDA))


def test_too_little_is_refused_with_what_is_missing_and_adding_it_takes_nothing_away(sandbox: Sandbox) -> None:
    NARROW.build(sandbox)
    before = sandbox.state_hash()
    refused = play(sandbox, "onboard", "--diff", *US_ONLY)
    assert refused.exit_code != 0
    says(refused.messages("shop_us"), "s3:ListBucket", "s3:GetObject", "s3_access_adopt: true", "s3_access_role_name")
    assert sandbox.state_hash() == before

    adopting = workspaces(shop_us={"s3_access_adopt": True})
    adopted = play(sandbox, "onboard", *US_ONLY, inventory=adopting)
    assert adopted.exit_code == 0, adopted.output
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    role = sandbox.aws("iam").get_role(RoleName="Fivetran")["Role"]
    assert LAMBDA in role["AssumeRolePolicyDocument"]["Statement"]
    policy = foresee(sandbox, "onboard", inventory=adopting, limit=["shop_us"])
    assert to_do(policy, "shop_us") == []
    arn = f"{NARROW.arn.replace(':role/', ':policy/')}-S3-Access"
    version = sandbox.aws("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = sandbox.aws("iam").get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert PAYROLL in document["Statement"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trust", "who"),
    [
        pytest.param((LAMBDA,), "lambda.amazonaws.com", id="W-14 W-45 Lambda"),
        pytest.param((trusts(external_id=world.SECOND_GROUP_ID),), world.SECOND_GROUP_ID, id="W-45 another group"),
        pytest.param((trusts("999988887777", None), LAMBDA), "999988887777", id="W-14 W-45 another account"),
    ],
)
def test_who_is_trusted_already_is_named_and_stays_trusted(sandbox: Sandbox, trust: Any, who: str) -> None:
    Shape("", {"Fivetran-S3-Access": GUIDE}, trust=trust).build(sandbox)
    before = sandbox.state_hash()
    refused = play(sandbox, "onboard", *US_ONLY)
    # Who is trusted, and two ways: one that adds, and one that leaves the role as it is.
    words = ("may not assume it", who, "s3_access_adopt: true", "choose another s3_access_role_name")
    says(refused.messages("shop_us"), *words)
    assert sandbox.state_hash() == before
    adopted = play(sandbox, "onboard", *US_ONLY, inventory=workspaces(shop_us={"s3_access_adopt": True}))
    assert adopted.exit_code == 0, adopted.output
    after = sandbox.aws("iam").get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert list(trust) == after[:-1]


def test_a_role_of_another_team_is_named_by_its_arn_and_nothing_is_written_in_iam(sandbox: Sandbox) -> None:
    theirs = Shape("Terraform", {"read-currents": GUIDE}, role="of-terraform", path="/vendors/")
    theirs.build(sandbox)
    before = iam(sandbox)
    inventory = workspaces(shop_us={"s3_access_role_arn": theirs.arn})
    onboarded = play(sandbox, "onboard", *US_ONLY, inventory=inventory)
    assert onboarded.exit_code == 0, onboarded.output
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    assert foresee(sandbox, "verify", inventory=inventory, limit=["shop_us"]).exit_code == 0
    assert iam(sandbox) == before
    sandbox.aws("iam").detach_role_policy(
        RoleName="of-terraform", PolicyArn="arn:aws:iam::111122223333:policy/read-currents"
    )
    found = findings(play(sandbox, "verify", *US_ONLY, inventory=inventory), "shop_us")
    assert [step for step, message in found if "cannot read s3://acme-currents-us/currents" in message] == ["access"]
    left = play(sandbox, "offboard", *US_ONLY, *YES, inventory=inventory)
    assert left.exit_code == 0, left.output
    says(left.output, "s3_access_role_arn says that it is somebody else's")


NAMES_IT = (LEFT_TO_IAM, {**LETS_DECRYPT, "Principal": {"AWS": replace(NEITHER_DECRYPTS, role="of-terraform").arn}})
GIVEN = ("the partner guide", "CDK's grantRead", "another path", "a key by the key's own policy", "a bucket for TLS")


@pytest.mark.slow
@pytest.mark.parametrize("name", GIVEN)
def test_a_role_that_suffices_is_named_by_its_arn_whatever_it_is_called(sandbox: Sandbox, name: str) -> None:
    theirs = replace(ENOUGH[name], role="of-terraform", key=NAMES_IT if ENOUGH[name].key else None)
    theirs.build(sandbox)
    before, inventory = iam(sandbox), workspaces(shop_us={"s3_access_role_arn": theirs.arn})
    foretold = play(sandbox, "onboard", "--check", *US_ONLY, inventory=inventory)
    assert to_do(foretold, "shop_us") == [("create", "connection")]
    assert play(sandbox, "onboard", *US_ONLY, inventory=inventory).exit_code == 0
    assert connections(sandbox)["braze_shop_us"]["status"]["setup_state"] == "connected"
    verified = play(sandbox, "verify", *US_ONLY, inventory=inventory)
    assert verified.exit_code == 0, verified.output
    assert iam(sandbox) == before


REFUSED = {
    "too narrow": (NARROW, ["cannot read s3://acme-currents-us/currents", "Add to its permissions", "s3:ListBucket"]),
    "not trusted": (
        Shape("", {"Fivetran-S3-Access": GUIDE}, trust=(LAMBDA,)),
        ["may not assume it", "lambda.amazonaws.com", "Add to its trust policy"],
    ),
    **{name: (shape, [where, "may not read"]) for name, (shape, where) in FORBIDDEN.items()},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_a_role_that_does_not_suffice_is_named_by_its_arn_and_refused_with_what_is_wrong(
    sandbox: Sandbox, name: str
) -> None:
    shape, words = REFUSED[name]
    theirs = replace(shape, role="of-terraform")
    theirs.build(sandbox)
    before, inventory = sandbox.state_hash(), workspaces(shop_us={"s3_access_role_arn": theirs.arn})
    for arguments in (("--check",), ()):
        refused = play(sandbox, "onboard", *arguments, *US_ONLY, inventory=inventory)
        says(refused.messages("shop_us"), *words, "leave s3_access_role_arn out" if shape is NARROW else theirs.arn)
        # There is nothing to adopt where somebody else is in charge.
        assert "s3_access_adopt" not in refused.messages("shop_us")
    found = findings(play(sandbox, "verify", *US_ONLY, inventory=inventory), "shop_us")
    assert [step for step, message in found if words[0] in message] == ["access"], found
    assert sandbox.state_hash() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("of-terraform", ["s3_access_role_arn", "the ARN of an IAM role"]),
        ("arn:aws:iam::111122223333:role/of-nobody", ["There is no IAM role", "s3_access_role_arn"]),
    ],
)
def test_a_role_that_cannot_be_used_is_refused_before_anything_is_made(
    sandbox: Sandbox, arn: str, words: list[str]
) -> None:
    before = sandbox.state_hash()
    refused = play(sandbox, "onboard", *US_ONLY, inventory=workspaces(shop_us={"s3_access_role_arn": arn}))
    says(refused.messages("shop_us"), *words)
    assert sandbox.state_hash() == before


def test_a_role_in_another_account_is_said_not_to_be_verifiable_and_fivetran_decides(sandbox: Sandbox) -> None:
    arn = "arn:aws:iam::999988887777:role/of-another-account"
    checked = play(sandbox, "onboard", "--check", *US_ONLY, inventory=workspaces(shop_us={"s3_access_role_arn": arn}))
    assert checked.exit_code == 0, checked.output
    assert to_do(checked, "shop_us") == [("create", "connection")]
    says(checked.output, "cannot be told from here", "999988887777")


@pytest.mark.slow
def test_a_role_that_this_run_makes_is_sent_to_a_connection_that_is_there_and_tested(sandbox: Sandbox) -> None:
    theirs = replace(ENOUGH["the partner guide"], role="acme-fivetran")
    theirs.build(sandbox)
    inventory = workspaces(shop_us={"s3_access_role_arn": theirs.arn})
    assert play(sandbox, "onboard", *US_ONLY, inventory=inventory).exit_code == 0
    sandbox.clear_journal()
    other = workspaces(shop_us={"s3_access_policy_name": "Fivetran-of-ours"})
    moved = play(sandbox, "onboard", *US_ONLY, inventory=other)
    assert moved.exit_code == 0, moved.output
    assert connections(sandbox)["braze_shop_us"]["config"]["s3role_arn"].endswith("role/Fivetran")
    assert [entry.operation for entry in sandbox.journal("fivetran", "test_connection")] != []
