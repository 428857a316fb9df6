# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a connection as Fivetran returns it. Whatever is missing or of another type is taken for nothing."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._kernel.difference import holds_mask
from ..._kernel.secrets.names import without_secrets
from ..._kernel.secrets.redact import REDACTED, Redactor
from ..client import JsonObject
from .desired import STORED_FIELDS

# Shown by the results of the connection modules, as Fivetran names them.
RETURNED_FIELDS = (
    "id", "group_id", "service", "schema", *STORED_FIELDS, "destination_schema_names", "created_at", "succeeded_at",
    "failed_at", "config", "status",
)  # fmt: skip
CONNECTED, BROKEN, SYNCING = "connected", "broken", "syncing"


def status_of(connection: JsonObject | None) -> JsonObject:
    """Return the status; empty if there is none."""
    status = (connection or {}).get("status")
    return status if isinstance(status, dict) else {}


def is_running(connection: JsonObject) -> bool:
    """Tell whether a sync of the connection is running."""
    return status_of(connection).get("sync_state") == SYNCING


def stored_config(connection: JsonObject | None) -> JsonObject:
    """Return the configuration; secrets are masked in it."""
    config = (connection or {}).get("config")
    return config if isinstance(config, dict) else {}


def setup_state(connection: JsonObject | None) -> str:
    """Return how the setup of the connection stands: incomplete, connected, broken, or unknown."""
    status = (connection or {}).get("status")
    return str(status.get("setup_state")) if isinstance(status, dict) else "unknown"


def is_broken(connection: JsonObject | None) -> bool:
    """Tell whether it was connected once: it stays broken, also when its setup tests pass, until a sync succeeds."""
    return setup_state(connection) == BROKEN


def is_connected(connection: JsonObject | None) -> bool:
    """Tell whether the setup tests have passed with what Fivetran holds."""
    return setup_state(connection) == CONNECTED


def never_synced(connection: JsonObject) -> bool:
    """Tell whether no sync of the connection has ended, nor is running."""
    return not is_running(connection) and not connection.get("succeeded_at") and not connection.get("failed_at")


def is_unfinished(connection: JsonObject) -> bool:
    """Tell whether the connection was created and nothing more, as a run leaves it whose setup tests have failed."""
    return bool(connection.get("paused")) and setup_state(connection) == "incomplete" and never_synced(connection)


def stays_paused(schema: str, actual: JsonObject | None) -> str:
    """Return the warning for a connection that should run, and is not connected."""
    state = "incomplete" if actual is None else setup_state(actual)
    return (
        f"The connection {schema} stays paused, because Fivetran does not call it connected: its setup_state is"
        f" {state}."
    )


def is_role(value: Any) -> bool:
    """Tell whether ``value`` is the ARN of a role.

    Fivetran masks those like passwords, but they are no secret, and no_log would corrupt them everywhere.
    """
    return isinstance(value, str) and value.startswith("arn:")


def hidden(wanted: Mapping[str, Any], secrets: Mapping[str, Any], connection: JsonObject) -> frozenset[str]:
    """Return which of the wanted fields of the configuration Fivetran does not show: masked, or not returned at all."""
    config = stored_config(connection)
    return frozenset(
        name
        for name, value in wanted.items()
        if holds_mask(config.get(name)) or (name not in config and (name in secrets or is_role(value)))
    )


def view(actual: JsonObject, redactor: Redactor, secrets: Mapping[str, Any]) -> JsonObject:
    """Return what the modules show of a connection: Fivetran's names and masks, no secret.

    What a service calls a password is none of anybody's business, also where Fivetran does not mask it.
    """
    shown = {name: actual.get(name) for name in RETURNED_FIELDS}
    config: JsonObject = without_secrets(stored_config(actual))
    shown["config"] = {name: REDACTED if name in secrets else value for name, value in config.items()}
    shown["setup_state"] = setup_state(actual) if actual.get("status") else None
    data: JsonObject = redactor.data(shown)
    return data
