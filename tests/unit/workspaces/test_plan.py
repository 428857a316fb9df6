# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of all workspaces: what is changed and why, what is refused, who shares what, and what others still need."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.documents import granted_buckets
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    WorkspacePlan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import _secrets
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told

from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    EXPORTS_SECRET,
    GROUP,
    GROUP_ID,
    KEY,
    MASK,
    POLICY,
    ROLE,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    SERVICE_ACCOUNT,
    UNREADABLE,
    World,
    change,
    codes,
    failed,
    gcs,
    gcs_policy,
    in_iam,
    key_result,
    landing_result,
    other_row,
    plan_of,
    plans_of,
    row,
    settings,
    told_of,
    unknown,
    unusable,
)

US, DE, EU = settings(), settings("shop_de"), gcs()
CREATED, FINE, KEPT = ("create", "missing"), ("none", "as_wanted"), ("none", "still_needed")
SET_UP = World(
    rows=(row(US), row(EU)), iam=in_iam(US, "acme-currents"), policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)}
)


def of(plan: WorkspacePlan, code: str) -> str:
    """Return the text of the one problem of a code."""
    (found,) = [problem for problem in plan.problems if problem.code == code]
    return found.text()


# What is changed, and why


def test_a_new_workspace_in_s3_gets_policy_role_and_connection_in_the_order_of_the_guide() -> None:
    (plan,) = plans_of("onboard", US)
    assert plan.verdict is WorkspaceVerdict.CHANGES
    assert [item.kind for item in plan.changes] == ["policy", "role", "connection"]
    assert told_of(plan) == dict.fromkeys(("policy", "role", "connection"), CREATED)
    assert [item.name for item in plan.changes] == [POLICY, ROLE, "braze_shop_us"]
    connection = change(plan, "connection")
    assert set(connection.before.values()) == {None}
    assert connection.after["config.s3bucket"] == "acme-currents"
    assert connection.after["config.s3role_arn"] == ROLE
    assert connection.after["config.api_key"] == "********"
    assert granted_buckets(change(plan, "policy").after["document"]) == ["acme-currents"]
    assert (plan.access.maker, plan.access.buckets) == ("shop_us", ("acme-currents",))
    assert (plan.group.id if plan.group else "") == GROUP_ID


def test_a_new_workspace_in_gcs_gets_a_grant_and_a_connection() -> None:
    (plan,) = plans_of("onboard", EU)
    assert told_of(plan) == {"grant": CREATED, "connection": CREATED}
    line = f"roles/storage.objectViewer to serviceAccount:{SERVICE_ACCOUNT}"
    grant = change(plan, "grant")
    assert (grant.name, grant.before, grant.after) == ("gs://acme-currents-eu", {}, {"grants": [line]})


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
def test_nothing_to_do_is_recorded_and_is_no_change(purpose: str) -> None:
    us, eu = plans_of(purpose, US, EU, world=SET_UP)
    assert (us.verdict, eu.verdict) == (WorkspaceVerdict.FINE, WorkspaceVerdict.FINE)
    assert told_of(us) == {"policy": FINE, "role": FINE, "connection": FINE}
    assert told_of(eu) == {"grant": FINE, "connection": FINE}
    assert (us.todo, us.access.maker) == ((), "")
    assert us.unverified == us.unverified != ()


def test_what_differs_is_changed_with_what_was_there_and_what_will_be() -> None:
    held = row(EU)
    held["config"]["gcs_folder"] = "elsewhere"
    (plan,) = plans_of("onboard", EU, world=World(rows=(held,), policies=SET_UP.policies))
    connection = change(plan, "connection")
    assert told_of(plan)["connection"] == ("update", "differs")
    assert connection.before == {"config.gcs_folder": "elsewhere"}
    assert connection.after == {"config.gcs_folder": "shop_eu"}


def test_a_connection_whose_setup_has_not_passed_is_tested_again() -> None:
    held = row(EU, status={"setup_state": "broken"})
    (plan,) = plans_of("onboard", EU, world=World(rows=(held,), policies=SET_UP.policies))
    assert told_of(plan)["connection"] == ("update", "not_tested")
    assert change(plan, "connection").after == {}


def test_a_rotation_sends_what_is_masked_again_and_neither_starts_nor_stops() -> None:
    us, eu = plans_of("rotate_key", US, EU, world=World(rows=(row(US, paused=True), row(EU)), iam=SET_UP.iam))
    for plan, paused in ((us, True), (eu, False)):
        connection = change(plan, "connection")
        assert (connection.action, connection.reason) == ("update", "sent_again")
        assert set(connection.before) <= {"config.api_key", "config.s3role_arn"}
        assert plan.paused is paused


