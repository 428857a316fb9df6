# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a sync that fails in the sandbox's Fivetran to the event that comes out of the source, over HTTPS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.integration.events.test_sources import QUIET, SECRET, free_port, nothing_comes, source
from tests.modules import run_module
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox

Listening = Callable[[], AbstractAsyncContextManager[asyncio.Queue[Any]]]


@pytest.fixture
def listening(sandbox: Sandbox, tmp_path: Path) -> Listening:
    """Give what runs the source at one port, again and again; the first time, it makes the webhook."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = {"certfile": str(tmp_path / "certificate.pem"), "keyfile": str(tmp_path / "key.pem")}
    certificate.cert_chain_pems[0].write_to_path(files["certfile"])
    certificate.private_key_pem.write_to_path(files["keyfile"])
    sandbox.seed("fivetran", "trust", authority=authority.cert_pem.bytes().decode())
    port = free_port()
    url = f"https://127.0.0.1:{port}/fivetran"
    wanted = {"url": url, "events": ["sync_start", "sync_end", "connection_failure"], "active": True, "secret": SECRET}

    @asynccontextmanager
    async def listen(gather: int = 0) -> AsyncIterator[asyncio.Queue[Any]]:
        args = {"port": port, "secret": SECRET, "gather": gather, "kinds": ["broken", "sync_failed"], **files}
        async with source("fivetran_webhook", args) as queue:
            await asyncio.sleep(QUIET)
            if not sandbox.state("fivetran")["fivetran"]["webhooks"]:
                made = await asyncio.to_thread(run_module, "fivetran_webhook", wanted, sandbox.env)
                assert not made.failed, made.msg
            yield queue

    return listen


def working(sandbox: Sandbox, schema: str = "braze_shop_us") -> str:
    """Make a connection that reads nothing but Braze; return its id."""
    config = {"schema": schema, "api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US}
    made = sandbox.seed(
        "fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema=schema, config=config
    )
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status={"setup_state": "connected"})
    return str(made["id"])


async def noticed(sandbox: Sandbox, *connections: str) -> list[dict[str, Any]]:
    return await asyncio.to_thread(breaking.notice, sandbox, *connections)


async def once(happened: Callable[[], Awaitable[bool]]) -> None:
    end = time.monotonic() + 10
    while not await happened():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_a_connection_that_breaks_is_heard_of_within_a_second_and_its_other_events_are_not(
    sandbox: Sandbox, listening: Listening
) -> None:
    async def story() -> None:
        async with listening() as queue:
            connection = working(sandbox)
            breaking.stored_key_revoked(sandbox, connection)
            (ended,) = await noticed(sandbox, connection)
            event = (await asyncio.wait_for(queue.get(), 1))["fivetran"]
            assert (event["kind"], event["connection_id"], event["schema"], event["group_id"]) == (
                "broken", connection, "braze_shop_us", world.GROUP_ID,
            )  # fmt: skip
            assert event["reason"] == ended["reason"]
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_an_outage_that_breaks_forty_connections_is_one_event_with_all_of_them(
    sandbox: Sandbox, listening: Listening
) -> None:
    async def story() -> None:
        async with listening(gather=1) as queue:
            made = {working(sandbox, f"braze_{number}") for number in range(40)}
            sandbox.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status="broken")
            await noticed(sandbox)
            batch = (await asyncio.wait_for(queue.get(), 10))["fivetran_batch"]
            assert {row["connection_id"] for row in batch["connections"]} == made
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_what_happens_while_nobody_listens_is_heard_of_afterwards_and_once(
    sandbox: Sandbox, listening: Listening
) -> None:
    async def story() -> None:
        connection = working(sandbox)
        async with listening():
            pass
        # Twice, as where the answer to the first time was lost.
        sandbox.seed("fivetran", "set_delivery", copies=2)
        sandbox.seed("fivetran", "set_pace", minute=0.05)
        breaking.source_failed(sandbox, connection)
        await noticed(sandbox, connection)

        async def was_tried() -> bool:
            return len(await asyncio.to_thread(sandbox.seed, "fivetran", "deliveries")) >= 4

        await once(was_tried)
        async with listening() as queue:
            event = (await asyncio.wait_for(queue.get(), 10))["fivetran"]
            assert (event["kind"], event["reason"]) == ("sync_failed", breaking.REASON)
            assert await nothing_comes(queue)

            async def was_taken() -> bool:
                told = await asyncio.to_thread(sandbox.seed, "fivetran", "deliveries")
                return [row["status"] for row in told if row["event"] == "sync_end"].count(200) == 2

            await once(was_taken)
            assert await nothing_comes(queue)

    asyncio.run(story())
