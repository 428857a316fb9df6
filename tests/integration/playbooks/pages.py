# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold the pages in docs to what the playbooks really print."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from tests.collection import CHECKOUT
from tests.playbook import PlayResult
from tests.sandbox.client import Sandbox

CALLBACK = "onramp.braze_fivetran.workspace_report"
# What the shown runs are configured with, beside what tests need.
ENVIRONMENT = {
    "ANSIBLE_CALLBACKS_ENABLED": f"record_results,{CALLBACK}",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
    "ONRAMP_REPORT_WIDTH": "100",
}
REPORT = "BRAZE WORKSPACES"
CLOCK = re.compile(r"\d\d:\d\d:\d\d UTC")
# How often somebody looked is chance.
LOOKS = re.compile(r"after \d+ s; looking again in \d+ s")
# What a task told about a host: its head, and of its result the message, which may be a list of lines.
TOLD = re.compile(r"^((?:fatal|ok): \[.*=>)\n(?:    .*\n)*?(    msg:.*(?:\n    (?: |- ).*)*)", re.MULTILINE)
TASK = re.compile(r"^(?:TASK|RUNNING HANDLER|PLAY) \[", re.MULTILINE)


def on_the_day(text: str) -> str:
    """Return text as if it were the first of March: times of today and yesterday, and ages since an hour has begun."""
    now = datetime.now(UTC)
    days = "|".join(f"{now - timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    text = re.sub(rf"\b(?:{days}) \d\d:\d\d(?=\s+UTC)", "2026-03-01 14:10", text)
    return re.sub(r"(way: .*)", lambda line: re.sub(r" 1 h\b", " <1 h", line[0]), text)


def excerpt(output: str, sandbox: Sandbox) -> str:
    """Return what a person reads of a run: what is waited for, messages by host, and the report."""
    plain = on_the_day("\n".join(line.rstrip() for line in output.splitlines()))
    plain = plain.replace(sandbox.env["SANDBOX_BRAZE_URL"], "https://rest.iad-01.braze.com")
    told, _report, rows = plain.partition(REPORT)
    report = [f"{REPORT}{rows}".strip()] if rows else []
    return "\n\n".join([*told_by(TASK.split(told)), *report])


def told_by(tasks: Iterable[str]) -> Iterator[str]:
    """Yield what tasks told: their hosts run at the same time, in any order, and say elsewhere what they wait for."""
    waiting: list[str] = []
    for task in tasks:
        lines = [CLOCK.sub("14:15:00 UTC", line) for line in task.splitlines() if CLOCK.search(line)]
        waiting += dict.fromkeys(LOOKS.sub("after 0 s; looking again in 2 s", line) for line in lines)
        told = sorted("\n".join(match) for match in TOLD.findall(task))
        if told and waiting:
            yield "\n".join(sorted(waiting))
            waiting = []
        yield from told
    if waiting:
        yield "\n".join(sorted(waiting))


def shows(
    page: str,
    name: str,
    command: str,
    result: PlayResult,
    sandbox: Sandbox,
    *,
    only_report: bool = False,
    places: Mapping[str, str] | None = None,
) -> None:
    """Check that ``docs/<page>.md`` shows under ``name`` what was printed, however its lines are wrapped.

    With UPDATE_DOCS set, write it there instead. ``places``: paths of the test, and what a reader's are.
    """
    path = CHECKOUT / "docs" / f"{page}.md"
    text = path.read_text()
    begin, end = f"<!-- {name} begins -->\n", f"<!-- {name} ends -->"
    before, _begin, rest = text.partition(begin)
    shown, _end, after = rest.partition(end)
    output = excerpt(result.output, sandbox)
    for ours, theirs in (places or {}).items():
        output = output.replace(ours, theirs)
    if only_report:
        output = output[output.index(REPORT) :]
    printed = f"```console\n$ {command}\n...\n{output}\n```\n"
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(before + begin + printed + end + after)
    else:
        assert shown.split() == printed.split(), f"docs/{page}.md: run the test again with UPDATE_DOCS=1"
