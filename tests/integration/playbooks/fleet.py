# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of day two as a person runs them, on the two example workspaces or on the example fleet."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.collection import CHECKOUT
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents
from tests.sandbox.fleet_world import PROFILES, build_fleet, credentials_file, layout

EXAMPLES = CHECKOUT / "examples"
PLAYBOOKS = CHECKOUT / "playbooks"
US = ("shop_us", "app_us", "loyalty_us")
EMEA = ("shop_emea", "app_emea", "loyalty_emea")
WORKSPACES = (*US, *EMEA)
VERDICT = "onramp.braze_fivetran.workspace_verdict"
# What is broken for good need not be tried again.
IMPATIENT = ("-e", "fivetran_connection_setup_test_retries=0")


def play(sandbox: Sandbox, name: str, *arguments: str, inventory: Any = None, **environment: str) -> PlayResult:
    """Run playbook ``name``, by default on the two example workspaces."""
    inventory = EXAMPLES / "workspaces.yml" if inventory is None else inventory
    return run_playbook(sandbox, PLAYBOOKS / f"{name}.yml", *arguments, inventory=inventory, environment=environment)


def workspaces(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inventory of the two example workspaces, with variables changed.

    A new name is a copy of shop_us with a schema of its own, which may read the folder of shop_us.
    """
    inventory: dict[str, Any] = yaml.safe_load((EXAMPLES / "workspaces.yml").read_text())
    hosts = inventory["braze_workspaces"]["hosts"]
    for host, variables in changes.items():
        own = {"fivetran_schema": f"braze_{host}", "currents_folder_shared": True}
        hosts.setdefault(host, {**copy.deepcopy(hosts["shop_us"]), **own}).update(variables)
    return inventory


def connections(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the connections in Fivetran by schema."""
    found = sandbox.state()["fivetran"]["connections"].values()
    return {connection["schema"]: connection for connection in found}


def findings(result: PlayResult, host: str) -> list[tuple[str, str]]:
    """Return what verify.yml found about a workspace: the step, and the message."""
    verdict = [task for task in result.tasks if task.host == host and task.action == VERDICT][-1]
    lines = str(verdict.result["msg"]).splitlines()[1:] if verdict.failed else []
    lines = [line for line in lines if not line.startswith("  way: ")]
    return [(line.removeprefix("- ").partition(": ")[0], line.partition(": ")[2]) for line in lines]


def iam_names(sandbox: Sandbox, account: str = CUSTOMER_ACCOUNT) -> list[str]:
    """Return the names of all roles and customer-managed policies of an account."""
    iam = sandbox.aws("iam", account)
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return sorted(roles + [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]])


def policy_document(sandbox: Sandbox, name: str = "Fivetran-S3-Access", account: str = CUSTOMER_ACCOUNT) -> str:
    """Return the default version of a customer-managed policy as text."""
    iam = sandbox.aws("iam", account)
    arn = f"arn:aws:iam::{account}:policy/{name}"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return json.dumps(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def grants(sandbox: Sandbox, bucket: str = world.GCS_BUCKET) -> list[Any]:
    """Return the bindings of a bucket that name a service account of Fivetran."""
    bindings = sandbox.state()["gcs"]["buckets"][bucket]["policy"]["bindings"]
    return [binding for binding in bindings if any("fivetran" in member for member in binding["members"])]


class Fleet:
    """The example fleet in a folder of its own, with the world that it needs in the sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder / "fleet"
        shutil.copytree(EXAMPLES / "fleet", self.folder)
        self.keys = {name: f"sandbox-braze-key-fleet-{name.replace('_', '-')}" for name in WORKSPACES}
        self.credentials = folder / "credentials"
        self.credentials.write_text(credentials_file(PROFILES))
        self.keys.update(build_fleet(sandbox, self.folder))

    def play(self, name: str, *arguments: str, **environment: str) -> PlayResult:
        """Run playbook ``name`` on the fleet."""
        return play(
            self.sandbox,
            name,
            "--vault-password-file",
            str(self.folder / "vault_password"),
            *arguments,
            inventory=self.folder / "inventory.yml",
            AWS_SHARED_CREDENTIALS_FILE=str(self.credentials),
            AWS_ACCESS_KEY_ID="",
            AWS_SECRET_ACCESS_KEY="",
            **environment,
        )

    def set(self, host: str, **variables: Any) -> None:
        """Set variables of one workspace, as somebody who edits the inventory."""
        path = self.folder / "host_vars" / f"{host}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(variables))


def currents(prefix: str, storage: Any) -> list[tuple[str, bytes]]:
    """Return Currents objects below ``prefix``."""
    return list(generate_currents(hours=world.recent_hours(), **layout(prefix, storage)))