def test_a_drifted_role_is_repaired() -> None:
    drifted = in_iam(US, "acme-currents", attached_policies=())
    (plan,) = plans_of("onboard", US, world=World(rows=(row(US),), iam=drifted))
    role = change(plan, "role")
    assert told_of(plan) == {"policy": FINE, "role": ("update", "differs"), "connection": FINE}
    assert (role.before, role.after) == ({"policy": None}, {"policy": POLICY})


def test_offboarding_takes_away_the_connection_and_what_it_read_with() -> None:
    us, eu = plans_of("offboard", US, EU, world=SET_UP)
    assert told_of(us) == {
        "policy": ("delete", "not_needed"),
        "role": ("delete", "not_needed"),
        "connection": ("delete", "leaves"),
    }
    assert told_of(eu) == {"grant": ("delete", "not_needed"), "connection": ("delete", "leaves")}
    assert change(us, "connection").before == {"id": "id_of_braze_shop_us", "schema": "braze_shop_us", "paused": False}
    assert (us.access.state, us.access.buckets) == ("absent", ("acme-currents",))


def test_what_is_gone_already_is_no_error_and_no_change() -> None:
    for plan in plans_of("offboard", US, EU):
        assert (plan.verdict, plan.problems) == (WorkspaceVerdict.FINE, ())
        assert told_of(plan)["connection"] == ("none", "gone")


# Three answers: does it apply, is it complete, how does it stand


def test_complete_applies_and_verdict_are_three_answers() -> None:
    unanswered = {questions.connections(EU, GROUP_ID): failed()}
    changes, refused, blind = (
        plans_of("onboard", EU)[0],
        plans_of("onboard", EU, answers={questions.key(EU): Returned(key_result("revoked"))})[0],
        plans_of("onboard", EU, answers=unanswered)[0],
    )
    answers = [
        (data["verdict"], data["applies"], data["complete"], data["to_change"])
        for data in ({**plan.as_json(), **plan.work()} for plan in (changes, refused, blind))
    ]
    assert answers == [
        ("changes", True, True, ["connection", "grant"]),
        ("refused", False, True, []),
        ("refused", False, False, []),
    ]
    assert refused.changes != ()
    assert blind.incomplete == ("group",)


def test_without_anything_to_plan_from_everybody_is_refused_with_the_cause() -> None:
    plan = no_plan("onboard", ["a", "b"], "The vault is locked.")
    assert [(name, item.verdict, item.problems[0].message) for name, item in plan.workspaces.items()] == [
        ("a", WorkspaceVerdict.REFUSED, "The vault is locked."),
        ("b", WorkspaceVerdict.REFUSED, "The vault is locked."),
    ]


# Problems of one workspace


@pytest.mark.parametrize(
    ("question", "step"),
    [
        (questions.account, "group"),
        (lambda workspace: questions.connections(workspace, GROUP_ID), "group"),
        (lambda workspace: questions.destination(workspace, GROUP_ID), "group"),
        (questions.key, "key"),
        (questions.landing, "landing"),
        (questions.identity, "access"),
        (lambda workspace: questions.iam(workspace, AWS_ACCOUNT), "access"),
        (lambda workspace: questions.s3_bucket(workspace, AWS_ACCOUNT), "access"),
    ],
)
def test_an_answer_that_did_not_come_refuses_with_its_cause(question: Callable[[Any], Any], step: str) -> None:
    (plan,) = plans_of("onboard", US, answers={question(US): failed("timeout", "No answer.")})
    assert (codes(plan), plan.problems[0].step, plan.problems[0].message) == (["timeout"], step, "No answer.")
    assert plan.incomplete == (step,)


@pytest.mark.parametrize(
    "question", [lambda workspace: questions.service_account(workspace, GROUP_ID), questions.gcs_bucket]
)
def test_an_answer_about_gcs_that_did_not_come_refuses_with_its_cause(question: Callable[[Any], Any]) -> None:
    (plan,) = plans_of("onboard", EU, answers={question(EU): failed("timeout", "No answer.")})
    assert codes(plan) == ["timeout"]


