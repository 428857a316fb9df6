# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that somebody gives as an option, and what is built from them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidArgument
from ..http.call import RetryPolicy

LONGEST_TIMEOUT = 24 * 60 * 60
# A first sync may take days.
LONGEST_SYNC = 7 * 24 * 60 * 60
# Ten years, in hours.
LONGEST_AGE = 87600


def check_number(name: str, value: int, lowest: int, highest: int) -> int:
    """Return ``value`` if it lies between the two.

    :raises InvalidArgument: naming the option and what is accepted.
    """
    if not lowest <= value <= highest:
        raise InvalidArgument(f"{name}: expected a number from {lowest} to {highest}, got {value}.")
    return value


def retry_policy(params: Mapping[str, Any]) -> RetryPolicy:
    """Build the retry policy from the options of ``HTTP_OPTIONS``.

    :raises InvalidArgument: a time that no call can be made in.
    """
    for name in ("request_timeout", "retry_timeout"):
        check_number(name, params[name], 1, LONGEST_TIMEOUT)
    limits = params.get("rate_limit_timeout")
    if limits is not None:
        check_number("rate_limit_timeout", limits, 0, LONGEST_TIMEOUT)
    return RetryPolicy(
        request_timeout=float(params["request_timeout"]),
        total=float(params["retry_timeout"]),
        limits=None if limits is None else float(limits),
    )
