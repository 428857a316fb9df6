# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An approved plan, then a fleet in slices side by side: it ends as one whole run would, and writes nothing twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.awx.workflow import (
    APPROVED,
    GLANCE,
    GROUP,
    Ended,
    Workflow,
    nodes,
    slice_of,
    template_of,
    templates,
)
from tests.integration.playbooks.fleet import connections, play
from tests.integration.playbooks.plans import PLAN, make_bucket
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox
from tests.sandbox.fleet_world import layout

SLICES = 4
# By workspace: storage, bucket, and the name of its IAM role. Who shares a role or a bucket is in different slices.
FLEET = {
    "ws_00": ("s3", "acme-slices-a", "Fivetran"),
    "ws_01": ("s3", "acme-slices-b", "Fivetran"),
    "ws_02": ("s3", "acme-slices-a", "Fivetran"),
    "ws_03": ("s3", "acme-slices-c", "Fivetran"),
    "ws_04": ("s3", "acme-slices-d", "Fivetran-Two"),
    "ws_05": ("s3", "acme-slices-e", "Fivetran-Two"),
    "ws_06": ("s3", "acme-slices-f", "Fivetran-Own"),
    "ws_07": ("gcs", world.GCS_BUCKET, ""),
    "ws_08": ("gcs", world.GCS_BUCKET, ""),
    "ws_09": ("gcs", "acme-slices-g", ""),
}
OF_A_RUN = {"id", "created_at", "succeeded_at", "failed_at", "history", "syncs", "state", "status"}


def inventory(*names: str) -> dict[str, Any]:
    """Return the inventory of these workspaces, by default of all."""
    common = {"fivetran_group": world.GROUP_NAME, "braze_api_key": world.BRAZE_KEY_SHOP_US}
    return {GROUP: {"vars": common, "hosts": {name: workspace(name) for name in names or FLEET}}}


def workspace(name: str) -> dict[str, Any]:
    storage, bucket, role = FLEET[name]
    own = {"fivetran_schema": f"braze_{name}", "currents_storage": storage, "currents_bucket": bucket}
    names = {"s3_access_role_name": role, "s3_access_policy_name": f"{role}-Access"} if role else {}
    return {**own, "currents_prefix": name, **names}


def seed(sandbox: Sandbox, *names: str) -> dict[str, Any]:
    """Make the buckets and what Currents has written for these workspaces; return their inventory."""
    hours = [hour.isoformat() for hour in world.recent_hours()]
    buckets: dict[tuple[str, str], list[str]] = {}
    for name in names or FLEET:
        buckets.setdefault(FLEET[name][:2], []).append(name)
    for (storage, bucket), folders in buckets.items():
        if storage == "s3":
            make_bucket(sandbox, bucket, *folders)
            continue
        if bucket != world.GCS_BUCKET:
            sandbox.seed("gcs", "create_bucket", name=bucket)
        for folder in folders:
            sandbox.seed("gcs", "seed_currents", bucket=bucket, hours=hours, **layout(folder, "GCS"))
    made = inventory(*names)
    made[GROUP]["vars"]["braze_api_url"] = sandbox.env["SANDBOX_BRAZE_URL"]
    sandbox.clear_journal()
    return made


def state(sandbox: Sandbox) -> dict[str, Any]:
    """Return all that a run makes, without what is another one each time."""
    everything = sandbox.state()
    rows = {
        schema: {name: value for name, value in row.items() if name not in OF_A_RUN}
        for schema, row in connections(sandbox).items()
    }
    grants = {name: bucket["policy"]["bindings"] for name, bucket in everything["gcs"]["buckets"].items()}
    return {"iam": everything["aws"]["accounts"], "grants": grants, "connections": rows}


def operations(sandbox: Sandbox) -> Counter[str]:
    """Return how often something was written in AWS and in Google Cloud Storage."""
    return Counter(entry.operation for entry in sandbox.writes() if entry.server in ("aws", "gcs"))


def fine(*jobs: Ended) -> None:
    for job in jobs:
        assert job.rc == 0, job.output


