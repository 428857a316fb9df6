# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which buckets of a shared policy somebody needs, or may need."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .....module_utils._aws.access.documents import granted_buckets
from .....module_utils._aws.access.model import Actual
from .....module_utils._fivetran.client import JsonObject
from ...._settings.settings import Settings, Unusable
from ...._words import joined
from ...look import asked
from ..drafts import Draft, Situation
from ..identity import buckets_named
from .s3_sharing import SharedRole, role_key


def granted_lately(actual: Actual, named: Collection[str]) -> list[str]:
    """Return the buckets that nobody names, and that another run may have granted for a connection yet to be made."""
    if actual.policy is None or not actual.policy.is_fresh:
        return []
    return [bucket for bucket in granted_buckets(actual.policy.document) if bucket not in named]


def note_what_is_granted_lately(draft: Draft, role: SharedRole, buckets: Sequence[str]) -> None:
    if buckets:
        draft.notice(
            "access",
            "info",
            "bucket_granted_lately",
            f"The IAM role {role.name} also reads {joined(buckets)}, which nobody names. Its policy was written less"
            " than an hour ago, so that another run may be about to make a connection: it stays.",
            "Run again later: what nobody names then is taken out.",
        )


def adopts(drafts: Iterable[Draft]) -> bool:
    return any(draft.settings.roles["s3_access"]["adopt"] for draft in drafts)


def needed_buckets(situation: Situation, role: SharedRole, granted: Sequence[str]) -> set[str]:
    """Return which buckets that the policy grants now are named by anybody, or by somebody who cannot be read."""
    if situation.is_part or situation.purpose.heals or any(draft.rows is None for draft in role.members):
        return set(granted)
    # Also of workspaces whose settings name another role by now: their connections may not have moved yet.
    named = {text for row in _rows(role) for text in buckets_named(row)}
    named |= {entry.bucket for entry in situation.readable if _may_be_the_role(situation, role, entry)}
    return {bucket for bucket in granted if bucket in named or _may_be_named(situation, role, bucket)}


def _may_be_the_role(situation: Situation, role: SharedRole, entry: Settings) -> bool:
    account, name = role_key(situation, entry)
    return (
        entry.storage == "s3"
        and not asked.given_role(entry)
        and name == role.name.lower()
        and account in (role.account, None)
    )


def _may_be_named(situation: Situation, role: SharedRole, bucket: str) -> bool:
    """Tell whether somebody who cannot be read may need the bucket."""
    return any(_may_need(situation, role, entry, bucket) for entry in situation.unusable)


def _may_need(situation: Situation, role: SharedRole, entry: Unusable, bucket: str) -> bool:
    may_be_the_role = str(entry.known.get("s3_access_role_name", role.name)).lower() == role.name.lower()
    may_be_s3 = entry.known.get("currents_storage", "s3") == "s3"
    names_it = entry.known.get("currents_bucket", bucket) == bucket
    return may_be_the_role and may_be_s3 and names_it and situation.may_be_of_group(entry, role.group)


def _rows(role: SharedRole) -> list[JsonObject]:
    """Return the connections of the group; each key may see others of them."""
    listings = {id(draft.staying): draft.staying for draft in role.members}
    rows = {(row.get("id"), row.get("schema")): row for listing in listings.values() for row in listing}
    return list(rows.values())


def rows_of_the_role(situation: Situation, role: SharedRole) -> list[JsonObject]:
    """Return the connections of the group that may read through the role: all but those known to use another."""
    elsewhere = {
        entry.fivetran_schema
        for entry in situation.readable
        if situation.may_be_of_group(entry, role.group) and _is_elsewhere(situation, role, entry)
    }
    return [row for row in _rows(role) if row.get("schema") not in elsewhere]


def _is_elsewhere(situation: Situation, role: SharedRole, entry: Settings) -> bool:
    if entry.storage != "s3":
        return False
    if asked.given_role(entry):
        return asked.given_role(entry).rsplit("/", 1)[-1].lower() != role.name.lower()
    account, name = role_key(situation, entry)
    return name != role.name.lower() or account not in (role.account, None)
