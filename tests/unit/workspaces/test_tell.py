# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in the words for people: a line for the fleet, and for a workspace nothing, a block, or why it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.model import (
    TAG,
    ActualPolicy,
    ActualRole,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.differences import LONGEST_VALUE
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Action,
    Change,
    ChangeReason,
    Plan,
    WorkspacePlan,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import (
    REASONS,
    SIGNS,
    VERBS,
    diffs,
    fleet_line,
    told,
)

from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    GROUP_ID,
    POLICY,
    ROLE,
    SERVICE_ACCOUNT,
    World,
    gcs,
    gcs_policy,
    in_iam,
    key_result,
    landing_result,
    other_row,
    plan_of,
    row,
    settings,
    unusable,
)

US, DE, EU = settings(), settings("shop_de"), gcs()
SET_UP = World(
    rows=(row(US), row(DE), row(EU)),
    iam=in_iam(US, "acme-currents"),
    policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)},
)


def lines(purpose: str, *inventory: Any, **more: Any) -> list[str]:
    """Return what is told of all workspaces that play, one after the other, without the way of their data."""
    plan = plan_of(purpose, *inventory, **more)
    everything = [line for workspace in plan.workspaces.values() for line in told(purpose, workspace)]
    return [line for line in everything if not line.startswith("  way: ")]


# What is fine


def test_what_is_fine_takes_one_line() -> None:
    assert lines("onboard", US, EU, world=SET_UP) == [
        "shop_us: everything is as it should be.",
        "shop_eu: everything is as it should be.",
    ]


def test_verifying_calls_nothing_fine_that_it_cannot_see_and_says_what_proves_it() -> None:
    synced = row(EU, succeeded_at="2026-03-01T14:10:59.000Z", failed_at="2026-02-01T00:00:00Z")
    world = World(rows=(row(US), synced), iam=SET_UP.iam, policies=SET_UP.policies)
    assert lines("verify", US, EU, world=world) == [
        "shop_us: everything that can be seen is as it should be.",
        "  ? not verifiable: What Fivetran holds as Braze API key and IAM role, because it shows a mask. That it works"
        " is proved by Fivetran's setup tests, for it says that the connection is connected. No sync proves it yet;"
        " rotate_key.yml sends what the inventory holds, and tests it.",
        "shop_eu: everything that can be seen is as it should be.",
        "  ? not verifiable: What Fivetran holds as Braze API key, because it shows a mask. That it works is proved by"
        " Fivetran's sync of 2026-03-01 14:10 UTC.",
    ]


def test_what_cannot_be_seen_of_a_workspace_with_findings_is_told_beside_them() -> None:
    held = row(EU, paused=True, sync_frequency=60, succeeded_at="2026-03-01T14:10:00+01:00")
    wanted = gcs(fivetran_connection_sync_frequency=360)
    plan = plan_of("verify", wanted, world=World(rows=(held,), policies=SET_UP.policies))
    workspace = as_told(plan)["workspaces"]["shop_eu"]
    assert workspace["told"][:2] == ["shop_eu: 1 finding.", "- connection: sync_frequency is 60, should be 360."]
    paused, unseen = workspace["warned"]
    assert paused.startswith(
        "shop_eu: The connection braze_shop_eu is paused in Fivetran: no sync since 2026-03-01 13:10 UTC."
    )
    assert unseen.startswith("shop_eu: not verifiable: What Fivetran holds as Braze API key")


def test_verify_alone_mentions_what_a_role_allows_beside_the_policy() -> None:
    by_hand = f"arn:aws:iam::{AWS_ACCOUNT}:policy/By-Hand"
    policy, role = in_iam(US, "acme-currents")
    more = replace(role, attached_policies=(*role.attached_policies, by_hand))
    world = replace(SET_UP, iam=(policy, more))
    assert [line for line in lines("verify", US, world=world) if by_hand in line] == [
        f"  = The IAM role {role.arn} has further permissions, which stay: {by_hand}. Check that Fivetran should have"
        " them. Where s3_access_policy_name has named another policy before, that still counts while it is attached:"
        " detach and delete it."
    ]
    assert lines("onboard", US, world=world) == ["shop_us: everything is as it should be."]


