# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""offboard.yml by group and schema: what has left the inventory goes with the same care, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.leaving import VARIABLES

from tests.collection import CHECKOUT
from tests.integration.inventories.by_hand import GCS, S3, ansible, make
from tests.integration.playbooks.fleet import connections, grants, iam_names, play, policy_document, workspaces
from tests.integration.playbooks.plans import OTHER_BUCKET, YES, make_bucket, planned, says, to_do
from tests.integration.playbooks.test_discover import make_role
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.client import Sandbox

UNCLAIMED = "onramp.braze_fivetran.workspace_unclaimed_info"
NAMES = {"s3_access_role_name": "braze-fivetran", "s3_access_policy_name": "braze-fivetran-reads"}
NO_KEYS = {"SANDBOX_BRAZE_KEY_SHOP_US": "", "SANDBOX_BRAZE_KEY_SHOP_EU": ""}
Inventory = dict[str, Any]


def without(inventory: Inventory, *hosts: str) -> Inventory:
    """Return an inventory that these hosts have left."""
    group = inventory["braze_workspaces"]
    left = {name: variables for name, variables in group["hosts"].items() if name not in hosts}
    return {"braze_workspaces": {**group, "hosts": left}}


def offboard(
    sandbox: Sandbox, schema: str, *arguments: str, inventory: Any, group: str = world.GROUP_NAME, **environment: str
) -> PlayResult:
    """Run offboard.yml for a connection by its names, without any Braze key."""
    names = ("-e", f"offboard_group={group}", "-e", f"offboard_schema={schema}")
    return play(sandbox, "offboard", *names, *arguments, inventory=inventory, **NO_KEYS, **environment)


def onboard(sandbox: Sandbox, inventory: Inventory) -> Sandbox:
    result = play(sandbox, "onboard", inventory=inventory)
    assert result.exit_code == 0, result.output
    sandbox.clear_journal()
    return sandbox


def refused(sandbox: Sandbox, result: PlayResult, *words: str) -> None:
    """Assert that a run was refused before anything was written, and says why."""
    assert result.exit_code != 0
    says(result.messages(), *words, "Nothing was changed.")
    assert sandbox.writes() == []


def test_the_playbook_hands_over_every_variable_that_is_found() -> None:
    plays = yaml.safe_load((CHECKOUT / "playbooks" / "offboard.yml").read_text())
    [handed_over] = [
        task["ansible.builtin.set_fact"] for task in plays[0]["tasks"] if "ansible.builtin.set_fact" in task
    ]
    assert tuple(handed_over) == VARIABLES
    for name, template in handed_over.items():
        assert f"onramp_leaving.variables.{name} " in template


@pytest.mark.slow
def test_connection_and_access_go_and_what_a_neighbor_needs_stays(sandbox: Sandbox) -> None:
    make_bucket(sandbox, "acme-loyalty-us", "currents")
    inventory = workspaces(shop_us=NAMES, loyalty_us={**OTHER_BUCKET, **NAMES})
    onboard(sandbox, inventory)
    left = without(inventory, "shop_us", "loyalty_us")
    before = sandbox.state_hash()
    checked = offboard(sandbox, "braze_shop_us", "--check", inventory=left)
    assert checked.exit_code == 0, checked.output
    assert to_do(checked, "braze_shop_us") == [("update", "policy"), ("delete", "connection")]
    assert sandbox.state_hash() == before
    unanswered = offboard(sandbox, "braze_shop_us", inventory=left)
    says(unanswered.messages("braze_shop_us"), "offboard_confirmed", "Nothing was changed.")
    assert sandbox.writes() == []
    first = offboard(sandbox, "braze_shop_us", *YES, inventory=left)
    assert first.exit_code == 0, first.output
    assert list(planned(first)) == ["braze_shop_us"]
    assert sorted(connections(sandbox)) == ["braze_loyalty_us", "braze_shop_eu"]
    assert iam_names(sandbox) == sorted(NAMES.values())
    granted = policy_document(sandbox, NAMES["s3_access_policy_name"])
    assert "acme-loyalty-us" in granted
    assert world.S3_BUCKET not in granted
    assert len(grants(sandbox)) == 1
    last = offboard(sandbox, "braze_loyalty_us", *YES, inventory=left, group=world.GROUP_ID)
    assert last.exit_code == 0, last.output
    assert iam_names(sandbox) == []
    assert sorted(connections(sandbox)) == ["braze_shop_eu"]


