# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role fivetran_connection in plays, beginning with those that its README shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.playbook import CHECKOUT, PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.aws import trust_policy
from tests.sandbox.client import Sandbox

README = (CHECKOUT / "roles" / "fivetran_connection" / "README.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
CONNECTION_STRING = "DefaultEndpointsProtocol=https;AccountName=sandbox;AccountKey=c2FuZGJveC1henVyZS1rZXk="
SECRETS = {
    "vault_shop_us_key": world.BRAZE_KEY_SHOP_US,
    "vault_shop_eu_key": world.BRAZE_KEY_SHOP_EU,
    "vault_shop_az_key": world.BRAZE_KEY_SHOP_US,
    "vault_azure_connection_string": CONNECTION_STRING,
}


def prepare(sandbox: Sandbox) -> None:
    """Make what the examples take for granted: buckets, roles with their policies, the grant."""
    s3, iam = sandbox.aws("s3"), sandbox.aws("iam")
    s3.create_bucket(Bucket="acme-profile-exports")
    for role, bucket in (("Fivetran", world.S3_BUCKET), ("Fivetran-Exports", "acme-profile-exports")):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        statement = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": resources}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="reading", PolicyDocument=document)
    member = f"serviceAccount:{world.SERVICE_ACCOUNT}"
    binding = {"role": "roles/storage.objectViewer", "members": [member]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[binding])


def run_example(sandbox: Sandbox, number: int, *arguments: str, **changes: Any) -> PlayResult:
    """Run an example of the README with the sandbox's Braze instead of the real one."""
    plays = yaml.safe_load(re.sub(r"https://rest\.[a-z0-9.-]+", sandbox.env["SANDBOX_BRAZE_URL"], EXAMPLES[number]))
    plays[0]["vars"] = SECRETS
    plays[0]["tasks"][0]["vars"].update({"fivetran_connection_setup_test_retries": 0, **changes})
    return run_playbook(sandbox, plays, *arguments)


@pytest.mark.parametrize(
    ("number", "storage", "exports"),
    [(0, "AWS_S3", False), (1, "GCS", False), (2, "AZURE_BLOB_STORAGE", False), (3, "NONE", True)],
    ids=["S3", "GCS", "Azure", "none, with exports"],
)
def test_the_playbook_that_the_readme_shows_for_each_storage_connects(
    sandbox: Sandbox, number: int, storage: str, exports: bool
) -> None:
    prepare(sandbox)
    result = run_example(sandbox, number)
    assert result.exit_code == 0, result.output
    [connection] = sandbox.state()["fivetran"]["connections"].values()
    assert connection["status"]["setup_state"] == "connected"
    assert connection["paused"] is False
    assert connection["config"]["cloud_storage_type"] == storage
    assert connection["config"]["enable_exports"] is exports
    sandbox.clear_journal()
    again = run_example(sandbox, number)
    assert again.changed("localhost") == 0
    assert sandbox.writes() == []


@pytest.mark.parametrize(
    ("number", "changes", "words"),
    [
        (0, {"fivetran_connection_role_arn": ""}, ["fivetran_connection_role_arn", "needed", "storage: s3"]),
        (0, {"fivetran_connection_container": "c"}, ["fivetran_connection_container", "belong", "azure"]),
        (1, {"fivetran_connection_bucket": ""}, ["fivetran_connection_bucket", "needed", "gcs"]),
        (
            1,
            {"fivetran_connection_role_arn": "arn:aws:iam::1:role/x"},
            ["fivetran_connection_role_arn", "belong", "s3"],
        ),
        (2, {"fivetran_connection_connection_string": ""}, ["fivetran_connection_connection_string", "needed"]),
        (3, {"fivetran_connection_exports_bucket": ""}, ["fivetran_connection_exports_bucket", "needed"]),
        (3, {"fivetran_connection_history_from": "01.01.2026"}, ["history_from", "YYYY-MM-DD", "01.01.2026"]),
        (3, {"fivetran_connection_api_url": "US-01"}, ["fivetran_connection_api_url", "https://rest.", "US-01"]),
        (3, {"fivetran_connection_api_key": ""}, ["fivetran_connection_api_key", "needed"]),
        (3, {"fivetran_connection_storage": "ftp"}, ["fivetran_connection_storage", "s3, gcs, azure, none"]),
    ],
    ids=lambda value: next(iter(value)).removeprefix("fivetran_connection_") if isinstance(value, dict) else "",
)
def test_settings_that_do_not_go_together_are_refused_before_fivetran_is_asked(
    sandbox: Sandbox, number: int, changes: dict[str, Any], words: list[str]
) -> None:
    result = run_example(sandbox, number, **changes)
    assert result.exit_code != 0
    for word in words:
        assert word in result.messages()
    assert CONNECTION_STRING not in result.output
    assert sandbox.journal("fivetran") == []


def test_absent_removes_the_connection_and_needs_no_more_than_its_name(sandbox: Sandbox) -> None:
    prepare(sandbox)
    run_example(sandbox, 1)
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "roles": [
                {
                    "role": "onramp.braze_fivetran.fivetran_connection",
                    "vars": {
                        "fivetran_connection_state": "absent",
                        "fivetran_connection_group_id": world.GROUP_ID,
                        "fivetran_connection_schema": "braze_shop_eu",
                    },
                }
            ],
        }
    ]
    assert run_playbook(sandbox, plays).changed("localhost") == 1
    assert sandbox.state()["fivetran"]["connections"] == {}
    assert run_playbook(sandbox, plays).changed("localhost") == 0
