# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look into a bucket has found of Currents."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .._kernel.errors import Failure
from .layout import (
    CurrentsObject,
    Integration,
)


@dataclass(frozen=True)
class EventType:
    """One event type of one integration. ``newest`` is one object of the newest hour, if it holds one of Currents."""

    name: str
    newest_hour: datetime | None
    newest_object: str | None = None
    parsed: CurrentsObject | None = None


@dataclass(frozen=True)
class FoundIntegration:
    """An integration with its event types."""

    integration: Integration
    event_types: tuple[EventType, ...]

    @property
    def newest_hour(self) -> datetime | None:
        """Return the newest hour of all event types, if there is one."""
        return max((known for kind in self.event_types if (known := kind.newest_hour)), default=None)


@dataclass(frozen=True)
class ObjectSample:
    """A look into one object. ``avro`` is None, and ``failure`` says why, where it could not be read."""

    name: str
    avro: bool | None
    failure: Failure | None = None


@dataclass(frozen=True)
class Survey:
    """What is in the bucket.

    Where nothing of Currents is under the prefix: ``first_name`` is the first object there, unless it is of another
    workspace; ``other_prefixes`` are where Currents writes instead, and ``prefixes_of_others`` where it does for other
    workspaces.
    """

    integrations: tuple[FoundIntegration, ...] = ()
    samples: tuple[ObjectSample, ...] = ()
    first_name: str | None = None
    other_prefixes: tuple[str, ...] = ()
    prefixes_of_others: tuple[str, ...] = ()

    @property
    def newest_hour(self) -> datetime | None:
        """Return the newest hour of all integrations, if there is one."""
        return max((known for found in self.integrations if (known := found.newest_hour)), default=None)

    @property
    def has_files(self) -> bool:
        """Tell whether any file with a name of Currents was found."""
        return any(kind.parsed for found in self.integrations for kind in found.event_types)
