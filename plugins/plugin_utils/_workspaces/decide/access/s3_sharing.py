# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who names which role and which policy in AWS: who shares them, and who cannot."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...._settings.settings import Settings
from ...._words import joined
from ...look import asked
from ...model.plan import Group
from ..drafts import Draft, Situation

_REMEDY = "another s3_access_role_name and s3_access_policy_name"
# Beside these, every variable of s3_access shapes the role or its policy, so that all who share them have to agree.
_OF_ONE_WORKSPACE = frozenset(
    {"state", "external_id", "bucket", "buckets", "released_buckets", "prefix", "adopt", "preflight"} | {"account_id"}
)
# As whom AWS is asked.
_AWS = "aws_"


@dataclass(frozen=True)
class SharedRole:
    """A role in an account, for one group, with the playing workspaces that name it."""

    account: str
    name: str
    group: Group
    members: tuple[Draft, ...]


def role_key(situation: Situation, settings: Settings) -> tuple[str | None, str]:
    return situation.account_of(settings), _lower(settings, "role_name")


def shared_roles(situation: Situation, playing: Iterable[Draft]) -> Iterator[SharedRole]:
    members: dict[tuple[str, str, str, Group], list[Draft]] = {}
    for draft in playing:
        account, name = role_key(situation, draft.settings)
        # Who leaves needs not agree with anybody, and takes away what it names itself.
        policy = str(draft.settings.roles["s3_access"]["policy_name"]).lower() if situation.purpose.removes else ""
        if account is not None and draft.group is not None:
            members.setdefault((account, name, policy, draft.group), []).append(draft)
    for (account, _name, _policy, group), sharing in members.items():
        yield SharedRole(account, str(sharing[0].settings.roles["s3_access"]["role_name"]), group, tuple(sharing))


class SharingKind(NamedTuple):
    """Workspaces that are alike in all that sharing a role depends on, so that thousands are compared by the few kinds.

    ``shape``: all variables that shape the role or its policy, as text.
    """

    role: str
    group_id: str | None
    group: str
    shape: str


Kinds = Mapping[SharingKind, Sequence[Settings]]


@dataclass(frozen=True)
class Names:
    """Who of the inventory names which role and which policy of which account, in lower case."""

    roles: Mapping[tuple[str, str], Kinds]
    policies: Mapping[tuple[str, str], Kinds]


def names_of(situation: Situation) -> Names:
    roles: dict[tuple[str, str], dict[SharingKind, list[Settings]]] = {}
    policies: dict[tuple[str, str], dict[SharingKind, list[Settings]]] = {}
    for settings in situation.readable:
        account = situation.account_of(settings)
        if account is not None and not asked.given_role(settings):
            kind = _kind(situation, settings)
            of_policy = account, _lower(settings, "policy_name")
            roles.setdefault((account, kind.role), {}).setdefault(kind, []).append(settings)
            policies.setdefault(of_policy, {}).setdefault(kind, []).append(settings)
    return Names(roles, policies)


def _kind(situation: Situation, settings: Settings) -> SharingKind:
    shape = json.dumps(_shaping(settings), sort_keys=True, default=str)
    return SharingKind(_lower(settings, "role_name"), situation.group_id(settings), settings.fivetran_group, shape)


def _lower(settings: Settings, option: str) -> str:
    """Return a name as AWS compares it: names that differ in case only are one."""
    return str(settings.roles["s3_access"][option]).lower()


def note_conflicts(situation: Situation, names: Names, draft: Draft) -> None:
    """Note with whom this workspace cannot share what it names. Leaving needs no agreement."""
    group, settings = draft.group, draft.settings
    account = situation.account_of(settings)
    if situation.purpose.removes or group is None or account is None:
        return
    role, policy = _lower(settings, "role_name"), _lower(settings, "policy_name")
    strangers = [
        other for kind, alike in names.policies[account, policy].items() if kind.role != role for other in alike
    ]
    if strangers:
        draft.problem(
            "access",
            "policy_of_two_roles",
            f"s3_access_policy_name: {_who(strangers)} the same IAM policy {settings.roles['s3_access']['policy_name']}"
            " for another role.",
            "Give one of the two another s3_access_policy_name.",
        )
    sharing = list(names.roles[account, role].values())
    of_the_group = [alike for alike in sharing if situation.may_be_of_group(alike[0], group)]
    others = [other for alike in sharing if alike not in of_the_group for other in alike]
    _groups_that_differ(draft, [other for other in others if other.name != draft.name])
    _settings_that_differ(draft, of_the_group)


def _who(others: Sequence[Settings], verb: str = "name") -> str:
    """Return who does something, as the beginning of a sentence."""
    names = joined(sorted(other.name for other in others))
    return f"the workspace {names} {verb}s" if len(others) == 1 else f"the workspaces {names} {verb}"


def _groups_that_differ(draft: Draft, others: Sequence[Settings]) -> None:
    if others:
        groups = joined(sorted({other.fivetran_group for other in others}))
        draft.problem(
            "access",
            "role_of_two_groups",
            f"s3_access_role_name: {_who(others)} the same IAM role {draft.settings.roles['s3_access']['role_name']} in"
            f" the same AWS account for the Fivetran group {groups}, and this one is of the group"
            f" {draft.settings.fivetran_group}. Each group has its own External ID, and a role trusts one.",
            f"Give one of the two {_REMEDY}.",
        )


def _settings_that_differ(draft: Draft, sharing: Iterable[Sequence[Settings]]) -> None:
    mine, role_name = _shaping(draft.settings), draft.settings.roles["s3_access"]["role_name"]
    differing: dict[tuple[str, str], list[Settings]] = {}
    for alike in sharing:
        theirs = _shaping(alike[0])
        for setting in sorted({*mine, *theirs}) if theirs != mine else ():
            if mine.get(setting) != theirs.get(setting):
                differing.setdefault((setting, str(theirs.get(setting, ""))), []).extend(alike)
    for (setting, said), others_alike in differing.items():
        draft.problem(
            "access",
            "shared_role_differs",
            f"{setting}: {_who(others_alike, 'share')} the IAM role {role_name} and"
            f' there it is "{said}", where this one says "{mine.get(setting, "")}".',
            f"Give all the same value, or one of the two {_REMEDY}.",
        )


def _shaping(settings: Settings) -> dict[str, Any]:
    access = settings.roles["s3_access"]
    shaping = {f"s3_access_{name}": value for name, value in access.items() if not _is_of_one_workspace(name)}
    return shaping | ({"currents_prefix": settings.prefix} if access["scope"] == "prefix" else {})


def _is_of_one_workspace(name: str) -> bool:
    return name in _OF_ONE_WORKSPACE or name.startswith(_AWS)
