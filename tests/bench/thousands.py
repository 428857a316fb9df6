# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets of thousands, one run each: the plan of new workspaces, saved, then runs that find everything in place."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.bench import converged, fleet
from tests.bench.code import Code, Took
from tests.bench.figures import VENDORS, Case
from tests.sandbox.client import Sandbox

FLEET_HEADER = (
    "| date | commit | run | workspaces | ms an answer | wall s | CPU s | largest process | file of the plan | Fivetran"
    " | Braze | Google | AWS |\n|" + "---|" * 13
)
# By the name in the table: the playbook and its arguments. The first is of new workspaces.
NEW = "plan, new"
RUNS = {NEW: ("onboard", "--check"), "rerun": ("onboard",), "verify": ("verify",)}
_MEGABYTE = 1_000_000
# As in examples/fleet/ansible.cfg, without the plugin that only the sandbox's own inventories need.
_CONFIGURATION = (
    "[defaults]\ninternal_poll_interval = 0.01\ncallbacks_enabled = onramp.braze_fivetran.workspace_report\n"
)
_FILES = {
    "ONRAMP_REPORT_HTML": "report.html",
    "ONRAMP_REPORT_JSON": "report.json",
    "ONRAMP_REPORT_JUNIT": "junit.xml",
    "ONRAMP_REPORT_METRICS": "metrics.prom",
    "ONRAMP_REPORT_HISTORY": "history",
}


@dataclass(frozen=True)
class FleetRun:
    """One run over a fleet. ``plan``: bytes of the plan if it has saved one; ``files``: those of the report."""

    took: Took
    calls: Counter[str]
    plan: int = 0
    files: Mapping[str, int] = field(default_factory=dict)

    def sizes(self) -> str:
        """Return how large the files of the report are."""
        return ", ".join(f"{name} {size / _MEGABYTE:.1f} MB" for name, size in sorted(self.files.items()))


def measure(sandbox: Sandbox, case: Case, code: Code, names: Sequence[str]) -> Iterator[tuple[str, FleetRun]]:
    """Run these of :data:`RUNS` over a fleet that begins new, and yield what each took.

    :raises RuntimeError: if one fails, or changes what is as it should be.
    """
    sandbox.reset()
    sandbox.keep_journal(False)
    with tempfile.TemporaryDirectory() as folder:
        inventory = fleet.seed(sandbox, case.workspaces)
        # As JSON, which Ansible reads as YAML a hundred times as fast.
        path = Path(folder, "workspaces.json")
        path.write_text(json.dumps(inventory))
        if NEW in names:
            yield NEW, _run(sandbox, case, code, path, NEW)
        others = [name for name in names if name != NEW]
        if others:
            few = Path(folder, "models.yml")
            few.write_text(yaml.safe_dump(converged.models(inventory)))
            code.run(sandbox, ["-i", str(few), code.playbook("onboard")])
            converged.onboard_others(sandbox, case.workspaces)
        for name in others:
            yield name, _run(sandbox, case, code, path, name)


def _run(sandbox: Sandbox, case: Case, code: Code, inventory: Path, name: str) -> FleetRun:
    playbook, *arguments = RUNS[name]
    folder = inventory.parent / name.partition(",")[0]
    folder.mkdir()
    plan, configuration = folder / "plan.json", folder / "ansible.cfg"
    configuration.write_text(_CONFIGURATION)
    files = {variable: str(folder / file) for variable, file in _FILES.items()}
    saved = ["-e", f"onramp_plan_file={plan}"] if name == NEW else []
    sandbox.clear_journal()
    sandbox.latency(case.latency)
    took = code.run(
        sandbox,
        ["-i", str(inventory), "--forks", str(case.forks), code.playbook(playbook), *arguments, *saved],
        {"ANSIBLE_CONFIG": str(configuration), "ANSIBLE_VARS_ENABLED": "host_group_vars", **files},
    )
    sandbox.latency(0)
    if writes := sandbox.counts(writes=True):
        raise RuntimeError(f"{name}: nothing was to be changed, and this was: {dict(writes)}")
    calls: Counter[str] = Counter()
    for operation, count in sandbox.counts().items():
        calls[operation.partition(":")[0]] += count
    sizes = {path.name: path.stat().st_size for path in map(Path, files.values()) if path.is_file()}
    return FleetRun(took, calls, plan.stat().st_size if plan.exists() else 0, sizes)


def fleet_row(code: str, name: str, case: Case, run: FleetRun) -> str:
    """Return a row of the table."""
    calls = " | ".join(f"{run.calls[vendor]:,}" for vendor in VENDORS)
    plan = f"{run.plan / _MEGABYTE:.1f} MB" if run.plan else ""
    return (
        f"| {datetime.now(UTC):%Y-%m-%d} | {code} | {name} | {case.workspaces:,} | {case.milliseconds} |"
        f" {run.took.wall:.0f} | {run.took.cpu:.0f} | {run.took.memory:.0f} MB | {plan} | {calls} |"
    )
