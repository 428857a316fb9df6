# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renews ``arguments.yml``, what the modules of AWX and of the EDA controller take, out of checkouts of their sources.

``python -m tests.awx.renew AWX EDA``: a checkout of github.com/ansible/awx and one of
github.com/ansible/event-driven-ansible, each at the release in question. Their code is read and not run. Noted is what
``examples/awx`` uses and what a module demands, and nothing else.
"""

from __future__ import annotations

import ast
import datetime
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.awx.examples import Task, tasks
from tests.collection import make_collection_importable
from tests.contents import documented

ARGUMENTS = Path(__file__).with_name("arguments.yml")
FOLDERS = {"awx.awx": "awx_collection/plugins/modules", "ansible.eda": "plugins/modules"}
NOTED = ("type", "elements", "choices", "required", "aliases")
HEADER = """\
# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
---
# What the modules that examples/awx calls take, of the arguments that it gives them. Made by python -m tests.awx.renew.
"""


class Indented(yaml.SafeDumper):
    """Indents lists below their keys, as yamllint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def assigned(module: Path, name: str) -> ast.expr | None:
    """Return what a module assigns to a name."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    return None


def read(expression: ast.expr, stated: Any) -> Any:
    """Return the value of an expression: of calls of dict and of literals; of anything else, what is ``stated``."""
    if isinstance(expression, ast.Call) and ast.unparse(expression.func) == "dict":
        known = stated if isinstance(stated, Mapping) else {}
        return {item.arg: read(item.value, known.get(item.arg)) for item in expression.keywords}
    try:
        return ast.literal_eval(expression)
    except ValueError:
        return stated


def arguments(module: Path) -> dict[str, Any]:
    """Return the arguments that a module takes; of parts that only its documentation names, what that says."""
    stated, found = documented(module)["options"], assigned(module, "argument_spec")
    if found is None:
        raise ValueError(f"{module} assigns no argument_spec")
    taken = read(found, stated)
    for name, argument in taken.items():
        parts = stated.get(name, {}).get("suboptions")
        if parts and "options" not in argument:
            argument["options"] = parts
    return dict(taken)


def noted(taken: Mapping[str, Any], given: Iterable[Mapping[str, Any]], kept: Iterable[str] = ()) -> dict[str, Any]:
    """Return, of what is taken, what is given or demanded, and of ``kept`` the defaults too."""
    given, names = list(given), {}
    for name, argument in taken.items():
        values = [one[key] for one in given for key in (name, *argument.get("aliases", ())) if key in one]
        if not (values or argument.get("required") or name in kept):
            continue
        fact = {"type": "str", **{key: argument[key] for key in NOTED if argument.get(key)}}
        if name in kept and "default" in argument:
            fact["default"] = argument["default"]
        parts = argument.get("options") or argument.get("suboptions")
        if parts and values:
            flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
            fact["options"] = noted(parts, [item for item in flat if isinstance(item, Mapping)])
        names[name] = fact
    return names


def facts(module: Path, calls: Iterable[Task]) -> dict[str, Any]:
    """Return what is noted of a module."""
    condition = assigned(module, "required_if")
    conditions = [list(map(_listed, one)) for one in ast.literal_eval(condition)] if condition else []
    kept = {name for one in conditions for name in (one[0], *one[2])}
    return {
        "arguments": noted(arguments(module), [call.arguments for call in calls], kept),
        **({"required_if": conditions} if conditions else {}),
    }


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def git(checkout: Path, *command: str) -> str:
    return subprocess.run(
        ["git", "-C", str(checkout), *command], capture_output=True, text=True, check=True
    ).stdout.strip()


def collection(name: str, checkout: Path, calls: Iterable[Task]) -> dict[str, Any]:
    """Return what is noted of a collection, with its release and the day."""
    called: dict[str, list[Task]] = {}
    for call in calls:
        called.setdefault(call.module, []).append(call)
    folder = checkout / FOLDERS[name]
    return {
        "release": git(checkout, "describe", "--tags"),
        "commit": git(checkout, "rev-parse", "HEAD"),
        "read": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "modules": {module: facts(folder / f"{module}.py", called[module]) for module in sorted(called)},
    }


def main(*checkouts: str) -> None:
    """Write the file anew."""
    calls = tasks()
    everything = {
        name: collection(name, Path(checkout), [call for call in calls if call.collection == name])
        for name, checkout in zip(FOLDERS, checkouts, strict=True)
    }
    text = yaml.dump(everything, Dumper=Indented, sort_keys=False, width=150, default_flow_style=None)
    ARGUMENTS.write_text(HEADER + text)


if __name__ == "__main__":
    make_collection_importable()
    main(*sys.argv[1:])