@pytest.mark.parametrize(("reaction", "outcome"), [("fail", (1, 0)), ("warn", (0, 1)), ("ignore", (0, 0))])
def test_the_inventory_says_what_a_bad_key_does_and_verify_finds_it_anyway(
    reaction: str, outcome: tuple[int, int]
) -> None:
    lenient = settings(braze_api_key_on_problem=reaction)
    bad = {questions.key(lenient): Returned(key_result("missing_permissions", "Add segments.list."))}
    (plan,) = plans_of("onboard", lenient, answers=bad)
    assert (len(plan.problems), len(plan.warnings)) == outcome
    (plan,) = plans_of("verify", lenient, answers=bad)
    assert of(plan, "missing_permissions") == "The Braze API key is not good (missing_permissions). Add segments.list."


def test_currents_that_land_elsewhere_refuse() -> None:
    answer = Returned(landing_result(EU, "elsewhere", "Set the prefix to 'x'."))
    (plan,) = plans_of("onboard", EU, answers={questions.landing(EU): answer})
    expected = "Braze Currents does not land in gs://acme-currents-eu/shop_eu (elsewhere). Set currents_prefix to 'x'."
    assert of(plan, "elsewhere") == expected


def test_a_schema_that_another_service_holds_is_refused() -> None:
    world = World(rows=(other_row("braze_shop_us", "shopify"),))
    for purpose in ("onboard", "offboard"):
        (plan,) = plans_of(purpose, US, world=world)
        assert "is taken in group jovial_daylight by a connection of service shopify" in of(plan, "schema_taken")


def test_a_key_without_the_right_to_create_is_refused_where_something_has_to_be_created_only() -> None:
    answers = {questions.right_to_create(EU, GROUP_ID): Returned((False, "Use another key."))}
    assert codes(plans_of("onboard", EU, answers=answers)[0]) == ["no_right_to_create"]
    assert codes(plans_of("onboard", EU, answers=answers, world=SET_UP)[0]) == []


def test_a_group_name_that_several_have_is_refused_with_their_ids() -> None:
    groups = ({"id": GROUP_ID, "name": GROUP}, {"id": "other_id", "name": GROUP})
    by_id = settings("by_id", fivetran_group=GROUP_ID)
    ambiguous, fine = plans_of("onboard", US, by_id, world=World(groups=groups))
    assert "Give the id of the right one instead: jovial_daylight, other_id." in of(ambiguous, "ambiguous_group")
    assert fine.problems == ()


def test_settings_that_are_wrong_are_the_only_problem_of_their_workspace() -> None:
    fine, wrong = plans_of("onboard", US, unusable(fivetran_schema="Upper"))
    assert (fine.verdict, codes(wrong), wrong.problems[0].step) == (
        WorkspaceVerdict.CHANGES,
        ["invalid_settings"],
        "settings",
    )
    assert wrong.problems[0].field == "fivetran_schema"


def test_a_rotation_without_a_connection_is_refused() -> None:
    (plan,) = plans_of("rotate_key", EU)
    assert of(plan, "NotFound_Connection") == (
        "There is no connection braze_shop_eu in the Fivetran group Warehouse."
        " Nothing was changed. Run onboard.yml first."
    )


def test_a_missing_bucket_is_refused_unless_the_preflight_is_no_reason_to() -> None:
    missing = S3Bucket("acme-currents", exists=False)
    for preflight, outcome in (("fail", (1, 0)), ("warn", (0, 1)), ("ignore", (0, 0))):
        workspace = settings(s3_access_preflight=preflight)
        (plan,) = plans_of(
            "onboard", workspace, answers={questions.s3_bucket(workspace, AWS_ACCOUNT): Returned(missing)}
        )
        assert (len(plan.problems), len(plan.warnings)) == outcome


@pytest.mark.parametrize("config", [None, {}, [], "text"])
def test_a_connection_without_a_usable_configuration_is_filled(config: object) -> None:
    (plan,) = plans_of("onboard", EU, world=World(rows=(row(EU, config=config),), policies=SET_UP.policies))
    assert told_of(plan)["connection"] == ("update", "differs")


def test_rows_without_configuration_of_whatever_service_disturb_nobody() -> None:
    configs: tuple[Any, ...] = (None, "acme-currents-eu", [], 7)
    odd: list[dict[str, Any]] = [{"group_id": GROUP_ID, "config": config} for config in configs]
    odd += [{"group_id": GROUP_ID}, {"group_id": GROUP_ID, "schema": None, "service": "braze", "config": {}}]
    for purpose in ("onboard", "verify", "offboard"):
        assert plans_of(purpose, US, DE, world=World(rows=tuple(odd)))[0].problems == ()


