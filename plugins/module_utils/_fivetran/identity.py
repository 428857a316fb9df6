# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name an existing connection: by its id, or by its group and its schema, which is unique in the group."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from .._kernel.errors import Failure, OnrampError
from .._kernel.options.spec import OptionGroup
from .._kernel.secrets.shown import quoted
from .._kernel.task import Task
from .client import FivetranClient, JsonObject

# Documented in the doc fragment fivetran_connection_identity.
IDENTITY_OPTIONS = OptionGroup(
    {"id": {"type": "str"}, "group_id": {"type": "str"}, "schema": {"type": "str"}},
    mutually_exclusive=[("id", "schema"), ("id", "group_id")],
    required_one_of=[("id", "schema")],
    required_together=[("group_id", "schema")],
)


def connection_or_foretold(client: FivetranClient, task: Task) -> JsonObject | None:
    """Return the connection that the options of ``IDENTITY_OPTIONS`` name.

    None where check mode may have foretold one of this name, and nobody has made it.

    :raises OnrampError: with Fivetran's own code ``NotFound_Connection``, naming what comes nearest.
    """
    params = task.params
    if params["id"]:
        found = client.connection(params["id"])
    else:
        rows = client.connections(group_id=params["group_id"], schema=params["schema"])
        found = next((row for row in rows if row.get("schema") == params["schema"]), None)
    if found is None:
        error = _not_found(client, params)
        if not task.check_mode or params["id"] or client.group(params["group_id"]) is None:
            raise error
        task.warn(f"{error.msg} In check mode, it is taken for one that an earlier task makes.")
    return found


def _not_found(client: FivetranClient, params: Mapping[str, Any]) -> OnrampError:
    if params["id"]:
        msg = f"There is no connection {params['id']} that this API key can see."
    else:
        msg = (
            f"There is no connection with schema {quoted(params['schema'])} in group {params['group_id']} that this API"
            f" key can see. {_hint(client, params['group_id'], params['schema'])}"
        )
    return OnrampError(msg=msg, failure=Failure(code="NotFound_Connection", message=msg))


def _hint(client: FivetranClient, group_id: str, schema: str) -> str:
    """Return where a connection of this name is, for it may have been moved, or which name comes nearest."""
    rows = [row for row in client.connections(schema=schema) if row.get("schema") == schema]
    if rows:
        places = ", ".join(sorted(f"group {row.get('group_id')} (connection {row.get('id')})" for row in rows))
        return f"There is one in {places}."
    return nearest(schema, [str(row.get("schema")) for row in client.connections(group_id=group_id)])


def nearest(name: str, known: list[str]) -> str:
    """Return a hint at the name that was meant, as a sentence."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known: {', '.join(sorted(known)[:20]) or 'none'}."
