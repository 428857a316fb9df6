# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Receive Fivetran's webhooks."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Receive Fivetran's webhooks
description:
  - Listens for what Fivetran posts to a webhook, which the module onramp.braze_fivetran.fivetran_webhook makes.
  - What is not signed with the secret, too large, malformed, older than a day, or posted a second time, does nothing.
  - Fivetran needs HTTPS with a certificate that the internet trusts. Let a proxy have it, or give certfile and keyfile.
options:
  host:
    description: Address to listen at. The default is reached from the same machine only, as by a proxy.
    type: str
    default: 127.0.0.1
  port:
    description: Port to listen at.
    type: int
    required: true
  path:
    description: Path of the webhook's URL. All others are answered with 404.
    type: str
    default: /fivetran
  secret:
    description:
      - The secret that the webhook signs with. A list is any of them, while one replaces another.
      - Unset, ONRAMP_WEBHOOK_SECRET of the environment counts.
    type: str
  certfile:
    description: Certificate chain in PEM, for HTTPS without a proxy. Needs keyfile.
    type: str
  keyfile:
    description: Private key of the certificate, in PEM.
    type: str
  enabled:
    description: Whether the source does anything. For rulebooks that let a variable decide.
    type: bool
    default: true
  gather:
    description:
      - Emit one event for all that comes until so many seconds have passed without another one, at most five times
        that. After eight of them within short, there is one in 60 times that.
      - The event is C(event.fivetran_batch), with C(connections) and the number of C(events). 0 emits each by itself.
    type: int
    default: 0
  kinds:
    description: Emit only events of these kinds, such as broken and sync_failed. Unset, all.
    type: list
    elements: str
  services:
    description: Emit only events of connections of these services.
    type: list
    elements: str
    default: [braze]
  max_body:
    description: The largest body that is read, in bytes.
    type: int
    default: 65536
  requests_per_second:
    description: How many requests are answered a second in the long run. Ten times as many may come at once.
    type: int
    default: 20
"""

EXAMPLES = r"""
- onramp.braze_fivetran.fivetran_webhook:
    port: 5000
    kinds: [broken, sync_failed]
"""

import asyncio
import logging
import os
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

# Event sources are run as files, without the packages that they belong to. A link is not followed: what it leads to may
# lie in no folder of collections.
ROOT = str(Path(__file__).absolute().parents[7])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.redact import Scrubber
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gate import (
    SIGNATURE,
    Gate,
    Rate,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gather import Outlet, running
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import (
    WebhookOptions,
    is_enabled,
    webhook_options,
)

LOGGER = logging.getLogger("onramp.braze_fivetran.fivetran_webhook")
# Events that wait for the rules. Beyond these, Fivetran is asked to come again.
MOST_WAITING = 1000
# Seconds that a body may take.
PATIENCE = 10.0
AT_ONCE = 10


class Receiver:
    """Answers requests, and hands over what they tell. Who asks is answered before the rules have run."""

    def __init__(self, options: WebhookOptions) -> None:
        self._options = options
        self._gate = Gate(options.secrets)
        self._rate = Rate(options.requests_per_second, AT_ONCE * options.requests_per_second)
        self._scrubber = Scrubber(os.urandom(16), options.secrets)
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_WAITING)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        if not self._rate.one_more(time.monotonic()):
            return web.Response(status=429, text="Too many requests.", headers={"Retry-After": "1"})
        try:
            body = await asyncio.wait_for(request.read(), PATIENCE)
        except TimeoutError:
            return web.Response(status=408, text="The body takes too long.")
        reply = self._gate.reply(request.headers.get(SIGNATURE, ""), body, datetime.now(UTC))
        if reply.status != 200:
            LOGGER.warning("Refused a request from %s: %s", request.remote, reply.said)
        if reply.event is None:
            return web.Response(status=reply.status, text=reply.said)
        if self._options.wants(reply.event):
            try:
                self.waiting.put_nowait(reply.event.as_emitted(self._scrubber))
            except asyncio.QueueFull:
                return web.Response(status=503, text="Too much is waiting.", headers={"Retry-After": "60"})
        self._gate.take(body)
        return web.Response(text=reply.said)


def _tls(options: WebhookOptions) -> ssl.SSLContext | None:
    if not options.certfile:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certfile, options.keyfile)
    return context


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Listen until the rulebook ends. Called by ansible-rulebook."""
    if not is_enabled(args):
        await asyncio.Event().wait()
    options = webhook_options(args, os.environ)
    receiver = Receiver(options)
    application = web.Application(client_max_size=options.max_body)
    application.router.add_post(options.path, receiver.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port, ssl_context=_tls(options)).start()
        LOGGER.info("Listening at %s:%d%s", options.host, options.port, options.path)
        async with running(Outlet(queue, options.gather)) as outlet:
            while True:
                await outlet.put(await receiver.waiting.get())
    finally:
        await runner.cleanup()
