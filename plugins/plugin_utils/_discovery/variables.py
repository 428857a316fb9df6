# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection in the variables of this collection. Pure functions.

Settings are as few as the playbooks need: what is unset is left as it is. The rest is remarks, or facts.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils._fivetran.sync.last_sync import LastSync
from ...module_utils._kernel.secrets.shown import may_be_secret
from .connections import UNKNOWN_STORAGE, FoundConnection, ReadPlace

# The settings that say which connection it is and what it reads.
IDENTITY = (
    "fivetran_group",
    "fivetran_schema",
    "braze_api_url",
    "currents_storage",
    "currents_bucket",
    "currents_prefix",
)
BUCKETS: Mapping[str, str] = {"s3": "s3://", "gcs": "gs://", "azure": "container "}
LONGEST_REMARK = 2000
_ONCE_A_DAY = 1440
# Of these, no template language makes anything else. The last four mean something to YAML where they stand alone, and
# Ansible fails to read them as unsafe texts, even in quotes.
_PLAIN = re.compile(r"[\w .:/@+=,~-]*|<<|[!&*]")


@dataclass(frozen=True)
class Placeholder:
    """Stands for a value that is not told: the variable in which a person keeps it, for instance in a vault."""

    variable: str

    @property
    def template(self) -> str:
        """Return what Ansible makes the value of."""
        return f"{{{{ {self.variable} }}}}"


VariableValue = str | bool | list[str] | Placeholder


def identity(connection: FoundConnection, host: str) -> dict[str, VariableValue]:
    """Return what is known of the settings of :data:`IDENTITY`; no key is among them."""
    currents = connection.currents
    settings: dict[str, VariableValue] = {
        "fivetran_group": connection.group_id,
        "fivetran_schema": connection.schema,
        "braze_api_url": connection.api_url,
    }
    if currents.storage != UNKNOWN_STORAGE:
        settings["currents_storage"] = currents.storage
    if currents.storage in BUCKETS:
        # Also the root, because a group of hosts may say something else.
        settings |= {"currents_bucket": currents.bucket, "currents_prefix": currents.folder}
    return {name: _harmless(name, value, host) for name, value in settings.items() if value or name in _MAY_BE_EMPTY}


_MAY_BE_EMPTY = ("currents_prefix",)


def _harmless(name: str, value: VariableValue, host: str) -> VariableValue:
    """Return the value, unless somebody has put a key where it does not belong."""
    return Placeholder(f"vault_{name}_{host}") if isinstance(value, str) and may_be_secret(value) else value


def keys(connection: FoundConnection, host: str) -> dict[str, Placeholder]:
    """Return the settings that hold what Fivetran does not tell."""
    names = ["braze_api_key", *(["currents_connection_string"] if connection.currents.storage == "azure" else ())]
    return {name: Placeholder(f"vault_{name}_{host}") for name in names}


def left_paused(connection: FoundConnection) -> dict[str, VariableValue]:
    """Return what keeps a connection paused that onboarding would start, because it takes it for its own new one."""
    return {"fivetran_connection_paused": True} if connection.was_never_started else {}


def facts(connection: FoundConnection) -> dict[str, Any]:
    """Return what Fivetran tells of the connection and no playbook needs, for groups of hosts and conditions."""
    return {
        "onramp_connection_id": connection.id,
        "onramp_group_id": connection.group_id,
        "onramp_group_name": connection.group_name,
        "onramp_setup_state": connection.setup_state,
        "onramp_sync_state": connection.sync_state,
        "onramp_update_state": connection.update_state,
        "onramp_paused": connection.paused,
        "onramp_sync_frequency": connection.sync_frequency,
        "onramp_daily_sync_time": connection.daily_sync_time,
        "onramp_schedule_type": connection.schedule_type,
        "onramp_exports_storage": connection.exports.storage,
        "onramp_created_at": connection.created_at,
        "onramp_succeeded_at": connection.succeeded_at,
        "onramp_failed_at": connection.failed_at,
    }


def remarks(connection: FoundConnection) -> list[str]:
    """Return what a person wants to know of the connection, and that stays as it is, a sentence each."""
    return [one_line(sentence) for sentence in _remarks(connection)]


def _remarks(connection: FoundConnection) -> Iterator[str]:
    state = connection.setup_state or "of unknown state"
    paused = ", paused in Fivetran" if connection.paused else ""
    yield f"Connection {connection.id}: {state}{paused}, {schedule(connection)}, {_last_sync(connection)}."
    if connection.currents.storage == UNKNOWN_STORAGE:
        yield "It reads Currents from a storage that this version does not know."
    if connection.exports.storage != "none":
        yield f"It also reads exports of user profiles from {place(connection.exports)}."
    if connection.data_delay_sensitivity not in ("", "NORMAL"):
        yield f"Its sensitivity to delays is {connection.data_delay_sensitivity}."
    if connection.pause_after_trial:
        yield "It is paused when the trial ends."


def schedule(connection: FoundConnection) -> str:
    """Return when the connection syncs, as part of a sentence."""
    minutes = connection.sync_frequency
    if connection.schedule_type == "manual":
        return "started by hand or by API only"
    if not minutes:
        return "on an unknown schedule"
    if minutes == _ONCE_A_DAY:
        return f"daily at {connection.daily_sync_time} UTC" if connection.daily_sync_time else "daily"
    hours, rest = divmod(minutes, 60)
    if rest:
        return "every minute" if minutes == 1 else f"every {minutes} minutes"
    return "every hour" if hours == 1 else f"every {hours} hours"


def _last_sync(connection: FoundConnection) -> str:
    last = LastSync.of({"failed_at": connection.failed_at, "succeeded_at": connection.succeeded_at})
    return f"last sync {last.outcome} at {last.finished_at}" if last.outcome else "never synced"


def place(where: ReadPlace) -> str:
    """Return a bucket and a folder as a person writes them."""
    if where.storage not in BUCKETS:
        return "a storage that this version does not know"
    shown = "/".join(filter(None, (f"{BUCKETS[where.storage]}{where.bucket}", where.folder)))
    return "a place whose name looks like a key" if may_be_secret(shown) else shown


def is_plain(text: str) -> bool:
    """Tell whether a text means itself, also where templates are evaluated."""
    return _PLAIN.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Return a text of a vendor as part of one printable line."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= LONGEST_REMARK else f"{line[:LONGEST_REMARK]}..."
