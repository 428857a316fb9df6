# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups of options that are joined keep their rules, and Ansible is told of them in its own words."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import validator

from tests.collection import CHECKOUT, MODULES, imported_from

IDENTITY = OptionGroup(
    {"id": {"type": "str"}, "name": {"type": "str"}},
    mutually_exclusive=[("id", "name")],
    required_one_of=[("id", "name")],
)
KEY = OptionGroup(
    {"key": {"type": "str", "no_log": True, "env": ["KEY", "OLD_KEY"]}, "secret": {"type": "str", "no_log": True}},
    required_together=[("key", "secret")],
    required_if=[("secret", "x", ("id",))],
)


def errors(**arguments: Any) -> str:
    return "; ".join(validator(IDENTITY | KEY).validate(arguments).error_messages)


def test_both_groups_keep_their_rules() -> None:
    assert "one of the following is required: id, name" in errors()
    assert "parameters are mutually exclusive: id|name" in errors(id="a", name="b")
    assert "parameters are required together: key, secret" in errors(id="a", secret="s")
    assert "secret is x but all of the following are missing: id" in errors(name="b", key="k", secret="x")
    assert errors(id="a", key="k", secret="s") == ""
    assert (IDENTITY | KEY).arguments == {**IDENTITY.arguments, **KEY.arguments}


def test_what_two_groups_declare_alike_is_one_option_and_what_they_declare_differently_none() -> None:
    assert (IDENTITY | OptionGroup({"id": {"type": "str"}})).arguments == IDENTITY.arguments
    with pytest.raises(ValueError, match=r"two groups declare differently: id$"):
        IDENTITY | OptionGroup({"id": {"type": "int"}})


def test_a_value_comes_from_the_first_variable_of_the_environment_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = OptionGroup({"outer": {"type": "dict", "options": KEY.arguments}})
    monkeypatch.setenv("OLD_KEY", "old")
    assert validator(KEY).validate({}).validated_parameters["key"] == "old"
    assert validator(inside).validate({"outer": {}}).validated_parameters["outer"]["key"] == "old"
    monkeypatch.setenv("KEY", "new")
    assert validator(KEY).validate({}).validated_parameters["key"] == "new"
    assert validator(KEY).validate({"key": "given"}).validated_parameters["key"] == "given"


SNIPPET = """
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup

OptionGroup({"right": {"type": "str", "no_log": True}})
OptionGroup({"wrong": {"type": "str", "no_lgo": True}})
"""


def test_a_misspelled_key_is_found_before_anything_runs(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "snippet.py").write_text(SNIPPET)
    command = [sys.executable, "-m", "mypy", str(tmp_path / "snippet.py")]
    # Where the collection lies in other folders, as in ansible-test, the path of pyproject.toml leads nowhere.
    environment = {**os.environ, "MYPYPATH": str(imported_from())}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    found = done.stdout
    assert [line.partition(" ")[2] for line in found.splitlines() if "error:" in line] == [
        'error: Extra key "no_lgo" for TypedDict "OptionSpec"  [typeddict-unknown-key]'
    ], found


def groups() -> Iterator[Any]:
    for path in sorted((CHECKOUT / "plugins" / "modules").glob("*.py")):
        module = importlib.import_module(f"{MODULES}.{path.stem}")
        declared = module.SPEC.options if hasattr(module, "SPEC") else getattr(module, "OPTIONS", OptionGroup())
        yield pytest.param(declared, id=path.stem)


@pytest.mark.parametrize("declared", list(groups()))
def test_the_rules_of_a_module_are_about_options_that_it_has(declared: OptionGroup) -> None:
    rules = [*declared.mutually_exclusive, *declared.required_together, *declared.required_one_of]
    named = {name for rule in rules for name in rule}
    named |= {name for option, _value, needed in declared.required_if for name in (option, *needed)}
    assert named <= declared.arguments.keys()
