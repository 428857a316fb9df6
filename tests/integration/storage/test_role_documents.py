# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table in the README of each role is its argument spec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.collection import CHECKOUT

ROLES = ("s3_access", "gcs_access")


def readme(role: str) -> str:
    return (CHECKOUT / "roles" / role / "README.md").read_text()


def load(role: str, name: str) -> Any:
    return yaml.safe_load(Path(CHECKOUT, "roles", role, name).read_text())


def rows(role: str) -> dict[str, tuple[str, str]]:
    """Return default and reason by variable."""
    found = re.findall(rf"^\| `({role}_\w+)` \|([^|]*)\|([^|]+)\|$", readme(role), re.MULTILINE)
    return {name: (default.strip("` "), reason) for name, default, reason in found}


@pytest.mark.parametrize("role", ROLES)
def test_the_table_has_every_variable_with_its_default_and_a_reason(role: str) -> None:
    options = load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = load(role, "defaults/main.yml")
    table = rows(role)
    assert set(table) == set(options)
    for name, option in options.items():
        default, reason = table[name]
        assert reason.strip()
        assert defaults.get(name) == option.get("default"), name
        if option.get("required"):
            assert default == "required"
        elif "default" in option:
            assert yaml.safe_load(default) == option["default"] or default == option["default"], name
