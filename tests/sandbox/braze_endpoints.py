# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints of the Braze server: permission, rate limit, what is checked of the parameters, and the answer.

Sources: Braze's reference of each endpoint, and recorded answers. What an endpoint answers to an unknown id is not
documented; like a malformed one, it is a 400 here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = Any
Parameters = Mapping[str, Any]

_PAGE = 100
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


class BadParameterError(ValueError):
    """400 about a parameter, or the 404 of something that is not there."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Workspace:
    """What is in the workspace, and what requests started or wrote there."""

    campaigns: list[Json] = field(default_factory=list)
    canvases: list[Json] = field(default_factory=list)
    segments: list[Json] = field(default_factory=list)
    cards: list[Json] = field(default_factory=list)
    templates: list[Json] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    exports: list[Json] = field(default_factory=list)
    tracked: list[Json] = field(default_factory=list)
    # What an unknown e-mail template answers: 200, 400 or 404; nobody has recorded it.
    unknown_template_status: int = 400


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. ``respond`` returns status and body without the message ``success``."""

    permission: str
    method: str
    path: str
    respond: Callable[[Workspace, Parameters], tuple[int, Json]]
    limit: str = "default"

    @property
    def retired(self) -> bool:
        """Tell whether the endpoint belongs to the retired News Feed."""
        return self.permission.startswith("feed.")


# Requests within a number of seconds, by workspace.
RATE_LIMITS: Mapping[str, tuple[int, int]] = {
    "default": (250_000, 3600),
    "export_ids": (250, 60),
    "events_and_products": (1000, 3600),
    "subscription": (5000, 60),
    "track": (3000, 3),
}


def sample_workspace() -> Workspace:
    """Return a small workspace, the same every time."""
    named = [
        {"id": f"{number:08x}-0000-4000-8000-{number:012x}", "name": name, "tags": []}
        for number, name in enumerate(("Welcome", "Cart reminder", "Win back"), start=1)
    ]
    return Workspace(
        campaigns=[{**item, "is_api_campaign": False, "last_edited": "2026-01-05T10:00:00+00:00"} for item in named],
        canvases=[{**item, "last_edited": "2026-01-05T10:00:00+00:00"} for item in named],
        segments=[{**item, "analytics_tracking_enabled": True} for item in named],
        cards=[{"id": item["id"], "type": "CaptionedImage", "title": item["name"], "tags": []} for item in named],
        events=["added_to_cart", "signed_up"],
        products=["starter-kit", "subscription"],
    )


def _present(parameters: Parameters, *names: str) -> None:
    missing = [name for name in names if parameters.get(name) in (None, "", [])]
    if missing:
        raise BadParameterError(f"{missing[0]} is required")


def _page(parameters: Parameters, items: list[Any]) -> list[Any]:
    page = str(parameters.get("page", "0"))
    if not page.isdecimal():
        raise BadParameterError("page must be a non-negative integer")
    return items[int(page) * _PAGE : (int(page) + 1) * _PAGE]


