# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Collect what the tasks of a run show about each workspace, and make the report of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._workspaces.proof import proof_by_tests, proved
from . import results
from .cells import BAD_TESTS, cells_of, short_time, status_of
from .model import (
    Connection,
    Finding,
    GcsAccess,
    Key,
    Landing,
    May,
    Report,
    Run,
    S3Access,
    SetupTest,
    Step,
    Unclaimed,
    Workspace,
)

COLLECTION = "onramp.braze_fivetran."
FAILED, UNREACHABLE = "failed", "unreachable"
UNREACHABLE_HOST = Finding(
    "host",
    "error",
    "Ansible could not reach the host.",
    "A workspace is a host to which nothing is connected: give it connection: local.",
)
# The step that a module or a role of the collection belongs to. What is not here belongs to the settings.
STEPS: Mapping[str, str] = {
    "braze_api_key_info": Step.KEY,
    "braze_api_key": Step.KEY,
    "braze_currents_info": Step.LANDING,
    "currents_landing": Step.LANDING,
    "s3_access_info": Step.ACCESS,
    "s3_bucket_preflight_info": Step.ACCESS,
    "s3_access": Step.ACCESS,
    "gcs_bucket_iam_member": Step.ACCESS,
    "gcs_bucket_preflight_info": Step.ACCESS,
    "gcs_access": Step.ACCESS,
    "fivetran_connection": Step.CONNECTION,
    "fivetran_connection_info": Step.CONNECTION,
    "fivetran_connection_schema": Step.CONNECTION,
    "fivetran_connection_sync": Step.SYNC,
    "fivetran_account_info": "group",
    "fivetran_group": "group",
    "fivetran_group_info": "group",
    "fivetran_destination_info": "group",
}


@dataclass(frozen=True)
class Observation:
    """How one task ended on one host.

    ``action``: full name of the module. ``role``: name of the role without the collection's, or empty. ``outcome``:
    ``ok``, ``failed`` or ``unreachable``. ``own``: the task stands in this collection, so that its messages may be
    shown. ``workspace``: the host belongs to the group ``braze_workspaces``.
    """

    host: str
    task: str
    action: str
    outcome: str
    result: Mapping[str, Any]
    role: str = ""
    own: bool = False
    workspace: bool = False
    check_mode: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a host came through the whole run."""

    failed: bool = False
    unreachable: bool = False
    changed: int = 0


@dataclass
class Known:
    """What is known about one workspace so far."""

    in_group: bool = False
    shown: bool = False
    key: Key | None = None
    landing: Landing | None = None
    access: S3Access | GcsAccess | None = None
    # Of the place that the plan names; without a plan, of every place that was judged.
    place: str = ""
    may: tuple[May, ...] = ()
    connection: Connection | None = None
    # By schema, as fivetran_connection_info has listed them: in check mode, what is there now.
    listed: dict[str, Connection] = field(default_factory=dict)
    alerts: dict[str, list[Finding]] = field(default_factory=dict)
    setup_tests: tuple[SetupTest, ...] = ()
    # What nobody can see, as the plan tells it, and what setup tests have proved of that since.
    unverified: tuple[str, ...] = ()
    proved: str = ""
    findings: list[Finding] = field(default_factory=list)
    noted: list[Finding] = field(default_factory=list)
    failures: list[Finding] = field(default_factory=list)
    check_mode: bool = False
    # Something ran outside check mode, so that it may have changed things.
    acted: bool = False
    # What is known is no plan any more.
    applied: bool = False
    # Who does for all that share it what is planned; empty where it is done by each.
    makers: frozenset[str] = frozenset()


class Collector:
    """Takes observations one by one; :meth:`report` can be asked at any time."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        # What only verifying looks for; later plans of the same run know nothing of it.
        self._unclaimed: tuple[Unclaimed, ...] = ()
        self._doubts: tuple[str, ...] = ()

    def observe(self, seen: Observation) -> None:
        """Take what one task has shown."""
        known = self._known.setdefault(seen.host, Known())
        known.in_group |= seen.workspace
        module = seen.action.removeprefix(COLLECTION) if seen.action.startswith(COLLECTION) else ""
        if module == "workspace_plan":
            self._read_plan(seen)
        reader = READERS.get(module)
        if reader is not None:
            known.check_mode = seen.check_mode
            known.acted |= not seen.check_mode
            known.applied |= not seen.check_mode
            reader(known, seen.result)
        if seen.own and seen.outcome == "ok":
            _read_facts(known, results.mapping(seen.result, "ansible_facts"))
        if seen.outcome == FAILED and not (module == "workspace_verdict" and known.noted):
            _add_failure(known, _failure(seen, module))
        if seen.outcome == UNREACHABLE:
            known.failures.append(UNREACHABLE_HOST)

    def _read_plan(self, seen: Observation) -> None:
        """Take what one look has shown of every workspace of the play."""
        if "unclaimed" in seen.result:
            self._unclaimed = results.unclaimed(seen.result)
            self._doubts = results.texts(seen.result, "doubts")
        for name, plan in results.mapping(seen.result, "workspaces").items():
            if isinstance(plan, Mapping):
                known = self._known.setdefault(str(name), Known())
                known.in_group = known.shown = True
                known.acted |= not seen.check_mode and not plan.get("reads_only")
                known.check_mode = not known.applied
                _read_plan(known, plan)

    def report(self, run: Run, outcomes: Mapping[str, Outcome]) -> Report:
        """Return what is known. Hosts that are no workspaces are left out."""
        shown = {
            name: known
            for name, known in sorted(self._known.items())
            if known.shown or (known.in_group and known.failures)
        }
        workspaces = tuple(
            _workspace(
                name, _with_documents(self._done_by_others(known), shown.values()), outcomes.get(name, Outcome())
            )
            for name, known in shown.items()
        )
        is_check = not any(known.acted for known in shown.values())
        return Report(replace(run, check_mode=is_check), workspaces, self._unclaimed, self._doubts)

    def _done_by_others(self, known: Known) -> Known:
        """Take no plan for a plan any more that others have done: who shares a role need not do anything."""
        makers = [self._known[name] for name in known.makers if name in self._known]
        done = bool(makers) and all(maker.applied and not maker.failures for maker in makers)
        return replace(known, check_mode=False) if done else known


