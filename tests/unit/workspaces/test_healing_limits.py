# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml leaves to a person, never tries twice, and is not asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.bucket import S3Bucket
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import no_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.healing import wanted_connections
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.attempts import Attempt, Attempts
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import (
    HealRequest,
    HealState,
    NamedConnection,
)

from tests.unit.workspaces.healed import (
    BROKEN,
    BUCKET,
    FAILED,
    NOBODY,
    NOW,
    STOPPED,
    SUCCEEDED,
    US,
    healing_of,
    kinds,
    plan_of,
    planned,
    world_of,
)
from tests.unit.workspaces.situations import (
    AWS_ACCOUNT,
    GROUP_ID,
    SECOND_GROUP,
    SECOND_GROUP_ID,
    World,
    failed,
    in_iam,
    key_result,
    landing_result,
    row,
    settings,
    unusable,
)

# What only a person can do


@pytest.mark.parametrize("verdict", ["invalid_key", "missing_permissions", "forbidden"])
def test_a_key_that_only_a_person_can_make_is_one_finding_and_nothing_is_synced(verdict: str) -> None:
    answers = {questions.key(US): Returned(key_result(verdict, "Open Settings > API Keys."))}
    plan = plan_of(US, world_of(status=BROKEN, failed_at=FAILED), answers=answers)
    assert plan.healing is not None
    assert plan.healing.state is HealState.NEEDS_A_PERSON
    (finding,) = plan.healing.left
    assert finding.code == verdict
    assert finding.remedy == "Open Settings > API Keys."
    assert kinds(plan) == {}


def test_access_is_repaired_also_where_the_key_is_not_good_but_nothing_is_tested() -> None:
    answers = {questions.key(US): Returned(key_result("invalid_key"))}
    plan = plan_of(US, world_of(status=BROKEN, trust=NOBODY), answers=answers)
    assert kinds(plan) == {"role": "update"}
    assert plan.healing is not None
    assert not plan.healing.connection
    assert [finding.code for finding in plan.healing.left] == ["invalid_key"]


def test_what_only_this_machine_cannot_tell_of_a_key_is_left_to_the_setup_tests() -> None:
    answers = {questions.key(US): Returned(key_result("ip_not_allowed"))}
    assert healing_of(US, world_of(status=BROKEN), answers=answers).state is HealState.TO_HEAL


def test_currents_that_stopped_is_told_although_the_connection_is_green() -> None:
    answers = {questions.landing(US): Returned(landing_result(US, "stale", "Send Test Events."))}
    healing = healing_of(US, world_of(), answers=answers)
    assert healing.state is HealState.NEEDS_A_PERSON
    assert healing.left[0].code == "stale"
    quiet = settings(currents_landing_on_quiet="ignore")
    answers = {questions.landing(quiet): Returned(landing_result(quiet, "stale"))}
    assert healing_of(quiet, world_of(quiet), answers=answers).state is HealState.NOTHING_BROKEN


@pytest.mark.parametrize("on_problem", ["fail", "ignore"])
def test_a_bucket_that_is_gone_keeps_all_data_away_although_the_connection_is_green(on_problem: str) -> None:
    workspace = settings(currents_landing_on_problem=on_problem)
    answers = {
        questions.s3_bucket(workspace, AWS_ACCOUNT): Returned(S3Bucket(BUCKET, exists=False)),
        questions.landing(workspace): Returned(landing_result(workspace, "no_bucket")),
    }
    healing = healing_of(workspace, world_of(workspace), answers=answers)
    assert healing.state is HealState.NEEDS_A_PERSON
    assert healing.left[0].code == "bucket_missing"
    assert healing.notes == ()


def test_what_is_repaired_is_repaired_although_currents_has_stopped() -> None:
    answers = {questions.landing(US): Returned(landing_result(US, "stale", "Send Test Events."))}
    healing = healing_of(US, world_of(status=BROKEN), answers=answers)
    assert healing.state is HealState.TO_HEAL
    assert [finding.code for finding in healing.left] == ["stale"]


