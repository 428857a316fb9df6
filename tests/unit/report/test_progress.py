# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line that tells how far it is."""

from __future__ import annotations

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.progress import Progress, time_left


def test_a_line_is_written_over_the_one_before_and_leaves_nothing_of_a_longer_one() -> None:
    written: list[str] = []
    progress = Progress(shown=True, write=written.append)
    progress.tell("10 of 30")
    progress.tell("10 of 30")
    progress.tell("9 of 30")
    progress.clear()
    progress.clear()
    assert written == ["\r10 of 30\r", "\r9 of 30 \r", "\r       \r"]


def test_where_no_terminal_is_not_a_byte_is_written() -> None:
    written: list[str] = []
    progress = Progress(shown=False, write=written.append)
    progress.tell("10 of 30")
    progress.clear()
    assert written == []


def test_a_line_is_never_longer_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    written: list[str] = []
    Progress(shown=True, write=written.append).tell("x" * 100)
    assert written == [f"\r{'x' * 39}\r"]


@pytest.mark.parametrize(
    ("done", "total", "seconds", "told"),
    [
        (137, 1000, 114.0, ", about 12 min left"),
        # Also what was waited for is part of what the others took.
        (137, 1000, 3714.0, ", about 390 min left"),
        (50, 100, 40.0, ", about 40 s left"),
        (2, 100, 40.0, ""),
        (50, 100, 2.0, ""),
        (99, 100, 40.0, ""),
        (100, 100, 40.0, ""),
        (0, 100, 40.0, ""),
    ],
)
def test_what_is_left_is_reckoned_from_what_is_done_once_that_can_be(
    done: int, total: int, seconds: float, told: str
) -> None:
    assert time_left(done, total, seconds) == told
