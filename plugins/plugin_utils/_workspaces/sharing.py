# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Who shares an IAM role with whom, who makes it, who cannot share it, and who still needs it when others leave.

Workspaces of one AWS profile that name the same role share it, and its policy lists the buckets of all of them,
whatever ``--limit``, ``serial`` and ``forks`` select.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from ...module_utils._fivetran.braze_config import GCS_BUCKET, GCS_FOLDER, S3_BUCKET
from .inventory import Workspace

_REMEDY = "another s3_access_role_name and s3_access_policy_name"


def of_the_role(workspaces: Iterable[Workspace], this: Workspace, group_names: Collection[str]) -> list[Workspace]:
    """Return ``this`` and the workspaces that share its role. ``group_names``: id and names of its Fivetran group."""
    return [other for other in workspaces if other["role"] == this["role"] and other["group"] in group_names]


def role_makers(
    workspaces: Iterable[Workspace],
    group_ids: Mapping[str, str],
    batch: Collection[str],
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return who brings each role to its state, by the role and the id of the Fivetran group.

    ``group_ids``: by the workspace that has asked for the group. ``batch``: who is played now. ``known``: who has done
    it in earlier batches.
    """
    makers: dict[str, str] = {}
    for workspace in workspaces:
        if workspace["role"] and workspace["name"] in batch:
            makers.setdefault(f"{workspace['role']} {group_ids.get(workspace['reader'], '')}", workspace["name"])
    return {**makers, **(known or {})}


def sharing_problems(workspaces: Sequence[Workspace], this: Workspace, group_names: Collection[str]) -> list[str]:
    """Return why ``this`` cannot share its role with those who name it, too: a sentence each, empty if it can."""
    return [
        *_groups_that_differ(workspaces, this, group_names),
        *_settings_that_differ(of_the_role(workspaces, this, group_names), this),
        *_policies_of_two_roles(workspaces, this),
    ]


def _groups_that_differ(
    workspaces: Iterable[Workspace], this: Workspace, group_names: Collection[str]
) -> Iterator[str]:
    for other in workspaces:
        if other["role"] == this["role"] and other["group"] not in group_names:
            yield (
                f"s3_access_role_name: the workspace {other['name']} of the Fivetran group {other['group']} names the"
                f" same IAM role {this['access']['s3_access_role_name']} in the same AWS account as this one of the"
                f" group {this['group']}. Each group has its own External ID, and a role trusts one. Give one of the"
                f" two {_REMEDY}."
            )


def _settings_that_differ(sharers: Iterable[Workspace], this: Workspace) -> Iterator[str]:
    for other in sharers:
        for setting, value in this["access"].items():
            theirs = other["access"].get(setting)
            if theirs != value:
                yield (
                    f"{setting}: the workspace {other['name']} shares the IAM role"
                    f' {this["access"]["s3_access_role_name"]} and says "{theirs}" where this one says "{value}". Give'
                    f" both the same value, or one of the two {_REMEDY}."
                )


def _policies_of_two_roles(workspaces: Iterable[Workspace], this: Workspace) -> Iterator[str]:
    policy, role = this["access"]["s3_access_policy_name"], this["access"]["s3_access_role_name"]
    for other in workspaces:
        theirs = other["access"]
        same_account = other["storage"] == "s3" and other["profile"] == this["profile"]
        if same_account and theirs["s3_access_policy_name"] == policy and theirs["s3_access_role_name"] != role:
            yield (
                f"s3_access_policy_name: the workspace {other['name']} names the same IAM policy {policy} for another"
                " role. Give one of the two another s3_access_policy_name."
            )


class Departure(TypedDict):
    """What happens to the access of a workspace that leaves.

    ``buckets_to_release``: buckets that its role shall read no more. ``buckets_still_read``: buckets that others read
    through the same role. ``grant_used_by``: schemas of the connections that the grant in GCS is for, too.
    """

    buckets_to_release: list[str]
    buckets_still_read: list[str]
    grant_used_by: list[str]


def departure(
    connections: Iterable[Mapping[str, Any]],
    workspaces: Sequence[Workspace],
    this: Workspace,
    *,
    group_names: Collection[str],
    leaving: Collection[str],
    folder: str | None,
) -> Departure:
    """Return what of the access is needed by nobody any more, when only ``connections`` of the group are left.

    ``leaving``: the workspaces that are taken off in this play. ``folder``: the grant is for this folder of the bucket
    only; None if it is for the whole bucket.
    """
    sharers = {other["name"] for other in of_the_role(workspaces, this, group_names)}
    # A connection that the inventory does not know may read through the role, so it counts.
    of_other_roles = {
        other["schema"] for other in workspaces if other["group"] in group_names and other["name"] not in sharers
    }
    staying = list(connections)
    read = {str(_config(row).get(S3_BUCKET) or "") for row in staying if row.get("schema") not in of_other_roles}
    released = {other["bucket"] for other in workspaces if other["name"] in sharers and other["name"] in leaving}
    return {
        "buckets_still_read": sorted(read - {""}),
        "buckets_to_release": sorted(released - read),
        "grant_used_by": [str(row.get("schema")) for row in staying if _needs_grant(row, this["bucket"], folder)],
    }


def _needs_grant(connection: Mapping[str, Any], bucket: str, folder: str | None) -> bool:
    config = _config(connection)
    if config.get(GCS_BUCKET) != bucket:
        return False
    return folder is None or str(config.get(GCS_FOLDER) or "").strip("/") == folder.strip("/")


def _config(connection: Mapping[str, Any]) -> Mapping[str, Any]:
    config = connection.get("config")
    return config if isinstance(config, Mapping) else {}
