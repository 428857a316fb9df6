# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a fleet of six, and what workspaces that share a role may do to each other: nothing."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbooks.fleet import (
    IMPATIENT,
    WORKSPACES,
    Fleet,
    connections,
    findings,
    grants,
    iam_names,
    play,
    policy_document,
    workspaces,
)
from tests.integration.playbooks.pages import ENVIRONMENT, shows
from tests.integration.report.pictures import take
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.aws import SECOND_CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them.
pytestmark = pytest.mark.slow

NEW_KEY = "sandbox-braze-key-fleet-rotated-7e1bb04c35"
FAILED_TEST = {
    "title": "Validate API Credentials",
    "status": "FAILED",
    "message": "Braze refused the API key: HTTP 401",
}


@pytest.fixture
def fleet(sandbox: Sandbox, tmp_path: Path) -> Fleet:
    """Give the example fleet, not onboarded."""
    return Fleet(sandbox, tmp_path)


def foreign_role(sandbox: Sandbox) -> None:
    """Make a role and a grant that are nobody's business here."""
    document = {"Version": "2012-10-17", "Statement": []}
    sandbox.aws("iam").create_role(RoleName="Payroll", AssumeRolePolicyDocument=json.dumps(document))
    foreign = {"role": "roles/storage.admin", "members": ["user:someone@acme.example"]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[foreign])


