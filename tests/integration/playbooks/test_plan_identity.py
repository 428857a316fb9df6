# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two workspaces that claim one connection, or read one folder, are told so before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, iam_names, play, policy_document, workspaces
from tests.integration.playbooks.foreseen import foresee
from tests.integration.playbooks.plans import (
    OTHER_BUCKET,
    YES,
    add_connection,
    make_bucket,
    planned,
    reads_currents,
    says,
    to_do,
    warned,
)
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECRET_ACCESS_KEY
from tests.sandbox.client import Sandbox

# What shop_us is in the inventory of the examples.
ITS_SCHEMA = {"fivetran_schema": "braze_shop_us"}
IN_GCS = {"currents_storage": "gcs", "currents_bucket": world.GCS_BUCKET, "currents_prefix": "app"}


def test_two_workspaces_with_one_schema_in_one_group_are_both_refused_before_the_first_write(sandbox: Sandbox) -> None:
    # One pair names the group alike, and one by name and by id.
    inventory = workspaces(
        app_us=ITS_SCHEMA, app_eu={**IN_GCS, "fivetran_schema": "braze_shop_eu", "fivetran_group": world.GROUP_ID}
    )
    result = play(sandbox, "onboard", inventory=inventory)
    assert sorted(task.host for task in result.failures()) == ["app_eu", "app_us", "shop_eu", "shop_us"]
    for land in ("us", "eu"):
        for host in (f"shop_{land}", f"app_{land}"):
            says(result.messages(host), f"shop_{land}", f"app_{land}", "fivetran_schema", f"braze_shop_{land}")
    assert sandbox.writes() == []


def test_one_schema_in_s3_and_in_google_cloud_storage_makes_no_connection_of_both(sandbox: Sandbox) -> None:
    result = play(sandbox, "onboard", inventory=workspaces(app_us={**ITS_SCHEMA, **IN_GCS}))
    assert sorted(task.host for task in result.failures()) == ["app_us", "shop_us"]
    # What has nothing to do with it is onboarded.
    assert list(connections(sandbox)) == ["braze_shop_eu"]
    assert iam_names(sandbox) == []


@pytest.mark.parametrize("playbook", ["onboard", "verify", "rotate_key", "offboard"])
def test_every_playbook_refuses_a_schema_that_a_workspace_outside_of_the_limit_has_as_well(
    sandbox: Sandbox, playbook: str
) -> None:
    add_connection(sandbox, "braze_shop_us", **reads_currents())
    inventory = workspaces(app_us={**ITS_SCHEMA, **OTHER_BUCKET})
    # One of them as a person runs it.
    result = (
        play(sandbox, playbook, "--limit", "app_us", *YES, inventory=inventory)
        if playbook == "offboard"
        else foresee(sandbox, playbook, inventory=inventory, limit=["app_us"])
    )
    assert result.exit_code != 0
    says(result.messages("app_us"), "shop_us", "fivetran_schema")
    assert sandbox.writes() == []


@pytest.mark.slow
def test_offboarding_a_workspace_with_the_schema_of_another_one_takes_nothing_from_it(sandbox: Sandbox) -> None:
    assert play(sandbox, "onboard", "--limit", "shop_us").exit_code == 0
    before = sandbox.state_hash()
    result = play(sandbox, "offboard", "--limit", "app_us", *YES, inventory=workspaces(app_us=ITS_SCHEMA))
    assert result.exit_code != 0
    assert sandbox.state_hash() == before


def test_one_schema_in_two_groups_is_no_conflict(sandbox: Sandbox) -> None:
    inventory = workspaces(app_us={**ITS_SCHEMA, "fivetran_group": world.SECOND_GROUP_NAME, **IN_GCS})
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us"])
    assert result.exit_code == 0, result.output


def test_two_workspaces_in_one_folder_are_refused_by_name(sandbox: Sandbox) -> None:
    alone = {"currents_folder_shared": False}
    # One pair spells the folder alike, and one does not.
    inventory = workspaces(
        app_us=alone, app_eu={**IN_GCS, "currents_prefix": "/currents/", "fivetran_schema": "braze_app_eu", **alone}
    )
    result = play(sandbox, "onboard", inventory=inventory)
    folders = {"us": "s3://acme-currents-us/currents", "eu": f"gs://{world.GCS_BUCKET}/currents"}
    for land, folder in folders.items():
        for host in (f"shop_{land}", f"app_{land}"):
            says(result.messages(host), f"app_{land} and shop_{land}", "currents_prefix", folder)
            says(result.messages(host), "currents_folder_shared")
    assert sandbox.writes() == []


