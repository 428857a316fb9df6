# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows a guide from its top to its end gets what it says, step by step.

Files and commands are those of the page; only Braze's address and the keys are the sandbox's.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.collection import CHECKOUT
from tests.documents import blocks
from tests.integration.docs.story import STORIES, Story
from tests.integration.playbooks.fleet import connections, currents, grants, iam_names, play, policy_document
from tests.integration.playbooks.shapes import GUIDE, Shape
from tests.integration.storage.identities import make_deployment_roles
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

OTHER_BUCKET = "acme-loyalty-us"


def make_bucket(sandbox: Sandbox, bucket: str, account: str = CUSTOMER_ACCOUNT, prefix: str = "currents") -> None:
    """Make a bucket, unless it is there, in which Currents writes."""
    s3 = sandbox.aws("s3", account)
    if bucket != world.S3_BUCKET:
        s3.create_bucket(Bucket=bucket)
    for name, content in currents(prefix, "S3"):
        s3.put_object(Bucket=bucket, Key=name, Body=content)


def make_readers(sandbox: Sandbox) -> None:
    """Make a role beside Deployment in each account that may read, and not write."""
    reads = {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "s3:Get*", "s3:List*"], "Resource": "*"}
    for account in (CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT):
        iam = sandbox.aws("iam", account)
        trust = iam.get_role(RoleName="Deployment")["Role"]["AssumeRolePolicyDocument"]
        iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=json.dumps(trust))
        document = json.dumps({"Version": "2012-10-17", "Statement": [reads]})
        iam.put_role_policy(RoleName="Reader", PolicyName="reading", PolicyDocument=document)


def running(sandbox: Sandbox) -> list[str]:
    """Return the schemas of the connections that are connected and not paused."""
    found = connections(sandbox).items()
    return sorted(name for name, row in found if row["status"]["setup_state"] == "connected" and not row["paused"])


