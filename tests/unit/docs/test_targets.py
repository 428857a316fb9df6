# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-test integration`` has a target for every module, which runs it as a user would, also in check mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collection import CHECKOUT

TARGETS = CHECKOUT / "tests" / "integration" / "targets"
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))


def target_of(module: str) -> Path:
    """Return the folder of a module's target; one whose name a role has is called otherwise."""
    return TARGETS / (f"{module}_module" if (CHECKOUT / "roles" / module).exists() else module)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_target_that_runs_it_for_real_and_in_check_mode(module: str) -> None:
    folder = target_of(module)
    assert "sandbox" in (folder / "aliases").read_text().splitlines()
    text = "".join(path.read_text() for path in folder.rglob("*.yml"))
    assert text.count(f"onramp.braze_fivetran.{module}:") >= 2
    assert "check_mode: true" in text
    assert "ansible.builtin.assert:" in text


def test_every_target_is_of_a_module() -> None:
    folders = {path.name for path in TARGETS.iterdir() if not path.name.startswith("setup_")}
    assert folders == {target_of(module).name for module in MODULES}


def test_nothing_lies_where_ansible_test_writes_its_own_files() -> None:
    # It writes the inventory of the targets there, and reads the others if they are files.
    taken = {"inventory", "integration_config.yml", "cloud-config-aws.ini"}
    assert taken.isdisjoint(path.name for path in TARGETS.parent.iterdir())
