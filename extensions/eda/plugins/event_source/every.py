# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Emit an event at the start, and again and again."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Emit an event at the start, and again and again
description:
  - Emits an event when the rulebook starts, and then every so many seconds. For what no event tells, such as Currents
    that stopped, and for what has happened while nobody listened.
options:
  seconds:
    description: Seconds between two events. 0 emits none.
    type: int
    required: true
"""

EXAMPLES = r"""
- onramp.braze_fivetran.every:
    seconds: 86400
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Event sources are run as files, without the packages that they belong to. A link is not followed: what it leads to may
# lie in no folder of collections.
ROOT = str(Path(__file__).absolute().parents[7])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._events.options import (
    seconds_of,
)


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Emit until the rulebook ends. Called by ansible-rulebook."""
    seconds = seconds_of(args)
    if seconds == 0:
        await asyncio.Event().wait()
    while True:
        await queue.put({"every": {"seconds": seconds, "at": datetime.now(UTC).isoformat()}})
        await asyncio.sleep(seconds)
