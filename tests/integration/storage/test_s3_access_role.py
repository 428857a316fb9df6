# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role s3_access alone in a foreign playbook, with the real modules of amazon.aws."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.storage.reading import POLICY_ARN, ROLE_ARN, S3, Connection, assume, refused
from tests.integration.storage.writing import write
from tests.modules import run_module
from tests.playbook import LOCAL, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

BUCKET = world.S3_BUCKET
TAG = "onramp.braze_fivetran/external-id"
FOREIGN_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
}
WRITER = "onramp.braze_fivetran.s3_access"

Role = Callable[..., PlayResult]


@pytest.fixture
def role(sandbox: Sandbox) -> Role:
    def call(*arguments: str, **variables: Any) -> PlayResult:
        named = {f"s3_access_{name}": value for name, value in variables.items()}
        settings = {"s3_access_external_id": world.GROUP_ID, "s3_access_bucket": BUCKET, **named}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.s3_access"},
                    "vars": {name: value for name, value in settings.items() if value is not None},
                },
                {
                    "name": "Out comes",
                    "ansible.builtin.debug": {"msg": "{{ s3_access_fivetran_role_arn }}"},
                },
            ],
        }
        return run_playbook(sandbox, [play], *arguments)

    return call


def arn_of(play: PlayResult) -> str:
    assert play.exit_code == 0, play.output
    [result] = [task.result for task in play.tasks if task.task == "Out comes"]
    return str(result["msg"])


def written(play: PlayResult) -> list[str]:
    """Return what was written: policy, role, or both."""
    results = [result["access"] for result in play.results(WRITER) if "access" in result]
    return [kind for access in results for kind in ("policy", "role") if access[kind]["action"] != "none"]


def role_exists(sandbox: Sandbox) -> bool:
    return "Fivetran" in [entry["RoleName"] for entry in sandbox.aws("iam").list_roles()["Roles"]]


def policy_exists(sandbox: Sandbox) -> bool:
    policies = sandbox.aws("iam").list_policies(Scope="Local")["Policies"]
    return "Fivetran-S3-Access" in [entry["PolicyName"] for entry in policies]


def attach_by_hand(sandbox: Sandbox) -> str:
    """Attach somebody else's policy to the role; returns its ARN."""
    iam = sandbox.aws("iam")
    made = iam.create_policy(PolicyName="By-Hand", PolicyDocument=json.dumps(FOREIGN_DOCUMENT))
    arn: str = made["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Fivetran", PolicyArn=arn)
    return arn


def attached(sandbox: Sandbox) -> list[str]:
    policies = sandbox.aws("iam").list_attached_role_policies(RoleName="Fivetran")["AttachedPolicies"]
    return sorted(policy["PolicyArn"] for policy in policies)


@pytest.mark.slow
def test_an_account_is_granted_rerun_and_cleared(sandbox: Sandbox, role: Role) -> None:
    checked = role("--check", "--diff")
    assert arn_of(checked) == ROLE_ARN
    assert checked.changed("localhost") == 1
    assert "FivetranAssumesWithExternalId" in checked.output
    assert sandbox.writes() == []

    assert arn_of(role()) == ROLE_ARN
    assert Connection(sandbox, S3).problems() == []
    assert attached(sandbox) == [POLICY_ARN]
    assert sandbox.aws("iam").list_instance_profiles()["InstanceProfiles"] == []

    sandbox.clear_journal()
    again = role("--diff")
    assert arn_of(again) == ROLE_ARN
    assert again.changed("localhost") == 0
    assert written(again) == []
    assert sandbox.writes() == []

    assert role(state="absent").changed("localhost") == 1
    assert (role_exists(sandbox), policy_exists(sandbox)) == (False, False)
    assert role(state="absent").changed("localhost") == 0


@pytest.mark.slow
def test_blanks_around_a_folder_and_lists_as_a_text_change_nothing(sandbox: Sandbox, role: Role) -> None:
    for folder in (world.PREFIX, f" /{world.PREFIX}/ "):
        play = role(
            "-e", f"s3_access_buckets={BUCKET} s3_access_kms_key_arns=", bucket=None, scope="prefix", prefix=folder
        )
        assert play.exit_code == 0, play.output
    assert written(play) == []
    iam = sandbox.aws("iam")
    version = iam.get_policy(PolicyArn=POLICY_ARN)["Policy"]["DefaultVersionId"]
    document = json.dumps(iam.get_policy_version(PolicyArn=POLICY_ARN, VersionId=version)["PolicyVersion"]["Document"])
    assert f"arn:aws:s3:::{BUCKET}/{world.PREFIX}/*" in document


