# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client for Fivetran that agents use, of which only the HTTP client is taken."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from fivetran_mcp.fivetran_api import FivetranClient

from tests.compat.drivers.steps import Steps

CONNECTION, GROUP = os.environ["COMPAT_CONNECTION"], os.environ["COMPAT_GROUP"]
# It knows one address only.
FivetranClient.BASE_URL = os.environ["FIVETRAN_API_URL"]


def main() -> None:
    steps = Steps("fivetran-mcp")
    loop = asyncio.new_event_loop()
    client = FivetranClient(os.environ["FIVETRAN_APIKEY"], os.environ["FIVETRAN_APISECRET"])

    def expect(name: str, call: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        steps.expect(name, lambda: loop.run_until_complete(call())["code"], "Success")

    expect("list_connections", client.list_connections)
    expect("list_groups", client.list_groups)
    expect("list_connections_in_group", lambda: client.list_connections_in_group(GROUP))
    expect("get_connection", lambda: client.get_connection(CONNECTION))
    expect("pause_connection", lambda: client.pause_connection(CONNECTION))
    expect("resume_connection", lambda: client.resume_connection(CONNECTION))
    expect("trigger_sync", lambda: client.trigger_sync(CONNECTION))
    expect("trigger_resync", lambda: client.trigger_resync(CONNECTION))
    expect("get_schema", lambda: client.get_schema(CONNECTION))
    expect("test_connection", lambda: client.test_connection(CONNECTION))
    expect("reload_schema", lambda: client.reload_schema(CONNECTION))
    loop.run_until_complete(client.close())
    steps.tell()


main()