def _workspace(name: str, known: Known, outcome: Outcome) -> Workspace:
    connection = _actual(known)
    # A failure quotes the findings that it fails for.
    quoted = [finding for finding in known.findings if any(finding.message in told.message for told in known.failures)]
    findings = [*known.noted, *known.failures, *(finding for finding in known.findings if finding not in quoted)]
    findings += _next_steps(known, findings)
    if connection is not None:
        findings += known.alerts.get(connection.schema, [])
    workspace = Workspace(
        name=name,
        status=status_of((), ()),
        changed=outcome.changed,
        cells={},
        findings=tuple(dict.fromkeys(findings)),
        key=known.key,
        landing=known.landing,
        access=known.access,
        connection=connection,
        setup_tests=known.setup_tests,
        unverified=known.unverified,
        proved=known.proved,
        may=known.may,
    )
    cells = cells_of(workspace, check_mode=known.check_mode)
    status = status_of(cells.values(), findings, failed=outcome.failed or outcome.unreachable)
    return replace(workspace, cells=cells, status=status)


def _next_steps(known: Known, findings: Iterable[Finding]) -> list[Finding]:
    """Return what to do about a key or a landing that is not good, unless a finding says it already."""
    verdicts = ((Step.KEY, known.key), (Step.LANDING, known.landing))
    steps = [(step, verdict.next_step) for step, verdict in verdicts if verdict is not None and verdict.next_step]
    return [
        Finding(step, "info", next_step)
        for step, next_step in steps
        if not any(next_step in f"{finding.message} {finding.remedy}" for finding in findings)
    ]


def _actual(known: Known) -> Connection | None:
    """Return the connection; in check mode as it is and not as it would be."""
    connection = known.connection
    if connection is None or not known.check_mode or connection.schema not in known.listed:
        return connection
    return replace(known.listed[connection.schema], action=connection.action)


def _with_documents(known: Known, everybody: Iterable[Known]) -> Known:
    """Fill in policy and trust that another workspace has brought to their state for all who share the role."""
    if not isinstance(known.access, S3Access) or known.access.policy is not None:
        return known
    for other in everybody:
        access = other.access
        if isinstance(access, S3Access) and access.policy is not None and access.role_arn == known.access.role_arn:
            return replace(known, access=access)
    return known


def _failure(seen: Observation, module: str) -> Finding:
    step = STEPS.get(module) or STEPS.get(seen.role) or "settings"
    if not (seen.own or module):
        # Nobody knows what it says; it was printed, and a page is passed on.
        return Finding("settings", "error", f"The task {seen.task!r} failed. The output of the play tells why.")
    if results.text(results.mapping(seen.result, "failure"), "code") == "setup_tests_failed":
        step = Step.TESTS
    # Messages begin with the workspace where many are printed together; here it is the headline.
    message = results.text(seen.result, "msg").removeprefix(f"{seen.host}: ")
    return Finding(step, "error", message or f"The task {seen.task!r} failed.")


def _add_failure(known: Known, failure: Finding) -> None:
    """Add a failure, unless it repeats findings; one that repeats an earlier failure and says more replaces it."""
    if known.noted and all(finding.message in failure.message for finding in known.noted):
        return
    for index, earlier in enumerate(known.failures):
        if earlier.message in failure.message:
            known.failures[index] = replace(failure, step=earlier.step)
            return
    known.failures.append(failure)


def _read_facts(known: Known, facts: Mapping[str, Any]) -> None:
    _read_role(known, results.text(facts, "__s3_access_handed_over"))


