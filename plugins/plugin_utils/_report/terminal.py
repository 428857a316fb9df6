# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""The compact table at the end of the play."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .model import MEANINGS, SEVERITIES, SIGNS, Mark, Report, Step, Workspace
from .results import plain

ASCII_SIGNS: Mapping[Mark, str] = {
    **SIGNS, Mark.OK: "v", Mark.FAILED: "x", Mark.REMOVED: "-", Mark.PAUSED: "=", Mark.NONE: ".",
}  # fmt: skip
# Of this much, connections that nobody claims are told; all of them stand in the page.
UNCLAIMED_LINES = 3
LONGEST_NAME = 40
NARROWEST = 40


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
    rows = [] if table == "summary" else _rows(report, width, encoding, only_problems=table == "problems")
    of_nobody = [Line(_shown(text, encoding)) for text in _of_nobody(report, max(width, NARROWEST))]
    return [*rows, *([Line("")] if rows else []), Line(_summary(report)), *of_nobody]


def _rows(report: Report, width: int, encoding: str, *, only_problems: bool) -> list[Line]:
    signs = SIGNS if _can_show(encoding, "".join(SIGNS.values())) else ASCII_SIGNS
    told = [workspace for workspace in report.workspaces if not (only_problems and workspace.status is Mark.OK)]
    told.sort(key=lambda workspace: workspace.status is not Mark.FAILED)
    if not told:
        return []
    names = [_shown(workspace.name, encoding) for workspace in told]
    widest = min(max(map(_columns, ["workspace", *names])), LONGEST_NAME)
    heading = "  ".join([_padded("workspace", widest), *Step])
    columns = max(width, NARROWEST)
    lines = [Line(heading)]
    for name, workspace in zip(names, told, strict=True):
        row = [_padded(_cut(name, widest), widest)]
        row += [signs[workspace.cells[step].mark].center(len(step)) for step in Step]
        lines.append(Line("  ".join(row).rstrip(), workspace.status))
        lines += [Line(_shown(text, encoding), mark) for text, mark in _reasons(workspace, signs, columns)]
    return lines


def _of_nobody(report: Report, width: int) -> Iterator[str]:
    """Yield what is told of connections that no workspace claims."""
    count = len(report.unclaimed)
    names = ", ".join(found.schema or found.host for found in report.unclaimed)
    of_nobody = f"{count} Braze connection{'' if count == 1 else 's'} of no workspace: {names}"
    for text in (*([of_nobody] if count else ()), *report.doubts):
        yield from textwrap.wrap(
            plain(text), width, max_lines=UNCLAIMED_LINES, placeholder=" ...", break_on_hyphens=False
        )


def _reasons(workspace: Workspace, signs: Mapping[Mark, str], width: int) -> Iterator[tuple[str, Mark]]:
    """Yield why the marks that are not good are as they are, and what belongs to no column."""
    told: dict[tuple[Mark, str], list[str]] = {}
    for step, cell in workspace.cells.items():
        for reason in cell.text.splitlines():
            told.setdefault((cell.mark, reason), []).append(step)
    for finding in workspace.findings:
        if finding.step not in set(Step):
            mark = SEVERITIES.get(finding.severity, Mark.NONE)
            told.setdefault((mark, finding.message), []).append(finding.step)
    for (mark, reason), steps in told.items():
        if mark not in (Mark.REMOVED, Mark.OK, Mark.NONE):
            yield from ((line, mark) for line in _wrapped(f"{signs[mark]} {', '.join(steps)}: {reason}", width))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        plain(text),
        width,
        initial_indent="    ",
        subsequent_indent="      ",
        break_on_hyphens=False,
    )


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
    if _columns(text) <= columns:
        return text
    while _columns(text) > columns - 3:
        text = text[:-1]
    return f"{text}..."
