# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which play a task belongs to."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from typing import Any


def play_of(task: Any) -> Any:
    """Return the play that the task belongs to: variables may be set for the whole play."""
    parent = task
    while parent is not None:
        play = getattr(parent, "_play", None)
        if play is not None:
            return play
        parent = getattr(parent, "_parent", None)
    return None
