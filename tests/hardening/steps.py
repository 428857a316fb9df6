# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Onboarding step by step in this process: the modules of the playbook, in its order, with what the roles give them.

``test_faults_in_process.py`` proves that these steps send what the playbook sends.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clock import Hurried
from tests.hardening.faults import REQUEST_TIMEOUT, RETRY_TIMEOUT
from tests.modules import ModuleResult, run_module
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, FIVETRAN_ACCOUNT
from tests.sandbox.client import Sandbox

VIEWER = "roles/storage.objectViewer"
MEMBER = f"serviceAccount:{world.SERVICE_ACCOUNT}"
FOREIGN = [{"role": "roles/storage.admin", "members": ["group:ops@example.com"]}]
SCHEMA = "braze_shop_eu"
LIMITS = {"request_timeout": REQUEST_TIMEOUT, "retry_timeout": RETRY_TIMEOUT}


@dataclass(frozen=True)
class Step:
    """One module call. ``prepare`` brings the sandbox to where the step begins; ``wrong`` judges its result or state.

    ``wrong`` returns what is lost, doubled or not as it has to be, after a successful run (``done``) or another one.
    """

    vendor: str
    module: str
    arguments: dict[str, Any]
    prepare: Callable[[Sandbox], None]
    wrong: Callable[[Sandbox, bool], list[str]]
    verdicts: tuple[str, ...] = ()

    def run(self, sandbox: Sandbox, time: Hurried | None = None, **limits: int) -> ModuleResult:
        """Call the module; a verdict that the role would stop at counts as a failure.

        ``time`` is what it waits by, ``limits`` are other ones than usual.
        """
        result = run_module(self.module, {**self.arguments, **limits}, sandbox.env, time=time)
        verdict = result.values.get("verdict")
        if not result.failed and self.verdicts and verdict not in self.verdicts:
            failure = {"code": verdict}
            return ModuleResult({"failed": True, "msg": result["next_step"], "failure": failure}, result.warnings)
        return result


def steps(sandbox: Sandbox) -> dict[str, Step]:
    """Return the steps by name."""
    bucket = {"bucket": world.GCS_BUCKET, "member": world.SERVICE_ACCOUNT, **LIMITS}
    currents = {"prefix": world.PREFIX, **LIMITS}
    s3 = {"buckets": [world.S3_BUCKET], "prefix": world.PREFIX, **LIMITS}
    role_arn = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran"
    config = {
        "api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "cloud_storage_type": "GCS",
        "gcs_bucket": world.GCS_BUCKET,
        "gcs_folder": world.PREFIX,
    }
    connection = {
        "group_id": world.GROUP_ID,
        "service": "braze",
        "schema": SCHEMA,
        "config": config,
        "config_secrets": {"api_key": world.BRAZE_KEY_SHOP_EU},
        "paused": False,
        "setup_test_timeout": RETRY_TIMEOUT,
        "setup_test_retries": 2,
        **LIMITS,
    }
    return {
        "account": Step("fivetran", "fivetran_account_info", {"group": world.GROUP_NAME, **LIMITS}, nothing, unchanged),
        "group": Step(
            "fivetran",
            "fivetran_group_info",
            {"group": world.GROUP_NAME, "gather": ["service_account", "destination"], **LIMITS},
            nothing,
            unchanged,
        ),
        "braze": Step(
            "braze",
            "braze_api_key_info",
            {"api_key": world.BRAZE_KEY_SHOP_EU, "api_url": sandbox.env["SANDBOX_BRAZE_URL"], **LIMITS},
            nothing,
            unchanged,
            ("ok",),
        ),
        "currents in GCS": Step(
            "gcs", "braze_currents_info", {"storage": "gcs", "bucket": world.GCS_BUCKET, **currents}, nothing, unchanged
        ),
        "currents in S3": Step(
            "aws", "braze_currents_info", {"storage": "s3", "bucket": world.S3_BUCKET, **currents}, nothing, unchanged
        ),
        "access to S3": Step("aws", "s3_access_plan_info", {"external_id": world.GROUP_ID, **s3}, nothing, unchanged),
        "preflight of S3": Step("aws", "s3_bucket_preflight_info", {"role_arn": role_arn, **s3}, nothing, unchanged),
        "preflight of GCS": Step("gcs", "gcs_bucket_preflight_info", bucket, nothing, unchanged),
        "access to S3 that is there": Step(
            "aws", "s3_access_plan_info", {"external_id": world.GROUP_ID, **s3}, with_role, unchanged
        ),
        "grant": Step("gcs", "gcs_bucket_iam_member", {"role": VIEWER, **bucket}, without_grant, wrong_bindings),
        "connection": Step("fivetran", "fivetran_connection", connection, without_connection, wrong_connections),
    }