# Conflicts


def test_two_workspaces_that_name_one_connection_are_both_refused_no_matter_who_plays() -> None:
    one, other = settings("a", fivetran_schema="braze"), settings("b", fivetran_schema="braze", fivetran_group=GROUP_ID)
    for purpose in ("onboard", "verify", "rotate_key", "offboard"):
        for names in (["a", "b"], ["a"], ["b"]):
            for plan in plans_of(purpose, one, other, names=names):
                told = of(plan, "schema_claimed_twice")
                assert "a and b all name the connection braze" in told
                # As heal does, verify only tells what it finds, and heal may have changed something before it does.
                assert ("Nothing was changed." in told) is (purpose != "verify")


def test_one_schema_in_two_groups_is_no_conflict() -> None:
    one = settings("a", fivetran_schema="braze")
    other = gcs("b", fivetran_schema="braze", fivetran_group=SECOND_GROUP)
    assert [codes(plan) for plan in plans_of("onboard", one, other)] == [[], []]


def test_a_group_that_cannot_be_resolved_may_be_the_same() -> None:
    one, other = (
        settings("a", fivetran_schema="braze"),
        settings("b", fivetran_schema="braze", fivetran_api_key="k" * 9),
    )
    (plan, _other) = plans_of("onboard", one, other, answers={questions.account(other): failed()})
    assert codes(plan) == ["schema_claimed_twice"]


def test_one_folder_read_twice_is_refused_for_both_unless_one_allows_it() -> None:
    one, other = settings("a", currents_prefix="x"), settings("b", currents_prefix="/x/")
    for plan in plans_of("onboard", one, other):
        assert "a and b read the same folder s3://acme-currents/x" in of(plan, "folder_read_twice")
    allowed = settings("b", currents_prefix="x", currents_folder_shared=True)
    for plan in plans_of("onboard", one, allowed):
        assert (codes(plan), [warning.code for warning in plan.warnings]) == ([], ["folder_read_twice"])
    assert [codes(plan) for plan in plans_of("offboard", one, other)] == [[], []]


def test_one_key_that_several_workspaces_have_is_warned_of_unless_that_is_meant() -> None:
    one, other = settings("a", braze_api_key="a-key-of-one-workspace"), settings("b", braze_api_key="another-key")
    third = settings("c", braze_api_key="a-key-of-one-workspace", currents_prefix="c")
    told = plans_of("onboard", one, other, third)
    for plan in (told[0], told[2]):
        [warning] = plan.warnings
        assert (warning.code, warning.step) == ("key_used_twice", "key")
        assert "braze_api_key: a and c have the same key" in warning.message
        assert "a-key-of-one-workspace" not in warning.text()
    assert "key_used_twice" not in {warning.code for warning in told[1].warnings}
    meant = settings("c", braze_api_key="a-key-of-one-workspace", currents_prefix="c", currents_folder_shared=True)
    for plan in (*plans_of("onboard", one, meant), *plans_of("offboard", one, third)):
        assert "key_used_twice" not in {warning.code for warning in plan.warnings}


def test_who_has_the_same_key_is_known_no_matter_who_plays_and_whether_it_is_meant() -> None:
    shared = {"braze_api_key": "a-key-of-one-workspace", "currents_folder_shared": True}
    one, other, alone = settings("a", **shared), settings("b", **shared), settings("c")
    [plan] = plans_of("rotate_key", one, other, alone, names=["a"])
    assert (plan.same_key, plan.work()["same_key"]) == (("b",), ("b",))
    assert [plan.same_key for plan in plans_of("rotate_key", one, other, alone)] == [("b",), ("a",), ()]


def exports(bucket: str, prefix: str) -> dict[str, Any]:
    options = {"storage": "s3", "bucket": bucket, "prefix": prefix, "role_arn": ROLE}
    return {f"fivetran_connection_exports_{name}": value for name, value in options.items()}


def test_exports_in_a_folder_from_which_something_else_is_read_are_warned_of_for_both() -> None:
    shared = "the exports of a and the exports of b are read from the same folder s3://acme-exports/x"
    for plan in plans_of(
        "onboard", settings("a", **exports("acme-exports", "x")), settings("b", **exports("acme-exports", "/x/"))
    ):
        assert [(found.code, shared in found.message) for found in plan.warnings] == [("exports_read_twice", True)]
    mixed = "the Currents of b and the exports of a are read from the same folder s3://acme-currents/b"
    for plan in plans_of("onboard", settings("a", **exports("acme-currents", "b")), settings("b")):
        assert [(found.code, mixed in found.message) for found in plan.warnings] == [("exports_read_twice", True)]


