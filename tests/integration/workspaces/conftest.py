# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces of the sandbox's world, as they are looked at and planned for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Settings

from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.unit.workspaces.situations import settings

Make = Callable[..., Settings]


@pytest.fixture
def workspace(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes a workspace of the sandbox's world."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)

    def make(name: str = "shop_us", **changes: Any) -> Settings:
        of_the_sandbox = {
            "fivetran_api_key": world.FIVETRAN_KEY,
            "fivetran_api_secret": world.FIVETRAN_SECRET,
            "fivetran_api_url": sandbox.env["FIVETRAN_API_URL"],
            "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
            "braze_api_key": world.BRAZE_KEY_SHOP_US,
            "currents_bucket": world.S3_BUCKET,
            "currents_prefix": world.PREFIX,
        }
        return settings(name, **{**of_the_sandbox, **changes})

    return make
