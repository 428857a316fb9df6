# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several settings of a workspace must have together, each of which is right by itself."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...module_utils._aws.credentials.connection import IDENTITY, contradictions
from ...module_utils._fivetran.connection.braze_config import braze_config
from ...module_utils._fivetran.connection.desired import DesiredConnection
from . import meant
from .borrowed import CONNECTION, DAILY_SYNC_TIME, NOTHING_WRONG, SYNC_FREQUENCY, borrowed, check_s3, what_was_meant
from .options import all_options
from .rules import bucket
from .values import Refused


@dataclass(frozen=True)
class Complaint:
    """What settings are wrong together; ``message`` goes on after the variable that it is told of."""

    variable: str
    message: str


# From a variable to its value or default, None where there is none.
Get = Callable[[str], Any]


@dataclass(frozen=True)
class TogetherRule:
    """A rule for several variables. It is asked where all of them are right by themselves.

    ``with_key``: it needs what is read only where the Braze key is needed.
    """

    variables: tuple[str, ...]
    check: Callable[[Get], Iterator[Complaint]]
    with_key: bool = False


def _bucket_is_needed(get: Get) -> Iterator[Complaint]:
    storage, name = get("currents_storage"), get("currents_bucket")
    if storage == "none":
        return
    if not name:
        what = "container" if storage == "azure" else "bucket"
        yield Complaint(
            "currents_bucket", f"is needed with currents_storage: {storage}. Name the {what} that Currents writes to."
        )
        return
    try:
        bucket(storage, name)
    except Refused as refusal:
        yield Complaint("currents_bucket", str(refusal))


def _connection_string_is_needed(get: Get) -> Iterator[Complaint]:
    if get("currents_storage") == "azure" and not get("currents_connection_string"):
        yield Complaint(
            "currents_connection_string",
            "is needed with currents_storage: azure. Copy it from the"
            " storage account in the Azure portal, under Access keys.",
        )


def _prefix_is_needed(get: Get) -> Iterator[Complaint]:
    storage, prefix = get("currents_storage"), get("currents_prefix") or ""
    scope = {"s3": "s3_access_scope", "gcs": "gcs_access_scope"}.get(storage)
    if scope is None or get(scope) != "prefix":
        return
    if not prefix:
        yield Complaint("currents_prefix", f"is needed with {scope}: prefix.")
    elif storage == "s3":
        try:
            borrowed("prefix", prefix, lambda: check_s3(scope="prefix", prefix=prefix))
        except Refused as refusal:
            yield Complaint("currents_prefix", str(refusal))


def places_of(begin: str) -> Iterator[TogetherRule]:
    """Yield the rules for the storage, and bucket or container, that a connection reads by variables of its role."""
    storage = f"{begin}storage"
    for name, storages in ((f"{begin}bucket", ("s3", "gcs")), (f"{begin}container", ("azure",))):
        yield TogetherRule((storage, name), partial(_is_a_place, storage, name, storages))


def _is_a_place(storage: str, name: str, storages: Collection[str], get: Get) -> Iterator[Complaint]:
    if not get(name) or get(storage) not in storages:
        return
    try:
        bucket(get(storage), get(name), storage.removesuffix("_storage"))
    except Refused as refusal:
        yield Complaint(name, str(refusal))


def _one_condition(get: Get) -> Iterator[Complaint]:
    if get("gcs_access_scope") == "prefix" and get("gcs_access_condition"):
        yield Complaint("gcs_access_condition", "cannot be given with gcs_access_scope: prefix, which is one.")


def _daily(get: Get) -> Iterator[Complaint]:
    time, frequency = get(DAILY_SYNC_TIME), get(SYNC_FREQUENCY)
    if time is None:
        return
    fields = {"daily_sync_time": time, **({} if frequency is None else {"sync_frequency": frequency})}
    try:
        borrowed("daily_sync_time", time, lambda: _connection(fields).check_fields(None))
    except Refused as refusal:
        hint = "" if "sync_frequency" in str(refusal) else what_was_meant(meant.hour, time)
        message = str(refusal).replace("sync_frequency", SYNC_FREQUENCY) + hint
        yield Complaint(DAILY_SYNC_TIME, message)


def _connection(fields: Mapping[str, Any]) -> DesiredConnection:
    return DesiredConnection(
        connection_id=None,
        group_id=None,
        service=None,
        schema=None,
        paused=None,
        fields=fields,
        config={},
        secrets={},
        destination_schema_names=None,
    )


def _who_acts(role: str) -> TogetherRule:
    """Return the rule that a role's variables say of AWS, as whom it is asked, what can be meant."""

    def name(option: str) -> str:
        return f"{role}_aws_{option}"

    def check(get: Get) -> Iterator[Complaint]:
        for option, message in contradictions(lambda option: get(name(option)) or "", name):
            yield Complaint(name(option), message)

    return TogetherRule(tuple(map(name, IDENTITY)), check)


_EXPORTS = tuple(name for name in all_options() if name.startswith(f"{CONNECTION}exports_"))


def _exports(get: Get) -> Iterator[Complaint]:
    settings = {name.removeprefix(CONNECTION): get(name) for name in _EXPORTS}
    for sentence in braze_config({**NOTHING_WRONG, **settings}, CONNECTION)["problems"]:
        variable, _colon, message = sentence.partition(": ")
        yield Complaint(variable, message)


TOGETHER = (
    TogetherRule(("currents_storage", "currents_bucket"), _bucket_is_needed),
    TogetherRule(("currents_storage", "currents_connection_string"), _connection_string_is_needed, with_key=True),
    TogetherRule(("currents_storage", "currents_prefix", "s3_access_scope", "gcs_access_scope"), _prefix_is_needed),
    TogetherRule(("gcs_access_scope", "gcs_access_condition"), _one_condition),
    _who_acts("currents_landing"),
    _who_acts("s3_access"),
    TogetherRule((DAILY_SYNC_TIME, SYNC_FREQUENCY), _daily),
    *places_of(f"{CONNECTION}exports_"),
    TogetherRule(_EXPORTS, _exports, with_key=True),
)