@pytest.mark.slow
def test_two_slices_of_an_approved_plan_share_a_role_that_was_made_once(sandbox: Sandbox, tmp_path: Path) -> None:
    whole, variables = seed(sandbox, "ws_00", "ws_01"), tmp_path / "variables.yml"

    def run(node: str, inventory: dict[str, Any], *arguments: str, **more: str) -> PlayResult:
        variables.write_text(yaml.safe_dump({**template_of(node)["extra_vars"], **more}))
        result = play(sandbox, "onboard", "-e", f"@{variables}", *arguments, inventory=inventory)
        assert result.exit_code == 0, result.output
        return result

    [planned] = run("plan", whole, "--check").results(PLAN)
    approved = planned["ansible_stats"]["data"]
    run("shared", whole, **approved)
    for name in ("ws_01", "ws_00"):
        part = {GROUP: {**whole[GROUP], "hosts": {name: whole[GROUP]["hosts"][name]}}}
        run("workspaces", part, **approved)
    made = {"aws:iam:CreateRole": 1, "aws:iam:CreatePolicy": 1, "aws:iam:AttachRolePolicy": 1}
    assert operations(sandbox) == made
    assert sorted(connections(sandbox)) == ["braze_ws_00", "braze_ws_01"]


@pytest.mark.slow
def test_four_slices_side_by_side_end_as_one_whole_run_and_write_nothing_shared_twice(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    whole = play(sandbox, "onboard", inventory=seed(sandbox))
    assert whole.exit_code == 0, whole.output
    expected, made = state(sandbox), operations(sandbox)
    sandbox.reset()

    flow = Workflow(sandbox, tmp_path, seed(sandbox))
    fine(flow.run("plan"))
    assert sandbox.writes() == []
    assert flow.artifacts[APPROVED].startswith("onramp-plan:")
    fine(flow.run("shared"))
    # Three roles with a policy each, of which one is nobody else's; two buckets, likewise.
    assert operations(sandbox) == {
        "aws:iam:CreateRole": 2, "aws:iam:CreatePolicy": 2, "aws:iam:AttachRolePolicy": 2, "gcs:buckets.setIamPolicy": 1
    }  # fmt: skip
    assert connections(sandbox) == {}
    fine(*flow.slices(SLICES))
    assert state(sandbox) == expected
    assert operations(sandbox) == made
    fine(flow.run("verify"))

    # The same plan again: nothing is left to do.
    sandbox.clear_journal()
    again = [flow.run("shared"), *flow.slices(SLICES)]
    fine(*again)
    assert sandbox.writes() == []
    assert [job.changed() for job in again] == [{}] * (SLICES + 1)


@pytest.mark.slow
def test_a_slice_that_is_killed_is_run_again_in_any_order_and_ends_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    whole = play(sandbox, "onboard", inventory=seed(sandbox))
    assert whole.exit_code == 0, whole.output
    expected, made = state(sandbox), operations(sandbox)
    sandbox.reset()

    flow = Workflow(sandbox, tmp_path, seed(sandbox))
    fine(flow.run("plan"), flow.run("shared"))
    killed = kill_after_first_connection(sandbox, flow, number=3)
    # It has not come to its end.
    assert killed.rc != 0
    assert killed.stats == {}
    assert 0 < len(connections(sandbox)) < len(FLEET)
    # Another order than that of their numbers, the killed one among them.
    fine(*flow.slices(SLICES, numbers=(4, 3)), *flow.slices(SLICES, numbers=(2, 1)))
    assert state(sandbox) == expected
    assert operations(sandbox) == made


def kill_after_first_connection(sandbox: Sandbox, flow: Workflow, number: int) -> Ended:
    """Run a slice, and end it once it has made a connection; the next one it would make is held back for that."""
    sandbox.fault("delay", server="fivetran", operation="create_connection", skip=2, delay=5.0)
    until = threading.Event()
    watching = threading.Thread(target=lambda: (wait_for_connection(sandbox), until.set()))
    watching.start()
    ended = flow.run("workspaces", number, SLICES, until)
    watching.join()
    sandbox.clear_faults()
    return ended


def wait_for_connection(sandbox: Sandbox) -> None:
    while not connections(sandbox):
        time.sleep(GLANCE)


@pytest.mark.slow
def test_without_the_shared_step_a_slice_refuses_who_needs_it_and_goes_on_with_the_others(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    flow = Workflow(sandbox, tmp_path, seed(sandbox))
    fine(flow.run("plan"))
    # Of the third slice, ws_02 shares its role with others of other slices, and ws_06 with nobody.
    third = flow.run("workspaces", 3, SLICES)
    assert third.rc != 0
    assert "onramp_step=shared" in third.output
    assert list(connections(sandbox)) == ["braze_ws_06"]
    assert sorted(state(sandbox)["iam"][CUSTOMER_ACCOUNT]["roles"]) == ["Fivetran-Own"]


@pytest.mark.slow
def test_a_job_that_gets_no_plan_does_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    flow = Workflow(sandbox, tmp_path, seed(sandbox, "ws_00", "ws_01"))
    for job in (flow.run("shared"), *flow.slices(2)):
        assert job.rc != 0
        assert APPROVED in job.output
    assert sandbox.writes() == []


def test_the_workflow_of_the_example_goes_from_plan_to_verify_and_every_job_has_its_template() -> None:
    found, known = nodes(), templates()
    assert list(found) == ["plan", "approval", "shared", "workspaces", "verify"]
    following = {
        name: [target["identifier"] for kind in node.get("related", {}).values() for target in kind]
        for name, node in found.items()
    }
    assert following == {
        "plan": ["approval"], "approval": ["shared"], "shared": ["workspaces"], "workspaces": ["verify"], "verify": []
    }  # fmt: skip
    # Only what was approved goes on; what has failed for one workspace stops no other.
    assert [name for name, node in found.items() if "success_nodes" in node.get("related", {})] == ["approval"]
    jobs = {name: node["unified_job_template"] for name, node in found.items()}
    assert jobs.pop("approval")["type"] == "workflow_approval"
    assert {job["name"] for job in jobs.values()} <= set(known)
    assert known[jobs["plan"]["name"]]["job_type"] == "check"


def test_every_host_is_in_one_slice_with_the_variables_of_its_groups() -> None:
    whole = inventory()
    slices = [slice_of(whole, number, SLICES) for number in range(1, SLICES + 1)]
    assert sorted(name for one in slices for name in one[GROUP]["hosts"]) == sorted(FLEET)
    assert slices[1][GROUP]["hosts"] == ["ws_01", "ws_05", "ws_09"]
    assert all(one[GROUP]["vars"] == whole[GROUP]["vars"] for one in slices)
    assert set(slices[1]["_meta"]["hostvars"]) == {"ws_01", "ws_05", "ws_09"}


@pytest.mark.slow
def test_a_fleet_is_offboarded_in_slices_and_access_goes_last_where_no_connection_is_left(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    names = ("ws_00", "ws_01", "ws_07", "ws_08")
    whole, before = seed(sandbox, *names), state(sandbox)
    assert play(sandbox, "onboard", inventory=whole).exit_code == 0
    variables = tmp_path / "variables.yml"

    def offboard(*hosts: str, **more: Any) -> PlayResult:
        variables.write_text(yaml.safe_dump({"offboard_confirmed": True, **more}))
        part = {GROUP: {**whole[GROUP], "hosts": {name: whole[GROUP]["hosts"][name] for name in hosts}}}
        return play(sandbox, "offboard", "-e", f"@{variables}", inventory=part)

    first = offboard("ws_00", "ws_07", onramp_step="workspaces", onramp_part_of_fleet=True)
    assert first.exit_code == 0, first.output
    assert sorted(connections(sandbox)) == ["braze_ws_01", "braze_ws_08"]
    access = {name: value for name, value in state(sandbox).items() if name != "connections"}
    # The other slice has not run yet: what its workspaces read with stays, and they are told why.
    early = offboard(*names, onramp_step="shared")
    assert sorted({task.host for task in early.failures()}) == ["ws_01", "ws_08"]
    assert "-e onramp_step=workspaces" in early.messages()
    assert state(sandbox)["grants"] == access["grants"]
    assert "acme-slices-b" in str(state(sandbox)["iam"])
    assert offboard("ws_01", "ws_08", onramp_step="workspaces", onramp_part_of_fleet=True).exit_code == 0
    last = offboard(*names, onramp_step="shared")
    assert last.exit_code == 0, last.output
    assert state(sandbox) == before


@pytest.mark.slow
def test_slices_without_a_plan_take_nothing_from_each_other(sandbox: Sandbox) -> None:
    whole, part_of_fleet = seed(sandbox, "ws_00", "ws_01", "ws_03"), ("-e", "onramp_part_of_fleet=true")
    for name in whole[GROUP]["hosts"]:
        part = {GROUP: {**whole[GROUP], "hosts": {name: whole[GROUP]["hosts"][name]}}}
        result = play(sandbox, "onboard", *part_of_fleet, inventory=part)
        assert result.exit_code == 0, result.output
        # Long after: what another slice has granted is not fresh any more.
        sandbox.seed("aws", "age", seconds=2 * 60 * 60)
        sandbox.seed("fivetran", "edit_connection", id=connections(sandbox)[f"braze_{name}"]["id"], config={})
    policy = str(state(sandbox)["iam"])
    assert [bucket for bucket in ("acme-slices-a", "acme-slices-b", "acme-slices-c") if bucket not in policy] == []
