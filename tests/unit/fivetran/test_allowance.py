# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran's headers tell of its rate limit, and what is no news."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.allowance import Allowance, allowance


def test_limit_and_rest_are_read() -> None:
    told = allowance({"x-rate-limit": "500", "x-rate-limit-remaining": " 37 "})
    assert told == Allowance(500, 37)
    assert told.is_of_a_trial
    assert not Allowance(20_000, 37).is_of_a_trial


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-rate-limit": "500"},
        {"x-rate-limit-remaining": "37"},
        {"x-rate-limit": "many", "x-rate-limit-remaining": "37"},
        {"x-rate-limit": "500", "x-rate-limit-remaining": "-1"},
        {"x-rate-limit": "500", "x-rate-limit-remaining": "501"},
        {"x-rate-limit": "5" * 40, "x-rate-limit-remaining": "37"},
        {"x-rate-limit": "\u0665", "x-rate-limit-remaining": "\u0664"},
    ],
)
def test_what_makes_no_sense_tells_nothing(headers: dict[str, str]) -> None:
    assert allowance(headers) is None
