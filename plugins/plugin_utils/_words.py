# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How sentences list things."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable

# So many names stand in a sentence.
MOST_NAMES = 10


def joined(names: Iterable[str], last: str = "and") -> str:
    """Return names as a person lists them: a, b and c; of very many, how many more there are."""
    items = list(names)
    if len(items) > MOST_NAMES + 1:
        items = [*items[:MOST_NAMES], f"{len(items) - MOST_NAMES} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