# Who has a line


def told_apart(purpose: str, *inventory: Any, each_up_to: int | None = 1, **more: Any) -> tuple[list[str], list[str]]:
    """Return who has a line of its own, and what is told of the whole fleet."""
    data = as_told(plan_of(purpose, *inventory, **more), each_up_to)
    return data["with_news"], data["told"]


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
def test_of_a_large_fleet_only_who_is_more_than_fine_has_a_line_and_the_others_are_counted(purpose: str) -> None:
    paused_by_somebody = row(EU, paused=True, succeeded_at="2026-03-01T14:10:00Z")
    world = replace(SET_UP, rows=(row(US), row(DE), paused_by_somebody))
    named, (fleet, counted) = told_apart(purpose, US, EU, DE, unusable("a"), world=world)
    assert named == ["shop_eu", "a"]
    assert "3 fine" in fleet
    assert counted == (
        "2 of them have no line of their own, for there is nothing else to tell of them."
        " -e onramp_tell_each_up_to=4 tells of each."
    )


@pytest.mark.parametrize("each_up_to", [2, 3, None])
def test_of_a_fleet_that_is_not_larger_than_that_each_has_a_line(each_up_to: int | None) -> None:
    named, fleet = told_apart("onboard", US, EU, each_up_to=each_up_to, world=SET_UP)
    assert (named, fleet) == (["shop_us", "shop_eu"], ["Plan: 2 workspaces: 2 fine."])


def test_where_all_who_have_a_line_fail_one_more_has_one_because_ansible_would_end_the_run() -> None:
    assert told_apart("verify", US, DE, unusable("a"), unusable("b"), world=SET_UP)[0] == ["shop_us", "a", "b"]
    assert told_apart("verify", unusable("a"), unusable("b"))[0] == ["a", "b"]
    assert told_apart("verify", US, DE, world=SET_UP)[0] == []


# What is paused

PAUSED = "  = The connection braze_shop_eu is paused in Fivetran: no sync since 2026-03-01 14:10 UTC."
STAYS = "It stays so until fivetran_connection_paused: false starts it."


def paused(**changes: Any) -> World:
    """Return a world in which somebody has paused a connection that has synced before."""
    held = row(EU, **{"paused": True, "succeeded_at": "2026-03-01T14:10:00Z", **changes})
    return World(rows=(held,), policies=SET_UP.policies)


@pytest.mark.parametrize("purpose", ["onboard", "verify"])
def test_what_a_person_has_paused_stays_so_and_is_told(purpose: str) -> None:
    told_of_it = lines(purpose, EU, world=paused())
    assert "everything" in told_of_it[0]
    assert told_of_it[1] == f"{PAUSED} {STAYS}"


def test_a_rotation_tells_that_the_connection_stays_paused() -> None:
    assert lines("rotate_key", EU, world=paused())[-1] == f"{PAUSED} {STAYS}"


def test_what_is_paused_says_nothing_of_late_data() -> None:
    late = {"setup_state": "connected", "update_state": "delayed"}
    assert len(lines("verify", EU, world=paused(status=late))) == 3
    assert "is delayed" in lines("verify", EU, world=paused(status=late, paused=False))[-1]


def test_nothing_is_told_of_what_is_paused_because_the_inventory_says_so() -> None:
    wanted = gcs(fivetran_connection_paused=True)
    assert lines("onboard", wanted, world=paused()) == ["shop_eu: everything is as it should be."]


def test_an_inventory_that_says_that_it_runs_has_it_started() -> None:
    wanted = gcs(fivetran_connection_paused=False)
    assert lines("onboard", wanted, world=paused()) == [
        "shop_eu: 1 change.",
        "  ~ change connection braze_shop_eu: it differs",
        "      paused: true -> false",
    ]
    assert lines("verify", wanted, world=paused())[1:] == ["- connection: paused is true, should be false."]


