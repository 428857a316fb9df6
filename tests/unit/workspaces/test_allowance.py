# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rate limit that is too low for a plan is told with the plan, and refuses nobody."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.allowance import Allowance
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.questions import Returned
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Plan, WorkspaceVerdict
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told

from tests.unit.workspaces.situations import World, failed, plan_of, row, settings


def fleet(count: int, **changes: Any) -> list[Settings]:
    """Return workspaces without Currents, which need a connection and nothing else."""
    alone = {"currents_storage": "none", "currents_bucket": "", "currents_prefix": ""}
    return [settings(f"shop_{number}", **{**alone, **changes}) for number in range(count)]


def plan(purpose: str, inventory: list[Settings], left: Allowance | None, world: World | None = None) -> Plan:
    answers = {questions.allowance(one): Returned(left) for one in inventory}
    return plan_of(purpose, *inventory, world=world, answers=answers)


def test_a_limit_that_is_too_low_for_the_plan_is_told_in_one_line_and_refuses_nobody() -> None:
    made = plan("onboard", fleet(10), Allowance(500, 69))
    [line] = as_told(made)["told"][1:]
    for word in ("500", "69", "10 connections", "about 70", "up to an hour longer", "nothing fails"):
        assert word in line
    assert made.count(WorkspaceVerdict.CHANGES) == 10


@pytest.mark.parametrize("left", [Allowance(500, 70), Allowance(20_000, 19_990), None])
def test_where_it_is_enough_or_nobody_knows_nothing_is_told(left: Allowance | None) -> None:
    assert plan("onboard", fleet(10), left).shortages == ()


def test_a_trial_has_no_more_than_fifty_setup_tests_an_hour() -> None:
    [line] = plan("onboard", fleet(51), Allowance(500, 499)).shortages
    assert "50 setup tests an hour" in line
    assert "need 51" in line
    assert plan("onboard", fleet(50), Allowance(500, 499)).shortages == ()
    assert plan("onboard", fleet(51), Allowance(20_000, 499)).shortages == ()
    untested = fleet(51, fivetran_connection_run_setup_tests="never")
    assert plan("onboard", untested, Allowance(500, 499)).shortages == ()


def test_how_long_it_takes_is_reckoned_from_what_the_answers_tell() -> None:
    [line] = plan("onboard", fleet(200), Allowance(500, 200)).shortages
    assert "about 1,210. So it takes about 3 hours longer, and nothing fails" in line
    [line] = plan("onboard", fleet(130), Allowance(500, 499)).shortages
    assert "about 790. So it takes up to an hour longer" not in line
    assert "need 130. So it takes about 2 hours longer" in line


def test_an_account_that_pays_has_no_more_than_2500_setup_tests_an_hour() -> None:
    [line] = plan("onboard", fleet(2501), Allowance(20_000, 19_990)).shortages
    assert "it allows no more than 2,500 setup tests an hour, and the 2,501 connections of this plan need 2,501" in line
    assert "up to an hour longer" in line


def test_where_a_limit_of_an_hour_is_not_waited_for_that_is_told_instead() -> None:
    impatient = fleet(10, fivetran_connection_rate_limit_timeout=60)
    [line] = plan("onboard", impatient, Allowance(500, 69)).shortages
    assert "fails with the time to wait" in line
    assert "longer than 60 seconds (fivetran_connection_rate_limit_timeout)" in line
    assert "nothing fails" not in line


def test_what_is_right_needs_nothing_and_verify_changes_nothing() -> None:
    inventory = fleet(10)
    there = World(rows=tuple(map(row, inventory)))
    assert plan("onboard", inventory, Allowance(500, 0), there).shortages == ()
    assert plan("verify", inventory, Allowance(500, 0)).shortages == ()


def test_each_account_has_a_limit_of_its_own() -> None:
    ours, theirs = (
        fleet(10),
        [settings("other", currents_storage="none", currents_bucket="", fivetran_api_key="k" * 12)],
    )
    answers = {
        questions.allowance(ours[0]): Returned(Allowance(500, 5)),
        questions.allowance(theirs[0]): Returned(Allowance(500, 499)),
    }
    [line] = plan_of("onboard", *ours, *theirs, answers=answers).shortages
    assert "10 connections" in line


def test_a_look_without_an_answer_tells_nothing_of_the_limit() -> None:
    inventory = fleet(1)
    assert plan_of("onboard", *inventory, answers={questions.allowance(inventory[0]): failed()}).shortages == ()
