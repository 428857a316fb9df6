# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow of ``examples/awx/configure.yml`` without AWX: its jobs by ansible-runner, one after the other.

What AWX does between them is done here as its source has it (24.6): a slice gets every n-th host in the order of their
names, with the groups and variables of the inventory; what ``set_stats`` has set goes to all jobs that follow as extra
variables, and outweighs those of the job's template; both stand in files, never in arguments. Each job is a process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.collection import CHECKOUT, COLLECTIONS
from tests.sandbox.client import Sandbox

EXAMPLES = CHECKOUT / "examples" / "awx"
BIN = Path(sys.executable).parent
GROUP = "braze_workspaces"
APPROVED = "onramp_approved_plan"
# Who waits for a job looks so often, and so many seconds it may take.
GLANCE = 0.02
TIMEOUT = 180


def templates() -> dict[str, dict[str, Any]]:
    """Return the job templates that the example makes, by name."""
    [play] = yaml.safe_load((EXAMPLES / "configure.yml").read_text())
    found = [task["awx.awx.job_template"] for task in play["tasks"] if "awx.awx.job_template" in task]
    return {template["name"]: template for template in found}


def nodes() -> dict[str, dict[str, Any]]:
    """Return the nodes of the example's workflow, by identifier."""
    [play] = yaml.safe_load((EXAMPLES / "configure.yml").read_text())
    [workflow] = [task["awx.awx.workflow_job_template"] for task in play["tasks"] if "workflow" in str(list(task))]
    return {node["identifier"]: node for node in workflow["workflow_nodes"]}


def template_of(node: str) -> dict[str, Any]:
    """Return the job template of a node."""
    return templates()[nodes()[node]["unified_job_template"]["name"]]


def slice_of(inventory: Mapping[str, Any], number: int = 1, count: int = 1) -> dict[str, Any]:
    """Return what the inventory script of a slice prints; of one slice, everything."""
    hosts = inventory[GROUP]["hosts"]
    names = sorted(hosts)[number - 1 :: count]
    return {
        "all": {"hosts": [], "children": [GROUP]},
        GROUP: {"hosts": names, "vars": inventory[GROUP].get("vars", {})},
        "_meta": {"hostvars": {name: hosts[name] for name in names}},
    }


@dataclass
class Ended:
    """How a job ended. ``artifacts``: what it has set for those that follow."""

    rc: int
    output: str
    stats: Mapping[str, Any]
    artifacts: Mapping[str, Any]

    def changed(self) -> dict[str, int]:
        """Return how many tasks have changed something, by host; of hosts that have."""
        return dict(self.stats.get("changed") or {})


def how_it_ended(folder: Path, returned: int) -> Ended:
    """Read what ansible-runner has left of a job."""
    events = [json.loads(path.read_text()) for path in (folder / "job_events").glob("*-*.json")]
    stats = next((event["event_data"] for event in events if event["event"] == "playbook_on_stats"), {})
    return Ended(returned, (folder / "stdout").read_text(), stats, stats.get("artifact_data", {}))


@dataclass
class Workflow:
    """The jobs of the workflow on one inventory, each in a folder of its own."""

    sandbox: Sandbox
    folder: Path
    inventory: Mapping[str, Any]
    artifacts: dict[str, Any] = field(default_factory=dict)

    def run(self, node: str, number: int = 1, count: int = 1, until: threading.Event | None = None) -> Ended:
        """Run the job of a node, or one slice of it; where it has to end before, ``until`` is set."""
        template = template_of(node)
        private = self._private_folder(f"{node}-{number}of{count}-{time.monotonic_ns()}", template, number, count)
        command = [str(BIN / "ansible-runner"), "run", str(private), "-p", template["playbook"], "--ident", "job", "-q"]
        checks = ["--cmdline=--check"] if template.get("job_type") == "check" else []
        with subprocess.Popen([*command, *checks], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
            while job.poll() is None:
                if until and until.is_set():
                    job.terminate()
                time.sleep(GLANCE)
        ended = how_it_ended(private / "artifacts" / "job", job.returncode)
        self.artifacts.update(ended.artifacts)
        return ended

    def slices(self, count: int, numbers: Iterable[int] = ()) -> list[Ended]:
        """Run the slices of the workspaces' node side by side."""
        order = list(numbers) or list(range(1, count + 1))
        with ThreadPoolExecutor(len(order)) as pool:
            return list(pool.map(partial(self.run, "workspaces", count=count), order))

    def _private_folder(self, name: str, template: Mapping[str, Any], number: int, count: int) -> Path:
        private = self.folder / name
        shutil.copytree(EXAMPLES / "project", private / "project")
        script = private / "inventory" / "hosts"
        script.parent.mkdir()
        data = json.dumps(slice_of(self.inventory, number, count))
        script.write_text(f"#!{sys.executable}\nprint({data!r})\n")
        script.chmod(0o700)
        (private / "env").mkdir()
        variables = {**template.get("extra_vars", {}), **self.artifacts}
        # So often it looks whether it was told to end.
        settings = {"job_timeout": TIMEOUT, "pexpect_timeout": 0.1}
        files = {"extravars": variables, "envvars": self._environment(private), "settings": settings}
        for file, content in files.items():
            (private / "env" / file).write_text(yaml.safe_dump(content))
        return private

    def _environment(self, private: Path) -> dict[str, str]:
        return {
            **self.sandbox.env,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(private / "ansible"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_FORKS": "10",
            "HOME": str(private),
            "PATH": f"{BIN}:/usr/bin:/bin",
        }