def test_what_was_never_started_is_started_by_onboarding_and_no_finding_of_verify() -> None:
    assert lines("onboard", EU, world=paused(succeeded_at=None)) == [
        "shop_eu: 1 change.",
        "  ~ change connection braze_shop_eu: it has never been started",
        "      paused: true -> false",
    ]
    first, note, _unseen = lines("verify", EU, world=paused(succeeded_at=None))
    assert first == "shop_eu: everything that can be seen is as it should be."
    assert note == (
        "  = The connection braze_shop_eu is paused in Fivetran: it has never synced. onboard.yml starts it."
    )


def test_what_is_never_tested_is_not_started_either() -> None:
    untested = gcs(fivetran_connection_run_setup_tests="never")
    assert lines("onboard", untested, world=paused(succeeded_at=None)) == [
        "shop_eu: everything is as it should be.",
        f"  = The connection braze_shop_eu is paused in Fivetran: it has never synced. {STAYS}",
    ]


def test_what_has_left_already_takes_one_line() -> None:
    assert lines("offboard", EU) == ["shop_eu: nothing is left to remove."]


# What is changed


def test_a_new_workspace_is_told_in_the_order_of_the_guide_and_who_does_what_is_shared() -> None:
    assert lines("onboard", US, DE, EU) == [
        "shop_us: 3 changes.",
        f"  + create policy {POLICY}: there is none yet",
        f"  + create role {ROLE}: there is none yet",
        "  + create connection braze_shop_us: there is none yet",
        "shop_de: 3 changes.",
        f"  + create policy {POLICY}: there is none yet; shop_us does it for all that share it",
        f"  + create role {ROLE}: there is none yet; shop_us does it for all that share it",
        "  + create connection braze_shop_de: there is none yet",
        "shop_eu: 2 changes.",
        "  + create grant gs://acme-currents-eu: there is none yet",
        "  + create connection braze_shop_eu: there is none yet",
    ]


def test_a_change_tells_what_is_there_and_what_will_be() -> None:
    held = row(EU, paused=True)
    held["config"]["gcs_folder"] = "elsewhere"
    assert lines("onboard", EU, world=World(rows=(held,), policies=SET_UP.policies)) == [
        "shop_eu: 1 change.",
        "  ~ change connection braze_shop_eu: it differs",
        '      config.gcs_folder: "elsewhere" -> "shop_eu"',
        "      paused: true -> false",
    ]


def test_a_rotation_tells_that_masked_values_are_sent_again() -> None:
    assert lines("rotate_key", EU, world=SET_UP) == [
        "shop_eu: 1 change.",
        "  ~ change connection braze_shop_eu: what Fivetran shows masked is sent again",
        '      config.api_key: "********" -> "******** (sent again)"',
    ]


def test_a_long_value_is_cut() -> None:
    before, after = {"field": "short"}, {"field": "x" * 500}
    change = Change("connection", "braze", Action.UPDATE, ChangeReason.DIFFERS, before=before, after=after)
    line = told("onboard", WorkspacePlan("a", changes=(change,)))[-1]
    assert line == f'      field: "short" -> "{"x" * (LONGEST_VALUE - 1)}...'


FLEET = [settings(f"ws_{letter}", currents_bucket=f"acme-currents-{letter}") for letter in "abcdef"]
FLEET_BUCKETS = [workspace.bucket for workspace in FLEET]


def details(purpose: str, *inventory: Any, **more: Any) -> list[str]:
    """Return what is told of the contents of whatever is changed."""
    return [line.strip() for line in lines(purpose, *inventory, **more) if line.startswith("      ")]


def fleet_world(*buckets: str, **role: Any) -> World:
    return World(rows=tuple(map(row, FLEET)), iam=in_iam(FLEET[0], *buckets, **role))


def with_statement(document: dict[str, Any], **statement: Any) -> dict[str, Any]:
    return {**document, "Statement": [*document["Statement"], statement]}


def test_a_bucket_that_a_long_policy_gets_or_loses_is_named_and_the_others_are_not() -> None:
    named = '"arn:aws:s3:::acme-currents-f'
    gets = details("onboard", *FLEET, world=fleet_world(*FLEET_BUCKETS[:5]))
    assert gets == [
        f'document.Statement[0].Resource: added: {named}"',
        f'document.Statement[0].Resource: added: {named}/*"',
    ]
    loses = details("offboard", *FLEET, world=fleet_world(*FLEET_BUCKETS), names=["ws_f"])
    assert loses == [
        f'document.Statement[0].Resource: taken out: {named}"',
        f'document.Statement[0].Resource: taken out: {named}/*"',
    ]


