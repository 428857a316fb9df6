# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a connection, and how to get there: the stored fields with their rules, in one table."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._kernel.errors import InvalidArgument
from ..._kernel.options.limits import LONGEST_TIMEOUT, check_number
from ..._kernel.options.spec import Arguments
from ..._kernel.secrets.keys import bare, complaint
from ..._kernel.secrets.shown import quoted
from ..client import JsonObject
from ..metadata import SCHEMA_KEYS
from .braze_config import API_KEY, SERVICE

SYNC_FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)
ONCE_A_DAY = 1440

# The fields that Fivetran stores and PATCH accepts, in AnsibleModule's vocabulary. Source: OpenAPI document,
# NewConnectorRequestV1 and UpdateConnectorRequest.
STORED_FIELDS: Arguments = {
    "paused": {"type": "bool"},
    "pause_after_trial": {"type": "bool"},
    "sync_frequency": {"type": "int", "choices": list(SYNC_FREQUENCIES)},
    "daily_sync_time": {"type": "str"},
    "schedule_type": {"type": "str", "choices": ["auto", "manual"]},
    "data_delay_sensitivity": {"type": "str", "choices": ["LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"]},
    "data_delay_threshold": {"type": "int"},
    "networking_method": {"type": "str", "choices": ["Directly", "PrivateLink", "SshTunnel", "ProxyAgent"]},
    "private_link_id": {"type": "str"},
    "proxy_agent_id": {"type": "str"},
    "hybrid_deployment_agent_id": {"type": "str"},
}

# A change of one of these can break access to the source, so it calls for setup tests.
FIELDS_THAT_NEED_TESTS = frozenset(
    {"networking_method", "private_link_id", "proxy_agent_id", "hybrid_deployment_agent_id"}
)

SCHEMA_NAMINGS = ("FIVETRAN_NAMING", "SOURCE_NAMING")
MOST_TEST_RETRIES = 1000

# networking method -> the field that names its way in
_NETWORK_IDS = {"PrivateLink": "private_link_id", "ProxyAgent": "proxy_agent_id"}

_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
_FULL_HOUR = re.compile(r"([01][0-9]|2[0-3]):00")


@dataclass(frozen=True)
class Options:
    """How to get there: the module's options that Fivetran does not store.

    ``protected``: fields of the configuration in which a stored value is not replaced by another one.
    """

    update_secrets: str = "on_test_failure"
    run_setup_tests: str = "on_change"
    failing_statuses: tuple[str, ...] = ("FAILED", "JOB_FAILED")
    setup_test_timeout: float = 900.0
    setup_test_retries: int = 6
    trust: Mapping[str, bool] = field(default_factory=dict)
    first_sync: bool = False
    start_if_never_synced: bool = False
    sync_if_broken: bool = True
    protected: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """Read the module's options.

        :raises InvalidArgument: a number that makes no sense.
        """
        return cls(
            update_secrets=params["update_secrets"],
            run_setup_tests=params["run_setup_tests"],
            failing_statuses=tuple(params["failing_test_statuses"]),
            setup_test_timeout=float(
                check_number("setup_test_timeout", params["setup_test_timeout"], 1, LONGEST_TIMEOUT)
            ),
            setup_test_retries=check_number("setup_test_retries", params["setup_test_retries"], 0, MOST_TEST_RETRIES),
            trust={name: params[name] for name in ("trust_certificates", "trust_fingerprints") if params[name]},
            first_sync=params["trigger_first_sync"],
            start_if_never_synced=params["start_if_never_synced"],
            sync_if_broken=params["sync_if_broken"],
            protected=tuple(params["protected_config"]),
        )


