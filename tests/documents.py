# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code blocks of the project's pages, and the examples of its plugins."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.collection import CHECKOUT
from tests.sandbox.client import Sandbox

FOLDERS = (".", "docs", "roles/*", "examples/*", "tests/sandbox")
_BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# How the examples name a Braze instance.
_INSTANCE = re.compile(r"https://rest\.[a-z0-9.-]+|(?<=api_url: )[A-Z]{2}-\d\d\b")


def pages() -> list[Path]:
    """Return every page for people."""
    return sorted(page for folder in FOLDERS for page in CHECKOUT.glob(f"{folder}/*.md"))


def name_of(path: Path) -> str:
    """Return how messages and tests name a page or plugin."""
    return str(path.relative_to(CHECKOUT))


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page that are in one language."""
    return [block for found, block in _BLOCK.findall(page.read_text()) if found == language]


def languages(page: Path) -> set[str]:
    """Return the languages of a page's code blocks."""
    return {language for language, _block in _BLOCK.findall(page.read_text())}


def plugins_with_examples() -> list[Path]:
    """Return the file of every plugin whose documentation has examples of tasks or plays."""
    # The example of an inventory plugin is a source, which tests/integration/inventories runs.
    plugins = (path for path in CHECKOUT.glob("plugins/*/*.py") if path.parent.name != "inventory")
    return sorted(path for path in plugins if examples(path))


def examples(plugin: Path) -> str:
    """Return the examples of a plugin, "" where there are none."""
    for node in ast.parse(plugin.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    return ""


def for_the_sandbox(text: str, sandbox: Sandbox) -> str:
    """Return an example with the sandbox's Braze in place of the real one; everything else stands as it is."""
    return _INSTANCE.sub(sandbox.env["SANDBOX_BRAZE_URL"], text)
