# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the code is built: who may know whom, and how much one room holds. docs/architecture.md draws the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import (
    CHECKOUT,
    COLLECTION,
    DEPTH,
    FLOORS,
    PICTURE,
    PLUGINS,
    YAML,
    arrows,
    edges,
    files,
    known,
    name_of,
    picture,
    room_of,
)

# A plugin for each module is what Ansible looks for, all in one folder.
FLAT = ("action",)
MOST_LINES, MOST_FILES = 300, 12
BUILT = ("module_utils", "plugin_utils", "action")
PRIVATE = "# Private to this collection: no promise of stability to anybody outside it."


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


def test_a_name_that_is_ours_alone_begins_with_an_underscore() -> None:
    public = [
        path.relative_to(PLUGINS).as_posix()
        for path in files("doc_fragments", "module_utils", "plugin_utils")
        if not path.relative_to(PLUGINS).parts[1].startswith("_")
    ]
    assert public == []


@pytest.mark.parametrize("path", files("module_utils", "plugin_utils"), ids=name_of)
def test_a_file_says_what_it_is_and_then_that_it_is_private(path: Path) -> None:
    source = path.read_text()
    saying = ast.get_docstring(ast.parse(source), clean=False)
    assert not source or (saying and source.partition(f'{saying}"""')[2].startswith(f"\n\n{PRIVATE}\n"))


def test_no_arrow_goes_up_and_none_between_neighbors() -> None:
    wrong = [
        f"{source} knows {target}"
        for source, target in arrows()
        if (here := room_of(source)) and (there := room_of(target)) and here != there and DEPTH[here] >= DEPTH[there]
    ]
    assert wrong == []


def test_arrows_are_seen_that_are_there() -> None:
    found = set(arrows())
    assert ("plugin_utils._workspaces.planning", "plugin_utils._workspaces.look.look") in found
    assert ("module_utils._aws.client", "module_utils._kernel.errors") in found
    assert ("modules.s3_access_plan_info", "module_utils._kernel.runner") in found


def meanings() -> Iterator[tuple[str, str]]:
    """Yield classes with the file that they are in, and names of types with what they are."""
    for path in files("module_utils", "plugin_utils"):
        for node in ast.parse(path.read_text()).body:
            match node:
                case ast.ClassDef(name=name) if not name.startswith("_"):
                    yield name, name_of(path)
                case ast.Assign(targets=[ast.Name(id=name)]) if name[0].isupper() and not name.isupper():
                    yield name, ast.unparse(node.value)


def test_a_name_stands_for_one_thing() -> None:
    found: dict[str, set[str]] = {}
    for name, meaning in meanings():
        found.setdefault(name, set()).add(meaning)
    assert {name: sorted(several) for name, several in found.items() if len(several) > 1} == {}
    assert {"Finding", "WorkspaceVerdict", "JsonObject"} <= found.keys()


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
        for path in files("module_utils", "modules")
        for node in ast.walk(ast.parse(path.read_text()))
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        # A module of Ansible names those of its own collection by their whole names.
        if module.split(".")[0] in ("ansible", "ansible_collections") and not module.startswith(COLLECTION)
    }
    assert importing == {"module_utils._kernel.runner"}


@pytest.mark.parametrize("path", files(*BUILT), ids=name_of)
def test_no_file_is_too_long_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("folder", sorted({path.parent for path in files(*BUILT)}), ids=lambda path: path.name)
def test_no_folder_holds_more_than_can_be_taken_in(folder: Path) -> None:
    count = len(list(folder.glob("*.py")))
    assert count <= MOST_FILES or folder.relative_to(PLUGINS).parts[0] in FLAT


def test_playbooks_and_roles_know_only_what_stands_below_them() -> None:
    assert [edge for edge in edges() if edge[0] in YAML and DEPTH[edge[0]] >= DEPTH[edge[1]]] == []


def test_the_picture_is_drawn_from_the_imports_of_today() -> None:
    assert PICTURE.read_text() == picture(), "python -m tests.house draws it anew"


@pytest.mark.parametrize("room", [room for floor in FLOORS for room in floor])
def test_the_page_has_a_paragraph_for_each_room(room: str) -> None:
    page = (CHECKOUT / "docs" / "architecture.md").read_text()
    assert f"**`{room.removeprefix('plugin_utils.').removeprefix('module_utils.')}`**" in page


def _beside(file: Path, other: str) -> Path:
    """Return a file that is named after another one: by its name in the same folder, or from where both meet."""
    places = [folder / other for folder in file.parents if folder.is_relative_to(CHECKOUT / "plugins")]
    places += [CHECKOUT / "plugins" / "module_utils" / other]
    return next(place for place in places if place.is_file())


def test_the_ten_places_that_people_look_for_are_where_contributing_says() -> None:
    table = (CHECKOUT / "CONTRIBUTING.md").read_text().partition("| what it does | where |")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    assert len(rows) == 10
    for row in rows:
        first, *others = re.findall(r"`([\w/.]+\.py)`", row)
        assert (CHECKOUT / first).is_file()
        files = [CHECKOUT / first, *(_beside(CHECKOUT / first, other) for other in others)]
        for name in re.findall(r"`(\w+)`", row):
            defined = re.compile(rf"^ *(def {name}\(|class {name}\b|{name}\b.* = )", re.MULTILINE)
            assert any(defined.search(file.read_text()) for file in files), name
