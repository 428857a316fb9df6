# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 against the listing server, and the same against ministack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.aws import CUSTOMER_ACCOUNT, REGION, SECRET_ACCESS_KEY, Ministack
from tests.sandbox.core import Hub
from tests.sandbox.gcs import Gcs
from tests.sandbox.s3_listing import S3Listing
from tests.sandbox.tests.serving import serving

BUCKET = "acme-million"
NAMES = (
    "a", "a/", "a/b", "a/b/c", "a/b/d e+f", "a/é", "ab", "b/1", "b/2", "b/2/x", "b/3", "b/3/y", "c&d/<e>",
    "ü/ö", "ü/😀",
)  # fmt: skip
CONTENT = bytes(range(256))


def s3_client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=CUSTOMER_ACCOUNT,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        region_name=REGION,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
    )


@pytest.fixture(scope="module")
def listing() -> Iterator[Any]:
    hub = Hub()
    gcs, server = Gcs(hub), S3Listing(hub)
    gcs.control_create_bucket("source")
    gcs.put_objects("source", [(name, CONTENT) for name in NAMES])
    server.control_share_bucket(BUCKET, "source")
    with serving(hub):
        yield s3_client(server.url)


@pytest.fixture(scope="module")
def ministack() -> Iterator[Any]:
    process = Ministack()
    process.launch()
    try:
        asyncio.run(process.wait())
        client = s3_client(process.url)
        client.create_bucket(Bucket=BUCKET)
        for name in NAMES:
            client.put_object(Bucket=BUCKET, Key=name, Body=CONTENT)
        yield client
    finally:
        process.stop()


def pages(client: Any, **parameters: Any) -> list[dict[str, Any]]:
    """Return what a listing says, page by page, without what may differ (times, tokens)."""
    return [
        {
            "keys": [(entry["Key"], entry["Size"], entry["ETag"]) for entry in page.get("Contents", [])],
            "prefixes": [entry["Prefix"] for entry in page.get("CommonPrefixes", [])],
            "truncated": page["IsTruncated"],
            "count": page["KeyCount"],
        }
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **parameters)
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    prefix=st.sampled_from(["", "a", "a/", "a/b", "b/", "ü/", "missing"]),
    delimiter=st.sampled_from(["", "/", "b"]),
    start_after=st.sampled_from(["", "a", "a/", "a/b", "a/b/c", "ab", "b/2", "b/2/", "b/3/z", "c", "ü/ö", "zzz"]),
    page_size=st.sampled_from([1, 2, 3, 1000]),
)
def test_it_lists_page_by_page_what_ministack_lists(
    listing: Any, ministack: Any, prefix: str, delimiter: str, start_after: str, page_size: int
) -> None:
    parameters = {
        "Prefix": prefix,
        "Delimiter": delimiter,
        "StartAfter": start_after,
        "PaginationConfig": {"PageSize": page_size},
    }

    assert pages(listing, **parameters) == pages(ministack, **parameters)


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_read_whole_and_by_range(listing: Any, name: str) -> None:
    assert listing.head_object(Bucket=BUCKET, Key=name)["ContentLength"] == 256
    assert listing.get_object(Bucket=BUCKET, Key=name)["Body"].read() == CONTENT
    part = listing.get_object(Bucket=BUCKET, Key=name, Range="bytes=0-3")
    assert (part["Body"].read(), part["ContentRange"]) == (CONTENT[:4], "bytes 0-3/256")
    assert listing.get_object(Bucket=BUCKET, Key=name, Range="bytes=-2")["Body"].read() == CONTENT[-2:]


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("head_bucket", {"Bucket": "missing"}, "404"),
        ("list_objects_v2", {"Bucket": "missing"}, "NoSuchBucket"),
        ("get_object", {"Bucket": "missing", "Key": "a"}, "NoSuchBucket"),
        ("get_object", {"Bucket": BUCKET, "Key": "missing"}, "NoSuchKey"),
        ("head_object", {"Bucket": BUCKET, "Key": "missing"}, "404"),
        ("get_object", {"Bucket": BUCKET, "Key": "a", "Range": "bytes=256-"}, "InvalidRange"),
        ("list_objects", {"Bucket": BUCKET}, "NotImplemented"),
        ("put_object", {"Bucket": BUCKET, "Key": "a", "Body": b""}, "NotImplemented"),
    ],
)
def test_errors_come_with_the_codes_of_s3(listing: Any, call: str, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(listing, call)(**parameters)

    assert raised.value.response["Error"]["Code"] == code


def test_a_bucket_is_found(listing: Any) -> None:
    assert listing.head_bucket(Bucket=BUCKET)["BucketRegion"] == REGION
    assert listing.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None


def test_only_what_exists_is_shared() -> None:
    hub = Hub()
    Gcs(hub)

    with pytest.raises(ValueError, match="no bucket"):
        S3Listing(hub).control_share_bucket(BUCKET, "missing")