def nothing(sandbox: Sandbox) -> None:
    """Leave the sandbox as it is."""


def unchanged(sandbox: Sandbox, _done: bool) -> list[str]:
    """A step that only reads has written nothing."""
    return [f"{entry.operation} has written" for entry in sandbox.writes()]


def without_grant(sandbox: Sandbox) -> None:
    """Leave only somebody else's grant on the bucket."""
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=FOREIGN)


def with_grant(sandbox: Sandbox) -> None:
    """Grant what the step before the connection grants."""
    ours = {"role": VIEWER, "members": [MEMBER]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[*FOREIGN, ours])


def with_role(sandbox: Sandbox) -> None:
    """Make the role and the policy that the guide asks for, unless they are there."""
    iam, bucket = sandbox.aws("iam"), f"arn:aws:s3:::{world.S3_BUCKET}"
    reads = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": [bucket, f"{bucket}/*"]}
    trusts = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{FIVETRAN_ACCOUNT}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": world.GROUP_ID}},
    }
    if any(role["RoleName"] == "Fivetran" for role in iam.list_roles()["Roles"]):
        return
    policy = iam.create_policy(PolicyName="Fivetran-S3-Access", PolicyDocument=_document(reads))["Policy"]
    iam.create_role(RoleName="Fivetran", AssumeRolePolicyDocument=_document(trusts))
    iam.attach_role_policy(RoleName="Fivetran", PolicyArn=policy["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def without_connection(sandbox: Sandbox) -> None:
    """Remove all connections; the grant is there."""
    with_grant(sandbox)
    for identifier in sandbox.state()["fivetran"]["connections"]:
        sandbox.seed("fivetran", "remove_connection", id=identifier)


def wrong_bindings(sandbox: Sandbox, done: bool) -> list[str]:
    """The foreign grant is there, ours once, and nothing else."""
    bindings = list(sandbox.seed("gcs", "policy", bucket=world.GCS_BUCKET)["bindings"])
    wrong = [] if all(binding in bindings for binding in FOREIGN) else ["somebody else's binding is lost"]
    ours = [member for entry in bindings if entry["role"] == VIEWER for member in entry["members"]]
    if ours != [MEMBER] and (done or ours):
        wrong.append(f"the role is granted to {ours}")
    return wrong


def wrong_connections(sandbox: Sandbox, done: bool) -> list[str]:
    """At most one connection of the schema, which runs only if it is connected; exactly one that runs at the end."""
    rows = list(sandbox.state()["fivetran"]["connections"].values())
    wrong = [] if len(rows) == 1 or (not rows and not done) else [f"{len(rows)} connections"]
    for row in rows:
        connected = row["status"]["setup_state"] == "connected"
        if not row["paused"] and not connected:
            wrong.append("a connection runs without having passed its tests")
        if done and (row["paused"] or not connected):
            wrong.append(f"success is reported of a connection with paused={row['paused']}, connected={connected}")
        if done and row["config"].get("gcs_bucket") != world.GCS_BUCKET:
            wrong.append("success is reported of a connection with another bucket")
    return [*wrong, *wrong_bindings(sandbox, done=True)]
