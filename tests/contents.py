# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes into README.md what the collection holds, out of its plugins: ``python -m tests.contents``."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
README = CHECKOUT / "README.md"
BEGIN, END = "<!-- made by python -m tests.contents -->\n", "<!-- made until here -->"
KINDS = ("modules", "callback", "filter", "inventory", "lookup")
_MARKUP = re.compile(r"\b[A-Z]\((?:onramp\.braze_fivetran\.)?([^)]*)\)")


def documented(plugin: Path) -> dict[str, Any]:
    """Return the documentation of a plugin."""
    for node in ast.parse(plugin.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            found: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return found
    raise ValueError(f"{plugin} has no DOCUMENTATION")


def table() -> str:
    """Return the table of modules and plugins."""
    rows = ["| module or plugin | does |", "|---|---|"]
    for kind in KINDS:
        for plugin in sorted((CHECKOUT / "plugins" / kind).glob("[a-z]*.py")):
            name = f"`{plugin.stem}`" if kind == "modules" else f"`{plugin.stem}` ({kind})"
            does = _MARKUP.sub(r"`\1`", documented(plugin)["short_description"])
            rows.append(f"| {name} | {does} |")
    return "\n".join(rows) + "\n"


def readme(text: str) -> str:
    """Return README with the table of today."""
    before, _begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{end}{after}"


if __name__ == "__main__":
    README.write_text(readme(README.read_text()))
