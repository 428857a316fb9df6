# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dagster's client for Fivetran, as its jobs use it: list, sync and wait until the sync has ended."""

from __future__ import annotations

import os
from typing import Any

from dagster_fivetran import resources

from tests.compat.drivers.steps import Steps

CONNECTION, GROUP = os.environ["COMPAT_CONNECTION"], os.environ["COMPAT_GROUP"]
# It knows one address only.
resources.FIVETRAN_API_BASE = os.environ["FIVETRAN_API_URL"]


def main() -> None:
    steps = Steps("dagster-fivetran")
    client = resources.FivetranClient(
        api_key=os.environ["FIVETRAN_APIKEY"],
        api_secret=os.environ["FIVETRAN_APISECRET"],
        request_max_retries=0,
        request_retry_delay=0,
        request_backoff_factor=1,
        disable_schedule_on_trigger=True,
        retry_on_reschedule=False,
    )

    def details() -> Any:
        return client.get_connector_details(CONNECTION)

    def of_group() -> list[str]:
        return [row["id"] for row in client.list_connectors_for_group(GROUP)]

    steps.expect("get_groups", lambda: GROUP in [row["id"] for row in client.get_groups()["items"]], True)
    steps.expect("list_connectors_for_group", of_group, [CONNECTION])
    steps.expect("get_connector_details", lambda: details()["service"], "braze")
    steps.expect("get_destination_details", lambda: client.get_destination_details(GROUP)["service"], "snowflake")
    steps.expect("get_schema_config_for_connector", lambda: sorted(client.get_schema_config_for_connector(CONNECTION)))
    steps.expect(
        "update_schedule_type_for_connector",
        lambda: client.update_schedule_type_for_connector(CONNECTION, "auto")["schedule_type"],
        "auto",
    )
    steps.expect("sync_and_poll", lambda: bool(client.sync_and_poll(CONNECTION, 0.1, 30)), True)
    steps.expect("resync_and_poll", lambda: bool(client.resync_and_poll(CONNECTION, 0.1, 30)), True)
    steps.expect("the sync has succeeded", lambda: bool(details()["succeeded_at"]), True)
    steps.tell()


main()