def test_exports_in_the_own_folder_of_currents_are_warned_of_once() -> None:
    (plan,) = plans_of("onboard", settings("a", **exports("acme-currents", "a")))
    assert [found.code for found in plan.warnings] == ["exports_read_twice"]


def test_exports_in_folders_of_their_own_are_nothing_to_tell() -> None:
    one, other = settings("a", **exports("acme-exports", "a")), settings("b", **exports("acme-exports", "b"))
    assert [plan.warnings for plan in plans_of("onboard", one, other)] == [(), ()]


def test_one_folder_of_two_storages_is_no_conflict() -> None:
    one, other = settings("a", currents_prefix="x"), gcs("b", currents_bucket="acme-currents", currents_prefix="x")
    assert [codes(plan) for plan in plans_of("onboard", one, other)] == [[], []]


@pytest.mark.parametrize(("account", "expected"), [("acme", ["folder_read_twice"]), ("umbrella", [])])
def test_containers_of_one_name_are_the_same_within_a_storage_account_only(account: str, expected: list[str]) -> None:
    def azure(name: str, account: str) -> Any:
        text = f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey=a2V5LW9mLXRoZS1hY2NvdW50"
        place = {"currents_storage": "azure", "currents_bucket": "currents", "currents_prefix": "x"}
        return settings(name, **place, currents_connection_string=text)

    plans = plans_of("onboard", azure("a", "acme"), azure("b", account))
    assert [codes(plan) for plan in plans] == [expected, expected]


def test_a_folder_that_an_unknown_connection_reads_is_refused_before_a_second_is_made() -> None:
    stranger = row(EU, schema="braze_by_hand", id="by_hand")
    (plan,) = plans_of("onboard", EU, world=World(rows=(stranger,)))
    assert "set fivetran_schema: braze_by_hand" in of(plan, "folder_read_by_another_connection")
    (plan,) = plans_of("onboard", EU, world=World(rows=(stranger, row(EU))))
    assert [warning.code for warning in plan.warnings] == ["folder_read_by_another_connection"]


def test_workspaces_that_share_a_role_have_to_agree_on_it() -> None:
    one, other = settings("a"), settings("b", s3_access_max_session_duration=7200)
    for plan, theirs, mine in zip(plans_of("onboard", one, other), ("7200", ""), ("", "7200"), strict=True):
        text = of(plan, "shared_role_differs")
        assert text.startswith("s3_access_max_session_duration: ")
        assert f'there it is "{theirs}", where this one says "{mine}"' in text


def test_role_names_that_differ_in_case_only_are_one_role() -> None:
    one, other = settings("a", s3_access_role_name="Fivetran"), settings("b", s3_access_role_name="FIVETRAN")
    for plan in plans_of("onboard", one, other):
        assert of(plan, "shared_role_differs").startswith("s3_access_role_name: ")


def test_a_role_of_two_groups_and_a_policy_of_two_roles_are_refused_for_both() -> None:
    one, two_groups = settings("a"), settings("b", fivetran_group=SECOND_GROUP)
    assert [codes(plan) for plan in plans_of("onboard", one, two_groups)] == [["role_of_two_groups"]] * 2
    two_roles = settings("b", s3_access_role_name="Other", s3_access_policy_name="fivetran-s3-access")
    assert [codes(plan) for plan in plans_of("onboard", one, two_roles)] == [["policy_of_two_roles"]] * 2
    elsewhere = settings("b", fivetran_group=SECOND_GROUP, s3_access_aws_profile="emea")
    world = World(accounts={"emea": "444455556666"})
    assert [codes(plan) for plan in plans_of("onboard", one, elsewhere, world=world)] == [[], []]


# Shared objects


def test_the_first_that_passes_makes_the_role_for_all_and_only_they_are_granted() -> None:
    first, second = settings("a", currents_bucket="bucket-a"), settings("b", currents_bucket="bucket-b")
    third = settings("c", currents_bucket="bucket-c")
    bad_key = {questions.landing(first): Returned(landing_result(first, "no_bucket"))}
    refused, maker, other = plans_of("onboard", first, second, third, answers=bad_key)
    assert (refused.verdict, [item.kind for item in refused.changes]) == (WorkspaceVerdict.REFUSED, ["connection"])
    assert maker.access == other.access
    assert (maker.access.maker, maker.access.buckets) == ("b", ("bucket-b", "bucket-c"))
    assert (change(maker, "role").made_by, change(maker, "role").shared_with) == ("", ("c",))
    assert (change(other, "role").made_by, change(other, "role").shared_with) == ("b", ("b",))


