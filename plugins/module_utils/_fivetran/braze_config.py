# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Fivetran's configuration of the service ``braze``: its names stand here and nowhere else.

Mind the missing underscores. Source: OpenAPI document, ``braze_config_V1``. What each kind of storage requires is prose
there, so it is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

SERVICE = "braze"
STORAGE_TYPES: Mapping[str, str] = {"s3": "AWS_S3", "gcs": "GCS", "azure": "AZURE_BLOB_STORAGE", "none": "NONE"}
S3_BUCKET, GCS_BUCKET, GCS_FOLDER = "s3bucket", "gcs_bucket", "gcs_folder"
API_KEY = "api_key"
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

    def kind(self, settings: Mapping[str, Any]) -> str:
        """Return where the source is; ``none`` unless set."""
        return _text(settings.get(f"{self.settings}storage")) or "none"

    def values(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Return what is set of everything that some kind of storage knows."""
        names = dict.fromkeys(name for fields in self.fields.values() for name in fields)
        values = {name: _text(settings.get(f"{self.settings}{name}")) for name in names}
        return {**values, "prefix": _folder(values["prefix"])}


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


def _folder(text: str) -> str:
    """Return a folder of a bucket without slashes around it; empty for the root."""
    return text.strip("/")


def _without_last_slash(url: str) -> str:
    return url.removesuffix("/")


def _unset_if_false(text: str) -> str:
    return "" if text.lower() == "false" else text


# What has several spellings that mean the same, and how to get to one of them: Fivetran's field, function.
_ONE_SPELLING: Mapping[str, Callable[[str], str]] = {
    "api_url": _without_last_slash,
    # Fivetran returns no empty values at all.
    "enable_exports": _unset_if_false,
    **{fields["prefix"]: _folder for source in (CURRENTS, EXPORTS) for fields in source.fields.values() if fields},
}


def means_the_same(field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field of the configuration are two spellings of one; what is unset is empty."""
    spelled = _ONE_SPELLING.get(field)
    return spelled is not None and spelled(_text(one)) == spelled(_text(other))


def source_of(config: Mapping[str, Any], source: Source = CURRENTS) -> tuple[str, str, str] | None:
    """Return kind of storage, bucket or container, and folder that a connection reads from; None if from none."""
    kinds = {name: kind for kind, name in STORAGE_TYPES.items()}
    kind = kinds.get(_text(config.get(source.kind_field)).upper(), "none")
    fields = source.fields[kind]
    place = fields.get("bucket") or fields.get("container")
    if place is None:
        return None
    return kind, _text(config.get(place)), _folder(_text(config.get(fields["prefix"])))


class BrazeConfig(TypedDict):
    """``problems``: what is wrong with the settings, a sentence each; then nothing else is of use."""

    config: dict[str, Any]
    config_secrets: dict[str, str]
    problems: list[str]


def braze_config(settings: Mapping[str, Any], prefix: str = "") -> BrazeConfig:
    """Return the configuration for ``settings``: ``storage`` and ``exports_storage``, and what goes with them.

    ``prefix``: what the names of the settings begin with where a person sets them, for the sentences.
    """
    unknown = list(_unknown_kinds(settings, prefix))
    if unknown:
        return {"config": {}, "config_secrets": {}, "problems": unknown}
    config: dict[str, Any] = {
        "api_url": _text(settings.get("api_url")),
        "cloud_storage_type": STORAGE_TYPES[CURRENTS.kind(settings)],
        "enable_exports": EXPORTS.kind(settings) != "none",
    }
    secrets = {API_KEY: _text(settings.get("api_key"))}
    if config["enable_exports"]:
        config["export_storage_type"] = STORAGE_TYPES[EXPORTS.kind(settings)]
    for source in (CURRENTS, EXPORTS):
        values = source.values(settings)
        for name, field in source.fields[source.kind(settings)].items():
            (secrets if name in SECRET else config)[field] = values[name]
    config |= _history(settings)
    return {"config": config, "config_secrets": secrets, "problems": list(_problems(settings, prefix))}


def _history(settings: Mapping[str, Any]) -> dict[str, str]:
    day, time_frame = _text(settings.get("history_from")), _text(settings.get("history_time_frame"))
    limit = {"historical_sync_limit": "DATE_LIMIT", "historical_sync_limit_date": day} if day else {}
    return limit | ({"historic_sync_time_frame": time_frame} if time_frame else {})


def _unknown_kinds(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for source in (CURRENTS, EXPORTS):
        kind = source.kind(settings)
        if kind not in STORAGE_TYPES:
            accepted = ", ".join(STORAGE_TYPES)
            yield f'{prefix}{source.settings}storage: "{kind}" is not accepted; accepted: {accepted}.'


def _problems(settings: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for source in (CURRENTS, EXPORTS):
        yield from _problems_of(source, settings, prefix)
    if not _text(settings.get("api_key")):
        yield f"{prefix}api_key: is needed."
    url = _text(settings.get("api_url"))
    if not _REST_URL.fullmatch(url):
        yield (
            f"{prefix}api_url: expected the REST URL of the Braze instance such as https://rest.iad-01.braze.com, got"
            f' "{url}".'
        )
    day = _text(settings.get("history_from"))
    if day and not _is_day(day):
        yield f'{prefix}history_from: expected YYYY-MM-DD, got "{day}".'


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
    """Return a setting as text. What is unset is empty; YAML reads a day as a date."""
    return "" if value is None else str(value)
