# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan is held against an approved one: what has moved is refused by name, what is there already is no move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions

from tests.unit.saved_plan.plans import codes, held_against, said, saved, verdicts
from tests.unit.workspaces.situations import (
    BRAZE_KEY,
    GROUP_ID,
    ROLE,
    SECOND_GROUP,
    SERVICE_ACCOUNT,
    World,
    failed,
    gcs,
    gcs_policy,
    in_iam,
    other_row,
    row,
    settings,
)

US, DE, EU = settings(), settings("shop_de", currents_bucket="acme-de"), gcs()
EVERYBODY = (US, DE, EU)
IN_IAM = in_iam(US, "acme-currents", "acme-de")
GRANTED = {EU.bucket: gcs_policy(SERVICE_ACCOUNT)}
SET_UP = World(rows=(row(US), row(DE), row(EU)), iam=IN_IAM, policies=GRANTED)
HOURLY = {"fivetran_connection_sync_frequency": 60}


def world(**changes: Any) -> World:
    """Return the world in which all is set up, with something changed."""
    return World(**{"rows": SET_UP.rows, "iam": SET_UP.iam, "policies": SET_UP.policies, **changes})


# What is no move


def test_a_plan_of_the_same_world_is_the_approved_one() -> None:
    plan = held_against(saved("onboard", *EVERYBODY), *EVERYBODY)
    assert verdicts(plan) == dict.fromkeys(("shop_us", "shop_de", "shop_eu"), "changes")
    assert plan.notes == ("Held against the plan of 2026-03-01 14:00 UTC.",)


@pytest.mark.parametrize(
    "reached",
    [
        pytest.param(World(iam=in_iam(US, "acme-currents", "acme-de")[:1]), id="only the policy"),
        pytest.param(World(iam=IN_IAM), id="policy and role"),
        pytest.param(
            World(iam=in_iam(US, "acme-currents", "acme-de", attached_policies=())), id="the policy is not attached yet"
        ),
        pytest.param(World(iam=IN_IAM, rows=(row(US),)), id="a connection as well"),
        pytest.param(
            World(iam=IN_IAM, rows=(row(US, paused=True, status={"setup_state": "incomplete"}),), policies=GRANTED),
            id="a connection that was not tested",
        ),
        pytest.param(SET_UP, id="everything"),
    ],
)
def test_a_run_that_was_killed_goes_on_with_the_same_plan(reached: World) -> None:
    plan = held_against(saved("onboard", *EVERYBODY), *EVERYBODY, world=reached)
    assert "refused" not in verdicts(plan).values()


def test_what_somebody_else_has_done_as_it_was_approved_is_no_move() -> None:
    then, done = (world(rows=(row(US, sync_frequency=minutes),), iam=in_iam(US, US.bucket)) for minutes in (360, 60))
    approved = saved("onboard", settings(**HOURLY), world=then)
    assert verdicts(held_against(approved, settings(**HOURLY), world=done)) == {"shop_us": "fine"}


def test_settings_that_decide_nothing_may_move() -> None:
    approved = saved("onboard", *EVERYBODY)
    other = settings(
        braze_api_key_on_problem="warn", s3_access_aws_profile="other", fivetran_connection_retry_timeout=9
    )
    assert verdicts(held_against(approved, other, DE, EU))["shop_us"] == "changes"


def test_a_new_braze_key_is_not_in_the_plan_and_no_move() -> None:
    approved = saved("rotate_key", US, world=SET_UP)
    plan = held_against(approved, settings(braze_api_key=BRAZE_KEY[::-1]), world=SET_UP)
    assert verdicts(plan) == {"shop_us": "changes"}


def test_a_part_of_the_inventory_gets_its_part_of_the_shared_policy() -> None:
    approved = saved("onboard", *EVERYBODY)
    assert verdicts(held_against(approved, *EVERYBODY, names=["shop_de"])) == {"shop_de": "changes"}
    plan = held_against(approved, DE, is_part=True)
    assert verdicts(plan) == {"shop_de": "changes"}
    assert plan.notes == ("Held against the plan of 2026-03-01 14:00 UTC.",)


def test_a_connection_that_gets_a_new_role_gets_it_also_after_the_role_was_made() -> None:
    """A run that is killed between role and connection leaves nothing at Fivetran that tells of it."""
    approved = saved("onboard", US, world=World(rows=(row(US),)))
    made = World(rows=(row(US),), iam=in_iam(US, "acme-currents"))
    assert verdicts(held_against(saved("onboard", US, world=made), US, world=made)) == {"shop_us": "fine"}
    plan = held_against(approved, US, world=made)
    assert verdicts(plan) == {"shop_us": "changes"}
    assert plan.workspaces["shop_us"].work()["connection"]["update_secrets"] == "always"


# What is one


