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
from uuid import NAMESPACE_OID, uuid5

from .fivetran_services import config_problem, shown_config
from .manners import Manners

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
# How the names of fields end that hold the folder in a bucket.
_FOLDERS = ("folder", "prefix")
# Kept with the connection, but in no answer.
INTERNAL = ("syncs", "state", "errors", "history")
# What a sync changes by itself, and no request: of a connection, and of its status.
_OF_A_SYNC = ("succeeded_at", "failed_at", "errors", "history")
_MOVING = ("setup_state", "sync_state", "is_historical_sync", "tasks", "rescheduled_for")


def timestamp(seconds: float) -> str:
    """Return seconds since the epoch as Fivetran writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def new_connection(connection_id: str, now: float, fields: Mapping[str, Any], manners: Manners) -> JsonObject:
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
        "errors": [],
        "history": [],
        **copy.deepcopy(dict(fields)),
    }
    settle(connection, manners)
    return connection


def stored_config(config: Mapping[str, Any], manners: Manners) -> JsonObject:
    """Return what is kept of the config of a request."""
    if manners.folder == "as_sent":
        return dict(config)
    return {
        name: value.strip("/") if name.endswith(_FOLDERS) and isinstance(value, str) else value
        for name, value in config.items()
    }


def shown(connection: Mapping[str, Any], mask: str, manners: Manners) -> JsonObject:
    """Return the connection as answers show it, with ``mask`` for every secret."""
    row = {name: copy.deepcopy(value) for name, value in connection.items() if name not in INTERNAL}
    row["config"] = shown_config(row["service"], row["config"], row["group_id"], mask, manners)
    if row["sync_frequency"] != _ONCE_A_DAY or row["daily_sync_time"] is None:
        del row["daily_sync_time"]
    if manners.unknown_fields == "shown":
        row["schedule"] = {"schedule_type": "INTERVAL", "interval": row["sync_frequency"]}
        row["status"]["last_seen_by"] = "sandbox"
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


def settle(connection: JsonObject, manners: Manners) -> None:
    """Bring ``sync_state`` in line: what is paused is paused, and the rest is scheduled, also what cannot sync."""
    status = connection["status"]
    if connection["paused"]:
        status["sync_state"] = "paused"
    elif not may_sync(connection):
        status["sync_state"] = manners.incomplete_state
    elif status["sync_state"] == "paused":
        status["sync_state"] = "scheduled"


def may_sync(connection: Mapping[str, Any]) -> bool:
    """Tell whether a sync of this connection would run: also of a broken one, unless its tests have failed since."""
    if connection["paused"] or connection["status"]["setup_state"] == "incomplete":
        return False
    tests = connection.get("setup_tests") or []
    passes = all(test["status"] not in ("FAILED", "JOB_FAILED") for test in tests)
    return connection["status"]["setup_state"] == "connected" or passes


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


def judge_tests(connection: JsonObject, tests: list[Json], manners: Manners) -> None:
    """Store the results of setup tests, and what they mean for the connection."""
    status = connection["status"]
    if any(test["status"] in ("FAILED", "JOB_FAILED") for test in tests):
        status["setup_state"] = "incomplete" if status["setup_state"] == "incomplete" else "broken"
    elif status["setup_state"] != "broken" or manners.broken_until == "its_tests_pass":
        status["setup_state"] = "connected"
    connection["setup_tests"] = [_told(test, manners) for test in tests]
    settle(connection, manners)


def _told(test: JsonObject, manners: Manners) -> JsonObject:
    """Return an item of ``setup_tests`` with a message and details, as the server is used to giving them."""
    if test["status"] == "PASSED":
        return {**test, "message": ""} if manners.passed_message == "empty" else test
    text = test.get("message", "")
    details = {"text": text, "list": [text], "object": {"message": text}}
    return {"details": details[manners.test_details], **test} if manners.test_details in details else test


@dataclass
class Sync:
    """A sync: after ``polls`` looks at the connection, or by itself, it ends with ``outcome``.

    ``outcome``: ``succeeded``, ``failed`` or ``rescheduled``; ``task``: why it failed, as it joins ``status.tasks``;
    ``reason``: the same for ``/errors`` and ``/sync-history``.
    """

    polls: int = 1
    outcome: str = "succeeded"
    task: JsonObject | None = None
    rescheduled_for: str = ""
    reason: str = ""
    by_itself: bool = False
    is_scripted: bool = False

    def looked_at(self) -> bool:
        """Count a look; return True if the sync ends with it."""
        self.polls -= 1
        return self.polls < 0

    def fail_for(self, task: JsonObject | None) -> None:
        """Let it fail for what a person has to mend, if there is something."""
        if task is not None:
            self.outcome, self.task, self.reason = "failed", task, task["details"]

    def end(self, connection: JsonObject, now: float) -> None:
        """Let the connection tell how the sync ended."""
        status = connection["status"]
        if self.outcome == "succeeded":
            connection["succeeded_at"] = timestamp(now)
            connection["errors"] = []
            status.update(setup_state="connected", sync_state="scheduled", is_historical_sync=False, tasks=[])
        elif self.outcome == "failed":
            connection["failed_at"] = timestamp(now)
            connection["errors"] = [self._error(now)]
            status.update(sync_state="scheduled", tasks=[self.task] if self.task else [])
            if self.task:
                status["setup_state"] = "broken"
        else:
            status.update(sync_state="rescheduled", rescheduled_for=self.rescheduled_for or timestamp(now + 3600))
        connection["history"][-1] |= {
            "end": timestamp(now),
            "status": {"succeeded": "COMPLETED", "failed": "FAILURE"}.get(self.outcome, "RESCHEDULED"),
            "reason": self.reason or None,
        }

    def told(self) -> JsonObject:
        """Return what an event says of the end."""
        failure = "FAILURE_WITH_TASK" if self.task else "FAILURE"
        told = {
            "status": {"succeeded": "SUCCESSFUL", "failed": failure}.get(self.outcome, "RESCHEDULED"),
            "reason": self.reason or (self.task or {}).get("details", ""),
            "taskType": (self.task or {}).get("code", ""),
        }
        return {name: value for name, value in told.items() if value}

    def _error(self, now: float) -> JsonObject:
        task = self.task or {"code": "unknown_sync_failure", "message": "Unknown Sync Failure"}
        return {
            "type": task["code"],
            "title": task["message"],
            "reason": self.reason,
            "message": task.get("details") or f"{self.reason} Contact support if it happens again.",
            "created_at": timestamp(now),
        }


def start(connection: JsonObject, now: float) -> None:
    """Begin a sync."""
    connection["syncs"] += 1
    sync_id = str(uuid5(NAMESPACE_OID, f"{connection['id']}-{connection['syncs']}"))
    begun = {"sync_id": sync_id, "start": timestamp(now), "end": None, "status": "INCOMPLETE", "reason": None}
    connection["history"].append(begun)
    connection["status"]["sync_state"] = "syncing"
    connection["status"].pop("rescheduled_for", None)