@pytest.mark.slow
def test_a_hand_attached_policy_survives_onboarding_rerun_and_offboarding(sandbox: Sandbox, role: Role) -> None:
    assert role().exit_code == 0
    by_hand = attach_by_hand(sandbox)
    # A change of the role itself, so that the module that could purge really runs.
    changed = role(max_session_duration=7200)
    assert written(changed) == ["role"]
    assert attached(sandbox) == sorted([by_hand, POLICY_ARN])

    for expected in (1, 0):
        gone = role(state="absent", max_session_duration=7200)
        assert gone.exit_code == 0, gone.output
        assert gone.changed("localhost") == expected
        assert "is kept, because more is attached to it than the IAM policy" in " ".join(gone.output.split())
        assert attached(sandbox) == [by_hand]
        assert not policy_exists(sandbox)


@pytest.mark.slow
def test_what_somebody_else_made_is_added_to_only_when_told_to_and_keeps_what_it_says(
    sandbox: Sandbox, role: Role
) -> None:
    iam = sandbox.aws("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="Fivetran", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    iam.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=json.dumps(FOREIGN_DOCUMENT))
    sandbox.clear_journal()
    stopped = role()
    assert stopped.exit_code != 0
    assert "was made by somebody else, and Fivetran may not assume it" in stopped.messages()
    assert "ec2.amazonaws.com" in stopped.messages()
    assert "Add to its permissions: " in stopped.messages()
    assert "s3_access_adopt: true" in stopped.messages()
    assert sandbox.writes() == []
    assert role(state="absent").exit_code == 0
    assert sandbox.writes() == []

    adopted = role(adopt=True)
    assert adopted.changed("localhost") == 1
    assert Connection(sandbox, S3).problems() == []
    kept = iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust in kept
    version = iam.get_policy(PolicyArn=POLICY_ARN)["Policy"]["DefaultVersionId"]
    policy = iam.get_policy_version(PolicyArn=POLICY_ARN, VersionId=version)["PolicyVersion"]["Document"]
    assert policy["Statement"][: len(FOREIGN_DOCUMENT["Statement"])] == FOREIGN_DOCUMENT["Statement"]
    assert role().changed("localhost") == 0


@pytest.mark.slow
def test_a_role_of_another_team_is_checked_and_nothing_is_written(sandbox: Sandbox, role: Role) -> None:
    assert role(role_name="of-terraform", policy_name="of-terraform").exit_code == 0
    arn = sandbox.aws("iam").get_role(RoleName="of-terraform")["Role"]["Arn"]
    before = sandbox.state_hash()
    given = role(role_arn=arn)
    assert given.exit_code == 0, given.output
    assert role(role_arn=arn, state="absent").exit_code == 0
    missing = role(role_arn=f"{arn}-of-nobody")
    assert "There is no IAM role" in missing.messages()
    no_arn = role(role_arn="of-terraform")
    assert "role_arn: expected the ARN of an IAM role" in no_arn.messages()
    sandbox.aws("iam").detach_role_policy(RoleName="of-terraform", PolicyArn=arn.replace(":role/", ":policy/"))
    narrow = role(role_arn=arn)
    assert f"cannot read s3://{BUCKET}" in narrow.messages()
    assert "leave s3_access_role_arn out" in narrow.messages()
    sandbox.aws("iam").attach_role_policy(RoleName="of-terraform", PolicyArn=arn.replace(":role/", ":policy/"))
    assert sandbox.state_hash() == before


def test_drift_is_repaired_and_nothing_else_is_written(sandbox: Sandbox, role: Role) -> None:
    assert not write(sandbox).failed
    iam = sandbox.aws("iam")
    trust = json.loads(json.dumps(iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"]))
    del trust["Statement"][0]["Condition"]
    iam.update_assume_role_policy(RoleName="Fivetran", PolicyDocument=json.dumps(trust))
    iam.detach_role_policy(RoleName="Fivetran", PolicyArn=POLICY_ARN)
    sandbox.clear_journal()
    repaired = role("--diff")
    assert repaired.exit_code == 0, repaired.output
    assert written(repaired) == ["role"]
    assert sorted(entry.operation for entry in sandbox.writes()) == [
        "aws:iam:AttachRolePolicy",
        "aws:iam:UpdateAssumeRolePolicy",
    ]
    assert Connection(sandbox, S3).problems() == []


@pytest.mark.slow
def test_a_policy_of_ours_that_was_widened_is_narrowed_again(sandbox: Sandbox, role: Role) -> None:
    role()
    iam = sandbox.aws("iam")
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}
    iam.create_policy_version(
        PolicyArn=POLICY_ARN,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [wide]}),
        SetAsDefault=True,
    )
    refused_to_remove = role(state="absent")
    assert "is not what these variables make; somebody has changed it" in refused_to_remove.messages()
    repaired = role()
    assert repaired.exit_code == 0, repaired.output
    assert written(repaired) == ["policy"]
    assert refused(sandbox.aws("s3", **assume(sandbox)).delete_bucket, Bucket=BUCKET)
    assert role().changed("localhost") == 0
    # Its versions go with it.
    assert role(state="absent").changed("localhost") == 1
    assert not policy_exists(sandbox)


