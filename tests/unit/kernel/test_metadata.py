# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.doc_fragments._attributes import ModuleDocFragment
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.version import VERSION

from tests.collection import imported_from

# They speak of what is set for the hosts of the play. Their credentials are those of the inventory.
ON_THE_CONTROLLER = (
    "role_variables",
    "workspace_heal",
    "workspace_plan",
    "workspace_plan_info",
    "workspace_unclaimed_info",
    "workspace_verdict",
)
CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_version_sent_to_the_vendors_is_that_of_the_collection() -> None:
    assert yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"] == VERSION


def memberships(module: Path) -> list[str]:
    """Return the action groups that a module's documentation names, by the fragment that it takes them from."""
    found = re.search(r"onramp\.braze_fivetran\._attributes\.(actiongroup_\w+)", module.read_text())
    if found is None:
        return []
    fragment = yaml.safe_load(getattr(ModuleDocFragment, found[1].upper()))
    return [name.rpartition(".")[2] for name in fragment["attributes"]["action_group"]["membership"]]


def test_every_module_is_in_exactly_the_action_groups_that_its_documentation_names() -> None:
    groups = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text())["action_groups"]
    modules = sorted((CHECKOUT / "plugins" / "modules").glob("*.py"))
    stated = {module.stem: memberships(module) for module in modules}
    assert {name: sorted(members) for name, members in groups.items()} == {
        name: [module for module, names in stated.items() if name in names] for name in groups
    }
    assert sorted(name for name, named in stated.items() if not named) == sorted(ON_THE_CONTROLLER)


@pytest.mark.parametrize("name", ON_THE_CONTROLLER)
def test_a_module_that_works_on_the_controller_only_has_its_action_plugin_and_says_so_anywhere_else(name: str) -> None:
    assert (CHECKOUT / "plugins" / "action" / f"{name}.py").is_file()
    source = (CHECKOUT / "plugins" / "modules" / f"{name}.py").read_text()
    assert f'refuse("{name}", ' in source


def test_what_it_says() -> None:
    module = "ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_verdict"
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {}}),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(imported_from())},
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout)
    assert result["failed"]
    assert result["msg"] == "workspace_verdict works on the controller only, by its action plugin of the same name."
