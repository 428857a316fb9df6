# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eight workspaces that have worked, and how they are healed: each of them breaks in a way of its own, or does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.playbook import PlayResult
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents
from tests.sandbox.fleet_world import layout

HEAL = "onramp.braze_fivetran.workspace_heal"
BROKEN = ("trust", "shop_eu", "key", "gone", "source", "silent")
TO_HEAL = BROKEN[:5]
LEFT_ALONE = ("shop_us", "paused")
# Currents of this one lands in a folder of its own, so that it can stop.
SILENT = "silent"


def inventory(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inventory. A role of its own has whose role is edited, or deleted."""

    def role(name: str) -> dict[str, str]:
        return {"s3_access_role_name": f"Fivetran-{name}", "s3_access_policy_name": f"Fivetran-{name}-Access"}

    hosts: dict[str, dict[str, Any]] = {
        "trust": role("trust"),
        "gone": role("gone"),
        "key": {},
        "source": {},
        "silent": {"currents_prefix": SILENT, "currents_folder_shared": False},
        "paused": {},
    }
    for name, variables in changes.items():
        hosts.setdefault(name, {}).update(variables)
    return workspaces(**{"shop_us": {"currents_folder_shared": True}, **hosts})


def onboard(sandbox: Sandbox, *hosts: str) -> None:
    """Onboard all of them, or these, and let each sync once; then somebody pauses one."""
    for name, content in generate_currents(hours=world.recent_hours(), **layout(SILENT, "S3")):
        sandbox.aws("s3").put_object(Bucket=world.S3_BUCKET, Key=name, Body=content)
    result = play(sandbox, "onboard", *(("--limit", ",".join(hosts)) if hosts else ()), inventory=inventory())
    assert result.exit_code == 0, result.output
    sandbox.seed("fivetran", "run_syncs")
    if not hosts:
        sandbox.seed("fivetran", "edit_connection", id=id_of(sandbox, "paused"), paused=True)


def break_all(sandbox: Sandbox) -> None:
    """Break six of them, and let Fivetran notice."""
    breaking.trust_edited(sandbox, "Fivetran-trust")
    breaking.grant_removed(sandbox)
    breaking.stored_key_revoked(sandbox, id_of(sandbox, "key"))
    breaking.role_deleted(sandbox, "Fivetran-gone")
    breaking.source_failed(sandbox, id_of(sandbox, "source"))
    breaking.currents_stopped(sandbox, prefix=SILENT)
    sandbox.seed("fivetran", "advance_clock", seconds=60)
    breaking.notice(sandbox)
    sandbox.clear_journal()


def id_of(sandbox: Sandbox, host: str) -> str:
    """Return the id of a workspace's connection."""
    return str(connections(sandbox)[f"braze_{host}"]["id"])


def heal(sandbox: Sandbox, *arguments: str, **more: Any) -> PlayResult:
    """Run heal.yml on them."""
    given = more.pop("inventory", None) or inventory()
    return play(sandbox, "heal", *arguments, inventory=given, **more)


def outcomes(result: PlayResult) -> dict[str, dict[str, Any]]:
    """Return how each workspace stands, as heal.yml hands it over."""
    ended = [task for task in result.tasks if task.action == HEAL and task.task == "Say how each workspace stands"]
    return {task.host: dict(task.result["outcome"]) for task in ended}


def states(result: PlayResult) -> dict[str, str]:
    """Return their states."""
    return {host: str(outcome["state"]) for host, outcome in outcomes(result).items()}


def summary(result: PlayResult) -> str:
    """Return the last line."""
    (told,) = [task for task in result.tasks if task.task == "Say how all workspaces stand"]
    lines = told.result["msg"]
    return str(lines[-1] if isinstance(lines, list) else lines)
