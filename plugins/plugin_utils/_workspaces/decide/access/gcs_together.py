# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else reads a bucket in Google Cloud Storage as the same service account, so that a grant has to stay."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .....module_utils._fivetran.client import JsonObject
from .....module_utils._google.policy import Condition
from ...._settings.settings import Settings
from ...look import questions
from ...model.plan import Group
from ..drafts import Situation
from ..identity import buckets_named, folders_read
from .gcs_grant import Prepared


@dataclass(frozen=True)
class SameReader:
    """Workspaces of one group, which read as one service account.

    ``staying``: the connections of the group that stay, by each text that may be the name of a bucket; each key may see
    others of them. ``unseen``: who may have a connection that nobody of this run can see. ``wanted``: bucket, role and
    condition of the grants of all of them.
    """

    staying: Mapping[str, Sequence[JsonObject]]
    unseen: Sequence[Settings]
    wanted: frozenset[tuple[str, str, Condition | None]]


_Who = tuple[str, Group | None]


def reader_of(known: Prepared) -> _Who:
    return known.wanted.member, known.draft.group


def readers_together(situation: Situation, everybody: Iterable[Prepared]) -> dict[_Who, SameReader]:
    """Return those who belong together, worked out once for all of them."""
    members: dict[_Who, list[Prepared]] = {}
    for known in everybody:
        members.setdefault(reader_of(known), []).append(known)
    return {who: _of_group(situation, prepared) for who, prepared in members.items()}


def _of_group(situation: Situation, prepared: Sequence[Prepared]) -> SameReader:
    drafts = [known.draft for known in prepared]
    listings = {id(draft.staying): draft.staying for draft in drafts}
    rows = {(row.get("id"), row.get("schema")): row for listing in listings.values() for row in listing}
    staying: dict[str, list[JsonObject]] = {}
    for row in rows.values():
        for text in buckets_named(row):
            staying.setdefault(text, []).append(row)
    answers = {id(draft.rows): draft.rows or () for draft in drafts}
    listed = {row.get("schema") for answer in answers.values() for row in answer}
    seeing = {questions.credentials(draft.settings) for draft in drafts}
    unseen = [
        entry
        for entry in situation.readable
        if questions.credentials(entry) not in seeing and entry.fivetran_schema not in listed
    ]
    wanted = frozenset((known.bucket.name, known.wanted.role, known.wanted.condition) for known in prepared)
    return SameReader(staying, unseen, wanted)


def who_still_reads(known: Prepared, together: SameReader) -> Iterator[str]:
    """Yield the schemas of other connections of the group that need the grant."""
    bucket, prefix = known.bucket.name, known.draft.settings.prefix
    narrow = _is_narrow(known)
    return (
        str(row.get("schema"))
        for row in together.staying.get(bucket, ())
        if not (narrow and _reads_elsewhere(row, bucket, prefix))
    )


def who_may_read(situation: Situation, known: Prepared, together: SameReader) -> Iterator[str]:
    """Yield the workspaces that may need the grant for a connection that nobody of this run can see."""
    return (entry.name for entry in together.unseen if _needs_it(situation, known, entry))


def _needs_it(situation: Situation, known: Prepared, entry: Settings) -> bool:
    group = known.draft.group
    is_here = (entry.storage, entry.bucket) == ("gcs", known.bucket.name)
    apart = _is_narrow(known) and not _overlap(entry.prefix, known.draft.settings.prefix)
    return is_here and not apart and group is not None and situation.may_be_of_group(entry, group)


def _is_narrow(known: Prepared) -> bool:
    # Only of the condition that is made here it is known what it lets through.
    return known.wanted.condition is not None and known.draft.settings.roles["gcs_access"]["scope"] == "prefix"


def _reads_elsewhere(row: JsonObject, bucket: str, prefix: str) -> bool:
    """Tell whether a connection reads other folders of the bucket only; that is known of Braze's own only."""
    read = [folder for storage, name, folder in folders_read(row) if (storage, name) == ("gcs", bucket)]
    return bool(read) and not any(_overlap(folder, prefix) for folder in read)


def _overlap(one: str, other: str) -> bool:
    """Tell whether one of two folders lies in the other; the root holds all."""
    return f"{other}/".startswith(f"{one}/" if one else "") or f"{one}/".startswith(f"{other}/" if other else "")