def test_verifying_a_long_policy_names_the_bucket_that_it_lacks_and_no_other() -> None:
    told = lines("verify", *FLEET, world=fleet_world(*FLEET_BUCKETS[:5]))
    named = '"arn:aws:s3:::acme-currents-f'
    found = f'- access: document.Statement[0].Resource of {POLICY} lacks {named}" and {named}/*".'
    assert told[-2:] == ["ws_f: 1 finding.", found]
    assert [line for line in told if "finding" in line] == ["ws_f: 1 finding."]


def test_whom_a_bucket_that_a_policy_gets_is_not_for_has_nothing_to_change() -> None:
    plan = plan_of("onboard", *FLEET, world=fleet_world(*FLEET_BUCKETS[:4]))
    assert fleet_line(plan) == "Plan: 6 workspaces: 4 fine, 2 to change."
    told_of = {name: told("onboard", workspace) for name, workspace in plan.workspaces.items()}
    assert told_of["ws_a"] == ["ws_a: everything is as it should be."]
    assert told_of["ws_e"][:2] == ["ws_e: 1 change.", f"  ~ change policy {POLICY}: it differs"]
    assert told_of["ws_f"] == [
        "ws_f: 1 change.",
        f"  ~ change policy {POLICY}: it differs; ws_e does it for all that share it",
    ]


def lacking_one(**policy: Any) -> tuple[ActualPolicy, ActualRole]:
    """Return a policy that lacks the bucket of the last one, and its role."""
    lacks, role = in_iam(FLEET[0], *FLEET_BUCKETS[:5])
    assert isinstance(lacks, ActualPolicy)
    assert isinstance(role, ActualRole)
    return replace(lacks, **policy), role


def and_more() -> dict[str, tuple[ActualPolicy, ActualRole]]:
    """Return such policies and roles that differ in something else as well."""
    policy, role = lacking_one()
    resources = policy.document["Statement"][0]["Resource"]
    narrow = {**policy.document["Statement"][0], "Action": ["s3:List*"]}
    wide = {**policy.document["Statement"][0], "Resource": [*resources, "arn:aws:s3:::acme-*"]}
    halved = {**policy.document["Statement"][0], "Resource": resources[:-1]}
    surplus, _role = in_iam(FLEET[0], *FLEET_BUCKETS[:5], "acme-salaries")
    assert isinstance(surplus, ActualPolicy)
    return {
        "other actions": (replace(policy, document={**policy.document, "Statement": [narrow]}), role),
        "no bucket at all": (replace(policy, document={**policy.document, "Statement": []}), role),
        "a wildcard": (replace(policy, document={**policy.document, "Statement": [wide]}), role),
        "half a bucket": (replace(policy, document={**policy.document, "Statement": [halved]}), role),
        "a bucket of nobody": (surplus, role),
        "tags": lacking_one(tags={**policy.tags, TAG: "another_group"}),
        "trust": (policy, replace(role, trust=with_statement(role.trust, Effect="Deny", Action="*", Principal="*"))),
        "detached": (policy, replace(role, attached_policies=())),
    }


@pytest.mark.parametrize("what", list(and_more()))
@pytest.mark.parametrize("purpose", ["onboard", "verify"])
def test_what_differs_beside_missing_buckets_is_told_of_all_that_share_it(purpose: str, what: str) -> None:
    plan = plan_of(purpose, *FLEET, world=World(rows=tuple(map(row, FLEET)), iam=and_more()[what]))
    assert all(workspace.todo or workspace.problems for workspace in plan.workspaces.values())


def test_a_key_that_a_long_policy_gets_is_told_as_the_statement_that_it_is() -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90"
    with_key = [settings(one.name, currents_bucket=one.bucket, s3_access_kms_key_arns=[key]) for one in FLEET]
    [line] = details("onboard", *with_key, world=fleet_world(*FLEET_BUCKETS))
    assert line.startswith('document.Statement: added: {"Sid": "FivetranDecrypts", "Effect": "Allow"')
    assert key in line


