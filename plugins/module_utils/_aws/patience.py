# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long and how often AWS is asked again: by the clock and the back-off that hold for all vendors, to a deadline.

botocore's own tries have no deadline, and wait by a clock of their own. They are switched off, and what it asks before
it tries again, an event that is open to everybody, is answered here.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Without it there is no client to be patient with.
with suppress(ImportError):
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, SSLError

from .._kernel.deadline import Clock, Deadline
from .._kernel.http.call import BETWEEN_TRIES
from .._kernel.http.transport import bound_botocore

# Where a call of botocore keeps what belongs to it alone.
_DEADLINE = "onramp_deadline"
_LIMITS = "onramp_limits"
_LIMITED = "onramp_limited"
# For the codes of AWS's services that say with another status that one has been too fast, or that they have failed.
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
_THROTTLED_WORDS = ("throttl", "requestlimitexceeded", "throughputexceeded", "toomanyrequests", "slowdown")
_PASSING_WORDS = (*_THROTTLED_WORDS, "limitexceeded", "requesttimeout")


@dataclass(frozen=True)
class Patience:
    """``tries``: how often a call is sent at most. ``total``: seconds after which no other try is begun.

    ``throttled``: seconds for which AWS may throttle it, which is not a try; None: that is part of the total.
    """

    tries: int
    total: float
    clock: Clock
    throttled: float | None = None

    def give_to(self, client: Any) -> None:
        """Let a client of botocore be as patient as this, and end every try in time."""
        bound_botocore(client)
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-call.{service}", self._begin, unique_id="onramp-begin")
        client.meta.events.register(f"needs-retry.{service}", self._again, unique_id="onramp-again")

    def _begin(self, params: Mapping[str, Any], **_options: Any) -> None:
        self.clock.attend()
        params["context"][_DEADLINE] = Deadline.after(self.total, self.clock)
        params["context"][_LIMITS] = Deadline.after(self.throttled or self.total, self.clock)
        params["context"][_LIMITED] = 0

    def _again(
        self, response: Any, attempts: int, caught_exception: Any, request_dict: Mapping[str, Any], **_options: Any
    ) -> float | None:
        """Answer botocore: seconds to wait, none any more where it is tried again, or None where it is not."""
        context = request_dict["context"]
        if self.throttled is not None and is_throttled(response):
            context[_LIMITED] += 1
            wait = BETWEEN_TRIES.after(context[_LIMITED])
            context[_DEADLINE] = context[_DEADLINE].later(wait)
            return 0.0 if context[_LIMITS].wait(wait) else None
        tries_made = attempts - context[_LIMITED]
        if tries_made >= self.tries or not may_pass(response, caught_exception):
            return None
        deadline: Deadline = context[_DEADLINE]
        return 0.0 if deadline.wait(BETWEEN_TRIES.after(tries_made)) else None


def is_throttled(response: Any) -> bool:
    """Tell whether AWS says that it was asked too often. It names no time to come back at."""
    if response is None:
        return False
    http, parsed = response
    code = str(parsed.get("Error", {}).get("Code", "")).lower()
    return http.status_code == 429 or any(word in code for word in _THROTTLED_WORDS)


def may_pass(response: Any, error: Any) -> bool:
    """Tell whether another try may end better. ``response``: status and parsed answer, if there is an answer."""
    if error is not None:
        return isinstance(error, NoConnection | HTTPClientError) and not isinstance(error, SSLError)
    http, parsed = response
    code = str(parsed.get("Error", {}).get("Code", "")).lower()
    return http.status_code in _PASSING_STATUSES or any(word in code for word in _PASSING_WORDS)
