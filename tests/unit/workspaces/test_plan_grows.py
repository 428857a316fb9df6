# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Four times as many workspaces take four times as much of everything, also where all of them share one role."""

from __future__ import annotations

import json

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.deciding import decide
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import MOST_SHARING
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.result import as_told
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.step import of_step

from tests.growth import FEW, LINEAR, MANY, Calls, counted, too_often
from tests.unit.workspaces.situations import (
    SERVICE_ACCOUNT,
    World,
    gcs,
    gcs_policy,
    in_iam,
    row,
    settings,
    situation,
)


def inventory(count: int) -> list[Settings]:
    """Return workspaces of which half share one role and one bucket, and the others a grant."""
    return [(settings if number % 2 else gcs)(f"w{number:05}") for number in range(count)]


def world(fleet: list[Settings], connected: bool) -> World:
    if not connected:
        return World()
    rows = tuple(map(row, fleet))
    return World(
        rows=rows, iam=in_iam(fleet[1], fleet[1].bucket), policies={fleet[0].bucket: gcs_policy(SERVICE_ACCOUNT)}
    )


def measured(purpose: str, count: int, connected: bool) -> tuple[int, Calls]:
    """Return how long a plan is as JSON that is decided, split and told, and how often who has called whom."""
    fleet = inventory(count)
    known = situation(purpose, *fleet, world=world(fleet, connected))
    told, calls = counted(lambda: as_told(of_step(decide(known), "shared")))
    return len(json.dumps(told, default=str)), calls


@pytest.mark.parametrize("connected", [False, True], ids=["new", "connected"])
@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
def test_a_plan_grows_with_the_number_of_workspaces_and_not_with_its_square(purpose: str, connected: bool) -> None:
    # What is worked out once for the process is none of the workspaces'.
    measured(purpose, 2, connected)
    (length, calls), (longer, more) = measured(purpose, FEW, connected), measured(purpose, MANY, connected)
    assert longer / length < LINEAR
    assert too_often(calls, more) == {}


def test_of_many_that_share_an_object_some_are_named() -> None:
    fleet = inventory(MANY)
    plan = decide(situation("onboard", *fleet))
    shared = [change.shared_with for one in plan.workspaces.values() for change in one.changes if change.kind == "role"]
    assert {len(names) for names in shared} == {MOST_SHARING}
    assert all(name not in names for name, names in zip((one.name for one in fleet[1::2]), shared, strict=True))
