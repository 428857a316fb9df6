# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps the data of a workspace away, out of what a look has shown: by us, by a person, or by nobody. Pure."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ....module_utils._braze.currents import OPTION_FOR, LandingVerdict
from ....module_utils._braze.verdict import KeyVerdict
from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import SERVICE
from ....module_utils._fivetran.connection.state import CONNECTED, is_running, setup_state, status_of
from ....module_utils._fivetran.sync.last_sync import LastSync, reasons
from ....module_utils._kernel.finding import Finding
from ....module_utils._kernel.printable import sentence
from ..._way import Flow, StopName
from ..._words import joined
from ..decide.drafts import Draft, Situation
from ..decide.part import POLICY_HAS_MORE
from ..look import questions
from ..model.attempts import cause_of
from ..model.findings import minute
from ..model.plan import ACCESS_KINDS

# With such a key Fivetran cannot read. What only this machine cannot tell is told by Fivetran's setup tests.
BAD_KEYS = frozenset({KeyVerdict.INVALID_KEY, KeyVerdict.MISSING_PERMISSIONS, KeyVerdict.FORBIDDEN})
NOT_LANDING = frozenset(
    {
        LandingVerdict.STALE,
        LandingVerdict.EMPTY,
        LandingVerdict.ELSEWHERE,
        LandingVerdict.NOT_CURRENTS,
        LandingVerdict.NO_BUCKET,
    }
)
# This keeps all data away, also where Fivetran has not noticed yet.
BUCKET_MISSING = "bucket_missing"
# What says nothing of whether Fivetran can read.
NOT_OF_READING = frozenset(
    {"bucket_is_public", "condition_without_effect", "kms_not_supported_by_braze", "object_lock", "trust_too_open"}
)
# Before the first sync, every sync that ends counts.
NEVER = "1970-01-01T00:00:00Z"
MOST_REASONS = 2
STOPPED = "Fivetran has stopped the connection {schema} by itself: nobody has paused it, and its sync_state is paused."
IN_FIVETRAN = (
    "In Fivetran's dashboard open Account settings > Billing & usage, to see whether the trial has ended or the credits"
    " are used up; then Connections > {schema} > Status, which says what it waits for."
)


@dataclass(frozen=True)
class Ailments:
    """What was found. ``causes``: what is repaired or tried; ``cause``: their key. ``left``: what only a person can do.

    ``blocking``: of that, something without which no sync can succeed. ``is_broken``: Fivetran says that the connection
    does not work. ``not_looked_at``: something without which nothing can be decided. ``notes``: what is left alone.
    ``hints``: what may be why Fivetran cannot read, which its setup tests tell.
    """

    is_broken: bool = False
    access_is_broken: bool = False
    is_syncing: bool = False
    last_sync_failed: bool = False
    not_looked_at: bool = False
    blocking: bool = False
    causes: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[Finding, ...] = ()
    cause: str = ""
    since: str = ""
    why_alone: str = ""
    syncing: str = ""


def find(situation: Situation, draft: Draft) -> Ailments:
    """Return what keeps the data of a workspace away."""
    row, schema = draft.own_row, draft.settings.fivetran_schema
    missed = set(draft.incomplete) - {"key", "landing"}
    if (row or draft.moved or {}).get("paused"):
        return Ailments(why_alone=f"The connection {schema} is paused in Fivetran, and stays so.")
    if row is None:
        return _without_row(draft, not_looked_at=bool(missed))
    if row.get("service") != SERVICE:
        # It reads with something else, whatever state it is in.
        taken = (problem for problem in draft.problems if problem.code == "schema_taken")
        return Ailments(not_looked_at=bool(missed), left=tuple(taken))
    last, is_broken = LastSync.of(row), _is_broken(row)
    access_is_broken = _access_is_broken(draft, is_broken=is_broken)
    blocking = list(_blocking(draft, row, does_not_work=is_broken or access_is_broken))
    said = _reasons(situation, draft, row)
    of_access = list(_of_access(draft)) if access_is_broken else []
    # What Fivetran says of access that is repaired, is known already.
    of_connection = list(_of_connection(row, last, () if of_access else said)) if is_broken else []
    return Ailments(
        is_broken=is_broken,
        access_is_broken=access_is_broken,
        is_syncing=is_broken and is_running(row),
        last_sync_failed=last.outcome == "failed",
        not_looked_at=bool(missed),
        blocking=bool(blocking),
        causes=(*of_access, *of_connection),
        left=(*blocking, *_landing(draft)),
        notes=tuple(_notes(draft, does_not_work=is_broken or access_is_broken)),
        hints=tuple(_hints(draft)) if is_broken or access_is_broken else (),
        cause=_cause(of_access, of_connection, said),
        since=str(last.finished_at or NEVER),
        why_alone="Nothing is broken.",
        syncing=f"A sync of {schema} is under way. Once it has succeeded, Fivetran calls the connection connected.",
    )


def _without_row(draft: Draft, *, not_looked_at: bool) -> Ailments:
    """Return what is said where the group has no such connection: in which one it works, a person decides."""
    moved = tuple(problem for problem in draft.problems if problem.code == "connection_moved")
    if draft.moved and _is_broken(draft.moved):
        return Ailments(not_looked_at=not_looked_at, left=moved)
    group = f" in the Fivetran group {draft.group.name}" if draft.group else ""
    none = f"There is no connection {draft.settings.fivetran_schema}{group}. onboard.yml makes it."
    return Ailments(not_looked_at=not_looked_at, why_alone=" ".join(problem.text() for problem in moved) or none)


