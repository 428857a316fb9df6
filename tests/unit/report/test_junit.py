# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML, as a reader of that reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.finding import Finding
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import HostOutcome
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.junit import REST, junit_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Report, Step
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from tests.budget import examples
from tests.unit.report.nights import DELAYED, INVALID, connection
from tests.unit.report.samples import onboarding, report_of, seen
from tests.unit.report.test_metrics import flowing, with_ways

STEPS = [*Step, REST]
# What the schema that Jenkins' plugin xUnit holds against it lets stand where, and in which attributes.
ALLOWED = {
    "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors", "time"}),
    "testsuite": ({"testcase"}, {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}),
    "testcase": ({"failure", "skipped", "system-out"}, {"name", "classname"}),
    "failure": (set(), {"message", "type"}),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
}


def read(report: Report) -> tuple[TestSuite, dict[str, dict[str, TestCase]]]:
    """Return the suite, and its cases by workspace and name, after a look at what stands where."""
    text = junit_of(report)
    for element in ElementTree.fromstring(text.encode()).iter():
        children, attributes = ALLOWED[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.attrib) <= attributes
    [suite] = JUnitXml.fromstring(text.encode())
    found: dict[str, dict[str, TestCase]] = {}
    for case in suite:
        found.setdefault(case.classname.removeprefix("braze_workspaces."), {})[case.name] = case
    return suite, found


def result_of(case: TestCase) -> tuple[type[Any], str] | None:
    [result] = case.result or [None]
    return None if result is None else (type(result), result.message)


def test_a_run_is_a_suite_and_a_step_of_a_workspace_a_case() -> None:
    report = report_of([*onboarding("app_us"), *onboarding("shop_us", **INVALID)])
    suite, cases = read(replace(report, run=replace(report.run, started_at="2026-03-01T15:02:05Z")))
    assert (suite.name, suite.time, suite.timestamp) == ("onboard.yml", 120.0, "2026-03-01T15:02:05Z")
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (2 * len(STEPS), 1, 0, 0)
    assert {name: list(found) for name, found in cases.items()} == {"app_us": STEPS, "shop_us": STEPS}
    assert result_of(cases["shop_us"]["key"]) == (Failure, "invalid key")
    assert [result_of(case) for case in cases["app_us"].values()] == [None] * len(STEPS)


def test_a_failure_holds_every_reason_and_what_to_do_stands_beside_it() -> None:
    [workspace] = report_of(onboarding("shop_us")).workspaces
    findings = tuple(Finding("access", "error", "", f"Reason {number}.", f"Do {number}.") for number in (1, 2))
    cells = {**workspace.cells, Step.ACCESS: replace(workspace.cells[Step.ACCESS], mark="failed", text="Reason 1.")}
    report = report_of(onboarding("shop_us"))
    broken = replace(workspace, cells=cells, findings=findings)
    _suite, cases = read(replace(report, workspaces=(broken,)))
    case = cases["shop_us"]["access"]
    assert result_of(case) == (Failure, "Reason 1.")
    assert case.result[0].text == "Reason 1.\nReason 2."
    assert case.system_out == "Do 1.\nDo 2."


def test_what_is_not_known_is_skipped_and_what_is_to_look_at_passes_and_says_so() -> None:
    _suite, cases = read(report_of([seen("braze_currents_info", {"verdict": "landing"})]))
    assert result_of(cases["shop_us"]["key"]) == (Skipped, "not known")
    assert result_of(cases["shop_us"]["landing"]) is None
    _suite, cases = read(report_of(onboarding("shop_us", **DELAYED)))
    assert result_of(cases["shop_us"]["sync"]) is None
    assert cases["shop_us"]["sync"].system_out == "to look at\ndelayed"
    _suite, cases = read(report_of(onboarding("shop_us", **connection(paused=True))))
    assert cases["shop_us"]["connection"].system_out.startswith("paused\npaused in Fivetran")


def test_what_belongs_to_no_step_fails_in_a_case_of_its_own() -> None:
    refused = seen("fivetran_group_info", {"msg": "There is no group Warehose."}, outcome="failed")
    suite, cases = read(report_of([refused], shop_us=HostOutcome(failed=True)))
    assert suite.failures == 1
    assert result_of(cases["shop_us"][REST]) == (Failure, "There is no group Warehose.")


def test_no_workspace_fails_without_a_case_that_does() -> None:
    suite, cases = read(report_of(onboarding("shop_us"), shop_us=HostOutcome(failed=True)))
    assert suite.failures == 1
    assert result_of(cases["shop_us"][REST]) == (Failure, "A task failed. The output of the run tells why.")


def test_the_way_of_the_data_stands_with_the_syncs() -> None:
    report = with_ways(report_of(onboarding("shop_us")), shop_us=flowing(connection="late"))
    _suite, cases = read(report)
    lines = cases["shop_us"]["sync"].system_out.splitlines()
    assert lines[-5:] == [
        "braze flows, data until 2026-03-01 14:00 UTC",
        "bucket flows, data until 2026-03-01 13:00 UTC",
        "access flows, data until 2026-03-01 12:00 UTC",
        "connection late, data until 2026-03-01 11:00 UTC",
        "warehouse flows, data until 2026-03-01 10:00 UTC",
    ]


def texts(case: TestCase) -> Iterable[str]:
    yield from (case.name, case.classname, case.system_out or "")
    for result in case.result:
        assert not isinstance(result, Error)
        yield from (result.message or "", result.text or "")


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3, unique=True),
    st.text(max_size=20)
    | st.sampled_from(["]]>", "<![CDATA[", "&lt;", "\x00\x0b\x1b[31m", "\ud800", "\ufffe", "\r\n"]),
)
def test_whatever_names_and_messages_hold_the_file_is_read_as_it_was_meant(names: list[str], message: str) -> None:
    failed = [seen("fivetran_group_info", {"msg": f"a{message}z"}, name, outcome="failed") for name in names]
    suite, _cases = read(report_of(failed))
    assert (suite.tests, suite.failures) == (len(names) * len(STEPS), len(names))
    if message.isprintable():
        assert all(result.text == f"a{message}z" for case in suite for result in case.result if result.text)
    for case in suite:
        "".join(texts(case)).encode()
