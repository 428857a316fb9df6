# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Collect what the tasks of a run show about each workspace, and make the report of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._way import Stop
from .._workspaces.look.proof import proof_by_tests, proved
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
from .tasks import Items, Row, Rows, names_of

COLLECTION = "onramp.braze_fivetran."
FAILED, UNREACHABLE = "failed", "unreachable"
UNREACHABLE_HOST = Finding(
    "host",
    "error",
    "Ansible could not reach the host.",
    "A workspace is a host to which nothing is connected: give it connection: local.",
)
NOT_REACHED = Finding("host", "info", "Nothing was done for it, because the play ended before.", code="not_reached")
# What fails with what the plan has found.
TELL_THE_PLAN = ("workspace_verdict", "workspace_heal")
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
    shown. ``workspace``: the host belongs to the group ``braze_workspaces``. ``items``: of the loops around the task.
    ``rescued``: a block goes on after this failure.
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
    items: Items = ()
    rescued: bool = False


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
    # The last failure was rescued; what the rescue fails with tells it, too.
    rescued: bool = False
    # Tasks that have changed something.
    changed: int = 0
    # It is an item of these loops.
    loops: tuple[str, ...] = ()
    check_mode: bool = False
    # Something ran outside check mode, so that it may have changed things.
    acted: bool = False
    # What is known is no plan any more.
    applied: bool = False
    # Who does for all that share it what is planned; empty where it is done by each.
    makers: frozenset[str] = frozenset()
    way: tuple[Stop, ...] = ()


class Collector:
    """Takes observations one by one; :meth:`report` can be asked at any time."""

    def __init__(self) -> None:
        self._known: dict[Row, Known] = {}
        self._rows = Rows()
        # What only verifying looks for; later plans of the same run know nothing of it.
        self._unclaimed: tuple[Unclaimed, ...] = ()
        self._doubts: tuple[str, ...] = ()

    def observe(self, seen: Observation) -> None:
        """Take what one task has shown."""
        # What a workspace of the inventory loops over is no other workspace.
        known = self._of(seen.host, () if seen.workspace else seen.items)
        known.in_group |= seen.workspace
        known.changed += seen.result.get("changed") is True
        module = seen.action.removeprefix(COLLECTION) if seen.action.startswith(COLLECTION) else ""
        if module == "workspace_plan":
            self._read_plan(seen)
        # Even if nothing else is known of it: somebody has meant it to be a workspace.
        known.shown |= bool(known.loops) and seen.outcome == FAILED and (seen.own or bool(module))
        reader = READERS.get(module)
        if reader is not None:
            known.check_mode = seen.check_mode
            known.acted |= not seen.check_mode
            known.applied |= not seen.check_mode
            reader(known, seen.result)
        if seen.own and seen.outcome == "ok":
            _read_facts(known, results.mapping(seen.result, "ansible_facts"))
        if seen.outcome == FAILED and not (module in TELL_THE_PLAN and known.noted):
            _add_failure(known, _failure(seen, module), seen)
        if seen.outcome == UNREACHABLE:
            known.failures.append(UNREACHABLE_HOST)

    def expect(self, host: str, items: Items) -> None:
        """Take that a loop on a host will come to an item; what becomes of it is told by observations."""
        self._of(host, items)

    def _of(self, host: str, items: Items) -> Known:
        known = self._known.setdefault(self._rows.of(host, items), Known())
        known.loops = known.loops or tuple(item.loop for item in items)
        return known

    def _read_plan(self, seen: Observation) -> None:
        """Take what one look has shown of every workspace of the play."""
        if "unclaimed" in seen.result:
            self._unclaimed = results.unclaimed(seen.result)
            self._doubts = results.texts(seen.result, "doubts")
        for name, plan in results.mapping(seen.result, "workspaces").items():
            if isinstance(plan, Mapping) and results.text(results.mapping(plan, "healing"), "state") != "left_out":
                known = self._of(str(name), ())
                known.in_group = known.shown = True
                known.acted |= not seen.check_mode and not plan.get("reads_only")
                known.check_mode = not known.applied
                _read_plan(known, plan)

    def report(self, run: Run, outcomes: Mapping[str, Outcome]) -> Report:
        """Return what is known. Hosts that are no workspaces are left out."""
        shown = self._shown()
        names = names_of({row: _identity(known) for row, known in shown.items()})
        # There, what fails or changes one item is not all the others'.
        hosts_of_items = {host for host, path in shown if path}
        workspaces = []
        for row, known in sorted(shown.items(), key=lambda entry: (names[entry[0]], entry[0])):
            outcome = outcomes.get(row[0], Outcome())
            complete = _with_documents(self._done_by_others(known), shown.values())
            if row[0] in hosts_of_items:
                complete = _unless_reached(complete, outcome)
                outcome = Outcome(failed=bool(known.failures), changed=known.changed)
            workspaces.append(_workspace(names[row], row[0], complete, outcome))
        is_check = not any(known.acted for known in shown.values())
        return Report(replace(run, check_mode=is_check), tuple(workspaces), self._unclaimed, self._doubts)

    def _shown(self) -> dict[Row, Known]:
        """Return what is known of workspaces: also of items to which a loop that goes through workspaces never came."""
        loops = {known.loops for known in self._known.values() if known.loops and known.shown}
        hosts = {host for (host, path), known in self._known.items() if path and known.loops in loops}
        return {
            row: known
            for row, known in self._known.items()
            if known.shown or known.loops in loops or (known.failures and (known.in_group or row[0] in hosts))
        }

    def _done_by_others(self, known: Known) -> Known:
        """Take no plan for a plan any more that others have done: who shares a role need not do anything."""
        makers = [self._known[name, ()] for name in known.makers if (name, ()) in self._known]
        done = bool(makers) and all(maker.applied and not maker.failures for maker in makers)
        return replace(known, check_mode=False) if done else known