def test_who_may_not_look_at_iam_makes_the_role_for_nobody() -> None:
    blind, able = settings("a", s3_access_aws_profile="blind", currents_bucket="bucket-a"), settings("b")
    answers = {questions.iam(blind, AWS_ACCOUNT): failed("AccessDenied")}
    refused, plan = plans_of("onboard", blind, able, answers=answers)
    assert codes(refused) == ["AccessDenied"]
    assert (plan.access.maker, plan.access.buckets) == ("b", ("acme-currents",))


def test_a_bucket_that_nobody_names_any_more_is_released_and_one_that_somebody_names_is_kept() -> None:
    silent = settings("b", currents_bucket="bucket-of-b")
    granted = in_iam(US, "acme-currents", "bucket-of-b", "bucket-of-exports", "bucket-of-nobody")
    world = World(rows=(row(US), other_row("files", "s3", bucket="bucket-of-exports")), iam=granted)
    (plan,) = plans_of("onboard", US, silent, names=["shop_us"], world=world)
    assert plan.access.buckets == ("acme-currents", "bucket-of-b", "bucket-of-exports")
    assert plan.access.released == ("bucket-of-nobody",)
    assert told_of(plan)["policy"] == ("update", "differs")


def test_a_bucket_in_another_storage_that_has_the_same_name_keeps_nothing() -> None:
    world = World(rows=(row(US),), iam=in_iam(US, "acme-currents", "acme-currents-eu"))
    assert plans_of("onboard", US, EU, world=world)[0].access.released == ("acme-currents-eu",)


@pytest.mark.parametrize("neighbor", [unknown(), unusable(currents_bucket=UNREADABLE)])
def test_an_unknown_neighbor_keeps_what_is_there(neighbor: Any) -> None:
    world = World(rows=(row(US),), iam=in_iam(US, "acme-currents", "perhaps-theirs"))
    assert plans_of("onboard", US, world=world)[0].access.released == ("perhaps-theirs",)
    plan = plans_of("onboard", US, neighbor, world=world)[0]
    assert (plan.verdict, plan.access.released) == (WorkspaceVerdict.FINE, ())


def test_a_neighbor_known_to_be_elsewhere_keeps_nothing() -> None:
    world = World(rows=(row(US),), iam=in_iam(US, "acme-currents", "perhaps-theirs"))
    elsewhere = unusable(currents_storage="gcs", currents_bucket="perhaps-theirs", braze_api_key=UNREADABLE)
    assert plans_of("onboard", US, elsewhere, world=world)[0].access.released == ("perhaps-theirs",)


def test_nothing_is_released_while_somebody_of_the_role_cannot_see_the_connections() -> None:
    blind = settings("a", fivetran_api_key="another-key-of-fivetran")
    files = other_row("files", "s3", bucket="bucket-of-files")
    world = World(rows=(row(blind), row(US), files), iam=in_iam(US, "acme-currents", "bucket-of-files"))
    unanswered = {questions.connections(blind, GROUP_ID): failed()}
    assert plans_of("onboard", blind, US, world=world, answers=unanswered)[1].access.released == ()
    us = plans_of("offboard", blind, US, world=world, answers=unanswered)[1]
    assert told_of(us) == {"policy": KEPT, "role": KEPT, "connection": ("delete", "leaves")}


def test_workspaces_of_one_bucket_share_a_grant_and_one_makes_it() -> None:
    first, second = gcs("a"), gcs("b")
    maker, other = plans_of("onboard", first, second)
    assert (maker.access.maker, other.access.maker) == ("a", "a")
    assert (change(maker, "grant").made_by, change(other, "grant").made_by) == ("", "a")
    bad = {questions.landing(first): Returned(landing_result(first, "no_bucket"))}
    refused, maker = plans_of("onboard", first, second, answers=bad)
    assert (refused.verdict, maker.access.maker, change(maker, "grant").made_by) == (WorkspaceVerdict.REFUSED, "b", "")


# Offboarding keeps what others need


