# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one call costs this process, with the collection's client and with what it is built on."""

from __future__ import annotations

import base64
import http.client
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
import urllib3
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import FivetranClient

from tests.sandbox import world
from tests.sandbox.client import Sandbox

CALLS = 300
PATH = "/v1/account/info"


def call_cost(sandbox: Sandbox, name: str, runs: int) -> str:
    """Return a sentence on the CPU of one call over a connection that is open. ``name`` is that of the code."""
    costs = {what: _cost(call, runs) for what, call in _ways(sandbox.env["FIVETRAN_API_URL"]).items()}
    ours, *others = (f"{cost * 1000:.2f} ms {what}" for what, cost in costs.items())
    return (
        f"CPU of one call over a connection that is open: {ours}; the same with {', '.join(others)} (medians of {runs}"
        f" runs of {CALLS} calls, {datetime.now(UTC):%Y-%m-%d}, {name})."
    )


def _ways(url: str) -> dict[str, Callable[[], object]]:
    """Return ways to the same answer, the collection's first."""
    credentials = base64.b64encode(f"{world.FIVETRAN_KEY}:{world.FIVETRAN_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json;version=2"}
    ours = FivetranClient(api_key=world.FIVETRAN_KEY, api_secret=world.FIVETRAN_SECRET, api_url=url)
    session, pools = requests.Session(), urllib3.PoolManager()
    session.trust_env = False
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def plainly() -> object:
        connection.request("GET", PATH, headers=headers)
        return json.loads(connection.getresponse().read())

    return {
        "by ours": ours.account,
        "a session of requests": lambda: session.get(url + PATH, headers=headers, timeout=30).json(),
        "urllib3": lambda: json.loads(pools.request("GET", url + PATH, headers=headers, timeout=30).data),
        "http.client": plainly,
    }


def _cost(call: Callable[[], object], runs: int) -> float:
    """Return the seconds of CPU of one call. What the answer is waited for costs none."""
    costs = []
    for _run in range(runs + 1):
        started = time.process_time()
        for _call in range(CALLS):
            call()
        costs.append((time.process_time() - started) / CALLS)
    return statistics.median(costs[1:])
