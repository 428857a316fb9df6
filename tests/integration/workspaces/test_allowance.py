# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's rate limit is read beside its answers, and costs no request of its own."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.allowance import Allowance
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look import questions
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.look import Limits, Look
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.purposes import PURPOSES, LookScope

from tests.hardening.planning import plan
from tests.integration.workspaces.conftest import Make
from tests.sandbox.client import Sandbox


@pytest.mark.fact("rate-limits")
def test_what_is_left_is_known_after_the_look(sandbox: Sandbox, workspace: Make) -> None:
    sandbox.seed("fivetran", "set_rate_limit", kind="requests", count=500)
    seen = Look(LookScope(PURPOSES["onboard"], (workspace(),), frozenset({"shop_us"})), Limits()).take()
    # The probe of the right to create, and what came after the last answer that told it.
    asked = len(sandbox.journal("fivetran"))
    told = seen.of(questions.allowance(workspace()))
    assert told is not None
    assert told.limit == 500
    assert told in [Allowance(500, 500 - count) for count in range(asked - 2, asked + 1)]


@pytest.mark.fact("rate-limits")
def test_a_plan_for_which_the_trial_is_too_small_says_so_and_applies(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "set_rate_limit", kind="requests", count=24)
    made = plan(sandbox)
    assert [line.partition(":")[0] for line in made["told"]] == ["Plan", "Fivetran's rate limit"]
    assert all(workspace["applies"] for workspace in made["workspaces"].values())


@pytest.mark.fact("rate-limits")
def test_while_fivetran_is_waited_for_the_other_vendors_are_asked(sandbox: Sandbox, workspace: Make) -> None:
    told: list[str] = []
    sandbox.fault("status", operation="account_info", status=429, headers={"Retry-After": "3"})
    wanted = LookScope(PURPOSES["onboard"], (workspace(),), frozenset({"shop_us"}))
    seen = Look(wanted, Limits(), Clients(tell=told.append)).take()
    assert seen.has(questions.account(workspace()))
    entries = [(entry.server, entry.operation, entry.status) for entry in sandbox.journal()]
    waited = [number for number, entry in enumerate(entries) if entry[1] == "fivetran:account_info"]
    meanwhile = {server for server, _operation, _status in entries[waited[0] : waited[1]]}
    assert meanwhile >= {"braze", "aws"}
    assert [line.partition(" is reached")[0] for line in told] == ["Fivetran's rate limit for requests"]
