# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fivetran's configuration of the service ``braze``: its names stand here and nowhere else.

Mind the missing underscores. Source: OpenAPI document, ``braze_config_V1``. What each kind of storage requires is prose
there, so it is checked here.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypedDict

from ..._kernel.secrets.keys import BLANKS
from ..._kernel.secrets.shown import shown
from .history import limit, of_time_frame

SERVICE = "braze"
STORAGE_TYPES: Mapping[str, str] = {"s3": "AWS_S3", "gcs": "GCS", "azure": "AZURE_BLOB_STORAGE", "none": "NONE"}
S3_BUCKET, GCS_BUCKET, GCS_FOLDER = "s3bucket", "gcs_bucket", "gcs_folder"
API_KEY, API_URL, ENABLE_EXPORTS = "api_key", "api_url", "enable_exports"
# A Currents connector or an export may write to the root of its bucket; everything else is needed.
OPTIONAL = frozenset({"prefix"})
SECRET = frozenset({"connection_string"})

_REST_URL = re.compile(r"https?://[^/\s]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Source:
    """One of the two things that Fivetran reads from a bucket.

    ``settings``: what the names of its settings begin with. ``kind_field``: Fivetran's field for the kind of storage.
    ``fields``: kind of storage, setting, Fivetran's field.
    """

    settings: str
    kind_field: str
    fields: Mapping[str, Mapping[str, str]]

    def is_set(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether anything is said of the source; if not, it stays as it is."""
        return bool(_text(settings.get(f"{self.settings}storage")))

    def kind(self, settings: Mapping[str, Any]) -> str:
        """Return where the source is; ``none`` unless set."""
        return _text(settings.get(f"{self.settings}storage")) or "none"

    def values(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Return what is set of everything that some kind of storage knows; an unset folder is left out."""
        names = dict.fromkeys(name for fields in self.fields.values() for name in fields)
        values = {name: settings.get(f"{self.settings}{name}") for name in names}
        return {
            name: _folder(_text(value)) if name == "prefix" else _text(value)
            for name, value in values.items()
            if name not in OPTIONAL or value is not None
        }

    @property
    def places(self) -> Mapping[str, str]:
        """Fivetran's fields for buckets and containers, with the settings that they are made of."""
        settings = ("bucket", "container")
        return {fields[name]: name for fields in self.fields.values() for name in settings if name in fields}


CURRENTS = Source(
    settings="",
    kind_field="cloud_storage_type",
    fields={
        "s3": {"bucket": S3_BUCKET, "prefix": "s3folder", "role_arn": "s3role_arn"},
        "gcs": {"bucket": GCS_BUCKET, "prefix": GCS_FOLDER},
        "azure": {
            "container": "abs_container_name",
            "prefix": "abs_prefix",
            "connection_string": "abs_connection_string",
        },
        "none": {},
    },
)
EXPORTS = Source(
    settings="exports_",
    kind_field="export_storage_type",
    fields={
        "s3": {"bucket": "s3_export_bucket", "prefix": "s3_export_folder", "role_arn": "s3_export_role_arn"},
        "gcs": {"bucket": "gcs_export_bucket", "prefix": "gcs_export_folder"},
        "azure": {
            "container": "abs_export_container_name",
            "prefix": "abs_export_prefix",
            "connection_string": "abs_export_connection_string",
        },
        "none": {},
    },
)

# Fivetran's fields that say whose events are read, from where; and the settings that they are made of.
SOURCE_SETTINGS: Mapping[str, str] = {API_URL: "api_url", CURRENTS.kind_field: "storage", **CURRENTS.places}
# Absent, it may be anything: Fivetran takes it without returning it, or takes it no more.
NOT_RETURNED = frozenset({"historic_sync_time_frame"})


def fields_of_switched(changed: Collection[str]) -> frozenset[str]:
    """Return the fields of what is read from another kind of storage, or at all, once these fields are changed."""
    switches = ((CURRENTS, {CURRENTS.kind_field}), (EXPORTS, {EXPORTS.kind_field, ENABLE_EXPORTS}))
    sources = (source for source, fields in switches if fields.intersection(changed))
    return frozenset(field for source in sources for fields in source.fields.values() for field in fields.values())


def _folder(text: str) -> str:
    """Return a folder of a bucket without slashes around it; empty for the root."""
    return text.strip("/")


def _url(text: str) -> str:
    # The URL of an instance has no path, so that its case means nothing.
    return text.strip().casefold().removeprefix("https://").rstrip("/")


def spelled(name: str) -> str:
    """Return the name of an enumeration in one spelling: Fivetran may answer AWS_S3 to who has sent AwsS3."""
    return name.replace("_", "").casefold()


def _kind(name: str) -> str:
    return "" if spelled(name) == "none" else spelled(name)


# What has several spellings that mean the same, and how to get to one of them: Fivetran's field, function.
_ONE_SPELLING: Mapping[str, Callable[[str], str]] = {
    API_URL: _url,
    **{source.kind_field: _kind for source in (CURRENTS, EXPORTS)},
    **{fields["prefix"]: _folder for source in (CURRENTS, EXPORTS) for fields in source.fields.values() if fields},
    **dict.fromkeys(("historical_sync_limit", "historic_sync_time_frame"), spelled),
}


def means_the_same(field: str, wanted: Any, stored: Any) -> bool:
    """Tell whether two values of a field of the configuration are two spellings of one; what is unset is empty."""
    if field in NOT_RETURNED and stored is None:
        return True
    one_spelling = _ONE_SPELLING.get(field)
    return one_spelling is not None and one_spelling(_text(wanted)) == one_spelling(_text(stored))


def source_of(config: Mapping[str, Any], source: Source = CURRENTS) -> tuple[str, str, str] | None:
    """Return kind of storage, bucket or container, and folder that a connection reads from; None if from none."""
    kinds = {spelled(name): kind for kind, name in STORAGE_TYPES.items()}
    kind = kinds.get(spelled(_text(config.get(source.kind_field))), "none")
    fields = source.fields[kind]
    place = fields.get("bucket") or fields.get("container")
    if place is None:
        return None
    return kind, _text(config.get(place)), _folder(_text(config.get(fields["prefix"])))


class BrazeConfig(TypedDict):
    """``config_on_create``: what only a new connection gets, because the settings do not speak of it.

    ``protected_config``: of ``config``, whose events are read, from where. ``problems``: what is wrong with the
    settings, a sentence each; then nothing else is of use.
    """

    config: dict[str, Any]
    config_secrets: dict[str, str]
    config_on_create: dict[str, Any]
    protected_config: list[str]
    problems: list[str]


def braze_config(settings: Mapping[str, Any], prefix: str = "", *, today: date | None = None) -> BrazeConfig:
    """Return the configuration for ``settings``: ``storage`` and ``exports_storage``, and what goes with them.

    What is unset, or null, is left alone on a connection that exists. An empty folder is the root of the bucket.
    ``prefix``: what the names of the settings begin with where a person sets them, for the sentences. ``today``: from
    when ``history_time_frame`` counts, in UTC.
    """
    made: BrazeConfig = {
        "config": {}, "config_secrets": {}, "config_on_create": {}, "protected_config": [],
        "problems": list(_unknown_kinds(settings, prefix)),
    }  # fmt: skip
    if made["problems"]:
        return made
    config, on_create = made["config"], made["config_on_create"]
    config[API_URL] = _text(settings.get("api_url")).removesuffix("/")
    made["config_secrets"][API_KEY] = _text(settings.get("api_key"))
    exports = EXPORTS.kind(settings)
    (config if CURRENTS.is_set(settings) else on_create)[CURRENTS.kind_field] = STORAGE_TYPES[CURRENTS.kind(settings)]
    (config if EXPORTS.is_set(settings) else on_create)[ENABLE_EXPORTS] = exports != "none"
    if exports != "none":
        config[EXPORTS.kind_field] = STORAGE_TYPES[exports]
    for source in (CURRENTS, EXPORTS):
        values = source.values(settings)
        for name, field in source.fields[source.kind(settings)].items():
            if name in values:
                made["config_secrets" if name in SECRET else "config"][field] = values[name]
    day = _text(settings.get("history_from"))
    config |= limit(day) if day else {}
    on_create |= (
        {} if day else of_time_frame(_text(settings.get("history_time_frame")), today or datetime.now(UTC).date())
    )
    made["protected_config"] = [name for name in SOURCE_SETTINGS if name in config]
    made["problems"] = list(_problems(settings, prefix))
    return made


def _unknown_kinds(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for source in (CURRENTS, EXPORTS):
        kind = source.kind(settings)
        if kind not in STORAGE_TYPES:
            accepted = ", ".join(STORAGE_TYPES)
            yield f"{prefix}{source.settings}storage: {shown(kind)} is not accepted; accepted: {accepted}."


def _problems(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for source in (CURRENTS, EXPORTS):
        yield from _problems_of(source, settings, prefix)
    if not _text(settings.get("api_key")):
        yield f"{prefix}api_key: is needed."
    url = _text(settings.get("api_url"))
    if not _REST_URL.fullmatch(url.removesuffix("/")):
        yield (
            f"{prefix}api_url: expected the REST URL of the Braze instance such as https://rest.iad-01.braze.com, got"
            f" {shown(url)}."
        )
    day = _text(settings.get("history_from"))
    if day and not _is_day(day):
        yield f"{prefix}history_from: expected a day such as 2026-02-01, got {shown(day)}."


def _problems_of(source: Source, settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    kind, option = source.kind(settings), f"{prefix}{source.settings}storage"
    for name, value in source.values(settings).items():
        setting = f"{prefix}{source.settings}{name}"
        if name in source.fields[kind]:
            if not value and name not in OPTIONAL:
                yield f"{setting}: is needed with {option}: {kind}."
        elif value:
            kinds = " or ".join(other for other, fields in source.fields.items() if name in fields)
            yield f"{setting}: does not belong to {option}: {kind} but to {kinds}; remove it or choose that storage."


def _is_day(value: str) -> bool:
    try:
        return bool(_DAY.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def _text(value: Any) -> str:
    """Return a setting as text without white space around it. What is unset is empty; YAML reads a day as a date."""
    return "" if value is None else str(value).strip(BLANKS)
