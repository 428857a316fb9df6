# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the settings of a workspace: typed and checked as a whole, or everything that is wrong with them.

Not set, set but not readable, and wrong are three different things here. What cannot be read is never taken for unset.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

# What is known of a workspace whose settings are wrong, because others may share it.
TOLD_OF_UNUSABLE = (
    "fivetran_group",
    "fivetran_schema",
    "currents_storage",
    "currents_bucket",
    "currents_prefix",
    "s3_access_role_name",
    "s3_access_policy_name",
    "s3_access_aws_profile",
)


class Unreadable(Exception):
    """A variable is set, but cannot be evaluated. ``str()`` is the reason in one line, without values."""


class Variables(Protocol):
    """The variables of one host."""

    def names(self) -> Collection[str]:
        """Return the names of all that are set."""

    def value(self, name: str) -> Any:
        """Return the value of one that is set, as plain data.

        :raises Unreadable: it cannot be evaluated.
        """


@dataclass(frozen=True)
class Settings:
    """A workspace with which nothing is wrong.

    ``bucket``: bucket or container, empty without storage. ``prefix``: without slashes around it. ``roles``: by role,
    the options without the role's name, typed; its defaults are filled in, and what is unset is absent. ``given``: the
    known variables that the inventory sets. ``max_lag_hours``: how old data may be, None where nobody says. What
    belongs to the Braze key is empty where it was not asked for.
    """

    name: str
    fivetran_group: str
    fivetran_schema: str
    fivetran_account_id: str | None
    fivetran_api_key: str = field(repr=False)
    fivetran_api_secret: str = field(repr=False)
    fivetran_api_url: str
    braze_api_url: str
    braze_api_key: str = field(repr=False)
    storage: str
    bucket: str
    prefix: str
    connection_string: str = field(repr=False)
    folder_shared: bool
    roles: Mapping[str, Mapping[str, Any]] = field(repr=False)
    given: frozenset[str]
    max_lag_hours: int | None = None


@dataclass(frozen=True)
class Problem:
    """One setting that is wrong. ``message`` begins with ``variable``, as the user has written it, and a colon."""

    variable: str
    message: str


@dataclass(frozen=True)
class Unusable:
    """A workspace whose settings are wrong.

    ``known``: what could be read of :data:`TOLD_OF_UNUSABLE` all the same, as text; what is unset has its default, or
    is empty. ``unknown``: what is set of it and cannot be read. What is set and wrong is in neither.
    """

    name: str
    problems: tuple[Problem, ...]
    known: Mapping[str, Any]
    unknown: frozenset[str]


Entry = Settings | Unusable


def schema_claimed(entry: Entry) -> str | None:
    """Return the schema that an entry of the inventory claims; None where it is not known, or no name of a schema."""
    return entry.fivetran_schema if isinstance(entry, Settings) else entry.known.get("fivetran_schema")
