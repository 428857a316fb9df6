# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Braze Currents as it lands in a bucket: object names of both layouts, and real Avro object containers.

Names follow Braze's documentation of event delivery. Everything is deterministic: equal arguments yield equal names and
equal bytes, so that a test can say what has to be found.
"""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import fastavro

Storage = Literal["S3", "GCS", "AzureBlob"]
Layout = Literal["version", "schema_id"]

# A part of Braze's open list, sorted; one of them does not begin with "users.".
EVENT_TYPES = (
    "agentconsole.AgentExecuted",
    "users.behaviors.CustomEvent",
    "users.behaviors.Purchase",
    "users.behaviors.Uninstall",
    "users.behaviors.app.FirstSession",
    "users.behaviors.app.NewsFeedImpression",
    "users.behaviors.app.SessionEnd",
    "users.behaviors.app.SessionStart",
    "users.campaigns.Conversion",
    "users.campaigns.EnrollInControl",
    "users.canvas.Conversion",
    "users.canvas.Entry",
    "users.canvas.exit.MatchedAudience",
    "users.messages.contentcard.Click",
    "users.messages.contentcard.Impression",
    "users.messages.email.Bounce",
    "users.messages.email.Click",
    "users.messages.email.Delivery",
    "users.messages.email.MarkAsSpam",
    "users.messages.email.Open",
    "users.messages.email.Send",
    "users.messages.email.SoftBounce",
    "users.messages.email.Unsubscribe",
    "users.messages.inappmessage.Click",
    "users.messages.inappmessage.Impression",
    "users.messages.pushnotification.Bounce",
    "users.messages.pushnotification.Open",
    "users.messages.pushnotification.Send",
    "users.messages.sms.Send",
    "users.messages.webhook.Send",
)


@dataclass(frozen=True)
class Integration:
    """One Currents integration: what the names of all its objects have in common.

    ``version`` stands in the layout ``version`` and can follow the hour, as Braze raises it about monthly;
    ``schema_id`` stands in the layout that was in use until 2026.
    """

    prefix: str
    cluster: str
    storage: Storage
    integration_id: str
    layout: Layout = "version"
    environment: str = "prod"
    version: int | Callable[[datetime], int] = 4
    schema_id: int = 460

    @property
    def name(self) -> str:
        """Return ``dataexport.<cluster>.<storage>.integration.<id>``."""
        return f"dataexport.{self.cluster}.{self.storage}.integration.{self.integration_id}"

    @property
    def folder(self) -> str:
        """Return the folder of all event types, with the closing slash."""
        return f"{self.prefix.rstrip('/')}/{self.name}/" if self.prefix else f"{self.name}/"

    def hour_folder(self, event_type: str, hour: datetime) -> str:
        """Return the folder of one event type's files of one hour (UTC), with the closing slash."""
        date = hour.astimezone(UTC).strftime("%Y-%m-%d-%H")
        if self.layout == "schema_id":
            return f"{self.folder}event_type={event_type}/date={date}/{self.schema_id}/{self.cluster}/"
        version = self.version(hour) if callable(self.version) else self.version
        return f"{self.folder}event_type={event_type}/date={date}/version={version}/{self.environment}/"

    def file(self, partition: int, offset: int) -> str:
        """Return the name of one file without its folder."""
        return f"{self.name}+{partition}+{offset:010}.avro"


