# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of a bucket cannot lead to another one: what no bucket is named is refused before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._bucket.names import expected_name

from tests.modules import run_module
from tests.sandbox import world
from tests.sandbox.client import Sandbox

GCS = {"member": world.SERVICE_ACCOUNT}
MODULES: list[tuple[str, str, dict[str, Any], str]] = [
    ("gcs_bucket_iam_member", "bucket", GCS, world.GCS_BUCKET),
    ("gcs_bucket_iam_info", "bucket", GCS, world.GCS_BUCKET),
    ("gcs_bucket_preflight_info", "bucket", GCS, world.GCS_BUCKET),
    ("braze_currents_info", "bucket", {"storage": "gcs"}, world.GCS_BUCKET),
    ("braze_currents_info", "bucket", {"storage": "s3"}, world.S3_BUCKET),
    ("s3_access_plan_info", "buckets", {"external_id": world.GROUP_ID}, world.S3_BUCKET),
    (
        "s3_bucket_preflight_info",
        "buckets",
        {"role_arn": "arn:aws:iam::111122223333:role/Fivetran"},
        world.S3_BUCKET,
    ),
]
OTHERS = ("x/../{0}", "{0}/..", "{0}?x=y", "{0}#x", "../{0}", "{0}/currents", "{0}\n", "{0}%2f..", "..", "", "gs://{0}")


@pytest.mark.parametrize(("module", "option", "arguments", "bucket"), MODULES)
def test_what_no_bucket_is_named_is_refused_before_the_first_request(
    running_sandbox: Sandbox, module: str, option: str, arguments: dict[str, Any], bucket: str
) -> None:
    running_sandbox.reset()
    for name in (other.format(bucket) for other in OTHERS):
        value = [name] if option == "buckets" else name
        result = run_module(module, {**arguments, option: value}, running_sandbox.env)
        assert result.failed, name
        assert result.code == "invalid_argument", name
        assert result.msg.startswith(f"{option}: expected the name of a bucket"), result.msg
    asked = [entry.operation for entry in running_sandbox.journal() if not entry.operation.startswith("sts:")]
    assert asked == []


@pytest.mark.parametrize(
    ("storage", "name", "possible"),
    [
        ("s3", "acme.currents-1", True),
        ("s3", "acme_currents", False),
        ("s3", "a" * 64, False),
        ("gcs", "acme_currents", True),
        ("gcs", "assets.example.com", True),
        ("gcs", "googcurrents", False),
        ("gcs", "Acme", False),
        ("azure", "$web", True),
        ("azure", "acme--currents", False),
    ],
)
def test_each_cloud_has_its_own_rules(storage: str, name: str, possible: bool) -> None:
    assert (expected_name(storage, name) == "") == possible
