# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on troubleshooting knows every code and every message, and quotes none that nobody prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.plan import WorkspaceVerdict

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs" / "troubleshooting.md").read_text()
MODULES = sorted((CHECKOUT / "plugins" / "module_utils").rglob("*.py"))
# What plans, and tells the plan.
PLANNING = [
    *sorted((CHECKOUT / "plugins" / "plugin_utils" / "_workspaces").rglob("*.py")),
    *sorted((CHECKOUT / "plugins" / "plugin_utils" / "_saved_plan").glob("*.py")),
    *sorted((CHECKOUT / "plugins" / "action").glob("workspace_*.py")),
]
# What runs modules says where one is missing.
RUNNING = [
    *sorted((CHECKOUT / "plugins" / "plugin_utils").glob("_*.py")),
    *sorted((CHECKOUT / "plugins" / "plugin_utils" / "_action").glob("*.py")),
    *sorted((CHECKOUT / "plugins" / "plugin_utils" / "_settings").glob("*.py")),
    CHECKOUT / "plugins" / "lookup" / "workspaces_group.py",
]
# What it says goes into a file, as comments.
DISCOVERY = sorted((CHECKOUT / "plugins" / "plugin_utils" / "_discovery").glob("*.py"))
# Beside it, what playbooks and roles have worked out by filters.
FOR_PLAYS = [CHECKOUT / "plugins" / "module_utils" / "_fivetran" / "connection" / "braze_config.py", *PLANNING]
PLAYS = sorted([*(CHECKOUT / "playbooks").rglob("*.yml"), *(CHECKOUT / "roles").rglob("*.yml")])

# Where a code stands in a call: by the name of what is called, the place of the argument.
CODE_ARGUMENTS = {"Ending": 0, "Finding": 2, "_not_made_here": 0, "_failure": 0, "_error": 1}
CODE_ARGUMENTS_OF_PLANNING = {"Finding": 2, "problem": 1, "warning": 1, "notice": 2}
# A judgement's reasons, which stand in the message of the finding that is made of it.
OF_REASONS = frozenset({"Reason", "replace"})
# Likewise, where a message stands. What is said of a variable begins with its name, the argument before.
MESSAGE_ARGUMENTS = {"Finding": 3, "problem": 2, "warning": 2, "notice": 3, "no_plan": 2}
SAID_OF_A_VARIABLE = {"Complaint": 1, "_refuse": 1}
CODE = re.compile(r"[A-Za-z_]+")
# What the role's names of settings begin with, which it tells the filter that names them.
ALWAYS = {"prefix": "fivetran_connection_"}
# What is right needs no cure.
GOOD = {"ok", "landing"}


def text(path: Path) -> str:
    return path.read_text()


def called(node: ast.Call) -> str:
    """Return the name of what is called."""
    return str(getattr(node.func, "id", None) or getattr(node.func, "attr", ""))


def codes_of(tree: ast.AST, places: Mapping[str, int]) -> Iterator[str]:
    """Yield every code that a Python file can put into a failure or a finding."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if called(node) in OF_REASONS:
                continue
            yield from constants(keyword.value for keyword in node.keywords if keyword.arg == "code")
            yield from constants(node.args[places[called(node)] :][:1] if called(node) in places else [])
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from constants(value for key, value in pairs if getattr(key, "value", None) == "code")
        elif isinstance(node, ast.FunctionDef) and "code" in node.name and node.name != "_decode":
            for statement in ast.walk(node):
                if isinstance(statement, ast.Return):
                    yield from constants([statement.value])
        elif isinstance(node, ast.ClassDef) and node.name.endswith("Verdict") and "StrEnum" in ast.unparse(node):
            yield from constants(item.value for item in node.body if isinstance(item, ast.Assign))


def constants(nodes: Iterable[ast.AST | None]) -> Iterator[str]:
    """Yield the strings that these expressions can be; of "a if … else b" both."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from constants([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


CODES = sorted(
    {
        code
        for paths, places in (
            ([*MODULES, *RUNNING, *DISCOVERY], CODE_ARGUMENTS),
            (PLANNING, CODE_ARGUMENTS_OF_PLANNING),
        )
        for path in paths
        for code in codes_of(ast.parse(text(path)), places)
    }
    - GOOD
    # How a workspace stands is no code.
    - {verdict.value for verdict in WorkspaceVerdict}
)


def test_the_codes_of_all_vendors_and_of_the_plan_are_found() -> None:
    assert {"invalid_key", "stale", "foreign_role", "certificate", "sync_timeout", "conflict", "redirect"} <= set(CODES)
    assert {"invalid_settings", "folder_read_twice", "right_unknown", "role_still_needed", "not_looked_at"} <= set(
        CODES
    )
    assert len(CODES) > 75


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_cause_and_a_cure(code: str) -> None:
    assert f"`{code}`" in PAGE