def generate_currents(
    prefix: str,
    cluster: str,
    storage: Storage,
    integration_id: str,
    event_types: Iterable[str],
    hours: Iterable[datetime],
    layout: Layout = "version",
    per_hour: int = 1,
    *,
    events_per_file: int = 3,
    seed: int = 0,
    **integration: Any,
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of ``per_hour`` Avro files for each event type and hour.

    ``hours``: aware datetimes; minutes are ignored. ``integration``: the other fields of :class:`Integration`.
    """
    source = Integration(prefix, cluster, storage, integration_id, layout=layout, **integration)
    every_hour = list(hours)
    for event_type in event_types:
        offset = 0
        for hour in every_hour:
            for number in range(per_hour):
                content = avro_file(event_type, hour, events_per_file, seed=f"{seed}/{integration_id}/{offset}")
                yield source.hour_folder(event_type, hour) + source.file(number % 3, offset), content
                offset += events_per_file


def generate_currents_names(
    prefix: str,
    cluster: str,
    storage: Storage,
    integration_id: str,
    newest: datetime,
    *,
    event_types: Iterable[str] = EVENT_TYPES,
    days: int = 400,
    total: int = 1_000_000,
    lag_hours: Mapping[str, int] | None = None,
    **integration: Any,
) -> Iterator[str]:
    """Yield exactly ``total`` object names in sorted order, spread over ``event_types`` and ``days``.

    The newest hour of an event type is ``newest`` minus its ``lag_hours`` (default 0). Every hour of the time has
    at least one file as long as ``total`` suffices.
    """
    source = Integration(prefix, cluster, storage, integration_id, **integration)
    types = sorted(event_types)
    end = newest.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    span = days * 24
    each, more = divmod(total, len(types) * span)
    slot = 0
    for event_type in types:
        last = end - timedelta(hours=(lag_hours or {}).get(event_type, 0))
        offset = 0
        for hour in range(span):
            count = each + (slot < more)
            slot += 1
            if not count:
                continue
            folder = source.hour_folder(event_type, last - timedelta(hours=span - 1 - hour))
            for _number in range(count):
                yield folder + source.file(0, offset)
                offset += 1


def generate_segment_exports(
    prefix: str = "", segments: int = 2, days: int = 2, newest: datetime | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of user exports by segment, which may share a bucket with Currents but are none."""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    end = newest or datetime(2026, 1, 31, tzinfo=UTC)
    for segment in range(segments):
        segment_id = uuid.uuid5(uuid.NAMESPACE_OID, f"segment {segment}")
        for day in range(days):
            started = end - timedelta(days=day)
            export = f"{uuid.uuid5(segment_id, str(day))}-{int(started.timestamp())}"
            # An empty ZIP archive.
            content = b"PK\x05\x06" + bytes(18)
            yield f"{folder}segment-export/{segment_id}/{started:%Y-%m-%d}/{export}/{day:04}.zip", content


def avro_file(event_type: str, hour: datetime, events: int, seed: str = "") -> bytes:
    """Return an Avro object container with ``events`` events of ``hour``."""
    chance = random.Random(f"{seed}/{event_type}/{hour:%Y-%m-%d-%H}")
    file = io.BytesIO()
    records = [_event(event_type, hour, chance) for _number in range(events)]
    fastavro.writer(file, schema(event_type), records, sync_marker=chance.randbytes(16))
    return file.getvalue()


def schema(event_type: str) -> dict[str, Any]:
    """Return a short Avro schema: what all events share, and what the kind of event adds."""
    optional = ["null", "string"]
    fields: list[dict[str, Any]] = [
        {"name": "id", "type": "string"},
        {"name": "user_id", "type": "string"},
        {"name": "external_user_id", "type": optional, "default": None},
        {"name": "time", "type": "int"},
        {"name": "timezone", "type": optional, "default": None},
    ]
    fields += [{"name": name, "type": optional, "default": None} for name in _own_fields(event_type)]
    namespace, _dot, name = event_type.rpartition(".")
    return {"type": "record", "name": name, "namespace": namespace, "fields": fields}


def _own_fields(event_type: str) -> tuple[str, ...]:
    if ".messages." in event_type:
        return ("campaign_id", "message_variation_id", "dispatch_id")
    if ".canvas." in event_type:
        return ("canvas_id", "canvas_variation_id")
    return ("app_id", "properties")


def _event(event_type: str, hour: datetime, chance: random.Random) -> dict[str, Any]:
    begin = int(hour.replace(minute=0, second=0, microsecond=0).timestamp())
    return {
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "user_id": f"{chance.getrandbits(96):024x}",
        "external_user_id": f"customer-{chance.randrange(10**6)}",
        "time": begin + chance.randrange(3600),
        "timezone": "Europe/Berlin",
        **{name: f"{chance.getrandbits(96):024x}" for name in _own_fields(event_type)},
    }
