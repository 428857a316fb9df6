# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the action of a module in this process, with Ansible's own objects, as a worker does for one task of one host.

No play is around it, so that many can be tried in the time of one. What Ansible makes of the result is tested with real
plays (``tests/playbook.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as loaders
from ansible.template import Templar

COLLECTION = "onramp.braze_fivetran"


@dataclass(frozen=True)
class ActionResult:
    """What the action returned, and the arguments that it left in the task, where callbacks find them."""

    values: Mapping[str, Any]
    arguments_left: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.values.get("failed"))

    @property
    def msg(self) -> str:
        return str(self.values.get("msg", ""))


def run_action(
    name: str,
    arguments: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    diff: bool = True,
    times: int = 1,
    variables: Mapping[str, Any] | None = None,
) -> ActionResult:
    """Run the action ``name`` (without namespace) with ``environment``; ``times``: as ``until`` repeats it.

    ``variables``: of the host, beside its name and the Python.
    """
    variables = {
        "inventory_hostname": "localhost",
        "ansible_python_interpreter": sys.executable,
        **(variables or {}),
    }
    task, play_context, loader = Task(), PlayContext(), DataLoader()
    task.action, task.args, task.diff, task.check_mode = f"{COLLECTION}.{name}", dict(arguments), diff, False
    connection = loaders.connection_loader.get("ansible.builtin.local", play_context, "/dev/null")
    action = loaders.action_loader.get(
        task.action,
        task=task,
        connection=connection,
        play_context=play_context,
        loader=loader,
        templar=Templar(loader=loader, variables=variables),
        shared_loader_obj=loaders,
    )
    result: dict[str, Any] = {}
    with patch.dict("os.environ", environment):
        for _time in range(times):
            try:
                result = action.run(task_vars=dict(variables))
            except AnsibleActionFail as error:
                # ansible-core 2.18 puts into the result what was being handled when the error was made.
                handled = str(error.__context__ or "")
                result = {**error.result, "failed": True, "msg": str(error), "handled": handled}
    return ActionResult(result, task.args)
