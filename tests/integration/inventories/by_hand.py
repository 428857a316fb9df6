# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that somebody has made by hand, and a real ansible-inventory that lists them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from tests.collection import COLLECTIONS
from tests.playbook import TIMEOUT
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PLUGIN = "onramp.braze_fivetran.fivetran"
S3 = {"cloud_storage_type": "AWS_S3", "s3bucket": world.S3_BUCKET, "s3folder": "/currents/"}
GCS = {"cloud_storage_type": "GCS", "gcs_bucket": world.GCS_BUCKET, "gcs_folder": world.PREFIX}
EXPORTS = {"enable_exports": True, "export_storage_type": "GCS", "gcs_export_bucket": "acme-exports"}


def make(sandbox: Sandbox, schema: str, group: str = world.GROUP_ID, service: str = "braze", **fields: Any) -> str:
    """Make a connected connection as somebody would in the dashboard; return its id."""
    own = (
        {"api_url": sandbox.env["SANDBOX_BRAZE_URL"], "api_key": world.BRAZE_KEY_SHOP_US} if service == "braze" else {}
    )
    config = {**own, **fields.pop("config", S3)}
    fields = {"group_id": group, "service": service, "schema": schema, "config": config, **fields}
    made = str(sandbox.seed("fivetran", "add_connection", **fields)["id"])
    status = {"setup_state": "connected", "sync_state": "paused" if fields.get("paused") else "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made, status=status)
    return made


def make_several(sandbox: Sandbox) -> None:
    """Make connections in two groups: a schema that both have, a paused one, one with exports, and one of S3's own."""
    make(sandbox, "braze_shop")
    make(sandbox, "braze_shop", world.SECOND_GROUP_ID, config=GCS, paused=True)
    make(
        sandbox, "braze_app", config={**S3, **EXPORTS, "s3folder": "app/"}, sync_frequency=1440, daily_sync_time="03:00"
    )
    make(sandbox, "braze_none", world.SECOND_GROUP_ID, config={"cloud_storage_type": "NONE"})
    make(sandbox, "lake", service="s3", config={})


@dataclass(frozen=True)
class Listed:
    """What ansible-inventory has printed. ``groups``: the hosts of each group."""

    exit_code: int
    errors: str
    hosts: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, list[str]]


def ansible(sandbox: Sandbox, folder: Path, command: str, *arguments: str, **environment: str) -> Any:
    """Run a command of Ansible in ``folder`` with the sandbox's environment."""
    return subprocess.run(
        [str(Path(sys.executable).parent / command), *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_NOCOLOR": "true",
            **sandbox.env,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def listed(sandbox: Sandbox, folder: Path, *sources: Path, **environment: str) -> Listed:
    """Return what a real ansible-inventory makes of inventory sources."""
    arguments = [argument for source in sources for argument in ("-i", str(source))]
    strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true", **environment}
    done = ansible(sandbox, folder, "ansible-inventory", *arguments, "--list", **strict)
    data = json.loads(done.stdout) if done.returncode == 0 else {}
    meta = data.pop("_meta", {})
    hosts = (
        {host: {name: _plain(value) for name, value in found.items()} for host, found in meta["hostvars"].items()}
        if meta
        else {}
    )
    groups = {name: group["hosts"] for name, group in data.items() if group.get("hosts")}
    return Listed(done.returncode, done.stderr, hosts, groups)


def _plain(value: Any) -> Any:
    """Return a text without the mark of what is unsafe."""
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


def source(folder: Path, name: str = "fivetran.yml", **options: Any) -> Path:
    """Write a source for the plugin; return its path."""
    path = folder / name
    path.write_text(yaml.safe_dump({"plugin": PLUGIN, "strict": True, **options}))
    return path


def read(sandbox: Sandbox, *sources: Path, **environment: str) -> Listed:
    """Return what Ansible's own inventory, in this process, makes of sources; a test holds it equal to :func:`listed`.

    What ansible-inventory adds to it is its start, which takes a second.
    """
    said = io.StringIO()
    strict = patch.object(constants, "INVENTORY_ANY_UNPARSED_IS_FAILED", True)
    with patch.dict("os.environ", {**sandbox.env, **environment}), strict, redirect_stderr(said):
        try:
            inventory = InventoryManager(DataLoader(), sources=[str(source) for source in sources])
        except AnsibleError as error:
            return Listed(1, said.getvalue() + str(error), {}, {})
    own = ("inventory_file", "inventory_dir")
    hosts = {
        name: {name: value for name, value in host.vars.items() if name not in own}
        for name, host in inventory.hosts.items()
    }
    groups = {name: [host.name for host in group.hosts] for name, group in inventory.groups.items() if group.hosts}
    return Listed(0, said.getvalue(), hosts, groups)
