# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan of twice as many workspaces makes at most twice as many calls, and lists nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.bench import fleet
from tests.hardening import planning
from tests.hardening.planning import Host
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.core import Entry

PURPOSES = ("onboard", "verify", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rotate_key", "offboard")))
# Half of them in S3, half in Google Cloud Storage.
COUNTS = (2, 4, 6)
PER_PAGE = 1000


def outside(sandbox: Sandbox) -> list[Entry]:
    return [entry for entry in sandbox.journal() if entry.caller == "outside"]


def repeated(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Return which questions were asked more than once."""
    asked = Counter(
        json.dumps([entry.actor, entry.operation, entry.path, entry.query, entry.body, entry.headers], sort_keys=True)
        for entry in entries
    )
    return [(question, count) for question, count in asked.items() if count > 1]


def planned(sandbox: Sandbox, purpose: str, count: int, others: int = 0) -> list[Entry]:
    """Return what a plan of so many new workspaces asks; beside them, so many connections stand in the group."""
    sandbox.reset()
    group = fleet.seed(sandbox, count)["braze_workspaces"]
    if others:
        more = {"group_id": world.GROUP_ID, "service": "google_sheets", "config": {"sheet_id": "x"}}
        sandbox.seed("fivetran", "add_connections", count=others, schema="sheet_{}.t", **more)
    sandbox.clear_journal()
    hosts = {name: Host({**group["vars"], **variables}) for name, variables in group["hosts"].items()}
    plan = planning.plan(sandbox, purpose, of=hosts)
    assert len(plan["workspaces"]) == count
    assert sandbox.writes() == []
    return outside(sandbox)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_further_workspace_costs_the_same_calls_and_no_question_is_asked_twice(
    sandbox: Sandbox, purpose: str
) -> None:
    made = [planned(sandbox, purpose, count) for count in COUNTS]
    assert [repeated(entries) for entries in made] == [[], [], []]
    few, more, most = (Counter(entry.operation for entry in entries) for entries in made)
    further = {operation: more[operation] - few[operation] for operation in most}
    assert further == {operation: most[operation] - more[operation] for operation in most}
    # What is asked of Fivetran is asked once for all.
    assert {operation for operation, count in further.items() if count and operation.startswith("fivetran:")} == set()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_page_of_a_listing_is_asked_for_once_however_many_connections_there_are(
    sandbox: Sandbox, purpose: str
) -> None:
    entries = planned(sandbox, purpose, COUNTS[0], others=2 * PER_PAGE + 1)
    listings = [entry.query for entry in entries if entry.operation == "fivetran:list_connections"]
    of_the_group = [query for query in listings if "group_id" in query]
    assert len(of_the_group) == 3
    assert repeated(entries) == []
