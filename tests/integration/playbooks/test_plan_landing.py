# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder in which nothing lands is not a quiet one, and a folder is the same one however it is written."""

from __future__ import annotations

import json

import pytest

from tests.integration.playbooks.fleet import connections, play, workspaces
from tests.integration.playbooks.foreseen import foresee
from tests.integration.playbooks.plans import make_bucket, planned, says, to_do
from tests.sandbox.client import Sandbox

US = ("--limit", "shop_us")


def test_a_folder_beside_the_one_that_currents_lands_in_is_refused_before_a_connection_is_made(
    sandbox: Sandbox,
) -> None:
    result = play(sandbox, "onboard", *US, inventory=workspaces(shop_us={"currents_prefix": "curents"}))
    assert result.exit_code != 0
    says(result.messages("shop_us"), "curents", "currents_prefix", "currents")
    assert sandbox.writes() == []


def test_folders_of_other_workspaces_are_named_as_such_and_not_advised(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "app", "loyalty")
    bucket = {"currents_bucket": "acme-loyalty-us"}
    inventory = workspaces(
        shop_us={**bucket, "currents_prefix": "shop"},
        app_us={**bucket, "currents_prefix": "app"},
        loyalty_us={**bucket, "currents_prefix": "loyalty"},
    )
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us"])
    landing = planned(result)["shop_us"]["seen"]["landing"]
    assert landing["verdict"] != "ok"
    # Currents of this workspace may come at any time: nothing is wrong with the folder.
    advice = json.dumps(planned(result)["shop_us"]["problems"]) + json.dumps(planned(result)["shop_us"]["warnings"])
    for folder in ("app", "loyalty"):
        assert f"currents_prefix: {folder}" not in advice
    says(advice, "Currents of other workspaces writes to")


@pytest.mark.parametrize("prefix", ["/currents/", pytest.param(" currents ", marks=pytest.mark.slow)])
def test_a_folder_is_sent_to_fivetran_without_what_does_not_belong_to_it(sandbox: Sandbox, prefix: str) -> None:
    result = play(sandbox, "onboard", *US, inventory=workspaces(shop_us={"currents_prefix": prefix}))
    assert result.exit_code == 0, result.output
    assert connections(sandbox)["braze_shop_us"]["config"]["s3folder"] == "currents"


@pytest.mark.slow
def test_a_folder_that_fivetran_stores_with_another_spelling_is_no_difference(sandbox: Sandbox) -> None:
    inventory = workspaces(shop_us={"currents_prefix": "/currents/"})
    assert play(sandbox, "onboard", *US, inventory=inventory).exit_code == 0
    made = connections(sandbox)["braze_shop_us"]["id"]
    for stored in ("currents/", "/currents", "currents"):
        sandbox.seed("fivetran", "edit_connection", id=made, config={"s3folder": stored})
        sandbox.clear_journal()
        result = play(sandbox, "onboard", *US, inventory=inventory)
        assert result.exit_code == 0, result.output
        assert to_do(result, "shop_us") == []
        assert sandbox.writes() == []


@pytest.mark.parametrize("prefix", ["s3://acme-currents-us/currents", ["currents"]])
def test_what_is_no_folder_is_refused_before_anything_is_asked(sandbox: Sandbox, prefix: object) -> None:
    result = foresee(sandbox, "onboard", inventory=workspaces(shop_us={"currents_prefix": prefix}), limit=["shop_us"])
    says(result.messages("shop_us"), "shop_us: currents_prefix: expected")
    assert sandbox.journal("aws") == []