@dataclass(frozen=True)
class DesiredConnection:
    """A connection as the user describes it. ``None`` and absent keys mean: leave alone.

    ``fields``: given stored fields without ``paused``. ``config``: plain values; ``secrets``: the values of
    ``config`` that no output may show. ``config_on_create``: what only a connection that is created gets beside them.
    """

    connection_id: str | None
    group_id: str | None
    service: str | None
    schema: str | None
    paused: bool | None
    fields: Mapping[str, Any]
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]
    destination_schema_names: str | None
    config_on_create: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DesiredConnection:
        """Read the module's options.

        :raises InvalidArgument: for what is wrong without looking at Fivetran.
        """
        desired = cls(
            connection_id=params["id"],
            group_id=params["group_id"],
            service=params["service"],
            schema=params["schema"],
            paused=params["paused"],
            fields={name: params[name] for name in STORED_FIELDS if name != "paused" and params[name] is not None},
            config=params["config"] or {},
            secrets=params["config_secrets"] or {},
            destination_schema_names=params["destination_schema_names"],
            config_on_create=params["config_on_create"] or {},
        )
        desired.check()
        return desired

    @property
    def whole_config(self) -> dict[str, Any]:
        """Return plain and secret values together, as they are sent."""
        return {**self.config, **self.secrets}

    @property
    def fields_at_once(self) -> dict[str, Any]:
        """Return the stored fields to send: pausing may happen at once, starting waits for the tests."""
        return {**self.fields, **({"paused": True} if self.paused else {})}

    def check(self) -> None:
        """Refuse what cannot be right whatever Fivetran holds.

        :raises InvalidArgument: naming the option and what is accepted.
        """
        self._check_given_once("config", self.config, "config_secrets", self.secrets)
        self._check_given_once("config", self.whole_config, "config_on_create", self.config_on_create)
        if self.schema is not None and not _SCHEMA_NAME.fullmatch(self.schema):
            raise InvalidArgument(
                f"schema: {quoted(self.schema)} is not accepted. A schema name holds lower-case letters, digits and"
                " underscores and does not start with a digit (schema.table for services that fill one table)."
            )
        for name, value in {**self.config_on_create, **self.whole_config}.items():
            if isinstance(value, str) and value and set(value) == {"*"}:
                raise InvalidArgument(
                    f"config.{name}: holds a mask ({value}), as Fivetran shows stored secrets. Give the secret itself,"
                    " or leave the field out to keep the stored one."
                )
        stated = self.config.get("schema")
        if self.schema is not None and stated is not None and not f"{self.schema}.".startswith(f"{stated}."):
            raise InvalidArgument(f"config.schema: {quoted(stated)} contradicts schema: {quoted(self.schema)}.")

    def check_secrets(self) -> None:
        """Refuse secrets that are none: mostly, where they come from had nothing to give.

        :raises InvalidArgument: naming the field, never its value.
        """
        for name, value in self.secrets.items():
            if value is None or (isinstance(value, str) and not value.strip()):
                raise InvalidArgument(
                    f"config_secrets.{name}: is empty. Give the secret itself, or leave the field out to keep the"
                    " stored one."
                )
        key = self.secrets.get(API_KEY) if self.service == SERVICE else None
        wrong = complaint(bare(key)) if isinstance(key, str) else ""
        if wrong:
            raise InvalidArgument(f"config_secrets.{API_KEY}: {wrong}")

    @staticmethod
    def _check_given_once(option: str, one: Mapping[str, Any], other_option: str, other: Mapping[str, Any]) -> None:
        twice = sorted(set(one) & set(other))
        if twice:
            raise InvalidArgument(f"{option} and {other_option}: both hold {', '.join(twice)}; give each field once.")

    def check_fields(self, actual: JsonObject | None) -> None:
        """Refuse fields that do not go together, seen with what Fivetran holds already.

        :raises InvalidArgument: naming the option and what it needs.
        """
        together = {**(actual or {}), **self.fields}
        self._check_schedule(together)
        self._check_network(together)

    def _check_schedule(self, together: Mapping[str, Any]) -> None:
        time = self.fields.get("daily_sync_time")
        if time is not None:
            if not _FULL_HOUR.fullmatch(time):
                raise InvalidArgument(
                    f'daily_sync_time: expected a full hour from "00:00" to "23:00", got {quoted(time)}.'
                )
            if together.get("sync_frequency") != ONCE_A_DAY:
                raise InvalidArgument(
                    f"daily_sync_time: works only with sync_frequency: {ONCE_A_DAY}, which is"
                    f" {together.get('sync_frequency', 'not set')}."
                )
        if "data_delay_threshold" in self.fields and together.get("data_delay_sensitivity") != "CUSTOM":
            raise InvalidArgument(
                "data_delay_threshold: works only with data_delay_sensitivity: CUSTOM, which is"
                f" {together.get('data_delay_sensitivity', 'not set')}."
            )

    def _check_network(self, together: Mapping[str, Any]) -> None:
        method = together.get("networking_method") or "Directly"
        for needed_by, name in _NETWORK_IDS.items():
            if method == needed_by and "networking_method" in self.fields and not together.get(name):
                raise InvalidArgument(f"networking_method: {method} needs {name}.")
            if self.fields.get(name) and method != needed_by:
                raise InvalidArgument(f"{name}: works only with networking_method: {needed_by}, which is {method}.")

    def creation_body(self) -> JsonObject:
        """Return the body of ``POST /connections``: paused and untested, so that nothing starts by itself."""
        config = {**self.config_on_create, **self.whole_config}
        if not SCHEMA_KEYS & set(config):
            config["schema"] = self.schema
        return {
            "group_id": self.group_id,
            "service": self.service,
            "destination_schema_names": self.destination_schema_names or SCHEMA_NAMINGS[0],
            **self.fields,
            "paused": True,
            "run_setup_tests": False,
            "config": config,
        }
