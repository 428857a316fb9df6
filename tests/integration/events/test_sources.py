# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event sources as ansible-rulebook runs them: the file without its package, with a queue, by real requests."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import trustme
import yaml
from aiohttp import ClientSession
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.event import Event, EventKind
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import status_options

from tests.collection import CHECKOUT, COLLECTIONS
from tests.documents import blocks
from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.fivetran_webhooks import SIGNATURE, signature

SOURCES = COLLECTIONS / "ansible_collections/onramp/braze_fivetran/extensions/eda/plugins/event_source"
SECRET = "a-secret-of-a-webhook"
QUIET = 0.3


def load(name: str) -> Any:
    """Return the source as a module of no package."""
    spec = importlib.util.spec_from_file_location("source", SOURCES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def source(name: str, args: dict[str, Any], **constants: Any) -> AsyncIterator[asyncio.Queue[Any]]:
    """Run a source, with other constants than its own, until the end of the block."""
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    module = load(name)
    vars(module).update(constants)
    running = asyncio.create_task(module.main(queue, args))
    try:
        yield queue
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def body(**changes: Any) -> bytes:
    posted = {
        "event": "sync_end",
        "created": datetime.now(UTC).isoformat(),
        "connector_type": "braze",
        "connector_id": "patient_harbor",
        "connector_name": "braze_shop_us",
        "destination_group_id": world.GROUP_ID,
        "sync_id": "1",
        "data": {"status": "FAILURE", "reason": "No."},
    }
    return json.dumps({**posted, **changes}).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Post = Callable[..., Awaitable[int]]


@asynccontextmanager
async def receiver(**args: Any) -> AsyncIterator[tuple[asyncio.Queue[Any], Post]]:
    """Run the receiver; give its queue, and what posts a body and returns the status."""
    port = free_port()
    async with (
        source("fivetran_webhook", {"port": port, "secret": SECRET, **args}) as queue,
        ClientSession() as session,
    ):

        async def post(content: Any, signed: str | None = None, path: str = "/fivetran", method: str = "POST") -> int:
            made = signature(SECRET, content) if signed is None else signed
            url = f"http://127.0.0.1:{port}{path}"
            async with session.request(method, url, data=content, headers={SIGNATURE: made}) as answer:
                return answer.status

        end = time.monotonic() + 10
        while True:
            try:
                await post(b"{}", path="/nobody")
                break
            except OSError:
                assert time.monotonic() < end
                await asyncio.sleep(0.02)
        yield queue, post


async def nothing_comes(queue: asyncio.Queue[Any]) -> bool:
    try:
        await asyncio.wait_for(queue.get(), QUIET)
    except TimeoutError:
        return True
    return False


def test_what_is_posted_comes_out_once() -> None:
    async def story() -> None:
        async with receiver() as (queue, post):
            assert await post(body()) == 200
            event = (await asyncio.wait_for(queue.get(), 5))["fivetran"]
            assert (event["kind"], event["schema"], event["group_id"]) == (
                "sync_failed", "braze_shop_us", world.GROUP_ID,
            )  # fmt: skip
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_what_is_forged_replayed_oversized_or_malformed_does_nothing() -> None:
    async def story() -> None:
        async with receiver(max_body=2048) as (queue, post):
            taken = body()
            assert await post(taken) == 200
            assert await asyncio.wait_for(queue.get(), 5)
            assert await post(taken) == 200
            assert await post(body(), signed="0" * 64) == 401
            assert await post(body(), signed="") == 401
            assert await post(body(data={"reason": "x" * 4096})) == 413
            assert await post(b"{") == 400
            assert await post(b"[" * 2000) == 400
            assert await post(body(created="2020-01-01T00:00:00Z")) == 400
            assert await post(body(event="test_event")) == 200
            assert await post(body(), path="/other") == 404
            assert await post(body(), method="PUT") == 405
            assert await post(body(connector_type="salesforce")) == 200
            assert await nothing_comes(queue)
            assert await post(body(sync_id="2")) == 200
            assert await asyncio.wait_for(queue.get(), 5)

    asyncio.run(story())


def test_fivetran_is_answered_also_while_the_rules_are_busy() -> None:
    async def story() -> None:
        async with receiver() as (queue, post):
            assert queue.empty()
            assert {await asyncio.wait_for(post(body(sync_id=str(number))), 30) for number in range(40)} == {200}
            got = [await asyncio.wait_for(queue.get(), 5) for _number in range(40)]
            assert len({event["fivetran"]["sync_id"] for event in got}) == 40

    asyncio.run(story())


def test_too_many_requests_are_told_so() -> None:
    async def story() -> None:
        async with receiver(requests_per_second=1) as (_queue, post):
            statuses = [await post(body(sync_id=str(number))) for number in range(30)]
            assert statuses[0] == 200
            assert 429 in statuses

    asyncio.run(story())


def test_only_the_kinds_that_are_wanted_come() -> None:
    async def story() -> None:
        async with receiver(kinds=["broken"]) as (queue, post):
            assert await post(body()) == 200
            assert await post(body(sync_id="2", data={"status": "FAILURE_WITH_TASK"})) == 200
            assert (await asyncio.wait_for(queue.get(), 5))["fivetran"]["kind"] == "broken"
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_what_comes_close_together_comes_out_as_one() -> None:
    async def story() -> None:
        async with receiver(gather=1) as (queue, post):
            for number in range(40):
                assert await post(body(connector_id=f"connection_{number}", sync_id=str(number))) == 200
            batch = (await asyncio.wait_for(queue.get(), 10))["fivetran_batch"]
            assert (batch["events"], len(batch["connections"])) == (40, 40)
            assert batch["connections"][0].keys() == {"connection_id", "schema", "group_id", "kind", "at"}
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_nothing_that_is_posted_is_a_template() -> None:
    async def story() -> None:
        async with receiver() as (queue, post):
            evil = "{{ lookup('pipe', 'id') }}{% set x = 1 %}{{{# #}"
            posted = body(
                connector_name=evil, connector_id=evil, sync_id=evil, data={"status": "FAILURE", "reason": evil}
            )
            assert await post(posted) == 200
            event = await asyncio.wait_for(queue.get(), 5)
            assert event["fivetran"]["schema"].startswith("{ { lookup('pipe', 'id') }}")
            assert not re.search(r"\{[{%#]", " ".join(map(str, event["fivetran"].values())))

    asyncio.run(story())


@pytest.mark.parametrize("name", ["fivetran_webhook", "fivetran_status"])
def test_a_source_that_is_switched_off_does_nothing_and_needs_nothing(name: str) -> None:
    async def story() -> None:
        async with source(name, {"enabled": False, "port": 0}) as queue:
            assert await nothing_comes(queue)

    with patch.dict("os.environ", {"FIVETRAN_APIKEY": ""}):
        asyncio.run(story())


def test_every_emits_at_the_start_and_then_again() -> None:
    async def story() -> None:
        async with source("every", {"seconds": 1}) as queue:
            assert (await asyncio.wait_for(queue.get(), 0.5))["every"]["seconds"] == 1
            assert (await asyncio.wait_for(queue.get(), 5))["every"]["seconds"] == 1
        async with source("every", {"seconds": 0}) as queue:
            assert await nothing_comes(queue)

    asyncio.run(story())


def test_who_drips_is_not_waited_for_and_holds_nobody_up() -> None:
    async def story() -> None:
        port = free_port()
        args = {"port": port, "secret": SECRET}
        async with source("fivetran_webhook", args, PATIENCE=0.5) as queue, ClientSession() as session:
            await asyncio.sleep(QUIET)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /fivetran HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{")
            content = body()
            headers = {SIGNATURE: signature(SECRET, content)}
            async with session.post(f"http://127.0.0.1:{port}/fivetran", data=content, headers=headers) as answer:
                assert answer.status == 200
            assert await asyncio.wait_for(queue.get(), 5)
            assert b"408" in await asyncio.wait_for(reader.readline(), 5)
            writer.close()

    asyncio.run(story())


def test_where_too_much_waits_fivetran_is_asked_to_come_again_and_nothing_is_lost() -> None:
    async def story() -> None:
        port = free_port()
        args = {"port": port, "secret": SECRET}
        async with source("fivetran_webhook", args, MOST_WAITING=2) as queue, ClientSession() as session:
            await asyncio.sleep(QUIET)

            async def post(number: int) -> int:
                content = bodies[number]
                headers = {SIGNATURE: signature(SECRET, content)}
                async with session.post(f"http://127.0.0.1:{port}/fivetran", data=content, headers=headers) as answer:
                    return answer.status

            bodies = [body(sync_id=str(number)) for number in range(8)]
            statuses = [await post(number) for number in range(8)]
            assert statuses[0] == 200
            assert statuses[-1] == 503
            got = [await asyncio.wait_for(queue.get(), 5) for _number in range(statuses.count(200))]
            assert await post(7) == 200
            got.append(await asyncio.wait_for(queue.get(), 5))
            assert got[-1]["fivetran"]["sync_id"] == "7"

    asyncio.run(story())


@pytest.mark.parametrize(("name", "option"), [("fivetran_webhook", "port"), ("fivetran_status", "fivetran_api_key")])
def test_a_source_without_what_it_needs_says_so_at_once(name: str, option: str) -> None:
    given = {"secret": SECRET} if option == "port" else {}

    async def story() -> None:
        await asyncio.wait_for(load(name).main(asyncio.Queue(), given), 5)

    with patch.dict("os.environ", {"FIVETRAN_APIKEY": ""}), pytest.raises(InvalidArgument, match=f"^{option}: "):
        asyncio.run(story())


def _watched(sandbox: Sandbox) -> str:
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_shop_us")
    sandbox.seed("fivetran", "edit_connection", id=made["id"], paused=False, status={"setup_state": "connected"})
    return str(made["id"])


def test_what_changes_in_fivetran_is_seen_at_the_next_look(sandbox: Sandbox) -> None:
    connection = _watched(sandbox)
    options = status_options({"groups": [world.GROUP_NAME], "interval": 5}, sandbox.env)
    watcher = load("fivetran_status").Watcher(options)

    def look() -> list[tuple[str, str]]:
        events, wait = asyncio.run(watcher.next())
        assert wait >= 5
        return [(event["fivetran"]["kind"], event["fivetran"]["schema"]) for event in events]

    assert look() == []
    task = {"code": "reconnect", "message": f"Invalid API key: {world.BRAZE_KEY_SHOP_US}"}
    sandbox.seed("fivetran", "edit_connection", id=connection, status={"setup_state": "broken", "tasks": [task]})
    sandbox.fault("status", operation="list_connections", status=400)
    assert look() == []
    events, _wait = asyncio.run(watcher.next())
    (event,) = (found["fivetran"] for found in events)
    assert (event["kind"], event["connection_id"]) == ("broken", connection)
    assert event["before"]["setup_state"] == "connected"
    assert event["reason"].startswith("reconnect: Invalid API key: REDACTED-")
    assert world.BRAZE_KEY_SHOP_US not in json.dumps(events)
    assert look() == []
    sandbox.seed("fivetran", "edit_connection", id=connection, status={"setup_state": "connected", "tasks": []})
    assert look() == [("connected", "braze_shop_us")]
    # A look is one request.
    asked = [entry for entry in sandbox.journal("fivetran") if entry.path == "/v1/connections"]
    assert len(asked) == 5


def test_what_is_broken_at_the_start_comes_out_of_the_running_source(sandbox: Sandbox) -> None:
    connection = _watched(sandbox)
    sandbox.seed("fivetran", "edit_connection", id=connection, status={"setup_state": "broken"})

    async def story() -> None:
        async with source("fivetran_status", {"interval": 5}) as queue:
            event = await asyncio.wait_for(queue.get(), 10)
            assert event["fivetran"]["connection_id"] == connection
            assert event["fivetran"]["before"] is None

    with patch.dict("os.environ", sandbox.env):
        asyncio.run(story())


def test_what_is_found_broken_at_one_look_comes_out_as_one(sandbox: Sandbox) -> None:
    sandbox.seed("fivetran", "add_connections", count=40, schema="shop_{}", group_id=world.GROUP_ID, service="braze")
    known = list(sandbox.state()["fivetran"]["connections"])
    for connection in known:
        sandbox.seed("fivetran", "edit_connection", id=connection, status={"setup_state": "broken"})

    async def story() -> None:
        async with source("fivetran_status", {"gather": 1}) as queue:
            batch = (await asyncio.wait_for(queue.get(), 15))["fivetran_batch"]
            assert {row["connection_id"] for row in batch["connections"]} == set(known)

    with patch.dict("os.environ", sandbox.env):
        asyncio.run(story())


def test_a_group_that_does_not_exist_ends_the_source_with_the_groups_that_do(sandbox: Sandbox) -> None:
    async def story() -> None:
        await asyncio.wait_for(load("fivetran_status").main(asyncio.Queue(), {"groups": ["Warehose"]}), 10)

    with patch.dict("os.environ", sandbox.env), pytest.raises(OnrampError, match="Warehouse"):
        asyncio.run(story())


def test_the_page_leads_to_a_webhook_that_the_source_hears(sandbox: Sandbox, tmp_path: Path) -> None:
    variables, (making,), _hook = (yaml.safe_load(block) for block in blocks(CHECKOUT / "docs" / "events.md", "yaml"))
    rulebook = (CHECKOUT / "extensions" / "eda" / "rulebooks" / "heal.yml").read_text()
    assert all(f"{{{{ {name} |" in rulebook for name in variables)
    args = {"path": "/fivetran", "kinds": ["broken", "incomplete", "sync_failed"]}
    assert "fivetran_webhook_path | default('/fivetran')" in rulebook
    wanted = making["onramp.braze_fivetran.fivetran_webhook"]
    assert wanted.pop("secret") == "{{ webhook_secret }}"
    authority = trustme.CA()
    files = {"certfile": str(tmp_path / "certificate.pem"), "keyfile": str(tmp_path / "key.pem")}
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(files["certfile"])
    certificate.private_key_pem.write_to_path(files["keyfile"])
    sandbox.seed("fivetran", "trust", authority=authority.cert_pem.bytes().decode())
    port = free_port()
    url = wanted["url"].replace("automation.example.com", f"127.0.0.1:{port}")

    async def story() -> None:
        async with source("fivetran_webhook", {**args, "port": port, "secret": SECRET, **files}) as queue:
            await asyncio.sleep(QUIET)
            # A person has given another secret there than here.
            other = {**wanted, "url": url, "secret": "another-secret-of-it"}
            refused = await asyncio.to_thread(run_module, "fivetran_webhook", other, sandbox.env)
            assert refused.code == "InvalidInput"
            right = {**wanted, "url": url, "secret": SECRET, "run_test": True}
            made = await asyncio.to_thread(run_module, "fivetran_webhook", right, sandbox.env)
            assert not made.failed, made.msg
            assert made["test"]["succeed"] is True
            sandbox.seed("fivetran", "edit_webhook", id=made["webhook"]["id"], active=False)
            again = await asyncio.to_thread(run_module, "fivetran_webhook", {**wanted, "url": url}, sandbox.env)
            assert (again.changed, again["webhook"]["active"]) == (True, True)
            assert queue.empty()

    asyncio.run(story())


def test_the_page_names_every_kind_and_field_of_an_event() -> None:
    page = (CHECKOUT / "docs" / "events.md").read_text()
    kinds = next(line for line in page.splitlines() if line.startswith("| `kind` |"))
    assert set(re.findall("`(\\w+)`", kinds)) - {"kind"} == set(EventKind)
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall("`(\\w+)`", row.split("|")[1])}
    assert named >= {field.name for field in fields(Event)}
