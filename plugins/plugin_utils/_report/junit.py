# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML, as Jenkins and GitLab read it: a test case for each step of each workspace."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ...module_utils._kernel.finding import Finding
from .._way import Stop
from .cells import short_time, status_of
from .model import MEANINGS, Cell, Mark, Report, Step, Workspace

# Jenkins takes what stands before the last dot for a package.
PACKAGE = "braze_workspaces"
# What belongs to no step: the settings, the group, the host, and tasks that are not this collection's.
REST = "settings"
# What XML 1.0 has no way to write, also no escaped one.
IMPOSSIBLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
UNKNOWN = (Mark.NONE, Mark.UNVERIFIED)


@dataclass(frozen=True)
class Case:
    """One test case. ``reasons`` and ``remedies``: a line or more each."""

    workspace: str
    name: str
    mark: Mark
    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


def junit_of(report: Report) -> str:
    """Return the file: one suite, which is the run."""
    cases = [case for workspace in report.workspaces for case in cases_of(workspace)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.mark == Mark.FAILED for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.mark in UNKNOWN for case in cases)),
    }
    name = _clean(", ".join(report.run.playbooks) or PACKAGE)
    root = Element("testsuites", {"name": PACKAGE, **{key: counts[key] for key in ("tests", "failures", "errors")}})
    times = {"time": _seconds(report), "timestamp": report.run.started_at or report.run.finished_at}
    known = {key: value for key, value in times.items() if value}
    suite = SubElement(root, "testsuite", {"name": name, **counts, **known})
    for case in cases:
        _add(suite, case)
    ElementTree.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ElementTree.tostring(root, encoding='unicode')}\n"


def cases_of(workspace: Workspace) -> Iterator[Case]:
    """Yield the test cases of a workspace, always the same ones, so that their trend can be seen."""
    for step in Step:
        found = [finding for finding in workspace.findings if finding.step == step]
        cell = workspace.cells.get(step, Cell())
        way = _way(workspace.way) if step is Step.SYNC else ()
        yield Case(workspace.name, step, cell.mark, (*_reasons(cell, found), *way), _remedies(found))
    yield _rest(workspace)


def _rest(workspace: Workspace) -> Case:
    """Return the case of what belongs to no step; also of a failure that nothing else tells of."""
    rest = [finding for finding in workspace.findings if finding.step not in set(Step)]
    reasons = tuple(finding.message for finding in rest)
    mark = status_of((), rest)
    marks = [mark, *(cell.mark for cell in workspace.cells.values())]
    if workspace.status == Mark.FAILED and Mark.FAILED not in marks:
        mark, reasons = Mark.FAILED, ("A task failed. The output of the run tells why.", *reasons)
    elif mark == Mark.NONE and workspace.status != Mark.NONE:
        mark = Mark.OK
    return Case(workspace.name, REST, mark, reasons, _remedies(rest))


def _reasons(cell: Cell, found: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*cell.text.splitlines(), *(finding.message for finding in found)]))


def _remedies(found: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.remedy for finding in found if finding.remedy))


def _way(stops: Iterable[Stop]) -> tuple[str, ...]:
    """Return the way of the data, a line a stop."""
    return tuple(
        f"{stop.stop} {stop.state}"
        + (f", data until {short_time(stop.at)} UTC" if stop.at else "")
        + (f": {stop.message}" if stop.message else "")
        for stop in stops
    )


def _add(suite: Element, case: Case) -> None:
    element = SubElement(suite, "testcase", name=case.name, classname=_clean(f"{PACKAGE}.{case.workspace}"))
    meaning = MEANINGS[case.mark]
    first = _clean(next(iter(case.reasons), meaning)).replace("\n", " ")
    if case.mark == Mark.FAILED:
        failure = SubElement(element, "failure", message=first, type=str(case.mark))
        failure.text = _clean("\n".join(case.reasons))
        told = case.remedies
    else:
        told = (meaning, *case.reasons, *case.remedies) if case.reasons else ()
    if case.mark in UNKNOWN:
        SubElement(element, "skipped", message=first if case.mark == Mark.UNVERIFIED else meaning)
    if told:
        SubElement(element, "system-out").text = _clean("\n".join(told))


def _seconds(report: Report) -> str:
    """Return how long the run took; empty if that is not known."""
    try:
        started, finished = map(datetime.fromisoformat, (report.run.started_at, report.run.finished_at))
    except ValueError:
        return ""
    return f"{max((finished - started).total_seconds(), 0):.3f}"


def _clean(text: str) -> str:
    """Return what XML can hold of a text; a character of control becomes one that says that something was there."""
    return IMPOSSIBLE.sub("\ufffd", text.replace("\r\n", "\n"))