def test_a_statement_that_is_taken_out_of_a_policy_is_told_whole() -> None:
    policy, role = in_iam(FLEET[0], *FLEET_BUCKETS)
    assert isinstance(policy, ActualPolicy)
    resources = [f"arn:aws:s3:::acme-currents-{letter}/*" for letter in "abcdef"]
    denying = with_statement(policy.document, Effect="Deny", Action="s3:GetObject", Resource=resources)
    world = World(rows=tuple(map(row, FLEET)), iam=(replace(policy, document=denying), role))
    [line] = details("onboard", *FLEET, world=world)
    assert line.startswith('document.Statement: taken out: {"Effect": "Deny"')
    assert resources[-1] in line


def test_whom_a_trust_policy_lets_in_no_more_is_told() -> None:
    _policy, role = in_iam(FLEET[0], *FLEET_BUCKETS)
    assert isinstance(role, ActualRole)
    trust = with_statement(role.trust, Effect="Allow", Principal="*", Action="sts:AssumeRole")
    assert details("onboard", *FLEET, world=fleet_world(*FLEET_BUCKETS, trust=trust)) == [
        'trust.Statement: taken out: {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}'
    ]


def test_every_action_and_reason_has_words() -> None:
    assert set(VERBS) == set(SIGNS) == set(Action)
    assert set(REASONS) == set(ChangeReason)


# What is refused


def test_one_problem_takes_one_line() -> None:
    answers = {questions.key(US): Returned(key_result("invalid_key", "Make a new key."))}
    expected = "shop_us: The Braze API key is not good (invalid_key). Make a new key."
    assert lines("onboard", US, answers=answers) == [expected]


def test_several_problems_are_listed_with_their_steps() -> None:
    answers = {
        questions.key(EU): Returned(key_result("invalid_key", "Make a new key.")),
        questions.landing(EU): Returned(landing_result(EU, "no_bucket")),
    }
    assert lines("onboard", EU, answers=answers) == [
        "shop_eu: 2 problems.",
        "- key: The Braze API key is not good (invalid_key). Make a new key.",
        "- landing: Braze Currents does not land in gs://acme-currents-eu/shop_eu (no_bucket).",
    ]


def test_each_wrong_setting_takes_a_line_that_begins_with_workspace_and_setting() -> None:
    wrong = unusable("shop_us", fivetran_schema="Upper", currents_storage="ftp")
    schema, storage = lines("onboard", wrong)
    assert schema.startswith("shop_us: fivetran_schema: ")
    assert storage.startswith("shop_us: currents_storage: ")


# What verifying finds


def test_verifying_tells_everything_that_is_not_as_it_should_be_in_the_order_of_the_guide() -> None:
    held = row(EU, status={"setup_state": "broken"})
    held["config"]["gcs_folder"] = "elsewhere"
    answers = {
        questions.key(EU): Returned(key_result("invalid_key", "Make a new key.")),
        questions.destination(EU, GROUP_ID): Returned(None),
    }
    assert lines("verify", EU, world=World(rows=(held,)), answers=answers) == [
        "shop_eu: 5 findings.",
        "- group: The destination of the Fivetran group Warehouse is missing, should be connected. Nothing syncs into"
        " it: set it up in Fivetran under Destinations.",
        "- key: The Braze API key is not good (invalid_key). Make a new key.",
        f"- access: The grant on gs://acme-currents-eu is missing: serviceAccount:{SERVICE_ACCOUNT} does not hold"
        " roles/storage.objectViewer.",
        '- connection: config.gcs_folder is "elsewhere", should be "shop_eu".',
        "- connection: setup_state is broken, should be connected. Run onboard.yml, which runs the setup tests.",
    ]


def test_verifying_tells_what_is_missing_altogether() -> None:
    assert lines("verify", US) == [
        "shop_us: 3 findings.",
        f"- access: {POLICY} does not exist.",
        f"- access: {ROLE} does not exist.",
        "- connection: There is no connection braze_shop_us in the group Warehouse. Run onboard.yml.",
    ]


