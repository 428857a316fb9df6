# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection as the sandbox's Fivetran stores and shows it, and the life of its syncs."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.fivetran_services import config_problem, shown_config

Json = Any
JsonObject = dict[str, Any]

# Fields that a creation and a change may set, with the server's defaults.
STORED: Mapping[str, Any] = {
    "paused": False,
    "pause_after_trial": False,
    "sync_frequency": 360,
    "daily_sync_time": None,
    "schedule_type": "auto",
    "data_delay_sensitivity": "NORMAL",
    "data_delay_threshold": 0,
    "networking_method": "Directly",
    "private_link_id": None,
    "proxy_agent_id": None,
    "hybrid_deployment_agent_id": None,
}
UNSTORED = ("run_setup_tests", "trust_certificates", "trust_fingerprints")
CREATION_FIELDS = frozenset({*STORED, *UNSTORED, "config", "group_id", "service", "destination_schema_names"})
UPDATE_FIELDS = frozenset({*STORED, *UNSTORED, "config", "is_historical_sync"})
_FLAGS = ("paused", "pause_after_trial", "is_historical_sync", *UNSTORED)
_IDS = ("private_link_id", "proxy_agent_id", "hybrid_deployment_agent_id")
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "sync_frequency": (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440),
    "schedule_type": ("auto", "manual"),
    "data_delay_sensitivity": ("LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"),
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
    "destination_schema_names": ("FIVETRAN_NAMING", "SOURCE_NAMING"),
    **{name: (True, False) for name in _FLAGS},
}
_FULL_HOUR = re.compile(r"([01]\d|2[0-3]):00")
_ONCE_A_DAY = 1440
# Kept with the connection, but in no answer.
INTERNAL = ("syncs", "state")
# What a sync changes by itself, and no request: of a connection, and of its status.
_OF_A_SYNC = ("succeeded_at", "failed_at")
_MOVING = ("sync_state", "is_historical_sync", "tasks", "rescheduled_for")


def timestamp(seconds: float) -> str:
    """Return seconds since the epoch as Fivetran writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def new_connection(connection_id: str, now: float, fields: Mapping[str, Any]) -> JsonObject:
    """Return a connection as it is stored: incomplete, with the server's defaults where ``fields`` say nothing."""
    connection: JsonObject = {
        "id": connection_id,
        "service_version": 1,
        "connected_by": "user_owner",
        "created_at": timestamp(now),
        "succeeded_at": None,
        "failed_at": None,
        "destination_schema_names": "FIVETRAN_NAMING",
        **STORED,
        "config": {},
        "status": {
            "setup_state": "incomplete",
            "sync_state": "paused",
            "update_state": "on_schedule",
            "is_historical_sync": True,
            "tasks": [],
            "warnings": [],
        },
        "syncs": 0,
        "state": {},
        **copy.deepcopy(dict(fields)),
    }
    settle(connection)
    return connection


def shown(connection: Mapping[str, Any], mask: str) -> JsonObject:
    """Return the connection as answers show it, with ``mask`` for every secret."""
    row = {name: copy.deepcopy(value) for name, value in connection.items() if name not in INTERNAL}
    row["config"] = shown_config(row["service"], row["config"], row["group_id"], mask)
    if row["sync_frequency"] != _ONCE_A_DAY or row["daily_sync_time"] is None:
        del row["daily_sync_time"]
    return row


def unmoved(connection: Mapping[str, Any]) -> JsonObject:
    """Return the connection without what changes by itself, to tell what a request changed."""
    # Runs for each connection that a request looks at: copying and dropping is the fast way.
    status = dict(connection["status"])
    for name in _MOVING:
        status.pop(name, None)
    row = {**connection, "status": status}
    for name in _OF_A_SYNC:
        row.pop(name, None)
    return row


def settle(connection: JsonObject) -> None:
    """Bring ``sync_state`` in line: only what is connected and not paused is scheduled."""
    status = connection["status"]
    if not may_sync(connection):
        status["sync_state"] = "paused"
    elif status["sync_state"] == "paused":
        status["sync_state"] = "scheduled"


def may_sync(connection: Mapping[str, Any]) -> bool:
    """Tell whether a sync of this connection would run."""
    return not connection["paused"] and connection["status"]["setup_state"] == "connected"


def fields_problem(body: Mapping[str, Any], service: str, sync_frequency: int) -> str | None:
    """Return why a strict server refuses the fields of a creation or a change, or None.

    ``sync_frequency``: the stored one, for a body that does not set it.
    """
    for name, choices in _CHOICES.items():
        value = body.get(name)
        # 1 == True in Python, but not in JSON.
        if value is not None and not any(value == choice and type(value) is type(choice) for choice in choices):
            return f"{name} must be one of {', '.join(map(str, choices))}"
    for name in _IDS:
        if not isinstance(body.get(name, ""), str | None):
            return f"{name} must be a string"
    threshold = body.get("data_delay_threshold") or 0
    if isinstance(threshold, bool) or not isinstance(threshold, int) or threshold < 0:
        return "data_delay_threshold must be a number of minutes"
    problem = _time_problem(body.get("daily_sync_time"), body.get("sync_frequency") or sync_frequency)
    if problem:
        return problem
    config = body.get("config", {})
    return config_problem(service, config) if isinstance(config, dict) else "config must be an object"


def _time_problem(time: Json, sync_frequency: int) -> str | None:
    if time is None:
        return None
    if not isinstance(time, str) or not _FULL_HOUR.fullmatch(time):
        return "daily_sync_time must be a full hour, such as 14:00"
    return None if sync_frequency == _ONCE_A_DAY else f"daily_sync_time needs sync_frequency {_ONCE_A_DAY}"


def judge_tests(connection: JsonObject, tests: list[Json]) -> None:
    """Store the results of setup tests, and what they mean for the connection."""
    status = connection["status"]
    failed = any(test["status"] in ("FAILED", "JOB_FAILED") for test in tests)
    was_connected = status["setup_state"] != "incomplete"
    status["setup_state"] = ("broken" if was_connected else "incomplete") if failed else "connected"
    connection["setup_tests"] = tests
    settle(connection)


@dataclass
class Sync:
    """A sync: after ``polls`` looks at the connection it ends with ``outcome``.

    ``outcome``: ``succeeded``, ``failed`` or ``rescheduled``; ``task``: why it failed, as it joins ``status.tasks``.
    """

    polls: int = 1
    outcome: str = "succeeded"
    task: JsonObject | None = None
    rescheduled_for: str = ""

    def looked_at(self, connection: JsonObject, now: float) -> bool:
        """Count a look; return True if the sync ended with it, which the connection then tells."""
        self.polls -= 1
        if self.polls >= 0:
            return False
        status = connection["status"]
        if self.outcome == "succeeded":
            connection["succeeded_at"] = timestamp(now)
            status.update(sync_state="scheduled", is_historical_sync=False, tasks=[])
        elif self.outcome == "failed":
            connection["failed_at"] = timestamp(now)
            status.update(sync_state="scheduled", tasks=[self.task] if self.task else [])
        else:
            status.update(sync_state="rescheduled", rescheduled_for=self.rescheduled_for or timestamp(now + 3600))
        return True


def start(connection: JsonObject) -> None:
    """Begin a sync."""
    connection["syncs"] += 1
    connection["status"]["sync_state"] = "syncing"
    connection["status"].pop("rescheduled_for", None)
