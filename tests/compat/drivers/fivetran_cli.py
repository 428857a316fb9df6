# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's own command line: its HTTP client, not the command itself, which would report its use to Fivetran."""

from __future__ import annotations

import base64
import os
from typing import Any

from fivetran_cli.http.client import ClientConfig, FivetranClient

from tests.compat.drivers.steps import Steps

KEY = f"{os.environ['FIVETRAN_APIKEY']}:{os.environ['FIVETRAN_APISECRET']}"
CONNECTION, GROUP = os.environ["COMPAT_CONNECTION"], os.environ["COMPAT_GROUP"]


def main() -> None:
    steps = Steps("fivetran-cli")
    encoded = base64.b64encode(KEY.encode()).decode()
    client = FivetranClient(ClientConfig(api_key=encoded, base_url=os.environ["FIVETRAN_API_URL"], timeout=60))

    def ask(method: str, path: str, payload: Any = None) -> Any:
        return client.request(method, f"/v1{path}", payload=payload)["data"]

    def ids(path: str) -> list[str]:
        return [row["id"] for row in client.paginated_request("GET", f"/v1{path}", query={"limit": 1})["data"]["items"]]

    path = f"/connections/{CONNECTION}"
    steps.expect("account info", lambda: ask("GET", "/account/info")["account_id"])
    steps.expect("group list", lambda: GROUP in ids("/groups"), True)
    steps.expect("connection list, page by page", lambda: CONNECTION in ids("/connections"), True)
    steps.expect("connection list of a group", lambda: ids(f"/groups/{GROUP}/connections"), [CONNECTION])
    steps.expect("connection get", lambda: ask("GET", path)["status"]["setup_state"], "connected")
    steps.expect("connection update", lambda: ask("PATCH", path, {"paused": True})["paused"], True)
    steps.expect("connection update back", lambda: ask("PATCH", path, {"paused": False})["paused"], False)
    steps.expect("connection test", lambda: bool(ask("POST", f"{path}/test", {})["setup_tests"]), True)
    steps.expect("connection sync", lambda: client.request("POST", f"/v1{path}/sync", payload={"force": True})["code"])
    steps.expect("connection schemas", lambda: sorted(ask("GET", f"{path}/schemas")["schemas"]))
    steps.expect("destination get", lambda: ask("GET", f"/destinations/{GROUP}")["setup_status"], "connected")
    steps.expect("connector type", lambda: ask("GET", "/metadata/connector-types/braze")["id"], "braze")
    steps.tell()


main()