@pytest.mark.slow
def test_a_workspace_moves_to_another_folder_bucket_and_schema_as_the_guide_says(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_bucket(sandbox, OTHER_BUCKET)
    steps = Story(sandbox, "guide_changes", tmp_path).told()
    assert next(steps)[1].exit_code == 0
    first = connections(sandbox)["braze_shop_us"]["id"]

    # Currents has not followed yet: it still writes to the folder of before.
    _command, early = next(steps)
    assert early.exit_code != 0
    assert "currents" in early.messages("shop_us")
    make_bucket(sandbox, world.S3_BUCKET, prefix="braze/currents")
    assert next(steps)[1].exit_code == 0
    assert connections(sandbox)["braze_shop_us"]["config"]["s3folder"] == "braze/currents"

    _command, refused = next(steps)
    assert refused.exit_code != 0
    assert world.S3_BUCKET in refused.messages("shop_us")
    assert OTHER_BUCKET in refused.messages("shop_us")
    assert next(steps)[1].exit_code == 0
    moved = connections(sandbox)["braze_shop_us"]
    assert (moved["id"], moved["config"]["s3bucket"]) == (first, OTHER_BUCKET)
    assert world.S3_BUCKET in policy_document(sandbox)

    _command, doubled = next(steps)
    assert doubled.exit_code == 0, doubled.output
    assert running(sandbox) == ["braze_shop_us", "braze_storefront_us"]
    _command, removed = next(steps)
    assert removed.exit_code == 0, removed.output
    assert running(sandbox) == ["braze_storefront_us"]
    assert OTHER_BUCKET in policy_document(sandbox)
    assert "resync" not in str([entry.operation for entry in sandbox.journal("fivetran")])
    assert list(steps) == []


@pytest.mark.slow
def test_workspaces_are_connected_as_hosts_and_by_a_loop_each_with_its_own_bucket_and_role(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    make_bucket(sandbox, OTHER_BUCKET)
    Shape(managed={"read-currents": GUIDE}, role="fivetran-reader", path="/vendors/").build(sandbox)
    steps = Story(sandbox, "guide_loops", tmp_path).told()
    _command, hosts = next(steps)
    assert hosts.exit_code == 0, hosts.output
    assert "loyalty_us lands in the schema braze_loyalty_us" in hosts.output
    assert running(sandbox) == ["braze_loyalty_us", "braze_shop_us"]

    _command, looped = next(steps)
    assert looped.exit_code == 0, looped.output
    made = {name: row["config"] for name, row in connections(sandbox).items()}
    role = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role"
    for name, bucket, arn, history in (
        ("braze_app_us", world.S3_BUCKET, f"{role}/Fivetran-app_us", "2026-01-01"),
        ("braze_web_us", OTHER_BUCKET, f"{role}/Fivetran-web_us", None),
        ("braze_pos_us", world.S3_BUCKET, f"{role}/vendors/fivetran-reader", None),
    ):
        config = made[name]
        assert (config["s3bucket"], config["s3role_arn"]) == (bucket, arn)
        assert config.get("historical_sync_limit_date") == history
        assert name in running(sandbox)
    assert not [secret for secret in world.secrets() if secret in looped.output]
    _command, again = next(steps)
    assert again.changed("localhost") == 0
    assert list(steps) == []


@pytest.mark.slow
def test_each_team_has_a_vault_and_a_closed_one_stops_its_own_workspaces_only(sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("us", "emea", "us-2027"):
        (tmp_path / f"{name}.password").write_text(f"password-of-{name}\n")
    sandbox.seed("braze", "create_key", key="KEY-OF-SHOP-US")
    sandbox.seed("braze", "create_key", key="KEY-OF-SHOP-EU")
    steps = Story(sandbox, "guide_vault", tmp_path).told()
    for _file in ("us", "emea"):
        assert next(steps)[1].exit_code == 0
        assert "$ANSIBLE_VAULT" in (tmp_path / "group_vars" / _file / "vault.yml").read_text()
    _command, onboarded = next(steps)
    assert onboarded.exit_code == 0, onboarded.output
    assert running(sandbox) == ["braze_shop_eu", "braze_shop_us"]

    _command, limited = next(steps)
    assert limited.exit_code == 0, limited.output
    assert list(limited.stats) == ["shop_us"]
    for _command in ("decrypt", "encrypt_string", "mv"):
        command, result = next(steps)
        assert result.exit_code == 0, f"{command}: {result.output}"
    _command, closed = next(steps)
    assert [task.host for task in closed.failures()] == ["shop_eu"]
    assert "braze_api_key" in closed.messages("shop_eu")
    _command, rekeyed = next(steps)
    assert rekeyed.exit_code == 0, rekeyed.output
    assert list(steps) == []


@pytest.mark.slow
def test_one_identity_onboards_the_buckets_of_two_accounts(sandbox: Sandbox, tmp_path: Path) -> None:
    make_deployment_roles(sandbox)
    make_readers(sandbox)
    make_bucket(sandbox, "acme-currents-emea", SECOND_CUSTOMER_ACCOUNT)
    steps = Story(sandbox, "guide_organizations", tmp_path).told()
    for _playbook in ("onboard", "verify"):
        _command, result = next(steps)
        assert result.exit_code == 0, result.output
    for account in (CUSTOMER_ACCOUNT, SECOND_CUSTOMER_ACCOUNT):
        assert "Fivetran" in iam_names(sandbox, account)
    assert running(sandbox) == ["braze_shop_emea", "braze_shop_us"]
    assert list(steps) == []


@pytest.mark.slow
def test_a_container_in_azure_is_connected_and_its_string_never_shows(sandbox: Sandbox, tmp_path: Path) -> None:
    for _command, result in Story(sandbox, "guide_azure", tmp_path).told():
        assert result.exit_code == 0, result.output
        assert "c2FuZGJveC1henVyZS1rZXk" not in result.output
    assert running(sandbox) == ["braze_shop_az"]


@pytest.mark.slow
def test_history_is_limited_and_a_table_left_out_before_the_first_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    steps = Story(sandbox, "guide_cost", tmp_path).told()
    _command, made = next(steps)
    assert made.exit_code == 0, made.output
    connection = connections(sandbox)["braze_shop_us"]
    assert connection["paused"] is True
    assert connection["config"]["historical_sync_limit_date"] == "2026-01-01"
    _command, tables = next(steps)
    assert tables.exit_code == 0, tables.output
    command, started = next(steps)
    assert started.exit_code == 0, started.output
    assert running(sandbox) == ["braze_shop_us"]
    # The next night.
    again = Story(sandbox, "guide_cost", tmp_path).run(command)
    assert (again.exit_code, again.changed("shop_us")) == (0, 0)
    assert running(sandbox) == ["braze_shop_us"]
    assert list(steps) == []


def test_every_guide_is_told_by_a_test_and_stands_on_the_site() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    index = (CHECKOUT / "docs" / "index.md").read_text().splitlines()
    for name in STORIES:
        assert f'Story(sandbox, "{name}"' in tests
        assert name in index


@pytest.mark.slow
def test_who_comes_from_terraform_or_stays_with_it_has_nothing_written_that_is_not_asked_for(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Terraform's own objects stand in for Terraform: a role below a path, a grant on the bucket."""
    Shape(managed={"read-currents": GUIDE}, role="fivetran-reader", path="/vendors/").build(sandbox)
    grant = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{world.SERVICE_ACCOUNT}"]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[grant])
    before = iam_names(sandbox), grants(sandbox)
    steps = Story(sandbox, "guide_terraform", tmp_path).told()
    _command, staying = next(steps)
    assert staying.exit_code == 0, staying.output
    assert (iam_names(sandbox), grants(sandbox)) == before
    assert running(sandbox) == ["braze_shop_eu", "braze_shop_us"]
    sandbox.clear_journal()
    command, found = next(steps)
    assert found.exit_code == 0, f"{command}: {found.output}"
    discovered = yaml.safe_load((tmp_path / "found.yml").read_text())
    assert sorted(discovered["braze_workspaces"]["hosts"]) == ["braze_shop_eu", "braze_shop_us"]
    assert sandbox.writes() == []
    assert list(steps) == []


@pytest.mark.slow
def test_the_code_for_terraform_is_what_onboarding_makes(sandbox: Sandbox) -> None:
    """Terraform imports without a difference what is the same in all that it compares."""
    assert play(sandbox, "onboard", "--limit", "shop_us").exit_code == 0
    [code] = blocks(CHECKOUT / "docs" / "guide_terraform.md", "hcl")
    policy, role = (
        json.loads(text) for text in re.findall(r"jsonencode\((\{.*?^  \})\)", code, re.DOTALL | re.MULTILINE)
    )
    descriptions = re.findall(r"description = (.*)", code)
    tags = [dict([pair]) for pair in re.findall(r'tags        = \{ "(.*)" = "(.*)" \}', code)]
    iam = sandbox.aws("iam")
    arn = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Fivetran-S3-Access"
    made = iam.get_policy(PolicyArn=arn)["Policy"], iam.get_role(RoleName="Fivetran")["Role"]
    assert json.loads(policy_document(sandbox)) == policy
    assert made[1]["AssumeRolePolicyDocument"] == role
    assert [json.loads(text) for text in descriptions] == [entry["Description"] for entry in made]
    assert tags == [{tag["Key"]: tag["Value"] for tag in entry["Tags"]} for entry in made]
    ids = re.findall(r"id = \"(.*)\"", code)
    assert ids == [arn, "Fivetran", f"Fivetran/{arn}"]
