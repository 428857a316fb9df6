# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook in two steps: what is shared first and once, then the workspaces; offboarding goes the other way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.modules import workspace_plan
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings, Unusable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces import step as steps
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import decide
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import (
    Change,
    Plan,
    WorkspaceVerdict,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.step import (
    ALL,
    SHARED,
    WORKSPACES,
    of_step,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.tell import fleet_line
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspaces.situations import (
    SERVICE_ACCOUNT,
    World,
    codes,
    gcs,
    gcs_policy,
    in_iam,
    plan_of,
    row,
    settings,
    situation,
)
from tests.unit.workspaces.test_plan_properties import Scene, quick, scenes

A, B = settings("a"), settings("b")
OWN = settings("own", s3_access_role_name="Own", s3_access_policy_name="Own-Access")
EU, FR = gcs("eu"), gcs("fr")
EVERYBODY = (A, B, OWN, EU, FR)


def kinds(plan: Plan) -> dict[str, list[str]]:
    """Return what is done, by workspace."""
    return {name: [change.kind for change in workspace.todo] for name, workspace in plan.workspaces.items()}


def test_the_options_of_the_module_are_the_steps() -> None:
    assert (steps.ALL, steps.SHARED, steps.WORKSPACES) == workspace_plan.STEPS


def test_the_first_step_makes_what_is_shared_and_nothing_else_and_says_what_is_left() -> None:
    plan = of_step(plan_of("onboard", *EVERYBODY), SHARED)
    shared = ["policy", "role"]
    assert kinds(plan) == {"a": shared, "b": shared, "own": [], "eu": ["grant"], "fr": ["grant"]}
    makers = {name: workspace.access.maker for name, workspace in plan.workspaces.items()}
    assert makers == {"a": "a", "b": "a", "own": "", "eu": "eu", "fr": "eu"}
    assert [change.kind for change in plan.workspaces["own"].later] == ["policy", "role", "connection"]
    data = as_told(plan)
    assert data["to_do"]["a"]["to_change"] == shared
    assert data["to_do"]["own"]["to_change"] == []
    assert data["workspaces"]["own"]["told"] == ["own: nothing to do in this step, and 3 changes in the other one."]
    assert data["workspaces"]["a"]["told"][0] == "a: 2 changes in this step."
    assert fleet_line(plan) == "Plan: 5 workspaces: 4 to change, 1 with nothing to do in the step shared."
    assert as_told(plan, 4)["with_news"] == ["a", "b", "eu", "fr"]


def test_the_second_step_makes_the_rest_once_the_first_is_done() -> None:
    world = World(iam=in_iam(A, "acme-currents"), policies={EU.bucket: gcs_policy(SERVICE_ACCOUNT)})
    plan = of_step(plan_of("onboard", *EVERYBODY, world=world), WORKSPACES)
    alone = ["connection"]
    assert kinds(plan) == {"a": alone, "b": alone, "own": ["policy", "role", "connection"], "eu": alone, "fr": alone}
    assert not any(workspace.problems for workspace in plan.workspaces.values())
    assert not as_told(plan)["to_do"]["own"]["access"]["shared"]


def test_the_second_step_refuses_those_who_needs_what_the_first_has_not_made() -> None:
    plan = of_step(plan_of("onboard", *EVERYBODY), WORKSPACES)
    refused = {name: codes(workspace) for name, workspace in plan.workspaces.items() if workspace.problems}
    assert refused == {name: ["shared_step_first"] for name in ("a", "b", "eu", "fr")}
    text = plan.workspaces["a"].problems[0].text()
    for words in ("the role arn:aws:iam::111122223333:role/Fivetran", "onramp_step=shared"):
        assert words in text


def test_what_is_shared_beyond_a_part_is_told_by_the_one_who_holds_the_plan() -> None:
    def is_shared(change: Change) -> bool:
        return change.name.endswith("/Fivetran")

    plan = plan_of("onboard", A)
    assert not of_step(plan, WORKSPACES).workspaces["a"].problems
    assert codes(of_step(plan, WORKSPACES, is_shared).workspaces["a"]) == ["shared_step_first"]


LEAVING = World(rows=(row(A), row(B)), iam=in_iam(A, "acme-currents"))


def offboarding(step: str, *inventory: Settings | Unusable, world: World) -> Plan:
    return of_step(decide(replace(situation("offboard", *inventory, world=world), step=step)), step)


def test_of_an_offboarding_the_workspaces_come_first_and_take_no_access_away() -> None:
    plan = offboarding(WORKSPACES, A, B, world=LEAVING)
    assert kinds(plan) == {"a": ["connection"], "b": ["connection"]}
    assert [change.kind for change in plan.workspaces["a"].later] == ["policy", "role"]
    assert as_told(plan)["to_delete"] == ["a (braze_a)", "b (braze_b)"]


def test_of_an_offboarding_access_goes_last_and_not_where_a_connection_is_left() -> None:
    gone = World(rows=(), iam=LEAVING.iam)
    plan = offboarding(SHARED, A, B, world=gone)
    assert kinds(plan) == {"a": ["policy", "role"], "b": ["policy", "role"]}
    # The slice of "b" has failed: its connection still reads, through the same role.
    left = offboarding(SHARED, A, B, world=World(rows=(row(B),), iam=LEAVING.iam))
    assert codes(left.workspaces["b"]) == ["connection_still_there"]
    assert "-e onramp_step=workspaces" in left.workspaces["b"].problems[0].text()
    assert kinds(left)["a"] == []
    assert as_told(left)["to_delete"] == []


@pytest.mark.parametrize("step", [SHARED, WORKSPACES])
def test_verifying_knows_no_steps(step: str) -> None:
    plan = plan_of("verify", *EVERYBODY)
    assert of_step(plan, step) == plan


@quick
@given(scenes(), st.sampled_from(("onboard", "rotate_key", "offboard")))
def test_both_steps_together_are_the_whole_and_none_makes_what_the_other_makes(scene: Scene, purpose: str) -> None:
    whole = scene.plan(purpose)
    assert of_step(whole, ALL) == whole
    first = of_step(whole, SHARED)
    # As if the first step had been done.
    second = of_step(whole, WORKSPACES, lambda _change: False) if purpose == "offboard" else None
    for name, workspace in whole.workspaces.items():
        now, later = first.workspaces[name].todo, first.workspaces[name].later
        assert Counter(map(repr, (*now, *later))) == Counter(map(repr, workspace.todo))
        if second is not None:
            assert Counter(map(repr, second.workspaces[name].todo)) == Counter(map(repr, later))
        assert first.workspaces[name].verdict is not WorkspaceVerdict.CHANGES or now
