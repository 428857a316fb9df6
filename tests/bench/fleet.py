# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workspaces that are measured: half in S3, each in a folder of one bucket, half in GCS, each in a bucket."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents

INTEGRATION_ID = "66f1aeb2c3d4e5f60718293b"
# As many puts at once as the emulator has work for.
PUTS = 8


def seed(sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Make keys, buckets and what Currents has written for ``count`` workspaces, and return their inventory."""
    hours = world.recent_hours()
    numbers = range(count)
    _fill_s3(sandbox, [_folder(number) for number in numbers if _is_s3(number)], hours)
    hosts = {f"bench_{number:04}": _workspace(sandbox, number, hours) for number in numbers}
    common = {"fivetran_group": world.GROUP_NAME, "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"]}
    return {"braze_workspaces": {"vars": common, "hosts": hosts}}


def _workspace(sandbox: Sandbox, number: int, hours: Iterable[datetime]) -> dict[str, str]:
    key = f"sandbox-braze-key-bench-{number:04}-9f86d081884c7d65"
    sandbox.seed("braze", "create_key", key=key)
    host = {"braze_api_key": key, "fivetran_schema": f"braze_bench_{number:04}"}
    if _is_s3(number):
        place = {"currents_storage": "s3", "currents_bucket": world.S3_BUCKET, "currents_prefix": _folder(number)}
        return host | place
    bucket = f"acme-currents-bench-{number:04}"
    sandbox.seed("gcs", "create_bucket", name=bucket)
    sandbox.seed(
        "gcs", "seed_currents", bucket=bucket, prefix=world.PREFIX, cluster="prod-04", storage="GCS",
        integration_id=INTEGRATION_ID, event_types=list(world.EVENT_TYPES), hours=[hour.isoformat() for hour in hours],
    )  # fmt: skip
    return host | {"currents_storage": "gcs", "currents_bucket": bucket, "currents_prefix": world.PREFIX}


def _is_s3(number: int) -> bool:
    return number % 2 == 0


def _folder(number: int) -> str:
    return f"ws{number:04}"


def _fill_s3(sandbox: Sandbox, folders: Iterable[str], hours: Iterable[datetime]) -> None:
    """Put the same objects into each folder, past the journal."""
    objects = list(
        generate_currents(
            prefix="",
            cluster="prod-01",
            storage="S3",
            integration_id=INTEGRATION_ID,
            event_types=world.EVENT_TYPES,
            hours=hours,
        )
    )
    s3 = sandbox.aws("s3")

    def put(folder: str) -> None:
        for name, content in objects:
            s3.put_object(Bucket=world.S3_BUCKET, Key=f"{folder}/{name}", Body=content)

    with ThreadPoolExecutor(PUTS) as pool:
        # A list, so that what fails is raised.
        list(pool.map(put, folders))
