# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who knows whom in this collection, read out of its imports, and a picture of that: ``python -m tests.house``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PLUGINS = CHECKOUT / "plugins"
PICTURE = CHECKOUT / "docs" / "images" / "architecture.svg"
COLLECTION = "ansible_collections.onramp.braze_fivetran.plugins."

# From above to below: a room knows only rooms that stand on a later line, and on a line nobody knows another.
FLOORS: tuple[Mapping[str, str], ...] = (
    {"playbooks": "the story of the guide: plan, tell, change"},
    {"roles": "one step of the guide each, with or without the playbooks"},
    {
        "action": "one for each module",
        "callback": "report and progress",
        "inventory": "what exists, as hosts",
        "lookup": "names of the group",
        "filter": "configuration, findings",
    },
    {
        "plugin_utils._action": "run a module here, or say why not",
        "plugin_utils._events": "what may start a run",
        "plugin_utils._report": "table, page, metrics, JUnit, news",
    },
    {
        "plugin_utils._workspaces.planning": "one plan, from inventory to verdicts",
        "plugin_utils._workspaces.result": "a plan as a task's result",
    },
    {
        "plugin_utils._workspaces.deciding": "decide about all of them",
        "plugin_utils._saved_plan": "a plan as a file, and what moved",
    },
    {
        "plugin_utils._workspaces.step": "what is shared, or the rest",
        "plugin_utils._workspaces.tell": "a line each, one for all",
    },
    {
        "plugin_utils._workspaces.way": "where the data stands still",
        "plugin_utils._workspaces.heal": "what keeps data away",
    },
    {"plugin_utils._workspaces.decide": "who claims the same, what differs, what must not happen"},
    {"plugin_utils._workspaces.look": "every question to the vendors, once, side by side"},
    {"plugin_utils._workspaces.model": "plan, change, reason, verdict: data"},
    {
        "plugin_utils._secrets": "the secrets of the run",
        "plugin_utils._discovery": "what exists, as an inventory",
    },
    {"plugin_utils._settings": "variables, their rules, and what is wrong with them"},
    {
        "plugin_utils._way": "five stops of the data",
        "plugin_utils._words": "lists as words",
        "plugin_utils._files": "files written whole",
        "plugin_utils._secret_files": "and closed to others",
    },
    {"modules": "documentation, arguments, one call each"},
    {"module_utils._open_bucket": "the bucket of either cloud, to look for what Currents has written"},
    {
        "module_utils._braze": "keys, permissions, Currents",
        "module_utils._fivetran": "groups, connections, syncs",
        "module_utils._aws": "roles, policies, S3",
        "module_utils._google": "grants, Cloud Storage",
    },
    {"module_utils._bucket": "what both clouds' buckets have in common"},
    {"module_utils._kernel": "requests, deadlines, secrets, findings, the trace"},
)
DEPTH = {room: depth for depth, floor in enumerate(FLOORS) for room in floor}
YAML = ("playbooks", "roles")
NAME = re.compile(r"onramp\.braze_fivetran\.(\w+)")


