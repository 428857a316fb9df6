# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The world that a sandbox starts with: one company with two Braze workspaces, an S3 and a GCS bucket, Fivetran.

Nothing here has been onboarded: no role, no grant, no connection.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from .aws import SECRET_ACCESS_KEY, Aws
from .braze import Braze
from .currents import generate_currents
from .fivetran import Fivetran
from .gcs import Gcs

# Every secret is long and distinctive, so that a test can prove that it occurs in no output.
FIVETRAN_KEY = "sandbox-fivetran-key-owner-2b1f7c"
FIVETRAN_SECRET = "sandbox-fivetran-secret-owner-9f86d081884c"
# A key that may read but not create connections, and one of another company's account.
FIVETRAN_READER = ("sandbox-fivetran-key-reader-77de68", "sandbox-fivetran-secret-reader-3c9909afec25")
FIVETRAN_STRANGER = ("sandbox-fivetran-key-stranger-1b6453", "sandbox-fivetran-secret-stranger-354d56ef")

GROUP_ID = "jovial_daylight"
GROUP_NAME = "Warehouse"
SERVICE_ACCOUNT = "g-jovial-daylight@fivetran-sandbox-4711.iam.gserviceaccount.com"
SECOND_GROUP_ID = "patient_harbor"
SECOND_GROUP_NAME = "Warehouse EMEA"
SECOND_SERVICE_ACCOUNT = "g-patient-harbor@fivetran-sandbox-0815.iam.gserviceaccount.com"

BRAZE_KEY_SHOP_US = "sandbox-braze-key-shop-us-6c569aabbf7775ef"
BRAZE_KEY_SHOP_EU = "sandbox-braze-key-shop-eu-8fc42c6ddf9966db"
# Lacks campaigns.details and segments.list.
BRAZE_KEY_INCOMPLETE = "sandbox-braze-key-incomplete-3b09e84ea65ef7"
BRAZE_KEY_INCOMPLETE_LACKS = ("campaigns.details", "segments.list")
BRAZE_KEY_REVOKED = "sandbox-braze-key-revoked-0e8400e29b41d4a716"

S3_BUCKET = "acme-currents-us"
GCS_BUCKET = "acme-currents-eu"
PREFIX = "currents"
EVENT_TYPES = ("users.behaviors.app.SessionStart", "users.messages.email.Open", "users.messages.email.Send")


def secrets() -> tuple[str, ...]:
    """Return every secret of the world."""
    keys = (BRAZE_KEY_SHOP_US, BRAZE_KEY_SHOP_EU, BRAZE_KEY_INCOMPLETE, BRAZE_KEY_REVOKED)
    fivetran = (FIVETRAN_KEY, FIVETRAN_SECRET, *FIVETRAN_READER, *FIVETRAN_STRANGER)
    return (*keys, *fivetran, SECRET_ACCESS_KEY)


def recent_hours(count: int = 3) -> list[datetime]:
    """Return the last full hours in UTC, the newest last."""
    newest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return [newest - timedelta(hours=hours) for hours in reversed(range(count))]


@lru_cache(maxsize=4)
def currents(
    storage: Any, cluster: str, integration_id: str, hours: tuple[datetime, ...]
) -> tuple[tuple[str, bytes], ...]:
    """Return the Currents objects of one workspace; those of the same hours are the same after each reset."""
    return tuple(
        generate_currents(
            prefix=PREFIX,
            cluster=cluster,
            storage=storage,
            integration_id=integration_id,
            event_types=EVENT_TYPES,
            hours=hours,
        )
    )


def build(fivetran: Fivetran, braze: Braze, gcs: Gcs) -> None:
    """Fill freshly reset servers, but for AWS."""
    build_fivetran(fivetran)
    build_braze(braze)
    gcs.control_create_bucket(name=GCS_BUCKET)
    gcs.put_objects(GCS_BUCKET, currents("GCS", "prod-04", "66f1aeb2c3d4e5f60718293b", tuple(recent_hours())))


async def build_aws(aws: Aws) -> None:
    """Fill an empty ministack."""
    objects = currents("S3", "prod-01", "66f1aeb2c3d4e5f60718293a", tuple(recent_hours()))
    await asyncio.to_thread(aws.fill, S3_BUCKET, objects)


def build_fivetran(fivetran: Fivetran) -> None:
    """Two groups with connected destinations, and three keys."""
    for group_id, name, service_account in (
        (GROUP_ID, GROUP_NAME, SERVICE_ACCOUNT),
        (SECOND_GROUP_ID, SECOND_GROUP_NAME, SECOND_SERVICE_ACCOUNT),
    ):
        fivetran.control_add_group(id=group_id, name=name, service_account=service_account)
    fivetran.control_add_account_key(key=FIVETRAN_KEY, secret=FIVETRAN_SECRET, name="owner")
    key, secret = FIVETRAN_READER
    fivetran.control_add_account_key(key=key, secret=secret, name="reader", can_create=False)
    key, secret = FIVETRAN_STRANGER
    fivetran.control_add_account_key(key=key, secret=secret, name="stranger", account="another_company")


def build_braze(braze: Braze) -> None:
    """Two complete keys, one that lacks two permissions, and one that was revoked."""
    for key in (BRAZE_KEY_SHOP_US, BRAZE_KEY_SHOP_EU, BRAZE_KEY_REVOKED):
        braze.control_create_key(key=key)
    braze.control_revoke_key(key=BRAZE_KEY_REVOKED)
    braze.control_create_key(key=BRAZE_KEY_INCOMPLETE, missing=list(BRAZE_KEY_INCOMPLETE_LACKS))
