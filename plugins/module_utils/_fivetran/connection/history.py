# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far back the first sync goes, in Fivetran's fields."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# The time frames of a history in months, as Fivetran used to take them.
MONTHS: Mapping[str, int] = {"THREE_MONTHS": 3, "SIX_MONTHS": 6, "ONE_YEAR": 12, "TWO_YEARS": 24, "FIVE_YEARS": 60}


def limit(day: str) -> dict[str, str]:
    """Return what limits the history of a connection to what came after ``day`` (YYYY-MM-DD)."""
    return {"historical_sync_limit": "DATE_LIMIT", "historical_sync_limit_date": day}


def of_time_frame(time_frame: str, today: date) -> dict[str, str]:
    """Return what a new connection gets: Fivetran itself takes time frames no longer (its changelog of 2025-09)."""
    if time_frame not in MONTHS:
        return {"historical_sync_limit": time_frame} if time_frame else {}
    years, month = divmod(today.year * 12 + today.month - 1 - MONTHS[time_frame], 12)
    # The first of the month exists in every month, and limits a little less.
    return limit(date(years, month + 1, 1).isoformat())
