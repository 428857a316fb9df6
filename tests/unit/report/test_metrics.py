# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as metrics, as Prometheus' own parser reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.metrics import HELP, PREFIX, metrics_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark, Report
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._way import Flow, Stop, StopName
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.budget import examples
from tests.unit.report.nights import INVALID, LACKING, Nights, connection
from tests.unit.report.samples import onboarding, report_of

LABELS = {"playbook", "workspace", "step", "mark", "status", "severity", "stop", "state", "version"}
# What the checker of Prometheus calls a base unit, of those that a name here could end in.
OTHER_UNITS = ("_minutes", "_hours", "_days", "_milliseconds", "_ms", "_percent")
PROMTOOL = shutil.which("promtool")


def samples_of(report: Report) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Return the value of each series by metric and labels, read by Prometheus' client; no series is there twice."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(metrics_of(report)):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            assert sample.timestamp is None
            labels = frozenset(sample.labels.items())
            assert labels not in found.setdefault(sample.name, {})
            found[sample.name][labels] = sample.value
    return found


def value(report: Report, metric: str, **labels: str) -> float | None:
    wanted = frozenset({"playbook": "onboard.yml", **labels}.items())
    return samples_of(report).get(PREFIX + metric, {}).get(wanted)


def flowing(**states: str) -> tuple[Stop, ...]:
    """Return a way on which the data is an hour older at each stop; ``states``: of those where it does not flow."""
    return tuple(
        Stop(place, states.get(place, Flow.FLOWS), f"2026-03-01T{14 - number:02}:00:00Z", 3600 * (number + 1))
        for number, place in enumerate(StopName)
    )


def with_ways(report: Report, **ways: tuple[Stop, ...]) -> Report:
    found = tuple(replace(workspace, way=ways.get(workspace.name, ())) for workspace in report.workspaces)
    return replace(report, workspaces=found)


def full_report(folder: Path) -> Report:
    """Return a report in which every metric has a sample."""
    failed_at = connection(failed_at="2026-03-01T13:10:00Z")
    seen = [*onboarding("app_us", **failed_at), *onboarding("shop_eu", **INVALID), *onboarding("shop_us", **LACKING)]
    nights = Nights(folder, "app_us", "shop_eu", "shop_us")
    report = nights.run(seen, playbook="onboard.yml")
    started = replace(report.run, started_at="2026-03-01T02:14:00Z")
    return with_ways(replace(report, run=started), app_us=flowing(), shop_us=flowing(connection="broken"))


def test_every_metric_has_its_help_and_type_once_before_its_samples_in_an_order_of_its_own(tmp_path: Path) -> None:
    text = metrics_of(full_report(tmp_path))
    heads = re.findall(r"^# (HELP|TYPE) (\S+)", text, re.MULTILINE)
    assert heads == [(head, PREFIX + metric) for metric in HELP for head in ("HELP", "TYPE")]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert metrics_of(full_report(tmp_path / "again")) == text


def test_names_and_labels_keep_to_the_conventions_of_prometheus(tmp_path: Path) -> None:
    for name, series in samples_of(full_report(tmp_path)).items():
        assert re.fullmatch(r"braze_fivetran_[a-z]+(_[a-z]+)*", name)
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", *OTHER_UNITS))
        assert len({frozenset(label for label, _value in labels) for labels in series}) == 1
        for labels in series:
            assert {label for label, _value in labels} <= LABELS
    for words in HELP.values():
        assert re.fullmatch(r"[A-Z0-9][ -~]+\.", words)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool, which Debian has in its package prometheus, is not installed")
