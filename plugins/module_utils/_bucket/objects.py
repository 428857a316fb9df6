# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small interface through which objects in a bucket are looked at, whatever cloud it is in.

Names are in the order of their UTF-8 bytes, as S3 and Google Cloud Storage list them. One listing is one request of
at most 1000 names, which is also how both clouds count and charge.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from .._kernel.errors import OnrampError

DELIMITER = "/"
# The largest page that either cloud gives.
PAGE_SIZE = 1000
# A page may be empty although there are more; so many are read before a listing is taken for empty.
EMPTY_PAGES = 20


@dataclass(frozen=True)
class Page:
    """Some of the names. ``folders`` end with the delimiter; ``complete`` if nothing follows."""

    names: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    complete: bool = True


class Count:
    """A number that several threads raise."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.value = 0

    def one_more(self) -> None:
        """Raise it by one."""
        with self._lock:
            self.value += 1


class BucketObjects(Protocol):
    """The objects of one bucket. Several threads may look at them."""

    # How many requests for listings were sent.
    list_calls: Count

    def list(self, prefix: str, *, by_folder: bool, start: str = "", limit: int = PAGE_SIZE) -> Page:
        """Return the first names that begin with ``prefix``.

        ``by_folder``: names with a delimiter after the prefix are put together to folders. ``start``: leave out what
        comes before it in order; whether an object of exactly this name is in is not promised. ``limit``: the most
        names and folders to return.

        :raises BucketMissing: there is no such bucket.
        :raises AccessDenied: these credentials may not list it.
        :raises OnrampError: no usable answer.
        """

    def first_bytes(self, name: str, length: int) -> bytes:
        """Return the first bytes of an object, by a ranged read; the same errors as for :meth:`list`."""


class BucketMissing(OnrampError):
    """There is no bucket of this name."""


class AccessDenied(OnrampError):
    """The bucket may exist, but these credentials may not do this with it."""


def first_filled(pages: Iterable[Page]) -> Page:
    """Return the first page that holds something or is the last one."""
    page = Page()
    for number, page in enumerate(pages, start=1):
        if page.names or page.folders or page.complete or number == EMPTY_PAGES:
            break
    return page
