# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the examples for users take for granted."""

from __future__ import annotations

import json

from tests.sandbox import world
from tests.sandbox.aws import trust_policy
from tests.sandbox.client import Sandbox

# What a reader has in a vault.
VAULT = {
    "vault_shop_us_key": world.BRAZE_KEY_SHOP_US,
    "vault_shop_eu_key": world.BRAZE_KEY_SHOP_EU,
    "vault_shop_az_key": world.BRAZE_KEY_SHOP_US,
    "vault_fivetran_webhook_secret": "sandbox-webhook-secret-8c1f4b7d",
    "vault_azure_connection_string": (
        "DefaultEndpointsProtocol=https;AccountName=sandbox;AccountKey=c2FuZGJveC1henVyZS1rZXk="
    ),
}


def let_fivetran_read(sandbox: Sandbox) -> None:
    """Let Fivetran read the buckets, as s3_access and gcs_access do."""
    s3, iam = sandbox.aws("s3"), sandbox.aws("iam")
    s3.create_bucket(Bucket="acme-profile-exports")
    for role, bucket in (("Fivetran", world.S3_BUCKET), ("Fivetran-Exports", "acme-profile-exports")):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust_policy(world.GROUP_ID))
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        statement = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": resources}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="reading", PolicyDocument=document)
    binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{world.SERVICE_ACCOUNT}"]}
    sandbox.seed("gcs", "set_policy", bucket=world.GCS_BUCKET, bindings=[binding])


def make_connection(sandbox: Sandbox) -> None:
    """Make the connection that the examples name."""
    made = sandbox.seed("fivetran", "add_connection", group_id=world.GROUP_ID, service="braze", schema="braze_shop_us")
    status = {"setup_state": "connected", "sync_state": "scheduled"}
    sandbox.seed("fivetran", "edit_connection", id=made["id"], status=status)
