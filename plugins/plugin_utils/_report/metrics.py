# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as metrics, in the text format that the textfile collector of Prometheus' node_exporter reads.

Every series has the playbook as a label, so that two jobs of one machine can write a file each. Messages are in none:
what a label may hold is named, so that a fleet has as many series tomorrow as today.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ...module_utils._kernel.http.version import VERSION
from .model import MARK_OF_SEVERITY, Mark, Report, Workspace

PREFIX = "braze_fivetran_"
# Of other verdicts, it cannot be told whether Braze knows the key.
KEY_VALID: Mapping[str, bool] = {"ok": True, "missing_permissions": True, "invalid_key": False}
# By the name, what the metric tells, in the order of the file.
HELP: Mapping[str, str] = {
    "run_info": "The collection that made the run, always 1.",
    "run_started_timestamp_seconds": "When the run began.",
    "run_finished_timestamp_seconds": "When the run ended.",
    "run_success": "1 if no workspace failed, else 0.",
    "run_check_mode": "1 if the run was one of check mode, else 0.",
    "run_left_out": "Workspaces of the inventory that the run did not look at.",
    "workspaces": "Workspaces of the run by status.",
    "workspace_status": "How a workspace stands, always 1: the status is a label.",
    "workspace_failed": "1 if the workspace failed or has an error, else 0.",
    "workspace_flapping": "1 if the workspace fails and is well by turns, else 0. Only with kept reports.",
    "workspace_since_timestamp_seconds": "Since which run it is failed, to look at, or neither; with kept reports.",
    "workspace_changed_tasks": "Tasks of the run that changed something of the workspace.",
    "workspace_findings": "What a person should know of the workspace, by severity.",
    "step_mark": "How a step of a workspace stands, always 1: the mark is a label.",
    "key_valid": "1 if Braze knows the API key, else 0. Without a sample, it could not be told.",
    "key_missing_permissions": "Permissions that the Braze API key lacks.",
    "connection_paused": "1 if the connection is paused, else 0.",
    "sync_succeeded_timestamp_seconds": "When a sync of the connection last succeeded.",
    "sync_failed_timestamp_seconds": "When a sync of the connection last failed.",
    "stop_state": "How data goes through a stop of its way, always 1: the state is a label.",
    "stop_data_timestamp_seconds": "The time of the newest data that is known at a stop of its way.",
    "stop_data_age_seconds": "How old the newest data was at a stop of its way when the run looked.",
}  # fmt: skip


@dataclass(frozen=True)
class MetricSample:
    """One sample of a metric, whose name stands here without the prefix."""

    metric: str
    value: int
    labels: Mapping[str, str]


def metrics_of(report: Report) -> str:
    """Return the file: for each metric its help, its type, and its samples."""
    playbook = {"playbook": ", ".join(report.run.playbooks)}
    by_metric: dict[str, list[MetricSample]] = {}
    for sample in (*_of_run(report), *(found for one in report.workspaces for found in _of_workspace(report, one))):
        by_metric.setdefault(sample.metric, []).append(sample)
    return "".join(
        f"# HELP {PREFIX}{metric} {words}\n# TYPE {PREFIX}{metric} gauge\n"
        + "".join(_line(sample, playbook) for sample in by_metric[metric])
        for metric, words in HELP.items()
        if metric in by_metric
    )


def _line(sample: MetricSample, playbook: Mapping[str, str]) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in {**playbook, **sample.labels}.items())
    return f"{PREFIX}{sample.metric}{{{labels}}} {sample.value}\n"


def _escaped(value: str) -> str:
    """Return the value of a label on one line, by which two values stay two."""
    quoted = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return "".join(character if character.isprintable() else rf"\\u{ord(character):04x}" for character in quoted)


def _of_run(report: Report) -> Iterator[MetricSample]:
    run = report.run
    yield MetricSample("run_info", 1, {"version": VERSION})
    yield from _time("run_started_timestamp_seconds", run.started_at, {})
    yield from _time("run_finished_timestamp_seconds", run.finished_at, {})
    failed = any(workspace.status == Mark.FAILED for workspace in report.workspaces)
    yield MetricSample("run_success", int(not failed), {})
    yield MetricSample("run_check_mode", int(run.check_mode), {})
    yield MetricSample("run_left_out", len(run.left_out), {})
    yield from (MetricSample("workspaces", count, {"status": mark}) for mark, count in report.counts().items())


def _of_workspace(report: Report, workspace: Workspace) -> Iterator[MetricSample]:
    label = {"workspace": workspace.name}
    yield MetricSample("workspace_status", 1, {**label, "status": workspace.status})
    yield MetricSample("workspace_failed", int(workspace.status == Mark.FAILED), label)
    if report.past is not None:
        yield MetricSample("workspace_flapping", int(workspace.flapping), label)
        yield from _time("workspace_since_timestamp_seconds", workspace.since, label)
    yield MetricSample("workspace_changed_tasks", workspace.changed, label)
    found = [finding.severity for finding in workspace.findings]
    for severity in MARK_OF_SEVERITY:
        yield MetricSample("workspace_findings", found.count(severity), {**label, "severity": severity})
    for step, cell in workspace.cells.items():
        yield MetricSample("step_mark", 1, {**label, "step": step, "mark": cell.mark})
    yield from _of_vendors(workspace, label)
    for stop in workspace.way:
        place = {**label, "stop": stop.stop}
        yield MetricSample("stop_state", 1, {**place, "state": stop.state})
        yield from _time("stop_data_timestamp_seconds", stop.at, place)
        if stop.age_seconds is not None:
            yield MetricSample("stop_data_age_seconds", stop.age_seconds, place)


def _of_vendors(workspace: Workspace, label: Mapping[str, str]) -> Iterator[MetricSample]:
    key, connection = workspace.key, workspace.connection
    if key is not None and key.verdict in KEY_VALID:
        yield MetricSample("key_valid", int(KEY_VALID[key.verdict]), label)
        if KEY_VALID[key.verdict]:
            yield MetricSample("key_missing_permissions", len(key.missing), label)
    if connection is not None and connection.id:
        if connection.paused is not None:
            yield MetricSample("connection_paused", int(connection.paused), label)
        yield from _time("sync_succeeded_timestamp_seconds", connection.succeeded_at, label)
        yield from _time("sync_failed_timestamp_seconds", connection.failed_at, label)


def _time(metric: str, time: str, labels: Mapping[str, str]) -> Iterator[MetricSample]:
    """Yield a time in seconds since 1970; nothing where there is none."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return
    if moment.tzinfo is not None:
        yield MetricSample(metric, int(moment.timestamp()), labels)