def test_a_warehouse_that_is_not_connected_is_a_persons_also_where_the_connection_is_green() -> None:
    answers = {questions.destination(US, GROUP_ID): Returned({"setup_status": "broken"})}
    healing = healing_of(US, world_of(failed_at=FAILED), answers=answers)
    assert healing.state is HealState.NEEDS_A_PERSON
    assert "Destinations" in healing.left[0].text()


def test_what_fivetran_has_stopped_by_itself_is_a_persons() -> None:
    healing = healing_of(US, world_of(status=STOPPED))
    assert healing.state is HealState.NEEDS_A_PERSON
    assert healing.left[0].code == "stopped_by_fivetran"
    assert "Billing" in healing.left[0].remedy


def moved(**changes: Any) -> World:
    return World(rows=(row(US, SECOND_GROUP_ID, **{"succeeded_at": SUCCEEDED, **changes}),))


@pytest.mark.parametrize("changes", [{"status": BROKEN}, {"failed_at": FAILED}])
def test_a_broken_connection_that_was_moved_to_another_group_is_a_persons(changes: dict[str, Any]) -> None:
    plan = plan_of(US, moved(**changes))
    assert plan.healing is not None
    assert plan.healing.state is HealState.NEEDS_A_PERSON
    assert [finding.code for finding in plan.healing.left] == ["connection_moved"]
    assert f"fivetran_group: {SECOND_GROUP}" in plan.healing.message
    assert kinds(plan) == {}


@pytest.mark.parametrize("changes", [{}, {"status": BROKEN, "paused": True}])
def test_one_that_was_moved_and_works_or_is_paused_is_left_alone(changes: dict[str, Any]) -> None:
    assert healing_of(US, moved(**changes)).state is HealState.NOTHING_BROKEN


@pytest.mark.parametrize(
    "asked",
    [
        NamedConnection(connection_id=f"id_of_{US.fivetran_schema}"),
        NamedConnection(SECOND_GROUP_ID, US.fivetran_schema, f"id_of_{US.fivetran_schema}"),
        NamedConnection(SECOND_GROUP_ID, US.fivetran_schema),
    ],
)
def test_one_that_was_moved_is_taken_up_as_an_event_of_its_new_group_names_it(asked: NamedConnection) -> None:
    plan = planned(US, world=moved(status=BROKEN), request=HealRequest((asked,)))
    assert [one.healing.state for one in plan.workspaces.values() if one.healing] == [HealState.NEEDS_A_PERSON]
    assert plan.without_workspace == ()


def test_a_workspace_that_cannot_be_looked_at_is_not_healed_and_nobody_elses_matter() -> None:
    other = settings("app_us")
    world = World(rows=(row(US, status=BROKEN), row(other, status=BROKEN)), iam=in_iam(US, BUCKET))
    answers = {questions.iam(US, "111122223333"): failed(), questions.iam(other, "111122223333"): failed()}
    plan = planned(US, other, world=world, answers=answers)
    states = [one.healing.state for one in plan.workspaces.values() if one.healing]
    assert states == [HealState.NOT_HEALED, HealState.NOT_HEALED]
    assert all(not one.todo for one in plan.workspaces.values())
    (plan_of_nobody,) = no_plan("heal", ["shop_us"], "The look has ended.").workspaces.values()
    assert plan_of_nobody.healing is not None
    assert plan_of_nobody.healing.state is HealState.NOT_HEALED


def test_settings_that_cannot_be_used_are_a_persons() -> None:
    plan = planned(unusable("broken"), world=World())
    healing = plan.workspaces["broken"].healing
    assert healing is not None
    assert healing.state is HealState.NEEDS_A_PERSON


# Never more than one attempt


def tried(cause: str, minutes: int) -> Attempts:
    attempt = Attempt(NOW - timedelta(minutes=minutes), ("synced",), "not healed (sync_failed)")
    return Attempts({(f"{GROUP_ID}/{US.fivetran_schema}", cause): attempt})


