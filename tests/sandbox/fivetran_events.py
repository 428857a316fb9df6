# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sandbox's Fivetran posts to webhooks, at the moment it happens.

Source: Fivetran's pages on webhooks and on logs, and payloads that people have published. Fivetran posts again what was
not taken, after 5, 10, 15 ... minutes for 24 hours, and then makes the webhook inactive: at least once, and not in
order where something was posted again.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .background import Background
from .fivetran_connections import STORED, JsonObject
from .fivetran_webhooks import post
from .manners import Manners

# In minutes: how much longer each pause is than the one before it, and when Fivetran gives a webhook up.
STEP, GIVEN_UP = 5, 24 * 60
ORDERS = ("in_order", "at_once", "reversed")
MOST_REMEMBERED = 10_000
ACTOR = "owner@acme.example"
# How long later events may come before those that are posted in the reverse of their order.
_GATHERING = 0.2


@dataclass
class Pace:
    """How fast Fivetran's time goes by. ``minute``: of Fivetran, in seconds here.

    ``sync_seconds``: how long a sync takes that ends by itself. ``schedules``: whether connections sync when due.
    """

    minute: float = 60.0
    sync_seconds: float | None = None
    schedules: bool = False


@dataclass(frozen=True)
class Delivery:
    """An attempt to post an event. ``status`` 0: nobody has answered. ``at``: seconds of the sandbox's own clock."""

    webhook: str
    event: str
    connection: str
    attempt: int
    status: int
    at: float


def pauses() -> Iterator[int]:
    """Yield the minutes before each attempt: none, 5, 10, 15 ... as long as they end within a day."""
    pause = total = 0
    while total <= GIVEN_UP:
        yield pause
        pause += STEP
        total += pause


def envelope(
    event: str, connection: Mapping[str, Any], at: float, data: Mapping[str, Any] | None, sync_id: str
) -> JsonObject:
    """Return an event as it is posted: the fields in their recorded order, without those that say nothing."""
    fields = {
        "event": event,
        "created": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "connector_type": connection["service"],
        "connector_id": connection["id"],
        "connector_name": connection["schema"],
        "sync_id": sync_id,
        "destination_group_id": connection["group_id"],
        "data": data,
    }
    return {name: value for name, value in fields.items() if value not in ("", None)}


def renamed(told: JsonObject, names: str) -> JsonObject:
    """Return an event that names its connection as a connector, as a connection, or both; ``names`` is the manner."""
    if names == "connector":
        return told
    new = {f"connection_{name}": told[f"connector_{name}"] for name in ("id", "name")}
    old = {} if names == "both" else {"connector_id", "connector_name"}
    return {**{name: value for name, value in told.items() if name not in old}, **new}


def edited(connection: Mapping[str, Any]) -> JsonObject:
    """Return what a person can change of a connection."""
    return {**{name: connection[name] for name in STORED}, "config": dict(connection["config"])}