def _listed(items: str) -> Callable[[Workspace, Parameters], tuple[int, Json]]:
    def respond(workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
        return 200, {items: _page(parameters, getattr(workspace, items))}

    return respond


def _details(items: str, parameter: str) -> Callable[[Workspace, Parameters], tuple[int, Json]]:
    def respond(workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
        _present(parameters, parameter)
        found = [item for item in getattr(workspace, items) if item["id"] == parameters[parameter]]
        if not found:
            raise BadParameterError(f"Invalid {parameter}: {parameters[parameter]}")
        return 200, {**found[0], "created_at": "2026-01-05T10:00:00+00:00", "draft": False, "channels": ["email"]}

    return respond


def _export_ids(_workspace: Workspace, body: Parameters) -> tuple[int, Json]:
    names = ("external_ids", "user_aliases", "device_id", "braze_id", "email_address", "phone")
    if not any(body.get(name) for name in names):
        raise BadParameterError("No users to export were specified")
    _present(body, "fields_to_export")
    external_ids = body.get("external_ids") or []
    if not isinstance(external_ids, list) or len(external_ids) > 50:
        raise BadParameterError("external_ids must be an array of at most 50 strings")
    return 201, {"users": [], "invalid_user_ids": external_ids}


def _export_segment(workspace: Workspace, body: Parameters) -> tuple[int, Json]:
    _present(body, "segment_id", "fields_to_export")
    segment = body["segment_id"]
    if all(item["id"] != segment for item in workspace.segments):
        raise BadParameterError(f"Invalid segment_id: {segment}")
    workspace.exports.append({"segment_id": segment, "fields_to_export": body["fields_to_export"]})
    return 201, {"object_prefix": f"{segment}-{len(workspace.exports)}"}


def _email_list(_workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    if not parameters.get("email"):
        _present(parameters, "start_date", "end_date")
        start, end = (_date(parameters, name) for name in ("start_date", "end_date"))
        if start > end:
            raise BadParameterError("start_date must not be after end_date")
    _limit(parameters, 500)
    return 200, {"emails": []}


def _date(parameters: Parameters, name: str) -> datetime:
    try:
        return datetime.strptime(parameters[name], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadParameterError(f"{name} must be YYYY-MM-DD") from None


def _limit(parameters: Parameters, highest: int) -> None:
    limit = str(parameters.get("limit", "100"))
    if not limit.isdecimal() or not 1 <= int(limit) <= highest:
        raise BadParameterError(f"limit must be between 1 and {highest}")


def _scheduled(_workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    _present(parameters, "end_time")
    try:
        datetime.fromisoformat(parameters["end_time"])
    except ValueError:
        raise BadParameterError("end_time must be an ISO 8601 time") from None
    return 200, {"scheduled_broadcasts": []}


def _template_list(workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    _limit(parameters, 1000)
    return 200, {"count": len(workspace.templates), "templates": workspace.templates}


def _template_info(workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    _present(parameters, "email_template_id")
    template = parameters["email_template_id"]
    found = [item for item in workspace.templates if item["email_template_id"] == template]
    if found:
        return 200, found[0]
    if not _UUID.match(template):
        raise BadParameterError(f"Invalid email_template_id: {template}")
    if workspace.unknown_template_status != 200:
        raise BadParameterError(f"No such email template: {template}", workspace.unknown_template_status)
    return 200, {"email_template_id": template, "template_name": None}


def _someone(parameters: Parameters) -> None:
    """Refuse what names nobody; Braze's own client writes the names as those of lists."""
    if not any(parameters.get(name) or parameters.get(f"{name}[]") for name in ("external_id", "email", "phone")):
        raise BadParameterError("One of external_id, email or phone is required")


def _subscription_status(_workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    _present(parameters, "subscription_group_id")
    _someone(parameters)
    if not _UUID.match(parameters["subscription_group_id"]):
        raise BadParameterError("Invalid subscription_group_id")
    return 200, {"status": {parameters.get("external_id") or "": "Unknown"}}


def _subscription_groups(_workspace: Workspace, parameters: Parameters) -> tuple[int, Json]:
    _someone(parameters)
    _limit(parameters, 100)
    return 200, {"users": [], "total_count": 0}


def _track(workspace: Workspace, body: Parameters) -> tuple[int, Json]:
    if not any(body.get(name) for name in ("attributes", "events", "purchases")):
        raise BadParameterError("attributes, events or purchases is required")
    workspace.tracked.append(dict(body))
    return 201, {"attributes_processed": len(body.get("attributes") or [])}


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("users.export.ids", "POST", "/users/export/ids", _export_ids, "export_ids"),
    Endpoint("users.export.segment", "POST", "/users/export/segment", _export_segment),
    Endpoint("email.unsubscribe", "GET", "/email/unsubscribes", _email_list),
    Endpoint("email.hard_bounces", "GET", "/email/hard_bounces", _email_list),
    Endpoint("messages.schedule_broadcasts", "GET", "/messages/scheduled_broadcasts", _scheduled),
    Endpoint("campaigns.list", "GET", "/campaigns/list", _listed("campaigns")),
    Endpoint("campaigns.details", "GET", "/campaigns/details", _details("campaigns", "campaign_id")),
    Endpoint("canvas.list", "GET", "/canvas/list", _listed("canvases")),
    Endpoint("canvas.details", "GET", "/canvas/details", _details("canvases", "canvas_id")),
    Endpoint("segments.list", "GET", "/segments/list", _listed("segments")),
    Endpoint("segments.details", "GET", "/segments/details", _details("segments", "segment_id")),
    Endpoint("purchases.product_list", "GET", "/purchases/product_list", _listed("products"), "events_and_products"),
    Endpoint("events.list", "GET", "/events/list", _listed("events"), "events_and_products"),
    Endpoint("feed.list", "GET", "/feed/list", _listed("cards")),
    Endpoint("feed.details", "GET", "/feed/details", _details("cards", "card_id")),
    Endpoint("templates.email.info", "GET", "/templates/email/info", _template_info),
    Endpoint("templates.email.list", "GET", "/templates/email/list", _template_list),
    Endpoint("subscription.status.get", "GET", "/subscription/status/get", _subscription_status, "subscription"),
    Endpoint("subscription.groups.get", "GET", "/subscription/user/status", _subscription_groups, "subscription"),
)

# What Fivetran's key needs is above; this is here so that a test can see that nothing is ever written.
WRITING_ENDPOINTS: tuple[Endpoint, ...] = (Endpoint("users.track", "POST", "/users/track", _track, "track"),)

PERMISSIONS = tuple(endpoint.permission for endpoint in ENDPOINTS)
