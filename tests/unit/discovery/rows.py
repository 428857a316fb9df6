# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of Fivetran's listing of connections, as somebody has made them by hand."""

from __future__ import annotations

from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.connections import (
    FoundConnection,
    braze_connections,
)

GROUPS = ({"id": "jovial_daylight", "name": "Warehouse"}, {"id": "patient_harbor", "name": "Warehouse EMEA"})
S3 = {"cloud_storage_type": "AWS_S3", "s3bucket": "acme-currents-us", "s3folder": "currents"}
GCS = {"cloud_storage_type": "GCS", "gcs_bucket": "acme-currents-eu", "gcs_folder": "currents"}
AZURE = {"cloud_storage_type": "AZURE_BLOB_STORAGE", "abs_container_name": "currents", "abs_prefix": "shop"}
# As Fivetran should never send them.
SECRETS = {
    "api_key": "0d1f6c1e-5a54-4c1a-9d5c-3b2f6a7e8d90",
    "s3role_arn": "arn:aws:iam::111122223333:role/unmasked",
    "s3_export_role_arn": "arn:aws:iam::111122223333:role/unmasked-too",
    "abs_connection_string": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=dW5tYXNrZWQ=",
    "abs_export_connection_string": "DefaultEndpointsProtocol=https;AccountName=b;AccountKey=dG9v",
}


def row(schema: str = "braze_shop_us", group: str = "jovial_daylight", **fields: Any) -> dict[str, Any]:
    """Return a connection that reads S3, with fields changed; ``config`` and ``status`` are added to."""
    config = {"api_url": "https://rest.iad-01.braze.com", **SECRETS, **fields.pop("config", S3)}
    status = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
    return {
        "id": f"{group}_{schema}",
        "group_id": group,
        "service": "braze",
        "schema": schema,
        "paused": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "data_delay_sensitivity": "NORMAL",
        "pause_after_trial": False,
        "created_at": "2026-01-02T03:04:05Z",
        "succeeded_at": None,
        "failed_at": None,
        "config": config,
        "status": {**status, **fields.pop("status", {})},
        **fields,
    }


def connection(**fields: Any) -> FoundConnection:
    """Return one connection."""
    [found] = braze_connections([row(**fields)], GROUPS)
    return found
