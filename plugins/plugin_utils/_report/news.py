# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what is new since the last report: what fails, what is well again, and what somebody has changed.

A report is compared with those of runs of its kind, which are the same playbooks, and check mode or not: another kind
looks at other things. And each workspace is compared with the last one of them that has looked at it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from .cells import short_time
from .collected import results
from .model import MEANINGS, Mark, New, News, Past, Report, Run, Step, Workspace

# A workspace that has begun or ceased to fail so often in so many reports is flapping.
FLAPS, FLAPPING_WITHIN = 3, 10
# More lines than that are told in page and JSON only.
MOST_LINES = 20
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
NewsKind = tuple[tuple[str, ...], bool]
# What does not change by itself.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "connection": ("id", "schema", "group", "paused", "sync_frequency"),
    "landing": ("storage", "bucket", "prefix"),
    "key": ("api_url",),
    "access": ("storage", "role_arn", "bucket", "member"),
}


# How it is told, and how that looks.
WORDS: Mapping[str, str] = {
    New.FAILED: "newly failed:",
    New.WARNING: "newly to look at:",
    New.CHANGED: "changed by somebody:",
    New.HEALED: "well again:",
    New.ADDED: "new:",
}
MARKS: Mapping[str, Mark] = {
    New.FAILED: Mark.FAILED,
    New.WARNING: Mark.WARNING,
    New.CHANGED: Mark.WARNING,
    New.HEALED: Mark.OK,
    New.ADDED: Mark.NONE,
}


class Fault(NamedTuple):
    """What is wrong, without the words for it, in which there may be times that change each night."""

    step: str
    code: str = ""
    field: str = ""


@dataclass(frozen=True)
class Earlier:
    """What an earlier report tells: of the run, and of each workspace that it looked at, as it stands in the JSON."""

    finished_at: str
    kind: NewsKind
    workspaces: Mapping[str, Mapping[str, Any]]
    left_out: frozenset[str] = field(default=frozenset())
    gone: frozenset[str] = field(default=frozenset())

    @cached_property
    def changed(self) -> frozenset[str]:
        """Which workspaces the run has changed something of."""
        names = (name for name, data in self.workspaces.items() if _is_positive(data.get("changed")))
        return frozenset() if self.kind[1] else frozenset(names)


def kind_of(run: Run) -> NewsKind:
    """Return what makes runs comparable."""
    return run.playbooks, run.check_mode


def sentences(report: Report) -> list[tuple[Mark, str]]:
    """Return what there is to tell, a line each; nothing where nothing is new and nothing has failed for long."""
    if report.past is None or not report.past.last:
        return []
    told = [
        (MARKS[kind], f"{WORDS[kind]} {_name(workspace)}: {news.message}")
        for kind in New
        for workspace in report.workspaces
        for news in workspace.news
        if news.kind == kind
    ]
    told += [(Mark.NONE, f"gone: {name}, which the inventory does not have any more") for name in report.past.gone]
    if len(told) > MOST_LINES:
        told[MOST_LINES - 1 :] = [(Mark.NONE, f"and {len(told) - MOST_LINES + 1} more, which page and JSON tell")]
    still = [
        f"{_name(workspace)} since {short_time(workspace.since)}"
        for workspace in report.workspaces
        if workspace.status == Mark.FAILED and workspace.since not in ("", report.run.finished_at)
    ]
    told += [(Mark.FAILED, f"still failed, in UTC: {', '.join(still)}")] if still else []
    return [(Mark.NONE, f"Since the report of {short_time(report.past.last)} UTC:"), *told] if told else []


def _name(workspace: Workspace) -> str:
    return f"{workspace.name} (flapping)" if workspace.flapping else workspace.name


