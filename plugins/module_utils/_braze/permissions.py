# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions of a Braze REST API key that Fivetran needs, and how each is probed.

This table is their one home. Braze has no endpoint that tells a key's permissions; it checks the permission
before the parameters, so a request that asks for nothing or is malformed proves it without reading or
writing anything. Sources: Braze's API reference, Fivetran's setup guide, recorded answers.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from .._kernel.errors import InvalidArgument
from .._kernel.http.call import Call


class Value(Enum):
    """A parameter that is made anew for every probe."""

    RANDOM_UUID = "random_uuid"
    IN_ONE_HOUR = "in_one_hour"

    def make(self) -> str:
        """Return a value: a UUID that no user has, or an ISO 8601 time."""
        if self is Value.RANDOM_UUID:
            return str(uuid.uuid4())
        return (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")


# Braze answers about the parameter only after it has accepted the key: both statuses prove the permission.
ACCEPTED = frozenset({200, 201, 400})
# An id that cannot exist.
MALFORMED_ID = "onramp-permission-probe"
NIL_UUID = "00000000-0000-0000-0000-000000000000"
# A window before Braze existed: nothing to find.
LONG_AGO = {"start_date": "2001-01-01", "end_date": "2001-01-02", "limit": "1"}
FIRST_PAGE = {"page": "0"}


@dataclass(frozen=True)
class Permission:
    """One permission, as Braze's dashboard lists it, and the request that probes it.

    ``tab``: where the dashboard shows it when a key is created. ``granted``, ``retired``: the statuses that mean it.
    ``optional``: Fivetran works without it. ``rate_limit``: probes with the same one share a low limit of Braze, so
    they are sent one after the other; empty where Braze's limit is out of reach.
    """

    name: str
    tab: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    granted: Collection[int] = ACCEPTED
    retired: Collection[int] = ()
    optional: bool = False
    rate_limit: str = ""

    def call(self) -> Call:
        """Return the request. It changes nothing, so it may be sent again."""
        return Call(
            self.method,
            self.path,
            query=_fill(self.query),
            body=None if self.body is None else _fill(self.body),
            expected=self.granted,
        )


RETIRED = frozenset({404, 410})

PERMISSIONS = (
    Permission(
        "users.export.ids", "User Data", "POST", "/users/export/ids",
        body={"external_ids": [Value.RANDOM_UUID], "fields_to_export": ["external_id"]},
    ),
    # Without a segment it is refused; with one it would start an export.
    Permission("users.export.segment", "User Data", "POST", "/users/export/segment", body={}),
    Permission("email.unsubscribe", "Email", "GET", "/email/unsubscribes", query=LONG_AGO),
    Permission("email.hard_bounces", "Email", "GET", "/email/hard_bounces", query=LONG_AGO),
    # The path has one d more than the permission.
    Permission(
        "messages.schedule_broadcasts", "Messages", "GET", "/messages/scheduled_broadcasts",
        query={"end_time": Value.IN_ONE_HOUR},
    ),
    Permission("campaigns.list", "Campaigns", "GET", "/campaigns/list", query=FIRST_PAGE),
    Permission("campaigns.details", "Campaigns", "GET", "/campaigns/details", query={"campaign_id": MALFORMED_ID}),
    Permission("canvas.list", "Canvas", "GET", "/canvas/list", query=FIRST_PAGE),
    Permission("canvas.details", "Canvas", "GET", "/canvas/details", query={"canvas_id": MALFORMED_ID}),
    Permission("segments.list", "Segments", "GET", "/segments/list", query=FIRST_PAGE),
    Permission("segments.details", "Segments", "GET", "/segments/details", query={"segment_id": MALFORMED_ID}),
    # 1,000 requests an hour, shared by these two.
    Permission(
        "purchases.product_list", "Purchases", "GET", "/purchases/product_list", query=FIRST_PAGE,
        rate_limit="events_and_products",
    ),
    Permission("events.list", "Events", "GET", "/events/list", query=FIRST_PAGE, rate_limit="events_and_products"),
    # Braze has retired News Feed.
    Permission("feed.list", "News Feed", "GET", "/feed/list", query=FIRST_PAGE, retired=RETIRED, optional=True),
    Permission(
        "feed.details", "News Feed", "GET", "/feed/details", query={"card_id": MALFORMED_ID}, retired=RETIRED,
        optional=True,
    ),
    # What it answers to an id that does not exist is not documented.
    Permission(
        "templates.email.info", "Templates", "GET", "/templates/email/info", query={"email_template_id": NIL_UUID},
        granted=ACCEPTED | {404},
    ),
    Permission("templates.email.list", "Templates", "GET", "/templates/email/list", query={"limit": "1"}),
    # 5,000 requests a minute, shared by these two.
    Permission(
        "subscription.status.get", "Subscription", "GET", "/subscription/status/get",
        query={"subscription_group_id": MALFORMED_ID, "external_id": MALFORMED_ID}, rate_limit="subscription",
    ),
    Permission(
        "subscription.groups.get", "Subscription", "GET", "/subscription/user/status",
        query={"external_id": Value.RANDOM_UUID, "limit": "1"}, rate_limit="subscription",
    ),
)  # fmt: skip

PERMISSION_NAMES = tuple(permission.name for permission in PERMISSIONS)


def choose(names: Collection[str]) -> tuple[Permission, ...]:
    """Return the permissions of these names, in the order of the table.

    :raises InvalidArgument: there is no name, so that nothing could be told of the key.
    """
    if not names:
        raise InvalidArgument("permissions: is an empty list. Name at least one, or leave it out to check all.")
    return tuple(permission for permission in PERMISSIONS if permission.name in names)


def _fill(parameters: Any) -> Any:
    if isinstance(parameters, Value):
        return parameters.make()
    if isinstance(parameters, Mapping):
        return {name: _fill(value) for name, value in parameters.items()}
    if isinstance(parameters, list):
        return [_fill(value) for value in parameters]
    return parameters