def test_prometheus_own_checker_has_nothing_to_say(tmp_path: Path) -> None:
    text = metrics_of(full_report(tmp_path))
    done = subprocess.run([str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_run_is_told_with_its_times_in_seconds_and_whether_it_was_a_success(tmp_path: Path) -> None:
    report = full_report(tmp_path)
    assert value(report, "run_started_timestamp_seconds") == 1772331240
    assert value(report, "run_finished_timestamp_seconds") == 1772331300
    assert (value(report, "run_success"), value(report, "run_check_mode")) == (0, 0)
    assert value(report_of(onboarding("shop_us")), "run_success") == 1
    assert value(report, "workspaces", status="failed") == 2
    assert value(report, "workspaces", status="ok") == 1
    left_out = replace(report, run=replace(report.run, left_out=("a", "b"), check_mode=True))
    assert (value(left_out, "run_left_out"), value(left_out, "run_check_mode")) == (2, 1)


def test_a_workspace_is_told_with_its_status_steps_key_and_syncs() -> None:
    report = report_of([*onboarding("shop_eu", **INVALID), *onboarding("shop_us", **LACKING)])
    eu, us = {"workspace": "shop_eu"}, {"workspace": "shop_us"}
    assert value(report, "workspace_failed", **eu) == 1
    assert value(report, "workspace_status", **eu, status="failed") == 1
    assert value(report, "workspace_status", **eu, status="ok") is None
    assert value(report, "step_mark", **eu, step="key", mark="failed") == 1
    assert value(report, "step_mark", **eu, step="landing", mark="ok") == 1
    assert (value(report, "key_valid", **eu), value(report, "key_valid", **us)) == (0, 1)
    assert value(report, "key_missing_permissions", **eu) is None
    assert value(report, "key_missing_permissions", **us) == 1
    assert value(report, "sync_succeeded_timestamp_seconds", **us) == 1772374200
    assert value(report, "sync_failed_timestamp_seconds", **us) is None
    assert value(report, "workspace_flapping", **us) is None
    for verdict in ("undecided", "unreachable", "ip_not_allowed", "forbidden"):
        unknown = report_of(onboarding("shop_us", braze_api_key_info={"verdict": verdict}))
        assert value(unknown, "key_valid", **us) is None


@pytest.mark.parametrize("stopped", list(StopName))
@pytest.mark.parametrize("state", ["broken", "late"])
def test_where_data_stops_is_told_as_a_label_and_how_old_it_is_in_seconds(stopped: str, state: str) -> None:
    report = with_ways(report_of(onboarding("shop_us")), shop_us=flowing(**{stopped: state}))
    us = {"workspace": "shop_us"}
    for number, place in enumerate(StopName):
        expected = state if place == stopped else "flows"
        assert value(report, "stop_state", **us, stop=place, state=expected) == 1
        assert value(report, "stop_data_age_seconds", **us, stop=place) == 3600 * (number + 1)
        assert value(report, "stop_data_timestamp_seconds", **us, stop=place) == 1772373600 - 3600 * number
    assert len(samples_of(report)[f"{PREFIX}stop_state"]) == len(StopName)


def test_of_data_whose_age_nobody_knows_there_is_a_state_and_no_age() -> None:
    way = tuple(Stop(place, Flow.UNKNOWN) for place in StopName)
    found = samples_of(with_ways(report_of(onboarding("shop_us")), shop_us=way))
    assert len(found[f"{PREFIX}stop_state"]) == len(StopName)
    assert not any(name.startswith(f"{PREFIX}stop_data") for name in found)


def test_a_workspace_that_is_gone_has_no_series(tmp_path: Path) -> None:
    nights = Nights(tmp_path, "shop_eu", "shop_us")
    nights.run([*onboarding("shop_eu"), *onboarding("shop_us")])
    nights.inventory.remove("shop_eu")
    report = nights.run(onboarding("shop_us"))
    assert report.past is not None
    assert report.past.gone == ("shop_eu",)
    assert "shop_eu" not in metrics_of(report)


def test_a_fleet_has_a_bounded_number_of_series_a_workspace_and_none_of_a_message(tmp_path: Path) -> None:
    def count(names: list[str]) -> int:
        report = report_of([found for name in names for found in onboarding(name, **INVALID)])
        ways = with_ways(report, **dict.fromkeys(names, flowing()))
        return sum(len(series) for series in samples_of(ways).values())

    assert count(["a", "b", "c"]) - count(["a", "b"]) == count(["a", "b"]) - count(["a"]) <= 40
    long = {"fivetran_connection": {"setup_tests": [{"title": "x" * 500, "status": "FAILED", "message": "y" * 500}]}}
    text = metrics_of(Nights(tmp_path, "shop_us").run(onboarding("shop_us", **long)))
    assert not re.search("x{9}|y{9}", text)


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True),
    st.sampled_from([INVALID, LACKING, {}]),
)
def test_whatever_workspaces_are_called_the_file_is_read_as_it_was_meant(
    names: list[str], changes: Mapping[str, Mapping[str, Any]]
) -> None:
    report = report_of([found for name in names for found in onboarding(name, **changes)])
    ways = with_ways(report, **dict.fromkeys(names, flowing()))
    # Half a surrogate pair cannot be written, and what ends a line somewhere does not everywhere.
    assert all(line.isprintable() for line in metrics_of(ways).split("\n"))
    series = samples_of(ways)[f"{PREFIX}workspace_status"]
    read = {dict(labels)["workspace"] for labels in series}
    assert len(read) == len(names)
    assert {name for name in names if name.isprintable()} <= read
    assert all(dict(labels)["status"] in set(Mark) for labels in series)
