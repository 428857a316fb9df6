# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who workspaces are to each other: two that claim the same connection, or read the same folder.

The whole inventory counts, whatever the run selects. A connection is a schema in a group; a folder is storage, bucket
and prefix. Both sides of a conflict are told.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ....module_utils._bucket.names import bare_folder
from ....module_utils._fivetran.client import JsonObject
from ....module_utils._fivetran.connection.braze_config import CURRENTS, EXPORTS, SERVICE, source_of
from ....module_utils._kernel.secrets.redact import texts_in
from ..._settings.meant import bucket_in
from ..._settings.settings import Settings, Unusable
from ..._words import joined
from ..model.plan import MOST_SHARING, all_but
from .drafts import Draft, Situation

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
# Storage, bucket or container, and prefix.
Folder = tuple[str, str, str]

# What workspaces read beside Currents.
_EXPORTS = "exports"
# Names of containers are unique within a storage account only, which the connection string names.
_AZURE_ACCOUNT = re.compile(r"(?:^|;)\s*(?:AccountName=|BlobEndpoint=https?://)([\w-]+)", re.IGNORECASE)


class _Source(NamedTuple):
    """What a workspace reads from a folder. ``account``: the storage account in Azure, empty where it is not known."""

    entry: Settings | Unusable
    what: str
    folder: Folder
    account: str


@dataclass(frozen=True)
class _Index:
    """The inventory and the connections by what two of them can have in common, so that thousands can be compared."""

    by_schema: Mapping[str | None, Sequence[Settings | Unusable]]
    by_folder: Mapping[Folder | None, Sequence[Settings | Unusable]]
    sources: Mapping[Folder, Sequence[_Source]]
    by_key: Mapping[str, Sequence[Settings]]
    # By the id of the group: schemas that somebody of the inventory claims, and who reads a folder.
    claimed: Mapping[str, frozenset[str | None]]
    readers: Mapping[str, Mapping[Folder | None, Sequence[JsonObject]]]


def find_conflicts(situation: Situation, drafts: Sequence[Draft]) -> None:
    """Note every conflict in the drafts that it concerns."""
    index = _index(situation, drafts)
    for draft in drafts:
        _same_connection(situation, index, draft)
        if not situation.purpose.removes:
            _same_exports(situation, index, draft)
            _same_key(index, draft)
        if not situation.purpose.removes and draft.settings.storage != "none":
            _same_folder(situation, index, draft)
            _folder_of_another_connection(index, draft)


def _index(situation: Situation, drafts: Sequence[Draft]) -> _Index:
    rows = {draft.group.id: (draft.group, draft.rows or ()) for draft in drafts if draft.group is not None}
    claimed = {
        group_id: frozenset(
            schema_of(entry) for entry in situation.inventory if situation.may_be_of_group(entry, group)
        )
        for group_id, (group, _rows) in rows.items()
    }
    readers = {group_id: _grouped(rows, folder_read) for group_id, (_group, rows) in rows.items()}
    entries = situation.inventory
    sources = _grouped((source for entry in entries for source in _sources(entry)), lambda source: source.folder)
    with_key = sorted((entry for entry in situation.readable if entry.braze_api_key), key=lambda entry: entry.name)
    keys = _grouped(with_key, lambda entry: entry.braze_api_key)
    return _Index(_grouped(entries, schema_of), _grouped(entries, _folder_of), sources, keys, claimed, readers)