def test_a_setting_that_moved_refuses_its_workspace_only() -> None:
    plan = held_against(saved("onboard", *EVERYBODY), settings(currents_bucket="acme-other"), DE, EU)
    assert verdicts(plan) == {"shop_us": "refused", "shop_de": "changes", "shop_eu": "changes"}
    assert said(plan, "shop_us") == (
        'shop_us: Not as in the plan of 2026-03-01 14:00 UTC: currents_bucket is "acme-other", and was "acme-currents".'
        " Nothing was changed. Put it back, or make a new plan."
    )
    assert "acme-other" not in str(plan.workspaces["shop_de"].changes)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (settings(fivetran_group=SECOND_GROUP), "fivetran_group is Warehouse EMEA"),
        (settings(fivetran_schema="braze_other"), 'fivetran_schema is "braze_other", and was "braze_shop_us"'),
        (settings(currents_prefix="other"), 'currents_prefix is "other", and was "shop_us"'),
        (settings(s3_access_role_name="Other", s3_access_policy_name="Other"), "the IAM role is arn:aws:iam"),
        (
            settings(**HOURLY),
            "sync_frequency of the connection braze_shop_us would become 60, and that was not approved",
        ),
        (settings(fivetran_connection_paused=True), "paused of the connection braze_shop_us would become true"),
        (settings(fivetran_connection_update_secrets="always"), "fivetran_connection_update_secrets would be"),
        (settings(fivetran_connection_trigger_first_sync=True), "fivetran_connection_trigger_first_sync would be true"),
        (
            settings(fivetran_connection_failing_test_statuses=["WARNING"]),
            'fivetran_connection_failing_test_statuses would be ["WARNING"]',
        ),
    ],
)
def test_what_moved_in_the_settings_is_named(now: Any, words: str) -> None:
    plan = held_against(saved("onboard", US, EU), now, EU)
    assert verdicts(plan) == {"shop_us": "refused", "shop_eu": "changes"}
    assert words in said(plan, "shop_us")


def test_what_the_settings_do_not_want_any_more_is_a_move() -> None:
    then = world(rows=(row(US, sync_frequency=360),))
    plan = held_against(saved("onboard", settings(**HOURLY), world=then), US, world=then)
    assert codes(plan, "shop_us") == ["plan_moved"]
    assert "sync_frequency of the connection braze_shop_us was to become 60" in said(plan, "shop_us")


def test_a_connection_that_was_edited_by_hand_is_named_with_both_values() -> None:
    approved = saved("onboard", settings(**HOURLY), world=world(rows=(row(US, sync_frequency=360),)))
    plan = held_against(approved, settings(**HOURLY), world=world(rows=(row(US, sync_frequency=1440),)))
    assert codes(plan, "shop_us") == ["plan_moved"]
    assert "sync_frequency of the connection braze_shop_us is 1440 now, and was 360." in said(plan, "shop_us")


def test_a_connection_that_was_fine_and_was_edited_by_hand_is_named() -> None:
    approved = saved("onboard", settings(**HOURLY), DE, EU, world=world(rows=(row(US, sync_frequency=60),)))
    plan = held_against(approved, settings(**HOURLY), DE, EU, world=world(rows=(row(US, sync_frequency=1440),)))
    assert "sync_frequency of the connection braze_shop_us is 1440 now, and was 60." in said(plan, "shop_us")


def test_a_connection_that_is_gone_is_not_made_again() -> None:
    plan = held_against(saved("onboard", *EVERYBODY, world=SET_UP), *EVERYBODY, world=world(rows=(row(DE), row(EU))))
    assert verdicts(plan) == {"shop_us": "refused", "shop_de": "fine", "shop_eu": "fine"}
    assert "the connection braze_shop_us is gone" in said(plan, "shop_us")


def test_a_connection_that_took_the_place_of_another_is_no_part_of_the_plan() -> None:
    approved = saved("rotate_key", US, world=SET_UP)
    plan = held_against(approved, US, world=world(rows=(row(US, id="another_one"),)))
    assert "is another one: its id is another_one, and was id_of_braze_shop_us" in said(plan, "shop_us")


def test_a_trust_policy_that_was_edited_by_hand_refuses_all_who_share_the_role() -> None:
    everybody = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}
    edited = world(iam=in_iam(US, "acme-currents", "acme-de", trust=everybody))
    plan = held_against(saved("onboard", *EVERYBODY, world=SET_UP), *EVERYBODY, world=edited)
    assert verdicts(plan) == {"shop_us": "refused", "shop_de": "refused", "shop_eu": "fine"}
    assert f"the trust policy of the role {ROLE}" in said(plan, "shop_us")


def test_a_policy_that_lost_a_bucket_refuses_the_workspace_whose_it_is() -> None:
    plan = held_against(
        saved("onboard", *EVERYBODY, world=SET_UP), *EVERYBODY, world=world(iam=in_iam(US, "acme-currents"))
    )
    assert verdicts(plan) == {"shop_us": "fine", "shop_de": "refused", "shop_eu": "fine"}
    assert 'lacks "arn:aws:s3:::acme-de" and "arn:aws:s3:::acme-de/*"' in said(plan, "shop_de")


