# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connections of an account, found by id or by what they have in common, each with how its last sync ended."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from .._kernel.task import Result, Task
from .client import client_from_params
from .credentials import credentials_redactor
from .sync.last_sync import connection_view


def connection_info(task: Task) -> Result:
    """Do the work of ``fivetran_connection_info``."""
    params = task.params
    client = client_from_params(params, clients=task.clients)
    redactor = credentials_redactor(params)
    if params["id"]:
        found = client.connection(params["id"])
        rows = [] if found is None else [found]
    else:
        rows = list(client.connections(group_id=params["group_id"], schema=params["schema"]))
    wanted = [row for row in rows if params["service"] in (None, row.get("service"))]
    return {"changed": False, "connections": [connection_view(row, redactor) for row in wanted]}
