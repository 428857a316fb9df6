# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whichever way an identity is given, the role s3_access looks and writes in one AWS account, or writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.storage.identities import (
    ACCOUNTS,
    Cell,
    accounts_that_hold,
    aws_configuration,
    cells,
    make_deployment_roles,
    runs,
)
from tests.playbook import PlayResult, played, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

INFO = "onramp.braze_fivetran.s3_access_plan_info"
WRITER = "onramp.braze_fivetran.s3_access"
A, B = ACCOUNTS["a"], ACCOUNTS["b"]
# Two of the matrix, which are the ones that went wrong: what the two halves took by different rules.
DANGEROUS = (
    Cell("exported keys", "AWS_PROFILE"),
    Cell("module_defaults of amazon.aws", "exported keys"),
)
RUNS = runs(cells())


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[list[Cell]], PlayResult]]:
    """Give what runs some of the matrix in one play, where a configuration of AWS has profiles of every kind."""
    make_deployment_roles(sandbox)
    with aws_configuration(tmp_path) as configured:

        def run(chosen: list[Cell]) -> PlayResult:
            plays = [cell.play() for cell in chosen]
            environment = {**configured, **chosen[0].said.process}
            with played(sandbox, plays, environment=environment, home=tmp_path / "home") as (result, _directory):
                return result

        yield run


def hold(sandbox: Sandbox, cell: Cell, play: PlayResult) -> None:
    """Hold that everything has happened in the account that is meant, or that nothing was written."""
    told = f"{cell.first} | {cell.second}: {play.output}"
    if cell.expected is None:
        assert accounts_that_hold(sandbox, cell.name) == [], told
        return
    assert accounts_that_hold(sandbox, cell.name) == [cell.expected], told
    looked = [
        entry["access"]
        for entry in play.results(INFO)
        if entry.get("access", {}).get("role", {}).get("name") == cell.name
    ]
    assert [access["account"] for access in looked] == [cell.expected], told


def test_the_pairs_that_two_rules_would_read_in_two_ways_are_read_in_one(
    sandbox: Sandbox, run: Callable[[list[Cell]], PlayResult]
) -> None:
    for chosen in runs(DANGEROUS):
        play = run(chosen)
        for cell in chosen:
            hold(sandbox, cell, play)


@pytest.mark.slow
@pytest.mark.parametrize("content", ["role", "module"])
def test_whatever_the_play_says_of_hosts_the_user_who_runs_ansible_writes_from_the_controller(
    sandbox: Sandbox, content: str
) -> None:
    said = {"external_id": world.GROUP_ID, "buckets": [world.S3_BUCKET]}
    tasks = {
        "role": {
            "ansible.builtin.include_role": {"name": "onramp.braze_fivetran.s3_access"},
            "vars": {f"s3_access_{name}": value for name, value in said.items()},
        },
        "module": {WRITER: said, "register": "written"},
    }
    play = {"hosts": "all", "gather_facts": False, "become": True, "tasks": [tasks[content]]}
    hosts = {
        "bastion": {
            "ansible_connection": "ssh",
            "ansible_host": "bastion.invalid",
            "ansible_become_exe": "/nowhere/sudo",
            "ansible_python_interpreter": "/nowhere/python",
        }
    }
    result = run_playbook(sandbox, [play], inventory={"all": {"hosts": hosts}})
    assert result.exit_code == 0, result.output
    assert accounts_that_hold(sandbox, "Fivetran") == [A]


@pytest.mark.slow
@pytest.mark.parametrize("chosen", RUNS, ids=lambda chosen: f"{len(chosen)} cells of {chosen[0].first}")
def test_every_pair_of_ways_leads_to_one_account(
    sandbox: Sandbox, run: Callable[[list[Cell]], PlayResult], chosen: list[Cell]
) -> None:
    play = run(chosen)
    for cell in chosen:
        hold(sandbox, cell, play)
    contradicting = [cell for cell in chosen if cell.expected is None]
    if contradicting:
        assert "s3_access_aws_profile: is set beside s3_access_aws_access_key" in play.messages()
