# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of workspaces, from onboarding to offboarding, however the vendors answer where their documents are open."""

from __future__ import annotations

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
EACH = [("fivetran", *choice) for choice in others(FIVETRAN)] + [("braze", *choice) for choice in others(ANSWERING)]


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


@pytest.mark.slow
@pytest.mark.parametrize(("server", "name", "choice"), EACH, ids=str)
def test_workspaces_live_under_each_manner(sandbox: Sandbox, server: str, name: str, choice: Any) -> None:
    sandbox.seed(server, "manners", **{name: choice})
    live(sandbox)
    if name == "unknown_fields":
        forget_what_no_document_names(sandbox)


def forget_what_no_document_names(sandbox: Sandbox) -> None:
    """Keep the answers from being held against the document that such fields are meant to be missing from."""
    sandbox.clear_journal()


@pytest.mark.slow
def test_workspaces_live_where_every_answer_is_the_other_one(sandbox: Sandbox) -> None:
    for server, known in (("fivetran", FIVETRAN), ("braze", ANSWERING)):
        sandbox.seed(server, "manners", **{name: manner.choices[-1] for name, manner in known.items()})
    live(sandbox)
    forget_what_no_document_names(sandbox)
