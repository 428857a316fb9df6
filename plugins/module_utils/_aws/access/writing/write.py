# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the IAM policy and the role for Fivetran: as one identity, after a second plan, and before a second look.

The writing itself is done by modules of amazon.aws, which get the very keys that everything here is signed with.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...._kernel.deadline import Backoff, Deadline
from ...._kernel.errors import Failure, OnrampError
from ...._kernel.http.client import CONNECT_TIMEOUT
from ...._kernel.printable import sentence
from ...._kernel.secrets.redact import Redactor
from ...._kernel.task import Result, Task
from ...client import Aws, aws_from_params
from ...credentials.keys import Keys
from ..access import access_plan_info
from ..documents import JsonObject
from .arguments import (
    WRITERS,
    check_plan,
    check_still_holds,
    differences,
    has_steps,
    left_over,
    policy_arguments,
    role_arguments,
    writing_failed,
)
from .versions import Overwritten, Versions, is_older_one, overwritten, read_versions

# A policy that was made a moment ago is not yet known to every server of IAM.
ATTACHING_TRIES = 6
ATTACHING_PAUSE = 2.0
# As long may an answer of IAM be older than what was written.
LOOKING_AGAIN = 20.0
BETWEEN_LOOKS = Backoff(first=0.25, longest=2.0)
# Longer than it takes from a second plan to the writing that it is for.
SETTLING = 2.0

# Of what a module of amazon.aws returns.
HEARD = ("failed", "msg", "error", "response_metadata")

# Runs a module, by its name, with these options, and returns what it returned.
RunModule = Callable[[str, JsonObject], Mapping[str, Any]]


def write_access(task: Task, run_module: RunModule) -> Result:
    """Do the work of ``s3_access``."""
    plan = task.params["plan"]
    if plan is not None:
        check_plan(plan)
    aws = aws_from_params(task.params, task.params["partition"], task.clients)
    # From here on, nothing that expires or is chosen anew can make two identities of one.
    keys = aws.freeze()
    access = _plan_again(task, plan)
    result: Result = {"changed": has_steps(access), "access": access, "diff": differences(access)}
    if result["changed"] and not task.check_mode:
        writing = _Writing(task, aws, keys, access, run_module)
        try:
            writing.run()
        except OnrampError as error:
            raise error.with_result({"changed": bool(writing.done), "access": access}) from None
    return result


def _plan_again(task: Task, plan: Mapping[str, Any] | None) -> JsonObject:
    try:
        access: JsonObject = _look(_in_account(task, plan), task.warn if plan is None else _silent)
    except OnrampError as error:
        if plan is not None and "access" in error.result:
            # When the plan was made, nothing forbade it.
            error.msg = f"The AWS account has changed since the plan was made. {error.msg}"
        raise
    if plan is not None:
        check_still_holds(plan, access)
    return access


def _in_account(task: Task, plan: Mapping[str, Any] | None) -> Task:
    """Let nothing be read, and no sentence be told, of another account than the one that was planned."""
    account = task.params["account_id"] or (plan or {}).get("account")
    return replace(task, params={**task.params, "account_id": account})


def _silent(_message: str) -> None:
    """Warn of nothing: it was told before."""


def _look(task: Task, warn: Callable[[str], None] = _silent) -> JsonObject:
    """Return what has to be written."""
    access: JsonObject = access_plan_info(replace(task, params={**task.params, "explain": False}, warn=warn))["access"]
    return access


