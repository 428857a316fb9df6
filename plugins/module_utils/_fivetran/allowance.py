# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much Fivetran still answers: what its answers tell of the rate limit, which counts for the whole account."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._kernel.http.call import Call

LIMIT, LEFT = "x-rate-limit", "x-rate-limit-remaining"
# What Fivetran's documentation says of an account on trial: requests, and setup tests, within an hour.
TRIAL_REQUESTS, TRIAL_TESTS = 500, 50
# And of one that pays: setup tests within an hour.
TESTS = 2500
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Allowance:
    """Requests within an hour, and how many of them are left."""

    limit: int
    left: int

    @property
    def tests(self) -> int:
        """How many setup tests are allowed within an hour, which no answer tells."""
        return TRIAL_TESTS if self.is_of_a_trial else TESTS

    @property
    def is_of_a_trial(self) -> bool:
        """Whether the account is on trial, which nothing else tells."""
        return self.limit <= TRIAL_REQUESTS


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """Return what an answer tells; None where it says nothing, or nothing that makes sense."""
    said = [headers.get(name, "").strip() for name in (LIMIT, LEFT)]
    if not all(map(_COUNT.fullmatch, said)):
        return None
    limit, left = map(int, said)
    return Allowance(limit, left) if left <= limit else None


def limits_of(call: Call) -> tuple[str, ...]:
    """Return which limits count a call, the narrowest one last."""
    is_test = call.method == "POST" and call.path.startswith("/connections/") and call.path.endswith("/test")
    return ("requests", "setup tests") if is_test else ("requests",)
