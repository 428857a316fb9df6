# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a workflow against what AWX demands of its nodes, and against how it hands a plan from one to the next (24.6).

Two things of that are not checked, because they need nothing: what ``set_stats`` sets reaches the jobs that follow
whatever they ask for at launch, and passes through approvals and slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tests.awx.examples import Task

TYPES = (
    "inventory_source",
    "job_template",
    "project",
    "system_job_template",
    "workflow_approval",
    "workflow_job_template",
)
LINKS = ("always_nodes", "failure_nodes", "success_nodes")
# What a node says to its job is dropped without a word where the job's template does not ask for it.
ASKED = {
    "credentials": "credential",
    "diff_mode": "diff_mode",
    "execution_environment": "execution_environment",
    "extra_data": "variables",
    "forks": "forks",
    "instance_groups": "instance_groups",
    "inventory": "inventory",
    "job_slice_count": "job_slice_count",
    "job_tags": "tags",
    "job_type": "job_type",
    "labels": "labels",
    "limit": "limit",
    "scm_branch": "scm_branch",
    "skip_tags": "skip_tags",
    "timeout": "timeout",
    "verbosity": "verbosity",
}
APPROVED, HANDS_ON, PART = "onramp_approved_plan", "onramp_hand_on_plan", "onramp_part_of_fleet"
Node = Mapping[str, Any]
Templates = Mapping[str, Mapping[str, Any]]


def of_workflow(task: Task, templates: Templates) -> Iterator[str]:
    """Yield what is wrong with a workflow, given the job templates by name."""
    if task.module != "workflow_job_template":
        return
    nodes: list[Node] = task.arguments.get("workflow_nodes", [])
    for node in nodes:
        for found in (*_of_job(node, templates), *_of_prompts(node, templates)):
            yield f"{task}: node {node.get('identifier')}: {found}"
    for found in (*_of_links(nodes), *_of_plan(nodes, templates)):
        yield f"{task}: {found}"
    # The variables of a workflow outweigh what its jobs hand on.
    if APPROVED in task.arguments.get("extra_vars", {}):
        yield f"{task}: extra_vars: {APPROVED} takes the place of the plan that is handed on"


def _of_job(node: Node, templates: Templates) -> Iterator[str]:
    job = node.get("unified_job_template", {})
    if job.get("type") not in TYPES:
        yield f"unified_job_template -> type: one of {', '.join(TYPES)}, and not {job.get('type')}"
    if not job.get("name"):
        yield "unified_job_template -> name: missing"
    approval = job.get("type") == "workflow_approval"
    foreign = ("organization", "inventory") if approval else ("description", "timeout")
    for name in [name for name in foreign if name in job]:
        yield f"unified_job_template -> {name}: {'no' if approval else 'only an'} approval has it"
    if job.get("type") == "job_template" and job.get("name") not in templates:
        yield f"unified_job_template -> name: no task before makes {job.get('name')!r}"


def _of_prompts(node: Node, templates: Templates) -> Iterator[str]:
    template = templates.get(node.get("unified_job_template", {}).get("name", ""), {})
    for name in [name for name in ASKED if name in node or name in node.get("related", {})]:
        ask = f"ask_{ASKED[name]}_on_launch"
        if not template.get(ask):
            yield f"{name}: its job template does not say {ask}"


def _of_links(nodes: list[Node]) -> Iterator[str]:
    names = [node.get("identifier") for node in nodes]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"node {name}: more than one has this identifier"
    for node in nodes:
        after = following(node)
        for name in sorted({name for name in after if name not in names}):
            yield f"node {node.get('identifier')}: related: there is no node {name}"
        for name in sorted({name for name in after if after.count(name) > 1}):
            yield f"node {node.get('identifier')}: related: {name} follows in more than one way"
    try:
        TopologicalSorter({node.get("identifier"): following(node) for node in nodes}).prepare()
    except CycleError as error:
        yield f"related: a circle of nodes {' -> '.join(reversed(error.args[1]))}"


def following(node: Node) -> list[str]:
    """Return the nodes that follow one, whatever they wait for."""
    related = node.get("related", {})
    return [target.get("identifier", "") for kind in LINKS for target in related.get(kind, [])]


def _of_plan(nodes: list[Node], templates: Templates) -> Iterator[str]:
    """Yield the jobs that need a plan and come after none that hands one on."""
    by_name = {str(node.get("identifier")): node for node in nodes}
    variables = {name: _template(node, templates).get("extra_vars", {}) for name, node in by_name.items()}
    planned: set[str] = set()
    reached = [name for name in by_name if variables[name].get(HANDS_ON) is True]
    while reached:
        after = [name for name in following(by_name[reached.pop()]) if name in by_name and name not in planned]
        planned.update(after)
        reached += after
    for name in by_name:
        if APPROVED in variables[name] and name not in planned:
            yield f"node {name}: it needs a plan, and no node before it says {HANDS_ON}"


def _template(node: Node, templates: Templates) -> Mapping[str, Any]:
    return templates.get(node.get("unified_job_template", {}).get("name", ""), {})


def of_slices(task: Task) -> Iterator[str]:
    """Yield what is wrong with the number of slices of a job template."""
    count = task.arguments.get("job_slice_count", 1)
    if not str(count).isdigit() or int(count) < 1:
        yield f"{task}: job_slice_count: 1 or more, and not {count}"
    elif int(count) > 1 and task.arguments.get("extra_vars", {}).get(PART) is not True:
        yield f"{task}: job_slice_count: {count} jobs take their inventories for the fleet, for want of {PART}: true"
