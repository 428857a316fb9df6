# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roles and grants are found for connections, in accounts as people have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import client_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._google.policy import folder_condition
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery import discover as discovery
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.access import AccessVariables
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.look import Credentials

from tests.integration.inventories.by_hand import GCS, S3, make
from tests.integration.playbooks.test_discover import READS, grant, make_role
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECOND_CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY, trust_policy
from tests.sandbox.client import Sandbox

LIMITS = {"request_timeout": 10, "retry_timeout": 10}
MEMBER = f"serviceAccount:{world.SERVICE_ACCOUNT}"
BUCKET = f"arn:aws:s3:::{world.S3_BUCKET}"


@pytest.fixture
def account(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Give a sandbox whose credentials this process has, as a customer with one connection in S3."""
    with patch.dict("os.environ", sandbox.env):
        make(sandbox, "braze_us")
        yield sandbox


def found(sandbox: Sandbox, *profiles: str) -> discovery.Discovery:
    """Discover in this process."""
    env = sandbox.env
    credentials = {
        "fivetran_api_key": env["FIVETRAN_APIKEY"],
        "fivetran_api_secret": env["FIVETRAN_APISECRET"],
        "fivetran_api_url": env["FIVETRAN_API_URL"],
    }
    gcs = {"credentials_file": None, "user_project": None, **LIMITS}
    client = client_from_params({**credentials, **LIMITS})
    return discovery.discover(client, [], Credentials(aws_profiles=profiles, gcs=gcs), Redactor([]))


def access(sandbox: Sandbox, host: str = "braze_us") -> AccessVariables:
    """Return what was found of one connection's access."""
    return next(item.access for item in found(sandbox).workspaces if item.host == host)


def statement(actions: Any, resource: Any, effect: str = "Allow") -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": resource}]}


def test_the_one_role_that_reads_is_found_among_those_that_do_not(account: Sandbox) -> None:
    arn = make_role(account, "reads")
    make_role(account, "reads-for-another-group", group=world.SECOND_GROUP_ID)
    make_role(account, "reads-another-bucket", statement("s3:*", "arn:aws:s3:::acme-lake*"))
    make_role(account, "only-lists", statement("s3:ListBucket", BUCKET))
    iam = account.aws("iam")
    iam.create_role(RoleName="lambda", AssumeRolePolicyDocument=json.dumps(statement("sts:AssumeRole", [])))
    assert access(account).settings == {"s3_access_role_arn": arn}
    assert account.writes() == []


@pytest.mark.slow
def test_a_role_among_very_many_is_found(account: Sandbox) -> None:
    iam = account.aws("iam")
    for number in range(120):
        iam.create_role(RoleName=f"other-{number}", AssumeRolePolicyDocument=trust_policy("somebody_else"))
    arn = make_role(account, "reads")
    account.clear_journal()
    assert access(account).settings == {"s3_access_role_arn": arn}
    # Of the others, nothing is read but their trust.
    assert len(account.journal("aws", "iam:GetRole")) == 1


def test_a_managed_policy_is_read_as_well_as_an_inline_one_and_once_for_all_roles(account: Sandbox) -> None:
    iam = account.aws("iam")
    policy = iam.create_policy(PolicyName="reads", PolicyDocument=json.dumps(READS))["Policy"]["Arn"]
    for name in ("a", "b"):
        iam.create_role(RoleName=name, Path="/vendors/", AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    account.clear_journal()
    candidates = access(account).candidates
    assert [candidate.settings for candidate in candidates] == [
        {"s3_access_role_arn": f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/vendors/{name}"} for name in ("a", "b")
    ]
    assert len(account.journal("aws", "iam:GetPolicyVersion")) == 1


@pytest.mark.parametrize(
    "forbid",
    [
        pytest.param("boundary", id="permissions boundary"),
        pytest.param("inline", id="inline Deny"),
        pytest.param("bucket", id="bucket policy"),
    ],
)
def test_a_role_that_something_keeps_from_reading_is_not_found_and_what_it_is_is_told(
    account: Sandbox, forbid: str
) -> None:
    make_role(account, "reads")
    iam = account.aws("iam")
    if forbid == "boundary":
        boundary = iam.create_policy(PolicyName="no-s3", PolicyDocument=json.dumps(statement("ec2:*", "*")))
        iam.put_role_permissions_boundary(RoleName="reads", PermissionsBoundary=boundary["Policy"]["Arn"])
    elif forbid == "inline":
        denial = json.dumps(statement("s3:GetObject", "*", "Deny"))
        iam.put_role_policy(RoleName="reads", PolicyName="no-objects", PolicyDocument=denial)
    else:
        denied = {**statement("s3:*", [BUCKET, f"{BUCKET}/*"], "Deny")["Statement"][0], "Principal": "*"}
        account.aws("s3").put_bucket_policy(
            Bucket=world.S3_BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]})
        )
    told = access(account)
    assert told.settings == {}
    words = {"boundary": "permissions boundary", "inline": "no-objects", "bucket": "the policy of bucket"}
    assert words[forbid] in told.missing