def test_each_bucket_that_a_policy_lost_is_named_and_long_values_are_told_apart() -> None:
    fleet = [settings(f"ws_{number}", currents_bucket=f"acme-currents-{number}") for number in range(7)]
    kept = World(rows=tuple(map(row, fleet)), iam=in_iam(fleet[0], *(one.bucket for one in fleet)))
    lost = replace(kept, iam=in_iam(fleet[0], "acme-currents-0"))
    text = said(held_against(saved("onboard", *fleet, world=kept), *fleet, world=lost), "ws_1")
    for number in range(1, 6):
        assert f'"arn:aws:s3:::acme-currents-{number}"' in text
    was, is_now = (gcs(currents_prefix="f" * 200 + end) for end in "ab")
    moved = said(held_against(saved("onboard", was), is_now), "shop_eu")
    new, _and, old = moved.partition("currents_prefix is ")[2].partition(", and was ")
    assert new.endswith('a"') != new.endswith('b"')
    assert not old.startswith(new)


def test_a_policy_that_got_a_bucket_is_not_what_was_approved() -> None:
    edited = World(iam=in_iam(US, "acme-salaries"))
    plan = held_against(saved("onboard", *EVERYBODY), *EVERYBODY, world=edited)
    assert verdicts(plan) == {"shop_us": "refused", "shop_de": "refused", "shop_eu": "changes"}
    assert "acme-salaries" in said(plan, "shop_us")


def test_a_grant_that_somebody_took_away_is_not_granted_again() -> None:
    plan = held_against(
        saved("onboard", EU, world=SET_UP),
        EU,
        world=world(policies={}, rows=(row(EU, status={"setup_state": "incomplete"}),)),
    )
    assert verdicts(plan) == {"shop_eu": "refused"}


def test_a_problem_that_has_come_up_since_says_so() -> None:
    plan = held_against(saved("onboard", *EVERYBODY), *EVERYBODY, answers={questions.key(US): failed()})
    assert codes(plan, "shop_us") == ["timeout", "plan_moved"]
    assert "That was not so in the plan of 2026-03-01 14:00 UTC." in said(plan, "shop_us")


# Who is in the plan


def test_a_workspace_that_the_plan_does_not_have_is_refused() -> None:
    plan = held_against(saved("onboard", US, EU), *EVERYBODY)
    assert verdicts(plan) == {"shop_us": "changes", "shop_de": "refused", "shop_eu": "changes"}
    assert codes(plan, "shop_de") == ["not_approved"]
    assert "does not have it: it is new, or --limit had left it out." in said(plan, "shop_de")


def test_a_workspace_that_was_refused_is_not_done_once_nothing_is_wrong_any_more() -> None:
    approved = saved("onboard", *EVERYBODY, answers={questions.key(US): failed()})
    plan = held_against(approved, *EVERYBODY)
    assert codes(plan, "shop_us") == ["not_approved"]
    assert "had refused it, so that nothing of it was approved: Nothing answered" in said(plan, "shop_us")


def test_a_workspace_that_left_the_inventory_is_told_once() -> None:
    plan = held_against(saved("onboard", *EVERYBODY), US, EU)
    assert verdicts(plan) == {"shop_us": "changes", "shop_eu": "changes"}
    assert plan.notes[1] == "Of that plan, shop_de left the inventory: nothing of it is done."


# Offboarding


def test_of_those_who_leave_together_one_that_is_refused_keeps_what_it_shares() -> None:
    approved = saved("offboard", *EVERYBODY, world=SET_UP)
    plan = held_against(approved, *EVERYBODY, world=world(rows=(row(US, id="another_one"), row(DE), row(EU))))
    assert verdicts(plan) == {"shop_us": "refused", "shop_de": "changes", "shop_eu": "changes"}
    by_kind = {change.kind: change.action.value for change in plan.workspaces["shop_de"].changes}
    # The policy loses the one bucket, the role stays.
    assert by_kind == {"policy": "update", "role": "none", "connection": "delete"}


def test_offboarding_goes_on_where_connections_are_gone_and_somebody_has_come_who_needs_the_role() -> None:
    approved = saved("offboard", US, world=SET_UP)
    lake = other_row("lake", role_arn=ROLE, bucket="acme-currents")
    before = held_against(approved, US, world=world(rows=(row(US), lake)))
    assert "would stay, because lake needs it" in said(before, "shop_us")
    after = held_against(approved, US, world=world(rows=(lake,)))
    assert verdicts(after) == {"shop_us": "fine"}


def test_a_connection_that_was_paused_before_it_is_deleted_is_deleted() -> None:
    approved = saved("offboard", US, world=SET_UP)
    plan = held_against(approved, US, world=world(rows=(row(US, paused=True), row(DE), row(EU))))
    assert verdicts(plan) == {"shop_us": "changes"}, said(plan, "shop_us")


def test_a_role_that_others_needed_then_is_not_removed_now() -> None:
    lake = other_row("lake", role_arn=ROLE, bucket="acme-currents")
    approved = saved("offboard", US, world=world(rows=(row(US), lake)))
    plan = held_against(approved, US, world=world(rows=(row(US),)))
    assert codes(plan, "shop_us") == ["plan_moved"]
    assert "would be removed" in said(plan, "shop_us")
    assert GROUP_ID not in said(plan, "shop_us")
