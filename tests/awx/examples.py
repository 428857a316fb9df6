# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of ``examples/awx``, their templates rendered as Ansible renders them, once for each item of a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from tests.collection import CHECKOUT
from tests.release import BEFORE_2_19

EXAMPLES = CHECKOUT / "examples" / "awx"
# What is Ansible's own is checked by ansible-lint.
BUILTIN = "ansible.builtin"
# ansible-core has texts that are no templates since 2.19.
TRUSTED: dict[str, Any] = {} if BEFORE_2_19 else {"trusted_as_template": True}


@dataclass(frozen=True)
class Task:
    """A task that calls a module of AWX's or of the EDA controller's collection."""

    file: str
    name: str
    collection: str
    module: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}: {self.collection}.{self.module}"


def tasks(folder: Path = EXAMPLES) -> list[Task]:
    """Return the tasks of all playbooks in a folder, in their order."""
    return [task for path in sorted(folder.glob("configure*.yml")) for task in _of_playbook(path)]


def _of_playbook(path: Path) -> Iterator[Task]:
    loader = DataLoader()
    loader.set_basedir(str(path.parent))
    for play in loader.load_from_file(str(path), **TRUSTED):
        for task in play["tasks"]:
            yield from _of_task(path.name, task, loader, play.get("vars", {}))


def _of_task(file: str, task: Mapping[str, Any], loader: DataLoader, variables: Mapping[str, Any]) -> Iterator[Task]:
    [called] = [key for key in task if "." in key]
    collection, _dot, module = called.rpartition(".")
    if collection == BUILTIN:
        return
    for item in _items(task, loader, variables):
        known = {**variables, **task.get("vars", {}), **item}
        arguments = plain(Templar(loader=loader, variables=known).template(task[called]))
        yield Task(file, str(task["name"]), collection, module, arguments)


def _items(task: Mapping[str, Any], loader: DataLoader, variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "loop" not in task:
        yield {}
        return
    name = task.get("loop_control", {}).get("loop_var", "item")
    for item in Templar(loader=loader, variables=dict(variables)).template(task["loop"]):
        yield {name: item}


def plain(value: Any) -> Any:
    """Return a value without what Ansible notes of its origin."""
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, str) else value
