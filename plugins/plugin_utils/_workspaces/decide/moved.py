# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that somebody moved into another Fivetran group: named with both, and not made a second time.

With its group, a connection changes its External ID and the service account that reads for it. Fivetran keeps no trace
of where it was; what tells it is a connection of the same name that reads the same folder and that nobody else claims.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import SERVICE
from ....module_utils._kernel.errors import OnrampError
from ....module_utils._kernel.secrets.redact import texts_in
from ..look import questions
from ..model.plan import Group
from .drafts import Draft, Situation
from .identity import folder_read, schema_of, shown

# What changes with the group, by storage.
_IDENTITY = {
    "s3": "With the group its External ID has changed, to {id}.",
    "gcs": "With the group the service account that reads for it has changed.",
}


def find_moved(situation: Situation, drafts: Sequence[Draft]) -> None:
    """Note where a connection that its group lacks is in another group."""
    for draft in drafts:
        if draft.group is None or draft.rows is None or draft.own_row is not None:
            continue
        try:
            found = list(_elsewhere(situation, draft))
        except OnrampError as error:
            draft.failure("connection", error)
            continue
        for row, group in found:
            _note(situation, draft, draft.group, row, group)


def _elsewhere(situation: Situation, draft: Draft) -> Iterator[tuple[JsonObject, Group]]:
    """Yield Braze connections of this schema in other groups, unless another workspace claims them.

    :raises OnrampError: they could not be looked at.
    """
    settings, own = draft.settings, draft.group
    groups = situation.seen.of(questions.account(settings)).groups
    if own is None or len(groups) < 2:
        return
    names = {row.get("id"): str(row.get("name")) for row in groups}
    rows = situation.seen.of(questions.elsewhere(settings, own.id))
    for row in situation.by_schema(rows).get(settings.fivetran_schema, ()):
        group_id = str(row.get("group_id"))
        group = Group(group_id, names.get(group_id, group_id))
        if row.get("service") == SERVICE and not _is_claimed(situation, draft, group):
            yield row, group


def _is_claimed(situation: Situation, draft: Draft, group: Group) -> bool:
    schema = draft.settings.fivetran_schema
    return any(
        schema_of(entry) == schema and situation.may_be_of_group(entry, group)
        for entry in situation.inventory
        if entry.name != draft.name
    )


def _note(situation: Situation, draft: Draft, own: Group, row: JsonObject, group: Group) -> None:
    settings, purpose = draft.settings, situation.purpose
    folder = folder_read(row)
    reads = f", which reads {shown(*folder)}," if folder else ""
    what = f"the connection {settings.fivetran_schema} ({row.get('id')}){reads}"
    is_the_same = folder is not None and folder == (settings.storage, settings.bucket, settings.prefix)
    if is_the_same and not settings.folder_shared:
        draft.moved = row
        role = _role_of(situation, draft, group)
        remedy = _remedy(draft, own, group, has_role=bool(role))
        draft.problem(
            "connection",
            "connection_moved",
            _message(draft, what, own, group, role),
            purpose.refusing(remedy),
            field="fivetran_group",
        )
    elif not (purpose.removes or situation.is_part):
        draft.warning(
            "connection",
            "schema_in_another_group",
            f"fivetran_group: {what} is in the Fivetran group {group.name} ({group.id}), and there is none of this name"
            f" in {own.name} ({own.id}).",
            f"If it is this workspace's and was moved, set fivetran_group: {group.name}.",
        )


def _message(draft: Draft, what: str, own: Group, group: Group, role: str) -> str:
    if role:
        return (
            f"fivetran_group: {what} is in the Fivetran group {group.name} ({group.id}), not in {own.name} ({own.id}),"
            f" and the IAM role {role} trusts that group already, so that the groups seem to have been renamed."
        )
    identity = _IDENTITY.get(draft.settings.storage, "").format(id=group.id)
    return (
        f"fivetran_group: {what} is in the Fivetran group {group.name} ({group.id}), not in {own.name} ({own.id}):"
        f" it was moved. {identity}".rstrip()
    )


def _role_of(situation: Situation, draft: Draft, group: Group) -> str:
    """Return the ARN of the workspace's role where it trusts the External ID of this group already."""
    account = situation.account_of(draft.settings) if draft.settings.storage == "s3" else None
    if account is None:
        return ""
    # The modules of AWS are there only where a workspace is in it.
    from .access.s3_judging import role_seen

    role = role_seen(situation, draft.settings, account)
    return role.arn if role and group.id in texts_in(role.trust) else ""


def _remedy(draft: Draft, own: Group, group: Group, *, has_role: bool) -> str:
    # A role trusts one External ID, and others of the old group may read with it.
    of_role = ", with names of its own in s3_access_policy_name and s3_access_role_name,"
    names = of_role if draft.settings.storage == "s3" and not has_role else ""
    lets_read = "" if has_role else ", which lets Fivetran read for that group"
    return (
        f"If it is to stay there, set fivetran_group: {group.name}{names} and run onboard.yml{lets_read}; if not, move"
        f" it back in Fivetran. If {own.name} is to have one of its own beside it, set currents_folder_shared: true."
    )
