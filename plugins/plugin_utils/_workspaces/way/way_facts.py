# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the look has shown of the way of one workspace's data, stop by stop; and what is noted of it.

Nothing is asked for it that is not known already.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ....module_utils._braze.currents import LandingVerdict
from ....module_utils._braze.verdict import how_it_stands
from ....module_utils._fivetran.account.destination import is_connected
from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.desired import SYNC_FREQUENCIES
from ....module_utils._fivetran.connection.state import CONNECTED, SYNCING, setup_state, status_of
from ....module_utils._fivetran.sync.last_sync import LastSync
from ....module_utils._kernel.printable import printable, sentence
from ..._way import Flow, StopName
from ..decide.drafts import Draft, Situation
from ..decide.identity import folder_read, shown
from ..look import questions
from ..model.plan import ChangeReason
from .way import Facts, Trouble, finding, is_green, late_at, way_of, when

NOT_LOOKED_AT = Trouble("It could not be looked at.", Flow.UNKNOWN)
LONGEST = 300
# Of what is found about access, what keeps Fivetran from reading; the rest is about who manages it.
KEEPS_OUT = frozenset(
    {
        "access_denied", "bucket_in_another_account", "bucket_missing", "bucket_policy_denies", "grant_too_narrow",
        "organization_denies", "requester_pays", "role_not_found",
    }
)  # fmt: skip
STEPS: Mapping[StopName, str] = {StopName.BRAZE: "landing", StopName.CONNECTION: "sync"}


def note_way(situation: Situation, draft: Draft) -> None:
    """Note the way of a workspace's data, and whether data is late that nothing else says to be."""
    facts = facts_of(situation, draft)
    draft.way = way_of(facts)
    place = late_at(facts)
    if place is None:
        return
    message, remedy = finding(facts, draft.settings.fivetran_schema)
    if facts.limit is None:
        draft.warning(STEPS[place], "reads_nothing_new", message, remedy)
    else:
        draft.notice(STEPS[place], "error", "data_late", message, remedy, field="onramp_max_lag_hours")


def reads_nothing_new(draft: Draft, verdict: str, landed: Any) -> str:
    """Return the sentence that a connection is green although nothing lands for it; empty where it is not."""
    row = draft.own_row
    if row is None or verdict not in (
        LandingVerdict.STALE,
        LandingVerdict.EMPTY,
        LandingVerdict.ELSEWHERE,
        LandingVerdict.NOT_CURRENTS,
    ):
        return ""
    if _connection(draft, row, ()) is not None or not is_green(Facts(_NO_TIME, landed=_time(landed), **_syncs(row))):
        return ""
    return f"The connection {draft.settings.fivetran_schema} is green all the same, and reads nothing new."


# How old something is, is not asked.
_NO_TIME = datetime.max.replace(tzinfo=UTC)


def facts_of(situation: Situation, draft: Draft) -> Facts:
    """Return what is known of the way."""
    settings, landing, row = draft.settings, draft.seen.get("landing"), draft.own_row
    verdict = str((landing or {}).get("verdict") or "")
    landed = _time((landing or {}).get("newest_hour"))
    troubles = {
        StopName.BRAZE: _braze(draft, verdict, landed),
        StopName.BUCKET: _bucket(draft, verdict),
        StopName.ACCESS: _access(situation, draft),
        StopName.CONNECTION: _of_the_connection(situation, draft),
        StopName.WAREHOUSE: _warehouse(situation, draft),
    }
    return Facts(
        now=situation.now,
        troubles={place: trouble for place, trouble in troubles.items() if trouble is not None},
        landed=landed,
        is_looked_into=bool(verdict) and verdict != LandingVerdict.NO_ACCESS,
        is_quiet=verdict == LandingVerdict.STALE,
        limit=settings.max_lag_hours,
        is_paused_on_purpose=settings.roles["fivetran_connection"].get("paused") is True,
        **_syncs(row if row is not None and _reads_here(draft, row) else None),
    )


