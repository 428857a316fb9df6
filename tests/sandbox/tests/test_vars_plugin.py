# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In the sandbox an inventory stands as it would anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.service import of_ansible

BRAZE = "http://127.0.0.1:4711"
SANDBOX = {"SANDBOX_BRAZE_URL": BRAZE, "SANDBOX_BRAZE_KEY_SHOP_US": "a-key-of-the-sandbox", **of_ansible()}
INVENTORY = """\
braze_workspaces:
  vars: {braze_api_url: US-01}
  hosts:
    by_group: {key: "{{ vault_shop_us_key }}"}
    by_url: {braze_api_url: "https://rest.fra-02.braze.eu"}
    by_page: {braze_api_url: "https://dashboard-01.braze.com/app"}
    in_file: {}
    elsewhere: {braze_api_url: "https://braze.example.com"}
"""


def laid_out(folder: Path) -> Path:
    (folder / "inventory.yml").write_text(INVENTORY)
    (folder / "host_vars").mkdir()
    (folder / "host_vars" / "in_file.yml").write_text("braze_api_url: dashboard-02.braze.eu\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return laid_out(tmp_path)


def variables(folder: Path, **environment: str) -> dict[str, Any]:
    """Return the variables of all hosts, as Ansible sees them."""
    command = [Path(sys.executable).parent / "ansible-inventory", "-i", folder / "inventory.yml", "--list"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SANDBOX_"))}
    given = {**inherited, "HOME": str(folder), "LC_ALL": "C.UTF-8", **environment}
    told = subprocess.run(list(map(str, command)), env=given, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told, object_hook=plain)["_meta"]["hostvars"]
    return found


def plain(value: dict[str, Any]) -> Any:
    """Return a text in which Ansible would not look for templates as a text."""
    return value.get("__ansible_unsafe", value)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the variables in the sandbox."""
    return variables(laid_out(tmp_path_factory.mktemp("inventory")), **SANDBOX)


def test_an_instance_of_braze_is_the_sandboxs_wherever_it_is_set_and_nothing_else_is(found: dict[str, Any]) -> None:
    addresses = {host: values["braze_api_url"] for host, values in found.items()}
    names = ("by_group", "by_url", "by_page", "in_file")
    assert addresses == {**dict.fromkeys(names, BRAZE), "elsewhere": "https://braze.example.com"}
    assert found["by_group"]["vault_shop_us_key"] == "a-key-of-the-sandbox"


def test_a_vault_of_the_readers_own_comes_first(folder: Path) -> None:
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.yml").write_text("vault_shop_us_key: mine\n")
    assert {values["vault_shop_us_key"] for values in variables(folder, **SANDBOX).values()} == {"mine"}


def test_who_names_no_key_gets_none(found: dict[str, Any]) -> None:
    assert [host for host, values in found.items() if "vault_shop_us_key" in values] == ["by_group"]


def test_outside_the_sandbox_nothing_is_changed(folder: Path) -> None:
    found = variables(folder, **of_ansible())
    assert found["by_url"]["braze_api_url"] == "https://rest.fra-02.braze.eu"
