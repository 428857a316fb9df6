# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of a bucket in Google Cloud Storage, through Google's own client."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._bucket.objects import DELIMITER, PAGE_SIZE, AccessDenied, BucketMissing, Count, Page, first_filled
from .._kernel.clients import Clients
from .._kernel.deadline import CLOCK, Clock
from .._kernel.errors import OnrampError
from .._kernel.http.call import RetryPolicy
from .client import bounded_retry, gcs_bucket
from .errors import CALL_ERRORS, call_error

NEXT_STEPS = {
    401: "Check the credentials: the file in credentials_file, or what GOOGLE_APPLICATION_CREDENTIALS names.",
    403: "The credentials need storage.objects.list and storage.objects.get on the bucket; the role"
    " roles/storage.objectViewer holds both.",
    404: "Check the name of the bucket.",
}
KINDS: Mapping[int | None, type[OnrampError]] = {401: AccessDenied, 403: AccessDenied, 404: BucketMissing}


class GcsObjects:
    """The objects of one bucket in Google Cloud Storage. ``bucket`` is a ``google.cloud.storage.Bucket``."""

    def __init__(self, bucket: Any, policy: RetryPolicy, clock: Clock = CLOCK) -> None:
        self._bucket = bucket
        self._limits = {"timeout": policy.request_timeout, "retry": bounded_retry(policy, clock)}
        self.list_calls = Count()

    def list(self, prefix: str, *, by_folder: bool, start: str = "", limit: int = PAGE_SIZE) -> Page:
        """``objects.list``; see :class:`BucketObjects`."""
        try:
            return first_filled(self._pages(prefix, by_folder, start, limit))
        except CALL_ERRORS as error:
            raise self._error(error, "objects.list") from None

    def _pages(self, prefix: str, by_folder: bool, start: str, limit: int) -> Iterator[Page]:
        listing = self._bucket.client.list_blobs(
            self._bucket,
            prefix=prefix or None,
            delimiter=DELIMITER if by_folder else None,
            start_offset=start or None,
            page_size=limit,
            fields="items(name),prefixes,nextPageToken",
            **self._limits,
        )
        pages = listing.pages
        seen: set[str] = set()
        complete = False
        while not complete:
            self.list_calls.one_more()
            names = tuple(blob.name for blob in next(pages, ()))
            complete = listing.next_page_token is None
            # The client collects the folders of all pages so far.
            folders = tuple(sorted(set(listing.prefixes) - seen))
            seen.update(folders)
            yield Page(names=names, folders=folders, complete=complete)

    def first_bytes(self, name: str, length: int) -> bytes:
        """``objects.get`` of a range; see :class:`BucketObjects`."""
        try:
            content: bytes = self._bucket.blob(name).download_as_bytes(
                start=0, end=length - 1, raw_download=True, checksum=None, **self._limits
            )
        except CALL_ERRORS as error:
            raise self._error(error, "objects.get") from None
        return content

    def _error(self, error: Exception, method: str) -> OnrampError:
        general = call_error(error, f"{method} of bucket {self._bucket.name}", NEXT_STEPS)
        kind = KINDS.get(general.failure.status, OnrampError)
        if general.failure.code == "no_credentials":
            kind = AccessDenied
        return kind(msg=general.msg, failure=general.failure)


def gcs_objects(
    params: Mapping[str, Any], bucket: str, policy: RetryPolicy, clients: Clients | None = None
) -> GcsObjects:
    """Return the objects of ``bucket`` for the options of ``GCS_OPTIONS``."""
    clock = clients.clock if clients else CLOCK
    return GcsObjects(gcs_bucket({**params, "bucket": bucket}, clients), policy, clock)
