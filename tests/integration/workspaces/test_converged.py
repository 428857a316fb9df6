# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What thousands of workspaces are measured on is the world that onboarding them would have made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import converged, fleet
from tests.integration.playbooks.fleet import play
from tests.sandbox.client import Sandbox

COUNT = 6
# What differs from one run of the same onboarding to the next; and the proxy counts calls, not what they made.
MOMENTS = ("created_at", "timeCreated", "updated", "writes")


def lasting(data: Any) -> Any:
    """Return a state without what no two runs have in common."""
    if isinstance(data, dict):
        return {name: lasting(value) for name, value in data.items() if name not in MOMENTS}
    return [lasting(value) for value in data] if isinstance(data, list) else data


def onboard(sandbox: Sandbox, inventory: dict[str, Any]) -> None:
    result = play(sandbox, "onboard", inventory=inventory)
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_a_generated_fleet_is_what_onboarding_makes_of_it(sandbox: Sandbox) -> None:
    onboard(sandbox, fleet.seed(sandbox, COUNT))
    made = lasting(sandbox.state())
    sandbox.reset()
    inventory = fleet.seed(sandbox, COUNT)
    onboard(sandbox, converged.models(inventory))
    converged.onboard_others(sandbox, COUNT)
    assert lasting(sandbox.state()) == made
    assert len(made["fivetran"]["connections"]) == COUNT

    sandbox.clear_journal()
    again = play(sandbox, "onboard", inventory=inventory)
    assert again.exit_code == 0, again.output
    assert f"Plan: {COUNT} workspaces: {COUNT} fine." in again.output
    assert sandbox.writes() == []