def _is_broken(row: JsonObject) -> bool:
    """Tell whether Fivetran says that a connection does not work."""
    return setup_state(row) != CONNECTED or LastSync.of(row).outcome == "failed"


def _reasons(situation: Situation, draft: Draft, row: JsonObject) -> tuple[str, ...]:
    """Return what Fivetran says is wrong, as it was asked or as the listing has it."""
    question = questions.reasons(draft.settings, str(row.get("id")))
    asked: tuple[str, ...] = situation.seen.of(question) if situation.seen.has(question) else ()
    return tuple(dict.fromkeys((*asked, *reasons(row))))


def _access_is_broken(draft: Draft, *, is_broken: bool) -> bool:
    """Tell whether what the settings own does not let Fivetran read; what merely differs, only if it does not work."""
    is_left = any(problem.code == POLICY_HAS_MORE for problem in draft.problems)
    if not is_left and not any(change.kind in ACCESS_KINDS and change.is_change for change in draft.changes):
        return False
    return is_broken or any(stop.stop == StopName.ACCESS and stop.state == Flow.BROKEN for stop in draft.way)


def _of_access(draft: Draft) -> Iterator[Finding]:
    """Yield what of access is repaired, a sentence each."""
    why = next((stop.message for stop in draft.way if stop.stop == StopName.ACCESS and stop.state == Flow.BROKEN), "")
    for change in draft.changes:
        if change.kind in ACCESS_KINDS and change.is_change:
            verb = "does not exist" if change.reason == "missing" else "is not as it should be"
            # Why Fivetran may not read is told once, and says more than that something differs.
            yield Finding("access", "error", f"{change.kind}_{change.reason}", why or f"{change.name} {verb}.")
            why = ""


def _of_connection(row: JsonObject, last: LastSync, said: tuple[str, ...]) -> Iterator[Finding]:
    why = f" It says: {sentence('; '.join(said[:MOST_REASONS]))}" if said else ""
    state = setup_state(row)
    if state != CONNECTED:
        yield Finding("connection", "error", f"setup_{state}", f"Fivetran calls the connection {state}.{why}")
    elif last.outcome == "failed":
        message = f"Fivetran's last sync failed at {minute(last.finished_at)}.{why}"
        yield Finding("sync", "error", "sync_failed", message)


def _cause(of_access: list[Finding], of_connection: list[Finding], said: tuple[str, ...]) -> str:
    """Return the key of what is broken: access, if that is, because the rest comes of it."""
    if of_access:
        return cause_of("access", "+".join(sorted(finding.code for finding in of_access)), ())
    return cause_of(of_connection[0].step, of_connection[0].code, said) if of_connection else ""


# What only a person can do


def _blocking(draft: Draft, row: JsonObject, *, does_not_work: bool) -> Iterator[Finding]:
    """Yield what only a person can do, and without which no sync succeeds."""
    if _is_stopped_by_fivetran(row):
        yield stopped(draft.settings.fivetran_schema)
    yield from (finding for finding in draft.noticed if finding.code == "destination_not_connected")
    if not does_not_work:
        yield from (problem for problem in draft.problems if problem.code == BUCKET_MISSING)
        return
    missed = set(draft.incomplete)
    for problem in draft.problems:
        is_of_key = problem.step == "key"
        if problem.step == "landing" or problem.step in missed or (is_of_key and problem.code not in BAD_KEYS):
            continue
        yield problem
    for finding in draft.noticed:
        if finding.step == "access" and finding.severity == "error":
            yield finding


def _hints(draft: Draft) -> Iterator[Finding]:
    """Yield what the look has found of access without being sure: of a connection that does not work, it may be why."""
    yield from (one for one in draft.warnings if one.step == "access" and one.code not in NOT_OF_READING)
    yield from (one for one in draft.noticed if one.code == "access_unknown")


def stopped(schema: str) -> Finding:
    """Return what is said of a connection that Fivetran itself has stopped; why, its API does not tell."""
    said = STOPPED.format(schema=schema), IN_FIVETRAN.format(schema=schema)
    return Finding("sync", "error", "stopped_by_fivetran", *said)


def _is_stopped_by_fivetran(row: JsonObject) -> bool:
    return status_of(row).get("sync_state") == "paused" and setup_state(row) == CONNECTED and not row.get("paused")


def _landing(draft: Draft) -> Iterator[Finding]:
    """Yield what Currents lacks: it keeps data away and no sync from succeeding."""
    for problem in draft.problems:
        if problem.step == "landing" and problem.code in NOT_LANDING:
            option = OPTION_FOR[LandingVerdict(problem.code)]
            if draft.settings.roles["currents_landing"][option] != "ignore":
                yield problem


# What is left alone


def _notes(draft: Draft, *, does_not_work: bool) -> Iterator[str]:
    """Yield what differs, or is not good, and keeps no data away."""
    if does_not_work:
        return
    names = [name for change in draft.changes if change.kind == "connection" for name in change.after]
    names += [f"the {change.kind}" for change in draft.changes if change.kind in ACCESS_KINDS and change.is_change]
    if names:
        yield f"It differs from the inventory and keeps no data away: {joined(names)}. onboard.yml changes it."
    for problem in draft.problems:
        if problem.step != "landing" and problem.code not in (BUCKET_MISSING, POLICY_HAS_MORE):
            yield f"It keeps no data away: {problem.message} verify.yml says more."