def _unless_reached(known: Known, outcome: Outcome) -> Known:
    """Note that the loop never came to this item, because the host had failed before."""
    missed = bool(known.loops) and outcome.failed and not (known.shown or known.failures)
    return replace(known, noted=[NOT_REACHED]) if missed else known


def _identity(known: Known) -> tuple[str, str]:
    """Return schema and group of a workspace's connection, empty where none is known."""
    return (known.connection.schema, known.connection.group) if known.connection is not None else ("", "")


def _workspace(name: str, host: str, known: Known, outcome: Outcome) -> Workspace:
    connection = _actual(known)
    alerts = known.alerts.get(connection.schema, []) if connection is not None else []
    findings = told_once(known.noted, known.findings, known.failures, _next_steps(known), alerts)
    workspace = Workspace(
        name=name,
        host=host,
        status=status_of((), ()),
        changed=outcome.changed,
        cells={},
        findings=findings,
        key=known.key,
        landing=known.landing,
        access=known.access,
        connection=connection,
        setup_tests=known.setup_tests,
        unverified=known.unverified,
        proved=known.proved,
        may=known.may,
        way=known.way,
    )
    cells = cells_of(workspace, check_mode=known.check_mode)
    status = status_of(cells.values(), findings, failed=outcome.failed or outcome.unreachable)
    return replace(workspace, cells=cells, status=status)


def told_once(*sources: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings of all sources, the worst first, and each once.

    Two sources tell the same where step and code are the same, and the field as far as both name one: the worse one
    stays, of equals the earlier. Within a source, only what is the same word for word is.
    """
    told = [tuple(dict.fromkeys(source)) for source in sources]
    kept = [
        finding
        for number, source in enumerate(told)
        for finding in source
        if not any(
            _is_same(finding, other) and (_rank(other), position) < (_rank(finding), number)
            for position, others in enumerate(told)
            for other in others
            if position != number
        )
    ]
    return tuple(sorted(kept, key=_rank))


def _is_same(one: Finding, other: Finding) -> bool:
    if one.step != other.step:
        return False
    if not (one.code and other.code):
        return one.message == other.message
    return one.code == other.code and (one.field == other.field or not (one.field and other.field))


def _rank(finding: Finding) -> int:
    ranks = ("error", "warning", "info")
    return ranks.index(finding.severity) if finding.severity in ranks else len(ranks)


def _next_steps(known: Known) -> list[Finding]:
    """Return what to do about a key or a landing that is not good. Whatever else tells it has the verdict as code."""
    verdicts = ((Step.KEY, known.key), (Step.LANDING, known.landing))
    return [
        Finding(step, "info", verdict.next_step, code=verdict.verdict)
        for step, verdict in verdicts
        if verdict is not None and verdict.next_step
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
    failure = results.mapping(seen.result, "failure")
    code, step = results.text(failure, "code"), results.text(failure, "step") or step
    if code == "setup_tests_failed":
        step = Step.TESTS
    # Messages begin with the workspace where many are printed together; here it is the headline.
    message = results.text(seen.result, "msg").removeprefix(f"{seen.host}: ")
    return Finding(step, "error", message or f"The task {seen.task!r} failed.", code=code)


def _add_failure(known: Known, failure: Finding, seen: Observation) -> None:
    """Add a failure. What this collection says in a rescue quotes the failure that it rescues, and takes its place."""
    if known.rescued and seen.own and not seen.rescued:
        rescued = known.failures.pop()
        failure = replace(failure, step=rescued.step, code=rescued.code)
    known.rescued = seen.rescued
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
    known.way = results.way(plan)
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
    # Of a shared role, a workspace that does not bring it to its state sees no more.
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
