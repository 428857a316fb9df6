# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which access to the bucket a connection has, as settings or as remarks. Pure functions.

Fivetran shows the role that a connection uses masked, so that a role is never known, only found: a setting is made of
the one role, or the one grant, that lets Fivetran read. Of several, a person chooses.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...module_utils._aws.access.documents import (
    JsonObject,
    Reading,
    granted_buckets,
    is_possible,
    listed,
    permission_document,
    same_document,
)
from ...module_utils._bucket.effect import Answer, Effect
from ...module_utils._google.effect.question import VIEWER
from ...module_utils._google.policy import Grant, folder_condition, plan_policy
from .._settings.options import all_options
from .variables import VariableValue, one_line

# Of many reasons, the first ones are told.
MOST_REASONS = 3
# What keeps many connections from being looked at is told once.
SEE_TOP = "The reason stands at the top."


@dataclass(frozen=True)
class Candidate:
    """Settings that a person may choose. ``doubt``: why it is not certain that they lead to the bucket."""

    settings: Mapping[str, VariableValue]
    doubt: str = ""


@dataclass(frozen=True)
class AccessVariables:
    """What an inventory says of the access of one connection.

    ``remarks``: sentences for a person. ``missing``: why the access was not found, a sentence; empty if it was.
    """

    settings: Mapping[str, VariableValue] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Role:
    """An IAM role that Fivetran can assume for the group of a connection, and whether it can read the bucket by it.

    ``profile``: the AWS profile by which it was found; empty for the default. ``own``: what says that this collection
    made it, as settings; None if somebody else did.
    """

    arn: str
    reads: Effect
    profile: str = ""
    own: Mapping[str, VariableValue] | None = None


def s3_access(accounts: Sequence[str], roles: Iterable[Role], profile: str = "") -> AccessVariables:
    """Return the access by the one role that reads the bucket, if there is one.

    ``accounts``: the ids of the AWS accounts in which roles were looked for. ``roles``: those that Fivetran can assume.
    ``profile``: the AWS profile to act with where no role is chosen.
    """
    found = sorted(roles, key=lambda role: role.arn)
    reading = [role for role in found if role.reads.answer is Answer.YES]
    unsure = [role for role in found if role.reads.answer is Answer.UNKNOWN]
    # Where nobody can tell, a role that has no rival is the one: the connection reads by some role.
    chosen, rivals = (reading, unsure) if reading else (unsure, [])
    if len(chosen) == 1:
        return AccessVariables(_without_defaults(_settings_of(chosen[0])), tuple(_about(chosen[0], rivals)))
    acting: dict[str, VariableValue] = {"s3_access_aws_profile": profile} if profile else {}
    if chosen:
        return _choice([*chosen, *rivals], acting)
    return AccessVariables(acting, missing=_no_role(accounts, found))


def with_names_of_its_own(access: AccessVariables, group_id: str) -> AccessVariables:
    """Return the access with names that no other group has, where no role was found: a role trusts one group.

    By the names that are there by default, it would be refused together with a workspace that is fine.
    """
    is_named = not access.settings.keys().isdisjoint({"s3_access_role_arn", "s3_access_role_name"})
    if is_named or access.candidates or not access.missing:
        return access
    of_others = all_options()
    names: dict[str, VariableValue] = {
        name: f"{of_others[name].default}-{group_id}" for name in ("s3_access_role_name", "s3_access_policy_name")
    }
    remark = (
        "A role trusts one Fivetran group, and others have connections in S3: the names are its own. If Fivetran reads"
        " by a role that was not found, put its ARN into s3_access_role_arn instead."
    )
    return replace(access, settings={**access.settings, **names}, remarks=(*access.remarks, remark))


def _settings_of(role: Role) -> dict[str, VariableValue]:
    profile: dict[str, VariableValue] = {"s3_access_aws_profile": role.profile} if role.profile else {}
    return profile | (dict(role.own) if role.own is not None else {"s3_access_role_arn": role.arn})


def _without_defaults(settings: Mapping[str, VariableValue]) -> dict[str, VariableValue]:
    known = all_options()
    return {name: value for name, value in settings.items() if name not in known or value != known[name].default}


def _about(role: Role, rivals: Sequence[Role]) -> Iterator[str]:
    if role.own is not None:
        yield f"This collection has made the role {role.arn}."
    elif role.reads.answer is Answer.YES:
        yield "Fivetran shows the role that it uses masked. Of those that it can assume, this one reads the bucket."
    else:
        yield "Fivetran shows the role that it uses masked. No other one that it can assume reads the bucket."
    if role.reads.answer is Answer.UNKNOWN:
        yield f"Whether it reads the bucket cannot be told: {_reasons(role.reads)}."
    if rivals:
        yield f"Whether others do, cannot be told: {', '.join(rival.arn for rival in rivals)}."


