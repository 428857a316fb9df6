# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""discover.yml: an inventory of what was made by hand, with which verify.yml finds nothing, and not one write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.inventories.by_hand import GCS, S3, listed, make, make_several
from tests.integration.playbooks.fleet import findings, play, workspaces
from tests.integration.playbooks.plans import planned, says, to_do
from tests.playbook import PlayResult
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, trust_policy
from tests.sandbox.client import Sandbox

DISCOVER = "onramp.braze_fivetran.workspace_discovery"
READS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{world.S3_BUCKET}"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{world.S3_BUCKET}/*"},
    ],
}


def discover(sandbox: Sandbox, path: Path, *arguments: str, **environment: str) -> PlayResult:
    """Run the playbook; the inventory is to go to ``path``."""
    given = ("-e", f"discover_file={path}", *arguments)
    return play(sandbox, "discover", *given, inventory="localhost,", **environment)


def found_by(result: PlayResult) -> dict[str, Any]:
    [found] = result.results(DISCOVER)
    return dict(found)


def make_role(sandbox: Sandbox, name: str, document: Any = None, group: str = world.GROUP_ID) -> str:
    """Make a role by hand that Fivetran can assume for a group; return its ARN."""
    iam = sandbox.aws("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy(group))
    iam.put_role_policy(RoleName=name, PolicyName="reading", PolicyDocument=json.dumps(document or READS))
    return f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/{name}"


def grant(sandbox: Sandbox, role: str, *members: str) -> None:
    """Grant a role on the bucket in Google Cloud Storage, and nothing else."""
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[{"role": role, "members": list(members)}])


