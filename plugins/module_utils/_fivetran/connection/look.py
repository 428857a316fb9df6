# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan for a connection is made from: which connection it is, and what its service accepts."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..._kernel.errors import Failure, InvalidArgument, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.secrets.shown import quoted
from ..account.destination import is_connected
from ..client import JsonObject
from .desired import DesiredConnection, Options
from .plan import ConnectionPlan, plan_connection

FORBIDDEN = 403


def of_identity(rows: Iterable[JsonObject], desired: DesiredConnection) -> JsonObject | None:
    """Return the connection of this group, service and schema among ``rows``.

    :raises OnrampError: the name belongs to another service.
    """
    found = [row for row in rows if row.get("schema") == desired.schema and row.get("group_id") == desired.group_id]
    for row in found:
        if row.get("service") == desired.service:
            return row
    if found:
        msg = (
            f"schema: {quoted(desired.schema)} is taken in group {desired.group_id} by a connection of service"
            f" {found[0].get('service')} (id {found[0].get('id')}). A schema name is unique in its group and"
            " permanent: choose another one."
        )
        raise OnrampError(msg=msg, failure=Failure(code="schema_taken", message=msg))
    return None


def planned(
    desired: DesiredConnection,
    actual: JsonObject | None,
    options: Options,
    metadata: Callable[[str], JsonObject | None],
    *,
    is_ours: bool = False,
) -> ConnectionPlan:
    """Return the plan for a connection. ``metadata`` is asked about its service, and only where that matters."""
    change = plan_connection(desired, actual, options, is_ours=is_ours)
    if not change.needs_metadata:
        return change
    service = desired.service or str((actual or {}).get("service"))
    return plan_connection(desired, actual, options, metadata(service), is_ours=is_ours)


def config_schema(
    service: str, read: Callable[[str], JsonObject | None], warn: Callable[[str], None]
) -> JsonObject | None:
    """Return the JSON schema of a service's configuration; None if the key may not read it, which is warned about.

    :raises InvalidArgument: there is no such service.
    """
    try:
        metadata = read(service)
    except HttpError as error:
        if error.failure.status != FORBIDDEN:
            raise
        warn(
            f"config: is not checked, because this API key may not read what service {service} accepts; a system"
            " key needs rights on the account for that."
        )
        return None
    if metadata is None:
        raise InvalidArgument(f"service: Fivetran has no service {quoted(service)}.")
    schema = metadata.get("config")
    return schema if isinstance(schema, dict) else None


def destination_warning(group: str, destination: JsonObject | None, *, is_new: bool = True) -> str:
    """Return what to say of a destination that a connection syncs into; empty if there is nothing to say.

    ``group``: its name or id. ``is_new``: the connection is about to be made.
    """
    if is_connected(destination):
        return ""
    state = "does not exist yet" if destination is None else f"is {destination.get('setup_status')}"
    made = "the connection is made, but " if is_new else ""
    return (
        f"The destination of group {group} {state}, not connected: {made}nothing syncs until the destination has been"
        " set up in Fivetran."
    )