def with_news(report: Report, earlier: Sequence[Earlier], is_there: Callable[[str], bool]) -> Report:
    """Return the report with what is new in it. ``earlier``: the oldest first.

    ``is_there``: whether the inventory has a host. What it has and this run did not look at is not gone.
    """
    alike = [old for old in earlier if old.kind == kind_of(report.run)]
    names = {workspace.name for workspace in report.workspaces}
    past = Past(
        last=alike[-1].finished_at if alike else "",
        reports=len(alike),
        gone=tuple(name for name, host in _known(alike) if name not in names and not is_there(host)),
    )
    acted = _changed(report)
    workspaces = tuple(_compared(workspace, report.run, alike, earlier, acted) for workspace in report.workspaces)
    return replace(report, workspaces=workspaces, past=past)


def _known(alike: Iterable[Earlier]) -> list[tuple[str, str]]:
    """Return which workspaces were known and are not told to be gone, each with its host."""
    known: dict[str, str] = {}
    for old in alike:
        known |= {name: results.text(data, "host") or name for name, data in old.workspaces.items()}
        known = {name: host for name, host in known.items() if name not in old.gone}
    return sorted(known.items())


def _changed(report: Report) -> frozenset[str]:
    names = (workspace.name for workspace in report.workspaces if workspace.changed)
    return frozenset() if report.run.check_mode else frozenset(names)


def _compared(
    workspace: Workspace, run: Run, alike: Sequence[Earlier], earlier: Sequence[Earlier], acted: frozenset[str]
) -> Workspace:
    """Return the workspace with what is new about it, and since when it stands as it does."""
    if workspace.status == Mark.NONE:
        # Nobody has looked, so it is neither well again nor anything else.
        return workspace
    name = workspace.name
    knew = [old for old in alike if _status(old.workspaces.get(name, {})) != Mark.NONE]
    if not knew:
        added = any(name not in old.left_out for old in alike)
        reasons = _reasons(asdict(workspace), Mark.FAILED)
        words = ", ".join([MEANINGS[workspace.status], *([_first(list(reasons), reasons)] if reasons else [])])
        news = (News(New.ADDED, words),) if added else ()
        return replace(workspace, since=run.finished_at, news=news)
    last = knew[-1]
    then = last.workspaces[name]
    for between in earlier[earlier.index(last) + 1 :]:
        acted |= between.changed
    failed = [_status(old.workspaces[name]) == Mark.FAILED for old in knew[1 - FLAPPING_WITHIN :]]
    failed.append(workspace.status == Mark.FAILED)
    stands = _level(_status(then)) == _level(workspace.status)
    return replace(
        workspace,
        since=_since(then, last) if stands else run.finished_at,
        flapping=sum(one is not other for one, other in pairwise(failed)) >= FLAPS,
        news=(*_turned(workspace, then, last), *_changes(workspace, then, acted, last)),
    )


def _status(data: Mapping[str, Any]) -> Mark:
    status = results.text(data, "status")
    return Mark(status) if status in set(Mark) else Mark.NONE


def _level(status: Mark) -> int:
    """Return how much somebody has to do."""
    return {Mark.FAILED: 2, Mark.WARNING: 1}.get(status, 0)


def _since(then: Mapping[str, Any], last: Earlier) -> str:
    """Return since when a workspace stood as it did; what is kept may be older than the reports that are."""
    since = results.text(then, "since")
    return since if TIME.fullmatch(since) and since <= last.finished_at else last.finished_at


def _turned(workspace: Workspace, then: Mapping[str, Any], last: Earlier) -> Iterator[News]:
    """Yield whether it stands better or worse than before."""
    before, now = _level(_status(then)), _level(workspace.status)
    if now < before:
        since = short_time(_since(then, last))
        yield News(New.HEALED, f"{MEANINGS[workspace.status]}, was {MEANINGS[_status(then)]} since {since} UTC")
        return
    kind = New.FAILED if now == _level(Mark.FAILED) else New.WARNING
    mark = Mark.FAILED if kind == New.FAILED else Mark.WARNING
    reasons, known = _reasons(asdict(workspace), mark), _reasons(then, mark)
    fresh = [fault for fault in reasons if fault not in known] if now else []
    if fresh:
        yield News(kind, _first(fresh, reasons))
    elif now > before:
        yield News(kind, MEANINGS[workspace.status])


