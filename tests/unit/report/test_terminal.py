# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of a play."""

from __future__ import annotations

from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collect import Outcome
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.samples import DOUBT, UNCLAIMED, onboarding, report_of, seen, verified

LACKING = {"verdict": "missing_permissions", "missing": ["campaigns.list", "canvas.details"]}


def table(*hosts: str, width: int = 80, encoding: str = "utf-8", **changes: dict[str, object]) -> list[str]:
    observations = [observation for host in hosts for observation in onboarding(host, **changes)]
    return [line.text for line in lines_of(report_of(observations), width, encoding)]


def test_the_table_has_a_line_for_each_workspace_what_failed_first_and_a_reason_for_what_is_not_good() -> None:
    report = report_of([*onboarding("app_us"), *onboarding("shop_us", braze_api_key_info=LACKING)])
    lines = lines_of(report, 80, "utf-8")
    assert [line.text for line in lines] == [
        "workspace  key  landing  access  connection  tests  sync",
        "shop_us     ✗      ✓       ✓         ✓         ✓     ✓",
        "    ✗ key: lacks campaigns.list, canvas.details",
        "app_us      ✓      ✓       ✓         ✓         ✓     ✓",
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
        assert table("shop_us", encoding=encoding)[1] == "shop_us     v      v       v         v         v     v"


def test_one_reason_for_two_steps_stands_in_one_line() -> None:
    planned = {"changed": True, "connection": {"schema": "s"}}
    access = {"access": {"role": {"arn": "a", "action": "create"}}}
    report = report_of(
        [
            seen("s3_access_info", access, check_mode=True),
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
    assert japanese.index("✓") + 6 == plain.index("✓")


def test_what_belongs_to_no_column_is_told_as_well() -> None:
    failed = seen("fivetran_group_info", {"msg": "shop_us: There is no group Warehose."}, outcome="failed")
    lines = lines_of(report_of([failed], shop_us=Outcome(failed=True)), 80, "utf-8")
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
