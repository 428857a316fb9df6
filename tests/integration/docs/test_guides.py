# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guides show, works: their inventories are onboarded, and their plays are played."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.playbooks.fleet import connections, play
from tests.playbook import CHECKOUT, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

GUIDES = sorted((CHECKOUT / "docs").glob("guide_*.md"))


def blocks(page: Path) -> list[Any]:
    """Return the YAML that a page shows."""
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)]


@pytest.mark.parametrize("page", [page for page in GUIDES if blocks(page)], ids=lambda page: page.stem)
def test_the_yaml_of_a_guide_connects_a_workspace(sandbox: Sandbox, page: Path) -> None:
    url = sandbox.env["SANDBOX_BRAZE_URL"]
    # What the reader has in a vault, and the one value that is different in the sandbox.
    given = {
        "vault_shop_us_key": world.BRAZE_KEY_SHOP_US,
        "vault_shop_eu_key": world.BRAZE_KEY_SHOP_EU,
        "braze_api_url": url,
        "shop_us_rest_url": url,
    }
    extra = [argument for name, value in given.items() for argument in ("-e", f"{name}={value}")]
    [block] = blocks(page)
    if "braze_workspaces" in block:
        result = play(sandbox, "onboard", *extra, inventory=block)
    else:
        result = run_playbook(sandbox, block, *extra)
    assert result.exit_code == 0, result.output
    [connection] = connections(sandbox).values()
    assert connection["status"]["setup_state"] == "connected"
    assert connection["paused"] is False
