# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan calls for on an empty, a converged, a drifted, a half-done and a foreign account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.access import access_view
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import (
    FIVETRAN_ACCOUNT,
    JsonObject,
    Reading,
    granted_buckets,
    permission_document,
    trust_document,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import (
    TAG,
    AccessPlan,
    Actual,
    ActualPolicy,
    ActualRole,
    DesiredAccess,
    tag_value,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.plan import plan_present
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.removal import plan_absent
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.arguments import role_arguments
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.effect.effect import Document
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.iam import NO_SUCH_POLICY, policy_title

GROUP, OTHER_GROUP = "jovial_daylight", "patient_harbor"
FOREIGN_POLICY = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"


def desired(external_id: str = GROUP, **changes: object) -> DesiredAccess:
    values = {
        "policy_name": "Fivetran-S3-Access",
        "role_name": "Fivetran",
        "external_id": external_id,
        "reading": Reading(("acme",)),
        "trust": trust_document(external_id, FIVETRAN_ACCOUNT, "aws"),
        "account": "111122223333",
        **changes,
    }
    return DesiredAccess(**values)


def made(wish: DesiredAccess) -> Actual:
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
            documents=(Document(policy_title(wish.policy_arn), wish.permissions),),
        ),
    )


def by_hand(actual: Actual) -> Actual:
    """Return the same without our tag, as somebody leaves it who follows the guide in the console."""
    assert actual.policy is not None
    assert actual.role is not None
    return Actual(policy=replace(actual.policy, tags={}), role=replace(actual.role, tags={}))


def policy_with(actual: Actual, document: JsonObject) -> Actual:
    assert actual.policy is not None
    documents = (Document(policy_title(actual.policy.arn), document),)
    return replace(
        actual,
        policy=replace(actual.policy, document=document),
        role=replace(actual.role, documents=documents) if actual.role else None,
    )


def role_with(actual: Actual, **changes: object) -> Actual:
    assert actual.role is not None
    return replace(actual, role=replace(actual.role, **changes))


def actions(plan: AccessPlan) -> tuple[str, str]:
    return plan.policy.action, plan.role.action


def codes(plan: AccessPlan, severity: str) -> list[str]:
    return [finding.code for finding in plan.all_findings if finding.severity == severity]


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
def test_what_is_made_is_left_alone(wish: DesiredAccess) -> None:
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


@pytest.mark.parametrize("boundary", [None, "", FOREIGN_POLICY])
def test_an_empty_boundary_is_written_only_where_there_is_one_to_remove(boundary: str | None) -> None:
    wish = desired(permissions_boundary=boundary)
    params = {"max_session_duration": None, "permissions_boundary": boundary}
    there = role_with(made(desired()), permissions_boundary="arn:aws:iam::111122223333:policy/boundary")
    for actual, written in ((Actual(), boundary or None), (there, boundary)):
        step = access_view(wish, actual, plan_present(wish, actual, adopt=False))["role"]
        assert role_arguments(step, params).get("boundary") == written


NO_BOUNDARY = Document("the permissions boundary", None, NO_SUCH_POLICY)


