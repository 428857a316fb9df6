# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compact table at the end of the play."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...module_utils._kernel.finding import Finding
from .._way import way_line, wrong_stops
from .cells import worst_first
from .collected.results import plain
from .model import MARK_OF_SEVERITY, MEANINGS, SIGNS, Cell, Mark, Report, Step, Workspace
from .news import sentences

ASCII_SIGNS: Mapping[Mark, str] = {
    **SIGNS, Mark.OK: "v", Mark.FAILED: "x", Mark.REMOVED: "-", Mark.PAUSED: "=", Mark.NONE: ".",
}  # fmt: skip
# Of this much, connections that nobody claims are told; all of them stand in the page.
UNCLAIMED_LINES = 3
LONGEST_NAME = 40
NARROWEST = 40
# Where the columns do not fit, their headings are cut to so many letters.
SHORT_HEADING = 3
# A table that is longer has left the screen where it begins; its last line names so many of those that failed.
SCREEN = 40
MOST_FAILED = 10
INDENTED, FURTHER = "    ", "      "
# A reason of at most so many columns is told again where it comes back.
SHORT_REASON = 100


@dataclass(frozen=True)
class Line:
    """One line of the table; ``mark`` decides its color."""

    text: str
    mark: Mark = Mark.NONE


def lines_of(report: Report, width: int, encoding: str, table: str = "full") -> list[Line]:
    """Return the table, at most ``width`` columns wide where names allow it; nothing without workspaces.

    What failed stands first. ``encoding``: the terminal's. Where it lacks the signs, ASCII stands in for them.
    ``table``: ``full``; ``problems``, without the workspaces that are fine; or ``summary``, the last line only.
    """
    if not report.workspaces:
        return []
    columns = max(width, NARROWEST)
    rows = [] if table == "summary" else _rows(report, columns, encoding, only_problems=table == "problems")
    more = [*(_failed(report) if len(rows) > SCREEN else ()), *_of_nobody(report)]
    below = [line for text in more for line in _wrapped(plain(text), columns, most=UNCLAIMED_LINES)]
    return [
        *rows,
        *([Line("")] if rows else []),
        Line(_summary(report)),
        *(Line(_shown(text, encoding)) for text in below),
        *_news(report, columns, encoding),
    ]


def _news(report: Report, width: int, encoding: str) -> Iterator[Line]:
    """Yield what is new since the last report, below a line that says since which."""
    for number, (mark, text) in enumerate(sentences(report)):
        indents = (INDENTED, FURTHER) if number else ("", "")
        for line in _wrapped(plain(text), width, *indents, most=UNCLAIMED_LINES):
            yield Line(_shown(line, encoding), mark)


def _rows(report: Report, width: int, encoding: str, *, only_problems: bool) -> list[Line]:
    signs = SIGNS if _can_show(encoding, "".join(SIGNS.values())) else ASCII_SIGNS
    told = [workspace for workspace in report.workspaces if not (only_problems and workspace.status is Mark.OK)]
    if not told:
        return []
    told = worst_first(told)
    names = [_shown(workspace.name, encoding) for workspace in told]
    headings, widest = _columns_for(names, width)
    gap = _gap(headings)
    lines = [Line(gap.join([f"  {_padded('workspace', widest)}", *headings]))]
    before: dict[tuple[Mark, str], str] = {}
    for name, workspace in zip(names, told, strict=True):
        marks = [signs[workspace.cells[step].mark].center(len(head)) for step, head in zip(Step, headings, strict=True)]
        row = [f"{signs[workspace.status]} {_padded(_cut(name, widest), widest)}", *marks]
        lines.append(Line(gap.join(row).rstrip(), workspace.status))
        if _columns(name) > widest:
            lines.append(Line(f"{INDENTED}{name}", workspace.status))
        for mark, steps, reason in _reasons(workspace):
            first = before.setdefault((mark, reason), name)
            again = first != name and _columns(reason) > SHORT_REASON
            text = f"{signs[mark]} {steps}: {f'the same as {first}' if again else plain(reason)}"
            lines += [Line(_shown(line, encoding), mark) for line in _wrapped(text, width, INDENTED, FURTHER)]
        if workspace.status is Mark.FAILED and wrong_stops(workspace.way):
            lines += [Line(line) for line in _wrapped(way_line(workspace.way), width, INDENTED, FURTHER)]
    return lines


def _columns_for(names: Iterable[str], width: int) -> tuple[list[str], int]:
    """Return headings and how many columns names get: what both need, less where there is less."""
    widest = min(max(map(_columns, ["workspace", *names])), LONGEST_NAME)
    for headings in (list(Step), [step[:SHORT_HEADING] for step in Step]):
        left = width - 2 - sum(len(heading) + len(_gap(headings)) for heading in headings)
        if widest <= left:
            break
    return list(map(str, headings)), min(widest, left)


