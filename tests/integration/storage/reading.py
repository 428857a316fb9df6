# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Fivetran can do with a grant: by the strict setup tests of the sandbox, and by trying it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import requests
from botocore.exceptions import ClientError

from tests.sandbox import world
from tests.sandbox.aws import CUSTOMER_ACCOUNT, FIVETRAN_ACCOUNT
from tests.sandbox.client import Sandbox

ROLE_ARN = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:role/Fivetran"
POLICY_ARN = f"arn:aws:iam::{CUSTOMER_ACCOUNT}:policy/Fivetran-S3-Access"
S3 = {
    "cloud_storage_type": "AWS_S3",
    "s3bucket": world.S3_BUCKET,
    "s3folder": world.PREFIX,
    "s3role_arn": ROLE_ARN,
}
GCS = {"cloud_storage_type": "GCS", "gcs_bucket": world.GCS_BUCKET, "gcs_folder": world.PREFIX}


class Connection:
    """A Braze connection in the sandbox's Fivetran, whose setup tests judge a grant."""

    def __init__(self, sandbox: Sandbox, config: Mapping[str, Any], group_id: str = world.GROUP_ID) -> None:
        self._sandbox = sandbox
        body = {
            "group_id": group_id,
            "service": "braze",
            "paused": True,
            "run_setup_tests": False,
            "destination_schema_names": "FIVETRAN_NAMING",
            "config": {
                "schema": "braze",
                "api_url": sandbox.env["SANDBOX_BRAZE_URL"],
                "api_key": world.BRAZE_KEY_SHOP_US,
                **config,
            },
        }
        self._id = self._post("/v1/connections", body)["id"]

    def problems(self) -> list[str]:
        """Return what the failing setup tests say; nothing if Fivetran accepts the grant."""
        tests = self._post(f"/v1/connections/{self._id}/test", {})["setup_tests"]
        return [f"{test['title']}: {test.get('message')}" for test in tests if test["status"] != "PASSED"]

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        env = self._sandbox.env
        answer = requests.post(
            env["FIVETRAN_API_URL"] + path,
            data=json.dumps(body),
            headers={"Accept": "application/json;version=2", "Content-Type": "application/json"},
            auth=(env["FIVETRAN_APIKEY"], env["FIVETRAN_APISECRET"]),
            timeout=60,
        )
        assert answer.status_code in (200, 201), answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data


def assume(sandbox: Sandbox, external_id: str | None = world.GROUP_ID, role_arn: str = ROLE_ARN) -> dict[str, str]:
    """Assume the role as Fivetran's account; returns the session's credentials for ``sandbox.aws``."""
    given = {} if external_id is None else {"ExternalId": external_id}
    sts = sandbox.aws("sts", account=FIVETRAN_ACCOUNT)
    credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName="fivetran", **given)["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Tell whether AWS refuses a call for want of permission; any other error is raised."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "403"):
            return True
        raise
    return False
