# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a webhook to its state. Fivetran masks the secret that signs, and tries a webhook before it takes it.

Source: Fivetran's pages on webhooks. The OpenAPI document that the rest goes by was not at hand for these calls, so
nothing is expected of an answer but the id.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .._kernel.deadline import Clock
from .._kernel.difference import Difference, additions, before_and_after, differences
from .._kernel.errors import Failure, InvalidArgument, OnrampError
from .._kernel.http.call import HttpError
from .._kernel.secrets.redact import REDACTED
from .._kernel.secrets.shown import shown
from .._kernel.task import Result, Task
from .client import FivetranClient, JsonObject, client_from_params
from .lost_answer import found_after

ACCOUNT, GROUP = "account", "group"
FIELDS = ("url", "events", "active", "secret")
RETURNED = ("id", "type", "group_id", "url", "events", "active", "created_at", "created_by")
# Fivetran refuses with it what its own request to the URL does not like.
REFUSED = 400
TEST_REFUSED = (
    "Before Fivetran takes a webhook that is active, it posts a test event to its URL once, and wants a status of the"
    " 200s. Check that the URL begins with https://, can be reached from the internet with a valid certificate, and"
    " takes an event without sync_id. With active: false the webhook is made untested."
)


def webhook(task: Task) -> Result:
    """Do the work of ``fivetran_webhook``."""
    params = task.params
    client = client_from_params(params, secrets={"secret": params["secret"]}, clients=task.clients)
    actual = find(client, params)
    _check_place(params, actual)
    if params["state"] == "absent":
        return _ensure_absent(client, actual, params, check_mode=task.check_mode)
    return _ensure_present(client, actual, params, check_mode=task.check_mode, clock=task.clock)


def webhook_info(task: Task) -> Result:
    """Do the work of ``fivetran_webhook_info``."""
    params = task.params
    client = client_from_params(params, clients=task.clients)
    rows = [client.webhook(params["id"])] if params["id"] else client.webhooks()
    wanted = {name: params[name] for name in ("group_id", "url") if params[name] is not None}
    found = [row for row in rows if row is not None and all(row.get(name) == wanted[name] for name in wanted)]
    return {"changed": False, "webhooks": [view(row) for row in found]}


def find(client: FivetranClient, params: Mapping[str, Any]) -> JsonObject | None:
    """Return the webhook by its id, or else the one of the account or group with this URL.

    :raises OnrampError: ``NotFound_Webhook``, ``ambiguous_webhook``.
    """
    if params["id"]:
        found = client.webhook(params["id"])
        if found is None and params["state"] == "present":
            msg = (
                f"There is no Fivetran webhook {params['id']} that this API key can see. Fivetran chooses the ids:"
                " leave out id, and the webhook is found by its url, or created."
            )
            raise OnrampError(msg=msg, failure=Failure(code="NotFound_Webhook", message=msg))
        return found
    rows = [row for row in client.webhooks() if _is_wanted(row, params)]
    if len(rows) > 1:
        ids = ", ".join(sorted(str(row.get("id")) for row in rows))
        msg = (
            f"Fivetran has {len(rows)} webhooks with the url {params['url']} in the same place: {ids}."
            " Say with id which one is meant."
        )
        raise OnrampError(msg=msg, failure=Failure(code="ambiguous_webhook", message=msg))
    return rows[0] if rows else None


def _is_wanted(row: JsonObject, params: Mapping[str, Any]) -> bool:
    return (row.get("group_id") or None) == (params["group_id"] or None) and row.get("url") == params["url"]


def view(row: Mapping[str, Any]) -> JsonObject:
    """Return what the modules show of a webhook: never its secret."""
    return {name: row.get(name) for name in RETURNED}


def _ensure_present(
    client: FivetranClient, actual: JsonObject | None, params: Mapping[str, Any], *, check_mode: bool, clock: Clock
) -> Result:
    _check(params, actual)
    wanted = {name: params[name] for name in FIELDS if params[name] is not None}
    place = {"type": GROUP if params["group_id"] else ACCOUNT, "group_id": params["group_id"]}
    found = _changes(actual, wanted, params["update_secret"])
    if check_mode:
        after: JsonObject = {"active": True, **place, **(actual or {}), **wanted}
    elif actual is None:
        after, created = _create(client, wanted, params, clock)
        found = found if created else []
    elif found:
        after = _update(client, actual, {change.name: change.after for change in found})
    else:
        after = actual
    result = {
        "changed": bool(found),
        "webhook": view(after),
        "diff": before_and_after(found, _header(params)),
    }
    if params["run_test"] and not check_mode:
        result["test"] = _test(client, after, result)
    return result


