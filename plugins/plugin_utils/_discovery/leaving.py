# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find a Braze connection that no host of the inventory claims any more, as a host that can be offboarded."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ...module_utils._fivetran.account.group import choose_group
from ...module_utils._fivetran.client import FivetranClient, JsonObject
from ...module_utils._fivetran.connection.braze_config import SERVICE
from ...module_utils._kernel.errors import Failure, OnrampError
from ...module_utils._kernel.secrets.shown import may_be_secret, shown
from .._settings.options import all_options
from .._settings.settings import Settings, Unusable, schema_claimed
from .._words import joined
from .access import AccessVariables
from .connections import UNKNOWN_STORAGE, FoundConnection, host_names
from .look import AccessLook, Credentials
from .variables import BUCKETS, VariableValue, one_line, place

# What says which role of this collection it is, and how it has been made. A group of hosts may say something else.
_OF_OWN_ROLE = (
    "s3_access_role_name",
    "s3_access_policy_name",
    "s3_access_path",
    "s3_access_scope",
    "s3_access_kms_key_arns",
)
# Everything that offboard.yml has to set for the host.
VARIABLES = (
    "fivetran_group",
    "fivetran_schema",
    "currents_storage",
    "currents_bucket",
    "currents_prefix",
    "s3_access_aws_profile",
    "s3_access_role_arn",
    *_OF_OWN_ROLE,
    "gcs_access_scope",
)
_UNCHANGED = "Nothing was changed."


