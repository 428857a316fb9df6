# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy would hand out holds what a user needs, and works where nothing else of this checkout is."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.collection import CHECKOUT, COLLECTIONS
from tests.integration.galaxy import galaxy
from tests.playbook import run_playbook
from tests.sandbox.client import Sandbox

FOR_USERS = {
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "FILES.json",
    "LICENSE",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs",
    "docs",
    "examples",
    "execution-environment.yml",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "requirements.yml",
    "roles",
}


def test_the_artefact_holds_only_what_a_user_needs(artefact: Path) -> None:
    with tarfile.open(artefact) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} == FOR_USERS
    assert [name for name in names if name.startswith("changelogs/")] == ["changelogs/changelog.yaml"]
    plugins = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "plugins").rglob("*.py")}
    assert plugins <= set(names)


@pytest.mark.slow
def test_the_installed_artefact_onboards_and_then_changes_nothing(artefact: Path, sandbox: Sandbox) -> None:
    folder = artefact.parent
    installed = folder / "installed"
    galaxy(folder, "install", str(artefact), "--no-deps", "--offline", "-p", str(installed))
    amazon = installed / "ansible_collections" / "amazon"
    amazon.symlink_to(COLLECTIONS / "ansible_collections" / "amazon", target_is_directory=True)
    playbook = "onramp.braze_fivetran.onboard"
    inventory = CHECKOUT / "examples" / "workspaces.yml"
    alone = {"ANSIBLE_COLLECTIONS_PATH": str(installed)}
    first, second = (run_playbook(sandbox, playbook, inventory=inventory, environment=alone) for _run in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert all(first.changed(host) for host in ("shop_eu", "shop_us"))
    assert {host: second.changed(host) for host in second.stats} == {"shop_eu": 0, "shop_us": 0}
