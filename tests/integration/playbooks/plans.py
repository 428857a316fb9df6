# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the plan have in common: further workspaces, buckets and connections, and what a run planned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import currents
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

PLAN = "onramp.braze_fivetran.workspace_plan"
YES = ("-e", "offboard_confirmed=true")
ROLE_AND_POLICY = ["Fivetran", "Fivetran-S3-Access"]
OTHER_BUCKET = {"currents_bucket": "acme-loyalty-us"}


def path_of(playbook: str) -> str:
    """Return the path of a playbook of the collection."""
    return str(CHECKOUT / "playbooks" / f"{playbook}.yml")


def make_bucket(sandbox: Sandbox, name: str, *prefixes: str) -> None:
    """Make a bucket in S3 in which Currents lands below these folders."""
    s3 = sandbox.aws("s3")
    s3.create_bucket(Bucket=name)
    for prefix in prefixes:
        for key, content in currents(prefix, "S3"):
            s3.put_object(Bucket=name, Key=key, Body=content)


def add_connection(sandbox: Sandbox, schema: str, service: str = "braze", **config: Any) -> str:
    """Make a connection in the first group, as somebody would in the dashboard; return its id."""
    fields = {"group_id": world.GROUP_ID, "service": service, "schema": schema, "config": config}
    return str(sandbox.seed("fivetran", "add_connection", **fields)["id"])


def reads_currents(bucket: str = world.S3_BUCKET, prefix: str = world.PREFIX) -> dict[str, str]:
    """Return the configuration of a Braze connection that reads a folder in S3."""
    return {"cloud_storage_type": "AWS_S3", "s3bucket": bucket, "s3folder": prefix}


def planned(result: PlayResult, number: int = 0) -> Mapping[str, Any]:
    """Return the workspaces of a plan of this run, by name."""
    workspaces: Mapping[str, Any] = list(result.results(PLAN))[number]["workspaces"]
    return workspaces


def to_do(result: PlayResult, host: str, number: int = 0) -> list[tuple[str, str]]:
    """Return what a plan of a run changes for a workspace: action and kind."""
    changes = planned(result, number)[host]["changes"]
    return [(change["action"], change["kind"]) for change in changes if change["action"] != "none"]


def warned(result: PlayResult, host: str) -> str:
    """Return the warnings of the first plan of a run for a workspace."""
    return "\n".join(planned(result)[host]["warned"])


def says(text: str, *words: str) -> None:
    """Assert that a text holds every one of these words."""
    assert [word for word in words if word not in text] == [], text


def write_inventory(folder: Path, inventory: Mapping[str, Any], **files: str) -> Path:
    """Write an inventory beside files with variables of its hosts; return its path."""
    path = folder / "inventory" / "workspaces.yml"
    (path.parent / "host_vars").mkdir(parents=True)
    path.write_text(yaml.safe_dump(inventory))
    for host, text in files.items():
        (path.parent / "host_vars" / f"{host}.yml").write_text(text)
    return path
