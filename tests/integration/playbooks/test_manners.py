# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of workspaces, from onboarding to offboarding, however the vendors answer where their documents are open."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import connections, grants, iam_names, play, workspaces
from tests.sandbox import world
from tests.sandbox.client import Sandbox
from tests.sandbox.manners import BRAZE, FIVETRAN, others

NEW_KEY = "sandbox-braze-key-rotated-5d7e9f1a3b2c4608"
# An account that may not use the API is no manner of answering: nobody gets onboarded there.
ANSWERING = {name: manner for name, manner in BRAZE.items() if name != "account"}
# What no document names would be held against the document: such answers come alone.
UNNAMED = "unknown_fields"
NAMED = {name: manner for name, manner in FIVETRAN.items() if name != UNNAMED}
SERVERS = {"fivetran": NAMED, "braze": ANSWERING}
WORLDS = 10


def worlds() -> list[dict[str, dict[str, Any]]]:
    """Return, for each world, by server and manner how it answers: each choice in several, each time beside others."""
    made: list[dict[str, dict[str, Any]]] = [{server: {} for server in SERVERS} for _number in range(WORLDS)]
    for server, known in SERVERS.items():
        for name, manner in known.items():
            choices = [manner.choices[number % len(manner.choices)] for number in range(WORLDS)]
            random.Random(name).shuffle(choices)
            for answers, choice in zip(made, choices, strict=True):
                answers[server][name] = choice
    return made


def live(sandbox: Sandbox) -> None:
    """Onboard two workspaces, run again and verify, rotate a key, offboard: each does its work, and only once."""
    result = play(sandbox, "onboard")
    assert result.exit_code == 0, result.output
    assert {row["status"]["setup_state"] for row in connections(sandbox).values()} == {"connected"}
    sandbox.clear_journal()
    again = play(sandbox, "onboard", str(CHECKOUT / "playbooks" / "verify.yml"))
    assert again.exit_code == 0, again.output
    assert not any(stats["changed"] for stats in again.stats.values()), again.output
    assert sandbox.writes() == []
    sandbox.seed("braze", "create_key", key=NEW_KEY)
    rotated = play(sandbox, "rotate_key", inventory=workspaces(shop_us={"braze_api_key": NEW_KEY}))
    assert rotated.exit_code == 0, rotated.output
    assert connections(sandbox)["braze_shop_us"]["config"]["api_key"] == NEW_KEY
    gone = play(sandbox, "offboard", "-e", "offboard_confirmed=true")
    assert gone.exit_code == 0, gone.output
    assert (connections(sandbox), iam_names(sandbox), grants(sandbox)) == ({}, [], [])
    for played in (result, again, rotated, gone):
        assert not [secret for secret in (*world.secrets(), NEW_KEY) if secret in played.output]


def test_each_choice_is_met_in_two_worlds_at_least_and_never_beside_the_same() -> None:
    made = worlds()
    for server, known in SERVERS.items():
        for name, choice in others(known):
            beside = [repr(answers) for answers in made if answers[server][name] == choice]
            assert len(set(beside)) == len(beside) >= 2, (server, name, choice)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(WORLDS))
def test_workspaces_live_in_each_world(sandbox: Sandbox, number: int) -> None:
    live_where(sandbox, worlds()[number])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "choice"), [*others({UNNAMED: FIVETRAN[UNNAMED]})])
def test_workspaces_live_with_fields_that_no_document_names(sandbox: Sandbox, name: str, choice: Any) -> None:
    live_where(sandbox, {"fivetran": {name: choice}})
    sandbox.clear_journal()


@pytest.mark.slow
def test_workspaces_live_where_every_answer_is_the_other_one(sandbox: Sandbox) -> None:
    servers = {"fivetran": FIVETRAN, "braze": ANSWERING}
    live_where(
        sandbox,
        {server: {name: manner.choices[-1] for name, manner in known.items()} for server, known in servers.items()},
    )
    sandbox.clear_journal()


def live_where(sandbox: Sandbox, answers: dict[str, dict[str, Any]]) -> None:
    for server, choices in answers.items():
        sandbox.seed(server, "manners", **choices)
    live(sandbox)
