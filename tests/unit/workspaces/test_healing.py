# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml decides: what keeps data away and is repaired, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import ActualPolicy
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import HealState
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import told

from tests.unit.workspaces.healed import (
    BROKEN,
    BUCKET,
    EU,
    FAILED,
    NOBODY,
    SUCCEEDED,
    SYNCING,
    US,
    healing_of,
    kinds,
    plan_of,
    planned,
    world_of,
)
from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    World,
    failed,
    gcs_policy,
    in_iam,
    key_result,
    row,
    settings,
)

# What is left alone


def test_what_works_is_left_alone() -> None:
    plan = plan_of(US, world_of())
    assert plan.healing is not None
    assert plan.healing.state is HealState.NOTHING_BROKEN
    assert kinds(plan) == {}


def test_what_merely_differs_is_left_alone_and_named() -> None:
    healing = healing_of(settings(fivetran_connection_sync_frequency=60), world_of(sync_frequency=360))
    assert healing.state is HealState.NOTHING_BROKEN
    (note,) = healing.notes
    assert "sync_frequency" in note
    assert "onboard.yml" in note


def test_a_connection_of_another_service_is_left_to_a_person_and_no_access_is_made_for_it() -> None:
    theirs = row(US, service="s3", status={"setup_state": "broken", "sync_state": "scheduled"})
    plan = plan_of(US, World(rows=(theirs,)))
    assert plan.healing is not None
    assert plan.healing.state is HealState.NEEDS_A_PERSON
    assert "by a connection of service s3" in str(plan.healing)
    assert kinds(plan) == {}


def test_what_a_person_has_paused_is_left_alone_however_broken_it_is() -> None:
    plan = plan_of(US, world_of(paused=True, status=BROKEN, trust=NOBODY))
    assert plan.healing is not None
    assert plan.healing.state is HealState.NOTHING_BROKEN
    assert "paused" in plan.healing.message
    assert kinds(plan) == {}


def test_a_workspace_without_a_connection_is_not_broken() -> None:
    healing = healing_of(US, World(iam=in_iam(US, BUCKET)))
    assert healing.state is HealState.NOTHING_BROKEN
    assert "onboard.yml" in healing.message


@pytest.mark.parametrize("verdict", ["invalid_key", "missing_permissions"])
def test_a_key_that_is_not_good_is_no_matter_where_data_comes_in_all_the_same(verdict: str) -> None:
    healing = healing_of(US, world_of(), answers={questions.key(US): Returned(key_result(verdict))})
    assert healing.state is HealState.NOTHING_BROKEN
    assert verdict in healing.notes[0]


def test_a_wider_policy_of_a_connection_that_works_is_left_alone() -> None:
    world = replace(world_of(), iam=in_iam(US, BUCKET, "some-other-bucket"))
    plan = plan_of(US, world)
    assert plan.healing is not None
    assert plan.healing.state is HealState.NOTHING_BROKEN
    assert kinds(plan) == {}


# What somebody has added to a policy


