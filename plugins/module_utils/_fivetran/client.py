# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of Fivetran's REST API that the collection makes, one method each.

Source: Fivetran's OpenAPI document, v1. Methods return ``data`` of the envelope. What does not exist is ``None``
where looking is the point of the call. Fivetran's messages are never matched, only its codes and statuses.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from .._kernel.clients import Clients
from .._kernel.http.call import Call, HttpError, Response, RetryPolicy
from .._kernel.http.client import HttpClient
from .._kernel.http.url import check_base_url
from .._kernel.options.limits import retry_policy
from .._kernel.secrets.redact import Redactor, texts_in
from .allowance import Allowance, allowance, limits_of
from .credentials import checked_credential
from .listing import PAGE_SIZE, Walk, has_id, segment
from .refusals import explain, is_missing

JsonObject = dict[str, Any]

# What a deletion is answered with: the OpenAPI document says 200, the page on response codes 204 without a body.
DELETED = (200, 204, 404)


def client_from_params(
    params: Mapping[str, Any], *, secrets: Mapping[str, Any] | None = None, clients: Clients | None = None
) -> FivetranClient:
    """Build a client from the options of ``FIVETRAN_OPTIONS``.

    ``secrets``: further values that no message may show. ``clients``: with whom connections are shared.

    :raises InvalidArgument: a key or a URL that cannot be one.
    """
    return FivetranClient(
        api_key=checked_credential("fivetran_api_key", "FIVETRAN_APIKEY", params["fivetran_api_key"]),
        api_secret=checked_credential("fivetran_api_secret", "FIVETRAN_APISECRET", params["fivetran_api_secret"]),
        api_url=params["fivetran_api_url"],
        policy=retry_policy(params),
        more_secrets=list(texts_in(secrets)),
        clients=clients,
    )