def reader(sandbox: Sandbox, *lacking: str) -> dict[str, str]:
    """Return the keys of a user who may read everything but what is lacking."""
    iam = sandbox.aws("iam")
    iam.create_user(UserName="auditor")
    reading = statement(["iam:Get*", "iam:List*", "s3:Get*", "s3:List*"], "*")["Statement"]
    denying = statement(list(lacking), "*", "Deny")["Statement"]
    document = json.dumps({"Version": "2012-10-17", "Statement": reading + denying})
    iam.put_user_policy(UserName="auditor", PolicyName="ReadOnly", PolicyDocument=document)
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.mark.parametrize(
    ("lacking", "expected", "words"),
    [
        ("iam:GetRolePolicy", True, "the credentials lack iam:GetRolePolicy"),
        ("iam:ListRolePolicies", True, "the credentials lack iam:ListRolePolicies"),
        ("iam:ListAttachedRolePolicies", True, "the credentials lack iam:ListAttachedRolePolicies"),
        ("iam:GetRole", True, "the credentials lack iam:GetRole"),
        ("s3:GetBucketPolicy", True, "the credentials lack s3:GetBucketPolicy"),
        ("s3:GetEncryptionConfiguration", True, "s3:GetEncryptionConfiguration is not allowed"),
        ("iam:ListRoles", False, "A policy of this identity denies iam:ListRoles"),
    ],
)
def test_what_the_credentials_may_not_read_is_named_and_never_taken_for_a_yes(
    account: Sandbox, lacking: str, expected: bool, words: str
) -> None:
    arn = make_role(account, "reads")
    with patch.dict("os.environ", reader(account, lacking)):
        seen = found(account)
    [workspace] = seen.workspaces
    # The only role that Fivetran can assume is the one, certain or not.
    assert workspace.access.settings == ({"s3_access_role_arn": arn} if expected else {})
    assert words in "\n".join([*workspace.access.remarks, workspace.access.missing, *seen.notes])
    assert not any("certain" in remark for remark in workspace.access.remarks)


