# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml has tried, for which connection and which cause, and when. No secret is in it, and no vendor's word.

Fivetran keeps no record by which a sync that was started here could be told from one of its schedule.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

VERSION = 1
# What is older is of no use to anybody, and no more are kept.
KEPT = timedelta(days=7)
# By how much the clocks of two machines may differ. What lies further ahead is of a clock that was wrong.
AHEAD = timedelta(minutes=5)
MOST = 5000
MOST_OF_ONE = 20
LONGEST = 200
_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,300}")
# What differs from one failure to the next, such as times, ids and counts.
_PASSING = re.compile(r"\S*\d\S*")
_NO_LETTER = re.compile(r"[^a-z]+")


@dataclass(frozen=True)
class Attempt:
    """One attempt. ``did``: what was done. ``message``: how it ended; empty while it goes on, or if it was cut off."""

    at: datetime
    did: tuple[str, ...] = ()
    message: str = ""

    def is_within(self, cooldown: int, now: datetime) -> bool:
        """Tell whether it is so young, in seconds, that nothing is tried again; what lies ahead is no attempt."""
        return not self.is_ahead_of(now) and now < self.at + timedelta(seconds=cooldown)

    def is_ahead_of(self, now: datetime) -> bool:
        """Tell whether it lies in the future."""
        return self.at > now + AHEAD

    def as_json(self) -> dict[str, Any]:
        return {"at": as_text(self.at), "did": list(self.did), "message": self.message}


@dataclass(frozen=True)
class Attempts:
    """The last attempt for each connection, which is "GROUP_ID/SCHEMA", and cause."""

    known: Mapping[tuple[str, str], Attempt] = field(default_factory=dict)

    def last(self, identity: str, cause: str) -> Attempt | None:
        """Return the last attempt; None if there was none."""
        return self.known.get((identity, cause))

    def also(self, other: Attempts) -> Attempts:
        """Return what both know, of each the later one."""
        known = dict(self.known)
        for key, attempt in other.known.items():
            if key not in known or known[key].at <= attempt.at:
                known[key] = attempt
        return Attempts(known)

    def with_one(self, identity: str, cause: str, attempt: Attempt) -> Attempts:
        """Return what is known and one attempt more."""
        return Attempts({**self.known, (identity, cause): attempt})

    def of(self, identity: str) -> Attempts:
        """Return what is known of one connection."""
        return Attempts({key: attempt for key, attempt in self.known.items() if key[0] == identity})

    def until(self, now: datetime) -> Attempts:
        """Return what is known without what lies in the future, which would be later than any real attempt."""
        return Attempts({key: attempt for key, attempt in self.known.items() if not attempt.is_ahead_of(now)})

    def bounded(self, now: datetime, most: int = MOST) -> Attempts:
        """Return the latest, without what is too old, or of a clock that was wrong."""
        fresh = [(key, one) for key, one in self.until(now).known.items() if now - KEPT <= one.at]
        fresh.sort(key=lambda entry: entry[1].at)
        return Attempts(dict(fresh[-most:]))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        rows = [
            {"connection": identity, "cause": cause, **attempt.as_json()}
            for (identity, cause), attempt in sorted(self.known.items())
        ]
        return {"version": VERSION, "attempts": rows}

    @classmethod
    def from_json(cls, data: Any) -> Attempts:
        """Return what can be read; what is not ours counts as nothing."""
        rows = data.get("attempts") if isinstance(data, Mapping) and data.get("version") == VERSION else None
        found = [_read(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        known = cls()
        for key, attempt in filter(None, found):
            known = known.also(cls({key: attempt}))
        return known


def _read(row: Mapping[str, Any]) -> tuple[tuple[str, str], Attempt] | None:
    identity, cause, at = (str(row.get(name) or "") for name in ("connection", "cause", "at"))
    try:
        moment = datetime.fromisoformat(at)
        known = moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    if not (known and _ID.fullmatch(identity) and _ID.fullmatch(cause)):
        return None
    did = row.get("did")
    done = tuple(short(str(item)) for item in did[:MOST_OF_ONE]) if isinstance(did, list) else ()
    return (identity, cause), Attempt(known, done, short(str(row.get("message") or "")))


def short(text: str) -> str:
    """Return a sentence as it is kept."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def as_text(at: datetime) -> str:
    """Return a time as it is kept."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def cause_of(step: str, code: str, reasons: Iterable[str]) -> str:
    """Return the key of a cause: the same for the same cause at another time, and for people no riddle."""
    words = sorted(filter(None, map(_words, reasons)))
    mark = hashlib.sha256("\n".join(words).encode()).hexdigest()[:12] if words else ""
    return ":".join(filter(None, (step, code, mark)))


def _words(reason: str) -> str:
    return _NO_LETTER.sub(" ", _PASSING.sub(" ", reason.lower())).strip()


def ended(attempt: Attempt, did: Iterable[str], message: str) -> Attempt:
    """Return an attempt with how it ended."""
    return replace(attempt, did=tuple(map(short, did))[:MOST_OF_ONE], message=short(message))