def belongings(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything that onboarding could make or change."""
    return {
        "aws": [iam_names(sandbox), iam_names(sandbox, SECOND_CUSTOMER_ACCOUNT)],
        "gcs": sandbox.state()["gcs"]["buckets"][world.GCS_BUCKET]["policy"]["bindings"],
        "fivetran": connections(sandbox),
    }


def drift(sandbox: Sandbox, fleet: Fleet) -> dict[str, str]:
    """Break five things by hand; return which workspace each belongs to, and the word that has to name it."""
    iam = sandbox.aws("iam", SECOND_CUSTOMER_ACCOUNT)
    trust = json.dumps(iam.get_role(RoleName="Fivetran")["Role"]["AssumeRolePolicyDocument"])
    wrong = trust.replace(world.SECOND_GROUP_ID, "somebody_else")
    iam.update_assume_role_policy(RoleName="Fivetran", PolicyDocument=wrong)
    found = connections(sandbox)
    # Where the inventory does not say that it is to run, a person may pause it.
    fleet.set("shop_us", fivetran_connection_paused=False)
    sandbox.seed("fivetran", "edit_connection", id=found["braze_shop_us"]["id"], paused=True)
    sandbox.seed("fivetran", "edit_connection", id=found["braze_app_us"]["id"], sync_frequency=1440)
    sandbox.seed("braze", "revoke_key", key=fleet.keys["loyalty_us"])
    foreign = {"role": "roles/storage.admin", "members": ["user:someone@acme.example"]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[foreign])
    grant = "roles/storage.objectViewer"
    return {
        "shop_emea": "trust",
        "shop_us": "paused",
        "app_us": "sync_frequency",
        "loyalty_us": "invalid_key",
        # One grant for both, so that both lack it.
        "app_emea": grant,
        "loyalty_emea": grant,
    }


@pytest.mark.slow
def test_a_fleet_is_onboarded_drifts_is_repaired_rotated_and_removed_without_a_trace(
    sandbox: Sandbox, fleet: Fleet, tmp_path: Path
) -> None:
    foreign_role(sandbox)
    before = belongings(sandbox)

    onboarded = told(sandbox, fleet, "onboard", "onboarding")
    assert onboarded.exit_code == 0, onboarded.output
    assert sorted(connections(sandbox)) == sorted(f"braze_{name}" for name in WORKSPACES)

    # What Fivetran shows masked is proved by a sync.
    for connection in connections(sandbox).values():
        sandbox.seed("fivetran", "edit_connection", id=connection["id"], succeeded_at=datetime.now(UTC).isoformat())
    clean = told(sandbox, fleet, "verify", "a fleet in order")
    assert clean.exit_code == 0, clean.output

    broken = drift(sandbox, fleet)
    sandbox.clear_journal()
    drifted = told(sandbox, fleet, "verify", "a fleet with drift")
    shows("report", "a report", "ansible-playbook onramp.braze_fivetran.verify", drifted, sandbox, only_report=True)
    if os.environ.get("UPDATE_DOCS"):
        page = tmp_path / "report.html"
        fleet.play("verify", **{**ENVIRONMENT, "ONRAMP_REPORT_HTML": str(page)})
        take(page, "loyalty_us")
    assert drifted.exit_code != 0
    assert sandbox.writes() == []
    for name in WORKSPACES:
        [(_step, message)] = findings(drifted, name)
        assert broken[name] in message

    repaired = fleet.play("onboard", *IMPATIENT)
    assert [task.host for task in repaired.failures()] == ["loyalty_us"]
    sandbox.seed("braze", "create_key", key=NEW_KEY)
    fleet.set("loyalty_us", braze_api_key=NEW_KEY)
    sandbox.seed("fivetran", "script_setup_tests", service="braze", runs=[[FAILED_TEST]])
    untested = told(sandbox, fleet, "rotate_key", "failing tests", "--limit", "loyalty_us", hidden=IMPATIENT)
    assert untested.exit_code != 0
    rotated = told(sandbox, fleet, "rotate_key", "a new key", "--limit", "loyalty_us")
    assert rotated.exit_code == 0, rotated.output
    assert connections(sandbox)["braze_loyalty_us"]["config"]["api_key"] == NEW_KEY

    # Once the sync has succeeded that the rotation has started, Fivetran no longer calls the connection broken.
    rotated_id = connections(sandbox)["braze_loyalty_us"]["id"]
    sandbox.seed("fivetran", "edit_connection", id=rotated_id, status={"setup_state": "connected"})
    healthy = fleet.play("verify")
    assert healthy.exit_code == 0, healthy.output

    kept = told(sandbox, fleet, "offboard", "nobody answers", "--limit", "loyalty_us")
    assert kept.exit_code != 0
    assert len(connections(sandbox)) == len(WORKSPACES)
    told(sandbox, fleet, "offboard", "a shared role", "--limit", "loyalty_us", "-e", "offboard_confirmed=true")
    assert "acme-currents-us" in policy_document(sandbox)
    removed = told(sandbox, fleet, "offboard", "everything", "-e", "offboard_confirmed=true", only_report=True)
    assert removed.exit_code == 0, removed.output
    assert belongings(sandbox) == before


def told(
    sandbox: Sandbox,
    fleet: Fleet,
    playbook: str,
    name: str,
    *arguments: str,
    hidden: tuple[str, ...] = (),
    only_report: bool = False,
) -> PlayResult:
    """Run a playbook whose page shows this very run; ``hidden`` arguments only make the test faster."""
    result = fleet.play(playbook, *arguments, *hidden, **ENVIRONMENT)
    command = " ".join(["ansible-playbook", f"onramp.braze_fivetran.{playbook}", *arguments])
    shows(playbook, name, command, result, sandbox, only_report=only_report)
    return result


@pytest.mark.slow
def test_shared_roles_and_grants_are_made_once_and_a_rerun_writes_nothing(sandbox: Sandbox, fleet: Fleet) -> None:
    first = fleet.play("onboard")
    assert first.exit_code == 0, first.output
    assert iam_names(sandbox) == iam_names(sandbox, SECOND_CUSTOMER_ACCOUNT) == ["Fivetran", "Fivetran-S3-Access"]
    for bucket in ("acme-currents-us", "acme-loyalty-us"):
        assert bucket in policy_document(sandbox)
    assert len(grants(sandbox)) == 1
    # Two accounts, so two of each, however many workspaces.
    made = Counter(entry.operation for entry in sandbox.journal("aws") if entry.changed_state)
    assert made["aws:iam:CreateRole"] == made["aws:iam:CreatePolicy"] == made["aws:iam:AttachRolePolicy"] == 2
    sandbox.clear_journal()
    second = fleet.play("onboard")
    assert second.exit_code == 0, second.output
    assert sandbox.writes() == []
    assert not any(stats["changed"] for stats in second.stats.values())


OTHER_BUCKET = {"currents_bucket": "acme-loyalty-us"}
NAMES = {"s3_access_role_name": "Fivetran-EMEA", "s3_access_policy_name": "Fivetran-EMEA-Access"}


def test_two_groups_that_name_one_role_are_both_refused_before_anything_is_made(sandbox: Sandbox) -> None:
    inventory = workspaces(shop_emea={"fivetran_group": world.SECOND_GROUP_NAME})
    result = play(sandbox, "onboard", inventory=inventory)
    assert sorted(task.host for task in result.failures()) == ["shop_emea", "shop_us"]
    for host, other in (("shop_us", "shop_emea"), ("shop_emea", "shop_us")):
        message = result.messages(host)
        for words in (other, "IAM role Fivetran", "another s3_access_role_name and s3_access_policy_name"):
            assert words in message
    # What has nothing to do with it is onboarded.
    assert list(connections(sandbox)) == ["braze_shop_eu"]
    assert iam_names(sandbox) == []
    # The remedy works.
    remedied = workspaces(shop_emea={"fivetran_group": world.SECOND_GROUP_NAME, **NAMES})
    assert play(sandbox, "onboard", inventory=remedied).exit_code == 0
    assert iam_names(sandbox) == ["Fivetran", "Fivetran-EMEA", "Fivetran-EMEA-Access", "Fivetran-S3-Access"]


def test_a_group_by_name_and_the_same_group_by_id_share_a_role(sandbox: Sandbox) -> None:
    result = play(
        sandbox, "onboard", "--limit", "shop_us", inventory=workspaces(app_us={"fivetran_group": world.GROUP_ID})
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"s3_access_scope": "prefix"}, ["s3_access_scope", "bucket", "prefix"]),
        ({"s3_access_role_name": "Fivetran-2"}, ["s3_access_policy_name", "Fivetran-S3-Access"]),
        ({"s3_access_tags": {"team": "crm"}}, ["s3_access_tags", "crm"]),
    ],
    ids=["scope", "policy of another role", "tags"],
)
def test_workspaces_that_want_a_shared_role_to_be_different_are_told_what_differs(
    sandbox: Sandbox, changes: dict[str, Any], words: list[str]
) -> None:
    result = play(sandbox, "onboard", "--limit", "shop_us", inventory=workspaces(app_us=changes))
    assert result.exit_code != 0
    for word in ("app_us", *words):
        assert word in result.messages("shop_us")
    assert sandbox.writes() == []


@pytest.mark.parametrize("arguments", [("--forks", "1"), ("-e", "braze_workspaces_at_once=1")], ids=["forks", "serial"])
def test_a_shared_role_is_made_once_whatever_runs_at_the_same_time(
    sandbox: Sandbox, arguments: tuple[str, ...]
) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-loyalty-us")
    result = play(sandbox, "onboard", "--limit", "!shop_eu", *arguments, inventory=workspaces(app_us=OTHER_BUCKET))
    assert result.exit_code == 0, result.output
    made = Counter(entry.operation for entry in sandbox.journal("aws") if entry.changed_state)
    assert made == {"aws:iam:CreateRole": 1, "aws:iam:CreatePolicy": 1, "aws:iam:AttachRolePolicy": 1}


def test_where_the_maker_of_a_shared_role_fails_the_next_one_makes_it(sandbox: Sandbox) -> None:
    # The first try fails, which is that of the first workspace in the inventory.
    sandbox.fault("status", server="aws", operation="iam:CreatePolicy", status=403, times=1)
    result = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=workspaces(app_us={}))
    assert [task.host for task in result.failures()] == ["app_us"]
    assert list(connections(sandbox)) == ["braze_shop_us"]
    assert iam_names(sandbox) == ["Fivetran", "Fivetran-S3-Access"]


def test_a_look_at_a_shared_role_that_fails_stops_all_who_share_it_and_nobody_else(sandbox: Sandbox) -> None:
    sandbox.fault("status", server="aws", operation="iam:GetPolicy", status=403, times=1)
    result = play(sandbox, "onboard", inventory=workspaces(app_us={}))
    assert sorted(task.host for task in result.failures()) == ["app_us", "shop_us"]
    for host in ("app_us", "shop_us"):
        assert "iam:GetPolicy" in result.messages(host)
    assert iam_names(sandbox) == []
    assert list(connections(sandbox)) == ["braze_shop_eu"]


def test_a_workspace_without_bucket_stops_none_that_shares_its_role(sandbox: Sandbox) -> None:
    ignore = {"currents_landing_on_problem": "ignore"}
    result = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=workspaces(app_us={**OTHER_BUCKET, **ignore}))
    assert [task.host for task in result.failures()] == ["app_us"]
    assert "acme-loyalty-us" in result.messages("app_us")
    assert list(connections(sandbox)) == ["braze_shop_us"]