def messages_of_plays() -> Iterator[str]:
    """Yield the expressions in playbooks and roles, and in what works for them, that become a message to a person."""
    for path in FOR_PLAYS:
        yield from filter(None, map(sentence, ast.walk(ast.parse(text(path)))))
    for path in PLAYS:
        source = text(path)
        yield from re.findall(r"problems\.append\((.*?)\) -%}", source, re.DOTALL)
        yield from re.findall(r"(?:msg|there_is_none|problems): >-\n(.*?)(?=\n +\w+:|\n\n|\Z)", source, re.DOTALL)


def sentence(node: ast.AST) -> str:
    """Return the message that a node yields, names ``message`` or ``msg``, or passes on; "" if it does neither."""
    if isinstance(node, ast.Call) and called(node) in SAID_OF_A_VARIABLE and len(node.args) == 2:
        variable, said = node.args
        name = variable.value if isinstance(variable, ast.Constant) else "…"
        return f"{name}: {spelled(said)}" if isinstance(said, ast.JoinedStr | ast.Constant) else ""
    value = said_by(node)
    message = spelled(value) if isinstance(value, ast.JoinedStr | ast.Constant) else ""
    # What is indented is a line of a plan, and no sentence.
    return "" if message.startswith("  ") or " " not in message else message


def said_by(node: ast.AST) -> ast.AST | None:
    """Return the expression that becomes a message to a person, if this node makes one."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("message", "msg"):
        return node.value
    if isinstance(node, ast.Yield):
        # With the field that it is about.
        return node.value.elts[-1] if isinstance(node.value, ast.Tuple) else node.value
    if isinstance(node, ast.Dict):
        named = {ast.unparse(key): item for key, item in zip(node.keys, node.values, strict=True) if key}
        return named.get("'message'")
    if isinstance(node, ast.Call):
        named = {keyword.arg or "": keyword.value for keyword in node.keywords}
        place = MESSAGE_ARGUMENTS.get(called(node))
        given = node.args[place : place + 1] if place is not None else []
        return given[0] if given else named.get("message")
    return None


def spelled(node: ast.JoinedStr | ast.Constant) -> str:
    """Return a string as it stands in the code, with … for what is filled in and not always the same."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else ALWAYS.get(ast.unparse(part.value), "…")
        for part in parts
        if isinstance(part, ast.Constant | ast.FormattedValue)
    )


def strings(path: Path) -> str:
    """Return all strings of a Python file, and what is said of a variable together with its name."""
    nodes = list(ast.walk(ast.parse(text(path))))
    plain = [spelled(node) for node in nodes if isinstance(node, ast.JoinedStr | ast.Constant)]
    return "\n".join([*plain, *map(sentence, nodes)])


def quoted() -> list[str]:
    """Return the messages that the page quotes: before its tables, and in their first columns."""
    places = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith(("| `", "`"))]
    return [quote for place in places for quote in re.findall(r"`([^`]+)`", place) if " " in quote]


def pieces(message: str) -> list[str]:
    """Return what is the same each time in a message."""
    return [piece.strip(" .:,;") for piece in re.split(r"…\.?|\"", message) if piece.strip(" .:,;")]


def words(source: str) -> str:
    """Return a text without the quotes, operators and line breaks with which it is written."""
    return " ".join(re.sub(r"'\s*~\s*'|[\"']", "", re.sub(r"'\s*\n\s*~\s*'", "", source)).split())


@pytest.mark.parametrize("message", sorted(set(messages_of_plays())))
def test_every_message_of_the_plays_has_a_cause_and_a_cure(message: str) -> None:
    known = [piece for quote in quoted() for piece in pieces(quote) if len(piece) >= 8]
    assert any(piece in words(message) for piece in known), words(message)


# What Ansible, and nobody here, prints.
OF_ANSIBLE = (
    "skipping: no hosts matched",
    "A worker was found in a dead state",
    "the playbook: onramp.braze_fivetran.onboard could not be found",
    "couldn't resolve module/action 'onramp.braze_fivetran.…'",
    "missing required arguments: fivetran_api_key",
    "Failed to import the required Python library (…)",
)


@cache
def printed() -> list[str]:
    """Return the words of everything that can be printed, by file."""
    python = (words(strings(path)) for path in {*MODULES, *RUNNING, *DISCOVERY, *FOR_PLAYS})
    return [*python, *(words(text(path)) for path in PLAYS)]


@pytest.mark.parametrize("quote", [quote for quote in quoted() if quote not in OF_ANSIBLE])
def test_every_quoted_message_is_one_that_is_printed(quote: str) -> None:
    for piece in pieces(quote):
        assert any(words(piece) in source for source in printed()), piece
