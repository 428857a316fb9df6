# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workspace_report
type: aggregate
short_description: Show how each Braze workspace stands
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Collects what the modules and roles of this collection find out about each workspace while the play runs. At the end
    it shows a table of workspaces and steps, and if asked to, writes the same with every detail as a web page and JSON.
  - The table goes to standard error, because standard output belongs to callbacks such as C(ansible.posix.json).
  - A file that is there is replaced as a whole and keeps its permissions. A link is followed, a pipe or device written
    to, and a folder that is missing is made.
  - A workspace is a host of the group C(braze_workspaces), or one on which a role of this collection has run. Without
    workspaces nothing is shown and nothing is written.
  - Page and JSON hold named fields of results, which never contain secrets. Messages of tasks that do not belong to
    this collection are left out.
  - Several playbooks in one run make one report, which grows.
  - The report never makes a play fail. What goes wrong in it becomes one warning.
requirements:
  - enabling in the configuration, C(callbacks_enabled = onramp.braze_fivetran.workspace_report)
options:
  html_file:
    description:
      - Where to write the web page. It is one file that needs no network. Unset, none is written.
    type: path
    env:
      - name: ONRAMP_REPORT_HTML
    ini:
      - section: callback_workspace_report
        key: html_file
  json_file:
    description:
      - Where to write the report as JSON. Unset, none is written.
      - Its C(schema_version) changes its first number when a field disappears or gets another meaning.
    type: path
    env:
      - name: ONRAMP_REPORT_JSON
    ini:
      - section: callback_workspace_report
        key: json_file
  table:
    description:
      - What to show. V(full) has a row for each workspace, those that failed first. V(problems) leaves out those that
        are fine, and V(summary) is the last line only.
    type: str
    choices: [full, problems, summary]
    default: full
    env:
      - name: ONRAMP_REPORT_TABLE
    ini:
      - section: callback_workspace_report
        key: table
  width:
    description:
      - Columns of the table. V(0) takes those of the terminal, and 80 where there is none.
    type: int
    default: 0
    env:
      - name: ONRAMP_REPORT_WIDTH
    ini:
      - section: callback_workspace_report
        key: width
"""

import json
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._files import write_whole
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collect import (
    COLLECTION,
    FAILED,
    UNREACHABLE,
    Collector,
    Observation,
    Outcome,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark, Report, Run
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import known_secrets

GROUP = "braze_workspaces"
HEADING = "BRAZE WORKSPACES"
# Columns of the heading, at most.
BANNER = 79
ROOT = Path(__file__).resolve().parents[2]
COLORS: Mapping[Mark, str] = {
    Mark.OK: "COLOR_OK",
    Mark.WARNING: "COLOR_WARN",
    Mark.FAILED: "COLOR_ERROR",
    Mark.PLANNED: "COLOR_CHANGED",
}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "onramp.braze_fivetran.workspace_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._collector = Collector()
        self._playbooks: list[str] = []
        self._broken = False

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._safely(lambda: self._playbooks.append(Path(str(playbook._file_name)).name))

    def v2_runner_on_ok(self, result: Any) -> None:
        self._safely(lambda: self._collector.observe(_observation(result, "ok")))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        outcome = "ignored" if ignore_errors else FAILED
        self._safely(lambda: self._collector.observe(_observation(result, outcome)))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._safely(lambda: self._collector.observe(_observation(result, UNREACHABLE)))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._safely(lambda: self._finish(stats))

    def _finish(self, stats: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        run = Run(finished_at=now, playbooks=tuple(dict.fromkeys(self._playbooks)))
        seen = self._collector.report(run, {host: _outcome(stats, host) for host in stats.processed})
        # The tasks have done so before. What they have read of any workspace is known here, too.
        report: Report = Redactor(known_secrets()).data(seen)
        if not report.workspaces:
            return
        self._show(report)
        self._write("html_file", lambda: page_of(report))
        self._write("json_file", lambda: json.dumps(report.as_json(), indent=2) + "\n")

    def _show(self, report: Report) -> None:
        width = self.get_option("width") or shutil.get_terminal_size().columns
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        lines = lines_of(report, width, encoding, self.get_option("table"))
        # A line or two need no heading.
        if lines[0].text.startswith("workspace"):
            self._tell(f"\n{HEADING} {'*' * (min(width, BANNER) - len(HEADING) - 1)}")
        for line in lines:
            color = COLORS.get(line.mark)
            self._tell(line.text, constants.config.get_config_value(color) if color else None)

    def _tell(self, text: str, color: str | None = None) -> None:
        # Standard output belongs to the callback that tells of results, which may write JSON there.
        self._display.display(text, color=color, stderr=True)

    def _write(self, option: str, render: Callable[[], str]) -> None:
        path = self.get_option(option)
        if not path:
            return
        try:
            write_whole(Path(path), render())
        except OSError as error:
            # The other file and the play are none the worse for it.
            self._display.warning(f"workspace_report: cannot write {option} {path}: {error.strerror}.")
            return
        self._tell(f"Written as {option.removesuffix('_file').upper()}: {path}")

    def _safely(self, work: Callable[[], None]) -> None:
        """Do the work; the first error becomes a warning and ends the report, never the play."""
        if self._broken:
            return
        try:
            work()
        except Exception as error:
            self._broken = True
            # Where it happened, and not its text: that of an unforeseen error may quote a result.
            self._display.vvv("".join(traceback.format_tb(error.__traceback__)))
            self._display.warning(
                f"workspace_report: stopped after an unexpected {type(error).__name__}; the play is not affected. "
                "Please report it with what -vvv prints here."
            )


def _observation(result: Any, outcome: str) -> Observation:
    task, host = result._task, result._host
    role = getattr(task, "_role", None)
    return Observation(
        host=str(host.get_name()),
        task=str(task.get_name()),
        action=str(getattr(task, "resolved_action", None) or task.action),
        outcome=outcome,
        result=result._result,
        role=str(role.get_name()).removeprefix(COLLECTION) if role else "",
        own=_is_own(task),
        workspace=GROUP in [group.get_name() for group in host.get_groups()],
        check_mode=bool(task.check_mode),
    )


def _is_own(task: Any) -> bool:
    """Tell whether the task stands in a file of this collection."""
    path = str(task.get_path() or "").rpartition(":")[0]
    if not path:
        # Validating the arguments of a role stands in no file.
        role = getattr(task, "_role", None)
        return role is not None and str(role.get_name(include_role_fqcn=True)).startswith(COLLECTION)
    return Path(path).resolve().is_relative_to(ROOT)


def _outcome(stats: Any, host: str) -> Outcome:
    summary = stats.summarize(host)
    return Outcome(
        failed=summary["failures"] > 0, unreachable=summary["unreachable"] > 0, changed=int(summary["changed"])
    )
