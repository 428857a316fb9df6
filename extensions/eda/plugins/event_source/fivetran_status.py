# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at Fivetran's connections again and again."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Look at Fivetran's connections again and again
description:
  - Lists the connections of groups, or of the whole account, and emits what has changed since the last look. For those
    who have no address that Fivetran can post to.
  - It keeps nothing but the last look. At its start, and at every new one, it emits what is broken already.
  - It looks less often where Fivetran's rate limit is nearly used up, and while Fivetran does not answer.
options:
  fivetran_api_key:
    description: Key of Fivetran's REST API. Unset, FIVETRAN_APIKEY of the environment counts.
    type: str
  fivetran_api_secret:
    description: The secret that belongs to it. Unset, FIVETRAN_APISECRET of the environment counts.
    type: str
  fivetran_api_url:
    description: URL of the REST API. Unset, FIVETRAN_API_URL of the environment counts.
    type: str
    default: https://api.fivetran.com
  groups:
    description: Names or ids of the groups to look at. Unset, the whole account.
    type: list
    elements: str
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
  interval:
    description: Seconds between two looks, at least 5.
    type: int
    default: 60
"""

EXAMPLES = r"""
- onramp.braze_fivetran.fivetran_status:
    groups: [Warehouse]
    interval: 60
    kinds: [broken, sync_failed]
"""

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Event sources are run as files, without the packages that they belong to. A link is not followed: what it leads to may
# lie in no folder of collections.
ROOT = str(Path(__file__).absolute().parents[7])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.group import require_group
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import (
    FivetranClient,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.trace.redact import Scrubber
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.changes import (
    RowsById,
    changes,
    look_of,
    pause,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.gather import Outlet, running
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import (
    StatusOptions,
    is_enabled,
    status_options,
)

LOGGER = logging.getLogger("onramp.braze_fivetran.fivetran_status")


class Watcher:
    """Looks, and remembers the last look."""

    def __init__(self, options: StatusOptions) -> None:
        self._options = options
        self._client = FivetranClient(api_key=options.key, api_secret=options.secret, api_url=options.url)
        self._groups: Sequence[str | None] = ()
        self._last: RowsById | None = None
        self._failures = 0
        self._scrubber = Scrubber(os.urandom(16), [options.key, options.secret])

    def look(self) -> list[dict[str, Any]]:
        """Look once, and return what is to be emitted.

        :raises OnrampError: Fivetran did not answer as it should; the next look is compared with the last one.
        """
        if not self._groups:
            named = [str(require_group(self._client, group)["id"]) for group in self._options.groups]
            self._groups = named or [None]
        rows = [row for group in self._groups for row in self._client.connections(group_id=group)]
        found = look_of(row for row in rows if row.get("service") in self._options.services)
        events = list(changes(self._last, found, datetime.now(UTC).isoformat()))
        self._last = found
        return [event.as_emitted(self._scrubber) for event in events if self._options.wants(event)]

    async def next(self) -> tuple[list[dict[str, Any]], float]:
        """Look once, and return the events and how long to wait then.

        :raises OnrampError: at the first look, which is when settings are wrong.
        """
        try:
            events = await asyncio.to_thread(self.look)
            self._failures = 0
        except OnrampError as error:
            if self._last is None:
                raise
            events = []
            self._failures += 1
            LOGGER.warning("No look at Fivetran's connections: %s", error)
        wait = pause(self._options.interval, self._failures, self._client.allowance, len(self._groups))
        return events, wait


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Look until the rulebook ends. Called by ansible-rulebook."""
    if not is_enabled(args):
        await asyncio.Event().wait()
    options = status_options(args, os.environ)
    watcher = Watcher(options)
    async with running(Outlet(queue, options.gather)) as outlet:
        while True:
            events, wait = await watcher.next()
            for event in events:
                await outlet.put(event)
            await asyncio.sleep(wait)
