# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what brings a connection from what it is to what is wanted, as one :class:`ConnectionPlan`. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._kernel.difference import Difference, additions, differences
from ..._kernel.errors import Failure, OnrampError
from ..._kernel.secrets.redact import REDACTED
from ..._kernel.secrets.shown import quoted
from ..client import JsonObject
from .braze_config import SERVICE, SOURCE_SETTINGS
from .config import check_config, config_differences, is_sent_again, replaces, spelled_alike
from .desired import FIELDS_THAT_NEED_TESTS, STORED_FIELDS, DesiredConnection, Options
from .state import (
    CONNECTED,
    SYNCING,
    is_broken,
    is_connected,
    is_running,
    is_unfinished,
    never_synced,
    status_of,
    stored_config,
)


@dataclass(frozen=True)
class ConnectionPlan:
    """What brings one connection to its desired state, in the order in which it is done.

    ``schema``: what the connection is called. ``actual``: as it is, None before there is one. ``creation``: the body
    that creates it, ``created``: that, as it differs from nothing. ``fields``, ``config``: what differs and is sent to
    one that exists. ``protected``: of ``config``, what must not be sent. ``tests``: the setup tests are run. ``start``:
    it is started if Fivetran calls it connected then; ``first_sync``: and synced at once. ``sync_if_broken``: so is one
    that was broken. ``warnings``: what to say before.
    """

    schema: str
    actual: JsonObject | None = None
    creation: JsonObject | None = None
    created: tuple[Difference, ...] = ()
    fields: tuple[Difference, ...] = ()
    config: tuple[Difference, ...] = ()
    protected: tuple[Difference, ...] = ()
    tests: bool = False
    start: bool = False
    first_sync: bool = False
    sync_if_broken: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def connects(self) -> bool:
        """Whether a connection that exists becomes connected by passing its setup tests."""
        row = self.actual
        return row is not None and self.tests and not is_connected(row) and not is_broken(row)

    @property
    def heals(self) -> bool:
        """Whether a broken connection is synced once its setup tests pass: Fivetran calls it broken until then."""
        row = self.actual or {}
        can_sync = self.starts or not row.get("paused")
        return self.tests and self.sync_if_broken and is_broken(row) and can_sync and not is_running(row)

    @property
    def starts(self) -> bool:
        """Whether it is started, as far as anybody can tell before its setup tests are run."""
        return self.start and (self.tests or is_connected(self.actual))

    @property
    def is_change(self) -> bool:
        """Whether anything is done that lasts."""
        return bool(self.creation or self.fields or self.config or self.connects or self.heals or self.starts)

    @property
    def needs_metadata(self) -> bool:
        """Whether something is sent that should be checked before. What is sent again, has been."""
        return self.creation is not None or not all(map(is_sent_again, self.config))

    @property
    def found(self) -> tuple[Difference, ...]:
        """Everything that differs, as it is shown."""
        if self.creation is not None:
            return (*self.created, Difference("paused", before=None, after=not self.starts))
        started = (Difference("paused", before=True, after=False),) if self.starts else ()
        return (*self.fields, *prefixed(self.config), *started)

    def foretold(self) -> JsonObject:
        """Return the connection as it will be."""
        paused = {"paused": False} if self.starts else {}
        if self.creation is not None:
            body = {name: value for name, value in self.creation.items() if name != "run_setup_tests"}
            return {**body, "id": None, "schema": self.schema, **paused}
        actual = self.actual or {}
        fields = {item.name: item.after for item in self.fields}
        config = {**stored_config(actual), **{item.name: item.after for item in self.config}}
        status = actual.get("status")
        if self.connects:
            status = {**status_of(actual), "setup_state": CONNECTED}
        elif self.heals:
            status = {**status_of(actual), "sync_state": SYNCING}
        return {**actual, **fields, "config": config, "status": status, **paused}


def plan_connection(
    desired: DesiredConnection,
    actual: JsonObject | None,
    options: Options,
    metadata: JsonObject | None = None,
    *,
    is_ours: bool = False,
) -> ConnectionPlan:
    """Return what brings ``actual``, None where there is no connection, to what is wanted.

    ``metadata``: JSON schema of the service's configuration; what is sent is checked where it is given. ``is_ours``:
    this run has created the connection.

    :raises InvalidArgument: what is wanted cannot be.
    :raises OnrampError: what is there is something else for good.
    """
    desired.check_fields(actual)
    change = (
        _creation(desired, options) if actual is None else _update(desired, actual, options, metadata, is_ours=is_ours)
    )
    if metadata is None or not change.needs_metadata:
        return change
    plain = desired.config if actual is not None else {**desired.config_on_create, **desired.config}
    return replace(change, warnings=tuple(check_config(plain, desired.secrets, metadata)))


