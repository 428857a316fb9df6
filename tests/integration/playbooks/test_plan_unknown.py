# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be read is not "no": nothing is taken away on a guess, and nothing takes the place of a setting."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbooks.fleet import connections, iam_names, play, policy_document, workspaces
from tests.integration.playbooks.foreseen import foresee
from tests.integration.playbooks.plans import (
    OTHER_BUCKET,
    ROLE_AND_POLICY,
    YES,
    make_bucket,
    planned,
    says,
    to_do,
    write_inventory,
)
from tests.sandbox import world
from tests.sandbox.client import Sandbox

UNDEFINED = "{{ of_another_team }}"
PASSWORD = b"the password of another team"


def encrypted(text: str) -> str:
    """Return a text as `ansible-vault encrypt` writes it, for a password that the run does not have."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    vault = VaultLib([("default", VaultSecret(PASSWORD))])
    return str(vault.encrypt(text).decode())


def inline_vault(variable: str, text: str) -> str:
    """Return a line of variables whose value is encrypted."""
    lines = encrypted(text).splitlines()
    return "\n".join([f"{variable}: !vault |", *(f"  {line}" for line in lines)]) + "\n"


def without(inventory: dict[str, Any], host: str, variable: str) -> dict[str, Any]:
    """Return the inventory without one variable of a host."""
    less = copy.deepcopy(inventory)
    del less["braze_workspaces"]["hosts"][host][variable]
    return less


@pytest.fixture
def neighbors(sandbox: Sandbox) -> Sandbox:
    """Onboard shop_us and app_us, each with a bucket of its own, that share a role."""
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    result = play(sandbox, "onboard", "--limit", "!shop_eu", inventory=workspaces(app_us=OTHER_BUCKET))
    assert result.exit_code == 0, result.output
    sandbox.clear_journal()
    return sandbox


def keeps_what_app_us_needs(sandbox: Sandbox) -> None:
    assert list(connections(sandbox)) == ["braze_app_us"]
    assert iam_names(sandbox) == ROLE_AND_POLICY
    document = policy_document(sandbox)
    assert "acme-loyalty-us" in document
    assert world.S3_BUCKET not in document


@pytest.mark.slow
@pytest.mark.parametrize("how", ["a vaulted role name", "a vaulted file"])
def test_offboarding_beside_a_workspace_that_cannot_be_decrypted_leaves_the_role_of_its_connection(
    neighbors: Sandbox, tmp_path: Path, how: str
) -> None:
    inventory = workspaces(app_us={**OTHER_BUCKET, "s3_access_role_name": "Fivetran"})
    if how == "a vaulted role name":
        inventory = without(inventory, "app_us", "s3_access_role_name")
        path = write_inventory(tmp_path, inventory, app_us=inline_vault("s3_access_role_name", "Fivetran"))
    else:
        inventory["braze_workspaces"]["hosts"]["app_us"] = {}
        path = write_inventory(tmp_path, inventory, app_us=encrypted("fivetran_schema: braze_app_us\n"))
    result = play(neighbors, "offboard", "--limit", "shop_us", *YES, inventory=path)
    assert result.exit_code == 0, result.output
    keeps_what_app_us_needs(neighbors)
    says(result.output, "acme-loyalty-us", "braze_app_us")


@pytest.mark.slow
def test_offboarding_beside_a_workspace_with_something_undefined_takes_nothing_from_it(neighbors: Sandbox) -> None:
    for variable in ("currents_storage", "currents_bucket", "fivetran_group"):
        inventory = workspaces(app_us={**OTHER_BUCKET, variable: UNDEFINED})
        checked = play(neighbors, "offboard", "--check", "--limit", "shop_us", *YES, inventory=inventory)
        assert checked.exit_code == 0, checked.output
        assert to_do(checked, "shop_us") == [("update", "policy"), ("delete", "connection")]
    inventory = workspaces(app_us={**OTHER_BUCKET, "s3_access_role_name": UNDEFINED})
    assert play(neighbors, "offboard", "--limit", "shop_us", *YES, inventory=inventory).exit_code == 0
    keeps_what_app_us_needs(neighbors)


@pytest.mark.slow
def test_a_bucket_that_somebody_who_cannot_be_read_may_need_stays_in_the_shared_policy(neighbors: Sandbox) -> None:
    # No connection names it any more, so that only the inventory can tell.
    [identifier] = [row["id"] for schema, row in connections(neighbors).items() if schema == "braze_app_us"]
    neighbors.seed("fivetran", "remove_connection", id=identifier)
    for variable in ("currents_bucket", "currents_storage", "s3_access_role_name", "fivetran_group"):
        inventory = workspaces(app_us={**OTHER_BUCKET, variable: UNDEFINED})
        result = play(neighbors, "onboard", "--limit", "shop_us", inventory=inventory)
        assert result.exit_code == 0, result.output
        assert to_do(result, "shop_us") == []
    # Where nobody names it, it stays only while another run may be about to make a connection for it.
    kept = play(neighbors, "onboard", "--limit", "shop_us")
    assert to_do(kept, "shop_us") == []
    assert "bucket_granted_lately" in str(planned(kept)["shop_us"]["noticed"])
    neighbors.seed("aws", "age", seconds=2 * 60 * 60)
    released = play(neighbors, "onboard", "--limit", "shop_us")
    assert to_do(released, "shop_us") == [("update", "policy")]
    assert "acme-loyalty-us" not in policy_document(neighbors)


def test_a_workspace_that_cannot_be_read_is_refused_with_the_reason_and_stops_no_other(sandbox: Sandbox) -> None:
    inventory = workspaces(app_us={**OTHER_BUCKET, "currents_bucket": UNDEFINED})
    result = foresee(sandbox, "onboard", inventory=inventory)
    assert sorted(task.host for task in result.failures()) == ["app_us"]
    says(result.messages("app_us"), "app_us: currents_bucket: cannot be evaluated", "'of_another_team' is undefined")
    assert ("create", "connection") in to_do(result, "shop_us")


def test_a_workspace_with_a_vaulted_value_is_refused_with_the_reason_and_without_the_value(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    inventory = without(workspaces(app_us={}), "app_us", "currents_bucket")
    path = write_inventory(tmp_path, inventory, app_us=inline_vault("currents_bucket", "the-bucket-of-others"))
    result = play(sandbox, "onboard", "--check", inventory=path)
    assert sorted(task.host for task in result.failures()) == ["app_us"]
    says(result.messages("app_us"), "app_us: currents_bucket: cannot be evaluated", "vault", "passwords")
    assert "the-bucket-of-others" not in result.output
    assert ("create", "connection") in to_do(result, "shop_eu")


CREDENTIALS = ("fivetran_api_key", "fivetran_api_secret", "fivetran_api_url")


@pytest.mark.parametrize("playbook", ["onboard", "offboard"])
def test_fivetran_credentials_that_are_undefined_are_never_replaced_by_those_of_the_environment(
    sandbox: Sandbox, playbook: str
) -> None:
    hosts = dict(zip(("shop_us", "shop_eu", "app_us"), CREDENTIALS, strict=True))
    inventory = workspaces(**{host: {name: "{{ nowhere }}"} for host, name in hosts.items()})
    # One of them as a person runs it.
    result = (
        play(sandbox, playbook, inventory=inventory)
        if playbook == "onboard"
        else foresee(sandbox, playbook, inventory=inventory)
    )
    for host, name in hosts.items():
        says(result.messages(host), f"{host}: {name}", "nowhere", "undefined")
    assert sandbox.journal("fivetran") == []
    assert sandbox.writes() == []


def of_two_companies(sandbox: Sandbox, **credentials: str) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return an inventory with the owner's credentials in a variable, and an environment with a stranger's."""
    sandbox.seed("fivetran", "add_group", id="strange_place", name=world.GROUP_NAME, account="another_company")
    inventory = workspaces()
    inventory["braze_workspaces"]["vars"] |= credentials
    key, secret = world.FIVETRAN_STRANGER
    return inventory, {"FIVETRAN_APIKEY": key, "FIVETRAN_APISECRET": secret}


