# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role s3_access with each release of amazon.aws that users may have, with a new boto3 and the oldest it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.collection import CHECKOUT
from tests.install_collections import OLDEST_BOTO3, RELEASES
from tests.integration.storage.reading import ROLE_ARN, S3, Connection
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them, and installs the releases.
pytestmark = pytest.mark.slow

INSTALLED = CHECKOUT / ".cache" / "amazon-aws"
BOUNDARY = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Boundary"
READS_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
PLAY: list[dict[str, Any]] = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": ["onramp.braze_fivetran.s3_access"],
        "tasks": [
            {
                "name": "Out comes",
                "ansible.builtin.debug": {"msg": "{{ [lookup(version_lookup, 'amazon.aws'), arn] }}"},
            }
        ],
        "vars": {
            "s3_access_external_id": world.GROUP_ID,
            "s3_access_bucket": world.S3_BUCKET,
            "arn": "{{ s3_access_fivetran_role_arn | default('nothing') }}",
            "version_lookup": "onramp.braze_fivetran.collection_version",
        },
    }
]


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> Path:
    """Give the collections path of one release of amazon.aws."""
    path: Path = INSTALLED / request.param
    if not path.is_dir():
        pytest.skip("make .cache/amazon-aws.stamp installs the releases of amazon.aws")
    return path


@pytest.fixture(params=["newest", "oldest"])
def environment(request: pytest.FixtureRequest, release: Path) -> dict[str, str]:
    """Give what lets a play use the release, with one boto3 or the other."""
    boto3 = {"PYTHONPATH": str(release / OLDEST_BOTO3)} if request.param == "oldest" else {}
    return {"ANSIBLE_COLLECTIONS_PATH": str(release), **boto3}


def version(release: Path) -> str:
    manifest = json.loads((release / "ansible_collections" / "amazon" / "aws" / "MANIFEST.json").read_text())
    return str(manifest["collection_info"]["version"])


def play(sandbox: Sandbox, environment: dict[str, str], **variables: str) -> PlayResult:
    result = run_playbook(sandbox, PLAY, "--extra-vars", json.dumps(variables), environment=environment)
    assert result.exit_code == 0, result.output
    # amazon.aws prints deprecations of options that the collection can give or leave out.
    assert "instance_profile" not in result.output
    return result


def profiles(sandbox: Sandbox) -> list[str]:
    return [row["InstanceProfileName"] for row in sandbox.aws("iam").list_instance_profiles()["InstanceProfiles"]]


def roles(sandbox: Sandbox) -> list[str]:
    return [row["RoleName"] for row in sandbox.aws("iam").list_roles()["Roles"]]


def test_the_role_does_its_work_sets_a_boundary_and_leaves_no_instance_profile(
    sandbox: Sandbox, release: Path, environment: dict[str, str]
) -> None:
    result = play(sandbox, environment)
    [out] = [task.result["msg"] for task in result.tasks if task.task == "Out comes"]
    assert out == [version(release), ROLE_ARN]
    assert profiles(sandbox) == []
    assert Connection(sandbox, S3).problems() == []

    iam = sandbox.aws("iam")
    iam.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps(READS_ALL))
    assert play(sandbox, environment, s3_access_permissions_boundary=BOUNDARY).changed("localhost") == 1
    assert iam.get_role(RoleName="Fivetran")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    assert play(sandbox, environment, s3_access_permissions_boundary=BOUNDARY).changed("localhost") == 0

    # As earlier releases of amazon.aws have made it.
    iam.create_instance_profile(InstanceProfileName="Fivetran")
    iam.add_role_to_instance_profile(InstanceProfileName="Fivetran", RoleName="Fivetran")
    assert play(sandbox, environment, s3_access_state="absent").changed("localhost") == 1
    assert (roles(sandbox), profiles(sandbox)) == ([], [])
