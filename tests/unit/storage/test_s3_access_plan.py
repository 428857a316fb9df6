# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan calls for on an empty, a converged, a drifted, a half-done and a foreign account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.s3_access_plan import (
    TAG,
    Actual,
    ActualPolicy,
    ActualRole,
    Desired,
    Plan,
    plan_absent,
    plan_present,
    tag_value,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._storage.s3_documents import (
    FIVETRAN_ACCOUNT,
    JsonObject,
    Reading,
    granted_buckets,
    permission_document,
    trust_document,
)

GROUP, OTHER_GROUP = "jovial_daylight", "patient_harbor"
FOREIGN_POLICY = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"


def desired(external_id: str = GROUP, **changes: object) -> Desired:
    values = {
        "policy_name": "Fivetran-S3-Access",
        "role_name": "Fivetran",
        "external_id": external_id,
        "reading": Reading(("acme",)),
        "trust": trust_document(external_id, FIVETRAN_ACCOUNT, "aws"),
        "account": "111122223333",
        **changes,
    }
    return Desired(**values)


def made(wish: Desired) -> Actual:
    """Return the account after the role has done what was wished."""
    return Actual(
        policy=ActualPolicy(arn=wish.policy_arn, document=wish.permissions, tags=wish.all_tags, path=wish.path),
        role=ActualRole(
            arn=wish.role_arn,
            trust=wish.trust,
            tags=wish.all_tags,
            path=wish.path,
            max_session_duration=wish.max_session_duration or 3600,
            permissions_boundary=wish.permissions_boundary or "",
            attached_policies=(wish.policy_arn,),
        ),
    )


def by_hand(actual: Actual) -> Actual:
    """Return the same without our tag, as somebody leaves it who follows the guide in the console."""
    assert actual.policy is not None
    assert actual.role is not None
    return Actual(policy=replace(actual.policy, tags={}), role=replace(actual.role, tags={}))


def policy_with(actual: Actual, document: JsonObject) -> Actual:
    assert actual.policy is not None
    return replace(actual, policy=replace(actual.policy, document=document))


def role_with(actual: Actual, **changes: object) -> Actual:
    assert actual.role is not None
    return replace(actual, role=replace(actual.role, **changes))


def actions(plan: Plan) -> tuple[str, str]:
    return plan.policy.action, plan.role.action


def codes(plan: Plan, severity: str) -> list[str]:
    return [finding.code for finding in plan.findings if finding.severity == severity]


def test_on_an_empty_account_both_are_created_with_our_tag() -> None:
    plan = plan_present(desired(), Actual(), adopt=False)
    assert actions(plan) == ("create", "create")
    assert plan.policy.after["tags"] == plan.role.after["tags"] == {TAG: GROUP}


@pytest.mark.parametrize(
    "wish",
    [
        desired(),
        desired(path="/partners/", tags={"team": "data"}, max_session_duration=7200),
        desired(permissions_boundary="arn:aws:iam::111122223333:policy/boundary"),
        desired(partition="aws-us-gov", trust=trust_document(GROUP, FIVETRAN_ACCOUNT, "aws-us-gov")),
    ],
)
def test_what_is_made_is_left_alone(wish: Desired) -> None:
    plan = plan_present(wish, made(wish), adopt=False)
    assert actions(plan) == ("none", "none")
    assert plan.findings == ()


def test_a_half_done_run_is_finished() -> None:
    plan = plan_present(desired(), replace(made(desired()), role=None), adopt=False)
    assert actions(plan) == ("none", "create")


def test_a_policy_of_ours_that_was_widened_by_hand_is_narrowed_again() -> None:
    wider = {**desired().permissions, "Statement": [{**desired().permissions["Statement"][0], "Action": ["s3:*"]}]}
    plan = plan_present(desired(), policy_with(made(desired()), wider), adopt=False)
    assert actions(plan) == ("update", "none")
    assert plan.policy.before == {"document": wider}
    assert plan.policy.after == {"document": desired().permissions}


def test_a_trust_of_ours_that_was_changed_by_hand_is_repaired() -> None:
    drifted = role_with(made(desired()), trust=trust_document(OTHER_GROUP, FIVETRAN_ACCOUNT, "aws"))
    assert actions(plan_present(desired(), drifted, adopt=False)) == ("none", "update")


def test_a_policy_that_was_detached_is_attached_again() -> None:
    plan = plan_present(desired(), role_with(made(desired()), attached_policies=()), adopt=False)
    assert plan.role.after == {"policy": desired().policy_arn}