def test_what_was_made_by_hand_becomes_an_inventory_and_nothing_is_written_anywhere(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_several(sandbox)
    arn = make_role(sandbox, "made-by-hand")
    grant(sandbox, "roles/storage.objectAdmin", f"serviceAccount:{world.SECOND_SERVICE_ACCOUNT}")
    sandbox.clear_journal()
    before = sandbox.state_hash()
    path = tmp_path / "inventory.yml"
    result = discover(sandbox, path)
    assert result.exit_code == 0, result.output
    assert sandbox.writes() == []
    assert sandbox.state_hash() == before
    assert {entry.method for entry in sandbox.journal("fivetran")} == {"GET"}
    assert len(sandbox.journal("fivetran", "list_connections")) == len(sandbox.journal("aws", "iam:ListRoles")) == 1
    says(
        result.output,
        "Found 4 Braze connections in 2 Fivetran groups, beside 1 connection of other services.",
        str(path),
    )
    found = listed(sandbox, tmp_path, path)
    assert found.exit_code == 0, found.errors
    assert sorted(found.groups["braze_workspaces"]) == [
        "braze_app",
        "braze_none",
        "braze_shop_jovial_daylight",
        "braze_shop_patient_harbor",
    ]
    assert found.hosts["braze_shop_jovial_daylight"] == {
        "fivetran_group": world.GROUP_ID,
        "fivetran_schema": "braze_shop",
        "braze_api_url": sandbox.env["SANDBOX_BRAZE_URL"],
        "braze_api_key": "{{ vault_braze_api_key_braze_shop_jovial_daylight }}",
        "currents_storage": "s3",
        "currents_bucket": world.S3_BUCKET,
        "currents_prefix": "currents",
        "s3_access_role_arn": arn,
    }
    assert found.hosts["braze_shop_patient_harbor"]["gcs_access_manage"] is False
    assert set(found.hosts["braze_none"]) == {
        "fivetran_group", "fivetran_schema", "braze_api_url", "braze_api_key", "currents_storage",
    }  # fmt: skip
    text = path.read_text()
    says(text, "paused in Fivetran", "daily at 03:00 UTC", "exports of user profiles from gs://acme-exports", arn)
    assert "lake" not in text


def test_a_file_that_exists_is_never_overwritten_and_nobody_is_asked_before_that_is_said(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("all:\n")
    text, before = path.read_text(), path.stat()
    for arguments in ((), ("--check",)):
        result = discover(sandbox, path, *arguments)
        assert result.exit_code != 0
        says(result.messages(), str(path), "exists already", "discover_file")
        assert found_by(result)["failure"]["code"] == "file_exists"
    assert sandbox.journal() == []
    assert (path.read_text(), path.stat().st_mtime_ns) == (text, before.st_mtime_ns)


def test_check_mode_shows_what_would_be_written_and_writes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    result = discover(sandbox, tmp_path / "inventory.yml", "--check", "--diff")
    assert result.exit_code == 0, result.output
    assert result.changed("localhost") == 1
    says(result.output, "would be written to", "+braze_workspaces:", "+      fivetran_schema: braze_app")
    assert not (tmp_path / "inventory.yml").exists()
    assert discover(sandbox, tmp_path / "inventory.yml").exit_code == 0
    assert found_by(result)["inventory"] == (tmp_path / "inventory.yml").read_text()


def keys_for(path: Path, **keys: str) -> tuple[str, ...]:
    """Fill a vault, so to speak; return the arguments that hand it over."""
    vault = path.with_name("vault.yml")
    vault.write_text(yaml.safe_dump({f"vault_braze_api_key_{host}": key for host, key in keys.items()}))
    return ("-e", f"@{vault}")


def is_in_order(sandbox: Sandbox, path: Path, *arguments: str) -> None:
    """Assert that verify.yml finds nothing with an inventory, and that onboard.yml would change nothing."""
    sandbox.clear_journal()
    verified = play(sandbox, "verify", *arguments, inventory=path)
    assert verified.exit_code == 0, verified.output
    checked = play(sandbox, "onboard", "--check", *arguments, inventory=path)
    assert checked.exit_code == 0, checked.output
    assert {host: to_do(checked, host) for host in planned(checked)} == {host: [] for host in planned(checked)}
    assert sandbox.writes() == []


@pytest.mark.slow
def test_what_this_collection_has_made_is_found_again_and_verify_finds_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    names = {"s3_access_role_name": "braze-fivetran", "s3_access_policy_name": "braze-fivetran-reads"}
    made = play(sandbox, "onboard", inventory=workspaces(shop_us={**names, "s3_access_scope": "prefix"}, shop_eu={}))
    assert made.exit_code == 0, made.output
    path = tmp_path / "inventory.yml"
    assert discover(sandbox, path).exit_code == 0
    hosts = yaml.safe_load(path.read_text())["braze_workspaces"]["hosts"]
    assert {name: value for name, value in hosts["braze_shop_us"].items() if name.startswith("s3_access")} == {
        **names,
        "s3_access_scope": "prefix",
    }
    assert [name for name in hosts["braze_shop_eu"] if name.startswith("gcs_access")] == []
    keys = {"braze_shop_us": world.BRAZE_KEY_SHOP_US, "braze_shop_eu": world.BRAZE_KEY_SHOP_EU}
    is_in_order(sandbox, path, *keys_for(path, **keys))


@pytest.mark.slow
def test_what_was_made_by_hand_is_in_order_with_its_inventory(sandbox: Sandbox, tmp_path: Path) -> None:
    arn = make_role(sandbox, "made-by-hand")
    grant(sandbox, "roles/storage.objectAdmin", f"serviceAccount:{world.SERVICE_ACCOUNT}")
    make(sandbox, "braze_us", config={**S3, "s3role_arn": arn}, sync_frequency=1440, daily_sync_time="03:00")
    make(sandbox, "braze_us_again", config={**S3, "s3role_arn": arn})
    make(sandbox, "braze_eu", config={**GCS, "api_key": world.BRAZE_KEY_SHOP_EU}, paused=True)
    path = tmp_path / "inventory.yml"
    assert discover(sandbox, path).exit_code == 0
    us, eu = world.BRAZE_KEY_SHOP_US, world.BRAZE_KEY_SHOP_EU
    is_in_order(sandbox, path, *keys_for(path, braze_us=us, braze_us_again=us, braze_eu=eu))


@pytest.mark.slow
def test_a_connection_whose_role_cannot_be_found_makes_no_finding_of_a_workspace_of_another_group(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert play(sandbox, "onboard", "--limit", "shop_us").exit_code == 0
    make(sandbox, "braze_emea", world.SECOND_GROUP_ID)
    path = tmp_path / "inventory.yml"
    assert discover(sandbox, path).exit_code == 0
    us = world.BRAZE_KEY_SHOP_US
    verified = play(sandbox, "verify", *keys_for(path, braze_shop_us=us, braze_emea=us), inventory=path)
    assert findings(verified, "braze_shop_us") == []
    assert "s3_access_role_name" not in verified.messages("braze_emea")


@pytest.mark.slow
def test_a_workspace_whose_key_was_not_filled_in_is_told_so_and_no_other_variable_is_missing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make(sandbox, "braze_none", config={"cloud_storage_type": "NONE"})
    path = tmp_path / "inventory.yml"
    assert discover(sandbox, path).exit_code == 0
    result = play(sandbox, "verify", inventory=path)
    says(result.messages("braze_none"), "braze_api_key", "vault_braze_api_key_braze_none")
    assert "1 finding" in result.messages("braze_none")


def test_no_secret_is_printed_or_written_at_the_highest_verbosity(sandbox: Sandbox, tmp_path: Path) -> None:
    # As Fivetran would send it if it did not mask.
    sandbox.seed("fivetran", "set_mask", mask=world.BRAZE_KEY_SHOP_US)
    make_several(sandbox)
    path = tmp_path / "inventory.yml"
    result = discover(sandbox, path, "-vvvv", "--diff", ANSIBLE_DISPLAY_ARGS_TO_STDOUT="true")
    assert result.exit_code == 0, result.output
    for secret in world.secrets():
        assert secret not in result.output + path.read_text()


def test_without_credentials_of_a_cloud_the_rest_is_found_and_the_file_says_what_was_not(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make(sandbox, "braze_us")
    make(sandbox, "braze_de", config={**S3, "s3folder": "de"})
    make(sandbox, "braze_eu", config=GCS)
    path = tmp_path / "inventory.yml"
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    sandbox.fault("status", server="gcs", operation="buckets.getIamPolicy", status=403, times=0)
    result = discover(sandbox, path, **nothing)
    assert result.exit_code == 0, result.output
    missing = found_by(result)["missing"]
    assert sum("AWS" in line and "credentials" in line for line in missing) == 1
    assert len([line for line in missing if line.startswith(("braze_us: ", "braze_de: ", "braze_eu: "))]) == 3
    says(path.read_text(), "# Not looked at: AWS.", '# Not looked at: the bucket "acme-currents-eu".')
    hosts = yaml.safe_load(path.read_text())["braze_workspaces"]["hosts"]
    assert sorted(hosts) == ["braze_de", "braze_eu", "braze_us"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"FIVETRAN_APIKEY": "", "FIVETRAN_APISECRET": ""},
            ["FIVETRAN_APIKEY: is empty", "FIVETRAN_APISECRET: is empty"],
        ),
        ({"FIVETRAN_APISECRET": "wrong-secret-0815"}, ["HTTP 401", "Check fivetran_api_key and fivetran_api_secret"]),
    ],
    ids=["empty", "wrong"],
)
def test_without_credentials_for_fivetran_nothing_is_written_and_that_is_told(
    sandbox: Sandbox, tmp_path: Path, environment: dict[str, str], words: list[str]
) -> None:
    result = discover(sandbox, tmp_path / "inventory.yml", **environment)
    assert result.exit_code != 0
    says(result.messages(), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_account_without_braze_connections_makes_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    make(sandbox, "lake", service="s3", config={})
    result = discover(sandbox, tmp_path / "inventory.yml")
    assert result.exit_code == 0, result.output
    says(result.output, "Found 0 Braze connections", "Nothing was written.")
    assert list(tmp_path.iterdir()) == []


def test_some_groups_are_chosen_and_credentials_may_be_variables(sandbox: Sandbox, tmp_path: Path) -> None:
    make_several(sandbox)
    path = tmp_path / "inventory.yml"
    variables = {
        "discover_groups": [world.SECOND_GROUP_NAME],
        "fivetran_api_key": world.FIVETRAN_KEY,
        "fivetran_api_secret": world.FIVETRAN_SECRET,
    }
    result = discover(
        sandbox, path, "-e", json.dumps(variables), FIVETRAN_APIKEY="another", FIVETRAN_APISECRET="another"
    )
    assert result.exit_code == 0, result.output
    hosts = yaml.safe_load(path.read_text())["braze_workspaces"]["hosts"]
    assert sorted(hosts) == ["braze_none", "braze_shop_patient_harbor"]
    unknown = discover(sandbox, tmp_path / "other.yml", "-e", "discover_groups=Warehose")
    says(unknown.messages(), "There is no Fivetran group 'Warehose'", world.GROUP_NAME)


@pytest.mark.slow
def test_the_inventory_goes_to_the_working_directory_unless_a_path_is_given(sandbox: Sandbox) -> None:
    make(sandbox, "braze_none", config={"cloud_storage_type": "NONE"})
    result = play(sandbox, "discover", "--check", inventory="localhost,")
    assert result.exit_code == 0, result.output
    says(result.output, "/inventory.yml")
