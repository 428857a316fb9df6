# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A group of any size can be planned for: what every playbook begins with, in this process."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.hardening import planning
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# Together more than a client reads of one answer.
CONNECTIONS, BYTES = 1000, 9000


AGE = re.compile(r"less than an hour|[0-9]+ (?:hour|day)s?")


def ageless(data: Any) -> Any:
    """Return what is told without the ages of the data, which grow from one look to the next."""
    if isinstance(data, str):
        return AGE.sub("some time", data)
    if isinstance(data, list):
        return [ageless(value) for value in data]
    if isinstance(data, dict):
        return {name: ageless(value) for name, value in data.items() if name != "age_seconds"}
    return data


@pytest.mark.parametrize("purpose", ["onboard", "verify", "rotate_key", "offboard"])
def test_a_group_whose_connections_are_too_large_for_one_answer_is_no_obstacle(sandbox: Sandbox, purpose: str) -> None:
    plain = planning.plan(sandbox, purpose)
    sandbox.clear_journal()
    sandbox.seed(
        "fivetran", "add_connections", count=CONNECTIONS, group_id=world.GROUP_ID, service="google_sheets",
        schema="sheet_{}.t", config={"sheet_id": "x" * BYTES},
    )  # fmt: skip
    told = planning.plan(sandbox, purpose)
    assert ageless(told["workspaces"]) == ageless(plain["workspaces"])
    listings = [entry.query for entry in sandbox.journal("fivetran", "list_connections")]
    assert [int(query["limit"]) for query in listings if "group_id" in query] == [1000] + [100] * 10
    # Whether another group holds what is missing here is asked by name then, and not by listing all of that once more.
    elsewhere = [query["schema"] for query in listings if "group_id" not in query]
    assert sorted(elsewhere) == ["braze_shop_eu", "braze_shop_us"]