@pytest.mark.slow
def test_without_any_inventory_a_connection_in_google_cloud_storage_and_its_grant_go(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    onboard(sandbox, without(workspaces(), "shop_us"))
    run = ansible(
        sandbox, tmp_path, "ansible-playbook", str(CHECKOUT / "playbooks" / "offboard.yml"),
        "-e", f"offboard_group={world.GROUP_NAME}", "-e", "offboard_schema=braze_shop_eu", *YES,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    says(run.stdout, "The connection braze_shop_eu of the Fivetran group Warehouse, which reads gs://acme-currents-eu")
    assert connections(sandbox) == {}
    assert grants(sandbox) == []


@pytest.mark.slow
def test_what_a_connection_that_stays_reads_is_kept(sandbox: Sandbox) -> None:
    onboard(sandbox, workspaces())
    make(sandbox, "braze_by_hand_us", config=S3)
    make(sandbox, "braze_by_hand_eu", config=GCS)
    before = policy_document(sandbox), iam_names(sandbox), grants(sandbox)
    for schema in ("braze_shop_us", "braze_shop_eu"):
        result = offboard(sandbox, schema, *YES, inventory={"braze_workspaces": {}})
        assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_by_hand_eu", "braze_by_hand_us"]
    assert (policy_document(sandbox), iam_names(sandbox), grants(sandbox)) == before


@pytest.mark.slow
def test_a_role_of_somebody_else_stays_whatever_the_group_of_hosts_says(sandbox: Sandbox) -> None:
    arn = make_role(sandbox, "made-by-hand")
    make(sandbox, "braze_by_hand", config={**S3, "s3role_arn": arn})
    inventory = without(workspaces(), "shop_us")
    # Of the other hosts; and what was left of an earlier host of this name, below.
    inventory["braze_workspaces"]["vars"] |= {**NAMES, "currents_storage": "gcs", "currents_bucket": "elsewhere"}
    result = offboard(sandbox, "braze_by_hand", *YES, inventory=inventory)
    assert result.exit_code == 0, result.output
    says(result.output, f"The IAM role {arn} stays", "this one reads the bucket")
    assert connections(sandbox) == {}
    assert iam_names(sandbox) == ["made-by-hand"]


@pytest.mark.slow
def test_of_two_roles_that_may_be_the_one_only_the_one_of_this_collection_goes(sandbox: Sandbox) -> None:
    onboard(sandbox, workspaces(shop_us=NAMES))
    make_role(sandbox, "made-by-hand")
    result = offboard(sandbox, "braze_shop_us", *YES, inventory="localhost,")
    assert result.exit_code == 0, result.output
    says(result.output, "2 IAM roles may be the one that Fivetran uses")
    assert iam_names(sandbox) == ["made-by-hand"]


@pytest.mark.slow
def test_where_roles_may_not_be_listed_the_names_that_the_group_of_hosts_has_count(sandbox: Sandbox) -> None:
    inventory = workspaces()
    inventory["braze_workspaces"]["vars"] |= NAMES
    onboard(sandbox, inventory)
    sandbox.fault("status", server="aws", operation="iam:ListRoles", status=403, times=0)
    result = offboard(sandbox, "braze_shop_us", *YES, inventory=without(inventory, "shop_us"))
    assert result.exit_code == 0, result.output
    says(result.output, "Not looked at: AWS.", "No IAM role was looked for.")
    sandbox.clear_faults()
    assert iam_names(sandbox) == []


@pytest.mark.slow
def test_files_that_were_left_of_a_host_do_not_lead_to_another_connection(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = workspaces(app_us={})
    onboard(sandbox, inventory)
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump(without(inventory, "shop_us", "app_us")))
    (tmp_path / "host_vars").mkdir()
    stale = {"fivetran_schema": "braze_app_us", "currents_bucket": "elsewhere"}
    (tmp_path / "host_vars" / "braze_shop_us.yml").write_text(yaml.safe_dump(stale))
    result = offboard(sandbox, "braze_shop_us", *YES, inventory=path)
    assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_app_us", "braze_shop_eu"]


@pytest.mark.slow
@pytest.mark.parametrize("where", ["nowhere", "group"])
def test_credentials_of_the_group_of_hosts_are_used_and_shown_nowhere(sandbox: Sandbox, where: str) -> None:
    make(sandbox, "braze_none", config={"cloud_storage_type": "NONE"})
    credentials = {"fivetran_api_key": world.FIVETRAN_KEY, "fivetran_api_secret": world.FIVETRAN_SECRET}
    inventory = without(workspaces(), "shop_us", "shop_eu")
    inventory["braze_workspaces"]["vars"] |= credentials if where == "group" else {}
    environment = {"FIVETRAN_APIKEY": "another", "FIVETRAN_APISECRET": "another-secret"}
    result = offboard(sandbox, "braze_none", *YES, "-vvv", inventory=inventory, **environment)
    if where == "nowhere":
        assert result.exit_code != 0
        says(result.messages(), "HTTP 401")
        return
    assert result.exit_code == 0, result.output
    assert connections(sandbox) == {}
    assert world.FIVETRAN_SECRET not in result.output


@pytest.mark.slow
def test_what_cannot_leave_like_this_is_refused_by_name(sandbox: Sandbox) -> None:
    make(sandbox, "lake", service="s3", config={})
    for schema in ("braze_shop_us", "braze_old"):
        make(sandbox, schema, config={**GCS, "gcs_folder": schema})
    inventory = workspaces()
    cases: Mapping[str, tuple[str, ...]] = {
        "braze_shop_us": ('shop_us of the inventory claims the connection "braze_shop_us".', "--limit shop_us"),
        "braze_nowhere": ("There is no connection", "Its Braze connections are braze_old and braze_shop_us."),
        "lake": ('The connection lake of the Fivetran group Warehouse is of the service "s3"',),
        "": ("offboard_schema: is not set, or is empty",),
    }
    for schema, words in cases.items():
        refused(sandbox, offboard(sandbox, schema, *YES, inventory=inventory), *words)


@pytest.mark.slow
def test_one_name_alone_a_wrong_group_a_limit_and_a_host_that_cannot_be_read_are_refused(sandbox: Sandbox) -> None:
    onboard(sandbox, workspaces())
    inventory = workspaces()
    alone = play(sandbox, "offboard", "-e", "offboard_schema=braze_shop_us", *YES, inventory=inventory)
    refused(sandbox, alone, "offboard_group: is not set, or is empty")
    limited = offboard(sandbox, "braze_shop_us", *YES, "--limit", "shop_eu", inventory=inventory)
    refused(sandbox, limited, "--limit has no place beside them")
    wrong = offboard(sandbox, "braze_shop_us", *YES, inventory=inventory, group="Warehose")
    assert wrong.exit_code != 0
    says(wrong.messages(), "There is no Fivetran group 'Warehose'")
    inventory["braze_workspaces"]["hosts"]["shop_us"]["fivetran_schema"] = "{{ nowhere }}"
    refused(
        sandbox,
        offboard(sandbox, "braze_shop_us", *YES, inventory=inventory),
        "Which connection shop_us of the inventory claims cannot be read",
    )
    assert sorted(connections(sandbox)) == ["braze_shop_eu", "braze_shop_us"]
    [failed] = offboard(sandbox, "x", *YES, inventory=workspaces()).results(UNCLAIMED)
    assert failed["failure"]["code"] == "NotFound_Connection"
