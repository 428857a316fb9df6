# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strict setup tests: they do what Fivetran does, and fail for the reason for which they would fail there.

A Braze connection's tests really call Braze with the stored key, really assume the stored role from Fivetran's AWS
account under the group's External ID and read the bucket, really ask GCS as the group's service account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.sandbox.aws import FIVETRAN_ACCOUNT, REGION, SECRET_ACCESS_KEY
from tests.sandbox.core import Hub, Json

# One endpoint that a sync cannot do without.
BRAZE_ENDPOINT = "/campaigns/list?page=0"
STORAGE_FIELDS = {
    "cloud_storage_type": {
        "AWS_S3": ("s3bucket", "s3folder", "s3role_arn"),
        "GCS": ("gcs_bucket", "gcs_folder"),
        "AZURE_BLOB_STORAGE": ("abs_container_name", "abs_prefix", "abs_connection_string"),
    },
    "export_storage_type": {
        "AWS_S3": ("s3_export_bucket", "s3_export_folder", "s3_export_role_arn"),
        "GCS": ("gcs_export_bucket", "gcs_export_folder"),
        "AZURE_BLOB_STORAGE": (
            "abs_export_container_name",
            "abs_export_prefix",
            "abs_export_connection_string",
        ),
    },
}
_BOTO = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
_TIMEOUT = aiohttp.ClientTimeout(total=10)


def result(title: str, problem: str | None, details: Json = None) -> dict[str, Any]:
    """Return one item of ``setup_tests``; a ``problem`` makes it fail."""
    item = {"title": title, "status": "PASSED" if problem is None else "FAILED"}
    if problem is not None:
        item["message"] = problem
        if details is not None:
            item["details"] = details
    return item


class SetupTests:
    """Runs the tests of one connection against the other servers of the sandbox."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def run(self, config: dict[str, Any], external_id: str, service_account: str) -> list[dict[str, Any]]:
        """Return the results for a ``braze`` connection with this stored config."""
        tests = [result("Validate API Credentials", await self._braze(config))]
        kinds = ["cloud_storage_type"] + (["export_storage_type"] if config.get("enable_exports") else [])
        for kind in kinds:
            storage = config.get(kind) or "NONE"
            suffix = "" if kind == "cloud_storage_type" else " (User Profile Exports)"
            if storage in STORAGE_FIELDS[kind]:
                values = [str(config.get(name) or "") for name in STORAGE_FIELDS[kind][storage]]
                tests += await self._storage(storage, suffix, values, external_id, service_account)
        return tests

    async def _storage(
        self, storage: str, suffix: str, values: list[str], external_id: str, service_account: str
    ) -> list[dict[str, Any]]:
        if storage == "AWS_S3":
            title = f"Access S3 Bucket{suffix}"
            return [result(title, await asyncio.to_thread(self._s3, values, external_id))]
        if storage == "GCS":
            return [result(f"Access Google Cloud Storage Bucket{suffix}", await self._gcs(values, service_account))]
        container, _prefix, connection_string = values
        problem = None if container and connection_string else "Container Name and Connection String are required."
        return [result(f"Access Azure Container{suffix}", problem)]

    async def _braze(self, config: dict[str, Any]) -> str | None:
        url, key = str(config.get("api_url") or ""), str(config.get("api_key") or "")
        if not url or not key:
            return "API URL and API Key are required."
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as client,
                client.get(url + BRAZE_ENDPOINT, headers={"Authorization": f"Bearer {key}"}) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return f"Cannot connect to Braze at {url}."
        return None if status == 200 else f"Braze refused the API key: HTTP {status}."

    def _s3(self, values: list[str], external_id: str) -> str | None:
        bucket, folder, role_arn = values
        if not bucket or not role_arn:
            return "Bucket and Role ARN are required."
        try:
            credentials = self._client(
                "sts", aws_access_key_id=FIVETRAN_ACCOUNT, aws_secret_access_key=SECRET_ACCESS_KEY
            ).assume_role(RoleArn=role_arn, RoleSessionName="fivetran", ExternalId=external_id)["Credentials"]
        except (ClientError, BotoCoreError) as error:
            return f"Cannot assume role {role_arn}: {error}"
        s3 = self._client(
            "s3",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )
        return _first_problem(
            lambda: s3.get_bucket_location(Bucket=bucket),
            lambda: _read_one(s3, bucket, f"{folder.strip('/')}/" if folder.strip("/") else ""),
            what=f"Cannot read bucket {bucket}",
        )

    def _client(self, service: str, **credentials: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.hub.servers["aws"].url,
            region_name=REGION,
            config=_BOTO,
            **credentials,
        )

    async def _gcs(self, values: list[str], service_account: str) -> str | None:
        bucket, folder = values
        if not bucket:
            return "Bucket is required."
        base = self.hub.servers["gcs"].url
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        headers = {"Authorization": f"Bearer sandbox-service-account:{service_account}"}
        listing = f"{base}/storage/v1/b/{quote(bucket, safe='')}/o?maxResults=5&prefix={quote(prefix, safe='')}"
        async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as client:
            async with client.get(listing) as answer:
                body = await answer.json(content_type=None)
                if answer.status != 200:
                    return f"{service_account} cannot list bucket {bucket}: {_gcs_message(body)}"
            names = [item["name"] for item in body.get("items", [])]
            for name in names[:1]:
                path = f"{base}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}?alt=media"
                async with client.get(path, headers={"Range": "bytes=0-3"}) as answer:
                    if answer.status not in (200, 206):
                        return f"{service_account} cannot read objects of bucket {bucket}: HTTP {answer.status}"
        return None


def _read_one(s3: Any, bucket: str, prefix: str) -> None:
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents", []):
        s3.get_object(Bucket=bucket, Key=item["Key"], Range="bytes=0-3")["Body"].read()


def _first_problem(*steps: Callable[[], Any], what: str) -> str | None:
    for step in steps:
        try:
            step()
        except (ClientError, BotoCoreError) as error:
            return f"{what}: {error}"
    return None


def _gcs_message(body: Json) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message")) if isinstance(error, dict) else "no reason given"
