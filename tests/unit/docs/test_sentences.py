# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sentence that the collection can say is short, and plain English. ``python -m`` this file to read them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
# Five lines of a terminal with a hundred columns are 500 characters, and names and reasons are filled in.
LONGEST = 360
# What reads as if it had been translated, or makes a tired person look it up.
STILTED = re.compile(
    r"\b(?:whoever|whosoever|lest|thereof|hereby|notwithstanding|in vain|none the (?:worse|less))\b"
    r"|\blook (?:whether|who|whose)\b|\bcannot be had\b|\bmeant so\b|\bis mandatory\b|\bkindly\b",
    re.IGNORECASE,
)
# Texts for programs, and documentation, which is read in peace.
NOT_SAID = ("DOCUMENTATION", "EXAMPLES", "RETURN")


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string that is a sentence, with … for what is filled in."""
    tree = ast.parse(path.read_text())
    silent = set(_not_said(tree))
    for node in ast.walk(tree):
        if id(node) not in silent and (isinstance(node, ast.JoinedStr) or _is_text(node)):
            text = spelled(node)
            if text.count(" ") >= 3:
                yield getattr(node, "lineno", 0), text


def _not_said(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield from (id(statement.value) for statement in node.body if isinstance(statement, ast.Expr))
        elif isinstance(node, ast.Assign) and any(getattr(target, "id", "") in NOT_SAID for target in node.targets):
            yield id(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "compile":
            yield from map(id, ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            yield from map(id, node.values)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def spelled(node: ast.AST) -> str:
    """Return a string as it stands in the code."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


FILES = sorted(path for path in PLUGINS.rglob("*.py") if "doc_fragments" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_no_sentence_is_longer_than_a_tired_person_reads_nor_stilted(path: Path) -> None:
    for line, text in sentences(path):
        assert len(text) <= LONGEST, f"{path.name}:{line}: {len(text)} characters: {text}"
        assert not STILTED.search(text), f"{path.name}:{line}: {text}"


def test_the_sentences_are_found() -> None:
    assert sum(1 for path in FILES for _sentence in sentences(path)) > 700


if __name__ == "__main__":
    for file in FILES:
        print(f"\n{file.relative_to(PLUGINS)}")
        for number, sentence in sentences(file):
            print(f"    {number}: {sentence}")