def _gap(headings: Iterable[str]) -> str:
    return "  " if list(headings) == list(Step) else " "


def _failed(report: Report) -> Iterator[str]:
    """Yield which workspaces failed, for readers who see the end of a long table first."""
    names = [workspace.name for workspace in report.workspaces if workspace.status is Mark.FAILED]
    if names:
        more = f" and {len(names) - MOST_FAILED} more" if len(names) > MOST_FAILED else ""
        yield f"Failed: {', '.join(names[:MOST_FAILED])}{more}"


def _of_nobody(report: Report) -> Iterator[str]:
    """Yield what is told of connections that no workspace claims."""
    count = len(report.unclaimed)
    names = ", ".join(found.schema or found.host for found in report.unclaimed)
    if count:
        yield f"{count} Braze connection{'' if count == 1 else 's'} of no workspace: {names}"
    yield from report.doubts


def _reasons(workspace: Workspace) -> Iterator[tuple[Mark, str, str]]:
    """Yield why the marks that are not good are as they are, at which steps, and what belongs to no column."""
    told: dict[tuple[Mark, str], list[str]] = {}
    for step, cell in workspace.cells.items():
        for reason in _with_remedies(cell, [finding for finding in workspace.findings if finding.step == step]):
            told.setdefault((cell.mark, reason), []).append(step)
    for finding in workspace.findings:
        if finding.step not in set(Step):
            mark = MARK_OF_SEVERITY.get(finding.severity, Mark.NONE)
            told.setdefault((mark, _sentences(finding.message, finding.remedy)), []).append(finding.step)
    for (mark, reason), steps in told.items():
        if mark not in (Mark.REMOVED, Mark.OK, Mark.NONE):
            yield mark, ", ".join(steps), reason


def _with_remedies(cell: Cell, found: Iterable[Finding]) -> list[str]:
    """Return the reasons of a cell, each with what to do about it.

    Where the step's own result is a reason, what is found about that says why it is so and what to do, or only the
    latter. All else that is found is a reason of its own, and stands in the cell.
    """
    lines = cell.text.splitlines()
    findings = [finding for finding in found if MARK_OF_SEVERITY.get(finding.severity) is cell.mark]
    remedies = {line: finding.remedy for finding in findings for line in finding.message.splitlines()[-1:]}
    quoted = {line for finding in findings for line in finding.message.splitlines()}
    own = [line for line in lines if line not in quoted]
    about_it = [finding for finding in findings if not set(lines).intersection(finding.message.splitlines())]
    reasons = [_sentences(line, remedies.get(line, "")) for line in lines if line in quoted]
    if not about_it:
        return [*own, *reasons]
    [first, *others] = about_it
    words = _sentences("\n".join(own), first.remedy) if own and first.remedy else first.message
    return [words, *(_sentences(finding.message, finding.remedy) for finding in others), *reasons]


def _sentences(message: str, remedy: str) -> str:
    end = "" if message.endswith((".", "!", "?")) or not remedy else "."
    return f"{message}{end} {remedy}".strip()


def _wrapped(text: str, width: int, indent: str = "", further: str = "", most: int = 0) -> list[str]:
    """Return the text in lines of so many columns; words, such as an ARN, stay whole to be copied."""
    lines = [indent]
    for word in text.split():
        gap = " " if lines[-1].strip() else ""
        if gap and _columns(f"{lines[-1]}{gap}{word}") > width:
            lines.append(further)
            gap = ""
        lines[-1] += f"{gap}{word}"
    return lines if not most or len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: width - 4]} ..."]


def _summary(report: Report) -> str:
    total = len(report.workspaces)
    counts = ", ".join(f"{count} {MEANINGS[mark]}" for mark, count in report.counts().items() if count)
    return f"{total} workspace{'' if total == 1 else 's'}: {counts}"


def _shown(text: str, encoding: str) -> str:
    return plain(text).encode(encoding, "backslashreplace").decode(encoding)


def _can_show(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _columns(text: str) -> int:
    """Return how many columns a terminal needs for the text."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    combining = sum(unicodedata.combining(character) > 0 for character in text)
    return len(text) + wide - combining


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - _columns(text))


def _cut(text: str, columns: int) -> str:
    """Return the beginning and the end of a text that is too long: names of a fleet differ in either."""
    if _columns(text) <= columns:
        return text
    head = tail = ""
    for first, last in zip(text, reversed(text), strict=False):
        for addition, end in ((f"{head}{first}", tail), (f"{head}{first}", f"{last}{tail}")):
            if _columns(f"{addition}..{end}") > columns:
                return f"{head}..{tail}"
            head, tail = addition, end
    return text
