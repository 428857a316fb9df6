# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strict setup tests: they do what Fivetran does, and fail for the reason for which they would fail there.

A Braze connection's tests really call Braze with the stored key, really assume the stored role from Fivetran's AWS
account under the group's External ID and read the bucket, really ask GCS as the group's service account. Azure has no
server here: its test passes once everything it needs is given, and says so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .aws import BOTO_CONFIG, REGION, Aws
from .braze import SOURCE_ADDRESS
from .core import CALLER_HEADER, Hub, Json

# What every sync reads first, by the permission that each needs.
BRAZE_ENDPOINTS: Mapping[str, str] = {
    "campaigns.list": "/campaigns/list?page=0",
    "canvas.list": "/canvas/list?page=0",
    "segments.list": "/segments/list?page=0",
    "events.list": "/events/list?page=0",
    "templates.email.list": "/templates/email/list?limit=1",
}
# Where Fivetran calls from, and how the other servers know in their journal that it is Fivetran.
FIVETRAN_ADDRESS = "203.0.113.35"
FIVETRAN = {CALLER_HEADER: "fivetran"}
_TIMEOUT = aiohttp.ClientTimeout(total=6)
_FIRST_BYTES = "bytes=0-3"
# Threads of their own: those that asyncio has are needed by the proxy that they wait for.
READERS = ThreadPoolExecutor(8, thread_name_prefix="setup-tests")


def result(title: str, problem: str | None, details: Json = None) -> dict[str, Any]:
    """Return one item of ``setup_tests``; a ``problem`` makes it fail."""
    item = {"title": title, "status": "PASSED" if problem is None else "FAILED"}
    if problem is not None:
        item["message"] = problem
    if details is not None:
        item["details"] = details
    return item


def skipped(title: str, reason: str) -> dict[str, Any]:
    """Return an item of ``setup_tests`` for what could not be tried."""
    return {"title": title, "status": "SKIPPED", "message": reason}


@dataclass(frozen=True)
class Storage:
    """Where a connection reads files, out of its config: of Currents, or of exported user profiles."""

    kind: str
    bucket: str
    folder: str
    # The role's ARN, or Azure's connection string.
    access: str
    suffix: str

    @classmethod
    def currents(cls, config: Mapping[str, Any]) -> Storage:
        """Read the fields of Currents."""
        return cls._read(config, "cloud_storage_type", "s3", "", "")

    @classmethod
    def exports(cls, config: Mapping[str, Any]) -> Storage:
        """Read the fields of exported user profiles."""
        return cls._read(config, "export_storage_type", "s3_export_", "export_", " (User Profile Exports)")

    @classmethod
    def _read(cls, config: Mapping[str, Any], kind_field: str, s3: str, infix: str, suffix: str) -> Storage:
        kind = str(config.get(kind_field) or "NONE")
        names = {
            "AWS_S3": (f"{s3}bucket", f"{s3}folder", f"{s3}role_arn"),
            "GCS": (f"gcs_{infix}bucket", f"gcs_{infix}folder", ""),
            "AZURE_BLOB_STORAGE": (
                f"abs_{infix}container_name",
                f"abs_{infix}prefix",
                f"abs_{infix}connection_string",
            ),
        }.get(kind, ("", "", ""))
        bucket, folder, access = (str(config.get(name) or "") for name in names)
        return cls(kind, bucket, folder, access, suffix)

    @property
    def prefix(self) -> str:
        """Return what the names of its files begin with."""
        folder = self.folder.strip("/")
        return f"{folder}/" if folder else ""


# A test's problem, and whether there was a file to read.
TestEnd = tuple[str | None, bool]


