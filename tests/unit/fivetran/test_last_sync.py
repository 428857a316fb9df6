# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the last sync ended, read from what Fivetran says of a connection."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.state import is_running
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.sync.last_sync import LastSync

EARLIER, LATER = "2026-03-01T08:00:00Z", "2026-03-01T09:00:00.5Z"
TASK = {"code": "reconnect", "message": "Reconnect", "details": "Cannot assume role."}
WARNING = {"code": "slow", "message": "Slow source"}


def connection(succeeded_at: Any, failed_at: Any, **status: Any) -> dict[str, Any]:
    return {"succeeded_at": succeeded_at, "failed_at": failed_at, "status": status}


@pytest.mark.parametrize(
    ("succeeded_at", "failed_at", "outcome", "finished_at"),
    [
        (None, None, None, None),
        (EARLIER, None, "succeeded", EARLIER),
        (None, EARLIER, "failed", EARLIER),
        (LATER, EARLIER, "succeeded", LATER),
        (EARLIER, LATER, "failed", LATER),
        ("2026-03-01T10:00:00+02:00", EARLIER, "succeeded", "2026-03-01T10:00:00+02:00"),
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000001Z", "failed", "2026-03-01T09:00:00.000001Z"),
        ("soon", EARLIER, "failed", EARLIER),
    ],
)
def test_the_later_of_the_two_times_is_the_outcome(
    succeeded_at: Any, failed_at: Any, outcome: str | None, finished_at: str | None
) -> None:
    last = LastSync.of(connection(succeeded_at, failed_at))
    assert (last.outcome, last.finished_at) == (outcome, finished_at)


def test_a_failure_tells_tasks_before_warnings_and_a_success_neither() -> None:
    rows = {"tasks": [TASK], "warnings": [WARNING]}
    failed = LastSync.of(connection(EARLIER, LATER, **rows))
    assert failed.reasons == ("reconnect: Reconnect: Cannot assume role", "slow: Slow source")
    assert LastSync.of(connection(LATER, EARLIER, **rows)).reasons == ()


@pytest.mark.parametrize(
    "status", [{"tasks": None}, {"tasks": 7, "warnings": True}, {"tasks": ["text"], "warnings": [7]}, {}]
)
def test_a_failure_without_readable_reasons_has_none(status: dict[str, Any]) -> None:
    assert LastSync.of(connection(EARLIER, LATER, **status)).reasons == ()


def test_only_syncing_is_running() -> None:
    assert is_running({"status": {"sync_state": "syncing"}})
    assert not is_running({"status": {"sync_state": "rescheduled"}})
    assert not is_running({})
