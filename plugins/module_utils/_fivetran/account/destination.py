# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations: the warehouse of a group. Nothing syncs into one that is not connected."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._kernel.task import Result, Task
from ..client import JsonObject, client_from_params
from ..setup_tests import judge_setup

SHOWN_FIELDS = ("id", "service", "region", "setup_status", "time_zone_offset", "networking_method")


def destination_view(data: JsonObject | None) -> JsonObject | None:
    """Return what the modules show of a destination: nothing of its config, which holds the warehouse's secrets."""
    return None if data is None else {name: data.get(name) for name in SHOWN_FIELDS}


def is_connected(destination: Mapping[str, Any] | None) -> bool:
    """Tell whether there is a destination that can be synced into."""
    # Fivetran's OpenAPI document writes the states in upper case, its answers in lower case.
    return destination is not None and str(destination.get("setup_status")).lower() == "connected"


def destination_info(task: Task) -> Result:
    """Do the work of ``fivetran_destination_info``."""
    data = client_from_params(task.params, clients=task.clients).destination(task.params["group_id"])
    shown = destination_view(data)
    if data is not None and shown is not None:
        shown["group_id"] = data.get("group_id")
        shown["setup_tests"] = [vars(test) for test in judge_setup(data).tests]
    return {"changed": False, "destination": shown}