def _check(params: Mapping[str, Any], actual: JsonObject | None) -> None:
    """Refuse what cannot become a webhook before anything is written.

    :raises InvalidArgument: naming the option.
    """
    url = params["url"]
    if url is not None:
        _check_url(url)
    if actual is None and not params["events"]:
        raise InvalidArgument("events: a new webhook needs at least one event, such as sync_end.")
    if params["events"] == []:
        raise InvalidArgument("events: no event is left. To hear nothing for a while, set active to false.")


def _check_place(params: Mapping[str, Any], actual: JsonObject | None) -> None:
    """Refuse a webhook that is named by its id and by a group that it is not of: one of the two is wrong.

    :raises InvalidArgument: naming the option.
    """
    if actual is not None and params["group_id"] not in (None, actual.get("group_id")):
        step = "Leave group_id out, or" if params["state"] == "absent" else "Make another one for that group, or"
        raise InvalidArgument(
            f"group_id: the webhook {actual.get('id')} belongs to {_place(actual)}, for good, and not to the group"
            f" {params['group_id']}. {step} check the id."
        )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
        parts = urlsplit("")
    if not known:
        raise InvalidArgument(f"url: expected https:// and a host, got {shown(url)}. Fivetran takes nothing else.")
    if "@" in parts.netloc:
        raise InvalidArgument(
            "url: it holds a user name or password, which Fivetran would show to everybody. Leave them out, and check"
            " the signature that Fivetran makes with secret."
        )


def _changes(actual: JsonObject | None, wanted: Mapping[str, Any], update_secret: str) -> list[Difference]:
    if actual is None:
        return additions(wanted, secrets=["secret"])
    return differences(wanted, actual, secrets=["secret"], send_masked=update_secret == "always")


def _create(
    client: FivetranClient, wanted: JsonObject, params: Mapping[str, Any], clock: Clock
) -> tuple[JsonObject, bool]:
    """Create the webhook with one request; return it, and whether this run made it."""
    try:
        return client.create_webhook(params["group_id"], wanted), True
    except HttpError as error:
        if not error.may_have_been_processed:
            raise explained(error) from error
        return found_after(error, lambda: find(client, params), clock), True


def _update(client: FivetranClient, actual: JsonObject, body: JsonObject) -> JsonObject:
    try:
        return client.update_webhook(str(actual["id"]), body)
    except HttpError as error:
        raise explained(error) from error


def explained(error: HttpError) -> HttpError:
    """Say of a refusal what Fivetran had tried before it."""
    if error.failure.status == REFUSED:
        error.msg = f"{error.msg} {TEST_REFUSED}"
    return error


def _test(client: FivetranClient, row: JsonObject, known: Result) -> JsonObject:
    """Let Fivetran post a sample of the first event to the URL.

    :raises OnrampError: ``webhook_test_failed``, if what listens there does not take it.
    """
    events = row.get("events") or ["sync_end"]
    answer = client.test_webhook(str(row["id"]), str(events[0]))
    test = {name: answer.get(name) for name in ("succeed", "status", "message")}
    if test["succeed"] is not True:
        msg = (
            f"The webhook {row['id']} is there, but its test has failed: {row.get('url')} answered Fivetran with"
            f" {test['status'] or 'nothing'} ({test['message'] or 'no message'}). Look at what listens there."
        )
        failure = Failure(code="webhook_test_failed", message=str(test["message"]))
        raise OnrampError(msg=msg, failure=failure, result={**known, "test": test})
    return test


def _ensure_absent(
    client: FivetranClient, actual: JsonObject | None, params: Mapping[str, Any], *, check_mode: bool
) -> Result:
    if actual is not None and not check_mode:
        client.delete_webhook(str(actual["id"]))
    header = _header(params)
    before = {} if actual is None else {**view(actual), **({"secret": REDACTED} if actual.get("secret") else {})}
    return {
        "changed": actual is not None,
        "webhook": None,
        "diff": {"before_header": header, "after_header": header, "before": before, "after": {}},
    }


def _header(params: Mapping[str, Any]) -> str:
    return f"Fivetran webhook {params['id'] or params['url']}"


def _place(row: Mapping[str, Any]) -> str:
    return f"the group {row['group_id']}" if row.get("group_id") else "the whole account"