@pytest.mark.slow
def test_every_option_reaches_aws(sandbox: Sandbox, role: Role) -> None:
    bounds = {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [bounds]})
    boundary = sandbox.aws("iam").create_policy(PolicyName="Boundary", PolicyDocument=document)
    variables = {
        "bucket": None,
        "buckets": [BUCKET, "acme-exports"],
        "scope": "prefix",
        "prefix": world.PREFIX,
        "kms_key_arns": ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
        "role_name": "Fivetran-Braze",
        "policy_name": "Fivetran-Braze-Read",
        "path": "/partners/",
        "permissions_boundary": boundary["Policy"]["Arn"],
        "max_session_duration": 7200,
        "tags": {"team": "data", "cost-center": 42},
        "fivetran_account_id": "834469178297",
        "partition": "aws",
    }
    sandbox.aws("s3").create_bucket(Bucket="acme-exports")
    arn = arn_of(role(**variables))
    assert arn == "arn:aws:iam::111122223333:role/partners/Fivetran-Braze"
    made = sandbox.aws("iam").get_role(RoleName="Fivetran-Braze")["Role"]
    assert made["Path"] == "/partners/"
    assert made["MaxSessionDuration"] == 7200
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary["Policy"]["Arn"]
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {
        "team": "data",
        "cost-center": "42",
        TAG: world.GROUP_ID,
    }
    assert role(**variables).changed("localhost") == 0


@pytest.mark.slow
def test_a_bucket_for_profile_exports_gets_a_role_of_its_own(sandbox: Sandbox, role: Role) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-exports")
    sandbox.aws("s3").put_object(Bucket="acme-exports", Key="export.zip", Body=b"users")
    role()
    arn = arn_of(role(bucket="acme-exports", role_name="Fivetran-Exports", policy_name="Fivetran-Exports-Access"))
    exports = {
        "enable_exports": True,
        "export_storage_type": "AWS_S3",
        "s3_export_bucket": "acme-exports",
        "s3_export_role_arn": arn,
    }
    assert Connection(sandbox, {**S3, **exports}).problems() == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "external_id": (
        {"s3_access_external_id": "a b"},
        "s3_access_external_id: expected the External ID that Fivetran shows",
    ),
    "no_external_id": ({"s3_access_external_id": None}, "s3_access_external_id: is not set. The External ID"),
    "no_bucket": ({"s3_access_bucket": None}, "s3_access_bucket: is not set. Name the bucket"),
    "no_prefix": ({"s3_access_scope": "prefix"}, "s3_access_prefix: "),
    "wildcard": ({"s3_access_bucket": "acme-*"}, "s3_access_bucket: expected the name of a bucket"),
    "path": ({"s3_access_path": "partners"}, "path: expected a path that begins and ends with /"),
    "role_name": ({"s3_access_role_name": "Five tran"}, "role_name: expected at most 64"),
    "tags": ({"s3_access_tags": {TAG: "mine"}}, "is the tag by which the collection knows"),
    "scope": ({"s3_access_scope": "object"}, 's3_access_scope: expected bucket or prefix, got "object".'),
}


def test_a_wrong_variable_is_refused_by_name_before_aws_is_asked(sandbox: Sandbox) -> None:
    right = {"s3_access_external_id": world.GROUP_ID, "s3_access_bucket": BUCKET, **LOCAL}
    hosts = {
        name: {variable: value for variable, value in {**right, **wrong}.items() if value is not None}
        for name, (wrong, _text) in WRONG.items()
    }
    play = {"hosts": "all", "gather_facts": False, "roles": ["onramp.braze_fivetran.s3_access"]}
    result = run_playbook(sandbox, [play], inventory={"all": {"hosts": hosts}})
    for name, (_wrong, text) in WRONG.items():
        assert text in result.messages(name), f"{name}: {result.messages(name)}"
    assert sandbox.journal("aws") == []


