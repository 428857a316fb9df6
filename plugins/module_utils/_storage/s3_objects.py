# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Objects of a bucket in Amazon S3, through boto3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    BOTO3_ERROR: ImportError | None = None
except ImportError as import_error:
    BOTO3_ERROR = import_error

from .._errors import Failure, InvalidArgument, OnrampError
from .._http import CONNECT_TIMEOUT, RetryPolicy
from .._libraries import require_library
from .objects import DELIMITER, PAGE_SIZE, AccessDenied, BucketMissing, Page, first_filled

DEFAULT_REGION = "us-east-1"
# Of botocore's own retries, which are for throttling and server errors.
MOST_TRIES = 5

NEXT_STEPS = {
    BucketMissing: "Check the name of the bucket, and that the endpoint and the account are the right ones.",
    AccessDenied: "The credentials need s3:ListBucket on the bucket and s3:GetObject on its objects; check the profile"
    " or the other source of credentials.",
}
# Refused with 400 and not with 403.
STALE_CREDENTIALS = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired")
# Answers of a bucket in another region that botocore could not follow by itself.
OTHER_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")


class S3Objects:
    """The objects of one S3 bucket. A bucket in another region is found by botocore itself."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self.list_calls = 0

    def list(self, prefix: str, *, by_folder: bool, start: str = "", limit: int = PAGE_SIZE) -> Page:
        """``ListObjectsV2``; see :class:`BucketObjects`."""
        return first_filled(self._pages(prefix, by_folder, start, limit))

    def _pages(self, prefix: str, by_folder: bool, start: str, limit: int) -> Iterator[Page]:
        query: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": limit}
        if by_folder:
            query["Delimiter"] = DELIMITER
        if start:
            query["StartAfter"] = start
        while True:
            self.list_calls += 1
            answer = self._call("list_objects_v2", query)
            complete = not answer.get("IsTruncated")
            yield Page(
                names=tuple(entry["Key"] for entry in answer.get("Contents", ())),
                folders=tuple(entry["Prefix"] for entry in answer.get("CommonPrefixes", ())),
                complete=complete,
            )
            if complete:
                return
            query["ContinuationToken"] = answer["NextContinuationToken"]

    def first_bytes(self, name: str, length: int) -> bytes:
        """``GetObject`` of a range; see :class:`BucketObjects`."""
        answer = self._call("get_object", {"Bucket": self._bucket, "Key": name, "Range": f"bytes=0-{length - 1}"})
        try:
            content: bytes = answer["Body"].read(length)
        except BotoCoreError as error:
            raise self._no_answer("get_object", error) from None
        return content

    def _call(self, operation: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = getattr(self._client, operation)(**query)
        except ClientError as error:
            raise self._refusal(operation, error) from None
        except BotoCoreError as error:
            raise self._no_answer(operation, error) from None
        return answer

    def _refusal(self, operation: str, error: ClientError) -> OnrampError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = str(error.response.get("Error", {}).get("Message", ""))
        metadata = error.response.get("ResponseMetadata", {})
        status = metadata.get("HTTPStatusCode")
        kind: type[OnrampError] = OnrampError
        if code == "NoSuchBucket" or (status == 404 and operation == "list_objects_v2"):
            kind = BucketMissing
        elif status in (401, 403) or code in STALE_CREDENTIALS:
            kind = AccessDenied
        advice = NEXT_STEPS.get(kind, "")
        if code in OTHER_REGION:
            advice = "The bucket lies in another region, which could not be found out. Name it in region."
        return kind(
            msg=f"Amazon S3 answered with HTTP {status}. The request was {self._request(operation)}."
            f" Amazon S3 says: {code}: {message.rstrip('.')}. {advice}".rstrip(),
            failure=Failure(
                code=code or f"http_{status}",
                message=message,
                status=status,
                request=self._request(operation),
                request_id=metadata.get("RequestId"),
            ),
        )

    def _no_answer(self, operation: str, error: BotoCoreError) -> OnrampError:
        code = type(error).__name__
        message = " ".join(str(error).split()).rstrip(".")
        # No credentials, an expired login, a profile without a role ...: nothing was asked.
        kind = AccessDenied if "Credential" in code or "Token" in code or "SSO" in code else OnrampError
        return kind(
            msg=f"Amazon S3 gave no usable answer. The request was {self._request(operation)}. Cause: {message}."
            f" {NEXT_STEPS.get(kind, 'Check the network, the endpoint (AWS_ENDPOINT_URL) and the region.')}",
            failure=Failure(code=code, message=message, request=self._request(operation)),
        )

    def _request(self, operation: str) -> str:
        return f"{operation} of bucket {self._bucket}"


def s3_objects(params: Mapping[str, Any], bucket: str, policy: RetryPolicy) -> S3Objects:
    """Return the objects of ``bucket`` for the options of ``AWS_ARGUMENTS``.

    :raises InvalidArgument: there is no such profile.
    """
    require_library("boto3", BOTO3_ERROR)
    try:
        session = boto3.Session(profile_name=params.get("profile"), region_name=params.get("region"))
        client = session.client(
            "s3",
            region_name=session.region_name or DEFAULT_REGION,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=policy.request_timeout,
                retries={"mode": "standard", "total_max_attempts": _tries(policy)},
                # An emulator has no host names for buckets.
                s3={"addressing_style": "path"} if _has_own_endpoint() else None,
            ),
        )
    except BotoCoreError as error:
        raise InvalidArgument(
            f"profile: {str(error).rstrip('.')}. Check the AWS configuration and the region."
        ) from None
    return S3Objects(client, bucket)


def _tries(policy: RetryPolicy) -> int:
    """Return how often a call can time out within the time that it may take."""
    return max(1, min(MOST_TRIES, int(policy.total // max(policy.request_timeout, 1.0))))


def _has_own_endpoint() -> bool:
    return any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
