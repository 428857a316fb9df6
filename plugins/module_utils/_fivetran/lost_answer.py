# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a creation that ended in doubt, or as a duplicate: look for what was to be there, and never create it twice."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._kernel.deadline import Backoff, Clock
from .._kernel.http.call import HttpError

T = TypeVar("T")

# What was created may take a moment to become visible.
LOOKS = 3
BETWEEN_LOOKS = Backoff(first=2.0, longest=4.0)
# With which Fivetran refuses a name that is taken.
REFUSED_AS_DUPLICATE = (400, 409)


def found_after(error: HttpError, find: Callable[[], T | None], clock: Clock) -> T:
    """Return what ``find`` finds after a creation has failed with ``error``.

    :raises HttpError: ``error`` itself, if nothing is there, or if it says that nothing can be.
    """
    if not error.may_have_been_processed and error.failure.status not in REFUSED_AS_DUPLICATE:
        raise error
    for look in range(LOOKS if error.may_have_been_processed else 1):
        if look:
            clock.sleep(BETWEEN_LOOKS.after(look))
        found = find()
        if found is not None:
            return found
    raise error
