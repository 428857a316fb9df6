# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of a bucket in Amazon S3, through boto3."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._bucket.objects import DELIMITER, PAGE_SIZE, AccessDenied, BucketMissing, Count, Page, first_filled
from .._kernel.clients import Clients
from .._kernel.errors import OnrampError
from .client import aws_from_params
from .errors import ask

# For throttling, server errors and lost connections; the deadline of the call may end them before.
MOST_TRIES = 5
# Refusals of the credentials with another status than 401 and 403, or before anything was sent.
BAD_CREDENTIALS = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "no_credentials")
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
            page, query["ContinuationToken"] = self._ask("s3:ListBucket", self._client.list_objects_v2, _page, query)
            complete = page.complete
            yield page

    def first_bytes(self, name: str, length: int) -> bytes:
        """``GetObject`` of a range; see :class:`BucketObjects`."""
        query = {"Bucket": self._bucket, "Key": name, "Range": f"bytes=0-{length - 1}"}
        content: bytes = self._ask(
            "s3:GetObject", self._client.get_object, lambda answer: answer["Body"].read(length), query
        )  # fmt: skip
        return content

    def _ask(self, action: str, call: Callable[..., Any], read: Callable[[Any], Any], query: Mapping[str, Any]) -> Any:
        try:
            return ask(action, call, read, **query)
        except OnrampError as error:
            raise self._error(error) from None

    def _error(self, general: OnrampError) -> OnrampError:
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


def _page(answer: Mapping[str, Any]) -> tuple[Page, str | None]:
    """Return what an answer lists, and by which token its continuation is asked for."""
    page = Page(
        names=tuple(entry["Key"] for entry in answer.get("Contents", ())),
        folders=tuple(entry["Prefix"] for entry in answer.get("CommonPrefixes", ())),
        complete=not answer.get("IsTruncated"),
    )
    return page, answer.get("NextContinuationToken")


def s3_objects(params: Mapping[str, Any], bucket: str, clients: Clients | None = None) -> S3Objects:
    """Return the objects of ``bucket`` for the options of ``AWS_OPTIONS`` and ``HTTP_OPTIONS``.

    :raises OnrampError: boto3 is missing, or the AWS configuration cannot be used.
    """
    aws = aws_from_params(params, clients=clients)
    client = aws.client("s3", tries=MOST_TRIES)
    return S3Objects(client, bucket)
