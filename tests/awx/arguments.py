# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold tasks against the arguments that their modules take, by the code with which Ansible checks those of a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.awx.examples import Task

ARGUMENTS = Path(__file__).with_name("arguments.yml")
# Where an argument may be new to the table, and none of AWX's.
NEXT = "if AWX has it, run python -m tests.awx.renew"
# Which arguments name something, and by which module it is made. Organizations and credentials are made by people.
NAMES = {
    "inventory": ("inventory",),
    "project": ("project",),
    "source_project": ("project",),
    "execution_environment": ("execution_environment",),
    "notification_templates_error": ("notification_template",),
    "notification_templates_approvals": ("notification_template",),
    "unified_job_template": ("job_template", "workflow_job_template"),
    "project_name": ("project",),
    "decision_environment_name": ("decision_environment",),
}


@cache
def collections() -> dict[str, Any]:
    """Return what is noted, by collection."""
    noted: dict[str, Any] = yaml.safe_load(ARGUMENTS.read_text())
    return noted


def of_arguments(task: Task) -> Iterator[str]:
    """Yield what the module would not take of its arguments."""
    module = collections().get(task.collection, {}).get("modules", {}).get(task.module)
    if module is None:
        yield f"{task}: no such module is noted; {NEXT}"
        return
    validator = ArgumentSpecValidator(module["arguments"], required_if=module.get("required_if"))
    for message in validator.validate(dict(task.arguments)).error_messages:
        yield f"{task}: {message}" + (f"; {NEXT}" if "Supported parameters include" in message else "")
    for name in _made_to_text(module["arguments"], task.arguments):
        yield f"{task}: {name} is a text, and no list or dictionary"


def _made_to_text(taken: Mapping[str, Any], given: Any, within: str = "") -> Iterator[str]:
    """Yield the arguments that Ansible would write out as a text without a word."""
    for item in given if isinstance(given, list) else [given]:
        for name, value in item.items() if isinstance(item, Mapping) else ():
            fact = taken.get(name, {})
            texts = value if fact.get("elements") == "str" and isinstance(value, list) else [value]
            if "str" in (fact.get("type"), fact.get("elements")) and any(isinstance(x, dict | list) for x in texts):
                yield within + name
            yield from _made_to_text(fact.get("options", {}), value, f"{within}{name} -> ")


def of_names(tasks: Iterable[Task]) -> Iterator[str]:
    """Yield the names that no task before has made: the modules look each up at once, and fail."""
    made: set[tuple[str, str, str]] = set()
    for task in tasks:
        for argument, modules in NAMES.items():
            named = task.arguments.get(argument, [])
            for name in named if isinstance(named, list) else [named]:
                if not any((task.collection, module, str(name)) in made for module in modules):
                    yield f"{task}: {argument}: no task before makes {name!r}"
        made.add((task.collection, task.module, str(task.arguments.get("name"))))
