# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove the credentials before anything is made with them: whose account, what kind of key, what it may do.

A wrong key, a key of another account and a key without the right to create connections are three different errors
with three different remedies.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._kernel.errors import Failure, OnrampError
from ..._kernel.http.call import HttpError
from ..._kernel.task import Result, Task
from ..client import FivetranClient, JsonObject, client_from_params
from .group import GATHERERS, choose_group, group_view

# No endpoint tells what a key may do, so the right is probed with a creation that cannot succeed: Fivetran has no
# such service, and without a service there is nothing to create, to test or to pay for.
PROBE_SERVICE = "onramp_permission_probe"
FORBIDDEN = 403
RIGHT = "may_create_connections"
# A caller who is told that the request itself is wrong had the right to make it.
REFUSED_FOR_ITS_CONTENT = frozenset({400, 404, 409, 415, 422})


def account_info(task: Task) -> Result:
    """Do the work of ``fivetran_account_info``.

    :raises OnrampError: ``AuthFailed``, ``wrong_account`` or ``NotFound_Group``.
    """
    client = client_from_params(task.params, clients=task.clients)
    account = account_view(client.account())
    result: Result = {"changed": False, "account": account}
    try:
        check_account(account, task.params["account_id"])
    except OnrampError as error:
        raise error.with_result(result) from None
    if task.params["group"] is not None:
        group = group_of_account(list(client.groups()), task.params["group"], account)
        result |= _about_group(client, group, task.params["gather"])
    return result


def _about_group(client: FivetranClient, group: JsonObject, parts: list[str]) -> Result:
    """Ask everything about a group at once."""
    questions = {part: ask for part, ask in {**GATHERERS, RIGHT: probe}.items() if part in parts}
    with ThreadPoolExecutor(max_workers=len(questions) or 1) as pool:
        asked = {part: pool.submit(ask, client, str(group["id"])) for part, ask in questions.items()}
    answers = {part: answer.result() for part, answer in asked.items()}
    result: Result = {}
    if RIGHT in answers:
        result[RIGHT], result["advice"] = answers.pop(RIGHT)
    return {**result, "group": group_view(group) | answers}


def account_view(data: JsonObject) -> JsonObject:
    """Return what the module shows of an account and its key."""
    key_type = "user" if data.get("user_id") else "system" if data.get("system_key_id") else None
    return {
        "id": data.get("account_id"),
        "name": data.get("account_name"),
        "key_type": key_type,
        "user_id": data.get("user_id"),
        "system_key_id": data.get("system_key_id"),
    }


def probe(client: FivetranClient, group_id: str) -> tuple[bool | None, str]:
    """Tell whether the key may create connections in the group (None: undecided), and what to do if not."""
    body = {
        "group_id": group_id,
        "service": PROBE_SERVICE,
        "destination_schema_names": "FIVETRAN_NAMING",
        "paused": True,
        "run_setup_tests": False,
        "config": {"schema": PROBE_SERVICE},
    }
    try:
        answer = client.try_to_create_connection(body, REFUSED_FOR_ITS_CONTENT | {FORBIDDEN})
    except HttpError as error:
        return None, f"Whether the key may create connections in group {group_id} could not be found out. {error.msg}"
    if answer.status == FORBIDDEN:
        return False, (
            f"The Fivetran key is valid, but it may not create connections in group {group_id}. Use the key of a user"
            " with the role Account Administrator, or give the user or system key the right to manage connections in"
            " this group (Fivetran's dashboard: Account settings > Users or System Keys)."
        )
    if answer.status == 201:
        _remove(client, answer.body)
    return True, ""


def _remove(client: FivetranClient, body: Any) -> None:
    """Remove what the probe made after all, should Fivetran ever have a service of that name."""
    data = body.get("data") if isinstance(body, dict) else None
    connection_id = data.get("id") if isinstance(data, dict) else None
    if not isinstance(connection_id, str):
        msg = f"Fivetran made a connection of service {PROBE_SERVICE} and did not tell its id. Remove it by hand."
        raise OnrampError(msg=msg, failure=Failure(code="invalid_answer", message=msg))
    client.delete_connection(connection_id)


def check_account(account: JsonObject, expected: str | None) -> None:
    """Refuse the credentials of another account than the expected one; ``account`` is an :func:`account_view`.

    :raises OnrampError: with code ``wrong_account``.
    """
    if expected is None or account["id"] == expected:
        return
    msg = (
        f"The Fivetran key is valid, but it belongs to account {_named(account)}, and {expected} is expected. Use a key"
        " that was made in that account, or correct account_id."
    )
    raise OnrampError(msg=msg, failure=Failure(code="wrong_account", message=msg))


def group_of_account(groups: Sequence[JsonObject], name_or_id: str, account: JsonObject) -> JsonObject:
    """Return the group with this id or name among those that a key of ``account`` sees.

    :raises OnrampError: with Fivetran's own code ``NotFound_Group``, or ``ambiguous_group``.
    """
    try:
        return choose_group(groups, name_or_id)
    except OnrampError as error:
        if error.failure.code != "NotFound_Group":
            raise
        msg = f"{error.msg} The key in use belongs to account {_named(account)}."
        raise OnrampError(msg=msg, failure=error.failure, result={"account": account}) from None


def _named(account: JsonObject) -> str:
    return f"{account['id']} ({account['name']})" if account["name"] else str(account["id"])
