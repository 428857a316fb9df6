# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of a play."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html import unescape

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import (
    HostOutcome,
    Observation,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.junit import junit_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from tests.growth import LINEAR, growth
from tests.unit.report.samples import (
    CONNECTION,
    DOUBT,
    KEY,
    LANDING,
    UNCLAIMED,
    onboarding,
    planned,
    report_of,
    seen,
    verified,
)

NOT_GOOD = {"step": "key", "severity": "error", "message": "The key is not good."}
FAILED = [{"title": "Read", "status": "FAILED", "message": "no"}]
LACKING = {"verdict": "missing_permissions", "missing": ["campaigns.list", "canvas.details"]}


def table(*hosts: str, width: int = 80, encoding: str = "utf-8", **changes: dict[str, object]) -> list[str]:
    observations = [observation for host in hosts for observation in onboarding(host, **changes)]
    return [line.text for line in lines_of(report_of(observations), width, encoding)]


def fine(name: str) -> Observation:
    return planned(name, reads_only=True, seen={"key": KEY, "landing": LANDING, "connection": CONNECTION})


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def test_the_table_has_a_line_for_each_workspace_what_failed_first_and_a_reason_for_what_is_not_good() -> None:
    report = report_of([*onboarding("app_us"), *onboarding("shop_us", braze_api_key_info=LACKING)])
    lines = lines_of(report, 80, "utf-8")
    assert [line.text for line in lines] == [
        "  workspace  key  landing  access  connection  tests  sync",
        "✗ shop_us     ✗      ✓       ✓         ✓         ✓     ✓",
        "    ✗ key: lacks campaigns.list, canvas.details",
        "✓ app_us      ✓      ✓       ✓         ✓         ✓     ✓",
        "",
        "2 workspaces: 1 failed, 1 fine",
    ]
    assert [line.mark for line in lines[1:4]] == [Mark.FAILED, Mark.FAILED, Mark.OK]
    assert [line.text for line in lines_of(report, 80, "utf-8", "problems")] == [
        *(line.text for line in lines[:3]),
        "",
        "2 workspaces: 1 failed, 1 fine",
    ]
    assert [line.text for line in lines_of(report, 80, "utf-8", "summary")] == ["2 workspaces: 1 failed, 1 fine"]


def test_where_all_is_fine_the_table_of_problems_is_the_summary() -> None:
    report = report_of([*onboarding("app_us"), *onboarding("shop_us")])
    assert [line.text for line in lines_of(report, 80, "utf-8", "problems")] == ["2 workspaces: 2 fine"]


def test_a_terminal_without_the_signs_shows_letters() -> None:
    for encoding in ("ascii", "latin-1"):
        assert table("shop_us", encoding=encoding)[1] == "v shop_us     v      v       v         v         v     v"


def test_one_reason_for_two_steps_stands_in_one_line() -> None:
    planned = {"changed": True, "connection": {"schema": "s"}}
    access = {"access": {"role": {"arn": "a", "action": "create"}}}
    report = report_of(
        [
            seen("s3_access_plan_info", access, check_mode=True),
            seen("fivetran_connection", planned, check_mode=True),
        ]
    )
    assert [line.text for line in lines_of(report, 80, "utf-8")][2] == "    ~ access, connection: would be created"


def test_a_reason_is_told_to_its_end_where_the_remedy_stands() -> None:
    lines = table("shop_us", braze_api_key_info={"verdict": "word " * 100 + "and the remedy"})
    assert lines[-3].endswith("and the remedy")
    assert " ".join(line.strip() for line in lines[2:-2]).count("word") == 100


def test_what_nobody_claims_stands_below_the_summary() -> None:
    lines = [line.text for line in lines_of(report_of([verified()]), 80, "utf-8")]
    assert lines[-3:] == ["1 workspace: 1 not known", "1 Braze connection of no workspace: braze_old", DOUBT]
    many = [{**UNCLAIMED, "schema": f"braze_{number:04}"} for number in range(100)]
    lines = [line.text for line in lines_of(report_of([verified(unclaimed=many, doubts=[])]), 80, "utf-8")]
    assert lines[3:] == ["1 workspace: 1 not known", *lines[4:]]
    assert lines[4].startswith("100 Braze connections of no workspace: braze_0000, braze_0001,")
    assert (len(lines), lines[-1][-4:]) == (7, " ...")


def test_names_of_two_columns_a_letter_keep_the_columns_in_line() -> None:
    _heading, plain, japanese, *_rest = table("a_shop", "東京ショップ")
    # Each of the six letters is as wide as two.
    assert japanese.rindex("✓") + 6 == plain.rindex("✓")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_row_is_wider_than_the_terminal_and_long_names_keep_both_ends(width: int, encoding: str) -> None:
    names = [f"shop_of_the_united_states_{end}" for end in ("east", "west")]
    lines = table(*names, "東京ショップ大阪ショップ名古屋", width=width, encoding=encoding)
    assert max(columns(line) for line in lines[:-2] if not line.startswith("    ")) <= width
    for name in names:
        [row] = [line for line in lines if line[2:6] == "shop" and name[-4:] in line]
        # Where it is cut, all of it stands below.
        assert name in row or f"    {name}" in lines
    for heading in ("key", "lan", "acc", "con", "tes", "syn"):
        assert heading in lines[0]


def test_words_stay_whole_to_be_copied() -> None:
    arn = f"arn:aws:iam::111122223333:role/{'long-' * 20}end"
    lines = table("shop_us", width=40, braze_api_key_info={"verdict": f"word {arn} next-to-last words"})
    assert f"      {arn}" in lines
    assert "next-to-last" in " ".join(lines)


def test_a_workspace_that_is_refused_for_its_settings_is_marked_in_its_row() -> None:
    found = [{"step": "settings", "severity": "error", "message": "currents_bucket is not set.", "remedy": "Set it."}]
    report = report_of([planned(findings=found)])
    [_heading, row, reason, *_rest] = lines_of(report, 80, "utf-8")
    assert (row.text, row.mark) == ("✗ shop_us     ·      ·       ·         ·         ·     ·", Mark.FAILED)
    assert (reason.text, reason.mark) == ("    ✗ settings: currents_bucket is not set. Set it.", Mark.FAILED)


def test_what_to_do_stands_with_what_is_wrong_also_where_the_result_itself_is_the_reason() -> None:
    found = [{**NOT_GOOD, "code": "missing_permissions", "remedy": "Make a new one."}]
    lacking = {**KEY, **LACKING, "next_step": "Make a new one."}
    lines = [line.text for line in lines_of(report_of([planned(findings=found, seen={"key": lacking})]), 90, "utf-8")]
    assert lines[2] == "    ✗ key: lacks campaigns.list, canvas.details. Make a new one."
    result = {
        "msg": "Read: FAILED. Look at the role.",
        "failure": {"code": "setup_tests_failed"},
        "setup_tests": FAILED,
    }
    failed = report_of([seen("fivetran_connection", result, outcome="failed")])
    assert [line.text for line in lines_of(failed, 90, "utf-8")][2] == "    ✗ tests: Read: FAILED. Look at the role."


BROKEN = {**CONNECTION, "setup_state": "broken", "failed_at": "2026-03-02T08:00:00Z"}
OTHERS_BUCKET = {
    "step": "connection", "severity": "error", "code": "protected_field", "field": "currents_bucket",
    "message": 'currents_bucket: the connection has "theirs", and the inventory asks for "ours".',
    "remedy": "Correct the inventory, or adopt it.",
}  # fmt: skip


def test_why_a_connection_that_is_broken_is_refused_is_told_everywhere() -> None:
    others_role = {**OTHERS_BUCKET, "field": "role", "message": "role: another one."}
    called = {"step": "connection", "severity": "error", "code": "setup_broken", "message": "Fivetran calls it broken."}
    failed = {"step": "sync", "severity": "error", "code": "state", "field": "failed_at", "message": "The sync failed."}
    said = {**failed, "field": "errors", "message": "Fivetran says: no such bucket."}

    def reasons(*found: dict[str, str]) -> list[str]:
        report = report_of([planned(findings=list(found), seen={"connection": BROKEN})])
        page, junit = page_of(report), junit_of(report)
        row = page.partition("</table>")[0]
        for finding in found:
            assert escape(finding["message"]) in page
            assert finding["message"] in unescape(junit)
        assert all(escape(finding["message"]) in row for finding in found if "remedy" in finding)
        return [line.text.strip() for line in lines_of(report, 200, "utf-8") if line.text.startswith("    ")]

    refused = f"✗ connection: {OTHERS_BUCKET['message']} {OTHERS_BUCKET['remedy']}"
    sync = "✗ sync: failed 2026-03-02 08:00 UTC"
    assert reasons() == ["✗ connection: setup broken", sync]
    assert reasons(OTHERS_BUCKET) == ["✗ connection: setup broken", refused, sync]
    assert reasons(OTHERS_BUCKET, others_role) == [
        "✗ connection: setup broken",
        refused,
        f"✗ connection: role: another one. {OTHERS_BUCKET['remedy']}",
        sync,
    ]
    # What says the same in a sentence takes the place of the words.
    assert reasons(OTHERS_BUCKET, called) == ["✗ connection: Fivetran calls it broken.", refused, sync]
    assert reasons(failed, said) == [
        "✗ connection: setup broken", "✗ sync: The sync failed.", f"✗ sync: {said['message']}",
    ]  # fmt: skip
    assert reasons(said) == ["✗ connection: setup broken", sync, f"✗ sync: {said['message']}"]


def test_what_else_is_wrong_with_a_key_is_no_way_to_make_it_good() -> None:
    shared = {**NOT_GOOD, "code": "shared_key", "message": "Two workspaces have it.", "remedy": "Name another."}
    same = {**NOT_GOOD, "code": "missing_permissions", "remedy": "Make a new one."}
    report = report_of([planned(findings=[shared, same], seen={"key": {**KEY, **LACKING}})])
    assert [line.text for line in lines_of(report, 90, "utf-8")][2:4] == [
        "    ✗ key: lacks campaigns.list, canvas.details. Make a new one.",
        "    ✗ key: Two workspaces have it. Name another.",
    ]


def test_a_long_reason_that_many_share_is_told_once_and_referred_to() -> None:
    shared = "The grant on gs://acme-currents-eu is missing, and nothing else lets Fivetran list and read it."
    found = [{"step": "access", "severity": "error", "message": shared, "remedy": "Run onboard.yml."}]
    plans = [planned(name, findings=found) for name in ("app_eu", "shop_eu", "web_eu")]
    lines = [line.text for line in lines_of(report_of(plans), 140, "utf-8")]
    assert [line for line in lines if line.startswith("    ")] == [
        f"    ✗ access: {shared} Run onboard.yml.",
        "    ✗ access: the same as app_eu",
        "    ✗ access: the same as app_eu",
    ]


def test_a_table_longer_than_a_screen_names_at_its_end_what_failed() -> None:
    names = [f"shop_{number:04}" for number in range(1000)]
    bad = [planned(name, findings=[NOT_GOOD]) for name in names[500:512]]
    lines = [line.text for line in lines_of(report_of([*map(fine, names), *bad]), 80, "utf-8")]
    assert [line[2:11] for line in lines[1:25:2]] == names[500:512]
    assert lines[-3] == "1000 workspaces: 12 failed, 988 fine"
    assert " ".join(lines[-2:]) == f"Failed: {', '.join(names[500:510])} and 2 more"


def test_a_table_takes_as_much_work_as_it_has_lines() -> None:
    def table(count: int) -> Callable[[], object]:
        report = report_of([fine(f"shop_{number:04}") for number in range(count)])
        return lambda: lines_of(report, 80, "utf-8")

    assert growth(table, 100) < LINEAR


def test_what_belongs_to_no_column_is_told_as_well() -> None:
    failed = seen("fivetran_group_info", {"msg": "shop_us: There is no group Warehose."}, outcome="failed")
    lines = lines_of(report_of([failed], shop_us=HostOutcome(failed=True)), 80, "utf-8")
    assert lines[2].text == "    ✗ group: There is no group Warehose."


def test_without_workspaces_there_is_no_table() -> None:
    assert lines_of(report_of([]), 80, "utf-8") == []


@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=3, unique=True), st.text(), st.sampled_from(["utf-8", "ascii"])
)
def test_whatever_names_and_reasons_hold_every_line_is_one_line_without_control_characters(
    names: list[str], reason: str, encoding: str
) -> None:
    of_nobody = report_of([verified(unclaimed=[{**UNCLAIMED, "schema": reason}], doubts=[reason])])
    lines = table(*names, encoding=encoding, braze_api_key_info={"verdict": reason})
    for line in (*lines, *(line.text for line in lines_of(of_nobody, 80, encoding))):
        assert line.isprintable()
        line.encode(encoding)
