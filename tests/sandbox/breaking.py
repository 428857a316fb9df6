# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a workspace breaks that has worked: what somebody does to the world behind Ansible's back.

Fivetran notices with its next sync: :func:`notice`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from . import world
from .client import Sandbox
from .currents import generate_currents
from .fleet_world import layout

ROLE = "Fivetran"
REASON = "Braze answered HTTP 503 for ten minutes. The sync will be tried again."


def trust_edited(sandbox: Sandbox, role: str = ROLE) -> None:
    """Let a role trust Fivetran under another External ID."""
    iam = sandbox.aws("iam")
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "somebody_else"
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def role_deleted(sandbox: Sandbox, role: str = ROLE) -> None:
    """Delete a role; policies that can be attached to others stay."""
    iam = sandbox.aws("iam")
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.delete_role(RoleName=role)


def grant_removed(sandbox: Sandbox, bucket: str = world.GCS_BUCKET) -> None:
    """Take away all that is granted on a bucket of GCS."""
    sandbox.seed("gcs", "set_policy", bucket=bucket, bindings=[])


def stored_key_revoked(sandbox: Sandbox, connection: str) -> None:
    """Give Fivetran a key that Braze has revoked; the inventory's own still works."""
    sandbox.seed("fivetran", "edit_connection", id=connection, config={"api_key": world.BRAZE_KEY_REVOKED})


def source_failed(sandbox: Sandbox, connection: str, reason: str = REASON) -> None:
    """Let the next sync of a connection fail for a reason of the source."""
    sandbox.seed("fivetran", "set_sync", outcome="failed", reason=reason, connection=connection)


def currents_stopped(
    sandbox: Sandbox, bucket: str = world.S3_BUCKET, prefix: str = world.PREFIX, days: int = 3
) -> None:
    """Leave nothing below a prefix of S3 but what Currents wrote days ago."""
    s3 = sandbox.aws("s3")
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    hours = [hour - timedelta(days=days) for hour in world.recent_hours()]
    for name, content in generate_currents(hours=hours, **layout(prefix, "S3")):
        s3.put_object(Bucket=bucket, Key=name, Body=content)


def notice(sandbox: Sandbox, *connections: str) -> list[dict[str, Any]]:
    """Let connections, or all of them, sync as their schedule would; return how each sync has ended."""
    ended: list[dict[str, Any]] = sandbox.seed("fivetran", "run_syncs", connections=list(connections) or None)
    return ended