@dataclass
class _Writing:
    """One writing of what a plan says."""

    task: Task
    aws: Aws
    keys: Keys
    access: JsonObject
    run_module: RunModule
    done: list[str] = field(default_factory=list)

    def run(self) -> None:
        iam, policy = self.aws.client("iam"), self.access["policy"]
        before = read_versions(iam, policy["arn"]) if policy["action"] == "update" else Versions({})
        if policy["action"] != "none":
            self._step("policy", policy_arguments(policy))
            self._hold_that_nothing_was_overwritten(before)
            if before.default and is_older_one(before, read_versions(iam, policy["arn"])):
                self.task.clients.clock.sleep(SETTLING)
        if self.access["role"]["action"] != "none":
            self._step("role", role_arguments(self.access["role"], self.task.params))
        self._look_again(before)

    # Writing

    def _step(self, kind: str, arguments: JsonObject) -> None:
        step = self.access[kind]
        for attempt in range(ATTACHING_TRIES):
            if attempt:
                self.task.clients.clock.sleep(ATTACHING_PAUSE)
            answer = self._write(kind, arguments)
            unknown = kind == "role" and (answer.get("error") or {}).get("code") == "NoSuchEntity"
            if not (answer.get("failed") and unknown):
                break
        if answer.get("failed"):
            raise writing_failed(kind, step, answer, self.done)
        self.done.append(f"the IAM {kind} {step['arn']}")

    def _write(self, kind: str, arguments: JsonObject) -> Mapping[str, Any]:
        answer = self.run_module(WRITERS[kind], {**arguments, **self._connection()})
        # Whatever a module or AWS quotes of it: these keys are known to nobody else who could take them out.
        redactor = Redactor([self.keys.secret_key, self.keys.session_token])
        heard: Mapping[str, Any] = redactor.data({name: answer[name] for name in HEARD if name in answer})
        return heard

    def _connection(self) -> JsonObject:
        """Return the connection of amazon.aws's modules: the same keys, address and checks as here."""
        options = {
            "access_key": self.keys.access_key,
            "secret_key": self.keys.secret_key,
            "session_token": self.keys.session_token,
            "region": self.aws.region,
            "endpoint_url": self.aws.configured_endpoint("iam"),
            "aws_ca_bundle": self.aws.ca_bundle,
        }
        wide = {name: True for name in ("use_fips_endpoint", "use_dualstack_endpoint") if self.aws.is_configured(name)}
        limits = {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": self.aws.limits.request_timeout,
            "retries": {"mode": "standard", "max_attempts": 4},
            # Its address is the one above, whatever the configuration says of the default profile.
            "ignore_configured_endpoint_urls": True,
        }
        return {
            **{name: value for name, value in options.items() if value},
            "validate_certs": self.aws.connection.validate_certs,
            "aws_config": {**limits, **wide},
        }

    # Looking again

    def _hold_that_nothing_was_overwritten(self, before: Versions) -> None:
        policy = self.access["policy"]
        if policy["action"] not in ("create", "update"):
            return
        lost = overwritten(self.aws.client("iam"), policy["arn"], policy["document"], before)
        if lost is not None:
            raise self._put_back(lost)

    def _put_back(self, lost: Overwritten) -> OnrampError:
        policy = self.access["policy"]
        arguments = policy_arguments({**policy, "action": "update", "after": {}, "document": lost.document})
        answer = self._write("policy", arguments)
        message = f"Somebody else has written the IAM policy {policy['arn']} at the same time, as {lost.version}."
        if answer.get("failed"):
            rest = f"It could not be put back: make {lost.version} the default version, then run again."
        else:
            rest = (
                "That was put back, so that nothing of it is lost. What this run has planned is not there. Run again."
            )
        return OnrampError(msg=f"{message} {rest}", failure=Failure(code="written_meanwhile", message=message))

    def _look_again(self, before: Versions) -> None:
        """Hold that what is there is what was planned, once IAM has had the time to tell so everywhere."""
        deadline, looks = Deadline.after(LOOKING_AGAIN, self.task.clients.clock), 0
        while wrong := self._wrong(before):
            looks += 1
            if not deadline.wait(BETWEEN_LOOKS.after(looks)):
                break
        else:
            return
        message = f"What is in the AWS account {self.access['account']} now is not what was written: {sentence(wrong)}"
        raise OnrampError(
            msg=f"{message} Somebody else has written at the same time. Check whose change that is, and run again.",
            failure=Failure(code="written_meanwhile", message=message),
        )

    def _wrong(self, before: Versions) -> str:
        """Return what is not as it was written, as a part of a sentence."""
        self._hold_that_nothing_was_overwritten(before)
        try:
            found = _look(self.task)
        except OnrampError as error:
            # What is refused now was not refused before: for what was found there, or by AWS.
            if "access" not in error.result and error.failure.code != "NoSuchEntity":
                error.msg = f"Everything was written, but could not be looked at again. {error.msg} Run again."
                raise
            found = error.result.get("access", {})
            return "; ".join(left_over(self.access, found) if found else ()) or error.msg
        return "; ".join(left_over(self.access, found))
