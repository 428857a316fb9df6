# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What workspaces of one role do to each other: only what has passed is granted, and nobody's bucket is taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, play, policy_document, workspaces
from tests.integration.playbooks.plans import OTHER_BUCKET, make_bucket, says, to_do
from tests.sandbox import world
from tests.sandbox.client import Sandbox

US_ONLY = ("--limit", "!shop_eu")
TYPO = "acme-curents-us"


def granted(sandbox: Sandbox) -> list[str]:
    """Return the buckets of the shared policy."""
    [statement] = json.loads(policy_document(sandbox))["Statement"]
    arns: list[str] = statement["Resource"]
    return sorted({arn.removeprefix("arn:aws:s3:::").partition("/")[0] for arn in arns})


@pytest.mark.slow
def test_a_bucket_typo_is_not_granted_and_correcting_it_stops_nobody(sandbox: Sandbox) -> None:
    # Somebody else's bucket of that name, perhaps.
    ignored = {"currents_landing_on_problem": "ignore", "currents_landing_on_no_access": "ignore"}
    typo = play(sandbox, "onboard", *US_ONLY, inventory=workspaces(app_us={"currents_bucket": TYPO, **ignored}))
    assert [task.host for task in typo.failures()] == ["app_us"]
    says(typo.messages("app_us"), TYPO)
    assert granted(sandbox) == [world.S3_BUCKET]
    corrected = play(sandbox, "onboard", *US_ONLY, inventory=workspaces(app_us={}))
    assert corrected.exit_code == 0, corrected.output
    assert granted(sandbox) == [world.S3_BUCKET]
    assert sorted(connections(sandbox)) == ["braze_app_us", "braze_shop_us"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"braze_api_key": world.BRAZE_KEY_REVOKED},
        pytest.param({"currents_prefix": "nothing/lands/here"}, marks=pytest.mark.slow),
        pytest.param({"fivetran_connection_exports_role_arn": "no ARN"}, marks=pytest.mark.slow),
    ],
    ids=["key", "folder", "setting"],
)
def test_a_workspace_that_does_not_pass_its_checks_adds_nothing_to_the_shared_policy(
    sandbox: Sandbox, wrong: dict[str, Any]
) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    inventory = workspaces(app_us={**OTHER_BUCKET, **wrong})
    result = play(sandbox, "onboard", *US_ONLY, inventory=inventory)
    assert [task.host for task in result.failures()] == ["app_us"]
    assert granted(sandbox) == [world.S3_BUCKET]


@pytest.mark.slow
def test_a_workspace_more_with_a_bucket_of_its_own_changes_itself_alone(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    assert play(sandbox, "onboard", *US_ONLY).exit_code == 0
    inventory = workspaces(app_us=OTHER_BUCKET)
    found = play(sandbox, "verify", *US_ONLY, inventory=inventory)
    assert [task.host for task in found.failures()] == ["app_us"]
    says(found.output, "Verified 2 workspaces: 1 fine, 1 with findings.")
    says(found.messages("app_us"), 'lacks "arn:aws:s3:::acme-loyalty-us"')
    foreseen = play(sandbox, "onboard", *US_ONLY, "--check", inventory=inventory)
    done = play(sandbox, "onboard", *US_ONLY, inventory=inventory)
    assert done.exit_code == 0, done.output
    for result in (foreseen, done):
        says(result.output, "Plan: 2 workspaces: 1 fine, 1 to change.")
        assert to_do(result, "shop_us") == []
        assert to_do(result, "app_us") == [("update", "policy"), ("create", "connection")]
    assert granted(sandbox) == [world.S3_BUCKET, "acme-loyalty-us"]
    again = play(sandbox, "onboard", *US_ONLY, inventory=inventory)
    assert [to_do(again, host) for host in ("shop_us", "app_us")] == [[], []]
    says(play(sandbox, "verify", *US_ONLY, inventory=inventory).output, "Verified 2 workspaces: 2 fine.")


@pytest.mark.slow
def test_the_bucket_that_a_workspace_has_left_is_released_one_run_later_and_that_is_said(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    assert play(sandbox, "onboard", *US_ONLY, inventory=workspaces(app_us={})).exit_code == 0
    elsewhere = {**OTHER_BUCKET, "fivetran_connection_adopt": True}
    moved = workspaces(shop_us=elsewhere, app_us=elsewhere)
    # While the connections are being moved, they may read both.
    first = play(sandbox, "onboard", *US_ONLY, inventory=moved)
    assert first.exit_code == 0, first.output
    assert granted(sandbox) == [world.S3_BUCKET, "acme-loyalty-us"]
    assert {row["config"]["s3bucket"] for row in connections(sandbox).values()} == {"acme-loyalty-us"}
    sandbox.seed("aws", "age", seconds=2 * 60 * 60)
    second = play(sandbox, "onboard", *US_ONLY, inventory=moved)
    assert second.exit_code == 0, second.output
    assert granted(sandbox) == ["acme-loyalty-us"]
    says(second.output, "change policy", world.S3_BUCKET)
    third = play(sandbox, "onboard", *US_ONLY, inventory=moved)
    assert [to_do(third, host) for host in ("shop_us", "app_us")] == [[], []]


@pytest.mark.slow
def test_a_running_workspace_keeps_its_bucket_also_where_it_does_not_pass_its_checks_any_more(
    sandbox: Sandbox,
) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    inventory = workspaces(app_us=OTHER_BUCKET)
    assert play(sandbox, "onboard", *US_ONLY, inventory=inventory).exit_code == 0
    expired = workspaces(app_us={**OTHER_BUCKET, "braze_api_key": world.BRAZE_KEY_REVOKED})
    result = play(sandbox, "onboard", *US_ONLY, inventory=expired)
    assert [task.host for task in result.failures()] == ["app_us"]
    # Nor where the workspace has been taken out of the inventory: its connection still reads.
    assert play(sandbox, "onboard", "--limit", "shop_us").exit_code == 0
    assert granted(sandbox) == [world.S3_BUCKET, "acme-loyalty-us"]
