# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that Braze Currents gives to its objects.

Source: Braze's documentation of Currents. There are two layouts, ``version=`` since 2026 and the older one::

    <prefix>/dataexport.<cluster>.<storage>.integration.<id>/event_type=<type>/date=<YYYY-MM-DD-HH>/
        version=<N>/<environment>/<file>.avro
        <schema id>/<environment>/<file>.avro
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from .._bucket.names import bare_folder

# What every object container file of Avro begins with.
AVRO_MAGIC = b"Obj\x01"
INTEGRATION_START = "dataexport."
EVENT_TYPE_START = "event_type="
DATE_START = "date="
_HOUR_FORMAT = "%Y-%m-%d-%H"

_INTEGRATION = r"dataexport\.(?P<cluster>[^/]+)\.(?P<storage>[^./]+)\.integration\.(?P<integration_id>[^/]+)"
_HOUR = r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}"
_OBJECT = re.compile(
    rf"(?P<prefix>(?:.*/)?){_INTEGRATION}/event_type=(?P<event_type>[^/]+)/date=(?P<hour>{_HOUR})/"
    r"(?:version=(?P<version>[^/]+)|(?P<schema_id>[^/]+))/(?P<environment>[^/]+)/[^/]+\.avro",
    re.DOTALL,
)
_INTEGRATION_FOLDER = re.compile(rf"(?:.*/)?{_INTEGRATION}/", re.DOTALL)
_EVENT_TYPE_FOLDER = re.compile(r".*/event_type=([^/]+)/", re.DOTALL)
_HOUR_FOLDER = re.compile(rf".*/date=({_HOUR})/", re.DOTALL)


@dataclass(frozen=True)
class Integration:
    """One Currents connector of Braze. ``folder`` is its whole name in the bucket, with the delimiter at its end."""

    folder: str
    cluster: str
    storage: str
    id: str


@dataclass(frozen=True)
class CurrentsObject:
    """What the name of one object says. ``prefix`` ends with the delimiter or is empty; ``hour`` is in UTC.

    ``layout`` is ``version`` or ``schema_id``, and ``schema`` the version's number or the schema's id.
    """

    prefix: str
    cluster: str
    storage: str
    integration_id: str
    event_type: str
    hour: datetime
    layout: str
    schema: str
    environment: str


def parse_object(name: str) -> CurrentsObject | None:
    """Return what ``name`` says; None if Currents gives no such names."""
    match = _OBJECT.fullmatch(name)
    hour = parse_hour(match["hour"]) if match else None
    if match is None or hour is None:
        return None
    version = match["version"]
    return CurrentsObject(
        prefix=match["prefix"],
        cluster=match["cluster"],
        storage=match["storage"],
        integration_id=match["integration_id"],
        event_type=match["event_type"],
        hour=hour,
        layout="schema_id" if version is None else "version",
        schema=match["schema_id"] if version is None else version,
        environment=match["environment"],
    )


def parse_integration(folder: str) -> Integration | None:
    """Return the integration whose folder this is, if it is one."""
    match = _INTEGRATION_FOLDER.fullmatch(folder)
    return match and Integration(folder, match["cluster"], match["storage"], match["integration_id"])


def parse_event_type(folder: str) -> str | None:
    """Return the event type whose folder this is, if it is one."""
    match = _EVENT_TYPE_FOLDER.fullmatch(folder)
    return match and match[1]


def parse_hour_folder(folder: str) -> datetime | None:
    """Return the hour, in UTC, whose folder this is, if it is one."""
    match = _HOUR_FOLDER.fullmatch(folder)
    return match and parse_hour(match[1])


def parse_hour(text: str) -> datetime | None:
    """Return the hour in UTC for ``YYYY-MM-DD-HH``; None if there is no such hour."""
    try:
        return datetime.strptime(text, _HOUR_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def format_hour(hour: datetime) -> str:
    """Return ``YYYY-MM-DD-HH``, which sorts like the time."""
    return f"{hour.year:04}-{hour.month:02}-{hour.day:02}-{hour.hour:02}"


def as_prefix(text: str) -> str:
    """Return what all names below the folder ``text`` begin with; empty for the root of the bucket."""
    folder = bare_folder(text)
    return f"{folder}/" if folder else ""