DENIES_ANOTHER = {"Sid": "NoPayroll", "Effect": "Deny", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::payroll/*"]}
EXPORTS = {"Sid": "Exports", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
DENIES_OURS = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}


def edited(*more: dict[str, Any], **own: Any) -> Any:
    """Return a policy to which somebody has added statements, and in which ours is another; and the role."""
    policy, role = in_iam(US, BUCKET)
    assert isinstance(policy, ActualPolicy)
    [statement] = policy.document["Statement"]
    return replace(policy, document={**policy.document, "Statement": [{**statement, **own}, *more]}), role


@pytest.mark.parametrize("more", [DENIES_ANOTHER, EXPORTS], ids=["deny", "allow"])
def test_healing_a_trust_policy_takes_out_of_the_policy_nothing_that_somebody_has_added(more: dict[str, Any]) -> None:
    policy, role = edited(more)
    plan = plan_of(US, replace(world_of(), iam=(policy, replace(role, trust=NOBODY))))
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    assert kinds(plan) == {"role": "update", "connection": "update"}


@pytest.mark.parametrize("status", [None, BROKEN], ids=["unnoticed", "noticed"])
@pytest.mark.parametrize(
    "iam",
    [edited(DENIES_OURS), edited(DENIES_ANOTHER, Action=["s3:Get*"]), edited(EXPORTS, Action=["s3:Get*"])],
    ids=["denied", "deny of another", "allow"],
)
def test_a_policy_that_keeps_fivetran_out_and_says_more_is_left_to_a_person(iam: Any, status: Any) -> None:
    without_policy = S3Bucket(BUCKET, answers={"get_bucket_policy": None})
    plan = plan_of(
        US,
        replace(world_of(**({"status": status} if status else {})), iam=iam),
        answers={questions.s3_bucket(US, AWS_ACCOUNT): Returned(without_policy)},
    )
    assert plan.healing is not None
    assert plan.healing.state is HealState.NEEDS_A_PERSON
    assert plan.healing.left[0].code == "policy_has_more"
    assert "onboard.yml" in plan.healing.left[0].text()
    assert kinds(plan) == {}


@pytest.mark.parametrize(
    "own",
    [
        {"Action": ["s3:GetObject"]},
        {"Action": "s3:get*"},
        {"Resource": [f"arn:aws:s3:::{BUCKET}"]},
        {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}},
    ],
    ids=["fewer actions", "other case", "fewer resources", "condition"],
)
def test_a_policy_that_allows_less_than_it_should_is_repaired(own: dict[str, Any]) -> None:
    plan = plan_of(US, replace(world_of(status=BROKEN), iam=edited(**own)))
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    assert kinds(plan) == {"policy": "update", "connection": "update"}


def test_tags_that_differ_keep_no_policy_from_being_repaired() -> None:
    policy, role = edited(Action=["s3:Get*"])
    tagged = settings(s3_access_tags={"team": "new"})
    iam = (replace(policy, tags={**policy.tags, "team": "old"}), role)
    plan = plan_of(tagged, replace(world_of(tagged, status=BROKEN), iam=iam))
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    assert kinds(plan)["policy"] == "update"


# What is repaired


def test_a_trust_policy_that_keeps_fivetran_out_is_repaired_also_before_a_sync_has_failed() -> None:
    plan = plan_of(US, world_of(trust=NOBODY))
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    assert kinds(plan) == {"role": "update", "connection": "update"}
    assert plan.healing.cause == "access:role_differs"
    assert not plan.healing.last_sync_failed


def test_what_fivetran_says_of_access_that_is_repaired_is_not_told_beside_it() -> None:
    status = {**BROKEN, "tasks": [{"code": "reconnect", "message": "Cannot assume role"}]}
    healing = healing_of(US, world_of(status=status, trust=NOBODY))
    assert "does not let" in healing.message
    assert "Cannot assume role" not in healing.message
    assert "Cannot assume role" in healing_of(US, world_of(status=status)).message


def test_access_that_differs_is_repaired_where_the_connection_is_broken_whether_or_not_it_is_to_blame() -> None:
    (_policy, role) = in_iam(US, BUCKET)
    more = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    wider = {**role.trust, "Statement": [*role.trust["Statement"], more]}
    assert kinds(plan_of(US, world_of(trust=wider))) == {}
    assert kinds(plan_of(US, world_of(status=BROKEN, trust=wider))) == {"role": "update", "connection": "update"}


def test_a_role_that_is_gone_is_made_again_and_sent() -> None:
    plan = plan_of(US, replace(world_of(status=BROKEN, failed_at=FAILED), iam=in_iam(US, BUCKET)[:1]))
    assert kinds(plan) == {"role": "create", "connection": "update"}
    work = plan.work()["connection"]
    assert (work["update_secrets"], work["run_setup_tests"]) == ("always", "always")
    assert plan.access.maker == US.name


def test_nothing_is_taken_out_of_a_policy_that_is_repaired() -> None:
    world = replace(world_of(status=BROKEN, trust=NOBODY), iam=in_iam(US, BUCKET, "another-bucket", trust=NOBODY))
    assert plan_of(US, world).access.released == ()
    assert "another-bucket" in plan_of(US, world).access.buckets


@pytest.mark.parametrize(
    "changes", [{"status": BROKEN}, {"failed_at": FAILED}, {"status": BROKEN, "failed_at": FAILED}]
)
def test_a_grant_that_is_gone_is_granted_again_once_fivetran_misses_it(changes: dict[str, Any]) -> None:
    world = replace(world_of(EU, **changes), policies={EU.bucket: gcs_policy()})
    assert kinds(plan_of(EU, world)) == {"grant": "create", "connection": "update"}


def test_a_connection_that_is_broken_is_tested_and_gets_its_secrets_where_the_tests_fail() -> None:
    plan = plan_of(US, world_of(status=BROKEN))
    work = plan.work()["connection"]
    assert (work["update_secrets"], work["run_setup_tests"]) == ("on_test_failure", "always")
    assert plan.healing is not None
    assert plan.healing.connection


def test_a_key_that_braze_was_not_asked_about_is_not_sent() -> None:
    plan = plan_of(US, world_of(status=BROKEN), answers={questions.key(US): failed()})
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    assert plan.work()["connection"]["update_secrets"] == "never"


def test_of_what_differs_only_the_configuration_is_sent_and_no_schedule() -> None:
    workspace = settings(fivetran_connection_sync_frequency=60)
    config = {**row(workspace)["config"], "s3folder": "elsewhere"}
    plan = plan_of(workspace, world_of(workspace, status=BROKEN, sync_frequency=360, config=config))
    (change,) = plan.changes_of("connection")
    assert change.after == {"config.s3folder": workspace.prefix}


def test_a_connection_that_reads_another_bucket_is_pointed_elsewhere_by_a_person_only() -> None:
    config = {**row(US)["config"], "s3bucket": "another-bucket"}
    plan = plan_of(US, world_of(status=BROKEN, config=config))
    assert plan.healing is not None
    assert plan.healing.state is HealState.NEEDS_A_PERSON
    assert plan.healing.left[0].code == "protected_field"
    assert "Nothing was changed" not in plan.healing.left[0].text()
    assert kinds(plan) == {}


KMS = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:111122223333:key/of-the-bucket"}
BY_KMS = {questions.s3_bucket(US, AWS_ACCOUNT): Returned(S3Bucket(BUCKET, answers={"get_bucket_encryption": KMS}))}


def test_what_the_look_has_found_of_access_goes_along_where_something_is_broken() -> None:
    plan = plan_of(US, world_of(status=BROKEN), answers=BY_KMS)
    assert plan.healing is not None
    assert plan.healing.state is HealState.TO_HEAL
    (hint,) = plan.healing.hints
    assert hint.code == "kms_decrypt_unknown"
    assert "name the key's ARN in s3_access_kms_key_arns" in hint.remedy
    assert f"  ! {hint.text()}" in told("heal", plan)
    assert plan.healing.as_json()["hints"] == [hint.as_json()]
    # Of a connection that works, it is for onboard and verify.
    assert healing_of(US, world_of(), answers=BY_KMS).hints == ()


def test_what_is_softened_to_a_warning_goes_along_as_well() -> None:
    workspace = settings(s3_access_preflight="warn")
    denies = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    policy = {"Version": "2012-10-17", "Statement": [denies]}
    bucket = S3Bucket(BUCKET, answers={"get_bucket_policy": policy})
    answers = {questions.s3_bucket(workspace, AWS_ACCOUNT): Returned(bucket)}
    healing = healing_of(workspace, world_of(workspace, status=BROKEN), answers=answers)
    assert "bucket_policy_denies" in [finding.code for finding in healing.hints]


def test_a_sync_that_failed_once_is_run_once_more_and_none_that_has_ended_meanwhile() -> None:
    healing = healing_of(US, world_of(failed_at=FAILED))
    assert healing.state is HealState.TO_HEAL
    assert healing.last_sync_failed
    assert healing.since == FAILED
    assert healing.cause.startswith("sync:sync_failed")


def test_a_sync_that_is_under_way_is_waited_for_by_nobody() -> None:
    plan = plan_of(US, world_of(status=SYNCING, failed_at=FAILED))
    assert plan.healing is not None
    assert plan.healing.state is HealState.SYNCING
    assert kinds(plan) == {}


def test_a_shared_role_is_repaired_by_one_that_is_healed_itself() -> None:
    first, second = settings("app_us"), settings("shop_us")
    rows = (row(first, paused=True), row(second, status=BROKEN, succeeded_at=SUCCEEDED))
    plan = planned(first, second, world=World(rows=rows, iam=in_iam(first, BUCKET, trust=NOBODY)))
    assert [one.access.maker for one in plan.workspaces.values()] == ["", "shop_us"]