def _syncs(row: JsonObject | None) -> dict[str, Any]:
    """Return what Fivetran says about when a connection syncs."""
    if row is None:
        return {}
    status, minutes = status_of(row), row.get("sync_frequency")
    has_schedule = minutes in SYNC_FREQUENCIES and row.get("schedule_type") != "manual"
    is_history = status.get("is_historical_sync") is True
    return {
        "synced": _time(row.get("succeeded_at")),
        "created": _time(row.get("created_at")),
        "interval": timedelta(minutes=int(minutes)) if has_schedule and minutes else None,
        "is_syncing": status.get("sync_state") == SYNCING,
        "is_busy_with_history": is_history and status.get("sync_state") in (SYNCING, "rescheduled"),
    }


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


# The stops


def _braze(draft: Draft, verdict: str, landed: datetime | None) -> Trouble | None:
    key = str((draft.seen.get("key") or {}).get("verdict") or "ok")
    quiet = f"nothing has landed since {when(landed)}" if verdict == LandingVerdict.STALE else ""
    if key not in ("ok", "undecided"):
        return Trouble(f"{how_it_stands(key)}{f', and {quiet}' if quiet else ''}.")
    if quiet:
        return Trouble(f"{quiet[0].upper()}{quiet[1:]}.", Flow.LATE)
    if landed is None and verdict != LandingVerdict.ELSEWHERE and draft.settings.storage != "none":
        return Trouble("Nothing shows what Currents writes.", Flow.UNKNOWN)
    return None


def _bucket(draft: Draft, verdict: str) -> Trouble | None:
    settings = draft.settings
    if settings.storage == "none":
        return Trouble("There is none, because currents_storage is none.", Flow.UNKNOWN)
    if settings.storage == "azure":
        return Trouble("Nobody looks into a container of Azure from here.", Flow.UNKNOWN)
    place = shown(settings.storage, settings.bucket, settings.prefix)
    if verdict == LandingVerdict.NO_ACCESS:
        return Trouble(f"{place} cannot be read with these credentials.", Flow.UNKNOWN)
    sentences = {
        LandingVerdict.EMPTY: f"Nothing has been written to {place} yet.",
        LandingVerdict.ELSEWHERE: f"Currents does not write to {place}, but elsewhere in the bucket.",
        LandingVerdict.NOT_CURRENTS: f"What is in {place} was not written by Currents.",
        LandingVerdict.NO_BUCKET: f"There is no bucket {settings.bucket}.",
    }
    if not verdict:
        return NOT_LOOKED_AT
    return Trouble(sentences[LandingVerdict(verdict)]) if verdict in sentences else None


def _access(situation: Situation, draft: Draft) -> Trouble | None:
    settings = draft.settings
    if settings.storage in ("azure", "none"):
        return Trouble("Nobody can look at it from here." if settings.storage == "azure" else "None is needed.",
                       Flow.UNKNOWN)  # fmt: skip
    for found in (*draft.problems, *draft.noticed, *draft.warnings):
        if found.step == "access" and found.code in KEEPS_OUT:
            return Trouble(found.message)
    return _in_gcs(draft) if settings.storage == "gcs" else _in_s3(situation, draft)


def _in_gcs(draft: Draft) -> Trouble | None:
    grant = draft.seen.get("grant")
    change = next((change for change in draft.changes if change.kind == "grant"), None)
    if not grant or change is None:
        return NOT_LOOKED_AT
    if change.reason is ChangeReason.MISSING:
        # What Fivetran calls connected may read by a grant that is not seen from here.
        flow = Flow.UNKNOWN if setup_state(draft.own_row) == CONNECTED else Flow.BROKEN
        return Trouble(f"Nothing that is seen from here lets Fivetran read {change.name}.", flow)
    return _by_effects([grant.get("effect")], change.name)


