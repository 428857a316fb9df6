# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody moves a connection into another Fivetran group: it is told, and one word in the inventory heals it."""

from __future__ import annotations

import json

import pytest
import requests

from tests.hardening import planning
from tests.integration.playbooks.fleet import connections, findings, grants, play, workspaces
from tests.integration.playbooks.plans import YES, reads_currents, says
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox

NEW_GROUP = {"fivetran_group": world.SECOND_GROUP_NAME}


def statuses_of_tests(sandbox: Sandbox, schema: str) -> set[str]:
    """Let Fivetran test a connection, which it does as its group; return how the tests ended."""
    path = f"connections/{connections(sandbox)[schema]['id']}/test"
    url = f"{sandbox.env['FIVETRAN_API_URL']}/v1/{path}"
    answer = requests.post(url, json={}, auth=(world.FIVETRAN_KEY, world.FIVETRAN_SECRET), timeout=60)
    return {test["status"] for test in answer.json()["data"]["setup_tests"]}


def move(sandbox: Sandbox, *schemas: str) -> None:
    """Move connections into the second group."""
    for schema in schemas:
        found = connections(sandbox)[schema]
        sandbox.seed("fivetran", "move_connection", id=found["id"], group_id=world.SECOND_GROUP_ID)


@pytest.mark.fact("moved-connection")
@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
def test_a_moved_connection_is_seen_and_nothing_is_planned_in_its_place(sandbox: Sandbox, purpose: str) -> None:
    config = {**reads_currents(), "api_url": sandbox.env["SANDBOX_BRAZE_URL"]}
    move_in = {"group_id": world.SECOND_GROUP_ID, "service": "braze", "schema": "braze_shop_us", "config": config}
    made = sandbox.seed("fivetran", "add_connection", **move_in)
    shop_us = planning.plan(sandbox, purpose)["workspaces"]["shop_us"]
    assert [problem["code"] for problem in shop_us["problems"]] == ["connection_moved"]
    says(shop_us["problems"][0]["message"], made["id"], world.GROUP_NAME, world.SECOND_GROUP_NAME)
    assert not shop_us["applies"]
    assert sandbox.writes() == []


@pytest.mark.slow
def test_a_moved_connection_that_is_broken_is_told_by_heal_also_where_an_event_names_it(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    move(sandbox, "braze_shop_us")
    moved = connections(sandbox)["braze_shop_us"]["id"]
    breaking.notice(sandbox, moved)
    before = sandbox.state_hash()
    asked = json.dumps({"onramp_heal_connections": [{"connection_id": moved}]})
    result = play(sandbox, "heal", "-e", asked, "-e", "onramp_heal_state=")
    assert result.exit_code == 2
    says(result.messages("shop_us"), "needs a person", moved, world.GROUP_NAME, world.SECOND_GROUP_NAME)
    assert "no workspace of this play" not in result.output
    assert sandbox.state_hash() == before


@pytest.mark.slow
@pytest.mark.fact("moved-connection")
def test_a_moved_connection_is_found_by_verify_and_not_made_again_by_any_playbook(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    move(sandbox, "braze_shop_us", "braze_shop_eu")
    before, there = sandbox.state_hash(), connections(sandbox)
    verified = play(sandbox, "verify")
    for host in ("shop_us", "shop_eu"):
        ((step, message),) = findings(verified, host)
        assert step == "connection"
        says(message, world.GROUP_NAME, world.SECOND_GROUP_NAME, there[f"braze_{host}"]["id"], "onboard.yml")
    says(findings(verified, "shop_us")[0][1], f"External ID has changed, to {world.SECOND_GROUP_ID}")
    onboarded = play(sandbox, "onboard")
    assert sorted(task.host for task in onboarded.failures()) == ["shop_eu", "shop_us"]
    assert sandbox.state_hash() == before


@pytest.mark.slow
def test_nothing_is_offboarded_under_a_moved_connection(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", "--limit", "shop_us").exit_code == 0
    move(sandbox, "braze_shop_us")
    before = sandbox.state_hash()
    result = play(sandbox, "offboard", "--limit", "shop_us", *YES)
    says(result.messages("shop_us"), "it was moved", "Nothing was changed")
    assert sandbox.state_hash() == before


@pytest.mark.slow
@pytest.mark.fact("moved-connection")
def test_with_the_new_group_in_the_inventory_role_and_grant_follow_and_the_connection_works(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard").exit_code == 0
    move(sandbox, "braze_shop_us", "braze_shop_eu")
    names = {"s3_access_role_name": "Fivetran-EMEA", "s3_access_policy_name": "Fivetran-S3-Access-EMEA"}
    inventory = workspaces(shop_us={**NEW_GROUP, **names}, shop_eu=NEW_GROUP)
    result = play(sandbox, "onboard", inventory=inventory)
    assert result.exit_code == 0, result.output
    assert len(connections(sandbox)) == 2
    assert world.SECOND_SERVICE_ACCOUNT in str(grants(sandbox))
    for schema in ("braze_shop_us", "braze_shop_eu"):
        assert statuses_of_tests(sandbox, schema) == {"PASSED"}
    assert play(sandbox, "verify", inventory=inventory).exit_code == 0