class Events:
    """Posts; mixed into the server, which says what happens."""

    # Of the server.
    webhooks: Any
    groups: Any
    connections: Any
    authority: str
    manners: Manners
    now: Any

    def __init__(self, *arguments: Any) -> None:
        self.background = Background()
        super().__init__(*arguments)

    def forget_events(self) -> None:
        """Start over: nothing is posted, nor posted again."""
        self.background.drop_all()
        self.pace = Pace()
        self.copies = 1
        self.order = ORDERS[0]
        self.delivered: deque[Delivery] = deque(maxlen=MOST_REMEMBERED)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: defaultdict[str, list[JsonObject]] = defaultdict(list)

    def somebody_listens(self) -> bool:
        """Tell whether there is an active webhook."""
        return bool(self.webhooks.find(lambda row: row["active"]))

    def publish(
        self, event: str, connection: Mapping[str, Any], data: Mapping[str, Any] | None = None, sync_id: str = ""
    ) -> None:
        """Post an event to all who want it."""
        account = self.groups[connection["group_id"]]["account"]
        wanting = self.webhooks.find(
            lambda row: (
                row["active"]
                and event in row["events"]
                and (row["account"], row["group_id"] or connection["group_id"]) == (account, connection["group_id"])
            )
        )
        for webhook in wanting:
            told = renamed(envelope(event, connection, self.now(), data, sync_id), self.manners.event_names)
            for _copy in range(self.copies):
                self._send(webhook["id"], told)

    def publish_deed(self, event: str, connection: Mapping[str, Any]) -> None:
        """Post what somebody has done to a connection."""
        self.publish(event, connection, {"actor": ACTOR, "id": connection["schema"]})

    def publish_edit(self, connection: Mapping[str, Any], before: JsonObject) -> None:
        """Post how somebody has changed a connection, if so."""
        after = edited(connection)
        paused = after.pop("paused")
        if paused != before.pop("paused"):
            self.publish_deed("pause_connector" if paused else "resume_connector", connection)
        if after != before:
            self.publish_deed("edit_connector", connection)

    def publish_tests(self, connection: Mapping[str, Any], before: str) -> None:
        """Post how setup tests went, or, by another reading of the page on logs, what has changed by them."""
        tests = connection.get("setup_tests") or []
        failed = any(test["status"] in ("FAILED", "JOB_FAILED") for test in tests)
        if self.manners.connection_events == "with_changes":
            self.publish_change(connection, before)
            return
        data = {"id": connection["schema"], "testCount": len(tests)}
        self.publish("connection_failure" if failed else "connection_successful", connection, data)

    def publish_change(self, connection: Mapping[str, Any], before: str) -> None:
        """Post that a connection has broken or works again."""
        state = connection["status"]["setup_state"]
        event = {"broken": "connection_failure", "connected": "connection_successful"}.get(state)
        if state != before and event is not None:
            self.publish(event, connection, {"id": connection["schema"]})

    def _send(self, webhook_id: str, told: JsonObject) -> None:
        if self.order != "reversed":
            self.background.start(self._deliver(webhook_id, told))
            return
        self._held[webhook_id].append(told)
        if len(self._held[webhook_id]) == 1:
            self.background.start(self._deliver_reversed(webhook_id))

    async def _deliver_reversed(self, webhook_id: str) -> None:
        await asyncio.sleep(_GATHERING)
        for told in reversed(self._held.pop(webhook_id)):
            self.background.start(self._deliver(webhook_id, told))

    async def _deliver(self, webhook_id: str, told: JsonObject) -> None:
        """Post until it is taken, as long as the webhook is there and active."""
        for attempt, pause in enumerate(pauses()):
            await asyncio.sleep(pause * self.pace.minute)
            status = await self._attempt(webhook_id, told, attempt)
            if status is None or 200 <= status < 300:
                return
        webhook = self.webhooks.get(webhook_id)
        if webhook is not None:
            webhook["active"] = False

    async def _attempt(self, webhook_id: str, told: JsonObject, attempt: int) -> int | None:
        if attempt or self.order == "at_once":
            return await self._post(webhook_id, told, attempt)
        # First attempts come one after the other.
        async with self._turns[webhook_id]:
            return await self._post(webhook_id, told, attempt)

    async def _post(self, webhook_id: str, told: JsonObject, attempt: int) -> int | None:
        webhook = self.webhooks.get(webhook_id)
        if webhook is None or not webhook["active"]:
            return None
        upper = self.manners.webhook_signature == "upper_case"
        status, _word = await post(webhook, told, self.authority, upper=upper)
        connection = told.get("connector_id") or told["connection_id"]
        delivery = Delivery(webhook_id, told["event"], connection, attempt + 1, status, time.monotonic())
        self.delivered.append(delivery)
        return status

    # For tests

    def control_set_delivery(self, copies: int = 1, order: str = ORDERS[0]) -> None:
        """Post each event so many times, and several of them in order, at once, or the last one first."""
        if order not in ORDERS:
            raise ValueError(f"no order: {order}; there are {', '.join(ORDERS)}")
        self.copies, self.order = copies, order

    def control_post_event(
        self, connection: str, event: str, data: dict[str, Any] | None = None, sync_id: str = "", copies: int = 1
    ) -> None:
        """Post an event of a connection as if it had happened, so many times."""
        for _copy in range(copies):
            self.publish(event, self.connections[connection], data, sync_id)

    def control_deliveries(self) -> list[JsonObject]:
        """Return each attempt to post an event, in order."""
        return [asdict(delivery) for delivery in self.delivered]
