# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook that is shipped, run by ansible-rulebook itself against the sandbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.events.rulebook import Rulebook, needs_rulebook, running, wait_for_the_next_look
from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.sandbox import world
from tests.sandbox.client import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.waits, needs_rulebook]
RUN = 60


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    result = play(sandbox, "onboard")
    assert result.exit_code == 0, result.output
    return sandbox


@pytest.fixture
def rulebook(onboarded: Sandbox, tmp_path: Path) -> Iterator[Rulebook]:
    with running(onboarded, tmp_path, "verify", workspaces(), {"fivetran_interval": 5}) as rulebook:
        yield rulebook


def test_what_breaks_is_explained_once_and_by_one_run(onboarded: Sandbox, rulebook: Rulebook) -> None:
    wait_for_the_next_look(onboarded, rulebook)
    assert "PLAY [" not in rulebook.printed
    task = {"code": "reconnect", "message": f"Invalid API key: {world.BRAZE_KEY_SHOP_US}"}
    onboarded.clear_journal()
    for connection in connections(onboarded).values():
        onboarded.seed(
            "fivetran", "edit_connection", id=connection["id"], status={"setup_state": "broken", "tasks": [task]}
        )
    rulebook.wait_for("setup_state is broken", RUN)
    rulebook.wait_for("PLAY RECAP", RUN)
    # Nothing has changed since.
    time.sleep(12)
    # A run that has findings is printed a second time, as an error.
    assert rulebook.printed.count("run_playbook - ERROR") == 1, rulebook.printed
    for name in ("shop_us", "shop_eu"):
        assert f"{name}: " in rulebook.printed
    assert world.BRAZE_KEY_SHOP_US not in rulebook.printed
    assert onboarded.writes() == []
