# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many examples a property is tried on: a quarter in ``make test``, all of them in ``make test-full``."""

from __future__ import annotations

import os

# As `make test-full` sets it.
FULL = "ALL_EXAMPLES" in os.environ
# What Hypothesis tries by itself.
USUAL = 100


def examples(number: int = USUAL) -> int:
    """Return how many examples to try of those that ``make test-full`` tries."""
    return number if FULL else max(number // 4, 10)