@pytest.mark.parametrize(
    "config",
    [
        {"bucket": "acme-currents"},
        {"nested": [{"export": {"s3_export_bucket": "acme-currents"}}]},
    ],
)
def test_a_bucket_that_another_connection_reads_stays_granted(config: dict[str, Any]) -> None:
    world = World(rows=(row(US), other_row("files", "s3", **config)), iam=SET_UP.iam)
    (plan,) = plans_of("offboard", US, world=world)
    assert told_of(plan) == {"policy": KEPT, "role": KEPT, "connection": ("delete", "leaves")}
    (kept,) = plan.noticed
    assert "The IAM role Fivetran can still read acme-currents" in kept.message
    assert "files" in kept.message


def test_what_is_also_read_as_exports_keeps_the_grant() -> None:
    exporting = row(DE, config={**row(DE)["config"], "export_storage_type": "GCS", "gcs_export_bucket": EU.bucket})
    (plan,) = plans_of("offboard", EU, world=World(rows=(row(EU), exporting), policies=SET_UP.policies))
    assert told_of(plan)["grant"] == KEPT
    assert "it is also used by braze_shop_de" in plan.noticed[0].message


@pytest.mark.parametrize(
    ("folder", "exports", "stays"),
    [("shop_eu", "", True), ("shop_us", "", False), ("", "", True), ("shop_us", "shop_eu/x", True)],
)
def test_a_narrow_grant_stays_for_who_reads_the_same_folder_only(folder: str, exports: str, stays: bool) -> None:
    narrow = gcs(gcs_access_scope="prefix")
    line = plans_of("onboard", narrow)[0].seen["grant"]["grant"]
    binding = {"role": line["role"], "members": [line["member"]], "condition": line["condition"]}
    config = {"cloud_storage_type": "GCS", "gcs_bucket": narrow.bucket, "gcs_folder": folder}
    if exports:
        config |= {"export_storage_type": "GCS", "gcs_export_bucket": narrow.bucket, "gcs_export_folder": exports}
    world = World(
        rows=(row(narrow), other_row("neighbor", "braze", **config)),
        policies={narrow.bucket: {"version": 3, "bindings": [binding]}},
    )
    (plan,) = plans_of("offboard", narrow, world=world)
    assert (told_of(plan)["grant"] == KEPT) is stays


def test_a_grant_under_a_condition_of_ones_own_stays_for_every_reader_of_the_bucket() -> None:
    condition = {"title": "Office hours", "expression": "request.time.getHours() < 20"}
    own = gcs(gcs_access_condition=condition)
    neighbor = gcs("neighbor", gcs_access_condition=condition)
    line = plans_of("onboard", own)[0].seen["grant"]["grant"]
    binding = {"role": line["role"], "members": [line["member"]], "condition": line["condition"]}
    world = World(rows=(row(own), row(neighbor)), policies={own.bucket: {"version": 3, "bindings": [binding]}})
    (plan,) = plans_of("offboard", own, neighbor, names=["shop_eu"], world=world)
    assert told_of(plan)["grant"] == KEPT


def test_who_leaves_together_needs_nothing_for_each_other() -> None:
    world = World(rows=(row(US), row(DE)), iam=SET_UP.iam)
    for plan in plans_of("offboard", US, DE, world=world):
        assert told_of(plan)["role"] == ("delete", "not_needed")
    (plan,) = plans_of("offboard", US, DE, names=["shop_us"], world=world)
    assert told_of(plan)["role"] == KEPT


def test_who_is_refused_does_not_leave_so_that_what_it_needs_stays() -> None:
    twice = settings("twice", fivetran_schema="braze_shop_de")
    world = World(rows=(row(US), row(DE)), iam=SET_UP.iam)
    us, de, other = plans_of("offboard", US, DE, twice, world=world)
    assert (de.verdict, other.verdict) == (WorkspaceVerdict.REFUSED, WorkspaceVerdict.REFUSED)
    assert told_of(us) == {"policy": KEPT, "role": KEPT, "connection": ("delete", "leaves")}


def test_a_grant_stays_for_who_is_refused() -> None:
    other = gcs("other", gcs_access_user_project="acme-billing")
    world = World(rows=(row(EU), row(other)), policies=SET_UP.policies)
    eu, refused = plans_of("offboard", EU, other, world=world, answers={questions.gcs_bucket(other): failed()})
    assert (refused.verdict, told_of(eu)["grant"]) == (WorkspaceVerdict.REFUSED, KEPT)


