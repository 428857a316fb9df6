# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When syncs begin and end in the sandbox's Fivetran.

A sync that a request asks for ends once it was looked at often enough, so that tests need not wait. It ends by itself
where somebody listens to events, where a pace is set, and where the schedule has begun it: it really reads what it
needs, unless its end was scripted, and breaks its connection if it cannot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from .fivetran_connections import JsonObject, Sync, may_sync, start
from .fivetran_events import Events, Pace

SYNC_SECONDS = 0.2
# What Fivetran calls what a person has to do.
RECONNECT = {"code": "reconnect", "message": "Reconnect"}
RECONNECT_WAREHOUSE = {"code": "reconnect_warehouse", "message": "Reconnect the destination"}
_SHORTEST_TICK = 0.02


class Syncs(Events):
    """The syncs that run; mixed into the server, which keeps the connections."""

    # Of the server.
    destinations: Any
    _real_tests: Any

    def forget_syncs(self) -> None:
        """Start over: nothing runs, and nothing is scripted."""
        self.scripted_syncs: list[tuple[str, Sync]] = []
        self.running: dict[str, Sync] = {}

    def _start_sync(self, connection: JsonObject) -> None:
        """Run a sync, unless the connection cannot: the real server accepts the call all the same."""
        if not may_sync(connection):
            return
        seconds = self.pace.sync_seconds
        if seconds is None and self.somebody_listens():
            seconds = SYNC_SECONDS
        sync = self._begin(connection, by_itself=seconds is not None)
        if seconds is not None:
            self.background.start(self._end_by_itself(connection, sync, seconds))

    def _begin(self, connection: JsonObject, *, by_itself: bool) -> Sync:
        self._cancel_sync(connection, "Another sync has been started.")
        start(connection, self.now())
        scripts = [script for script in self.scripted_syncs if script[0] in ("", connection["id"])]
        if scripts:
            self.scripted_syncs.remove(scripts[0])
        sync = scripts[0][1] if scripts else Sync()
        sync.by_itself, sync.is_scripted = by_itself, bool(scripts)
        self.running[connection["id"]] = sync
        self.publish("sync_start", connection, sync_id=connection["history"][-1]["sync_id"])
        return sync

    async def _end_by_itself(self, connection: JsonObject, sync: Sync, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not sync.is_scripted:
            sync.fail_for(await self._hindrance(connection))
        if self._runs(connection, sync):
            self._end(connection, sync)

    def _runs(self, connection: Mapping[str, Any], sync: Sync) -> bool:
        """Tell whether a sync has been left alone: who pauses or breaks a connection ends its sync."""
        here = self.running.get(connection["id"]) is sync
        return here and connection["status"]["sync_state"] == "syncing"

    async def _hindrance(self, connection: Mapping[str, Any]) -> JsonObject | None:
        """Return the task of who has to mend what hinders a sync, with the reason as details; None if nothing does."""
        destination = self.destinations.get(connection["group_id"])
        if destination is None or destination["setup_status"] != "connected":
            return {**RECONNECT_WAREHOUSE, "details": "The destination is not connected."}
        failed = [test for test in await self._real_tests(connection) if test["status"] in ("FAILED", "JOB_FAILED")]
        return {**RECONNECT, "details": failed[0]["message"]} if failed else None

    def _look_at_sync(self, connection: JsonObject) -> None:
        """Let a sync that is looked at go on, if it does not by itself."""
        sync = self.running.get(connection["id"])
        if sync is None:
            return
        if not self._runs(connection, sync):
            self._cancel_sync(connection, "The connection has changed.")
        elif not sync.by_itself and sync.looked_at():
            self._end(connection, sync)

    def _tell_edit(self, connection: JsonObject, before: JsonObject) -> None:
        """Post what somebody has changed; who pauses a connection ends its sync."""
        if connection["paused"]:
            self._cancel_sync(connection, "The connection has been paused.")
        self.publish_edit(connection, before)

    def _end(self, connection: JsonObject, sync: Sync) -> None:
        del self.running[connection["id"]]
        before = connection["status"]["setup_state"]
        sync.end(connection, self.now())
        self.publish("sync_end", connection, sync.told(), connection["history"][-1]["sync_id"])
        if self.manners.connection_events == "with_changes":
            self.publish_change(connection, before)

    def _cancel_sync(self, connection: JsonObject, reason: str) -> None:
        """Leave off with a sync, if one runs."""
        if self.running.pop(connection["id"], None) is not None:
            row = connection["history"][-1]
            row |= {"end": row["end"] or row["start"], "status": "CANCELED", "reason": reason}
            self.publish("sync_end", connection, {"status": "CANCELED", "reason": reason}, row["sync_id"])

    # The schedule

    def _is_scheduled(self, connection: Mapping[str, Any]) -> bool:
        incomplete = connection["status"]["setup_state"] == "incomplete"
        return not connection["paused"] and not incomplete and connection["id"] not in self.running

    def control_set_pace(
        self, minute: float = 60.0, sync_seconds: float | None = None, schedules: bool = False
    ) -> None:
        """Let one of Fivetran's minutes last so many seconds: between attempts to post, and between syncs.

        A sync ends by itself after ``sync_seconds``. With ``schedules``, connections sync when they are due.
        """
        begins = schedules and not self.pace.schedules
        self.pace = Pace(minute, sync_seconds, schedules)
        if begins:
            self.background.start(self._keep_schedules())

    async def _keep_schedules(self) -> None:
        """Begin each sync when it is due, as long as the pace says so."""
        due: dict[str, float] = {}
        while self.pace.schedules:
            await asyncio.sleep(max(self.pace.minute, _SHORTEST_TICK))
            now = time.monotonic()
            for connection in self.connections.find(self._is_scheduled):
                interval = connection["sync_frequency"] * self.pace.minute
                if connection["schedule_type"] == "auto" and due.setdefault(connection["id"], now + interval) <= now:
                    due[connection["id"]] = now + interval
                    self.background.start(self._run(connection))

    async def _run(self, connection: JsonObject) -> JsonObject:
        seconds = SYNC_SECONDS if self.pace.sync_seconds is None else self.pace.sync_seconds
        sync = self._begin(connection, by_itself=True)
        sync_id = connection["history"][-1]["sync_id"]
        await self._end_by_itself(connection, sync, seconds)
        named = {"connection_id": connection["id"], "schema": connection["schema"], "sync_id": sync_id}
        return {**named, "reason": "", **sync.told()}

    async def control_run_syncs(self, connections: list[str] | None = None) -> list[JsonObject]:
        """Run syncs as if they were due, of all that sync by their schedule or of these; return how each has ended."""
        chosen = self.connections.find(
            lambda row: self._is_scheduled(row) and (connections is None or row["id"] in connections)
        )
        return list(await asyncio.gather(*(self._run(connection) for connection in chosen)))
