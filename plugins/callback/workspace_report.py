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
    it shows a table of workspaces and steps, and if asked to, writes the same with every detail as a web page and JSON,
    as metrics for Prometheus and as test results in JUnit XML, and says what is new since the report before.
  - The table goes to standard error, because standard output belongs to callbacks such as C(ansible.posix.json).
  - A file that is there is replaced as a whole and keeps its permissions. A link is followed, a pipe or device written
    to, and a folder that is missing is made.
  - A workspace is a host of the group C(braze_workspaces), or one on which a role of this collection has run. Where a
    playbook loops over such a role with C(include_role) or C(include_tasks), each item is one. Without workspaces
    nothing is shown and nothing is written.
  - Page and JSON hold named fields of results, which never contain secrets. Messages of tasks that do not belong to
    this collection are left out.
  - Several playbooks in one run make one report, which grows.
  - Where standard error is a terminal, one line there, which is written over, says of how many workspaces a task is
    done, and about how long the rest takes. Where it is none, nothing of it is written.
  - The report never makes a play fail. What goes wrong in it becomes one warning.
  - What C(no_log) hides from callbacks is not in the report, and a warning says so. Where it is on for everything, as
    by C(ANSIBLE_NO_LOG), there is no report of the collection's playbooks, and no file is written.
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
  metrics_file:
    description:
      - Where to write metrics for the textfile collector of Prometheus' node_exporter, which wants a name that ends in
        C(.prom). Unset, none are written.
    type: path
    env:
      - name: ONRAMP_REPORT_METRICS
    ini:
      - section: callback_workspace_report
        key: metrics_file
  junit_file:
    description:
      - Where to write JUnit XML, as Jenkins and GitLab read it, with a test case for each step of each workspace.
        Unset, none is written.
    type: path
    env:
      - name: ONRAMP_REPORT_JUNIT
    ini:
      - section: callback_workspace_report
        key: junit_file
  history_dir:
    description:
      - A folder of this inventory's own in which reports are kept as JSON, each as C(report-<time>.json). With it, the
        report says what is new since the last one of the same playbooks, and which workspaces fail and are well by
        turns. Unset, none are kept.
    type: path
    env:
      - name: ONRAMP_REPORT_HISTORY
    ini:
      - section: callback_workspace_report
        key: history_dir
  history_keep:
    description:
      - How many reports O(history_dir) keeps of the same playbooks, those of check mode counted by themselves. Less
        than 2 is taken for 2.
    type: int
    default: 30
    env:
      - name: ONRAMP_REPORT_HISTORY_KEEP
    ini:
      - section: callback_workspace_report
        key: history_keep
  table:
    description:
      - What to show. V(full) has a row for each workspace, those that failed first. V(problems) leaves out those that
        are fine, and V(summary) is the last line only. What is new since the last report stands below it in any case.
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
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.progress import PROGRESS, time_left
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._files import write_whole
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report import history
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.collect import Collector
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import (
    COLLECTION,
    FAILED,
    UNREACHABLE,
    HostOutcome,
    Observation,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.tasks import (
    is_rescued,
    items_of,
    items_of_include,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.junit import junit_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.metrics import metrics_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark, Report, Run
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.news import Earlier, kind_of, with_news
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import known_secrets

GROUP = "braze_workspaces"
HEADING = "BRAZE WORKSPACES"
# What the report tells of workspaces to which nothing is done comes from it.
PLAN = f"{COLLECTION}workspace_plan"
# Columns of the heading, at most.
BANNER = 79
# Of fewer, it could not be told what is new.
FEWEST_KEPT = 2
# Of fewer workspaces, it is not told how many of them have done a task.
FEWEST_WAITED_FOR = 3
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
        self._started_at = _now()
        self._inventory: Any = None
        # The play's workspaces, and those that have done the task which is running.
        self._playing: set[str] = set()
        self._done: set[str] = set()
        self._task_began = time.monotonic()
        self._earlier: dict[Path, Earlier] = {}
        # What no_log keeps from callbacks, by the full names of its modules.
        self._hidden: set[str] = set()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._safely(lambda: self._playbooks.append(Path(str(playbook._file_name)).name))

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._safely(lambda: self._begin(play))

    def _begin(self, play: Any) -> None:
        self._inventory = getattr(play.get_variable_manager(), "_inventory", None)
        hosts = self._inventory.get_hosts(play.hosts) if PROGRESS.shown and self._inventory is not None else []
        self._playing = {str(host.get_name()) for host in hosts if _is_workspace(host)}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._done.clear()
        self._task_began = time.monotonic()
        PROGRESS.clear()

    def _has_done(self, result: Any) -> None:
        """Tell how many workspaces have done the task, where no line of another callback can be in the way."""
        task = result._task
        if len(self._playing) < FEWEST_WAITED_FOR or task.run_once or not (PROGRESS.alone or not sys.stdout.isatty()):
            return
        name = str(result._host.get_name())
        if name in self._playing:
            self._done.add(name)
        done, total = len(self._done), len(self._playing)
        left = time_left(done, total, time.monotonic() - self._task_began)
        PROGRESS.tell(f"{done:,} of {total:,} workspaces{left}: {task.get_name()}")

    def v2_playbook_on_include(self, included_file: Any) -> None:
        self._safely(lambda: self._expect(included_file))

    def _expect(self, included: Any) -> None:
        items = items_of_include(included, _is_own)
        for host in included._hosts if items else ():
            if not _is_workspace(host):
                self._collector.expect(str(host.get_name()), items)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._safely(lambda: self._observe(result, "ok"))
        self._safely(lambda: self._has_done(result))

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._safely(lambda: self._has_done(result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        outcome = "ignored" if ignore_errors else FAILED
        self._safely(lambda: self._observe(result, outcome))
        self._safely(lambda: self._has_done(result))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._safely(lambda: self._observe(result, UNREACHABLE))

    def _observe(self, result: Any, outcome: str) -> None:
        seen = _observation(result, outcome)
        if "censored" in seen.result and seen.action.startswith(COLLECTION):
            self._hidden.add(seen.action)
        self._collector.observe(seen)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        PROGRESS.clear()
        self._safely(lambda: self._finish(stats))

    def _finish(self, stats: Any) -> None:
        if self._hidden:
            self._tell_what_is_hidden()
        if PLAN in self._hidden:
            return
        run = Run(finished_at=_now(), playbooks=tuple(dict.fromkeys(self._playbooks)), started_at=self._started_at)
        seen = self._collector.report(run, {host: _outcome(stats, host) for host in stats.processed})
        if not seen.workspaces:
            return
        # The tasks have done so before. What they have read of any workspace is known here, too.
        redactor = Redactor(known_secrets())
        redacted: Report = redactor.data(self._with_left_out(seen))
        # What earlier reports tell may hold what has become a secret since.
        report: Report = redactor.data(self._with_past(redacted)) if self.get_option("history_dir") else redacted
        self._show(report)
        self._write("html_file", lambda: page_of(report))
        self._write("json_file", lambda: _json(report))
        self._write("metrics_file", lambda: metrics_of(report))
        self._write("junit_file", lambda: junit_of(report))
        self._keep(report)

    def _tell_what_is_hidden(self) -> None:
        lost = "there is no report, and no file is written" if PLAN in self._hidden else "the report lacks it"
        self._display.warning(
            f"workspace_report: no_log hides from callbacks what {', '.join(sorted(self._hidden))} found, so {lost}. "
            "Take no_log out of ansible.cfg, the environment (ANSIBLE_NO_LOG) or the task that includes a role: this "
            "collection hides what is secret by itself."
        )

    def _with_left_out(self, report: Report) -> Report:
        group = self._inventory.groups.get(GROUP) if self._inventory is not None else None
        names = sorted(str(host.get_name()) for host in group.get_hosts()) if group is not None else []
        seen = {workspace.host or workspace.name for workspace in report.workspaces}
        left_out = tuple(name for name in names if name not in seen)
        return replace(report, run=replace(report.run, left_out=left_out))

    def _with_past(self, report: Report) -> Report:
        """Return the report with what is new since those in the folder; without a folder, as it is."""
        folder = self.get_option("history_dir")
        if not folder:
            return report
        try:
            self._earlier, strange = history.read(Path(folder), report.run.finished_at)
        except OSError as error:
            self._warn_of("read", "history_dir", folder, error)
            return report
        if strange:
            names = ", ".join(strange[:3]) + (f" and {len(strange) - 3} more" if strange[3:] else "")
            self._display.warning(
                f"workspace_report: no earlier reports, and left as they are, in history_dir {folder}: {names}. "
                "Move them elsewhere."
            )
        return with_news(report, list(self._earlier.values()), self._is_there)

    def _is_there(self, name: str) -> bool:
        return self._inventory is None or self._inventory.get_host(name) is not None

    def _keep(self, report: Report) -> None:
        folder = self.get_option("history_dir")
        if not folder:
            return
        kind = kind_of(report.run)
        try:
            path = history.add(Path(folder), report.run.finished_at, _json(report))
        except OSError as error:
            self._warn_of("write", "history_dir", folder, error)
            return
        kept = [*((path, earlier.kind) for path, earlier in self._earlier.items()), (path, kind)]
        history.prune(kept, kind, max(self.get_option("history_keep"), FEWEST_KEPT))

    def _warn_of(self, doing: str, option: str, path: str, error: OSError) -> None:
        self._display.warning(f"workspace_report: cannot {doing} {option} {path}: {error.strerror}.")

    def _show(self, report: Report) -> None:
        width = self.get_option("width") or shutil.get_terminal_size().columns
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        lines = lines_of(report, width, encoding, self.get_option("table"))
        # Ansible leaves standard output to its buffer; in a log, what was told before has to come before the table.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        # A line or two need no heading.
        if len(lines) > 1 and lines[0].text.split()[:1] == ["workspace"]:
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
            # The other files and the play go on.
            self._warn_of("write", option, path, error)
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(report: Report) -> str:
    return json.dumps(report.as_json(), indent=2) + "\n"


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
        workspace=_is_workspace(host),
        check_mode=bool(task.check_mode),
        items=items_of(task, _is_own),
        rescued=is_rescued(task),
    )


def _is_workspace(host: Any) -> bool:
    return GROUP in [group.get_name() for group in host.get_groups()]


def _is_own(task: Any) -> bool:
    """Tell whether the task stands in a file of this collection."""
    path = str(task.get_path() or "").rpartition(":")[0]
    if not path:
        # Validating the arguments of a role stands in no file.
        role = getattr(task, "_role", None)
        return role is not None and str(role.get_name(include_role_fqcn=True)).startswith(COLLECTION)
    return Path(path).resolve().is_relative_to(ROOT)


def _outcome(stats: Any, host: str) -> HostOutcome:
    summary = stats.summarize(host)
    return HostOutcome(
        failed=summary["failures"] > 0, unreachable=summary["unreachable"] > 0, changed=int(summary["changed"])
    )
