# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written to IAM, as amazon.aws's modules take it, and whether the plan for it still holds. Pure functions.

A plan is what ``s3_access_plan_info`` returns as ``access``.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...._kernel.errors import Failure, InvalidArgument, OnrampError
from ...._kernel.printable import sentence
from ...client import other_account
from ...errors import advice
from ..documents import JsonObject, granted_buckets

KINDS = ("policy", "role")
WRITERS: Mapping[str, str] = {"policy": "amazon.aws.iam_managed_policy", "role": "amazon.aws.iam_role"}
# AWS cannot change a description, so that it is given at creation only.
DESCRIPTION = "Lets Fivetran read Braze data. Managed by onramp.braze_fivetran."

_DONE: Mapping[str, str] = {
    "none": "left as it is",
    "create": "created",
    "update": "changed",
    "delete": "deleted",
}


def has_steps(access: Mapping[str, Any]) -> bool:
    """Tell whether there is anything to write."""
    return any(access[kind]["action"] != "none" for kind in KINDS)


def check_plan(plan: Mapping[str, Any]) -> None:
    """Hold that this is a plan.

    :raises InvalidArgument: if not.
    """
    steps = [plan.get(kind) for kind in KINDS]
    if not plan.get("account") or any(
        not isinstance(step, Mapping) or step.get("action") not in _DONE for step in steps
    ):
        raise InvalidArgument("plan: expected what onramp.braze_fivetran.s3_access_plan_info returns as access.")


def check_still_holds(plan: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Hold that what has to be written ``now`` was planned, in the account where it was planned.

    What was planned and is done by now is no difference: workspaces that share a role plan at once.

    :raises OnrampError: naming both accounts, or what has changed since.
    """
    if str(plan["account"]) != now["account"]:
        raise other_account(str(plan["account"]), now["account"])
    moved = list(_moved(plan, now))
    if moved:
        message = f"Since the plan was made, somebody else has changed what it rests on: {'; '.join(moved)}."
        raise OnrampError(
            msg=f"{message} Nothing was changed. Run again: a new plan is made of what is there now.",
            failure=Failure(code="outdated_plan", message=message),
        )


def _moved(plan: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for kind in KINDS:
        was, step = plan[kind], now[kind]
        if step["action"] == "none" or _step(was) == _step(step):
            continue
        if was["action"] == step["action"]:
            yield f"the IAM {kind} {step['arn']} is no longer what it was"
        else:
            yield (
                f"the IAM {kind} {step['arn']} was to be {_DONE[was['action']]} and would have to be"
                f" {_DONE[step['action']]} now"
            )


def _step(step: Mapping[str, Any]) -> Any:
    """Return what makes a step what it is, as plain data: what went through Ansible's variables has lost its types."""
    parts = {name: step.get(name) for name in ("action", "arn", "before", "after")}
    return json.loads(json.dumps(parts, default=str))


def policy_arguments(step: Mapping[str, Any]) -> JsonObject:
    """Return the options of ``amazon.aws.iam_managed_policy``; its removal detaches it and deletes its versions."""
    return _given(
        **_of_both(step),
        policy=json.dumps(step["document"]),
    )


def role_arguments(step: Mapping[str, Any], params: Mapping[str, Any]) -> JsonObject:
    """Return the options of ``amazon.aws.iam_role``, without those of :func:`instance_profile`.

    The policy is named by its ARN, because a name is looked up, and is attached beside whatever else is.
    """
    policy = step["after"].get("policy")
    return _given(
        **_of_both(step),
        assume_role_policy_document=json.dumps(step["document"]),
        managed_policies=[policy] if policy else None,
        purge_policies=False,
        max_session_duration=params["max_session_duration"],
        # Of the step: an empty one removes what is there, and AWS refuses it for a role that is only made.
        boundary=step["after"].get("permissions_boundary"),
    )


def instance_profile(arguments: Mapping[str, Any]) -> JsonObject:
    """Return the options that keep ``amazon.aws.iam_role`` from making an instance profile, where it knows them.

    One of the role's name, which an earlier run may have left, goes with the role.
    """
    return {"create_instance_profile": False, "delete_instance_profile": arguments["state"] == "absent"}


def _of_both(step: Mapping[str, Any]) -> JsonObject:
    return {
        "state": "absent" if step["action"] == "delete" else "present",
        "name": step["name"],
        "path": step["path"],
        "description": DESCRIPTION if step["action"] == "create" else None,
        "tags": step["after"].get("tags"),
        "purge_tags": False,
    }


def _given(**arguments: Any) -> JsonObject:
    return {name: value for name, value in arguments.items() if value is not None}


def differences(access: Mapping[str, Any]) -> list[JsonObject]:
    """Return what differs, as Ansible shows differences."""
    return [
        {"before_header": step["arn"], "after_header": step["arn"], "before": step["before"], "after": step["after"]}
        for step in (access[kind] for kind in KINDS)
        if step["action"] != "none"
    ]


def writing_failed(kind: str, step: Mapping[str, Any], answer: Mapping[str, Any], done: list[str]) -> OnrampError:
    """Return why a module of amazon.aws has not done its step; ``done``: what was written before it."""
    refusal, where = answer.get("error") or {}, answer.get("response_metadata") or {}
    said = " ".join(str(answer.get("msg") or "it gave no reason").split())[:1000]
    msg = f"The IAM {kind} {step['arn']} was not {_DONE[step['action']]}. {WRITERS[kind]} says: {sentence(said)}"
    step_of_help = advice(str(refusal.get("code") or ""), str(refusal.get("message") or said))
    msg += f" {step_of_help}" if step_of_help else ""
    msg += f" Written before that: {', '.join(done)}. Run again: what is there already is left." if done else ""
    return OnrampError(
        msg=msg,
        failure=Failure(
            code=str(refusal.get("code") or "writing_failed"),
            message=" ".join(str(refusal.get("message") or said).split()),
            status=where.get("http_status_code"),
            request=WRITERS[kind],
            request_id=where.get("request_id"),
        ),
    )


def left_over(written: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what is not as it was written, as parts of a sentence."""
    found: list[str] = []
    for kind in KINDS:
        step = now[kind]
        if step["action"] == "none":
            continue
        lost = _lost_buckets(written["policy"], step) if kind == "policy" else []
        fields = ", ".join(sorted({*step["before"], *step["after"]}))
        if lost:
            found.append(f"the IAM policy {step['arn']} does not let Fivetran read {', '.join(lost)}")
        else:
            found.append(f"the IAM {kind} {step['arn']} would have to be {_DONE[step['action']]} again ({fields})")
    return found


def _lost_buckets(written: Mapping[str, Any], step: Mapping[str, Any]) -> list[str]:
    there = granted_buckets(step["before"].get("document"))
    return [name for name in granted_buckets(written["document"]) if name not in there] if there else []
