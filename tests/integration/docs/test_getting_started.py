# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who does what "Getting started" says, command by command, in an empty folder, ends with a workspace that runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.options import OWN

from tests.collection import CHECKOUT, COLLECTIONS
from tests.documents import blocks
from tests.integration.docs.shell import shell
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PAGE = CHECKOUT / "docs" / "getting_started.md"
SHOWN = [
    [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    for block in blocks(PAGE, "console")
]
INSTALL, INSTALL_OFFLINE, INIT, VAULT, ONBOARD, VERIFY = SHOWN
FILES = ("ansible.cfg", "inventory.yml", "group_vars/braze_workspaces/vault.yml")
PASSWORD = "a-password-of-a-vault"


class Newcomer:
    """Somebody in an empty folder, with a home in which nothing is."""

    def __init__(self, folder: Path, sandbox: Sandbox, path: Path) -> None:
        self.folder = folder / "braze"
        self.folder.mkdir()
        self.sandbox = sandbox
        (folder / ".braze_vault_password").write_text(PASSWORD)
        self.environment = {
            # Home is where the password of the vault is, which one page's command names.
            "HOME": str(folder),
            "PATH": f"{path}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "true",
            **sandbox.env,
        }

    def run(self, command: str, typed: str = "", **environment: str) -> tuple[int, str]:
        """Run a command as it stands on the page; ``typed``: what is answered to its questions."""
        return shell("", command, self.folder, {**self.environment, **environment}, typed=typed, timeout=600)

    def written(self) -> dict[str, str]:
        return {name: (self.folder / name).read_text() for name in FILES}

    def fill_in(self) -> None:
        """Replace what is to be replaced, in the files and in the order of the page."""
        encrypt, edit = VAULT
        assert self.run(encrypt, f"{PASSWORD}\n{PASSWORD}\n")[0] == 0
        secrets = [world.BRAZE_KEY_SHOP_US, self.sandbox.env["FIVETRAN_APIKEY"], self.sandbox.env["FIVETRAN_APISECRET"]]
        editor = self.folder.parent / "editor.py"
        editor.write_text(
            "import sys\npath = sys.argv[-1]\ntext = open(path).read()\n"
            f"for secret in {secrets!r}:\n    text = text.replace(': CHANGE_ME', ': ' + secret, 1)\n"
            "open(path, 'w').write(text)\n"
        )
        code, told = self.run(edit, f"{PASSWORD}\n", EDITOR=f"{sys.executable} {editor}")
        assert code == 0, told
        for value in (world.GROUP_NAME, self.sandbox.env["SANDBOX_BRAZE_URL"], world.S3_BUCKET):
            inventory = self.folder / "inventory.yml"
            inventory.write_text(inventory.read_text().replace(": CHANGE_ME", f": {value}", 1))


@pytest.fixture
def newcomer(sandbox: Sandbox, tmp_path: Path) -> Newcomer:
    someone = Newcomer(tmp_path, sandbox, Path(sys.executable).parent)
    someone.environment["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
    return someone


@pytest.mark.slow
def test_who_follows_the_page_ends_with_a_workspace_that_runs(newcomer: Newcomer) -> None:
    [init] = INIT
    code, told = newcomer.run(init)
    assert code == 0, told
    vault = newcomer.folder / FILES[-1]
    assert vault.stat().st_mode & 0o777 == 0o600
    check, onboard = ONBOARD
    # Before anything is filled in, each thing that is left to do is named.
    code, told = newcomer.run(check, f"{PASSWORD}\n")
    assert code != 0
    left = re.findall(r"my_workspace: (\w+): is still to be filled in", told)
    placeholders = "".join(newcomer.written().values()).count(": CHANGE_ME")
    assert len(set(left)) == placeholders
    newcomer.fill_in()
    assert vault.read_text().startswith("$ANSIBLE_VAULT")
    code, told = newcomer.run(check, f"{PASSWORD}\n")
    assert code == 0, told
    assert newcomer.sandbox.writes() == []
    code, told = newcomer.run(onboard, f"{PASSWORD}\n")
    assert code == 0, told
    assert "1 workspace: 1 fine" in told
    assert (newcomer.folder / "report.html").exists()
    [verify] = VERIFY
    code, told = newcomer.run(verify)
    assert code == 0, told


@pytest.mark.slow
def test_init_leaves_alone_what_is_there_and_writes_nothing_in_check_mode(newcomer: Newcomer) -> None:
    [init] = INIT
    code, told = newcomer.run(f"{init} --check --diff")
    assert (code, list(newcomer.folder.iterdir())) == (0, []), told
    mine = newcomer.folder / "inventory.yml"
    mine.write_text("mine: {}\n")
    code, told = newcomer.run(init)
    assert code == 0, told
    assert mine.read_text() == "mine: {}\n"
    before = newcomer.written()
    code, told = newcomer.run(init)
    assert code == 0, told
    assert "changed=0" in told
    assert newcomer.written() == before
    # A folder that is not absolute is one of where somebody stands, not of the playbook.
    code, told = newcomer.run(f"{init} -e init_folder=beside")
    assert code == 0, told
    assert (newcomer.folder / "beside" / "inventory.yml").is_file()
    # As who starts it without a shell: what a shell says of the folder may be of another one, or nothing at all.
    (newcomer.folder / "there").mkdir()
    for number, said in enumerate(("-u PWD", "")):
        code, told = newcomer.run(f"env {said} --chdir=there {init} -e init_folder=in_{number}")
        assert code == 0, told
        assert (newcomer.folder / "there" / f"in_{number}" / "inventory.yml").is_file()


GOOD = (CHECKOUT / "playbooks" / "files" / "init" / "inventory.yml").read_text()


def test_the_packages_that_the_page_installs_are_those_that_the_collection_needs() -> None:
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    needed = {re.split("[<>=]", line)[0] for line in lines if not line.startswith("#")}
    for commands in (INSTALL, INSTALL_OFFLINE):
        [pip] = [shlex.split(command) for command in commands if command.startswith("pip install")]
        assert {*pip[2:]} - {"ansible", "ansible-core"} == needed


@pytest.mark.slow
def test_who_has_nothing_and_no_galaxy_installs_as_the_page_says(
    sandbox: Sandbox, tmp_path: Path, artefact: Path
) -> None:
    environment, _activate, _pip, _galaxy = INSTALL
    someone = Newcomer(tmp_path, sandbox, tmp_path / "braze" / "braze-fivetran" / "bin")
    shutil.copy(artefact, someone.folder / artefact.name)
    for command in (environment.replace("python3", sys.executable), *INSTALL_OFFLINE):
        code, told = someone.run(re.sub(r"onramp-braze_fivetran-[0-9.]+\.tar\.gz", artefact.name, command))
        assert code == 0, told
    [init] = INIT
    code, told = someone.run(init)
    assert code == 0, told
    someone.fill_in()
    _check, onboard = ONBOARD
    code, told = someone.run(onboard, f"{PASSWORD}\n")
    assert code == 0, told
    assert "1 workspace: 1 fine" in told


def test_the_settings_that_init_writes_are_settings_and_none_that_is_needed_is_missing() -> None:
    group: Mapping[str, Mapping[str, Any]] = yaml.safe_load(GOOD)["braze_workspaces"]
    [host] = group["hosts"].values()
    named = {*group["vars"], *host}
    assert named <= set(OWN)
    assert {name for name, option in OWN.items() if option.required} <= named
