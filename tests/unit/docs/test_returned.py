# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules return is held against RETURN wherever a test runs one, so that RETURN promises what is so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.returned import broken_promises, hold

MODULE = "fivetran_group_info"
GROUP = {"id": "jovial_daylight", "name": "Warehouse", "created_at": None}


@pytest.mark.parametrize(
    ("result", "broken"),
    [
        ({"group": GROUP}, []),
        ({"group": GROUP, "changed": False, "warnings": [], "_ansible_no_log": False}, []),
        ({"group": GROUP, "groups": []}, ["RETURN does not tell groups"]),
        ({"group": {**GROUP, "owner": "ada"}}, ["RETURN does not tell group.owner"]),
        ({"group": "Warehouse"}, ["group is not of the type dict: 'Warehouse'"]),
        (
            {"group": GROUP, "failure": {"code": "timeout"}},
            ["group is there after a failure, and is returned: success"],
        ),
        ({"failure": {"code": "timeout"}, "msg": "Fivetran did not answer in time."}, []),
        # Ansible has refused the arguments, or runs it elsewhere.
        ({"msg": "missing required arguments: group"}, []),
        ({"ansible_job_id": "j1", "started": 1}, []),
    ],
)
def test_what_return_does_not_promise_is_found(result: dict[str, Any], broken: list[str]) -> None:
    assert broken_promises(MODULE, result) == [f"{MODULE}: {line}" for line in broken]


def test_what_is_promised_is_there() -> None:
    (lacking,) = broken_promises("workspace_discovery", {"told": [], "inventory": "", "missing": [], "msg": ""})
    assert lacking == "workspace_discovery: workspaces is not there, and is returned: success"


def test_each_host_has_what_is_told_of_one() -> None:
    with pytest.raises(AssertionError, match=r"RETURN does not tell workspaces\.colour"):
        hold("workspace_plan", {"workspaces": {"shop_us": {"verdict": "fine", "colour": "red"}}})


def test_the_modules_of_others_are_not_held_to_anything() -> None:
    assert broken_promises("iam_role", {"anything": 1}) == []
