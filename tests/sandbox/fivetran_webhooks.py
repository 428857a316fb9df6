# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Webhooks of the sandbox's Fivetran: kept, masked, and tried by one request before they are taken.

Source: Fivetran's pages on webhooks. A request to their URL is real, and trusts the authority that a test names.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from .core import operation
from .fivetran_requests import Refusal, authorized, invalid, json_body, page, success

# As the page on webhooks lists them, without those that are deprecated.
EVENTS = frozenset(
    (
        "sync_start", "sync_end", "dbt_run_start", "dbt_run_succeeded", "dbt_run_failed", "connection_successful",
        "connection_failure", "create_connector", "pause_connector", "resume_connector", "edit_connector",
        "delete_connector", "force_update_connector", "resync_connector", "resync_table",
    )
)  # fmt: skip
FIELDS = ("url", "events", "active", "secret")
SIGNATURE = "X-Fivetran-Signature-256"
PATIENCE = 5.0
Row = dict[str, Any]


def signature(secret: str, body: bytes) -> str:
    """Return what Fivetran signs a body with."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().upper()


@lru_cache(maxsize=4)
def trusting(authority: str) -> ssl.SSLContext:
    """Return a context that trusts an authority, as PEM, beside those of the system; to make one takes a while."""
    return ssl.create_default_context(cadata=authority or None)


async def post(
    webhook: Mapping[str, Any], event: Mapping[str, Any], authority: str, *, upper: bool = True
) -> tuple[int, str]:
    """Post an event to a webhook's URL; return status and a word, status 0 where nobody has answered.

    ``authority``: as PEM, whose certificates are trusted beside those of the system. ``upper``: how it is signed.
    """
    body = json.dumps(event, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json"}
    if webhook.get("secret"):
        made = signature(webhook["secret"], body)
        headers[SIGNATURE] = made if upper else made.lower()
    try:
        async with (
            ClientSession(timeout=ClientTimeout(PATIENCE)) as session,
            session.post(
                webhook["url"], data=body, headers=headers, ssl=trusting(authority), allow_redirects=False
            ) as answer,
        ):
            return answer.status, answer.reason or ""
    except (ClientError, TimeoutError) as error:
        return 0, type(error).__name__


class Webhooks:
    """The operations; mixed into the server, which says who asks."""

    # Of the server.
    webhooks: Any
    authority: str
    caller: Any
    _group: Any
    _check_rights: Any
    _new_id: Any
    _deleted: Any
    actor: Any

    def control_trust(self, authority: str) -> None:
        """Trust the certificates of an authority, given as PEM, which the system does not know."""
        self.authority = authority

    def control_add_webhook(self, id: str, url: str, events: list[str], **fields: Any) -> None:
        """Make a webhook as it is stored, without trying its URL: active, of the whole account and without a secret."""
        stored = {"active": True, "secret": None, "group_id": None, "account": "acme_account", "created_by": "owner"}
        made = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self.webhooks[id] = {**stored, "created_at": made, **fields, "id": id, "url": url, "events": events}

    def control_edit_webhook(self, id: str, **fields: Any) -> None:
        """Change a webhook as somebody else would, or Fivetran itself, which gives one up after a day."""
        self.webhooks[id].update(fields)

    @operation("GET", "/v1/webhooks", "list_webhooks")
    @authorized
    async def list_webhooks(self, request: web.Request) -> web.Response:
        account = self.caller(request).account
        return page(request, [shown(row) for row in self.webhooks.values() if row["account"] == account])

    @operation("GET", "/v1/webhooks/{webhook}", "get_webhook")
    @authorized
    async def get_webhook(self, request: web.Request) -> web.Response:
        return success(shown(self._webhook(request)))

    @operation("POST", "/v1/webhooks/account", "create_account_webhook")
    @authorized
    async def create_account_webhook(self, request: web.Request) -> web.Response:
        return await self._create(request, None)

    @operation("POST", "/v1/webhooks/group/{group}", "create_group_webhook")
    @authorized
    async def create_group_webhook(self, request: web.Request) -> web.Response:
        return await self._create(request, self._group(request, request.match_info["group"])["id"])

    async def _create(self, request: web.Request, group_id: str | None) -> web.Response:
        self._check_rights(request, group_id)
        body = await json_body(request, FIELDS)
        for name in ("url", "events"):
            if not body.get(name):
                raise invalid(f"{name} is required")
        row = {"active": True, "secret": None, **body, "group_id": group_id, "account": self.caller(request).account}
        await self._check(row, tried=row["active"])
        row["id"] = self._new_id("webhook", f"{group_id}.{row['url']}")
        row["created_at"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        row["created_by"] = self.actor(request)
        self.webhooks[row["id"]] = row
        return success(shown(row), 201, "Webhook has been created")

    @operation("PATCH", "/v1/webhooks/{webhook}", "update_webhook")
    @authorized
    async def update_webhook(self, request: web.Request) -> web.Response:
        row = self._webhook(request, change=True)
        body = await json_body(request, FIELDS)
        if not body:
            raise invalid("Nothing to update")
        new = {**row, **body}
        await self._check(new, tried=new["active"] and not row["active"])
        row.update(body)
        return success(shown(row), message="Webhook has been updated")

    @operation("DELETE", "/v1/webhooks/{webhook}", "delete_webhook")
    @authorized
    async def delete_webhook(self, request: web.Request) -> web.Response:
        row = self._webhook(request, change=True)
        del self.webhooks[row["id"]]
        answer: web.Response = self._deleted("Webhook", row["id"])
        return answer

    @operation("POST", "/v1/webhooks/{webhook}/test", "test_webhook")
    @authorized
    async def test_webhook(self, request: web.Request) -> web.Response:
        row = self._webhook(request)
        body = await json_body(request, ("event",))
        if body.get("event") not in EVENTS:
            raise invalid("event is required")
        status, message = await post(row, sample(body["event"], row), self.authority)
        return success({"succeed": 200 <= status < 300, "status": status, "message": message})

    def _webhook(self, request: web.Request, *, change: bool = False) -> Row:
        webhook_id = request.match_info["webhook"]
        row: Row | None = self.webhooks.get(webhook_id)
        if row is None or row["account"] != self.caller(request).account:
            raise Refusal(404, "NotFound_Webhook", f"Cannot find webhook '{webhook_id}'")
        if change:
            self._check_rights(request, row["group_id"])
        return row

    async def _check(self, row: Row, *, tried: bool) -> None:
        """Refuse a webhook that cannot be one, and one whose URL does not take an event."""
        if urlsplit(row["url"]).scheme != "https":
            raise invalid("Webhook URL must be a secure URL (HTTPS)")
        unknown = sorted(set(row["events"]) - EVENTS)
        if unknown:
            raise invalid(f"Unknown event '{unknown[0]}'")
        if tried:
            status, message = await post(row, sample("test_event", row), self.authority)
            if not 200 <= status < 300:
                raise invalid(f"Webhook URL is not reachable: {status or message}")


def sample(event: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a URL is tried with: no ``sync_id`` is in it."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    group = row["group_id"] or "_destination_1"
    return {
        "event": event,
        "created": now,
        "connector_type": "_connector_type",
        "connector_id": "_connector_1",
        "connector_name": "_connector_name",
        "destination_group_id": group,
        "group_id": group,
    }


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a webhook as it is answered: ``group_id`` and the masked secret only where there is one."""
    place = {"type": "group", "group_id": row["group_id"]} if row["group_id"] else {"type": "account"}
    secret = {"secret": "******"} if row["secret"] else {}
    fields = ("id", "url", "events", "active", "created_at", "created_by")
    return {**{name: row[name] for name in fields}, **place, **secret}