def test_options_that_are_not_given_leave_alone_what_is_there() -> None:
    there = role_with(made(desired()), max_session_duration=43200, permissions_boundary=FOREIGN_POLICY)
    assert actions(plan_present(desired(), there, adopt=False)) == ("none", "none")


def test_an_empty_boundary_removes_the_one_that_is_there() -> None:
    there = role_with(made(desired()), permissions_boundary=FOREIGN_POLICY)
    plan = plan_present(desired(permissions_boundary=""), there, adopt=False)
    assert plan.role.before == {"permissions_boundary": FOREIGN_POLICY}
    assert plan.role.after == {"permissions_boundary": ""}


def test_what_was_made_by_hand_exactly_as_the_guide_says_is_right_as_it_is() -> None:
    plan = plan_present(desired(), by_hand(made(desired())), adopt=False)
    assert actions(plan) == ("none", "none")
    assert codes(plan, "error") == []


def test_what_was_made_by_hand_becomes_ours_only_when_adopted() -> None:
    plan = plan_present(desired(), by_hand(made(desired())), adopt=True)
    assert plan.policy.after == plan.role.after == {"tags": {TAG: GROUP}}


def test_a_policy_of_that_name_that_says_something_else_is_not_overwritten() -> None:
    foreign = policy_with(by_hand(made(desired())), permission_document(Reading(("payroll",))))
    assert codes(plan_present(desired(), foreign, adopt=False), "error") == ["foreign_policy"]
    assert codes(plan_present(desired(), foreign, adopt=True), "error") == []


def test_a_role_of_that_name_that_trusts_somebody_else_is_not_overwritten() -> None:
    foreign = role_with(by_hand(made(desired())), trust=trust_document(GROUP, "444455556666", "aws"))
    assert codes(plan_present(desired(), foreign, adopt=False), "error") == ["foreign_role"]
    assert codes(plan_present(desired(), foreign, adopt=True), "error") == []


def test_two_groups_do_not_take_the_role_from_each_other() -> None:
    plan = plan_present(desired(OTHER_GROUP), made(desired(GROUP)), adopt=False)
    assert codes(plan, "error") == ["role_of_another_group"]


def test_a_run_that_names_fewer_buckets_does_not_take_the_others_away() -> None:
    both = desired(reading=Reading(("acme", "acme-eu")))
    plan = plan_present(desired(), made(both), adopt=False)
    assert codes(plan, "error") == ["policy_serves_other_buckets"]
    assert "acme-eu" in plan.findings[0].message


def test_a_bucket_that_is_released_goes_out_of_our_policy_and_is_named() -> None:
    both = desired(reading=Reading(("acme", "acme-eu")))
    plan = plan_present(desired(), made(both), adopt=False, released=("acme-eu", "acme-never-granted"))
    assert actions(plan) == ("update", "none")
    assert granted_buckets(plan.policy.after["document"]) == ["acme"]
    assert [(finding.severity, finding.code) for finding in plan.findings] == [("info", "buckets_released")]
    assert "acme-eu," in plan.findings[0].message
    assert "acme-never-granted" not in plan.findings[0].message


def test_a_bucket_that_is_not_released_keeps_all_in_the_policy_and_is_named_alone() -> None:
    three = desired(reading=Reading(("acme", "acme-eu", "acme-uk")))
    plan = plan_present(desired(), made(three), adopt=False, released=("acme-eu",))
    [finding] = plan.findings
    assert (finding.severity, finding.code) == ("error", "policy_serves_other_buckets")
    assert "acme-uk" in finding.message
    assert "acme-eu" not in finding.message


def test_a_bucket_that_is_both_wanted_and_released_stays() -> None:
    plan = plan_present(desired(), made(desired()), adopt=False, released=("acme",))
    assert actions(plan) == ("none", "none")
    assert plan.findings == ()


def test_a_release_opens_no_policy_of_somebody_else() -> None:
    both = desired(reading=Reading(("acme", "acme-eu")))
    by_nobody = plan_present(desired(), by_hand(made(both)), adopt=False, released=("acme-eu",))
    assert [finding.code for finding in by_nobody.findings] == ["foreign_policy"]
    of_another_group = made(replace(both, external_id=OTHER_GROUP))
    plan = plan_present(desired(), of_another_group, adopt=False, released=("acme-eu",))
    assert [finding.code for finding in plan.findings] == ["policy_of_another_group"]


