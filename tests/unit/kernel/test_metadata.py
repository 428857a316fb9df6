# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._version import VERSION

# They plan for all hosts of the play and tell of each. Their credentials are those of the inventory.
ON_THE_CONTROLLER = ("workspace_plan", "workspace_unclaimed_info", "workspace_verdict")
CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_version_sent_to_the_vendors_is_that_of_the_collection() -> None:
    assert yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"] == VERSION


def test_every_module_is_in_exactly_the_action_group_that_its_documentation_names() -> None:
    groups = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]
    stated: dict[str, list[str]] = {name: [] for name in groups}
    for module in sorted((CHECKOUT / "plugins" / "modules").glob("*.py")):
        for name in groups:
            if f"onramp.braze_fivetran.attributes.actiongroup_{name}\n" in module.read_text():
                stated[name].append(module.stem)
    assert {name: sorted(members) for name, members in groups.items()} == stated
    assert sorted([*ON_THE_CONTROLLER, *(module for modules in stated.values() for module in modules)]) == sorted(
        path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")
    )


@pytest.mark.parametrize("name", ON_THE_CONTROLLER)
def test_a_module_that_works_on_the_controller_only_has_its_action_plugin_and_says_so_anywhere_else(name: str) -> None:
    assert (CHECKOUT / "plugins" / "action" / f"{name}.py").is_file()
    source = (CHECKOUT / "plugins" / "modules" / f"{name}.py").read_text()
    assert f'msg="{name} works on the controller only, by its action plugin of the same name."' in source
