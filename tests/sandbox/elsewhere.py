# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that nobody configured. Redirects can lead here; the journal shows whether credentials came along."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.sandbox.core import Hub, Json, Server

CREDENTIALS = ("Authorization", "Cookie", "X-Amz-Security-Token", "X-Goog-User-Project")


class Elsewhere(Server):
    """Answers everything with ``{}``. The ``credentials`` of an entry's body name the headers with secrets."""

    name = "elsewhere"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)

    def reset(self) -> None:
        """Nothing to reset."""

    def state(self) -> Any:
        return {}

    async def body(self, request: web.Request) -> Json:
        return {"credentials": [name for name in CREDENTIALS if name in request.headers]}

    async def other(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        return web.json_response({})
