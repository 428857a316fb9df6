# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy would hand out holds what a user needs, and works where nothing else of this checkout is."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.checks import copy_checkout_to
from tests.playbook import CHECKOUT, COLLECTIONS, run_playbook
from tests.sandbox.client import Sandbox

GALAXY = str(Path(sys.executable).parent / "ansible-galaxy")
FOR_USERS = {
    "CHANGELOG.rst",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "examples",
    "execution-environment.yml",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "requirements.yml",
    "roles",
}


def galaxy(folder: Path, *arguments: str) -> None:
    """Run ansible-galaxy with nothing of this machine's configuration."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "installed"),
    }
    subprocess.run([GALAXY, "collection", *arguments], cwd=folder, env=environment, check=True, timeout=120)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the artefact out of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("artefact")
    copy_checkout_to(folder / "source")
    galaxy(folder, "build", "source", "--output-path", str(folder))
    return next(folder.glob("onramp-braze_fivetran-*.tar.gz"))


def test_the_artefact_holds_only_what_a_user_needs(artefact: Path) -> None:
    with tarfile.open(artefact) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} == FOR_USERS
    assert [name for name in names if name.startswith("changelogs/")] == ["changelogs/changelog.yaml"]
    plugins = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "plugins").rglob("*.py")}
    assert plugins <= set(names)


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
