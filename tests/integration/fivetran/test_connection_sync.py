# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fivetran_connection_sync: start once, wait to the end, and say why it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Hurried
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

TASK = {"code": "reconnect", "message": "Reconnect", "details": "Cannot assume role."}
CONNECTED = {"setup_state": "connected", "sync_state": "scheduled", "is_historical_sync": False}

Run = Callable[..., ModuleResult]


@pytest.fixture
def connection_id(sandbox: Sandbox) -> str:
    """Make a connection that is ready to sync."""
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="shop")
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=CONNECTED)
    return str(made["id"])


@pytest.fixture
def run(sandbox: Sandbox, connection_id: str) -> Run:
    """Call the module for that connection."""

    def call(check: bool = False, time: Hurried | None = None, **arguments: Any) -> ModuleResult:
        given = {"id": connection_id, **arguments}
        return run_module("fivetran_connection_sync", given, sandbox.env, check=check, time=time)

    return call


def syncs(sandbox: Sandbox, connection_id: str) -> int:
    """Return how many syncs were started."""
    return int(sandbox.state()["fivetran"]["connections"][connection_id]["syncs"])


def status(sandbox: Sandbox, connection_id: str, **changes: Any) -> None:
    sandbox.seed("fivetran", "edit_connection", id=connection_id, status=changes)