def test_a_run_that_names_more_buckets_adds_them() -> None:
    both = desired(reading=Reading(("acme", "acme-eu")))
    plan = plan_present(both, made(desired()), adopt=False)
    assert actions(plan) == ("update", "none")
    assert codes(plan, "error") == []


def test_a_path_that_aws_cannot_change_is_refused_with_the_one_to_use() -> None:
    plan = plan_present(desired(path="/partners/"), made(desired()), adopt=True)
    assert codes(plan, "error") == ["other_path", "other_path"]
    assert "s3_access_path: /" in plan.findings[0].remedy


def test_what_somebody_else_attached_is_told_and_left_alone() -> None:
    attached = role_with(
        made(desired()), attached_policies=(desired().policy_arn, FOREIGN_POLICY), inline_policies=("debug",)
    )
    plan = plan_present(desired(), attached, adopt=True)
    assert actions(plan) == ("none", "none")
    assert codes(plan, "info") == ["other_policies_attached"]


def test_removal_takes_away_what_was_made_and_a_second_one_nothing() -> None:
    assert actions(plan_absent(desired(), made(desired()), adopt=False)) == ("delete", "delete")
    assert actions(plan_absent(desired(), Actual(), adopt=False)) == ("none", "none")


@pytest.mark.parametrize(
    "changes",
    [{"attached_policies": (FOREIGN_POLICY,)}, {"inline_policies": ("debug",)}, {"instance_profiles": ("web",)}],
)
def test_removal_keeps_a_role_to_which_somebody_else_has_attached_something(changes: dict[str, object]) -> None:
    plan = plan_absent(desired(), role_with(made(desired()), **changes), adopt=False)
    assert actions(plan) == ("delete", "none")
    assert codes(plan, "warning") == ["role_kept"]
    told_to = plan_absent(desired(), role_with(made(desired()), **changes), adopt=True)
    assert actions(told_to) == ("delete", "delete")


def test_removal_refuses_what_somebody_else_has_made() -> None:
    plan = plan_absent(desired(), by_hand(made(desired())), adopt=False)
    assert codes(plan, "error") == ["foreign_policy", "foreign_role"]
    assert actions(plan_absent(desired(), by_hand(made(desired())), adopt=True)) == ("delete", "delete")


def test_removal_refuses_what_somebody_else_has_changed() -> None:
    wider = {**desired().permissions, "Statement": [{**desired().permissions["Statement"][0], "Action": ["s3:*"]}]}
    trust = trust_document(GROUP, "444455556666", "aws")
    changed = role_with(policy_with(made(desired()), wider), trust=trust)
    assert codes(plan_absent(desired(), changed, adopt=False), "error") == ["changed_policy", "changed_role"]


def test_removal_refuses_a_policy_that_somebody_else_has_attached_elsewhere() -> None:
    actual = made(desired())
    assert actual.policy is not None
    elsewhere = replace(actual, policy=replace(actual.policy, attached_to=("role Fivetran", "user ann")))
    plan = plan_absent(desired(), elsewhere, adopt=False)
    assert codes(plan, "error") == ["policy_attached_elsewhere"]
    assert "user ann" in plan.findings[0].message


def test_removal_of_one_workspace_leaves_the_buckets_of_those_that_share_the_role() -> None:
    shared = made(desired(reading=Reading(("acme", "acme-eu"), prefix="currents")))
    mine = desired(reading=Reading(("acme",), prefix="currents"))
    plan = plan_absent(mine, shared, adopt=False)
    assert actions(plan) == ("update", "none")
    assert granted_buckets(plan.policy.after["document"]) == ["acme-eu"]

    again = plan_absent(mine, policy_with(shared, plan.policy.after["document"]), adopt=False)
    assert actions(again) == ("none", "none")
    assert codes(again, "error") == []

    # The last one leaves, and names the bucket of the first again.
    left = policy_with(shared, plan.policy.after["document"])
    last = plan_absent(desired(reading=Reading(("acme", "acme-eu"), prefix="currents")), left, adopt=False)
    assert actions(last) == ("delete", "delete")
    assert codes(last, "error") == []


def test_an_external_id_that_no_tag_can_hold_is_recorded_by_its_hash() -> None:
    assert tag_value("a,b").startswith("sha256:")
    assert tag_value("x" * 1000).startswith("sha256:")
    assert tag_value(GROUP) == GROUP