def test_two_workspaces_in_one_folder_are_warned_of_by_name_where_it_is_allowed(sandbox: Sandbox) -> None:
    result = foresee(sandbox, "onboard", inventory=workspaces(app_us={}), limit=["shop_us", "app_us"])
    assert result.exit_code == 0, result.output
    for host in ("shop_us", "app_us"):
        says(warned(result, host), "app_us and shop_us", "currents_folder_shared")
        assert ("create", "connection") in to_do(result, host)


def test_a_folder_that_a_connection_of_the_group_reads_already_is_not_read_twice(sandbox: Sandbox) -> None:
    add_connection(sandbox, "made_by_hand", **reads_currents(prefix="/currents/"))
    result = foresee(sandbox, "onboard", limit=["shop_us"])
    assert result.exit_code != 0
    says(result.messages("shop_us"), "made_by_hand", "fivetran_schema: made_by_hand", "currents_folder_shared")
    assert sandbox.writes() == []


def test_a_folder_that_a_connection_of_the_group_reads_is_read_twice_where_it_is_allowed(sandbox: Sandbox) -> None:
    add_connection(sandbox, "made_by_hand", **reads_currents())
    inventory = workspaces(shop_us={"currents_folder_shared": True})
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us"])
    assert result.exit_code == 0, result.output
    says(warned(result, "shop_us"), "made_by_hand")
    assert ("create", "connection") in to_do(result, "shop_us")


@pytest.mark.parametrize("playbook", ["onboard", "offboard"])
def test_the_connection_of_another_service_is_refused_before_anything_is_made_in_a_cloud(
    sandbox: Sandbox, playbook: str
) -> None:
    for schema in ("braze_shop_us", "braze_shop_eu"):
        add_connection(sandbox, schema, service="google_sheets")
    result = play(sandbox, playbook) if playbook == "onboard" else foresee(sandbox, playbook)
    assert sorted(task.host for task in result.failures()) == ["shop_eu", "shop_us"]
    for host in ("shop_us", "shop_eu"):
        says(result.messages(host), f"braze_{host}", "google_sheets")
    assert sandbox.writes() == []


def profiles(folder: Path, **accounts: str) -> dict[str, str]:
    """Write profiles of AWS accounts; return the environment of somebody who has nothing else."""
    path = folder / "credentials"
    path.write_text(
        "".join(
            f"[{name}]\naws_access_key_id={account}\naws_secret_access_key={SECRET_ACCESS_KEY}\nregion={REGION}\n"
            for name, account in accounts.items()
        )
    )
    return {"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def with_profiles(**more: Any) -> dict[str, Any]:
    return workspaces(
        shop_us={"s3_access_aws_profile": "one"},
        app_us={"s3_access_aws_profile": "other", **OTHER_BUCKET, **more},
    )


@pytest.mark.slow
def test_two_profiles_of_one_account_share_a_policy_and_lose_no_bucket(sandbox: Sandbox, tmp_path: Path) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    environment = profiles(tmp_path, one=CUSTOMER_ACCOUNT, other=CUSTOMER_ACCOUNT)
    result = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=with_profiles(), **environment)
    assert result.exit_code == 0, result.output
    says(policy_document(sandbox), "acme-currents-us", "acme-loyalty-us")
    sandbox.clear_journal()
    again = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=with_profiles(), **environment)
    assert again.exit_code == 0, again.output
    assert sandbox.writes() == []


def test_two_profiles_of_one_account_that_want_different_roles_are_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    environment = profiles(tmp_path, one=CUSTOMER_ACCOUNT, other=CUSTOMER_ACCOUNT)
    inventory = with_profiles(s3_access_tags={"team": "crm"})
    result = foresee(sandbox, "onboard", inventory=inventory, limit=["shop_us", "app_us"], **environment)
    for host, other in (("shop_us", "app_us"), ("app_us", "shop_us")):
        says(result.messages(host), "s3_access_tags", other)
    assert sandbox.writes() == []


def test_what_conflicts_is_told_in_the_plan_by_code(sandbox: Sandbox) -> None:
    result = foresee(sandbox, "onboard", inventory=workspaces(app_us=ITS_SCHEMA))
    codes = {name: workspace["failure"].get("code") for name, workspace in planned(result).items()}
    assert codes == {"shop_us": "schema_claimed_twice", "app_us": "schema_claimed_twice", "shop_eu": None}
    assert planned(result)["shop_eu"]["problems"] == []