def test_the_same_cause_is_not_tried_twice_within_the_cooldown() -> None:
    world = world_of(failed_at=FAILED)
    cause = healing_of(US, world).cause
    plan = plan_of(US, world, attempts=tried(cause, 59))
    assert plan.healing is not None
    assert plan.healing.state is HealState.COOLING_DOWN
    assert plan.healing.again_at == "2026-03-01T14:11:00Z"
    assert plan.healing.tried == ("synced",)
    assert "2026-03-01 14:11 UTC" in plan.healing.message
    assert kinds(plan) == {}
    assert healing_of(US, world, attempts=tried(cause, 60)).state is HealState.TO_HEAL
    assert healing_of(US, world, attempts=tried(cause, 59), cooldown=0).state is HealState.TO_HEAL


def test_another_cause_is_tried_at_once() -> None:
    said = [{"code": "reconnect", "message": "Braze refused the API key: HTTP 401"}]
    other = [{"code": "reconnect", "message": "The bucket is not there"}]
    world = world_of(status={**BROKEN, "tasks": said})
    cause = healing_of(US, world).cause
    assert healing_of(US, world, attempts=tried(cause, 1)).state is HealState.COOLING_DOWN
    assert (
        healing_of(US, world_of(status={**BROKEN, "tasks": other}), attempts=tried(cause, 1)).state is HealState.TO_HEAL
    )


def test_a_cause_is_the_same_whatever_time_and_request_it_names() -> None:
    def cause(message: str) -> str:
        return healing_of(US, world_of(status={**BROKEN, "tasks": [{"code": "reconnect", "message": message}]})).cause

    assert cause("Failed at 14:00, request 7f3a-11") == cause("Failed at 15:30, request 0b2c-77")
    assert cause("Failed at 14:00, request 7f3a-11") != cause("Refused at 14:00, request 7f3a-11")


def test_what_a_person_has_to_do_is_told_every_time() -> None:
    answers = {questions.key(US): Returned(key_result("invalid_key"))}
    world = world_of(status=BROKEN)
    attempts = tried(healing_of(US, world).cause, 1)
    assert healing_of(US, world, answers=answers, attempts=attempts).state is HealState.NEEDS_A_PERSON


# Only some of them


def test_only_the_connections_that_are_asked_for_are_taken_up() -> None:
    first, second, third = settings("app_us"), settings("shop_us"), settings("loyalty_us")
    rows = tuple(row(one, status=BROKEN) for one in (first, second, third))
    world = World(rows=rows, iam=in_iam(first, BUCKET))
    asked = (
        NamedConnection(GROUP_ID, "braze_app_us"),
        NamedConnection(connection_id="id_of_braze_shop_us"),
        NamedConnection("another_group", "braze_loyalty_us"),
        NamedConnection(GROUP_ID, "braze_unknown"),
    )
    plan = planned(first, second, third, world=world, request=HealRequest(asked))
    states = [one.healing.state for one in plan.workspaces.values() if one.healing]
    assert states == [HealState.TO_HEAL, HealState.TO_HEAL, HealState.LEFT_OUT]
    assert plan.without_workspace == asked[2:]


def test_who_cannot_be_asked_for_is_not_even_looked_at() -> None:
    by_name = HealRequest((NamedConnection(GROUP_ID, "braze_app_us"),))
    assert [by_name.may_want(schema) for schema in ("braze_app_us", "braze_shop_us")] == [True, False]
    # An id tells nothing before the connections have been listed.
    assert HealRequest((NamedConnection(connection_id="x"),)).may_want("braze_shop_us")
    assert HealRequest().may_want("braze_shop_us")
    assert not HealRequest(()).may_want("braze_shop_us")


def test_an_empty_list_asks_for_none() -> None:
    plan = planned(US, world=world_of(status=BROKEN), request=HealRequest(()))
    assert [one.healing.state for one in plan.workspaces.values() if one.healing] == [HealState.LEFT_OUT]


def test_a_connection_is_named_by_its_name_or_its_id() -> None:
    given = [{"group_id": GROUP_ID, "schema": "a", "kind": "broken"}, {"connection_id": "b"}, {"connection_id": "b"}]
    assert wanted_connections(given) == (NamedConnection(GROUP_ID, "a"), NamedConnection(connection_id="b"))
    assert wanted_connections(None) is None
    assert wanted_connections([]) == ()
    with pytest.raises(InvalidArgument, match="onramp_heal_connections: item 2"):
        wanted_connections([{"connection_id": "a"}, {"group_id": GROUP_ID}])