def _first(faults: Sequence[Fault], reasons: Mapping[Fault, str]) -> str:
    more = f"; and {len(faults) - 1} more" if faults[1:] else ""
    return f"{faults[0].step}: {reasons[faults[0]]}{more}"


def _reasons(data: Mapping[str, Any], mark: Mark) -> dict[Fault, str]:
    """Return what has a mark, also what is no column, and the first line of why."""
    severity = "error" if mark == Mark.FAILED else "warning"
    found: dict[Fault, str] = {}
    for finding in results.mappings(data, "findings"):
        if results.text(finding, "severity") == severity:
            fault = Fault(*(results.text(finding, name) for name in Fault._fields))
            found.setdefault(fault, results.text(finding, "message"))
    steps = {fault.step for fault in found}
    for step in Step:
        cell = results.mapping(results.mapping(data, "cells"), step)
        if step not in steps and results.text(cell, "mark") == mark:
            found[Fault(str(step))] = results.text(cell, "text")
    return {fault: results.plain(next(iter(text.splitlines()), MEANINGS[mark])) for fault, text in found.items()}


def _changes(workspace: Workspace, then: Mapping[str, Any], acted: frozenset[str], last: Earlier) -> Iterator[News]:
    """Yield what is another than before though no run has changed it."""
    now = asdict(workspace)
    if workspace.name not in acted:
        yield from _moved(then, now, ("connection", "landing", "key"))
        yield from _lost_permissions(then, now)
    # A role may be shared: a change for one workspace may have been for this one, too.
    if not acted:
        yield from _moved(then, now, ("access",))
    # What a run found there is told of before it wrote.
    if not (acted or last.changed):
        yield from _documents(then, now)
        yield from _grant(then, now)


def _moved(then: Mapping[str, Any], now: Mapping[str, Any], parts: Iterable[str]) -> Iterator[News]:
    for part in parts:
        before, after = results.mapping(then, part), results.mapping(now, part)
        for name in FIELDS[part]:
            old, new = before.get(name), after.get(name)
            # What one of the two has not looked at did not change.
            if old not in (None, "") and new not in (None, "") and old != new:
                yield News(New.CHANGED, f"{part}: {name} was {_value(old)}, is {_value(new)}")


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else results.plain(str(value))


def _lost_permissions(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[News]:
    before, after = results.mapping(then, "key"), results.mapping(now, "key")
    missing = set(results.texts(after, "missing")) - set(results.texts(before, "missing"))
    # Of a key that Braze did not know, nothing was known.
    if results.text(before, "verdict") in ("ok", "missing_permissions") and missing:
        yield News(New.CHANGED, f"key: lost {', '.join(map(results.plain, sorted(missing)))}")


def _documents(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[News]:
    """Yield what reads otherwise in AWS; what it should read follows the inventory, and is nobody's change."""
    before, after = results.mapping(then, "access"), results.mapping(now, "access")
    for part, words in (("role", "the trust policy"), ("policy", "the policy")):
        old, new = results.mapping(before, part), results.mapping(after, part)
        was, reads = results.text(old, "digest"), results.text(new, "digest")
        # Under another name, it is another one.
        if not was or results.text(old, "arn") != results.text(new, "arn"):
            continue
        if reads and reads != was:
            yield News(New.CHANGED, f"access: {words} reads otherwise than before")
        elif not reads and results.text(new, "action") == "create":
            yield News(New.CHANGED, f"access: the {part} is gone")


def _grant(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[News]:
    """Yield that the grant that was there is not any more; of another one that is wanted, nobody knows that."""
    before, after = results.mapping(then, "access"), results.mapping(now, "access")
    is_same = all(before.get(name) == after.get(name) for name in ("bucket", "role", "member", "condition"))
    if results.text(before, "member") and is_same and (before.get("action"), after.get("action")) == ("none", "create"):
        yield News(New.CHANGED, "access: the grant is gone, or has another condition")


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and value > 0