class SetupTests:
    """Runs the tests of one connection against the other servers of the sandbox."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        # A session is expensive to make, and not safe to be used by several threads.
        self._session: boto3.session.Session | None = None
        self._lock = threading.Lock()
        # Whether a bucket whose location may not be asked for cannot be read. People give Fivetran roles that do not
        # allow it, and it reads.
        self.needs_location = False

    async def run(self, config: Mapping[str, Any], external_id: str, service_account: str) -> list[dict[str, Any]]:
        """Return the results for a ``braze`` connection with this stored config."""
        tests = [result("Validate API Credentials", await self._braze(config))]
        tests += await self._storage(Storage.currents(config), external_id, service_account)
        if config.get("enable_exports"):
            tests += await self._storage(Storage.exports(config), external_id, service_account)
        return tests

    async def _storage(self, storage: Storage, external_id: str, service_account: str) -> list[dict[str, Any]]:
        if storage.kind == "AWS_S3":
            reading = asyncio.get_running_loop().run_in_executor(READERS, self._s3, storage, external_id)
            return await _read_storage(f"Access S3 Bucket{storage.suffix}", reading)
        if storage.kind == "GCS":
            finding = self._gcs(storage, service_account)
            return await _read_storage(f"Access Google Cloud Storage Bucket{storage.suffix}", finding)
        if storage.kind == "AZURE_BLOB_STORAGE":
            given = storage.bucket and storage.access
            problem = None if given else "Container Name and Connection String are required."
            details = {"sandbox": "no Azure here: nothing was connected to"}
            return [result(f"Access Azure Container{storage.suffix}", problem, details)]
        return []

    async def _braze(self, config: Mapping[str, Any]) -> str | None:
        url, key = str(config.get("api_url") or ""), str(config.get("api_key") or "")
        if not url or not key:
            return "API URL and API Key are required."
        headers = {**FIVETRAN, "Authorization": f"Bearer {key}", SOURCE_ADDRESS: FIVETRAN_ADDRESS}
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as client:
                statuses = await asyncio.gather(*(_status(client, url + path) for path in BRAZE_ENDPOINTS.values()))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return f"Cannot connect to Braze at {url}."
        refused = {name: status for name, status in zip(BRAZE_ENDPOINTS, statuses, strict=True) if status != 200}
        if not refused:
            return None
        if len(refused) == len(BRAZE_ENDPOINTS):
            return f"Braze refused the API key: HTTP {', '.join(sorted({str(status) for status in statuses}))}."
        listed = ", ".join(f"{name} (HTTP {status})" for name, status in refused.items())
        return f"The API key lacks permissions: {listed}."

    def _s3(self, storage: Storage, external_id: str) -> TestEnd:
        if not storage.bucket or not storage.access:
            return "Bucket and Role ARN are required.", False
        aws = self.hub.servers["aws"]
        assert isinstance(aws, Aws)
        try:
            assumed = self._client("sts", aws.fivetran_credentials()).assume_role(
                RoleArn=storage.access, RoleSessionName="fivetran", ExternalId=external_id
            )["Credentials"]
        except ClientError as error:
            return _as_recorded(error, "AWSSecurityTokenService"), False
        except BotoCoreError as error:
            return f"Cannot assume role {storage.access}: {error}", False
        credentials = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
        try:
            s3 = self._client("s3", credentials)
            self._find_location(s3, storage)
            return None, _read_one_of_s3(s3, storage)
        except ClientError as error:
            return _as_recorded(error, "Amazon S3"), False
        except BotoCoreError as error:
            return f"Cannot read bucket {storage.bucket}: {error}", False

    def _find_location(self, s3: Any, storage: Storage) -> None:
        try:
            s3.get_bucket_location(Bucket=storage.bucket)
        except ClientError as error:
            if self.needs_location or error.response.get("Error", {}).get("Code") != "AccessDenied":
                raise

    def _client(self, service: str, credentials: Mapping[str, str]) -> Any:
        with self._lock:
            if self._session is None:
                self._session = boto3.session.Session(region_name=REGION)
            url = self.hub.servers["aws"].url
            client = self._session.client(service, endpoint_url=url, config=BOTO_CONFIG, **credentials)
        # After the signature, which has no part in it.
        client.meta.events.register("before-send", lambda request, **_others: request.headers.update(FIVETRAN))
        return client

    async def _gcs(self, storage: Storage, service_account: str) -> TestEnd:
        if not storage.bucket:
            return "Bucket is required.", False
        objects = f"{self.hub.servers['gcs'].url}/storage/v1/b/{quote(storage.bucket, safe='')}/o"
        headers = {**FIVETRAN, "Authorization": f"Bearer sandbox-service-account:{service_account}"}
        query = {"prefix": storage.prefix, "maxResults": "1"}
        async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as client:
            async with client.get(objects, params=query) as answer:
                listing = await answer.json(content_type=None)
                if answer.status != 200:
                    return _gcs_message(listing), False
            names = [item["name"] for item in listing.get("items", [])]
            for name in names[:1]:
                media = f"{objects}/{quote(name, safe='')}?alt=media"
                async with client.get(media, headers={"Range": _FIRST_BYTES}) as answer:
                    if answer.status not in (200, 206):
                        return _gcs_message(await answer.json(content_type=None)), False
        return None, bool(names)


async def _read_storage(title: str, finding: Awaitable[TestEnd]) -> list[dict[str, Any]]:
    try:
        problem, found = await finding
    except (aiohttp.ClientError, TimeoutError) as error:
        return [result(title, f"Cannot connect: {type(error).__name__}")]
    tests = [result(title, problem)]
    if problem is None and not found:
        tests.append(skipped(f"{title}: Read Files", "There is no file yet."))
    return tests


def _as_recorded(error: ClientError, service: str) -> str:
    """Return a refusal of AWS in the words of the client that Fivetran uses, which are on record."""
    told, answer = error.response["Error"], error.response["ResponseMetadata"]
    parts = {
        "Service": service,
        "Status Code": answer["HTTPStatusCode"],
        "Error Code": told["Code"],
        "Request ID": answer.get("RequestId", "none"),
        "Proxy": "null",
    }
    return f"{told['Message']} ({'; '.join(f'{name}: {value}' for name, value in parts.items())})"


def _read_one_of_s3(s3: Any, storage: Storage) -> bool:
    """List the folder and read a file of it; return whether there is one."""
    listing = s3.list_objects_v2(Bucket=storage.bucket, Prefix=storage.prefix, MaxKeys=1).get("Contents", [])
    for item in listing:
        s3.get_object(Bucket=storage.bucket, Key=item["Key"], Range=_FIRST_BYTES)["Body"].read()
    return bool(listing)


async def _status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as answer:
        return answer.status


def _gcs_message(body: Json) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message")) if isinstance(error, dict) else "no reason given"