def test_the_bucket_that_the_connection_really_reads_is_taken_out_of_the_policy() -> None:
    moved = settings(currents_bucket="acme-new")
    files = other_row("files", "s3", bucket="bucket-of-files")
    world = World(rows=(row(US), files), iam=in_iam(US, "acme-currents", "bucket-of-files"))
    (plan,) = plans_of("offboard", moved, world=world)
    assert plan.access.buckets == ("acme-currents", "acme-new")
    assert granted_buckets(change(plan, "policy").after["document"]) == ["bucket-of-files"]


# Verifying


def test_verifying_tells_what_fivetran_says_of_a_connection_and_its_destination() -> None:
    held = row(EU, status={"setup_state": "broken", "tasks": [{"code": "reconnect", "message": "Please reconnect."}]})
    answers = {questions.destination(EU, GROUP_ID): Returned({"setup_status": "incomplete"})}
    (plan,) = plans_of("verify", EU, world=World(rows=(held,), policies=SET_UP.policies), answers=answers)
    assert [(finding.step, finding.field) for finding in plan.noticed] == [
        ("group", "destination.setup_status"),
        ("connection", "setup_state"),
        ("sync", "tasks"),
    ]


def test_onboarding_warns_of_a_destination_into_which_an_existing_connection_syncs_nothing() -> None:
    answers = {questions.destination(US, GROUP_ID): Returned({"setup_status": "broken"})}
    (plan,) = plans_of("onboard", US, world=SET_UP, answers=answers)
    [warning] = plan.warnings
    assert warning.message == (
        "The destination of group Warehouse is broken, not connected: nothing syncs until the destination has been set"
        " up in Fivetran."
    )


def test_what_is_paused_and_broken_is_never_called_as_it_should_be_and_the_way_out_is_told() -> None:
    held = row(US, status={"setup_state": "broken"}, paused=True, succeeded_at="2026-03-01T14:10:00Z")
    world = World(rows=(held,), iam=SET_UP.iam)
    for workspace in (US, settings(fivetran_connection_paused=True)):
        (plan,) = plans_of("onboard", workspace, world=world)
        [warning] = [found for found in plan.warnings if found.code == "broken_and_paused"]
        assert "fivetran_connection_paused: false" in warning.remedy
        (plan,) = plans_of("verify", workspace, world=world)
        [finding] = [found for found in plan.noticed if found.field == "setup_state"]
        assert "fivetran_connection_paused: false" in finding.message
    (plan,) = plans_of("onboard", settings(fivetran_connection_paused=False), world=world)
    assert "broken_and_paused" not in {found.code for found in plan.warnings}
    assert change(plan, "connection").after["paused"] is False


def test_verifying_plans_access_whatever_else_is_wrong() -> None:
    (plan,) = plans_of("verify", US, answers={questions.key(US): Returned(key_result("invalid_key"))})
    assert told_of(plan) == {"policy": CREATED, "role": CREATED, "connection": CREATED}
    assert plan.verdict is WorkspaceVerdict.REFUSED


def test_verifying_asks_for_no_right_to_create() -> None:
    unasked = {questions.right_to_create(EU, GROUP_ID): failed("not_looked_at")}
    assert codes(plans_of("verify", EU, answers=unasked)[0]) == []


# What no plan holds


def test_no_plan_holds_a_secret() -> None:
    exports = {
        "fivetran_connection_exports_storage": "azure",
        "fivetran_connection_exports_container": "exports",
        "fivetran_connection_exports_connection_string": EXPORTS_SECRET,
    }
    workspace = settings(**exports)
    echoed = row(workspace, config={**row(workspace)["config"], "api_key": KEY, "s3folder": MASK})
    for purpose in ("onboard", "verify", "rotate_key", "offboard"):
        for rows in ((), (row(workspace),), (echoed,)):
            told = json.loads(json.dumps(as_told(plan_of(purpose, workspace, world=World(rows=rows)))))
            # As the plan's task returns it: a vendor may have quoted anything.
            text = str(Redactor(_secrets([workspace])).data(told))
            for secret in (KEY, workspace.braze_api_key, workspace.fivetran_api_secret, EXPORTS_SECRET):
                assert secret not in text


def test_two_groups_give_two_external_ids() -> None:
    one = settings("a")
    other = settings("b", fivetran_group=SECOND_GROUP, s3_access_role_name="Second", s3_access_policy_name="Second")
    plans = plans_of("onboard", one, other)
    for plan, group_id in zip(plans, (GROUP_ID, SECOND_GROUP_ID), strict=True):
        assert group_id in str(change(plan, "role").after["trust"])
        assert plan.problems == ()
