# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge each step of a workspace: the mark, and in a few words why."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...module_utils._kernel.finding import Finding
from .model import MARK_OF_SEVERITY, Cell, Mark, Step, Workspace
from .vendors import GcsAccess, ReportedConnection, S3Access

PLANS = {"create": "would be created", "update": "would be changed", "delete": "would be removed"}
BAD_TESTS = ("FAILED", "JOB_FAILED")
# What says of a step that failed the same as its own result, in other words, by code; of states, by the field.
SAME: Mapping[Step, tuple[str, ...]] = {
    Step.CONNECTION: ("setup_state", "setup_broken", "setup_incomplete", "still_broken"),
    Step.TESTS: ("setup_tests_failed",),
    Step.SYNC: ("failed_at", "sync_failed"),
}


def cells_of(workspace: Workspace) -> dict[Step, Cell]:
    """Return the cell of each step. What was found about a step outweighs what its result looks like."""
    cells = {
        Step.KEY: _key(workspace),
        Step.LANDING: _landing(workspace),
        Step.ACCESS: _access(workspace),
        Step.CONNECTION: _connection(workspace),
        Step.TESTS: _tests(workspace),
        Step.SYNC: _sync(workspace),
    }
    for step, cell in cells.items():
        found = [finding for finding in workspace.findings if finding.step == step]
        if cell.mark == Mark.FAILED:
            cells[step] = _completed(cell, [finding for finding in found if not _is_the_same(workspace, finding)])
        else:
            cells[step] = _outweighed(cell, found)
    return cells


def status_of(cells: Iterable[Cell], findings: Iterable[Finding], failed: bool = False) -> Mark:
    """Return the worst of all. A failed workspace is failed, whatever its cells say."""
    marks = {cell.mark for cell in cells} | {MARK_OF_SEVERITY.get(finding.severity, Mark.NONE) for finding in findings}
    return Mark.FAILED if failed else next((mark for mark in Mark if mark in marks), Mark.NONE)


def worst_first(workspaces: Iterable[Workspace]) -> list[Workspace]:
    """Return workspaces as they are to be read: what failed, what is to be looked at, and so on, by name."""
    return sorted(workspaces, key=lambda workspace: list(Mark).index(workspace.status))


def headline_of(workspace: Workspace) -> Cell:
    """Return how the workspace stands as a whole, and what belongs to no step, such as a setting that is refused."""
    beside = [finding for finding in workspace.findings if finding.step not in set(Step)]
    return Cell(
        workspace.status, "\n".join(finding.message for finding in beside if finding.severity in MARK_OF_SEVERITY)
    )


def _outweighed(cell: Cell, findings: list[Finding]) -> Cell:
    for severity, mark in MARK_OF_SEVERITY.items():
        messages = [finding.message for finding in findings if finding.severity == severity]
        if messages:
            return Cell(mark, "\n".join(messages))
    return cell


def _completed(cell: Cell, findings: Iterable[Finding]) -> Cell:
    """Return a step that failed by itself with what else is wrong with it, which may be why nothing is done."""
    messages = [finding.message for finding in findings if MARK_OF_SEVERITY.get(finding.severity) == cell.mark]
    return Cell(cell.mark, "\n".join(dict.fromkeys([cell.text, *messages])))


def _is_the_same(workspace: Workspace, finding: Finding) -> bool:
    """Tell whether a finding is about what the step's own result says."""
    if finding.step == Step.KEY:
        return workspace.key is not None and finding.code == workspace.key.verdict
    what = finding.field if finding.code == "state" else finding.code
    return finding.step in SAME and what in SAME[Step(finding.step)]


def _key(workspace: Workspace) -> Cell:
    key = workspace.key
    if key is None:
        return Cell()
    granted = sum(permission.state == "granted" for permission in key.permissions)
    if key.verdict == "ok":
        return Cell(Mark.OK, f"{granted} permissions")
    if key.verdict == "missing_permissions":
        return Cell(Mark.FAILED, f"lacks {', '.join(key.missing)}")
    return Cell(Mark.WARNING if key.verdict == "undecided" else Mark.FAILED, _words(key.verdict))


