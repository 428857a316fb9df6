# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's work comes to the same result, no matter where: here without Ansible, and once in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import Failure, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.execute import execute, place_of
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec, Result, Task

from tests.collection import imported_from
from tests.modules import raise_again

SECRET = "4f1c2d3e-4b5a-4968-8776-655443322110"
UNEXPECTED = "An unexpected KeyError ended this task. Please report it with what -vvv prints here."


def run(work: Callable[[Task], Result], **how: Any) -> tuple[Result, list[str]]:
    warned: list[str] = []
    asked = {"check_mode": False, "diff": True, "warn": warned.append, "unforeseen": raise_again, **how}
    return execute(ModuleSpec(work=work, options=OptionGroup()), {"name": "shop"}, **asked), warned


def test_the_work_is_told_what_was_asked_and_warns_in_one_printable_line() -> None:
    said: list[str] = []

    def work(task: Task) -> Result:
        task.warn("No.\nok: [shop_us]")
        task.progress("waiting")
        return {"changed": True, "seen": [task.params["name"], task.check_mode]}

    result, warned = run(work, check_mode=True, progress=said.append)
    assert result == {"changed": True, "seen": ["shop", True]}
    assert (warned, said) == (["No. ok: [shop_us]"], ["waiting"])


@pytest.mark.parametrize(("diff", "shown"), [(True, {"diff": {"after": "b"}}), (False, {})])
def test_differences_are_returned_to_those_who_want_them(diff: bool, shown: Result) -> None:
    result, _warned = run(lambda _task: {"changed": True, "diff": {"after": "b"}}, diff=diff)
    assert result == {"changed": True, **shown}


@pytest.mark.parametrize(("known", "changed"), [({}, False), ({"changed": True, "id": "x"}, True)])
def test_a_failure_returns_what_is_known_and_what_was_changed_before_it(known: Result, changed: bool) -> None:
    def work(_task: Task) -> Result:
        raise OnrampError(msg="No.", failure=Failure(code="Forbidden"), result=known)

    result, _warned = run(work)
    assert (result["failed"], result["changed"], result["msg"]) == (True, changed, "No.")
    assert result["failure"]["code"] == "Forbidden"
    assert result.get("id") == known.get("id")


def test_of_an_error_that_nobody_has_foreseen_the_place_is_told_and_not_the_text() -> None:
    def work(_task: Task) -> Result:
        raise KeyError(SECRET)

    places: list[str] = []
    result, _warned = run(work, unforeseen=lambda error: places.append(place_of(error)))
    assert (result["failed"], result["msg"], result["failure"]["code"]) == (True, UNEXPECTED, "unexpected")
    assert "in work" in places[0]
    assert SECRET not in json.dumps(result)
    with pytest.raises(KeyError):
        run(work)


MODULE = """
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup

def work(task):
    raise KeyError("4f1c2d3e-" + "4b5a-4968-8776-655443322110")

run(ModuleSpec(work=work, options=OptionGroup()))
"""


def test_a_process_of_its_own_tells_the_same_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULE],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {}}),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(imported_from())},
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["failed"], result["msg"], result["failure"]["code"]) == (True, UNEXPECTED, "unexpected")
    assert "in work" in result["raised_at"]
    assert SECRET not in done.stdout + done.stderr
