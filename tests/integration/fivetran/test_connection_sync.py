# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_connection_sync: start once, wait to the end, and say why it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran import sync as sync_module

from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

TASK = {"code": "reconnect", "message": "Reconnect", "details": "Cannot assume role."}
CONNECTED = {"setup_state": "connected", "sync_state": "scheduled", "is_historical_sync": False}

Run = Callable[..., ModuleResult]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between looks are not what is tested here."""
    monkeypatch.setattr(sync_module, "FIRST_POLL", 0.01)


@pytest.fixture
def connection_id(sandbox: Sandbox) -> str:
    """Make a connection that is ready to sync."""
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=CONNECTED)
    return str(made["id"])


@pytest.fixture
def run(sandbox: Sandbox, connection_id: str) -> Run:
    """Call the module for that connection."""

    def call(check: bool = False, **arguments: Any) -> ModuleResult:
        return run_module("fivetran_connection_sync", {"id": connection_id, **arguments}, sandbox.env, check=check)

    return call


def syncs(sandbox: Sandbox, connection_id: str) -> int:
    """Return how many syncs were started."""
    return int(sandbox.state()["fivetran"]["connections"][connection_id]["syncs"])


def status(sandbox: Sandbox, connection_id: str, **changes: Any) -> None:
    sandbox.seed("fivetran", "edit_connection", id=connection_id, status=changes)


def test_a_sync_is_started_and_not_waited_for_by_default(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    result = run()
    assert result.changed
    assert result["sync"] == {"started": True, "previous_finished_at": None}
    assert result["connection"]["id"] == connection_id
    [call] = sandbox.journal("fivetran", "sync_connection")
    assert call.body == {"force": False}
    # The look before the start is the only one.
    assert len(sandbox.journal("fivetran", "get_connection")) == 1


def test_waiting_ends_when_the_sync_has_succeeded(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", polls=3)
    result = run(wait=True)
    assert not result.failed, result.msg
    assert result["connection"]["last_sync"]["outcome"] == "succeeded"
    assert result["connection"]["last_sync"]["finished_at"] == result["connection"]["succeeded_at"]
    # One before the start, three while it runs, one that sees the end.
    assert len(sandbox.journal("fivetran", "get_connection")) == 5
    again = run()
    assert again["sync"]["previous_finished_at"] == result["connection"]["succeeded_at"]


def test_a_failed_sync_fails_the_task_with_fivetrans_reason(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="failed", task=TASK)
    result = run(wait=True)
    assert result.code == "sync_failed"
    assert "reconnect: Reconnect: Cannot assume role" in result.msg
    assert result["sync"]["started"] is True


def test_an_old_failure_is_not_taken_for_the_new_syncs(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="failed", task=TASK)
    assert run(wait=True).failed
    sandbox.seed("fivetran", "set_sync", polls=2)
    result = run(wait=True)
    assert not result.failed, result.msg
    assert result["connection"]["last_sync"]["outcome"] == "succeeded"
    assert syncs(sandbox, connection_id) == 2


def test_a_running_sync_is_waited_for_and_not_started_again(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    sandbox.seed("fivetran", "set_sync", polls=3)
    run()
    result = run(wait=True)
    assert not result.changed
    assert result["sync"]["started"] is False
    assert result["connection"]["last_sync"]["outcome"] == "succeeded"
    assert syncs(sandbox, connection_id) == 1


def test_force_starts_a_running_sync_over(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    sandbox.seed("fivetran", "set_sync", polls=50)
    run()
    assert run(force=True).changed
    assert syncs(sandbox, connection_id) == 2


def test_a_resync_is_started_once(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", polls=50)
    assert run(resync=True).changed
    assert not run(resync=True).changed
    assert len(sandbox.journal("fivetran", "resync_connection")) == 1
    assert sandbox.journal("fivetran", "sync_connection") == []


def test_check_mode_starts_nothing_and_says_whether_it_would(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    assert run(check=True, wait=True).changed
    assert sandbox.writes() == []
    status(sandbox, connection_id, sync_state="syncing")
    assert not run(check=True, wait=True).changed


def test_a_paused_connection_is_refused(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    sandbox.seed("fivetran", "edit_connection", id=connection_id, paused=True)
    for arguments in ({}, {"wait": True}, {"resync": True}):
        result = run(**arguments)
        assert result.code == "connection_paused"
        assert "paused: false" in result.msg
    assert sandbox.writes() == []


def test_a_connection_that_never_passed_its_tests_is_refused(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    status(sandbox, connection_id, setup_state="incomplete")
    result = run(wait=True)
    assert result.code == "not_connected"
    assert "incomplete" in result.msg
    assert sandbox.writes() == []


def test_a_sync_that_takes_too_long_is_left_running_and_told(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", polls=100000)
    result = run(wait=True, wait_timeout=1)
    assert result.code == "sync_timeout"
    assert "syncing" in result.msg
    assert "wait_timeout" in result.msg
    assert result["sync"]["started"] is True


def test_a_sync_put_off_beyond_the_timeout_is_not_waited_for(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="rescheduled", rescheduled_for="2999-01-01T00:00:00Z")
    result = run(wait=True, wait_timeout=3600)
    assert result.code == "sync_timeout"
    assert "2999-01-01" in result.msg


def test_a_connection_paused_or_removed_meanwhile_ends_the_wait(
    sandbox: Sandbox, run: Run, connection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(act: Callable[[], object]) -> ModuleResult:
        monkeypatch.setattr(sync_module.Sync.__init__, "__kwdefaults__", {**defaults, "sleep": lambda _: act()})
        sandbox.seed("fivetran", "set_sync", polls=100000)
        return run(wait=True)

    defaults = dict(sync_module.Sync.__init__.__kwdefaults__ or {})
    paused = meanwhile(lambda: sandbox.seed("fivetran", "edit_connection", id=connection_id, paused=True))
    assert paused.code == "connection_paused"
    sandbox.seed("fivetran", "edit_connection", id=connection_id, paused=False)
    removed = meanwhile(lambda: sandbox.seed("fivetran", "remove_connection", id=connection_id))
    assert removed.code == "NotFound_Connection"


@pytest.mark.parametrize("arguments", [{}, {"force": True}, {"resync": True}], ids=["sync", "force", "resync"])
def test_a_lost_answer_starts_no_second_sync(
    sandbox: Sandbox, run: Run, connection_id: str, arguments: dict[str, bool]
) -> None:
    sandbox.seed("fivetran", "set_sync", polls=5)
    operation = "resync_connection" if "resync" in arguments else "sync_connection"
    sandbox.fault("lost_answer", operation=operation)
    result = run(wait=True, **arguments)
    assert not result.failed, result.msg
    assert syncs(sandbox, connection_id) == 1


def test_a_resync_that_was_dropped_is_an_error_and_not_sent_again(sandbox: Sandbox, run: Run) -> None:
    sandbox.fault("drop", operation="resync_connection")
    assert run(resync=True).failed
    assert len(sandbox.journal("fivetran", "resync_connection")) == 1
