# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People are told once what only they can mend, and of every healing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.memory import AttemptsMemory
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.news import (
    TOLD,
    all_told,
    is_news,
    remember,
    told_before,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.attempts import Attempts

NAME = "jovial_daylight/braze_shop_us"


def outcome(state: str, message: str = "The key is refused since 10:15.", code: str = "invalid_key") -> dict[str, Any]:
    return {"state": state, "finding": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("state", "news"),
    [("healed", True), ("syncing", True), ("nothing_broken", False), ("cooling_down", False), ("left_out", False)],
)
def test_what_a_run_has_done_is_told_each_time(tmp_path: Path, state: str, news: bool) -> None:
    memory = AttemptsMemory(tmp_path / "state.json", Attempts())
    for _time in range(2):
        assert is_news(outcome(state), NAME, memory, 3600) is news
        remember(outcome(state), NAME, memory)
    assert all_told(memory)["attempts"] == []


@pytest.mark.parametrize("state", ["needs_a_person", "not_healed"])
@pytest.mark.parametrize("where", ["file", "fact"])
def test_what_lasts_is_told_once_until_it_has_cooled_down(tmp_path: Path, state: str, where: str) -> None:
    path = tmp_path / "state.json" if where == "file" else None
    first = AttemptsMemory(path, Attempts())
    assert is_news(outcome(state), NAME, first, 3600)
    remember(outcome(state), NAME, first)
    facts = {TOLD: all_told(first)} if where == "fact" else {}
    later = AttemptsMemory(path, told_before(facts))
    # The same at another time; but not another cause, another workspace, or after the cooldown.
    assert not is_news(outcome(state, "The key is refused since 11:45."), NAME, later, 3600)
    assert is_news(outcome(state, "The role is gone.", "role_not_found"), NAME, later, 3600)
    assert is_news(outcome(state), "jovial_daylight/braze_shop_eu", later, 3600)
    assert is_news(outcome(state), NAME, later, 0)


def test_what_nobody_could_be_told_is_still_news(tmp_path: Path) -> None:
    memory = AttemptsMemory(tmp_path / "state.json", Attempts())
    assert is_news(outcome("needs_a_person"), NAME, memory, 3600)
    assert is_news(outcome("needs_a_person"), NAME, memory, 3600)
