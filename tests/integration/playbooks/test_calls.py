# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is asked twice: how many calls a rerun makes, as docs/performance.md says."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.decide.allowance import REQUESTS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import Action

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.integration.playbooks.plans import YES
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PAGE = CHECKOUT / "docs" / "performance.md"
VENDORS = ("fivetran", "braze", "gcs", "aws")
# For all workspaces with the same credentials and group together; the service account for those in GCS.
ASKED_OF_FIVETRAN = ("account_info", "list_groups", "get_destination", "get_service_account", "list_connections")


def calls(sandbox: Sandbox) -> Counter[str]:
    """Return how many calls the playbook made, by server; those of the sandbox's Fivetran are none of them."""
    return Counter(entry.server for entry in sandbox.journal() if entry.caller == "outside")


def documented(playbook: str) -> dict[str, int]:
    """Return the row of a playbook in the table of calls."""
    [row] = re.findall(rf"^\| `{playbook}\.yml` \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    return dict(zip(VENDORS, map(int, row.split("|")), strict=True))


def test_a_rerun_makes_the_calls_that_the_page_states_and_a_further_workspace_adds_its_own_only(
    sandbox: Sandbox,
) -> None:
    first = play(sandbox, "onboard")
    assert first.exit_code == 0, first.output
    for playbook in ("onboard", "verify"):
        sandbox.clear_journal()
        result = play(sandbox, playbook)
        assert result.exit_code == 0, result.output
        assert {vendor: calls(sandbox)[vendor] for vendor in VENDORS} == documented(playbook)
        assert sandbox.journal("fivetran", "test_connection") == []

    # Of the same group and role.
    more = workspaces(shop_uk={"braze_api_key": world.BRAZE_KEY_SHOP_US})
    assert play(sandbox, "onboard", inventory=more).exit_code == 0
    sandbox.clear_journal()
    assert play(sandbox, "onboard", inventory=more).exit_code == 0
    fivetran = Counter(entry.operation for entry in sandbox.journal("fivetran") if entry.caller == "outside")
    assert fivetran == {f"fivetran:{name}": 1 for name in ASKED_OF_FIVETRAN}
    iam = Counter(entry.operation for entry in sandbox.journal("aws") if entry.operation.startswith("aws:iam:"))
    assert set(iam.values()) == {1}
    assert len(sandbox.journal("gcs", "buckets.getIamPolicy")) == 1


def needed(sandbox: Sandbox) -> tuple[int, int]:
    """Return requests to Fivetran for each of two connections, and setup tests among them; without any look."""
    done = [entry for entry in sandbox.journal("fivetran") if entry.caller == "outside"]
    # Between the looks stands what begins with the search for a connection by its schema.
    begun = next(number for number, entry in enumerate(done) if {"schema", "group_id"} <= set(entry.query))
    names = [entry.operation.partition(":")[2] for entry in done[begun:]]
    names = names[: names.index("account_info")] if "account_info" in names else names
    return len(names) // 2, names.count("test_connection") // 2


def stated(row: str) -> tuple[int, int]:
    """Return what the page states of requests and setup tests for each workspace."""
    [cells] = re.findall(rf"^\| {re.escape(row)} \| (\d+) \| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    return int(cells[0]), int(cells[1])


@pytest.mark.slow
@pytest.mark.fact("rate-limits")
def test_each_connection_takes_the_requests_that_the_page_states_and_a_plan_reckons_with(sandbox: Sandbox) -> None:
    for playbook, row, action in (
        ("onboard", "`onboard.yml`, new", Action.CREATE),
        ("rotate_key", "`rotate_key.yml`", Action.UPDATE),
        ("offboard", "`offboard.yml`", Action.DELETE),
    ):
        sandbox.clear_journal()
        result = play(sandbox, playbook, *YES)
        assert result.exit_code == 0, result.output
        assert needed(sandbox) == stated(row), playbook
        assert stated(row)[0] <= REQUESTS[action]


@pytest.mark.slow
@pytest.mark.fact("rate-limits")
def test_who_waits_for_no_limit_is_told_so_before_the_first_change_and_the_next_run_goes_on(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "set_rate_limit", kind="requests", count=16)
    result = play(sandbox, "onboard", "-e", "fivetran_connection_rate_limit_timeout=60")
    line = result.output.index("Fivetran's rate limit: of 16 requests an hour")
    assert line < result.output.index("PLAY [Onboard Braze workspaces to Fivetran]")
    assert "What it refuses for longer than 60 seconds" in result.output
    assert result.exit_code != 0
    assert "asks to come back in" in result.messages()
    sandbox.seed("fivetran", "advance_clock", seconds=3600)
    sandbox.seed("fivetran", "set_rate_limit", kind="requests", count=20_000)
    assert play(sandbox, "onboard").exit_code == 0
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]


@pytest.mark.slow
def test_rate_limits_that_many_workspaces_hit_together_are_waited_for(sandbox: Sandbox) -> None:
    """In seconds instead of minutes: of twelve workspaces at once, Fivetran lets four create and test every second."""
    for kind in ("creations", "setup_tests"):
        sandbox.seed("fivetran", "set_rate_limit", kind=kind, count=4, seconds=1)
    hosts = {
        f"shop_{number}": {
            "braze_api_key": world.BRAZE_KEY_SHOP_US,
            "fivetran_schema": f"braze_{number}",
            "currents_storage": "none",
        }
        for number in range(12)
    }
    result = play(sandbox, "onboard", "--forks", "12", inventory=workspaces(**hosts))
    assert result.exit_code == 0, result.output
    assert len(connections(sandbox)) == 14
    refused = Counter(entry.operation for entry in sandbox.journal("fivetran") if entry.status == 429)
    assert refused["fivetran:create_connection"] > 0