def _grouped(items: Iterable[T], by: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(by(item), []).append(item)
    return groups


def _same_connection(situation: Situation, index: _Index, draft: Draft) -> None:
    group = draft.group
    if group is None:
        return
    schema = draft.settings.fivetran_schema
    others = [
        entry.name
        for entry in index.by_schema[schema]
        if entry.name != draft.name and situation.may_be_of_group(entry, group)
    ]
    if others:
        draft.problem(
            "connection",
            "schema_claimed_twice",
            f"fivetran_schema: {joined(sorted([draft.name, *others]))} all name the connection {schema} of the Fivetran"
            f" group {group.name}, and a connection belongs to one workspace.",
            situation.purpose.refusing(
                "Give each a fivetran_schema of its own, or take the wrong one out of the inventory."
            ),
            field="fivetran_schema",
        )


def schema_of(entry: Settings | Unusable) -> str | None:
    """Return the schema that a workspace claims; None where it is not known."""
    return entry.fivetran_schema if isinstance(entry, Settings) else entry.known.get("fivetran_schema")


def _folder_of(entry: Settings | Unusable) -> Folder | None:
    """Return storage, bucket and prefix; None where one of them is not known, or there is none."""
    if isinstance(entry, Settings):
        return (entry.storage, entry.bucket, entry.prefix) if entry.storage != "none" else None
    known = entry.known
    storage, bucket = known.get("currents_storage"), known.get("currents_bucket")
    if not storage or storage == "none" or not bucket or "currents_prefix" not in known:
        return None
    return storage, bucket, str(known["currents_prefix"]).strip("/")


def _same_folder(situation: Situation, index: _Index, draft: Draft) -> None:
    settings = draft.settings
    others = [
        entry
        for entry in index.by_folder[_folder_of(settings)]
        if entry.name != draft.name
        and _may_be_one_account(entry, settings)
        and not _is_the_same_connection(situation, draft, entry)
    ]
    if not others:
        return
    place = shown(settings.storage, settings.bucket, settings.prefix)
    names = joined(sorted([draft.name, *(entry.name for entry in others)]))
    refused = [entry for entry in others if not (settings.folder_shared or _allows(entry))]
    message = f"currents_prefix: {names} read the same folder {place}, so that every event is loaded more than once."
    if refused:
        draft.problem(
            "landing",
            "folder_read_twice",
            message,
            "Correct bucket and prefix; if that is intended, set currents_folder_shared: true.",
            field="currents_prefix",
        )
    else:
        draft.warning("landing", "folder_read_twice", message, "It is allowed by currents_folder_shared.")


def _sources(entry: Settings | Unusable) -> Iterator[_Source]:
    if currents := _folder_of(entry):
        yield _Source(entry, "Currents", currents, _azure_account(entry))
    options = entry.roles["fivetran_connection"] if isinstance(entry, Settings) else {}
    storage = options.get("exports_storage") or "none"
    if storage != "none":
        bucket = options.get("exports_container" if storage == "azure" else "exports_bucket")
        folder = (storage, str(bucket), bare_folder(options.get("exports_prefix")))
        yield _Source(entry, _EXPORTS, folder, _account_in(options.get("exports_connection_string") or ""))


def _same_exports(situation: Situation, index: _Index, draft: Draft) -> None:
    """Warn of exports in a folder from which something else is read: exports, or Currents, also its own."""
    for own in _sources(draft.settings):
        others = [
            other
            for other in index.sources[own.folder]
            if _EXPORTS in (own.what, other.what)
            and (other.entry.name, other.what) != (draft.name, own.what)
            and len({own.account, other.account} - {""}) < 2
            and (other.entry.name == draft.name or not _is_the_same_connection(situation, draft, other.entry))
        ]
        # What a workspace does to itself is told once.
        if not others or (own.what != _EXPORTS and all(other.entry.name == draft.name for other in others)):
            continue
        read = joined(sorted(f"the {source.what} of {source.entry.name}" for source in (own, *others)))
        draft.warning(
            "landing",
            "exports_read_twice",
            f"fivetran_connection_exports_prefix: {read} are read from the same folder {shown(*own.folder)}, so that"
            " what is in it is loaded more than once.",
            "Correct bucket and prefix, unless that is intended.",
        )


def _same_key(index: _Index, draft: Draft) -> None:
    """Note who has the same key, and warn of it: Braze knows one workspace by it."""
    same = index.by_key.get(draft.settings.braze_api_key, ())
    draft.same_key = all_but(draft.name, [entry.name for entry in same[: MOST_SHARING + 1]])
    names = [entry.name for entry in same if not entry.folder_shared]
    if draft.settings.folder_shared or not names[1:]:
        return
    draft.warning(
        "key",
        "key_used_twice",
        f"braze_api_key: {joined(names)} have the same key. A key is of one Braze workspace, whose campaigns and"
        " segments are loaded for each of them.",
        "Give each the key of its own workspace; if they are one, set currents_folder_shared: true.",
    )


def _may_be_one_account(one: Settings | Unusable, other: Settings | Unusable) -> bool:
    """Tell whether two containers of one name may be the same; buckets of one name are."""
    accounts = {_azure_account(one), _azure_account(other)} - {""}
    return len(accounts) < 2


def _azure_account(entry: Settings | Unusable) -> str:
    """Return the storage account in Azure; empty where there is none, or it is not known."""
    return _account_in(entry.connection_string) if isinstance(entry, Settings) else ""


def _account_in(connection_string: str) -> str:
    found = _AZURE_ACCOUNT.search(connection_string)
    return found[1].lower() if found else ""


def _allows(entry: Settings | Unusable) -> bool:
    return isinstance(entry, Settings) and entry.folder_shared


def _is_the_same_connection(situation: Situation, draft: Draft, entry: Settings | Unusable) -> bool:
    """Tell whether both claim one connection, which is told already."""
    group = draft.group
    same_schema = schema_of(entry) == draft.settings.fivetran_schema
    return group is not None and same_schema and situation.may_be_of_group(entry, group)


def _folder_of_another_connection(index: _Index, draft: Draft) -> None:
    """Name connections of the group that read this folder and that no workspace of the inventory claims."""
    settings, group = draft.settings, draft.group
    if group is None:
        return
    folder = (settings.storage, settings.bucket, settings.prefix)
    rows = index.readers[group.id].get(folder, ())
    readers = [row for row in rows if row.get("schema") not in index.claimed[group.id]]
    if not readers:
        return
    schemas = joined(str(row.get("schema")) for row in readers)
    message = (
        f"currents_prefix: the connection {schemas} of the Fivetran group {group.name}, which no workspace of the"
        f" inventory claims, reads {shown(*folder)} already."
    )
    remedy = (
        f"If it is this workspace's, set fivetran_schema: {readers[0].get('schema')}. If both are to read it, set"
        " currents_folder_shared: true."
    )
    # Which storage account in Azure a connection reads cannot be seen, because Fivetran masks the connection string.
    is_certain = settings.storage != "azure"
    if draft.own_row is None and is_certain and not settings.folder_shared:
        draft.problem("connection", "folder_read_by_another_connection", message, remedy, field="fivetran_schema")
    else:
        draft.warning("connection", "folder_read_by_another_connection", message, remedy)


def folder_read(row: JsonObject) -> Folder | None:
    """Return storage, bucket and prefix that a Braze connection reads Currents from."""
    config = row.get("config")
    if row.get("service") != SERVICE or not isinstance(config, Mapping):
        return None
    return source_of(config)


def folders_read(row: JsonObject) -> list[Folder]:
    """Return all that a Braze connection reads from, Currents and exports; nothing of other services is known."""
    config = row.get("config")
    if row.get("service") != SERVICE or not isinstance(config, Mapping):
        return []
    return [folder for source in (CURRENTS, EXPORTS) if (folder := source_of(config, source))]


def buckets_named(row: JsonObject) -> set[str]:
    """Return every text in a connection's configuration: one that is a bucket's name names that bucket.

    Of any service and in any field, since each service calls its buckets differently; also out of a URL or an ARN.
    """
    texts = set(texts_in(row.get("config")))
    return texts | {bucket for text in texts if (bucket := bucket_in(text))}


def shown(storage: str, bucket: str, prefix: str) -> str:
    """Return a folder as a person writes it."""
    scheme = {"s3": "s3://", "gcs": "gs://"}.get(storage, "")
    return "/".join(filter(None, (f"{scheme}{bucket}", prefix)))
