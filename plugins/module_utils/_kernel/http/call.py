# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent and what comes of it: the words that every client of the collection shares."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..deadline import Backoff
from ..errors import OnrampError

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
# A call that AWS or Google throttles for longer does not get through by waiting.
LONGEST_THROTTLE = 600.0
BETWEEN_TRIES = Backoff(first=0.5, longest=20.0)


@dataclass(frozen=True)
class RetryPolicy:
    """How long one call may take.

    ``request_timeout``: seconds that one try may take, from connecting to the last byte of the answer.
    ``total``: seconds that a call may take with all its tries and waits; a server that asks for a longer wait
    (``Retry-After``) ends the call at once. ``tries`` bounds the number of requests. ``limits``: seconds beside that,
    for which a call may wait because a rate limit is reached; such refusals are no tries. None: that is part of the
    total.
    """

    request_timeout: float = 30.0
    total: float = 120.0
    tries: int = 6
    backoff: Backoff = BETWEEN_TRIES
    limits: float | None = None

    @property
    def throttled(self) -> float:
        """Seconds for which a cloud may throttle a call: their limits are renewed by the second, and name no time."""
        return max(self.total, min(self.limits or 0.0, LONGEST_THROTTLE))


@dataclass(eq=False)
class HttpError(OnrampError):
    """A call that did not end with an expected answer.

    ``may_have_been_processed`` is true where the server may have acted although no usable answer arrived: the
    caller has to look before it sends a writing request again. ``body`` is the decoded JSON answer, if any.
    """

    may_have_been_processed: bool = False
    body: Any = None
    # Header names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """An expected answer. ``body`` is decoded JSON (``None`` for an empty body); header names are lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call. ``repeatable``: sending it twice does no harm, so it may be retried after a doubtful end."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    expected: Collection[int] = (200,)
    repeatable: bool = True
    request_timeout: float | None = None
    retried_statuses: Collection[int] = RETRIED_STATUSES


class Explanation(NamedTuple):
    """A refusal in the vendor's own terms. ``next_step`` is the collection's advice, a sentence or nothing."""

    code: str
    message: str = ""
    next_step: str = ""


ExplainStatus = Callable[[int, Any], Explanation]


def explain_nothing(status: int, body: Any) -> Explanation:  # noqa: ARG001
    """Describe a refusal of a server whose error format is unknown."""
    return Explanation(f"http_{status}")