def test_a_bucket_that_is_missing_stops_the_role_before_anything_is_made(sandbox: Sandbox, role: Role) -> None:
    play = role(bucket="acme-typo")
    assert "There is no bucket acme-typo." in play.messages()
    assert sandbox.writes() == []


@pytest.mark.slow
def test_a_removal_in_check_mode_tells_what_would_go_and_removes_nothing(sandbox: Sandbox, role: Role) -> None:
    role(bucket="acme-typo", preflight="warn")
    sandbox.clear_journal()
    checked = role("--check", bucket="acme-typo", state="absent")
    assert checked.changed("localhost") == 1
    assert sandbox.writes() == []
    assert role_exists(sandbox)


@pytest.mark.slow
def test_two_workspaces_share_a_role_and_leave_it_one_by_one(sandbox: Sandbox) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-second")
    both = [BUCKET, "acme-second"]
    tasks = [
        {
            "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.s3_access"},
            "vars": {
                "s3_access_external_id": world.GROUP_ID,
                "s3_access_buckets": "{{ buckets }}",
                "s3_access_state": "{{ state }}",
            },
        }
    ]
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]

    def inventory(state: str, first: list[str], second: list[str]) -> dict[str, Any]:
        hosts = {"shop_us": {"buckets": first}, "shop_eu": {"buckets": second}}
        return {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "state": state}}}

    leaving = inventory("absent", both[:1], both[1:])
    made = run_playbook(sandbox, play, inventory=inventory("present", both, both))
    assert made.exit_code == 0, made.output
    left = run_playbook(sandbox, play, "--limit", "shop_us", inventory=leaving)
    assert left.exit_code == 0, left.output
    info = run_module("s3_access_plan_info", {"external_id": world.GROUP_ID, "buckets": both[1:]}, sandbox.env)
    assert info["access"]["policy"]["action"] == info["access"]["role"]["action"] == "none"
    last = run_playbook(sandbox, play, "--limit", "shop_eu", inventory=leaving)
    assert last.exit_code == 0, last.output
    assert (role_exists(sandbox), policy_exists(sandbox)) == (False, False)


@pytest.mark.slow
def test_a_bucket_that_nobody_needs_any_more_is_taken_out_of_the_policy_when_it_is_released(
    sandbox: Sandbox, role: Role
) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-second")
    assert role(bucket=None, buckets=[BUCKET, "acme-second"]).exit_code == 0
    assert not refused(sandbox.aws("s3", **assume(sandbox)).list_objects_v2, Bucket="acme-second")
    sandbox.clear_journal()
    stopped = role()
    assert "also lets Fivetran read acme-second" in stopped.messages()
    assert "s3_access_released_buckets" in stopped.messages()
    assert sandbox.writes() == []

    released = role(released_buckets=["acme-second"])
    assert released.exit_code == 0, released.output
    [info] = [task.result for task in released.tasks if task.action == "onramp.braze_fivetran.s3_access_plan_info"]
    assert [finding["code"] for finding in info["access"]["findings"]] == ["buckets_released"]
    assert written(released) == ["policy"]
    assert refused(sandbox.aws("s3", **assume(sandbox)).list_objects_v2, Bucket="acme-second")
    assert Connection(sandbox, S3).problems() == []
    assert role(released_buckets=["acme-second"]).changed("localhost") == 0


NO_SUCH_ENTITY = (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
    "<Code>NoSuchEntity</Code><Message>Policy does not exist or is not attachable.</Message></Error></ErrorResponse>"
)


@pytest.mark.slow
def test_a_policy_that_iam_does_not_know_everywhere_yet_is_attached_all_the_same(sandbox: Sandbox, role: Role) -> None:
    sandbox.fault(
        "status",
        operation="iam:AttachRolePolicy",
        status=404,
        body=NO_SUCH_ENTITY,
        headers={"Content-Type": "text/xml"},
    )
    play = role()
    assert play.exit_code == 0, play.output
    assert attached(sandbox) == [POLICY_ARN]
    assert [entry.status for entry in sandbox.journal("aws", "iam:AttachRolePolicy")] == [404, 200]