def test_roles_are_looked_for_in_the_account_of_each_profile(account: Sandbox, tmp_path: Path) -> None:
    profiles = {"acme-us": CUSTOMER_ACCOUNT, "acme-emea": SECOND_CUSTOMER_ACCOUNT}
    file = tmp_path / "credentials"
    file.write_text(
        "".join(
            f"[{name}]\naws_access_key_id={number}\naws_secret_access_key={SECRET_ACCESS_KEY}\nregion={REGION}\n"
            for name, number in profiles.items()
        )
    )
    make(account, "braze_emea", config={**S3, "s3bucket": "acme-currents-emea"})
    account.aws("s3", SECOND_CUSTOMER_ACCOUNT).create_bucket(Bucket="acme-currents-emea")
    iam = account.aws("iam", SECOND_CUSTOMER_ACCOUNT)
    iam.create_role(RoleName="reads", AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
    document = json.dumps(statement("s3:*", ["arn:aws:s3:::acme-currents-emea", "arn:aws:s3:::acme-currents-emea/*"]))
    iam.put_role_policy(RoleName="reads", PolicyName="reading", PolicyDocument=document)
    arn = make_role(account, "reads")
    environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    with patch.dict("os.environ", environment):
        seen = found(account, *profiles, "no-such-profile")
    by_host = {item.host: item.access.settings for item in seen.workspaces}
    assert by_host == {
        "braze_us": {"s3_access_aws_profile": "acme-us", "s3_access_role_arn": arn},
        "braze_emea": {
            "s3_access_aws_profile": "acme-emea",
            "s3_access_role_arn": f"arn:aws:iam::{SECOND_CUSTOMER_ACCOUNT}:role/reads",
        },
    }
    [note] = seen.notes
    assert "no-such-profile" in note


def test_a_bucket_that_is_not_there_is_told(account: Sandbox) -> None:
    make_role(account, "reads")
    make(account, "braze_lost", config={**S3, "s3bucket": "no-such-bucket-4711"})
    assert "there is no bucket no-such-bucket-4711" in access(account, "braze_lost").missing


@pytest.mark.parametrize("name", ["acme-currents-eu/../../b", "a?x=y", "AccountKey=c2VjcmV0", ""])
def test_what_is_no_name_of_a_bucket_is_asked_of_nobody(account: Sandbox, name: str) -> None:
    make(account, "braze_eu", config={**GCS, "gcs_bucket": name})
    account.clear_journal()
    seen = found(account)
    assert account.journal("gcs") == []
    assert "c2VjcmV0" not in seen.text + "\n".join(seen.told(""))
    assert any("currents_bucket" in note for note in seen.notes)


@pytest.mark.parametrize(
    ("role", "members", "condition", "settings", "words"),
    [
        ("roles/storage.objectViewer", [MEMBER], None, {}, ""),
        ("roles/storage.objectViewer", [MEMBER], "folder", {"gcs_access_scope": "prefix"}, ""),
        ("roles/storage.objectAdmin", [MEMBER], None, {"gcs_access_manage": False}, ""),
        (
            "roles/storage.objectViewer",
            ["group:readers@acme.com"],
            None,
            {"gcs_access_manage": False},
            "cannot be told",
        ),
        ("projects/acme/roles/unknown", [MEMBER], None, {"gcs_access_manage": False}, "iam.roles.get"),
        ("projects/acme/roles/reads", [MEMBER], None, {"gcs_access_manage": False}, ""),
        ("roles/storage.objectViewer", ["user:ada@acme.com"], None, {"gcs_access_manage": False}, "No grant was found"),
    ],
    ids=[
        "as the guide",
        "as this collection for a folder",
        "wider",
        "by a group",
        "custom role",
        "readable role",
        "none",
    ],
)
def test_the_grant_that_is_there_decides_what_the_inventory_says(
    account: Sandbox, role: str, members: list[str], condition: str | None, settings: dict[str, Any], words: str
) -> None:
    make(account, "braze_eu", config=GCS)
    reads = ["storage.objects.get", "storage.objects.list"]
    account.seed("gcs", "define_role", role="projects/acme/roles/reads", permissions=reads)
    if condition:
        expression = folder_condition(world.GCS_BUCKET, world.PREFIX).as_json()
        binding = {"role": role, "members": members, "condition": expression}
        account.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[binding])
    else:
        grant(account, role, *members)
    told = access(account, "braze_eu")
    assert told.settings == settings
    assert words in told.missing
    assert bool(words) is bool(told.missing)