@dataclass(frozen=True)
class Leaving:
    """A connection as a host. ``told``: what a person wants to know before it is offboarded, a sentence each."""

    host: str
    connection: FoundConnection
    variables: Mapping[str, VariableValue]
    told: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what the module returns."""
        return {
            "msg": self.told[0],
            "told": list(self.told),
            "host": self.host,
            "connection_id": self.connection.id,
            "variables": dict(self.variables),
        }


def find_leaving(
    client: FivetranClient, group: str, schema: str, inventory: Iterable[Settings | Unusable]
) -> FoundConnection:
    """Return the Braze connection of this schema in this group, given by name or id.

    :raises OnrampError: a host claims it, or may claim it; there is none, or it is of another service.
    """
    found = choose_group(list(client.groups()), group)
    group_id, name = str(found["id"]), one_line(str(found.get("name") or found["id"]))
    check_unclaimed(schema, {group_id, str(found.get("name"))}, inventory)
    rows = [{**row, "group_id": group_id} for row in client.connections(group_id=group_id)]
    row = next((row for row in rows if row.get("schema") == schema), None)
    if row is None:
        _is_missing(name, schema, rows)
    if row.get("service") != SERVICE:
        _refuse(
            "not_braze",
            f"The connection {schema} of the Fivetran group {name} is of the service {shown(str(row.get('service')))}."
            f" Only Braze connections are offboarded here. {_UNCHANGED}",
        )
    return FoundConnection.of(row, {group_id: name})


def check_unclaimed(schema: str, group: Collection[str], inventory: Iterable[Settings | Unusable]) -> None:
    """Refuse what a host of the inventory claims, or may claim. ``group``: its id and its name.

    :raises OnrampError: with code ``claimed`` or ``claim_unknown``, naming the host.
    """
    what = f"the connection {shown(schema)}"
    of_the_group = [entry for entry in inventory if _may_be_of(entry, group)]
    claiming = sorted(entry.name for entry in of_the_group if schema_claimed(entry) == schema)
    if claiming:
        _refuse(
            "claimed",
            f"{joined(claiming)} of the inventory claims {what}. {_UNCHANGED} Run offboard.yml with --limit"
            f" {claiming[0]}, without offboard_group and offboard_schema.",
        )
    unread = sorted(entry.name for entry in of_the_group if schema_claimed(entry) is None)
    if unread:
        _refuse(
            "claim_unknown",
            f"Which connection {joined(unread)} of the inventory claims cannot be read, so that it may be {what}."
            f" {_UNCHANGED} Correct fivetran_schema there, or take the host out of the inventory.",
        )


def _may_be_of(entry: Settings | Unusable, group: Collection[str]) -> bool:
    """Tell whether an entry belongs to the group, or may: what cannot be read is no "no"."""
    said = entry.fivetran_group if isinstance(entry, Settings) else entry.known.get("fivetran_group")
    return said is None or said in group


def _is_missing(group: str, schema: str, rows: Iterable[JsonObject]) -> NoReturn:
    schemas = sorted(str(row.get("schema")) for row in rows if row.get("service") == SERVICE)
    there = [schema for schema in schemas if not may_be_secret(schema)]
    of_braze = f"Its Braze connections are {joined(there)}." if there else "It holds no Braze connection."
    _refuse(
        "NotFound_Connection",
        f"There is no connection {shown(schema)} in the Fivetran group {group}. {of_braze} {_UNCHANGED} If an"
        " earlier run has deleted it, and not yet its access, write a host for it again, and run offboard.yml with"
        " --limit.",
    )


def _refuse(code: str, msg: str) -> NoReturn:
    raise OnrampError(msg=msg, failure=Failure(code=code, message=msg))


def leaving(
    connection: FoundConnection, taken: Iterable[str], client: FivetranClient, credentials: Credentials
) -> Leaving:
    """Return the connection as a host, with what lets Fivetran read its bucket. ``taken``: names of other hosts."""
    found = AccessLook(client, credentials).take([connection])
    access = found.access.get(connection.id, AccessVariables())
    host = host_names([connection], taken)[connection.id]
    variables = {**_identity(connection), **_access(connection.currents.storage, access)}
    return Leaving(host, connection, variables, tuple(map(one_line, _told(host, connection, access, found.notes))))


def _identity(connection: FoundConnection) -> dict[str, VariableValue]:
    currents = connection.currents
    # Of a storage that nobody knows, nothing can be taken away.
    storage = currents.storage if currents.storage != UNKNOWN_STORAGE else "none"
    return {
        "fivetran_group": connection.group_id,
        "fivetran_schema": connection.schema,
        "currents_storage": storage,
        "currents_bucket": currents.bucket if storage in BUCKETS else "",
        "currents_prefix": currents.folder if storage in BUCKETS else "",
    }


def _access(storage: str, access: AccessVariables) -> dict[str, VariableValue]:
    """Return the settings of the access. What was not found is left to those of the group, as for any other host."""
    if storage == "gcs":
        # Which grant it would be if it is not this collection's, only the settings of the group can say.
        is_own = not access.missing and "gcs_access_manage" not in access.settings
        return {"gcs_access_scope": access.settings.get("gcs_access_scope", "bucket")} if is_own else {}
    chosen = _role(access)
    if storage != "s3" or chosen is None:
        return dict(access.settings)
    if "s3_access_role_arn" in chosen:
        return dict(chosen)
    known = all_options()
    return {"s3_access_role_arn": "", **{name: known[name].default for name in _OF_OWN_ROLE}, **chosen}


def _role(access: AccessVariables) -> Mapping[str, VariableValue] | None:
    """Return the settings of the role that was found; of several that may be meant, of the one that was made here."""
    if not access.missing:
        return access.settings
    own = [item.settings for item in access.candidates if "s3_access_role_arn" not in item.settings]
    return {**access.settings, **own[0]} if len(own) == 1 else None


def _told(host: str, connection: FoundConnection, access: AccessVariables, notes: Iterable[str]) -> Iterator[str]:
    reads = f", which reads {place(connection.currents)}," if connection.currents.storage != "none" else ""
    yield (
        f"The connection {connection.schema} of the Fivetran group {connection.group_name}{reads} leaves as the host"
        f" {host}."
    )
    if connection.currents.storage == UNKNOWN_STORAGE:
        yield "What lets Fivetran read there stays."
    yield from notes
    yield from access.remarks
    if access.missing:
        yield access.missing
