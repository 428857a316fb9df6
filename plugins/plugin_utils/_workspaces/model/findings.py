# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verify.yml makes of what the modules say: findings, in sentences for a person."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ....module_utils._braze.verdict import how_it_stands
from ....module_utils._fivetran.account.destination import is_connected
from ....module_utils._kernel.finding import ACCESS, Finding
from ....module_utils._kernel.printable import printable
from .differences import leaves, quoted, sentence

BROKEN_AND_PAUSED = (
    "It is paused, and has to sync once before Fivetran calls it connected: set fivetran_connection_paused: false, and"
    " run onboard.yml."
)


def findings(subject: str, seen: Mapping[str, Any]) -> list[Finding]:
    """Return what is not as it should be about ``subject``, one of :data:`SUBJECTS`."""
    return list(SUBJECTS[subject](seen))


def _of_the_group(group: Mapping[str, Any]) -> Iterator[Finding]:
    destination = _mapping(group, "destination")
    if not is_connected(destination):
        message = (
            f"The destination of the Fivetran group {group.get('name')} is"
            f" {destination.get('setup_status') or 'missing'}, should be connected."
            " Nothing syncs into it: set it up in Fivetran under Destinations."
        )
        yield Finding("group", "error", "destination_not_connected", message, field="destination.setup_status")


def _of_the_key(verdict: Mapping[str, Any]) -> Iterator[Finding]:
    if verdict["verdict"] != "ok":
        message = f"{how_it_stands(str(verdict['verdict']))}."
        yield _of_verdict("key", verdict, message, "braze_api_key")


def _of_the_landing(verdict: Mapping[str, Any]) -> Iterator[Finding]:
    if verdict["verdict"] != "landing":
        message = f"Braze Currents does not land in {verdict.get('bucket')} ({verdict['verdict']})."
        yield _of_verdict("landing", verdict, message, "currents_bucket")


def _of_verdict(step: str, verdict: Mapping[str, Any], message: str, field: str) -> Finding:
    return Finding(step, "error", str(verdict["verdict"]), message, str(verdict.get("next_step") or ""), field)


def _of_the_role(documents: Mapping[str, Any]) -> Iterator[Finding]:
    for arn, difference in documents.items():
        before, after = _mapping(difference, "before"), _mapping(difference, "after")
        if not before:
            yield Finding(ACCESS, "error", "role_missing", f"{arn} does not exist.", field=arn)
            continue
        for field, value in after.items():
            for path, old, new in leaves(field, before.get(field), value):
                yield Finding(ACCESS, "error", "role_differs", sentence(f"{path} of {arn}", old, new), field=path)


def _of_the_grant(result: Mapping[str, Any]) -> Iterator[Finding]:
    if result.get("changed"):
        grant = _mapping(result, "grant")
        condition = f" under the condition {quoted(grant['condition'])}" if grant.get("condition") else ""
        message = (
            f"The grant on gs://{grant.get('bucket')} is missing: {grant.get('member')} does not hold"
            f" {grant.get('role')}{condition}."
        )
        yield Finding(ACCESS, "error", "grant_missing", message, field="grant")


def _of_the_connection(connection: Mapping[str, Any]) -> Iterator[Finding]:
    """What Fivetran itself says: did its setup pass, how did the last sync end, is there anything to do."""
    setup_state = connection.get("setup_state")
    if setup_state != "connected":
        message = f"setup_state is {setup_state}, should be connected."
        if setup_state == "broken" and _mapping(connection, "status").get("sync_state") == "syncing":
            message += " A sync is under way: once it has succeeded, Fivetran calls it connected. Verify again then."
        elif setup_state == "broken" and connection.get("paused"):
            message += f" {BROKEN_AND_PAUSED}"
        else:
            message += " Run onboard.yml, which runs the setup tests."
        yield Finding("connection", "error", "state", message, field="setup_state")
    last_sync = _mapping(connection, "last_sync")
    if last_sync.get("outcome") == "failed":
        message = f"The last sync failed at {last_sync.get('finished_at')}."
        yield Finding("sync", "error", "state", message, field="failed_at")
    status = _mapping(connection, "status")
    # What is paused brings nothing: whether it should be, is told by itself.
    if status.get("update_state") == "delayed" and not connection.get("paused"):
        message = "The data in the warehouse is late: update_state is delayed."
        yield Finding("sync", "error", "state", message, field="update_state")
    for kind in ("tasks", "warnings"):
        for item in status.get(kind) or []:
            said = ": ".join(str(item[name]) for name in ("code", "message") if item.get(name))
            yield Finding("sync", "error", "state", f"Fivetran lists under {kind}: {printable(said)}", field=kind)


def _of_the_settings(diff: Mapping[str, Any]) -> Iterator[Finding]:
    before = _mapping(diff, "before")
    for field, value in _mapping(diff, "after").items():
        message = sentence(field, before.get(field), value)
        yield Finding("connection", "error", "connection_differs", message, field=field)


# What can be looked at; what each takes stands in the documentation of the filter `findings`.
SUBJECTS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Finding]]] = {
    "group": _of_the_group,
    "key": _of_the_key,
    "landing": _of_the_landing,
    "role": _of_the_role,
    "grant": _of_the_grant,
    "connection": _of_the_connection,
    "settings": _of_the_settings,
}


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def minute(time: str | None) -> str:
    """Return an ISO 8601 time as a person reads it: 2026-03-01 14:00 UTC. What is none stays as it is."""
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return str(time)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
