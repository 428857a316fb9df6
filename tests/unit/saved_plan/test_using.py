# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which plan a run writes, and which it was approved by, as the options say it; what cannot be is refused before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan import file
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.handed_on import to_text
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._saved_plan.using import Plans

from tests.unit.saved_plan.plans import data_of
from tests.unit.workspaces.situations import settings

US = settings()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Give the path of a plan that was saved."""
    found = str(tmp_path / "plan.json")
    file.write(found, data_of("onboard", US))
    return found


def plans(purpose: str = "onboard", **given: Any) -> Plans:
    params = {"plan_file": None, "approved_plan": None, "hand_on": False, "purpose": purpose}
    return Plans.of({**params, **given}, [US.name])


def refusal(**given: Any) -> str:
    with pytest.raises(OnrampError) as caught:
        plans(**given)
    assert caught.value.failure.code == "plan_unusable"
    return str(caught.value)


def test_nothing_is_written_and_nothing_forbidden_where_nobody_asks_for_it() -> None:
    assert not plans().has_any
    assert plans().approval({}, lambda data: data) is None
    assert not plans("verify").has_any


def test_a_plan_is_given_by_its_path_as_itself_or_packed_into_a_text(path: str) -> None:
    data, saved = file.read(path)
    for given in (path, f" {path}\n", data, to_text(data)):
        assert plans(approved_plan=given).approved == saved


@pytest.mark.parametrize("given", ["", "  ", [], 0, False])
def test_a_plan_that_is_given_and_empty_is_none(given: Any) -> None:
    """So a template of AWX can say that no job runs without one."""
    assert refusal(approved_plan=given).startswith("onramp_approved_plan: It is empty.")
    assert refusal(approved_plan={}).startswith("onramp_approved_plan: This is not a plan.")


def test_the_path_of_a_plan_to_write_is_not_empty_nor_that_of_the_approved_one(path: str, tmp_path: Path) -> None:
    assert refusal(plan_file="") == "onramp_plan_file: It is empty. Name the file that the plan is to be written to."
    link = tmp_path / "link.json"
    link.symlink_to(path)
    for other in (path, str(link)):
        assert refusal(plan_file=other, approved_plan=path).startswith("onramp_plan_file: It is the approved plan")


@pytest.mark.parametrize("given", [{"plan_file": "plan.json"}, {"approved_plan": "plan.json"}])
def test_what_changes_nothing_has_no_plan_to_save_or_approve(given: dict[str, str]) -> None:
    assert "A plan for verify is neither saved nor approved" in refusal(purpose="verify", **given)
