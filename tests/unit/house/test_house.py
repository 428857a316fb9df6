# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the code is built: who may know whom, and how much one room holds. docs/architecture.md draws the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
COLLECTION = "ansible_collections.onramp.braze_fivetran.plugins."
# From below to above: each room knows those above it in this list only, and within a line nobody knows another.
FLOORS = (
    ("module_utils._kernel",),
    ("module_utils._bucket",),
    ("module_utils._aws", "module_utils._google", "module_utils._fivetran"),
    ("module_utils._braze", "module_utils._open_bucket"),
    ("modules",),
    ("plugin_utils._files", "plugin_utils._secret_files", "plugin_utils._words", "plugin_utils._way"),
    ("plugin_utils._settings",),
    ("plugin_utils._secrets", "plugin_utils._discovery"),
    ("plugin_utils._workspaces.model",),
    ("plugin_utils._workspaces.look",),
    ("plugin_utils._workspaces.decide",),
    ("plugin_utils._workspaces.way", "plugin_utils._workspaces.heal"),
    ("plugin_utils._workspaces.step", "plugin_utils._workspaces.tell"),
    ("plugin_utils._workspaces.deciding", "plugin_utils._saved_plan"),
    ("plugin_utils._workspaces.planning",),
    ("plugin_utils._action", "plugin_utils._events", "plugin_utils._report"),
    ("action", "callback", "filter", "inventory", "lookup"),
)
HEIGHT = {room: height for height, floor in enumerate(FLOORS) for room in floor}
# A plugin for each module is what Ansible looks for, all in one folder.
FLAT = ("action",)
MOST_LINES, MOST_FILES = 300, 12
BUILT = ("module_utils", "plugin_utils", "action")


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PLUGINS / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")


@cache
def known() -> frozenset[str]:
    return frozenset(name_of(path) for path in files("."))


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of this collection that a file imports, also where it does so late or for types only."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*start, *filter(None, [node.module])])
            target = whole.removeprefix(COLLECTION)
            for alias in node.names:
                if f"{target}.{alias.name}" in known():
                    yield f"{target}.{alias.name}"
                elif target in known() and (node.level or whole != target):
                    yield target


def room_of(module: str) -> str | None:
    return next((room for room in HEIGHT if module == room or module.startswith(f"{room}.")), None)


def arrows() -> Iterator[tuple[str, str]]:
    for path in files("."):
        for target in imports(path):
            yield name_of(path), target


def test_every_file_has_its_room() -> None:
    without = {name for name in known() if room_of(name) is None}
    assert {name.split(".")[0] for name in without} <= {"", "doc_fragments", "module_utils", "plugin_utils"}
    assert {name for name in without if name.count(".")} <= {
        "module_utils",
        "plugin_utils",
        "plugin_utils._workspaces",
        "plugin_utils._traced_python.sitecustomize",
        *(name for name in known() if name.startswith("doc_fragments.")),
    }


def test_no_arrow_goes_up_and_none_between_neighbors() -> None:
    wrong = [
        f"{source} knows {target}"
        for source, target in arrows()
        if (here := room_of(source)) and (there := room_of(target)) and here != there and HEIGHT[here] <= HEIGHT[there]
    ]
    assert wrong == []


def test_arrows_are_seen_that_are_there() -> None:
    found = set(arrows())
    assert ("plugin_utils._workspaces.planning", "plugin_utils._workspaces.look.look") in found
    assert ("module_utils._aws.client", "module_utils._kernel.errors") in found
    assert ("modules.s3_access_info", "module_utils._kernel.runner") in found


def test_there_is_no_circle_of_files() -> None:
    graph: dict[str, set[str]] = {}
    for source, target in arrows():
        graph.setdefault(source, set()).add(target)
    while leaves := [name for name in graph if not graph[name] & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert graph == {}


def test_only_the_runner_imports_ansible_below_the_plugins() -> None:
    importing = {
        name_of(path)
        for path in files("module_utils")
        for node in ast.walk(ast.parse(path.read_text()))
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if module.split(".")[0] in ("ansible", "ansible_collections")
    }
    assert importing == {"module_utils._kernel.runner", "module_utils._kernel.options"}


@pytest.mark.parametrize("path", files(*BUILT), ids=name_of)
def test_no_file_is_too_long_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("folder", sorted({path.parent for path in files(*BUILT)}), ids=lambda path: path.name)
def test_no_folder_holds_more_than_can_be_taken_in(folder: Path) -> None:
    count = len(list(folder.glob("*.py")))
    assert count <= MOST_FILES or folder.relative_to(PLUGINS).parts[0] in FLAT