@pytest.mark.fact("no-body")
def test_a_sync_is_started_and_not_waited_for_by_default(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    result = run()
    assert result.changed
    assert result["sync"] == {"started": True, "previous_finished_at": None}
    assert result["connection"]["id"] == connection_id
    [call] = sandbox.journal("fivetran", "sync_connection")
    assert call.body == {"force": False}
    # The look before the start is the only one.
    assert len(sandbox.journal("fivetran", "get_connection")) == 1


@pytest.mark.fact("moved-connection")
def test_a_connection_that_is_in_another_group_now_is_named_with_that_group(
    sandbox: Sandbox, connection_id: str
) -> None:
    sandbox.seed("fivetran", "move_connection", id=connection_id, group_id=world.SECOND_GROUP_ID)
    identity = {"group_id": world.GROUP_ID, "schema": "shop"}
    result = run_module("fivetran_connection_sync", identity, sandbox.env)
    assert result.code == "NotFound_Connection"
    assert f"There is one in group {world.SECOND_GROUP_ID} (connection {connection_id})." in result.msg


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


def test_a_sync_that_has_ended_since_will_do(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    before = run(wait=True)["connection"]["last_sync"]["finished_at"]
    # Fivetran's own schedule is faster.
    sandbox.seed("fivetran", "run_syncs", connections=[connection_id])
    ended = run(since="1970-01-01T00:00:00Z", wait=True)
    assert not ended.changed
    assert ended["sync"]["started"] is False
    started = run(since=ended["connection"]["last_sync"]["finished_at"], wait=True)
    assert started.changed
    assert started["connection"]["last_sync"]["finished_at"] > before
    assert not run(since=before, wait=True).changed


def test_a_sync_that_has_failed_since_is_the_one_that_is_told_of(
    sandbox: Sandbox, run: Run, connection_id: str
) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="failed", reason="The source is away.")
    run(wait=True)
    result = run(since="1970-01-01T00:00:00Z", wait=True)
    assert result.code == "sync_failed"
    assert "The source is away" in result.msg
    assert syncs(sandbox, connection_id) == 1


@pytest.mark.parametrize("since", ["yesterday", "14:00"])
def test_what_is_no_time_is_refused(sandbox: Sandbox, run: Run, since: str) -> None:
    result = run(since=since)
    assert result.code == "invalid_argument"
    assert result.msg.startswith(f"since: expected a time in ISO 8601 such as 2026-03-01T14:00:00Z, got '{since}'")
    assert sandbox.journal("fivetran", "sync_connection") == []


@pytest.mark.parametrize("seconds", [0, 10**12])
def test_a_wait_of_no_length_or_without_end_is_refused_before_a_sync_is_started(
    sandbox: Sandbox, run: Run, seconds: int
) -> None:
    result = run(wait=True, wait_timeout=seconds)
    assert result.msg.startswith("wait_timeout: expected a number from 1 to 604800")
    assert sandbox.writes() == []


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
    time = Hurried()
    result = run(wait=True, wait_timeout=600, time=time)
    assert result.code == "sync_timeout"
    assert "does not finish within 600 seconds; its sync_state is syncing" in result.msg
    assert "wait_timeout" in result.msg
    assert result["sync"]["started"] is True
    # It was looked at often at first, and seldom later, as long as there was time.
    assert time.waits[0] <= 2.0
    assert 15.0 <= time.waits[-1] <= 30.0
    assert 560 < sum(time.waits) <= 600


@pytest.mark.fact("rate-limits")
def test_a_rate_limit_takes_nothing_of_the_time_for_a_sync(sandbox: Sandbox, run: Run) -> None:
    # The first look is before the start.
    sandbox.fault("status", operation="get_connection", skip=1, status=429, headers={"Retry-After": "3600"})
    time = Hurried()
    result = run(wait=True, wait_timeout=60, time=time)
    assert not result.failed, result.msg
    assert 3600 <= sum(time.waits) <= 3700


def test_a_sync_put_off_beyond_the_timeout_is_not_waited_for(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="rescheduled", rescheduled_for="2999-01-01T00:00:00Z")
    result = run(wait=True, wait_timeout=3600)
    assert result.code == "sync_timeout"
    assert "rescheduled for 2999-01-01" in result.msg


def meanwhile(run: Run, sandbox: Sandbox, act: Callable[[], object], **arguments: Any) -> tuple[ModuleResult, Hurried]:
    """Wait for a sync that does not end by itself, and do something during the first wait."""
    sandbox.seed("fivetran", "set_sync", polls=100000)
    time = Hurried(meanwhile=act)
    return run(wait=True, time=time, **arguments), time


def test_a_connection_paused_or_removed_meanwhile_ends_the_wait(sandbox: Sandbox, run: Run, connection_id: str) -> None:
    paused, time = meanwhile(
        run, sandbox, lambda: sandbox.seed("fivetran", "edit_connection", id=connection_id, paused=True)
    )
    assert paused.code == "connection_paused"
    assert len(time.waits) == 1
    sandbox.seed("fivetran", "edit_connection", id=connection_id, paused=False)
    removed, time = meanwhile(run, sandbox, lambda: sandbox.seed("fivetran", "remove_connection", id=connection_id))
    assert removed.code == "NotFound_Connection"
    assert len(time.waits) == 1


@pytest.mark.parametrize("sync_state", ["scheduled", "rescheduled", "paused", "syncing"])
def test_a_connection_that_breaks_meanwhile_ends_the_wait_with_fivetrans_reason(
    sandbox: Sandbox, run: Run, connection_id: str, sync_state: str
) -> None:
    broken = {"setup_state": "broken", "sync_state": sync_state, "tasks": [TASK]}
    result, time = meanwhile(run, sandbox, lambda: status(sandbox, connection_id, **broken))
    assert result.code == "not_connected"
    assert "its setup_state is broken" in result.msg
    assert "Fivetran says: reconnect: Reconnect: Cannot assume role." in result.msg
    assert "paused" not in result.msg
    assert len(time.waits) == 1


def test_a_sync_that_is_put_off_meanwhile_ends_the_wait_and_says_until_when(
    sandbox: Sandbox, run: Run, connection_id: str
) -> None:
    def put_off(moment: str) -> Callable[[], object]:
        changes = {"sync_state": "rescheduled", "rescheduled_for": moment}
        return lambda: status(sandbox, connection_id, **changes)

    result, time = meanwhile(run, sandbox, put_off("2999-01-01T00:00:00Z"), wait_timeout=600)
    assert result.code == "sync_timeout"
    assert "rescheduled for 2999-01-01" in result.msg
    assert len(time.waits) == 1
    # What will go on in time is waited for.
    result, time = meanwhile(run, sandbox, put_off("2001-01-01T00:00:00Z"), wait_timeout=600)
    assert result.code == "sync_timeout"
    assert len(time.waits) > 10


def test_what_fivetran_quotes_of_the_secrets_is_not_shown(sandbox: Sandbox, run: Run) -> None:
    secret = "a-distinctive-braze-key-4711"
    task = {**TASK, "details": f"Invalid API key: {secret}\x1b[2J"}
    sandbox.seed("fivetran", "set_sync", outcome="failed", task=task)
    result = run(wait=True, config_secrets={"api_key": f"{secret}\n"})
    assert result.code == "sync_failed"
    assert "Invalid API key: ********" in result.msg
    assert secret not in str(result.values)
    assert result.msg.isprintable()


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


def test_a_broken_connection_is_synced_because_nothing_else_makes_it_connected(
    sandbox: Sandbox, run: Run, connection_id: str
) -> None:
    sandbox.seed("fivetran", "edit_connection", id=connection_id, setup_tests=[{"title": "t", "status": "PASSED"}])
    status(sandbox, connection_id, setup_state="broken")
    result = run(wait=True)
    assert not result.failed, result.msg
    assert result["connection"]["setup_state"] == "connected"


REASON = "The role arn:aws:iam::111122223333:role/Fivetran cannot be assumed"


@pytest.mark.parametrize("histories", ["answered", "unknown"])
def test_a_failed_sync_is_told_with_the_reason_that_fivetran_gives_where_it_gives_one(
    sandbox: Sandbox, run: Run, histories: str
) -> None:
    sandbox.seed("fivetran", "manners", histories=histories)
    sandbox.seed("fivetran", "set_sync", outcome="failed", reason=REASON)
    result = run(wait=True)
    assert result.code == "sync_failed"
    assert (REASON in result.msg) == (histories == "answered")
    assert ("Fivetran names no reason" in result.msg) == (histories == "unknown")


@pytest.mark.parametrize("kind", ["status", "html", "drop"])
def test_an_error_about_errors_does_not_hide_how_the_sync_ended(sandbox: Sandbox, run: Run, kind: str) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="failed", task=TASK)
    for operation in ("list_errors", "list_syncs"):
        sandbox.fault(kind, operation=operation, times=0)
    result = run(wait=True)
    assert result.code == "sync_failed"
    assert TASK["details"].rstrip(".") in result.msg


def test_without_current_errors_the_reason_stands_in_the_history(sandbox: Sandbox, run: Run) -> None:
    sandbox.seed("fivetran", "set_sync", outcome="failed", reason=REASON)
    sandbox.fault("status", operation="list_errors", status=404, body={"code": "NotFound"}, times=0)
    assert REASON in run(wait=True).msg