def _read_plan(known: Known, plan: Mapping[str, Any]) -> None:
    """Read the plan of one workspace: what was seen, what is to do, and what was found."""
    seen = results.mapping(plan, "seen")
    # Of a workspace that is refused nothing will be done.
    counts = plan.get("applies") is True or plan.get("reads_only") is True
    _read_key(known, results.mapping(seen, "key"))
    _read_landing(known, results.mapping(seen, "landing"))
    _read_planned_access(known, plan, counts)
    known.makers = results.makers(plan)
    known.noted = results.planned_findings(plan)
    known.unverified = results.texts(plan, "unverified")
    action = results.action_on(plan, "connection") if counts else "none"
    if "connection" in seen:
        data = results.mapping(seen, "connection")
        known.connection = results.connection(data, action)
        known.alerts[known.connection.schema] = results.alerts(data)
    elif action == "create":
        known.connection = results.connection({"schema": plan.get("schema")}, action)


def _read_planned_access(known: Known, plan: Mapping[str, Any], counts: bool) -> None:
    """Read role or grant, and what Fivetran may do, which comes true only if what is planned is done."""
    seen = results.mapping(plan, "seen")
    grant = results.mapping(seen, "grant")
    known.place = _place(plan)
    known.may = ()
    if "access" in seen:
        known.access = results.s3_access(seen)
        if counts or known.access.is_as_wanted:
            known.may = results.may_in_s3(seen, known.place)
    if "grant" in seen and (counts or grant.get("changed") is not True):
        known.access = results.gcs_access(grant)
        known.may = results.may_in_gcs(grant, known.place)


def _place(plan: Mapping[str, Any]) -> str:
    """Return what the workspace's connection reads, as results call it; empty if the plan does not say."""
    scheme, bucket = {"s3": "s3", "gcs": "gs"}.get(results.text(plan, "storage")), results.text(plan, "bucket")
    path = "/".join(filter(None, (bucket, results.text(plan, "prefix"))))
    return f"{scheme}://{path}" if scheme and bucket else ""


def _read_key(known: Known, result: Mapping[str, Any]) -> None:
    if "verdict" in result:
        known.key = results.key(result)
        known.shown = True


def _read_landing(known: Known, result: Mapping[str, Any]) -> None:
    if "verdict" in result:
        known.landing = results.landing(result)
        known.shown = True


def _read_s3_access(known: Known, result: Mapping[str, Any]) -> None:
    if "access" in result:
        known.access = results.s3_access(result)
        known.may = results.may_in_s3(result, known.place) or known.may
        known.findings += results.findings(results.mapping(result, "access"), Step.ACCESS)
        known.shown = True


def _read_gcs_access(known: Known, result: Mapping[str, Any]) -> None:
    known.findings += results.findings(result, Step.ACCESS)
    if "grant" in result:
        known.access = results.gcs_access(result)
        # Of a grant that was made, the result tells what Fivetran could do before.
        if known.access.is_as_wanted:
            known.may = results.may_in_gcs(result, known.place) or known.may
        known.shown = True


def _read_role(known: Known, arn: str) -> None:
    if arn and not isinstance(known.access, S3Access):
        known.access = S3Access(role_arn=arn)
        known.shown = True


def _read_preflight(known: Known, result: Mapping[str, Any]) -> None:
    # Of a shared role, whoever does not bring it to its state sees no more.
    _read_role(known, results.text(result, "role_arn"))
    known.findings += results.findings(result, Step.ACCESS)


def _proof(result: Mapping[str, Any], tests: Iterable[SetupTest]) -> str:
    """Return what these tests prove of what could not be seen before; nothing where one of them has failed."""
    passed = [test.title for test in tests if test.status == "PASSED"]
    time = short_time(results.text(result, "tested_at"))
    if not passed or not time or any(test.status in BAD_TESTS for test in tests):
        return ""
    return proved("what could not be told before works", proof_by_tests(passed, f"{time} UTC"))


def _read_connection(known: Known, result: Mapping[str, Any]) -> None:
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


def _read_connections(known: Known, result: Mapping[str, Any]) -> None:
    for data in results.mappings(result, "connections"):
        found = results.connection(data)
        known.listed[found.schema] = found
        known.alerts[found.schema] = results.alerts(data)


READERS: Mapping[str, Callable[[Known, Mapping[str, Any]], None]] = {
    "braze_api_key_info": _read_key,
    "braze_currents_info": _read_landing,
    "s3_access_info": _read_s3_access,
    "gcs_bucket_iam_member": _read_gcs_access,
    "s3_bucket_preflight_info": _read_preflight,
    "gcs_bucket_preflight_info": _read_preflight,
    "fivetran_connection": _read_connection,
    "fivetran_connection_info": _read_connections,
    "fivetran_connection_sync": _read_connection,
}