class FivetranClient:
    """A client for one Fivetran account."""

    def __init__(
        self,
        *,
        api_key: str,
        api_secret: str,
        api_url: str,
        policy: RetryPolicy | None = None,
        more_secrets: list[str] | None = None,
        clients: Clients | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._page_size = page_size
        # The smallest that an answer has told.
        self.allowance: Allowance | None = None
        credentials = f"{api_key}:{api_secret}"
        base_url = check_base_url("fivetran_api_url", api_url)
        self._http = HttpClient(
            vendor="Fivetran",
            base_url=base_url if base_url.endswith("/v1") else base_url + "/v1",
            authorization="Basic " + base64.b64encode(credentials.encode()).decode(),
            redactor=Redactor([api_key, api_secret, credentials, *(more_secrets or [])]),
            headers={"Accept": "application/json;version=2"},
            policy=policy,
            explain=explain,
            clients=clients,
            limits_of=limits_of,
        )

    @property
    def waited(self) -> float:
        """For how many seconds calls have waited for rate limits."""
        return self._http.waited

    # Account, groups, destinations

    def account(self) -> JsonObject:
        """``GET /account/info``: account id and name, and the id of the user or system key."""
        return self._object(Call("GET", "/account/info"))

    def groups(self) -> Iterator[JsonObject]:
        """``GET /groups``: every group that the key can see."""
        return self._pages("/groups", {})

    def group(self, group_id: str) -> JsonObject | None:
        """``GET /groups/{id}``."""
        return self._identified_or_none(f"/groups/{segment(group_id)}")

    def group_service_account(self, group_id: str) -> str:
        """``GET /groups/{id}/service-account``: the e-mail of the Google service account that reads GCS buckets."""
        call = Call("GET", f"/groups/{segment(group_id)}/service-account")
        e_mail = self._object(call).get("service_account")
        if not isinstance(e_mail, str) or "@" not in e_mail:
            raise self._http.unusable_answer(call, "an e-mail address in data.service_account")
        return e_mail

    def create_group(self, name: str) -> JsonObject:
        """``POST /groups``. Sent once: after a doubtful end the caller has to look it up."""
        return self._identified(Call("POST", "/groups", body={"name": name}, expected=(201,), repeatable=False))

    def rename_group(self, group_id: str, name: str) -> JsonObject:
        """``PATCH /groups/{id}``."""
        return self._object(Call("PATCH", f"/groups/{segment(group_id)}", body={"name": name}))

    def delete_group(self, group_id: str) -> None:
        """``DELETE /groups/{id}``; a group that is already gone is fine, one with connections is refused."""
        self._http.send(Call("DELETE", f"/groups/{segment(group_id)}", expected=DELETED))

    def destination(self, group_id: str) -> JsonObject | None:
        """``GET /destinations/{id}``: a group's destination has the group's id; None before one was set up."""
        return self._object_or_none(f"/destinations/{segment(group_id)}")

    # Connections

    def connections(self, group_id: str | None = None, schema: str | None = None) -> Iterator[JsonObject]:
        """``GET /connections``, filtered by the server; the rows hold ``config`` and ``status``."""
        wanted = {"group_id": group_id, "schema": schema}
        return self._pages("/connections", {name: value for name, value in wanted.items() if value is not None})

    def connection(self, connection_id: str) -> JsonObject | None:
        """``GET /connections/{id}``."""
        return self._identified_or_none(f"/connections/{segment(connection_id)}")

    def create_connection(self, body: JsonObject) -> JsonObject:
        """``POST /connections``. Sent once: after a doubtful end the caller has to look it up."""
        return self._identified(Call("POST", "/connections", body=body, expected=(201,), repeatable=False))

    def try_to_create_connection(self, body: JsonObject, refusals: frozenset[int]) -> Response:
        """``POST /connections`` with a body that cannot succeed: a status of ``refusals`` is an answer, no error.

        Sent again after a doubtful end, so only for a ``body`` of which nothing can be created.
        """
        return self._http.send(Call("POST", "/connections", body=body, expected={201, *refusals}))

    def update_connection(self, connection_id: str, body: JsonObject) -> JsonObject:
        """``PATCH /connections/{id}``: sends the same values again after a doubtful end, which changes nothing."""
        return self._identified(Call("PATCH", f"/connections/{segment(connection_id)}", body=body))

    def delete_connection(self, connection_id: str) -> None:
        """``DELETE /connections/{id}``; a connection that is already gone is fine."""
        self._http.send(Call("DELETE", f"/connections/{segment(connection_id)}", expected=DELETED))

    def run_setup_tests(self, connection_id: str, body: JsonObject, timeout: float) -> JsonObject:
        """``POST /connections/{id}/test``: the connection with ``setup_tests``. Can last over ten minutes.

        ``timeout``: seconds to wait for the answer.
        """
        path = f"/connections/{segment(connection_id)}/test"
        return self._identified(Call("POST", path, body=body, request_timeout=timeout))

    def start_sync(self, connection_id: str, *, force: bool = False) -> None:
        """``POST /connections/{id}/sync``: without force, a sync that is running goes on; with it, it starts over."""
        path = f"/connections/{segment(connection_id)}/sync"
        self._http.send(Call("POST", path, body={"force": force}, repeatable=not force))

    def start_resync(self, connection_id: str) -> None:
        """``POST /connections/{id}/resync``: sync everything again from the beginning. Sent once."""
        self._http.send(Call("POST", f"/connections/{segment(connection_id)}/resync", body={}, repeatable=False))

    def errors(self, connection_id: str) -> list[JsonObject]:
        """``GET /connections/{id}/errors``: what is wrong now; nothing where Fivetran does not tell."""
        return self._told(Call("GET", f"/connections/{segment(connection_id)}/errors", retried_statuses=()))

    def syncs(self, connection_id: str, start_time: str, end_time: str) -> list[JsonObject]:
        """``GET /connections/{id}/sync-history`` of at most 7 days; nothing where Fivetran does not tell."""
        path, times = (
            f"/connections/{segment(connection_id)}/sync-history",
            {"start_time": start_time, "end_time": end_time},
        )
        return self._told(Call("GET", path, query=times, retried_statuses=()))

    # Webhooks. Source: Fivetran's reference of its REST API.

    def webhooks(self) -> Iterator[JsonObject]:
        """``GET /webhooks``: those of the account and of its groups; secrets are masked."""
        return self._pages("/webhooks", {})

    def webhook(self, webhook_id: str) -> JsonObject | None:
        """``GET /webhooks/{id}``."""
        return self._identified_or_none(f"/webhooks/{segment(webhook_id)}")

    def create_webhook(self, group_id: str | None, body: JsonObject) -> JsonObject:
        """``POST /webhooks/account`` or ``/webhooks/group/{id}``: 400 also if the URL does not take a test event.

        Sent once: after a doubtful end the caller has to look it up.
        """
        path = f"/webhooks/group/{segment(group_id)}" if group_id else "/webhooks/account"
        return self._identified(Call("POST", path, body=body, expected=(200, 201), repeatable=False))

    def update_webhook(self, webhook_id: str, body: JsonObject) -> JsonObject:
        """``PATCH /webhooks/{id}``: tests the URL again if it becomes active."""
        return self._identified(Call("PATCH", f"/webhooks/{segment(webhook_id)}", body=body))

    def delete_webhook(self, webhook_id: str) -> None:
        """``DELETE /webhooks/{id}``; a webhook that is already gone is fine."""
        self._http.send(Call("DELETE", f"/webhooks/{segment(webhook_id)}", expected=DELETED))

    def test_webhook(self, webhook_id: str, event: str) -> JsonObject:
        """``POST /webhooks/{id}/test``: whether the URL has taken a sample of ``event``, and with which status."""
        return self._object(Call("POST", f"/webhooks/{segment(webhook_id)}/test", body={"event": event}))

    # Schema config: which schemas, tables and columns sync

    def schema_config(self, connection_id: str) -> JsonObject | None:
        """``GET /connections/{id}/schemas``: None before the first reload."""
        try:
            return self._object(Call("GET", f"/connections/{segment(connection_id)}/schemas"))
        except HttpError as error:
            # The connection is known to exist, so that the plain code, which is on record, is about its schemas, too.
            if error.failure.code in ("NotFound_SchemaConfig", "NotFound"):
                return None
            raise

    def reload_schema_config(self, connection_id: str, timeout: float) -> JsonObject:
        """``POST /connections/{id}/schemas/reload``: read the source's schema; what was chosen before stays chosen.

        ``timeout``: seconds to wait for the answer, which takes long for a large source.
        """
        path = f"/connections/{segment(connection_id)}/schemas/reload"
        return self._object(Call("POST", path, body={"exclude_mode": "PRESERVE"}, request_timeout=timeout))

    def update_schema_config(self, connection_id: str, body: JsonObject) -> JsonObject:
        """``PATCH /connections/{id}/schemas``: changes what ``body`` names and leaves the rest alone.

        Returned is the whole configuration, read again: the answer to the change may hold only what was changed.
        """
        path = f"/connections/{segment(connection_id)}/schemas"
        self._object(Call("PATCH", path, body=body))
        return self._object(Call("GET", path))

    def service_metadata(self, service: str) -> JsonObject | None:
        """``GET /metadata/connector-types/{service}``: ``config`` is the JSON schema of the service's config."""
        return self._object_or_none(f"/metadata/connector-types/{segment(service)}")

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[JsonObject]:
        return Walk(self._object, self._http.unusable_answer, self._page_size).rows(path, query)

    def _told(self, call: Call) -> list[JsonObject]:
        """Return rows that are good to have: callers go on without them."""
        try:
            rows = self._object(call).get("items")
        except HttpError:
            return []
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _object(self, call: Call) -> JsonObject:
        answer = self._http.send(call)
        told = allowance(answer.headers) if call.method == "GET" else None
        if told is not None and (self.allowance is None or told.left < self.allowance.left):
            self.allowance = told
        return self._data(call, answer)

    def _object_or_none(self, path: str) -> JsonObject | None:
        try:
            return self._object(Call("GET", path))
        except HttpError as error:
            if error.failure.status == 404 and is_missing(error.failure.code):
                return None
            raise

    def _identified(self, call: Call) -> JsonObject:
        return self._checked(call, self._object(call))

    def _identified_or_none(self, path: str) -> JsonObject | None:
        data = self._object_or_none(path)
        return None if data is None else self._checked(Call("GET", path), data)

    def _checked(self, call: Call, data: JsonObject) -> JsonObject:
        if not has_id(data):
            raise self._http.unusable_answer(call, "an id in data")
        return data

    def _data(self, call: Call, answer: Response) -> JsonObject:
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        if not isinstance(data, dict):
            raise self._http.unusable_answer(call, "an object in data")
        return data
