# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``braze_api_key_info``."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._kernel.errors import InvalidArgument
from .._kernel.options.limits import retry_policy
from .._kernel.secrets.keys import bare, complaint
from .._kernel.task import Result, Task, warn_or_fail
from .instances import Endpoint, find_endpoint, other_instances
from .permissions import PERMISSIONS, choose
from .probes import Prober, braze_http
from .verdict import (
    KeyJudgement,
    KeyVerdict,
    PermissionState,
    ProbeAnswer,
    how_it_stands,
    judge_key,
    needs_controls,
    next_step,
)

# A permission that fails four times in a row is not decided by a fifth try.
TRIES = 4


def api_key_info(task: Task) -> Result:
    """Probe a key and return the verdict.

    :raises InvalidArgument: ``permissions``, ``api_url`` or ``api_key`` cannot be what they are meant to be.
    :raises OnrampError: the key is not good, and ``on_problem`` says that this is a failure.
    """
    asked = choose(task.params["permissions"])
    endpoint = find_endpoint(task.params["api_url"])
    if endpoint.warning:
        task.warn(endpoint.warning)
    api_key = checked_key(task.params["api_key"])
    policy = replace(retry_policy(task.params), tries=TRIES)
    prober = Prober(braze_http(endpoint, api_key, policy, clients=task.clients), policy)
    answers = prober.probe(asked)
    others = [permission for permission in PERMISSIONS if permission not in asked]
    controls = prober.probe(others) if others and needs_controls(answers) else []
    judgement = judge_key(answers, controls)
    result = _result(judgement, endpoint)
    if judgement.verdict is KeyVerdict.OK:
        return result
    msg = f"{how_it_stands(result['verdict'])}. {result['next_step']}"
    if judgement.verdict is KeyVerdict.INVALID_KEY and task.params["on_problem"] == "fail":
        # Ansible prints all of a failure, and these say the same of each permission.
        result |= {"permissions": [], "undecided": []}
    return warn_or_fail(task, task.params["on_problem"], result["verdict"], msg, result)


def _result(judgement: KeyJudgement, endpoint: Endpoint) -> Result:
    return {
        "changed": False,
        "verdict": judgement.verdict.value,
        "api_url": endpoint.api_url,
        "instance": endpoint.instance.name if endpoint.instance else None,
        "permissions": _permissions(judgement),
        "missing": judgement.names(PermissionState.MISSING, optional=False),
        "undecided": judgement.names(PermissionState.UNDECIDED, optional=False),
        "possible_instances": other_instances(endpoint) if judgement.verdict is KeyVerdict.INVALID_KEY else [],
        "next_step": next_step(judgement, endpoint),
    }


def checked_key(api_key: str) -> str:
    """Return ``api_key`` as a header takes it, without the blanks and line breaks around it.

    :raises InvalidArgument: it is empty, or holds what no key does. Never shows it.
    """
    key = bare(api_key)
    wrong = complaint(key)
    if wrong:
        raise InvalidArgument(f"api_key: {wrong} Give the REST API key that was made for Fivetran.")
    return key


def _permissions(judgement: KeyJudgement) -> list[dict[str, Any]]:
    return [_permission(answer, state) for answer, state in zip(judgement.answers, judgement.states, strict=True)]


def _permission(answer: ProbeAnswer, state: PermissionState) -> dict[str, Any]:
    return {
        "name": answer.permission.name,
        "state": state.value,
        "optional": answer.permission.optional,
        "status": answer.status,
        "message": answer.message,
    }
