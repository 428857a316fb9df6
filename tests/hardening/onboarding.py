# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The onboarding playbook in these tests: with short limits, and what has to be there after it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from tests.collection import CHECKOUT
from tests.hardening.faults import REQUEST_TIMEOUT
from tests.hardening.steps import FOREIGN, MEMBER, VIEWER
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

INVENTORY = CHECKOUT / "examples" / "workspaces.yml"
POLICY_NAME = "Fivetran-S3-Access"
LIMITS = {"request_timeout": REQUEST_TIMEOUT, "retry_timeout": 8, "rate_limit_timeout": 8}
GROUPS = ("fivetran", "braze", "gcs")
LIMITED = ("onramp.braze_fivetran.workspace_plan", *(f"group/onramp.braze_fivetran.{name}" for name in GROUPS))


# By the environment variable that asks for it: all that the report can write.
REPORTS = {
    "ONRAMP_REPORT_HTML": "report.html",
    "ONRAMP_REPORT_JSON": "report.json",
    "ONRAMP_REPORT_METRICS": "report.prom",
    "ONRAMP_REPORT_JUNIT": "report.xml",
    "ONRAMP_REPORT_HISTORY": "history",
}


def impatient_onboard(directory: Path) -> Path:
    """Lay the playbook into ``directory``, as it is but for shorter limits of the modules, and return its path."""
    playbooks = directory / "house" / "playbooks"
    playbooks.mkdir(parents=True)
    (directory / "house" / "roles").symlink_to(CHECKOUT / "roles")
    for entry in (CHECKOUT / "playbooks").iterdir():
        if entry.name != "onboard.yml":
            (playbooks / entry.name).symlink_to(entry)
    plays = yaml.safe_load((CHECKOUT / "playbooks" / "onboard.yml").read_text())
    for play in plays:
        defaults = play.setdefault("module_defaults", {})
        for name in LIMITED:
            defaults[name] = {**defaults.get(name, {}), **LIMITS}
        play.setdefault("vars", {})["fivetran_connection_rate_limit_timeout"] = LIMITS["rate_limit_timeout"]
    path = playbooks / "onboard.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


def workspaces(**hosts: dict[str, Any] | None) -> dict[str, Any]:
    """Return the example inventory with more hosts, or with variables of its hosts changed."""
    inventory: dict[str, Any] = copy.deepcopy(yaml.safe_load(INVENTORY.read_text()))
    for host, variables in hosts.items():
        inventory["braze_workspaces"]["hosts"].setdefault(host, {}).update(variables or {})
    return inventory


def seed_foreign(sandbox: Sandbox) -> None:
    """Put somebody else's grant on the bucket."""
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=FOREIGN)


def wrong(sandbox: Sandbox, schemas: set[str], *, done: bool) -> list[str]:
    """Return what is lost, doubled or orphaned; with ``done``, also what is missing."""
    return [*wrong_connections(sandbox, schemas, done), *wrong_grants(sandbox), *wrong_access(sandbox, done)]


def wrong_connections(sandbox: Sandbox, schemas: set[str], done: bool) -> list[str]:
    rows = list(sandbox.state()["fivetran"]["connections"].values())
    names = sorted(row["schema"] for row in rows)
    expected = sorted(schemas) if done else sorted(set(names) & schemas)
    problems = [] if names == expected else [f"connections {names} instead of {expected}"]
    for row in rows:
        connected = row["status"]["setup_state"] == "connected"
        if not row["paused"] and not connected:
            problems.append(f"{row['schema']} runs without having passed its tests")
        if done and (row["paused"] or not connected):
            problems.append(f"{row['schema']}: paused={row['paused']}, connected={connected}")
    return problems


def wrong_grants(sandbox: Sandbox) -> list[str]:
    bindings = list(sandbox.seed("gcs", "policy", bucket=world.GCS_BUCKET)["bindings"])
    problems = [] if all(binding in bindings for binding in FOREIGN) else ["somebody else's binding is lost"]
    members = [member for binding in bindings if binding["role"] == VIEWER for member in binding["members"]]
    return [*problems, *([] if members in ([], [MEMBER]) else [f"the bucket is granted to {members}"])]


def wrong_access(sandbox: Sandbox, done: bool) -> list[str]:
    """At most one policy and one role; at the end, no policy without a role that it is attached to."""
    iam = sandbox.aws("iam")
    policies = [policy["Arn"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    problems = [] if len(policies) <= 1 and len(roles) <= 1 else [f"policies {policies}, roles {roles}"]
    if done and policies:
        attached = [
            policy["PolicyArn"]
            for role in roles
            for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        ]
        problems += [] if attached == policies else [f"policies {policies}, attached {attached}"]
    return problems


def unclear(played: PlayResult) -> str:
    """Return what is wrong with how a play failed; nothing if each host failed in one task with a message."""
    for word in ("Traceback", "MODULE FAILURE", "Unexpected failure", "object at 0x"):
        if word in played.output:
            return f"{word}: {played.output[-3000:]}"
    failures = played.failures()
    if not failures or len({failure.host for failure in failures}) != len(failures):
        return f"failed tasks: {[failure.task for failure in failures]}: {played.output[-3000:]}"
    for failure in failures:
        if len(str(failure.result.get("msg", ""))) < 20:
            return f"{failure.task}: the message says nothing: {failure.result.get('msg')!r}"
        if failure.action.startswith("onramp.") and not failure.result.get("failure", {}).get("code"):
            return f"{failure.task}: there is no failure.code"
    return ""


def assert_nothing_secret(text: str) -> None:
    """None of the sandbox's secrets stands in ``text``."""
    for secret in world.secrets():
        assert secret not in text
