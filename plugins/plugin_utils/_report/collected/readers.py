# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what each module returns into what is known of a workspace."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..._workspaces.look.proof import proof_by_tests, proved
from ..._workspaces.model.plan import GRANT_ELSEWHERE, ROLE_ELSEWHERE
from ..cells import BAD_TESTS, short_time
from ..model import Step
from ..vendors import ReportedTest, S3Access
from . import results
from .observed import KnownWorkspace


def read_progress(
    known: KnownWorkspace, module: str, result: Mapping[str, Any], *, check_mode: bool, failed: bool
) -> None:
    """Note of the step that a result speaks of whether it is done, or still a plan."""
    step, field = PARTS.get(module, (Step.ACCESS, ""))
    if field not in result:
        return
    if module == "s3_access_plan_info":
        # It only looks.
        done = known.access is not None and known.access.is_as_wanted
    else:
        # A failure of access tells what was to be done, one of a connection how that stands.
        done = not failed or step is Step.CONNECTION
    known.planned = known.planned - {step} if done and not check_mode else known.planned | {step}


def read_facts(known: KnownWorkspace, facts: Mapping[str, Any]) -> None:
    _read_role(known, results.text(facts, "s3_access_fivetran_role_arn"))


def read_plan(known: KnownWorkspace, plan: Mapping[str, Any]) -> None:
    """Read the plan of one workspace: what was seen, what is to do, and what was found."""
    seen = results.mapping(plan, "seen")
    # Of a workspace that is refused nothing will be done.
    counts = plan.get("applies") is True or plan.get("reads_only") is True
    _read_key(known, results.mapping(seen, "key"))
    _read_landing(known, results.mapping(seen, "landing"))
    _read_planned_access(known, plan, counts)
    known.makers = results.makers(plan)
    known.way = results.way(plan)
    kept = [finding for finding in known.noted if finding.code in (ROLE_ELSEWHERE, GRANT_ELSEWHERE)]
    known.noted = list(dict.fromkeys([*kept, *results.planned_findings(plan)]))
    known.unverified = results.texts(plan, "unverified")
    action = results.action_on(plan, "connection") if counts else "none"
    if "connection" in seen or action == "create":
        known.planned |= {Step.CONNECTION}
    if "connection" in seen:
        data = results.mapping(seen, "connection")
        known.connection = results.connection(data, action)
        known.alerts[known.connection.schema] = results.alerts(data)
    elif action == "create":
        known.connection = results.connection({"schema": plan.get("schema")}, action)


def _read_planned_access(known: KnownWorkspace, plan: Mapping[str, Any], counts: bool) -> None:
    """Read role or grant, and what Fivetran may do, which comes true only if what is planned is done."""
    seen = results.mapping(plan, "seen")
    grant = results.mapping(seen, "grant")
    known.place = _place(plan)
    known.may = ()
    if "access" in seen:
        known.planned |= {Step.ACCESS}
        known.access = results.s3_access(seen)
        if counts or known.access.is_as_wanted:
            known.may = results.may_in_s3(seen, known.place)
    if results.has_grant(grant) and (counts or grant.get("changed") is not True):
        known.planned |= {Step.ACCESS}
        known.access = results.gcs_access(grant)
        known.may = results.may_in_gcs(grant, known.place)


def _place(plan: Mapping[str, Any]) -> str:
    """Return what the workspace's connection reads, as results call it; empty if the plan does not say."""
    scheme, bucket = {"s3": "s3", "gcs": "gs"}.get(results.text(plan, "storage")), results.text(plan, "bucket")
    path = "/".join(filter(None, (bucket, results.text(plan, "prefix"))))
    return f"{scheme}://{path}" if scheme and bucket else ""


def _read_key(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    if "verdict" in result:
        known.key = results.key(result)
        known.shown = True


def _read_landing(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    if "verdict" in result:
        known.landing = results.landing(result)
        known.shown = True


def _read_s3_access(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    if "access" in result:
        known.access = results.s3_access(result)
        known.may = results.may_in_s3(result, known.place) or known.may
        known.findings += results.findings(results.mapping(result, "access"), Step.ACCESS)
        known.shown = True


def _read_written_access(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    if "access" in result:
        known.access = results.s3_access(result)


def _read_gcs_access(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    known.findings += results.findings(result, Step.ACCESS)
    if results.has_grant(result):
        known.access = results.gcs_access(result)
        # Of a grant that was made, the result tells what Fivetran could do before.
        if known.access.is_as_wanted:
            known.may = results.may_in_gcs(result, known.place) or known.may
    known.shown |= "grant" in result


def _read_role(known: KnownWorkspace, arn: str) -> None:
    if arn and not isinstance(known.access, S3Access):
        known.access = S3Access(role_arn=arn)
        known.shown = True


def _read_preflight(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    # Of a shared role, a workspace that does not bring it to its state sees no more.
    _read_role(known, results.text(result, "role_arn"))
    known.findings += results.findings(result, Step.ACCESS)


def _proof(result: Mapping[str, Any], tests: Iterable[ReportedTest]) -> str:
    """Return what these tests prove of what could not be seen before; nothing where one of them has failed."""
    passed = [test.title for test in tests if test.status == "PASSED"]
    time = short_time(results.text(result, "tested_at"))
    if not passed or not time or any(test.status in BAD_TESTS for test in tests):
        return ""
    return proved("what could not be told before works", proof_by_tests(passed, f"{time} UTC"))


def _read_connection(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    tests = results.setup_tests(result)
    if tests:
        # They have tried what nobody can see.
        known.proved = _proof(result, tests) if known.unverified else known.proved
        known.setup_tests, known.unverified = tests, ()
    if "connection" not in result:
        return
    known.shown = True
    data = results.mapping(result, "connection")
    action = "update" if result.get("changed") is True else "none"
    if not data:
        action = "delete"
    elif action == "update" and not results.text(data, "id"):
        action = "create"
    known.connection = results.connection(data, action)
    known.alerts[known.connection.schema] = results.alerts(data)


def _read_connections(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    for data in results.mappings(result, "connections"):
        found = results.connection(data)
        known.listed[found.schema] = found
        known.alerts[found.schema] = results.alerts(data)


def _read_healing(known: KnownWorkspace, result: Mapping[str, Any]) -> None:
    """Read what may be why Fivetran cannot read, where that could not be healed."""
    known.findings += results.hints(results.mapping(result, "outcome"))


READERS: Mapping[str, Callable[[KnownWorkspace, Mapping[str, Any]], None]] = {
    "braze_api_key_info": _read_key,
    "braze_currents_info": _read_landing,
    "s3_access_plan_info": _read_s3_access,
    "s3_access": _read_written_access,
    "gcs_bucket_iam_member": _read_gcs_access,
    "s3_bucket_preflight_info": _read_preflight,
    "gcs_bucket_preflight_info": _read_preflight,
    "fivetran_connection": _read_connection,
    "fivetran_connection_info": _read_connections,
    "fivetran_connection_sync": _read_connection,
    "workspace_heal": _read_healing,
}


# What a module brings to its state, and the field of its result that tells of it.
PARTS: Mapping[str, tuple[Step, str]] = {
    "s3_access_plan_info": (Step.ACCESS, "access"),
    "s3_access": (Step.ACCESS, "access"),
    "gcs_bucket_iam_member": (Step.ACCESS, "grant"),
    "fivetran_connection": (Step.CONNECTION, "connection"),
    "fivetran_connection_sync": (Step.CONNECTION, "connection"),
}