def _in_s3(situation: Situation, draft: Draft) -> Trouble | None:
    """Judge a role as it is now: what was planned for it is not done yet."""
    from ..decide.access.s3_judging import answers_now, place, role_seen

    account = situation.account_of(draft.settings)
    view = draft.seen.get("access")
    if account is None or not view:
        return NOT_LOOKED_AT
    role = role_seen(situation, draft.settings, account)
    if role is None:
        return Trouble(f"There is no IAM role {view['role']['arn']}.")
    where = place(draft)
    if all(view[made]["action"] == "none" for made in ("role", "policy")):
        return _by_effects([view["effect"]["assume_role"], view["effect"]["read"].get(str(where))], str(where))
    return _by_effects(answers_now(situation, draft, account, role), str(where))


def _by_effects(effects: Iterable[Any], place: str) -> Trouble | None:
    """Return what is wrong with access, out of answers as the results show them; a "no" outweighs what is unknown."""
    known = [effect for effect in effects if isinstance(effect, Mapping)]
    for answer, words, flow in (
        ("no", "Fivetran may not read", Flow.BROKEN),
        ("unknown", "It cannot be told from here whether Fivetran may read", Flow.UNKNOWN),
    ):
        for effect in known:
            if effect.get("answer") == answer:
                reasons = [str(reason.get("text")) for reason in effect.get("reasons") or ()][:1]
                return Trouble(_sentence(": ".join([f"{words} {place}", *reasons])), flow)
    return None if known else NOT_LOOKED_AT


def _of_the_connection(situation: Situation, draft: Draft) -> Trouble | None:
    schema, row = draft.settings.fivetran_schema, draft.own_row
    if draft.rows is None or draft.group is None:
        return NOT_LOOKED_AT
    if draft.moved:
        return Trouble(f"The connection {schema} is in another group.")
    if row is None:
        return Trouble(f"There is no connection {schema} in the group {draft.group.name}.")
    question = questions.reasons(draft.settings, str(row.get("id")))
    told: tuple[str, ...] = situation.seen.of(question) if situation.seen.has(question) else ()
    return _connection(draft, row, told)


def _connection(draft: Draft, row: JsonObject, reasons: Iterable[str]) -> Trouble | None:
    """Return what is wrong with a connection; ``reasons``: what Fivetran says of that, where it was asked."""
    last, state = LastSync.of(row), setup_state(row)
    why = "".join(f": {reason}" for reason in list(dict.fromkeys((*reasons, *last.reasons)))[:1])
    if not _reads_here(draft, row):
        storage, bucket, prefix = folder_read(row) or ("", "nothing", "")
        return Trouble(f"It reads {shown(storage, bucket, prefix)}, and not what the inventory names.")
    if state != CONNECTED:
        return Trouble(_sentence(f"Fivetran calls it {state}{why}"), symptom=True)
    if last.outcome == "failed":
        return Trouble(_sentence(f"Its last sync failed at {when(_time(last.finished_at))}{why}"), symptom=True)
    if row.get("paused"):
        return Trouble("It is paused in Fivetran.", Flow.PAUSED)
    return None if last.outcome else Trouble("No sync has ended yet.", Flow.UNKNOWN)


def _reads_here(draft: Draft, row: JsonObject) -> bool:
    """Tell whether a connection reads where the inventory says that Currents lands; of Azure nobody can say."""
    settings = draft.settings
    if settings.storage not in ("s3", "gcs"):
        return True
    return folder_read(row) == (settings.storage, settings.bucket, settings.prefix)


def _warehouse(situation: Situation, draft: Draft) -> Trouble | None:
    question = questions.destination(draft.settings, draft.group.id) if draft.group else None
    if question is None or not situation.seen.has(question):
        return NOT_LOOKED_AT
    destination = situation.seen.of(question)
    if not is_connected(destination):
        state = str((destination or {}).get("setup_status") or "missing").lower()
        return Trouble(f"The destination of the group {draft.group.name if draft.group else ''} is {state}.")
    if status_of(draft.own_row).get("update_state") == "delayed":
        return Trouble("Fivetran calls the data late (update_state is delayed).", Flow.LATE, symptom=True)
    return None


def _sentence(text: str) -> str:
    line = printable(text)
    return sentence(line) if len(line) <= LONGEST else f"{line[:LONGEST]}..."
