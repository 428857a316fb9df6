# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox stands by itself: pip installs it out of its folder, and it needs nothing else of the checkout."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1]
# Where the name to import is not the name to install; botocore comes with boto3.
INSTALLED_AS = {"yaml": "pyyaml", "celpy": "cel-python", "google_crc32c": "google-crc32c", "botocore": "boto3"}
# Of an extra: the vars plugin, and the vault of the example in the checkout.
OF_ANSIBLE = {"vars_plugins/sandbox_workspaces.py", "fleet_world.py"}
ASK = """\
import json, os, urllib.request
from base64 import b64encode

from braze_fivetran_sandbox.client import Sandbox

key = f"{os.environ['FIVETRAN_APIKEY']}:{os.environ['FIVETRAN_APISECRET']}"
headers = {"Authorization": f"Basic {b64encode(key.encode()).decode()}", "Accept": "application/json;version=2"}
request = urllib.request.Request(f"{os.environ['FIVETRAN_API_URL']}/v1/groups", headers=headers)
print([group["id"] for group in json.load(urllib.request.urlopen(request))["data"]["items"]])
sandbox = Sandbox.attach()
print([bucket["Name"] for bucket in sandbox.aws("s3").list_buckets()["Buckets"]])
print([entry.operation for entry in sandbox.journal("fivetran")])
"""


def sources() -> list[Path]:
    return [path for path in sorted(FOLDER.rglob("*.py")) if "tests" not in path.relative_to(FOLDER).parts]


def imported(path: Path) -> Iterator[str]:
    """Yield the packages that a file imports, "" for its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield "" if node.level else (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_it_imports_itself_and_what_it_names_as_dependencies(path: Path) -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=]", text)[0].lower() for text in project["dependencies"]}
    others = {INSTALLED_AS.get(name, name) for name in imported(path) if name and name not in sys.stdlib_module_names}
    extra = {"ansible"} if str(path.relative_to(FOLDER)) in OF_ANSIBLE else set()
    assert others <= named | extra


@pytest.mark.slow
def test_pip_installs_it_out_of_its_folder_and_it_answers_without_the_checkout(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / "bin"
    before = sorted(path.name for path in FOLDER.iterdir())
    pip = [binaries / "pip", "install", "--quiet", "--disable-pip-version-check", FOLDER]
    subprocess.run(list(map(str, pip)), check=True, cwd=tmp_path)
    assert sorted(path.name for path in FOLDER.iterdir()) == before
    [package] = (tmp_path / "venv" / "lib").glob("python3*/site-packages/braze_fivetran_sandbox")
    assert not (package / "tests").exists()
    command = [binaries / "braze-fivetran-sandbox", "shell", "--", binaries / "python", "-c", ASK]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SANDBOX_"))}
    finished = subprocess.run(
        list(map(str, command)), cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120, check=True
    )
    groups, buckets, operations = finished.stdout.splitlines()
    assert "jovial_daylight" in groups
    assert "acme-currents-us" in buckets
    assert operations == "['fivetran:list_groups']"
    assert "onramp" not in finished.stderr
