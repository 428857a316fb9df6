# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge what is posted to the event source: only what Fivetran has signed becomes an event, and only once.

Source: Fivetran's page on webhooks. It signs the bytes of the body by HMAC-SHA256, in hexadecimal digits, and posts
what was not taken again for 24 hours.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...module_utils._fivetran.sync.last_sync import moment
from .event import Event, EventKind, text

SIGNATURE = "X-Fivetran-Signature-256"
TEST_EVENT = "test_event"
# Fivetran posts again for a day what was not taken; clocks differ.
OLDEST, AHEAD = timedelta(hours=25), timedelta(minutes=5)
# Remembered of what was taken. Only who has the secret can fill that.
MOST_REMEMBERED = 100_000
KINDS: Mapping[str, EventKind] = {
    "sync_start": EventKind.SYNC_STARTED,
    # A connection whose tests pass may stay broken; and who heals one runs tests, so that it must not begin with them.
    "connection_successful": EventKind.TESTS_PASSED,
    "connection_failure": EventKind.TESTS_FAILED,
    "create_connector": EventKind.CREATED,
    "pause_connector": EventKind.PAUSED,
    "resume_connector": EventKind.RESUMED,
    "edit_connector": EventKind.EDITED,
    "delete_connector": EventKind.DELETED,
}
ENDS: Mapping[str, EventKind] = {
    "SUCCESSFUL": EventKind.SYNC_SUCCEEDED,
    "FAILURE": EventKind.SYNC_FAILED,
    # In no document, but other receivers expect it.
    "FAILED": EventKind.SYNC_FAILED,
    # It lasts until somebody does something about it.
    "FAILURE_WITH_TASK": EventKind.BROKEN,
}


@dataclass(frozen=True)
class Reply:
    """How a request is answered, and the event if it is one."""

    status: int
    said: str
    event: Event | None = None


class Gate:
    """Judges one request after another. ``secrets``: any of them may have signed, so that one can be replaced."""

    def __init__(self, secrets: Sequence[str], memory: int = MOST_REMEMBERED) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._memory = memory
        self._taken: OrderedDict[bytes, None] = OrderedDict()

    def reply(self, signature: str, body: bytes, now: datetime) -> Reply:
        """Return the reply. What is judged to be an event is not taken before :meth:`take` is called."""
        if not self._is_signed(signature, body):
            return Reply(401, "The signature is missing or wrong.")
        try:
            posted = json.loads(body)
        except ValueError:
            return Reply(400, "The body is not JSON.")
        except RecursionError:
            return Reply(400, "The body is nested too deep.")
        if not isinstance(posted, dict) or not text(posted, "event"):
            return Reply(400, "The body is not an event.")
        if posted["event"] == TEST_EVENT:
            return Reply(200, "Somebody listens.")
        created = moment(posted.get("created"))
        if not now - OLDEST <= created <= now + AHEAD:
            return Reply(400, "The event is older than a day, of the future, or without a time.")
        if _digest(body) in self._taken:
            # As if it had been taken, so that nobody posts it again.
            return Reply(200, "Known already.")
        return Reply(200, "Taken.", event_of(posted))

    def take(self, body: bytes) -> None:
        """Remember an event, so that nobody can bring it about a second time."""
        self._taken[_digest(body)] = None
        while len(self._taken) > self._memory:
            self._taken.popitem(last=False)

    def _is_signed(self, signature: str, body: bytes) -> bool:
        given = signature.strip().lower().encode(errors="replace")
        made = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in self._secrets]
        # All are compared, whichever it is.
        return True in [hmac.compare_digest(given, right) for right in made]


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def event_of(posted: Mapping[str, Any]) -> Event:
    """Return what Fivetran has posted as an event. What it does not say is empty."""
    data = posted.get("data")
    data = data if isinstance(data, Mapping) else {}
    name, status = text(posted, "event"), text(data, "status") or text(posted, "status")
    kind = ENDS.get(status, EventKind.OTHER) if name == "sync_end" else KINDS.get(name, EventKind.OTHER)
    return Event(
        kind=kind,
        connection_id=text(posted, "connector_id") or text(posted, "connection_id"),
        schema=text(posted, "connector_name") or text(posted, "connection_name"),
        group_id=text(posted, "destination_group_id") or text(posted, "group_id"),
        service=text(posted, "connector_type"),
        at=moment(posted.get("created")).astimezone(UTC).isoformat(),
        source="webhook",
        after=_known_by(kind),
        reason=text(data, "reason"),
        sync_id=text(posted, "sync_id"),
        name=name,
    )


def _known_by(kind: EventKind) -> dict[str, Any] | None:
    """Return the states that follow from what happened."""
    known: Mapping[EventKind, dict[str, Any]] = {
        EventKind.BROKEN: {"setup_state": "broken"},
        EventKind.SYNC_SUCCEEDED: {"setup_state": "connected"},
        EventKind.SYNC_STARTED: {"sync_state": "syncing"},
        EventKind.PAUSED: {"paused": True},
        EventKind.RESUMED: {"paused": False},
    }
    return known.get(kind)


class Rate:
    """So many requests a second, and so many at once; tells whether one more may come."""

    def __init__(self, a_second: float, at_once: int) -> None:
        self._a_second, self._at_once = a_second, at_once
        self._left, self._last = float(at_once), 0.0

    def one_more(self, now: float) -> bool:
        """Tell whether a request at this time, in seconds, is not one too many."""
        self._left = min(self._at_once, self._left + max(0.0, now - self._last) * self._a_second)
        self._last = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
