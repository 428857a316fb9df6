# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module takes is read from its source, without running it, and no more is noted than the examples use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.awx.examples import Task
from tests.awx.renew import facts

MODULE = '''
DOCUMENTATION = """
options:
  shape:
    choices: [round, flat]
  parts:
    type: list
    suboptions:
      name: {type: str, required: true}
      size: {type: int, description: How large it is.}
      color: {type: str}
"""
raise SystemExit("It was run.")


def main():
    argument_spec = dict(
        name=dict(required=True),
        shape=dict(choices=sorted(SHAPES)),
        parts=dict(type="list", elements="dict", aliases=["pieces"]),
        unused=dict(type="bool"),
        state=dict(choices=["present", "absent"], default="present"),
    )
    required_if = [("state", "present", ("shape",))]
'''


def noted(folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    (folder / "thing.py").write_text(MODULE)
    return facts(folder / "thing.py", [Task("a.yml", "Make it", "acme.things", "thing", given)])


def test_what_a_task_gives_and_what_a_module_demands_is_noted(tmp_path: Path) -> None:
    found = noted(tmp_path, {"name": "a", "pieces": [{"name": "b"}, {"size": 1}]})
    assert found == {
        "arguments": {
            "name": {"type": "str", "required": True},
            # What is computed in the source stands in the documentation.
            "shape": {"type": "str", "choices": ["round", "flat"]},
            "parts": {
                "type": "list", "elements": "dict", "aliases": ["pieces"],
                "options": {"name": {"type": "str", "required": True}, "size": {"type": "int"}},
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        "required_if": [["state", "present", ["shape"]]],
    }  # fmt: skip


def test_what_a_module_does_not_have_is_not_noted(tmp_path: Path) -> None:
    assert "unused" not in noted(tmp_path, {"name": "a"})["arguments"]
    assert "invented" not in noted(tmp_path, {"name": "a", "invented": 1})["arguments"]
