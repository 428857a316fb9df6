# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the first tasks of a playbook tell, by the same actions in this process: the look, the plan and the verdicts.

What Ansible makes of that, and that nothing is written after a refusal, real plays show (``fleet.play``).
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from tests.actions import run_action
from tests.integration.playbooks.fleet import VERDICT, workspaces
from tests.integration.playbooks.plans import PLAN
from tests.playbook import PlayResult, TaskResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

GROUP = "braze_workspaces"


def foresee(
    sandbox: Sandbox,
    purpose: str,
    *,
    inventory: Mapping[str, Any] | None = None,
    limit: Collection[str] = (),
    **environment: str,
) -> PlayResult:
    """Return what a playbook would have told up to its plan; ``limit``: the workspaces that play, else all."""
    data = workspaces() if inventory is None else inventory
    hostvars = _variables(sandbox, data)
    # In Ansible's order, and without the localhost that it may add.
    names = [name for name in hostvars if name in data[GROUP]["hosts"]]
    playing = [name for name in names if not limit or name in limit]
    variables = {"hostvars": hostvars, "groups": {GROUP: names}, "ansible_play_hosts": playing}
    environment = {**sandbox.env, **environment}
    plan = run_action("workspace_plan", {"purpose": purpose}, environment, variables=variables).values
    tasks = [TaskResult(playing[0], "Look at all workspaces, and plan", PLAN, plan, bool(plan.get("failed")))]
    for name in playing:
        told = run_action(
            "workspace_verdict", {}, environment, variables={"onramp_plan": plan, "inventory_hostname": name}
        )
        tasks.append(TaskResult(name, "Tell what the plan is", VERDICT, told.values, told.failed))
    code = 2 if any(task.failed for task in tasks) else 0
    output = "\n".join(str(task.result.get("msg")) for task in tasks)
    return PlayResult(code, output, tuple(tasks), {})


def _variables(sandbox: Sandbox, inventory: Mapping[str, Any]) -> HostVars:
    """Return the variables of all hosts as Ansible has them, with what the sandbox sets for them."""
    data = copy.deepcopy(dict(inventory))
    group = data[GROUP]
    keys = {"vault_shop_us_key": world.BRAZE_KEY_SHOP_US, "vault_shop_eu_key": world.BRAZE_KEY_SHOP_EU}
    group["vars"] = {**keys, **group.get("vars", {})}
    for variables in (group["vars"], *(host for host in group["hosts"].values() if host)):
        if variables.get("braze_api_url") == "US-01":
            variables["braze_api_url"] = sandbox.env["SANDBOX_BRAZE_URL"]
    loader = DataLoader()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workspaces.yml"
        path.write_text(yaml.safe_dump(data))
        hosts = InventoryManager(loader, [str(path)])
    return HostVars(hosts, VariableManager(loader, hosts), loader)
