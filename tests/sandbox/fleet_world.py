# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``examples/fleet`` takes for granted beside the world of the start: keys, buckets, a second AWS account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from . import world
from .aws import CUSTOMER_ACCOUNT, REGION, SECOND_CUSTOMER_ACCOUNT, SECRET_ACCESS_KEY
from .client import CHECKOUT, Sandbox
from .currents import generate_currents

FLEET = CHECKOUT / "examples" / "fleet"
# By profile of AWS, the account in which it acts.
PROFILES = {"acme-us": CUSTOMER_ACCOUNT, "acme-emea": SECOND_CUSTOMER_ACCOUNT}
S3 = (
    (world.S3_BUCKET, ("shop", "app"), CUSTOMER_ACCOUNT),
    ("acme-loyalty-us", ("currents",), CUSTOMER_ACCOUNT),
    ("acme-currents-emea", ("currents",), SECOND_CUSTOMER_ACCOUNT),
)
GCS_PREFIXES = ("app", "loyalty")


def build_fleet(sandbox: Sandbox, folder: Path = FLEET) -> dict[str, str]:
    """Build it for the example in ``folder``; return the Braze keys by workspace."""
    keys = vault_keys(folder / "group_vars" / "braze_workspaces" / "vault.yml", folder / "vault_password")
    for key in keys.values():
        sandbox.seed("braze", "create_key", key=key)
    for bucket, prefixes, account in S3:
        s3 = sandbox.aws("s3", account)
        if bucket != world.S3_BUCKET:
            s3.create_bucket(Bucket=bucket)
        for prefix in prefixes:
            for name, content in generate_currents(hours=world.recent_hours(), **layout(prefix, "S3")):
                s3.put_object(Bucket=bucket, Key=name, Body=content)
    hours = [hour.isoformat() for hour in world.recent_hours()]
    for prefix in GCS_PREFIXES:
        sandbox.seed("gcs", "seed_currents", bucket=world.GCS_BUCKET, hours=hours, **layout(prefix, "GCS"))
    return keys


def vault_keys(path: Path, password: Path) -> dict[str, str]:
    """Return the keys of the example's encrypted file."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    vault = VaultLib([("default", VaultSecret(password.read_bytes().strip()))])
    keys: dict[str, str] = yaml.safe_load(vault.decrypt(path.read_bytes()))["vault_braze_api_keys"]
    return keys


def credentials_file(profiles: dict[str, str]) -> str:
    """Return what ``~/.aws/credentials`` would hold for profiles, by name the account."""
    sections = (
        f"[{profile}]\naws_access_key_id={account}\naws_secret_access_key={SECRET_ACCESS_KEY}\nregion={REGION}\n"
        for profile, account in profiles.items()
    )
    return "".join(sections)


def layout(prefix: str, storage: str) -> dict[str, Any]:
    """Return how Currents lays out the objects of a workspace of the fleet."""
    return {
        "prefix": prefix,
        "cluster": "prod-01",
        "storage": storage,
        "integration_id": "66f1aeb2c3d4e5f60718293c",
        "event_types": list(world.EVENT_TYPES),
    }
