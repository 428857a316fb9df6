# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Objects of a bucket in Amazon S3, through boto3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._errors import Failure, OnrampError
from .._http import RetryPolicy
from .aws_client import CALL_ERRORS, aws_from_params, call_error
from .objects import DELIMITER, PAGE_SIZE, AccessDenied, BucketMissing, Count, Page, first_filled

# Of botocore's own retries, which are for throttling, server errors and lost connections.
MOST_TRIES = 5
# Refusals of the credentials with another status than 401 and 403, or before anything was sent.
BAD_CREDENTIALS = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "no_credentials")
# What botocore raises for a configuration that it cannot use.
BAD_CONFIGURATION: tuple[type[Exception], ...] = (*CALL_ERRORS, ValueError)
# Answers of a bucket in another region that botocore could not follow by itself.
OTHER_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")


class S3Objects:
    """The objects of one S3 bucket. A bucket in another region is found by botocore itself."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self.list_calls = Count()

    def list(self, prefix: str, *, by_folder: bool, start: str = "", limit: int = PAGE_SIZE) -> Page:
        """``ListObjectsV2``; see :class:`BucketObjects`."""
        query: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": limit}
        if by_folder:
            query["Delimiter"] = DELIMITER
        if start:
            query["StartAfter"] = start
        return first_filled(self._pages(query))

    def _pages(self, query: dict[str, Any]) -> Iterator[Page]:
        complete = False
        while not complete:
            self.list_calls.one_more()
            answer = self._ask("s3:ListBucket", self._client.list_objects_v2, query)
            complete = not answer.get("IsTruncated")
            query["ContinuationToken"] = answer.get("NextContinuationToken")
            yield Page(
                names=tuple(entry["Key"] for entry in answer.get("Contents", ())),
                folders=tuple(entry["Prefix"] for entry in answer.get("CommonPrefixes", ())),
                complete=complete,
            )

    def first_bytes(self, name: str, length: int) -> bytes:
        """``GetObject`` of a range; see :class:`BucketObjects`."""
        query = {"Bucket": self._bucket, "Key": name, "Range": f"bytes=0-{length - 1}"}
        try:
            content: bytes = self._ask("s3:GetObject", self._client.get_object, query)["Body"].read(length)
        except CALL_ERRORS as error:
            raise self._error(error, "s3:GetObject") from None
        return content

    def _ask(self, action: str, call: Callable[..., Any], query: Mapping[str, Any]) -> Any:
        try:
            return call(**query)
        except CALL_ERRORS as error:
            raise self._error(error, action) from None

    def _error(self, error: Exception, action: str) -> OnrampError:
        general = call_error(error, action)
        failure = general.failure
        kind = OnrampError
        if failure.status in (401, 403) or failure.code in BAD_CREDENTIALS:
            kind = AccessDenied
        elif failure.code == "NoSuchBucket":
            kind = BucketMissing
        msg = f"{general.msg} The bucket is {self._bucket}."
        if failure.code in OTHER_REGION:
            msg += " It lies in another region, which could not be found out: name it in region."
        return kind(msg=msg, failure=failure)


def s3_objects(params: Mapping[str, Any], bucket: str, policy: RetryPolicy) -> S3Objects:
    """Return the objects of ``bucket`` for the options of ``AWS_ARGUMENTS``.

    :raises OnrampError: boto3 is missing, or the AWS configuration cannot be used.
    """
    aws = aws_from_params(params)
    try:
        client = aws.client("s3", read_timeout=policy.request_timeout, tries=_tries(policy))
    except BAD_CONFIGURATION as error:
        reason = str(error).rstrip(".")
        msg = f"The AWS configuration cannot be used: {reason}. Check profile, region and AWS_ENDPOINT_URL."
        raise OnrampError(msg=msg, failure=Failure(code="invalid_configuration", message=str(error))) from None
    return S3Objects(client, bucket)


def _tries(policy: RetryPolicy) -> int:
    """Return how often a call can time out within the time that it may take."""
    return max(1, min(MOST_TRIES, int(policy.total // max(policy.request_timeout, 1.0))))
