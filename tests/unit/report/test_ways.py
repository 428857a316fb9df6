# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of the data in the report: the same five stops in the table, the page and the JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.model import Mark
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.ways import marks_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._way import Stop, StopName, behind, way_line
from jsonschema import Draft202012Validator

from tests.collection import CHECKOUT
from tests.documents import blocks
from tests.unit.report.samples import planned, report_of, way, workspace_of

SCHEMA = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text())
LINE = "way: Braze <1 h -> bucket <1 h -> access ok -> connection 26 h (broken) -> warehouse 26 h"


FINDING = {"step": "sync", "severity": "error", "message": "The last sync failed.", "remedy": ""}


def test_the_stops_of_the_plan_are_those_of_the_json_and_its_schema() -> None:
    report = json.loads(json.dumps(report_of([planned(way=way())]).as_json()))
    Draft202012Validator(SCHEMA).validate(report)
    assert report["workspaces"][0]["way"] == way()


@pytest.mark.parametrize("odd", [[], way()[:4], way()[::-1], way(braze={"state": "frozen"}), "text", None])
def test_what_is_no_way_of_five_stops_is_left_out_and_fails_nothing(odd: Any) -> None:
    workspace = workspace_of([planned(way=odd)])
    assert workspace.way == ()
    assert '<ol class="way">' not in page_of(report_of([planned(way=odd)]))


def test_who_onboards_after_verifying_has_no_way_that_is_out_of_date() -> None:
    assert workspace_of([planned(way=way()), planned()]).way == ()


def test_the_table_has_the_line_below_what_failed_and_nowhere_else() -> None:
    failed = lines_of(report_of([planned(way=way(), findings=[FINDING])]), 120, "ascii")
    assert [line.text.strip() for line in failed].count(LINE) == 1
    flowing = way(connection={"state": "flows", "message": ""})
    for other in (planned(way=way()), planned(way=flowing, findings=[FINDING])):
        assert not any("way:" in line.text for line in lines_of(report_of([other]), 120, "utf-8"))


def test_the_page_has_a_strip_of_five_stops_and_says_in_the_row_where_data_stands_still() -> None:
    page = page_of(report_of([planned(way=way())]))
    row, _table, details = page.partition("</table>")
    assert "connection 26 h (broken)</span></th>" in row
    assert "bucket" not in row.partition("<tbody>")[2]
    strip = details.partition('<ol class="way">')[2].partition("</ol>")[0]
    assert strip.count("<li ") == 5
    assert strip.index("Braze") < strip.index("bucket") < strip.index("connection") < strip.index("warehouse")
    assert "26 h" in strip
    assert "The warehouse is 25 h behind what has landed." in details
    # A vendor has written it.
    assert "<b>" not in strip
    assert "&lt;b&gt;no Avro" in strip


def test_behind_a_stop_at_which_data_stands_still_nothing_is_called_fine() -> None:
    def marks(*states: str) -> list[Mark]:
        stops = [Stop(place.value, state) for place, state in zip(StopName, states, strict=True)]
        return [mark for _stop, mark in marks_of(stops)]

    ok, none = Mark.OK, Mark.NONE
    assert marks("flows", "flows", "flows", "broken", "flows") == [ok, ok, ok, Mark.FAILED, none]
    assert marks("late", "flows", "unknown", "paused", "flows") == [Mark.WARNING, none, none, Mark.PAUSED, none]
    assert marks("flows", "unknown", "unknown", "flows", "flows") == [ok, none, none, ok, ok]


@pytest.mark.parametrize(
    ("bucket", "warehouse", "expected"),
    [
        (1800, 93600, "25 h"),
        (7200, 7200, ""),
        (7200, 10799, ""),
        (7200, 10800, "1 h"),
        (None, 7200, ""),
        (7200, None, ""),
    ],
)
def test_how_far_the_warehouse_is_behind_is_told_from_an_hour_on(
    bucket: int | None, warehouse: int | None, expected: str
) -> None:
    assert behind([Stop("bucket", "flows", "", bucket), Stop("warehouse", "flows", "", warehouse)]) == expected


def test_the_page_about_the_report_shows_a_stop_as_it_is() -> None:
    [shown] = [json.loads(block) for block in blocks(CHECKOUT / "docs" / "report.md", "json") if '"stop"' in block]
    schema = {**SCHEMA["$defs"]["stop"], "additionalProperties": False}
    Draft202012Validator(schema).validate(shown)
    [line] = [block for block in blocks(CHECKOUT / "docs" / "way.md", "console") if block.startswith("way: ")]
    assert line.strip() == way_line(workspace_of([planned(way=way(connection=shown))]).way)
