# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing fails because of Fivetran's rate limit, it takes longer; and a person reads until when.

In seconds instead of an hour: the sandbox counts in windows of six seconds, and refuses with HTTP 429 as Fivetran does.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.sandbox import world
from tests.sandbox.client import Sandbox

WINDOW = 6
COUNT = 6
SAID = re.compile(
    r"Fivetran's rate limit for ([a-z ]+) is reached\. Whatever needs it waits (\d+) s, until ([\d:]+) UTC"
)


def fleet(count: int = COUNT) -> dict[str, Any]:
    """Return an inventory of workspaces without Currents, which need a connection and nothing else."""
    own = {
        "braze_api_key": world.BRAZE_KEY_SHOP_US,
        "braze_api_url": "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_URL') }}",
        "currents_storage": "none",
    }
    hosts = {f"shop_{number}": {**own, "fivetran_schema": f"braze_{number}"} for number in range(count)}
    inventory = workspaces()
    inventory["braze_workspaces"]["hosts"] = hosts
    return inventory


def refused(sandbox: Sandbox) -> Counter[str]:
    """Return how often Fivetran has refused a call for its rate limit, by operation."""
    entries = [entry for entry in sandbox.journal("fivetran") if entry.caller == "outside"]
    return Counter(entry.operation.partition(":")[2] for entry in entries if entry.status == 429)


@pytest.mark.slow
@pytest.mark.fact("rate-limits")
def test_onboarding_that_meets_the_limit_three_times_takes_longer_fails_nowhere_and_says_so_once_a_wait(
    sandbox: Sandbox,
) -> None:
    sandbox.seed("fivetran", "set_rate_limit", kind="setup_tests", count=2, seconds=WINDOW)
    begun = time.monotonic()
    result = play(sandbox, "onboard", "--forks", "20", inventory=fleet(7))
    took = time.monotonic() - begun
    assert result.exit_code == 0, result.output
    print(took, refused(sandbox), SAID.findall(result.output))
    assert len(connections(sandbox)) == 7