def test_credentials_in_a_variable_named_fivetran_are_used_and_not_those_of_another_company(sandbox: Sandbox) -> None:
    inventory, strangers = of_two_companies(
        sandbox, fivetran_api_key="{{ fivetran.key }}", fivetran_api_secret="{{ fivetran.secret }}"
    )
    inventory["braze_workspaces"]["vars"]["fivetran"] = {"key": world.FIVETRAN_KEY, "secret": world.FIVETRAN_SECRET}
    result = play(sandbox, "onboard", "--limit", "shop_eu", inventory=inventory, **strangers)
    assert result.exit_code == 0, result.output
    assert {entry.actor for entry in sandbox.journal("fivetran") if entry.caller == "outside"} == {"owner"}
    assert connections(sandbox)["braze_shop_eu"]["group_id"] == world.GROUP_ID


def test_an_empty_credential_in_the_inventory_is_not_filled_up_from_the_environment(sandbox: Sandbox) -> None:
    inventory, strangers = of_two_companies(sandbox, fivetran_api_key="", fivetran_api_secret="")
    result = foresee(sandbox, "onboard", inventory=inventory, **strangers)
    for host in ("shop_us", "shop_eu"):
        says(result.messages(host), "fivetran_api_key", "fivetran_api_secret", "empty")
    assert sandbox.journal("fivetran") == []


def test_the_plan_names_who_could_not_be_read_and_why(sandbox: Sandbox) -> None:
    result = foresee(sandbox, "onboard", inventory=workspaces(app_us={"fivetran_group": UNDEFINED}))
    plan = planned(result)["app_us"]
    assert plan["complete"] is False
    says(plan["problems"][0]["message"], "fivetran_group: cannot be evaluated", "of_another_team")
