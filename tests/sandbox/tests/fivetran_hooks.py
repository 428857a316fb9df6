# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of webhooks in the sandbox's Fivetran share."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from tests.sandbox.fivetran_webhooks import EVENTS
from tests.sandbox.listener import Listener
from tests.sandbox.tests.fivetran_api import Api

SECRET = "a-secret-of-a-webhook"
SIGNATURE = "X-Fivetran-Signature-256"
ALL = sorted(EVENTS)
OF_A_SYNC = ["sync_start", "sync_end"]
# Longer than anything takes that is posted at once.
QUIET = 0.2


def webhook(api: Api, listener: Listener, events: list[str] = ALL, group: str = "", **fields: Any) -> str:
    """Make a webhook; return its id."""
    place = f"group/{group}" if group else "account"
    body = {"url": listener.url, "events": events, "secret": SECRET, **fields}
    return str(api.data("POST", f"/webhooks/{place}", body)["id"])


def run_syncs(api: Api, *connections: str) -> list[dict[str, Any]]:
    """Let connections sync as if they were due."""
    loop = api.server.background.loop
    assert loop is not None
    running = api.server.control_run_syncs(list(connections) or None)
    return asyncio.run_coroutine_threadsafe(running, loop).result(timeout=10)


def named(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def is_signed(headers: Mapping[str, str], body: bytes, secret: str = SECRET) -> bool:
    """Tell, as Fivetran's own example does, whether the secret has signed a body."""
    return headers[SIGNATURE].lower() == hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
