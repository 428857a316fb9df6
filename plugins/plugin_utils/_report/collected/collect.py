# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collect what the tasks of a run show about each workspace, and make the report of it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ....module_utils._kernel.finding import Finding
from ..cells import cells_of, status_of
from ..model import Report, Run, Step, Unclaimed, Workspace
from ..vendors import ReportedConnection, S3Access
from . import results
from .observed import COLLECTION, FAILED, UNREACHABLE, HostOutcome, KnownWorkspace, Observation
from .readers import READERS, read_facts, read_plan, read_progress
from .tasks import Items, RowKey, Rows, names_of
from .told_once import told_once

UNREACHABLE_HOST = Finding(
    "host",
    "error",
    "",
    "Ansible could not reach the host.",
    "A workspace is a host to which nothing is connected: give it connection: local.",
)


NOT_REACHED = Finding("host", "info", "not_reached", "Nothing was done for it, because the play ended before.")


# What fails with what the plan has found.
TELL_THE_PLAN = ("workspace_verdict", "workspace_heal")


# The step that a module or a role of the collection belongs to. What is not here belongs to the settings.
STEPS: Mapping[str, str] = {
    "braze_api_key_info": Step.KEY,
    "braze_api_key": Step.KEY,
    "braze_currents_info": Step.LANDING,
    "currents_landing": Step.LANDING,
    "s3_access_plan_info": Step.ACCESS,
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


class Collector:
    """Takes observations one by one; :meth:`report` can be asked at any time."""

    def __init__(self) -> None:
        self._known: dict[RowKey, KnownWorkspace] = {}
        self._rows = Rows()
        # What only verifying looks for; later plans of the same run know nothing of it.
        self._unclaimed: tuple[Unclaimed, ...] = ()
        self._doubts: tuple[str, ...] = ()

    def observe(self, seen: Observation) -> None:
        """Take what one task has shown."""
        # What a workspace of the inventory loops over is no other workspace.
        known = self._of(seen.host, () if seen.workspace else seen.items)
        known.in_group |= seen.workspace
        module = seen.action.removeprefix(COLLECTION) if seen.action.startswith(COLLECTION) else ""
        # A failed module of somebody else's may only say so.
        known.changed += seen.result.get("changed") is True and (seen.outcome == "ok" or bool(module))
        if module == "workspace_plan":
            self._read_plan(seen)
        # Even if nothing else is known of it: somebody has meant it to be a workspace.
        known.shown |= bool(known.loops) and seen.outcome == FAILED and (seen.own or bool(module))
        reader = READERS.get(module)
        if reader is not None:
            known.acted |= not seen.check_mode
            reader(known, seen.result)
            read_progress(known, module, seen.result, check_mode=seen.check_mode, failed=seen.outcome != "ok")
        if seen.own and seen.outcome == "ok":
            read_facts(known, results.mapping(seen.result, "ansible_facts"))
        if seen.outcome == FAILED and not (module in TELL_THE_PLAN and known.noted):
            _add_failure(known, _failure(seen, module), seen)
        if seen.outcome == UNREACHABLE:
            known.failures.append(UNREACHABLE_HOST)

    def expect(self, host: str, items: Items) -> None:
        """Take that a loop on a host will come to an item; what becomes of it is told by observations."""
        self._of(host, items)

    def _of(self, host: str, items: Items) -> KnownWorkspace:
        known = self._known.setdefault(self._rows.of(host, items), KnownWorkspace())
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
                read_plan(known, plan)

    def report(self, run: Run, outcomes: Mapping[str, HostOutcome]) -> Report:
        """Return what is known. Hosts that are no workspaces are left out."""
        shown = self._shown()
        names = names_of({row: _identity(known) for row, known in shown.items()})
        # There, what fails or changes one item is not all the others'.
        hosts_of_items = {host for host, path in shown if path}
        settled = {row: self._done_by_others(known) for row, known in shown.items()}
        documents = _documents(settled.values())
        workspaces = []
        for row, known in sorted(settled.items(), key=lambda entry: (names[entry[0]], entry[0])):
            outcome = outcomes.get(row[0], HostOutcome())
            complete = _with_documents(known, documents)
            if row[0] in hosts_of_items:
                complete = _unless_reached(complete, outcome)
                outcome = HostOutcome(failed=bool(known.failures), changed=known.changed)
            workspaces.append(_workspace(names[row], row[0], complete, outcome))
        is_check = not any(known.acted for known in shown.values())
        return Report(replace(run, check_mode=is_check), tuple(workspaces), self._unclaimed, self._doubts)

    def _shown(self) -> dict[RowKey, KnownWorkspace]:
        """Return what is known of workspaces: also of items to which a loop that goes through workspaces never came."""
        loops = {known.loops for known in self._known.values() if known.loops and known.shown}
        hosts = {host for (host, path), known in self._known.items() if path and known.loops in loops}
        return {
            row: known
            for row, known in self._known.items()
            if known.shown or known.loops in loops or (known.failures and (known.in_group or row[0] in hosts))
        }

    def _done_by_others(self, known: KnownWorkspace) -> KnownWorkspace:
        """Take no plan for a plan any more that others have done: who shares a role need not do anything."""
        makers = [self._known[name, ()] for name in known.makers if (name, ()) in self._known]
        done = bool(makers) and all(maker.access and Step.ACCESS not in maker.planned for maker in makers)
        return replace(known, planned=known.planned - {Step.ACCESS}) if done else known


def _unless_reached(known: KnownWorkspace, outcome: HostOutcome) -> KnownWorkspace:
    """Note that the loop never came to this item, because the host had failed before."""
    missed = bool(known.loops) and outcome.failed and not (known.shown or known.failures)
    return replace(known, noted=[NOT_REACHED]) if missed else known


def _identity(known: KnownWorkspace) -> tuple[str, str]:
    """Return schema and group of a workspace's connection, empty where none is known."""
    return (known.connection.schema, known.connection.group) if known.connection is not None else ("", "")


def _workspace(name: str, host: str, known: KnownWorkspace, outcome: HostOutcome) -> Workspace:
    connection = _actual(known)
    alerts = known.alerts.get(connection.schema, []) if connection is not None else []
    findings = told_once(known.noted, known.findings, known.failures, _next_steps(known), alerts)
    workspace = Workspace(
        name=name,
        host=host,
        status=status_of((), ()),
        # What a task changed before it failed was changed, too, which Ansible does not count.
        changed=max(outcome.changed, known.changed),
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
        planned=_planned(known),
        way=known.way,
    )
    cells = cells_of(workspace)
    status = status_of(cells.values(), findings, failed=outcome.failed or outcome.unreachable)
    return replace(workspace, cells=cells, status=status)


def _planned(known: KnownWorkspace) -> tuple[Step, ...]:
    """Return of which steps there is something to do that is not known to be done."""
    access, connection = known.access, known.connection
    to_do = {
        Step.ACCESS: access is not None and not access.is_as_wanted,
        Step.CONNECTION: connection is not None and connection.action != "none",
    }
    return tuple(step for step, is_to_do in to_do.items() if is_to_do and step in known.planned)


def _next_steps(known: KnownWorkspace) -> list[Finding]:
    """Return what to do about a key or a landing that is not good. Whatever else tells it has the verdict as code."""
    verdicts = ((Step.KEY, known.key), (Step.LANDING, known.landing))
    return [
        Finding(step, "info", verdict.verdict, verdict.next_step)
        for step, verdict in verdicts
        if verdict is not None and verdict.next_step
    ]


def _actual(known: KnownWorkspace) -> ReportedConnection | None:
    """Return the connection; what is planned of it as it is and not as it would be."""
    connection = known.connection
    if connection is None or Step.CONNECTION not in known.planned or connection.schema not in known.listed:
        return connection
    return replace(known.listed[connection.schema], action=connection.action)


def _documents(everybody: Iterable[KnownWorkspace]) -> Mapping[str, KnownWorkspace]:
    """Return by role the first workspace of which the policy is known."""
    found: dict[str, KnownWorkspace] = {}
    for known in everybody:
        if isinstance(known.access, S3Access) and known.access.policy is not None:
            found.setdefault(known.access.role_arn, known)
    return found


def _with_documents(known: KnownWorkspace, documents: Mapping[str, KnownWorkspace]) -> KnownWorkspace:
    """Fill in policy and trust that another workspace has brought to their state for all who share the role."""
    if not isinstance(known.access, S3Access) or known.access.policy is not None:
        return known
    other = documents.get(known.access.role_arn)
    if other is None:
        return known
    planned = (known.planned - {Step.ACCESS}) | (other.planned & {Step.ACCESS})
    return replace(known, access=other.access, planned=planned)


def _failure(seen: Observation, module: str) -> Finding:
    step = STEPS.get(module) or STEPS.get(seen.role) or "settings"
    if not (seen.own or module):
        # Nobody knows what it says; it was printed, and a page is passed on.
        return Finding("settings", "error", "", f"The task {seen.task!r} failed. The output of the play tells why.")
    failure = results.mapping(seen.result, "failure")
    code, step = results.text(failure, "code"), results.text(failure, "step") or step
    if code == "setup_tests_failed":
        step = Step.TESTS
    # Messages begin with the workspace where many are printed together; here it is the headline.
    message = results.text(seen.result, "msg").removeprefix(f"{seen.host}: ")
    return Finding(step, "error", code, message or f"The task {seen.task!r} failed.")


def _add_failure(known: KnownWorkspace, failure: Finding, seen: Observation) -> None:
    """Add a failure. What this collection says in a rescue quotes the failure that it rescues, and takes its place."""
    if known.rescued and seen.own and not seen.rescued:
        rescued = known.failures.pop()
        failure = replace(failure, step=rescued.step, code=rescued.code)
    known.rescued = seen.rescued
    known.failures.append(_without_others(failure, known.findings))


def _without_others(failure: Finding, others: Iterable[Finding]) -> Finding:
    """Return a failure without what it says of findings that are told beside it."""
    message = failure.message
    for other in others:
        message = message.replace(f" {other.text()}", "") if other.severity != "error" else message
    return replace(failure, message=message)
