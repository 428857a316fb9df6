# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workspaces that are measured: half in S3, each in a folder of one bucket, half in GCS, each in a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents

INTEGRATION_ID = "66f1aeb2c3d4e5f60718293b"
FOLDERS = "ws{:04}"


def seed(sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Make keys, buckets and what Currents has written for ``count`` workspaces, and return their inventory."""
    hours = world.recent_hours()
    numbers = range(count)
    _fill_s3(sandbox, count, hours)
    hosts = {host_of(number): _workspace(sandbox, number, hours) for number in numbers}
    common = {"fivetran_group": world.GROUP_NAME, "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"]}
    return {"braze_workspaces": {"vars": common, "hosts": hosts}}


def _workspace(sandbox: Sandbox, number: int, hours: Iterable[datetime]) -> dict[str, str]:
    key = key_of(number)
    sandbox.seed("braze", "create_key", key=key)
    host = {"braze_api_key": key, "fivetran_schema": schema_of(number)}
    if is_s3(number):
        place = {"currents_storage": "s3", "currents_bucket": world.S3_BUCKET, "currents_prefix": folder_of(number)}
        return host | place
    bucket = bucket_of(number)
    sandbox.seed("gcs", "create_bucket", name=bucket)
    sandbox.seed(
        "gcs", "seed_currents", bucket=bucket, prefix=world.PREFIX, cluster="prod-04", storage="GCS",
        integration_id=INTEGRATION_ID, event_types=list(world.EVENT_TYPES), hours=[hour.isoformat() for hour in hours],
    )  # fmt: skip
    return host | {"currents_storage": "gcs", "currents_bucket": bucket, "currents_prefix": world.PREFIX}


def is_s3(number: int) -> bool:
    """Tell whether it is one of those in S3."""
    return number % 2 == 0


def host_of(number: int) -> str:
    """Return its name in the inventory."""
    return f"bench_{number:04}"


def key_of(number: int) -> str:
    """Return its key of Braze."""
    return f"sandbox-braze-key-bench-{number:04}-9f86d081884c7d65"


def schema_of(number: int) -> str:
    """Return the schema of its connection."""
    return f"braze_bench_{number:04}"


def folder_of(number: int) -> str:
    """Return its folder in the bucket of S3."""
    return FOLDERS.format(number)


def bucket_of(number: int) -> str:
    """Return its bucket of Google Cloud Storage."""
    return f"acme-currents-bench-{number:04}"


def _fill_s3(sandbox: Sandbox, count: int, hours: Iterable[datetime]) -> None:
    """Put the same objects into the folder of each of those in S3, past the journal."""
    objects = generate_currents(
        prefix="",
        cluster="prod-01",
        storage="S3",
        integration_id=INTEGRATION_ID,
        event_types=world.EVENT_TYPES,
        hours=hours,
    )
    s3 = sandbox.aws("s3")
    for name, content in objects:
        s3.put_object(
            Bucket=world.S3_BUCKET, Key=name, Body=content, Metadata={"sandbox-folders": f"{FOLDERS} 0 {count} 2"}
        )