def _landing(workspace: Workspace) -> Cell:
    landing = workspace.landing
    if landing is None:
        return Cell()
    if landing.verdict == "landing":
        return Cell(Mark.OK, f"until {in_utc(landing.newest_hour)}")
    if landing.verdict == "stale":
        return Cell(Mark.WARNING, f"nothing since {in_utc(landing.newest_hour)}")
    return Cell(Mark.WARNING, _words(landing.verdict))


def _access(workspace: Workspace) -> Cell:
    access, is_planned = workspace.access, Step.ACCESS in workspace.planned
    if access is None:
        return Cell()
    if isinstance(access, GcsAccess):
        return _done_or_planned(access.action, access.role, is_planned)
    return _done_or_planned(_worst_action(access), f"role {access.role_arn.rpartition('/')[2]}", is_planned)


def _worst_action(access: S3Access) -> str:
    actions = [made.action for made in (access.role, access.policy) if made is not None]
    return next((action for action in ("delete", "create", "update") if action in actions), "none")


def _done_or_planned(action: str, words: str, is_planned: bool) -> Cell:
    if is_planned and action in PLANS:
        return Cell(Mark.PLANNED, PLANS[action])
    return Cell(Mark.REMOVED, "removed") if action == "delete" else Cell(Mark.OK, words)


def _connection(workspace: Workspace) -> Cell:
    connection, is_planned = workspace.connection, Step.CONNECTION in workspace.planned
    if connection is None:
        return Cell()
    if connection.action == "delete" or (is_planned and connection.action in PLANS):
        return _done_or_planned(connection.action, "", is_planned)
    if connection.setup_state == "broken" and connection.sync_state == "syncing":
        return Cell(Mark.WARNING, "called broken until the sync under way has succeeded")
    if connection.setup_state != "connected":
        return Cell(Mark.FAILED, f"setup {connection.setup_state or 'unknown'}")
    if connection.paused:
        last = in_utc(max(connection.succeeded_at, connection.failed_at))
        return Cell(Mark.PAUSED, f"paused in Fivetran, {f'no sync since {last}' if last else 'never synced'}")
    if workspace.unverified and not _is_proved(connection):
        return Cell(Mark.UNVERIFIED, "what it reads with is masked, and no sync has proved it")
    return Cell(Mark.OK, "running")


def _is_proved(connection: ReportedConnection) -> bool:
    """Tell whether the last sync shows that what Fivetran holds works."""
    # ISO 8601 in UTC sorts as text.
    return bool(connection.succeeded_at) and connection.succeeded_at >= connection.failed_at


def _tests(workspace: Workspace) -> Cell:
    tests = workspace.setup_tests
    bad = [test for test in tests if test.status in BAD_TESTS]
    if bad:
        return Cell(Mark.FAILED, "; ".join(f"{test.title}: {test.message or test.status}" for test in bad))
    warned = [test.title for test in tests if test.status == "WARNING"]
    if warned:
        return Cell(Mark.WARNING, f"warning from {', '.join(warned)}")
    if tests:
        return Cell(Mark.OK, f"{sum(test.status == 'PASSED' for test in tests)} passed")
    connection = workspace.connection
    if connection is not None and connection.id and connection.setup_state == "connected":
        return Cell(Mark.OK, "passed before")
    return Cell()


def _sync(workspace: Workspace) -> Cell:
    connection = workspace.connection
    if connection is None or not connection.id:
        return Cell()
    # ISO 8601 in UTC sorts as text.
    if connection.failed_at > connection.succeeded_at:
        return Cell(Mark.FAILED, f"failed {in_utc(connection.failed_at)}")
    if connection.update_state == "delayed":
        return Cell(Mark.WARNING, "delayed")
    if connection.succeeded_at:
        return Cell(Mark.OK, f"synced {in_utc(connection.succeeded_at)}")
    return Cell(Mark.NONE, "first sync is running" if connection.sync_state == "syncing" else "not yet")


def short_time(time: str) -> str:
    """Return an ISO 8601 time in UTC to the minute: 2026-03-01 14:00."""
    return time[:16].replace("T", " ")


def in_utc(time: str) -> str:
    """Return the same, and that it is in UTC; nothing of nothing."""
    return f"{short_time(time)} UTC" if time else ""


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")
