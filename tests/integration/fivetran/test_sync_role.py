# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entry point sync of the role fivetran_connection: visible progress, and the reason of a failure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

TASK = {"code": "reconnect", "message": "Reconnect", "details": "Cannot assume role."}


@pytest.fixture(autouse=True)
def connection_id(sandbox: Sandbox) -> str:
    """Make a connection that is ready to sync."""
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    status = {"setup_state": "connected", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=status)
    return str(made["id"])


def sync(sandbox: Sandbox, *arguments: str, **variables: Any) -> PlayResult:
    role = {"name": "onramp.braze_fivetran.fivetran_connection", "tasks_from": "sync"}
    tasks = [
        {"ansible.builtin.include_role": role},
        {"ansible.builtin.debug": {"var": "fivetran_connection_sync_details"}},
    ]
    given = {
        "fivetran_connection_group_id": world.GROUP_ID,
        "fivetran_connection_schema": "shop",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        **variables,
    }
    return run_playbook(
        sandbox, [{"hosts": "localhost", "gather_facts": False, "vars": given, "tasks": tasks}], *arguments
    )


def details(result: PlayResult) -> Any:
    [shown] = result.results("ansible.builtin.debug")
    return shown["fivetran_connection_sync_details"]


def test_the_wait_is_visible_and_says_how_long_and_until_when(sandbox: Sandbox, connection_id: str) -> None:
    sandbox.seed("fivetran", "set_sync", polls=2)
    result = sync(sandbox)
    assert result.exit_code == 0, result.output
    looks = re.findall(
        r"^localhost: shop has not synced yet after .*, until \d\d:\d\d:\d\d UTC$", result.output, re.MULTILINE
    )
    assert len(looks) == 2
    assert result.changed("localhost") == 1
    assert details(result)["started"] is True
    stored = sandbox.state()["fivetran"]["connections"][connection_id]
    assert details(result)["last_sync"] == {
        "outcome": "succeeded",
        "finished_at": stored["succeeded_at"],
        "reasons": [],
    }


def test_in_check_mode_a_connection_that_an_earlier_task_makes_is_one_that_will_sync(sandbox: Sandbox) -> None:
    foretold = sync(sandbox, "--check", fivetran_connection_schema="braze_new")
    assert (foretold.exit_code, foretold.changed("localhost")) == (0, 1), foretold.output
    assert details(foretold) == {
        "started": True,
        "last_sync": {"outcome": None, "finished_at": None, "reasons": []},
    }
    assert "There is no connection with schema 'braze_new'" in " ".join(foretold.output.split())
    assert sync(sandbox, fivetran_connection_schema="braze_new").exit_code == 2
    nowhere = sync(sandbox, "--check", fivetran_connection_schema="braze_new", fivetran_connection_group_id="nowhere")
    assert nowhere.exit_code == 2
    assert sandbox.writes() == []


def test_a_failed_sync_fails_the_play_with_fivetrans_reason_and_without_the_key_that_it_quotes(
    sandbox: Sandbox,
) -> None:
    quoting = {**TASK, "details": f"Invalid API key: {world.BRAZE_KEY_SHOP_US}"}
    sandbox.seed("fivetran", "set_sync", outcome="failed", task=quoting)
    key = "{{ lookup('ansible.builtin.env', 'SANDBOX_BRAZE_KEY_SHOP_US') }}\n"
    result = sync(sandbox, "-vvv", fivetran_connection_api_key=key)
    assert result.exit_code != 0
    assert "(schema shop) failed at " in result.messages()
    assert "Fivetran says: reconnect: Reconnect: Invalid API key: ********." in result.messages()
    assert world.BRAZE_KEY_SHOP_US not in result.output


def test_what_ends_the_wait_is_told_in_the_names_of_the_role(sandbox: Sandbox) -> None:
    put_off = {"outcome": "rescheduled", "rescheduled_for": "2999-01-01T00:00:00Z"}
    sandbox.seed("fivetran", "set_sync", **put_off)
    result = sync(sandbox, fivetran_connection_sync_timeout=7)
    assert result.exit_code != 0
    assert "does not finish within 7 seconds; its sync_state is rescheduled for 2999-01-01" in result.messages()
    assert "fivetran_connection_sync_timeout" in result.messages()


def test_check_mode_starts_nothing_and_waits_for_nothing(sandbox: Sandbox) -> None:
    result = sync(sandbox, "--check")
    assert result.exit_code == 0, result.output
    assert details(result)["started"] is True
    assert sandbox.writes() == []
    assert sandbox.journal("fivetran", "sync_connection") == []