def _creation(desired: DesiredConnection, options: Options) -> ConnectionPlan:
    body = desired.creation_body()
    fields = {name: value for name, value in body.items() if name not in ("config", "run_setup_tests", "paused")}
    return ConnectionPlan(
        schema=str(desired.schema),
        creation=body,
        created=(*additions(fields), *prefixed(additions(body["config"], secrets=desired.secrets))),
        tests=options.run_setup_tests != "never",
        start=not desired.paused,
        first_sync=options.first_sync,
    )


def _update(
    desired: DesiredConnection, actual: JsonObject, options: Options, metadata: JsonObject | None, *, is_ours: bool
) -> ConnectionPlan:
    check_permanent(desired, actual)
    fields = tuple(item for item in differences(desired.fields_at_once, actual) if not _is_choice_spelled_alike(item))
    config = config_differences(
        desired.whole_config,
        desired.secrets,
        actual,
        metadata=metadata,
        send_hidden=options.update_secrets == "always" and not is_ours,
    )
    # Where nobody says whether it is to run: a new one is, and one whose creation was interrupted.
    is_new = is_ours or (options.start_if_never_synced and options.run_setup_tests != "never" and never_synced(actual))
    wakes = bool(actual.get("paused")) and desired.paused is None and is_new
    # What has never read anything can lose nothing, so that a mistake is corrected without more words.
    protected = () if is_unfinished(actual) else options.protected
    return ConnectionPlan(
        schema=str(desired.schema or actual.get("schema")),
        actual=actual,
        fields=fields,
        config=config,
        protected=tuple(item for item in config if item.name in protected and replaces(item, actual.get("service"))),
        tests=_needs_tests(options, actual, fields, config)
        or ((is_ours or wakes) and options.run_setup_tests != "never"),
        start=wakes or (bool(actual.get("paused")) and desired.paused is False),
        first_sync=options.first_sync and (is_ours or never_synced(actual)),
        sync_if_broken=options.sync_if_broken,
    )


def _is_choice_spelled_alike(item: Difference) -> bool:
    return "choices" in STORED_FIELDS[item.name] and spelled_alike(item)


def _needs_tests(
    options: Options, actual: JsonObject, fields: Iterable[Difference], config: Iterable[Difference]
) -> bool:
    if options.run_setup_tests != "on_change":
        return options.run_setup_tests == "always"
    touched = any(config) or any(item.name in FIELDS_THAT_NEED_TESTS for item in fields)
    return touched or not is_connected(actual)


def check_permanent(desired: DesiredConnection, actual: JsonObject) -> None:
    """Refuse what Fivetran never changes.

    :raises OnrampError: naming the field, and both values.
    """
    wanted: Mapping[str, Any] = {
        "group_id": desired.group_id,
        "service": desired.service,
        "schema": desired.schema,
        "destination_schema_names": desired.destination_schema_names,
    }
    for name, value in wanted.items():
        stored = actual.get(name)
        if value is not None and stored is not None and value != stored:
            msg = (
                f"{name}: connection {actual.get('id')} has {quoted(stored)} and {quoted(value)} is wanted, but"
                " Fivetran never changes it after creation. Either take the stored value, or remove the connection"
                " (state: absent; its data in the warehouse stays) and create it again."
            )
            raise OnrampError(msg=msg, failure=Failure(code="permanent_field", message=msg))


def refuse_protected(change: ConnectionPlan) -> None:
    """Refuse to replace what is protected.

    :raises OnrampError: naming each field, and both values.
    """
    if not change.protected:
        return
    actual = change.actual or {}
    settings = SOURCE_SETTINGS if actual.get("service") == SERVICE else {}
    fields = [
        f"config.{item.name}{_in_the_role(settings.get(item.name))}: connection {actual.get('id')} has"
        f" {_quoted(item, item.before)} and {_quoted(item, item.after)} is wanted."
        for item in change.protected
    ]
    msg = (
        f"{' '.join(fields)} Nothing was changed, because it may be the connection of something else. If it is the"
        " right one, let it be changed: with fivetran_connection_adopt: true in the role, or without the field in"
        " protected_config."
    )
    raise OnrampError(msg=msg, failure=Failure(code="protected_field", message=msg))


def _in_the_role(setting: str | None) -> str:
    return f" (fivetran_connection_{setting} in the role)" if setting else ""


def _quoted(item: Difference, value: Any) -> str:
    return REDACTED if item.secret else repr(value)


def prefixed(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return differences of the configuration among those of the connection."""
    return tuple(replace(item, name=f"config.{item.name}") for item in found)
