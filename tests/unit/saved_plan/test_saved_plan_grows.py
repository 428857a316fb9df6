# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""To save, to read and to apply a plan of four times as many workspaces takes four times as much, also if all moved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.parse import from_data

from tests.growth import FEW, LINEAR, MANY, Calls, counted, too_often
from tests.unit.saved_plan.plans import data_of, held_against, verdicts
from tests.unit.workspaces.test_plan_grows import inventory


def measured(count: int, moved: bool) -> tuple[int, Calls]:
    """Return how long a saved plan is, and how often who has called whom until it is held against the next one."""
    fleet = inventory(count)
    later = [replace(one, fivetran_schema=f"moved_{one.name}") for one in fleet] if moved else fleet

    def work() -> int:
        data = data_of("onboard", *fleet)
        plan = held_against(from_data(data, "plan.json"), *later)
        assert set(verdicts(plan).values()) == {"refused" if moved else "changes"}
        return len(json.dumps(data))

    return counted(work)


@pytest.mark.parametrize("moved", [False, True], ids=["as approved", "moved"])
def test_a_saved_plan_grows_with_the_number_of_workspaces_and_not_with_its_square(moved: bool) -> None:
    # What is worked out once for the process is none of the workspaces'.
    measured(2, moved)
    (length, calls), (longer, more) = measured(FEW, moved), measured(MANY, moved)
    assert longer / length < LINEAR
    assert too_often(calls, more) == {}