def files(*folders: str) -> list[Path]:
    """Return the Python files of plugins below these folders."""
    return sorted(path for folder in folders for path in (PLUGINS / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return what a file is called within plugins, with dots."""
    return ".".join(path.relative_to(PLUGINS).with_suffix("").parts).removesuffix(".__init__")


@cache
def known() -> frozenset[str]:
    """Return all Python files of plugins by name."""
    return frozenset(name_of(path) for path in files("."))


def imports(path: Path) -> Iterator[str]:
    """Yield the files of this collection that a file imports, also where it does so late, or for types only."""
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


def room_of(name: str) -> str | None:
    """Return the room that a file stands in; None where it stands beside them all."""
    return next((room for room in DEPTH if name == room or name.startswith(f"{room}.")), None)


@cache
def arrows() -> tuple[tuple[str, str], ...]:
    """Return every import as who knows, and whom."""
    return tuple((name_of(path), target) for path in files(".") for target in imports(path))


def named_in_yaml(folder: str) -> Iterator[str]:
    """Yield the rooms that playbooks or roles name."""
    for path in sorted((CHECKOUT / folder).rglob("*.yml")):
        for name in NAME.findall(path.read_text()):
            if (CHECKOUT / "roles" / name).is_dir():
                yield "roles"
            for kind in ("action", "modules", "filter", "lookup"):
                if (PLUGINS / kind / f"{name}.py").exists():
                    yield kind
                    break


def edges() -> set[tuple[str, str]]:
    """Return which room knows which."""
    found = {(room_of(source), room_of(target)) for source, target in arrows()}
    found |= {(folder, room) for folder in YAML for room in named_in_yaml(folder)}
    return {(one, other) for one, other in found if one and other and one != other}


def drawn() -> set[tuple[str, str]]:
    """Return the arrows of the picture: those that no way over a third room tells already."""
    known_by = edges()
    below = {room: {target for source, target in known_by if source == room} for room in DEPTH}

    def reach(room: str) -> set[str]:
        return below[room].union(*map(reach, below[room]))

    return {
        (one, other)
        for one, other in known_by
        if not any(other in reach(between) for between in below[one] if between != other)
    }


# The picture

_WIDTH, _BOX, _GAP, _ROW = 980, 46, 14, 82
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title" \
font-family="system-ui, sans-serif" font-size="14">
<!-- Made by python -m tests.house. Copyright: Contributors to the onramp.braze_fivetran project. GNU General Public \
License v3.0+. SPDX-License-Identifier: GPL-3.0-or-later -->
<title id="title">Playbooks know roles, roles know modules' actions, these the plan, the plan the modules, and modules \
the packages of the vendors; no arrow goes up</title>
<style>
  .box {{ stroke-width: 1.4 }}
  .content {{ fill: #e9f3ec; stroke: #4b8a63 }}
  .plugin {{ fill: #eef3fb; stroke: #4a6fa5 }}
  .util {{ fill: #f6f1e7; stroke: #9a7b3c }}
  .name {{ font-weight: 600; fill: #14213d }}
  .text {{ fill: #3b4a63; font-size: 12px }}
  .line {{ stroke: #6b7f9e; stroke-width: 1.3; fill: none; marker-end: url(#head) }}
  .head {{ fill: #6b7f9e }}
</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" orient="auto">\
<path class="head" d="M0 0 10 5 0 10z"/></marker></defs>
<rect x="0" y="0" width="{width}" height="{height}" rx="10" fill="#ffffff"/>
"""


def _boxes() -> dict[str, tuple[float, float, float]]:
    """Return left edge, top and width of each room's box."""
    places: dict[str, tuple[float, float, float]] = {}
    for depth, floor in enumerate(FLOORS):
        width = min(460.0, (_WIDTH - 40 - _GAP * (len(floor) - 1)) / len(floor))
        left = (_WIDTH - width * len(floor) - _GAP * (len(floor) - 1)) / 2
        for room in floor:
            places[room] = (left, 20 + depth * _ROW, width)
            left += width + _GAP
    return places


def _kind(room: str) -> str:
    if room in YAML:
        return "content"
    return "util" if room.startswith("module_utils") else "plugin"


def picture() -> str:
    """Return the picture as it is by the imports of today."""
    places = _boxes()
    parts = [_HEAD.format(width=_WIDTH, height=20 + len(FLOORS) * _ROW - (_ROW - _BOX) + 20)]
    leaving: dict[str, list[str]] = {}
    coming: dict[str, list[str]] = {}
    for one, other in sorted(drawn(), key=lambda edge: (places[edge[1]], places[edge[0]])):
        leaving.setdefault(one, []).append(other)
    for one, other in sorted(drawn(), key=lambda edge: (places[edge[0]], places[edge[1]])):
        coming.setdefault(other, []).append(one)
    for one, others in leaving.items():
        left, top, width = places[one]
        for number, other in enumerate(others, 1):
            to_left, to_top, to_width = places[other]
            x = left + width * number / (len(others) + 1)
            to_x = to_left + to_width * (coming[other].index(one) + 1) / (len(coming[other]) + 1)
            y, bend = top + _BOX, (to_top - top - _BOX) * 0.5
            parts.append(
                f'<path class="line" d="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_top - bend:.0f}'
                f' {to_x:.0f} {to_top:.0f}"/>\n'
            )
    for floor in FLOORS:
        for room, text in floor.items():
            left, top, width = places[room]
            label = (
                room.replace("plugin_utils.", "").replace("module_utils.", "").replace("_workspaces._", "_workspaces.")
            )
            parts.append(
                f'<rect class="box {_kind(room)}" x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{_BOX}"'
                f' rx="7"/><text class="name" x="{left + 12:.0f}" y="{top + 19:.0f}">{escape(label)}</text>'
                f'<text class="text" x="{left + 12:.0f}" y="{top + 37:.0f}">{escape(text)}</text>\n'
            )
    return "".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    PICTURE.write_text(picture())