def test_verifying_tells_which_part_of_a_document_differs() -> None:
    drifted = in_iam(US, "acme-currents", attached_policies=())
    assert lines("verify", US, world=World(rows=(row(US),), iam=drifted)) == [
        "shop_us: 1 finding.",
        f'- access: policy of {ROLE} is null, should be "{POLICY}".',
    ]


# Who leaves


def test_what_leaves_is_told_in_the_other_order() -> None:
    assert lines("offboard", EU, world=SET_UP) == [
        "shop_eu: 2 changes.",
        "  - remove connection braze_shop_eu: the workspace leaves",
        "  - remove grant gs://acme-currents-eu: nobody else needs it",
    ]


def test_what_stays_for_others_is_told() -> None:
    files = other_row("files", "s3", bucket="acme-currents")
    assert lines("offboard", US, world=World(rows=(row(US), files), iam=SET_UP.iam)) == [
        "shop_us: 1 change.",
        "  - remove connection braze_shop_us: the workspace leaves",
        "  = The IAM role Fivetran can still read acme-currents, because other connections of the group use it: files.",
    ]


# The fleet


@pytest.mark.parametrize(
    ("purpose", "inventory", "expected"),
    [
        ("onboard", (), "Plan: 0 workspaces: none."),
        ("onboard", (US,), "Plan: 1 workspace: 1 fine."),
        ("onboard", (US, gcs("new"), unusable()), "Plan: 3 workspaces: 1 fine, 1 to change, 1 refused."),
        ("verify", (US, gcs("new"), unusable()), "Verified 3 workspaces: 1 fine, 2 with findings."),
        ("verify", (US, EU), "Verified 2 workspaces: 2 fine."),
        ("verify", (), "Verified 0 workspaces: none."),
        ("offboard", (US,), "Plan: 1 workspace: 1 to change."),
    ],
)
def test_the_fleet_takes_one_line(purpose: str, inventory: tuple[Any, ...], expected: str) -> None:
    assert fleet_line(plan_of(purpose, *inventory, world=SET_UP)) == expected


# What the tasks go by


def test_the_difference_shows_nothing_of_what_others_do() -> None:
    maker, other = plan_of("onboard", US, DE).workspaces.values()
    assert [one["before_header"] for one in diffs(maker)] == [
        f"policy {POLICY}",
        f"role {ROLE}",
        "connection braze_shop_us",
    ]
    assert [one["before_header"] for one in diffs(other)] == ["connection braze_shop_de"]


def test_what_is_to_be_deleted_is_named_by_workspace_and_connection() -> None:
    plan = plan_of("offboard", EU, gcs("gone"), unusable("shop_us"), world=SET_UP)
    assert as_told(plan)["to_delete"] == ["shop_eu (braze_shop_eu)"]
    assert as_told(plan_of("onboard", EU))["to_delete"] == []


def test_a_refusal_and_a_finding_fail_and_a_change_does_not() -> None:
    for purpose, failed in (("onboard", False), ("verify", True)):
        workspace = as_told(plan_of(purpose, EU))["workspaces"]["shop_eu"]
        assert (workspace["failed"], workspace["verdict"], bool(workspace["failure"])) == (failed, "changes", failed)
    refused = as_told(plan_of("onboard", unusable("a")))["workspaces"]["a"]
    assert (refused["failed"], refused["failure"]["code"]) == (True, "invalid_settings")


def test_warnings_name_the_workspace() -> None:
    lenient = settings(braze_api_key_on_problem="warn")
    told_of_it = as_told(
        plan_of("onboard", lenient, answers={questions.key(lenient): Returned(key_result("invalid_key"))})
    )
    assert told_of_it["workspaces"]["shop_us"]["warned"] == ["shop_us: The Braze API key is not good (invalid_key)."]


def test_the_plans_keep_the_order_of_the_inventory() -> None:
    plan = plan_of("onboard", unusable("z"), EU, US)
    assert list(plan.workspaces) == ["z", "shop_eu", "shop_us"]
    assert isinstance(plan, Plan)
