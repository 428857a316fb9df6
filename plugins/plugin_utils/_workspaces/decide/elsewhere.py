# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell of access that stays, because a connection reads with something else than the settings name."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from typing import Any

from ..._settings.options import role_options
from ..._words import joined
from ..look import questions
from ..model.plan import GRANT_ELSEWHERE, ROLE_ELSEWHERE
from .drafts import Draft, Situation
from .identity import Folder, folder_read, folders_read, shown

_WHAT = {
    "s3": (ROLE_ELSEWHERE, "The IAM role and the policy that let Fivetran read it stay."),
    "gcs": (GRANT_ELSEWHERE, "The grant on it stays."),
}


def _stored(draft: Draft) -> Folder | None:
    """Return what the connection reads Currents from now, if there is one."""
    return folder_read(draft.own_row) if draft.own_row else None


def note_what_is_read(draft: Draft) -> None:
    """Note which buckets in S3 the connection reads that leaves: once it is deleted, nothing tells."""
    folders = folders_read(draft.own_row) if draft.own_row else []
    draft.reads = tuple(sorted({bucket for storage, bucket, _prefix in folders if storage == "s3"}))


def note_access_elsewhere(situation: Situation, draft: Draft) -> None:
    """Tell of the place that a connection reads which leaves, or is pointed elsewhere, where the settings name another.

    Of another bucket in S3, its policy is taken care of: the role is the same.
    """
    purpose, settings = situation.purpose, draft.settings
    stored = _stored(draft)
    if stored is None or stored[0] not in _WHAT or draft.problems or not (purpose.removes or purpose.creates):
        return
    storage, bucket, folder = stored
    by_folder = settings.roles[f"{storage}_access"].get("scope") == "prefix" and folder != settings.prefix
    place, (code, stays) = shown(storage, bucket, folder if by_folder else ""), _WHAT[storage]
    if storage != settings.storage:
        option, said = "currents_storage", f"says {settings.storage}"
        wanted = [f"currents_storage: {storage}", f"currents_bucket: {bucket}"]
    elif storage == "gcs" and bucket != settings.bucket:
        option, said, wanted = "currents_bucket", f"names {settings.bucket}", [f"currents_bucket: {bucket}"]
    elif storage == "gcs" and by_folder:
        option, said, wanted = "currents_prefix", f"names {settings.prefix}", []
    else:
        return
    wanted += [f"currents_prefix: {folder}"] if by_folder else []
    remedy = f"To take that away as well, set {joined(wanted)}, and run offboard.yml again."
    if not purpose.removes:
        by = by_hand(situation, draft, stored)
        remedy = f"Once nothing reads there any more, it is taken away by: {by}"
    draft.warning("access", code, f"{option}: the connection reads {place}, and the inventory {said}. {stays}", remedy)


def note_other_names(leaving: Iterable[Draft], name: str) -> None:
    """Tell of connections in S3 that read through a role of another name than the settings have: it stays."""
    for draft in leaving:
        stored = _stored(draft)
        if stored and stored[0] == "s3":
            draft.warning(
                "access",
                ROLE_ELSEWHERE,
                f"s3_access_role_name: there is no IAM role {name}, and no policy of the name that the inventory has."
                f" Those by which Fivetran reads {shown('s3', stored[1], '')} have other names, and stay.",
                "To take them away as well, set s3_access_role_name and s3_access_policy_name to their names, and run"
                " offboard.yml again.",
            )


def by_hand(situation: Situation, draft: Draft, place: Folder | None = None) -> str:
    """Return the command that takes access to a place away without the plan, by default to that of the settings.

    What nobody here knows is left to be filled in; behind the command stands where to read it.
    """
    settings, group = draft.settings, draft.group
    storage, bucket, folder = place or (settings.storage, settings.bucket, settings.prefix)
    where = ""
    if storage == "gcs":
        e_mail = group.service_account if group and group.service_account else "E-MAIL"
        what: dict[str, Any] = {"bucket": bucket, "member": e_mail}
        if e_mail == "E-MAIL":
            where = (
                ". E-MAIL is Fivetran's service account, which the bucket's policy shows:"
                f" gcloud storage buckets get-iam-policy gs://{bucket}"
            )
    else:
        access = settings.roles["s3_access"]
        external_id = group.id if group else external_id_of_the_role(situation, draft)
        what = {"external_id": external_id or "GROUP_ID", "bucket": bucket}
        what |= {name: access[name] for name in ("role_name", "policy_name")}
        if not external_id:
            where = (
                ". GROUP_ID is the External ID, which the role's tag onramp.braze_fivetran/external-id or its trust"
                f" policy shows: aws iam get-role --role-name {access['role_name']}"
            )
    role = f"{storage}_access"
    more, secret = _of_the_role(draft, role, folder)
    if secret:
        where += f". {joined(secret)} of the inventory it needs as well"
    values = " ".join(_as_extra(f"{role}_{name}", value) for name, value in {**what, **more}.items())
    return (
        "ansible localhost -m ansible.builtin.include_role -a"
        f" name=onramp.braze_fivetran.{role} -e {role}_state=absent {values}{where}"
    )


# What makes no other policy, role or grant, and what is said anyway.
_SAID = ("state", "role_arn", "released_buckets", "preflight", "manage", "sufficient", "adopt", "tags")


def _of_the_role(draft: Draft, role: str, folder: str) -> tuple[dict[str, Any], list[str]]:
    """Return what the inventory says otherwise than the role by itself, and the names of what is secret of that."""
    settings, found, secret = draft.settings.roles[role], {}, []
    for name, option in role_options(role).items():
        value = settings.get(option.short)
        if option.short in _SAID or value in (None, "", option.default):
            continue
        if option.no_log:
            secret.append(name)
        else:
            found[option.short] = value
    if settings.get("scope") == "prefix":
        found["prefix"] = folder
    return found, secret


def _as_extra(name: str, value: Any) -> str:
    """Return a variable as it stands on a command line."""
    if isinstance(value, str) and re.fullmatch(r"[\w@%+=:,./-]+", value, re.ASCII):
        return f"-e {name}={value}"
    return f"-e {shlex.quote(json.dumps({name: value}))}"


def external_id_of_the_role(situation: Situation, draft: Draft) -> str:
    """Return the External ID for which the role was made, as its tag has it; empty where nothing tells."""
    account = situation.account_of(draft.settings)
    question = questions.iam(draft.settings, account) if account and draft.settings.storage == "s3" else None
    role = situation.seen.of(question).role if question and situation.seen.has(question) else None
    # The SDK of AWS stands behind it.
    from ....module_utils._aws.access.model import tagged_external_id

    return tagged_external_id(role.tags) if role else ""
