# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Braze's own server for agents: its functions, each of which asks Braze and reads the answer with Braze's models."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from braze_mcp.tools import campaigns, canvases, events, purchases, segments, subscription_groups, templates
from braze_mcp.utils.context import BrazeContext
from braze_mcp.utils.http import build_http_client

from tests.compat.drivers.steps import Steps

BASE_URL, KEY = os.environ["SANDBOX_BRAZE_URL"], os.environ["SANDBOX_BRAZE_KEY_SHOP_US"]


def main() -> None:
    steps = Steps("braze-mcp-server")
    loop = asyncio.new_event_loop()
    client = build_http_client(KEY)
    context: Any = SimpleNamespace(
        request_context=SimpleNamespace(lifespan_context=BrazeContext(KEY, BASE_URL, client)),
    )

    def expect(call: Callable[..., Any], *arguments: Any) -> None:
        """What its model does not fit comes back as a dictionary, and what was refused with an error in it."""

        def kind() -> str:
            answer = loop.run_until_complete(call(context, *arguments))
            return "as modelled" if not isinstance(answer, dict) else f"not as modelled: {answer}"[:300]

        steps.expect(call.__name__, kind, "as modelled")

    expect(campaigns.get_campaign_list)
    expect(canvases.get_canvas_list)
    expect(segments.get_segment_list)
    expect(events.get_events_list)
    expect(purchases.get_product_list)
    expect(templates.get_email_templates)
    expect(subscription_groups.get_user_subscription_groups, "nobody")
    loop.run_until_complete(client.aclose())
    steps.tell()


main()
