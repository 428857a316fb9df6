# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of four times as many workspaces takes four times as much of everything, whatever is known of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.collected.observed import Observation
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.junit import junit_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.metrics import metrics_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.news import Earlier, with_news
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.page import page_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._report.terminal import lines_of

from tests.growth import LINEAR, Calls, counted, too_often
from tests.unit.report.nights import INVALID
from tests.unit.report.samples import ACCESS, KEY, onboarding, report_of, seen

# Of sixty, what is done for each pair is done thousands of times.
FEW, MANY = 15, 60
ROLE = ACCESS["access"]["role"]["arn"]


def with_wrong_keys(host: str) -> list[Observation]:
    return onboarding(host, **INVALID)


def with_a_role_of_which_only_the_name_is_known(host: str) -> list[Observation]:
    return [seen("braze_api_key_info", KEY, host), seen("s3_bucket_preflight_info", {"role_arn": ROLE}, host)]


def written(observations: list[Observation]) -> list[str]:
    """Return page, data, JUnit, metrics and table of a report with what is new since the last one."""
    report = report_of(observations)
    before = {one["name"]: one for one in report.as_json()["workspaces"]}
    report = with_news(report, [Earlier("2026-02-28T02:15:00Z", (report.run.playbooks, False), before)], bool)
    table = "\n".join(line.text for line in lines_of(report, 200, "utf-8"))
    return [page_of(report), json.dumps(report.as_json()), junit_of(report), metrics_of(report), table]


def measured(count: int, of: Callable[[str], list[Observation]]) -> tuple[list[int], Calls]:
    """Return how long each text is, and how often who has called whom."""
    observations = [observation for number in range(count) for observation in of(f"w{number:05}")]
    texts, calls = counted(lambda: written(observations))
    return [len(text) for text in texts], calls


@pytest.mark.parametrize("of", [onboarding, with_wrong_keys, with_a_role_of_which_only_the_name_is_known])
def test_a_report_grows_with_the_number_of_workspaces_and_not_with_its_square(
    of: Callable[[str], list[Observation]],
) -> None:
    # What is worked out once for the process is none of the workspaces'.
    measured(2, of)
    (lengths, calls), (longer, more) = measured(FEW, of), measured(MANY, of)
    assert all(long / short < LINEAR for short, long in zip(lengths, longer, strict=True))
    assert too_often(calls, more) == {}
