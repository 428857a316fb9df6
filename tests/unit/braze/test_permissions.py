# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of permissions, against everything that repeats a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import (
    PERMISSION_NAMES,
    PERMISSIONS,
    choose,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument
from ansible_collections.onramp.braze_fivetran.plugins.modules import braze_api_key_info

CHECKOUT = Path(__file__).resolve().parents[3]
# Fivetran's guide for Braze, in its order.
GUIDE = [
    "users.export.ids",
    "users.export.segment",
    "email.unsubscribe",
    "email.hard_bounces",
    "messages.schedule_broadcasts",
    "campaigns.list",
    "campaigns.details",
    "canvas.list",
    "canvas.details",
    "segments.list",
    "segments.details",
    "purchases.product_list",
    "events.list",
    "feed.list",
    "feed.details",
    "templates.email.info",
    "templates.email.list",
    "subscription.status.get",
    "subscription.groups.get",
]


def test_the_table_holds_the_permissions_of_the_guide() -> None:
    assert list(PERMISSION_NAMES) == GUIDE


def test_the_documentation_offers_the_permissions_of_the_table() -> None:
    options = yaml.safe_load(braze_api_key_info.DOCUMENTATION)["options"]
    assert options["permissions"]["choices"] == list(PERMISSION_NAMES)
    assert options["permissions"]["default"] == list(PERMISSION_NAMES)


def test_only_the_retired_news_feed_is_optional() -> None:
    optional = [permission.name for permission in PERMISSIONS if permission.optional]
    assert optional == ["feed.list", "feed.details"]
    assert [permission.name for permission in PERMISSIONS if permission.retired] == optional


def test_a_probe_reads_or_posts_what_changes_nothing() -> None:
    posts = {permission.path: permission.call().body for permission in PERMISSIONS if permission.method != "GET"}
    assert sorted(posts) == ["/users/export/ids", "/users/export/segment"]
    # A real segment_id would start an export.
    assert posts["/users/export/segment"] == {}
    assert posts["/users/export/ids"]["fields_to_export"] == ["external_id"]


def test_every_probe_asks_for_a_user_whom_nobody_has() -> None:
    (ids,) = choose(["users.export.ids"])
    assert ids.call().body["external_ids"] != ids.call().body["external_ids"]


def test_what_is_asked_for_keeps_the_order_of_the_table() -> None:
    assert [permission.name for permission in choose(["events.list", "canvas.list"])] == ["canvas.list", "events.list"]


def test_to_ask_for_nothing_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"^permissions: is an empty list"):
        choose([])
