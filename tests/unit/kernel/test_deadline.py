# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits grow, are spread, and never reach beyond a deadline."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import Backoff, Deadline
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.printable import printable
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import Hurried

SECONDS = st.floats(min_value=0.01, max_value=1000)


@given(SECONDS, SECONDS, st.floats(min_value=1, max_value=10), st.floats(0, 1), st.integers(1, 10_000_000))
def test_a_wait_is_never_longer_than_the_longest_nor_less_than_its_spread_allows(
    first: float, longest: float, factor: float, spread: float, tries_made: int
) -> None:
    backoff = Backoff(first, longest, factor, spread)
    assert min(first, longest) * (1 - spread) * 0.999 <= backoff.after(tries_made) <= longest


def test_waits_grow_and_those_of_two_who_collided_differ() -> None:
    backoff = Backoff(first=1.0, longest=100.0, spread=0.0)
    assert [backoff.after(tries_made) for tries_made in range(1, 9)] == [1, 2, 4, 8, 16, 32, 64, 100]
    assert len({Backoff(1.0, 100.0).after(5) for _one in range(20)}) > 1


@given(st.lists(SECONDS, max_size=30), SECONDS)
def test_nobody_waits_beyond_the_deadline(waits: list[float], seconds: float) -> None:
    time = Hurried()
    deadline = Deadline.after(seconds, time.clock)
    worth = [deadline.wait(wait) for wait in waits]
    assert sum(time.waits) <= seconds
    assert len(time.waits) == sum(worth)


def test_the_earlier_of_two_deadlines_counts() -> None:
    time = Hurried()
    deadline = Deadline.after(10.0, time.clock)
    assert deadline.within(60.0).left <= 10.0
    assert deadline.within(3.0).left <= 3.0
    time.clock.sleep(20.0)
    assert deadline.left == deadline.within(3.0).left == 0.0


@given(st.text())
def test_whatever_a_vendor_says_is_one_printable_line(text: str) -> None:
    assert printable(text).isprintable()
    printable(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it is, also ünïcode", "as it is, also ünïcode"),
        (" two\r\nlines\t", "two lines"),
        ("\x1b[2J\x07", "\ufffd[2J\ufffd"),
        ("half \ud800", "half \ufffd"),
        ("\u202eturned", "\ufffdturned"),
    ],
)
def test_what_is_printable_stays(text: str, shown: str) -> None:
    assert printable(text) == shown