@pytest.mark.parametrize(
    ("arn", "boundary", "told"),
    [
        ("arn:aws:iam::111122223333:policy/Nope", NO_BOUNDARY, "does not exist."),
        ("arn:aws:iam::aws:policy/Nope", NO_BOUNDARY, "does not exist."),
        ("arn:aws:iam::999988887777:policy/Theirs", None, "is of the AWS account 999988887777"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_boundary_that_aws_would_not_take_is_refused_by_the_name_of_its_option(
    arn: str, boundary: Document | None, told: str, is_there: bool
) -> None:
    actual = replace(made(desired()) if is_there else Actual(), boundary=boundary)
    plan = plan_present(desired(permissions_boundary=arn), actual, adopt=False)
    assert codes(plan, "error") == ["unusable_boundary"]
    [message] = [finding.text() for finding in plan.all_findings if finding.severity == "error"]
    assert f"The policy {arn} in s3_access_permissions_boundary {told}" in message


def test_what_was_made_by_hand_exactly_as_the_guide_says_is_right_as_it_is() -> None:
    plan = plan_present(desired(), by_hand(made(desired())), adopt=False)
    assert actions(plan) == ("none", "none")
    assert codes(plan, "error") == []


def test_what_was_made_by_hand_becomes_ours_only_when_adopted() -> None:
    plan = plan_present(desired(), by_hand(made(desired())), adopt=True)
    assert plan.policy.after == plan.role.after == {"tags": {TAG: GROUP}}


def test_a_policy_of_that_name_that_does_not_suffice_is_refused_with_what_it_grants_and_keeps_it_when_adopted() -> None:
    foreign = replace(policy_with(by_hand(made(desired())), permission_document(Reading(("payroll",)))), role=None)
    refused = plan_present(desired(), foreign, adopt=False)
    assert codes(refused, "error") == ["foreign_policy"]
    assert "payroll" in refused.findings[0].message
    assert "s3:Get*" in refused.findings[0].remedy
    adopted = plan_present(desired(), foreign, adopt=True)
    assert codes(adopted, "error") == []
    assert adopted.policy.action == "update"
    assert granted_buckets(adopted.policy.after["document"]) == ["acme", "payroll"]
    # It stays somebody else's, so that nobody makes it exact later.
    assert "tags" not in adopted.policy.after


def test_a_policy_of_that_name_that_suffices_is_attached_as_it_is() -> None:
    wider = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    foreign = replace(policy_with(by_hand(made(desired())), wider), role=None)
    plan = plan_present(desired(), foreign, adopt=False)
    assert actions(plan) == ("none", "create")
    assert plan.role.after["policy"] == desired().policy_arn
    assert codes(plan, "error") == []


def test_a_role_that_does_not_trust_fivetran_is_refused_with_what_is_missing_and_keeps_whom_it_trusts() -> None:
    theirs = trust_document(GROUP, "444455556666", "aws")
    foreign = role_with(by_hand(made(desired())), trust=theirs)
    refused = plan_present(desired(), foreign, adopt=False)
    assert codes(refused, "error") == ["foreign_role"]
    assert "444455556666" in refused.findings[0].message
    assert FIVETRAN_ACCOUNT in refused.findings[0].remedy
    adopted = plan_present(desired(), foreign, adopt=True)
    assert actions(adopted) == ("none", "update")
    assert adopted.role.after["trust"]["Statement"][0] == theirs["Statement"][0]
    assert len(adopted.role.after["trust"]["Statement"]) == 2
    assert codes(adopted, "error") == []
    again = role_with(foreign, trust=adopted.role.after["trust"])
    assert actions(plan_present(desired(), again, adopt=True)) == ("none", "none")


def test_a_deny_is_not_outweighed_by_adding_something() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    statements = [*desired().trust["Statement"], deny]
    foreign = role_with(by_hand(made(desired())), trust={"Version": "2012-10-17", "Statement": statements})
    for adopt in (False, True):
        plan = plan_present(desired(), foreign, adopt=adopt)
        assert codes(plan, "error") == ["foreign_role"]
        assert actions(plan) == ("none", "none")


def test_a_role_of_somebody_else_that_is_too_narrow_is_given_a_policy_of_ours_only_when_adopted() -> None:
    foreign = policy_with(by_hand(made(desired())), permission_document(Reading(("payroll",))))
    foreign = replace(foreign, policy=None)
    refused = plan_present(desired(), foreign, adopt=False)
    assert codes(refused, "error") == ["role_too_narrow"]
    [finding] = refused.all_findings
    assert "s3:GetObject" in finding.message
    assert "s3_access_adopt: true" in finding.remedy
    foreign = role_with(foreign, attached_policies=(FOREIGN_POLICY,))
    adopted = plan_present(desired(), foreign, adopt=True)
    assert actions(adopted) == ("create", "update")
    assert adopted.role.after == {"policy": desired().policy_arn}
    assert adopted.policy.after["tags"] == {TAG: GROUP}


def test_what_somebody_else_has_made_and_is_wider_is_mentioned_in_one_line_and_left_alone() -> None:
    wider = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for adopt in (False, True):
        plan = plan_present(desired(), policy_with(by_hand(made(desired())), wider), adopt=adopt)
        assert actions(plan) == ("none", "none")
        assert [(finding.severity, finding.code) for finding in plan.all_findings] == [("info", "wider_than_needed")]


def test_settings_of_a_role_of_somebody_else_are_written_only_when_it_is_adopted() -> None:
    wish = desired(max_session_duration=7200, tags={"team": "data"})
    foreign = role_with(by_hand(made(desired())), max_session_duration=3600)
    left = plan_present(wish, foreign, adopt=False)
    assert actions(left) == ("none", "none")
    assert codes(left, "info") == ["settings_left_alone"]
    narrow = policy_with(foreign, permission_document(Reading(("acme", "payroll"))))
    assert plan_present(wish, narrow, adopt=True).role.after == {"max_session_duration": 7200}


@pytest.mark.parametrize("where", ["inline", "boundary"])
def test_what_forbids_to_read_is_found_on_a_role_of_ours_too(where: str) -> None:
    statement = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    deny = Document("the inline policy no", {"Version": "2012-10-17", "Statement": [statement]})
    ours = made(desired())
    assert ours.role is not None
    if where == "inline":
        ours = role_with(ours, documents=(*ours.role.documents, deny), inline_policies=("no",))
    else:
        ours = replace(ours, boundary=replace(deny, name="the permissions boundary b"))
    plan = plan_present(desired(), ours, adopt=False)
    assert codes(plan, "error") == ["access_denied"]
    assert deny.name.split()[1] in plan.all_findings[-1].message or "boundary b" in plan.all_findings[-1].message


def test_names_that_differ_in_case_only_are_told_before_aws_refuses_them() -> None:
    similar = replace(made(desired(policy_name="fivetran-s3-access")), role=None, similar_role="fivetran")
    plan = plan_present(desired(), similar, adopt=False)
    assert codes(plan, "error") == ["other_case", "other_case"]
    assert "s3_access_policy_name: fivetran-s3-access" in plan.findings[0].remedy
    assert "s3_access_role_name: fivetran" in plan.findings[1].remedy


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
    # Also who writes nothing tells it.
    assert "no longer" not in plan.findings[0].message
    assert "currents_bucket" in plan.findings[0].remedy


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
    by_nobody = plan_present(desired(), by_hand(made(both)), adopt=True, released=("acme-eu",))
    assert actions(by_nobody) == ("none", "none")
    of_another_group = made(replace(both, external_id=OTHER_GROUP))
    plan = plan_present(desired(), of_another_group, adopt=False, released=("acme-eu",))
    assert codes(plan, "error") == ["policy_of_another_group", "role_of_another_group"]


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


@pytest.mark.parametrize("adopt", [False, True])
def test_removal_keeps_what_somebody_else_has_made_and_says_so(adopt: bool) -> None:
    plan = plan_absent(desired(), by_hand(made(desired())), adopt=adopt)
    assert actions(plan) == ("none", "none")
    assert codes(plan, "info") == ["policy_not_ours", "role_not_ours"]
    assert codes(plan_absent(desired(OTHER_GROUP), made(desired()), adopt=adopt), "info") == [
        "policy_not_ours",
        "role_not_ours",
    ]


def test_removal_takes_our_policy_from_a_role_of_somebody_else() -> None:
    ours = made(desired())
    assert ours.role is not None
    plan = plan_absent(desired(), replace(ours, role=replace(ours.role, tags={})), adopt=False)
    assert actions(plan) == ("delete", "none")
    assert codes(plan, "info") == ["role_not_ours"]


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


# Limits


def with_others(count: int, most: int | None) -> Actual:
    """Return an account in which somebody has attached so many policies to our role, and ours is not among them."""
    actual = made(desired())
    assert actual.role is not None
    others = tuple(f"arn:aws:iam::aws:policy/Other{number}" for number in range(count))
    documents = tuple(Document(policy_title(arn), {"Statement": []}) for arn in others)
    return replace(actual, role=replace(actual.role, attached_policies=others, documents=documents), most_policies=most)


@pytest.mark.parametrize(
    ("count", "most", "found"),
    [(9, None, []), (10, None, ["warning"]), (10, 10, ["error"]), (10, 20, []), (20, 20, ["error"])],
)
def test_a_role_that_has_as_many_policies_as_aws_takes_is_refused_before_one_is_attached(
    count: int, most: int | None, found: list[str]
) -> None:
    plan = plan_present(desired(), with_others(count, most), adopt=False)
    told = [finding for finding in plan.findings if finding.code == "too_many_policies"]
    assert [finding.severity for finding in told] == found
    for finding in told:
        assert f"has {count} managed policies, and AWS takes {most or 10}" in finding.message
        assert "s3_access_role_name" in finding.remedy


def test_a_role_that_is_full_and_has_our_policy_is_fine() -> None:
    actual = made(desired())
    assert actual.role is not None
    full = tuple(f"arn:aws:iam::aws:policy/Other{number}" for number in range(9))
    documents = tuple(Document(policy_title(arn), {"Statement": []}) for arn in full)
    role = replace(
        actual.role,
        attached_policies=(*actual.role.attached_policies, *full),
        documents=(*actual.role.documents, *documents),
    )
    plan = plan_present(desired(), replace(actual, role=role, most_policies=10), adopt=False)
    assert "too_many_policies" not in [finding.code for finding in plan.findings]


def test_the_digest_is_of_what_is_there_whatever_is_wanted() -> None:
    def digests(wish: DesiredAccess, actual: Actual) -> list[str]:
        view = access_view(wish, actual, plan_present(wish, actual, adopt=False))
        return [view[kind]["digest"] for kind in ("policy", "role")]

    actual = made(desired())
    policy, role = digests(desired(), actual)
    assert "" not in (policy, role)
    wider = desired(reading=Reading(("acme",), prefix="currents"), max_session_duration=7200)
    assert digests(wider, actual) == [policy, role]
    edited = policy_with(actual, permission_document(Reading(("acme", "other"))))
    assert digests(desired(), edited) == [digests(desired(), edited)[0], role]
    assert digests(desired(), edited)[0] != policy
    assert digests(desired(), Actual()) == ["", ""]