def _choice(roles: Sequence[Role], acting: Mapping[str, VariableValue]) -> AccessVariables:
    names = ", ".join(role.arn for role in roles)
    missing = f"{len(roles)} IAM roles may be the one that Fivetran uses, which it shows masked: {names}."
    doubts = ["" if role.reads.answer is Answer.YES else _reasons(role.reads) for role in roles]
    settings = [
        {name: value for name, value in _settings_of(role).items() if acting.get(name) != value} for role in roles
    ]
    return AccessVariables(acting, candidates=tuple(map(Candidate, settings, doubts)), missing=missing)


def _no_role(accounts: Sequence[str], roles: Sequence[Role]) -> str:
    if not accounts:
        return f"No IAM role was looked for. {SEE_TOP}"
    if not roles:
        names = " and ".join(accounts)
        return f"No IAM role of the AWS account {names} lets Fivetran in with the External ID of the group."
    refused = "; ".join(f"{role.arn}: {_reasons(role.reads)}" for role in roles[:MOST_REASONS])
    return f"No IAM role that Fivetran can assume reads the bucket. {refused}."


def gcs_access(
    reads: Effect | None, own: Mapping[str, VariableValue] | None, is_connected: bool = False
) -> AccessVariables:
    """Return the access by grants on the bucket.

    ``reads``: None if the bucket's policy was not read. ``own``: what makes the playbooks want exactly the grant that
    is there; None if they want another one. ``is_connected``: whether Fivetran itself says that it can read.
    """
    if reads is None:
        return AccessVariables(missing=f"No grant was looked for. {SEE_TOP}")
    # Where it is not the grant that the playbooks make, theirs would be a second one.
    foreign: dict[str, VariableValue] = {"gcs_access_manage": False}
    if reads.answer is Answer.NO:
        missing = f"No grant was found: {_reasons(reads)}."
        if not is_connected:
            return AccessVariables(missing=missing)
        return AccessVariables(foreign, missing=f"{missing} Fivetran itself says that the connection is connected.")
    if own is not None:
        return AccessVariables(own)
    if reads.answer is Answer.YES:
        return AccessVariables(foreign, (f"Somebody else's grant: {_reasons(reads)}.",))
    return AccessVariables(foreign, missing=f"Whether Fivetran can read the bucket cannot be told: {_reasons(reads)}.")


def own_role(name: str, path: str, policy: tuple[str, JsonObject] | None, folder: str) -> dict[str, VariableValue]:
    """Return the settings by which this collection finds again a role that it has made, and wants what is there.

    ``policy``: name and document of the attached policy that it has made as well.
    """
    settings: dict[str, VariableValue] = {"s3_access_role_name": name, "s3_access_path": path}
    if policy is None:
        return settings
    settings["s3_access_policy_name"], document = policy
    decrypting = [item for item in _statements(document) if listed(item.get("Action")) == ["kms:Decrypt"]]
    keys = [arn for statement in decrypting for arn in _resources(statement)]
    if keys:
        settings["s3_access_kms_key_arns"] = keys
    if folder and _is_for(document, folder, keys):
        settings["s3_access_scope"] = "prefix"
    return settings


def _statements(document: JsonObject) -> list[JsonObject]:
    """Return the statements; none where somebody has made something else of them."""
    found = listed(document.get("Statement"))
    return found if all(isinstance(item, dict) for item in found) else []


def _resources(statement: JsonObject) -> list[str]:
    return [str(arn) for arn in listed(statement.get("Resource"))]


def _is_for(document: JsonObject, folder: str, keys: Sequence[str]) -> bool:
    """Tell whether the document is the one that is made for a folder."""
    resources = [arn for statement in _statements(document) for arn in _resources(statement)]
    if not resources:
        return False
    partition = resources[0].split(":")[1:2]
    reading = Reading(tuple(granted_buckets(document)), folder, tuple(keys), *partition)
    return is_possible(reading) and same_document(document, permission_document(reading))


def own_grant(policy: JsonObject, member: str, bucket: str, folder: str) -> dict[str, VariableValue] | None:
    """Return the settings that make the playbooks want a grant that is there already; None if none do."""
    if not plan_policy(policy, Grant(VIEWER, member), present=True).changed:
        return {}
    if (
        folder
        and not plan_policy(policy, Grant(VIEWER, member, folder_condition(bucket, folder)), present=True).changed
    ):
        return {"gcs_access_scope": "prefix"}
    return None


def _reasons(effect: Effect) -> str:
    """Return the reasons of an answer as part of a sentence."""
    texts = list(dict.fromkeys(one_line(reason.text) for reason in effect.reasons))
    more = f" and {len(texts) - MOST_REASONS} more" if len(texts) > MOST_REASONS else ""
    return "; ".join(texts[:MOST_REASONS]) + more if texts else "no reason is known"
