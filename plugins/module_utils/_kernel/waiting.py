# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words for a person who waits: until when, and how long already."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from datetime import timedelta

from .deadline import CLOCK, Clock
from .options.limits import LONGEST_SYNC


def until(seconds: float, clock: Clock = CLOCK) -> str:
    """Return the time of day ``seconds`` from now, such as ``20:14:30 UTC``."""
    # Who waits refuses what is longer, but says first until when.
    bounded = min(max(seconds, 0), LONGEST_SYNC)
    return f"{clock.now() + timedelta(seconds=bounded):%H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """Return a duration as ``45 s`` or, from two minutes on, as ``3 min``."""
    return f"{round(seconds)} s" if seconds < 120 else f"{round(seconds / 60)} min"
