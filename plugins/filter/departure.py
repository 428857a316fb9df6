# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: departure
short_description: Find out which access nobody needs when Braze workspaces leave
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns which buckets an IAM role shall read no more, and whom the rest of the access is for, when only some
    connections of a Fivetran group are left. Made for the playbooks of this collection.
positional: _input, workspaces, workspace
options:
  _input:
    description: >-
      The connections that stay, as M(onramp.braze_fivetran.fivetran_connection_info) returns them.
    type: list
    elements: dict
    required: true
  workspaces:
    description: What P(onramp.braze_fivetran.workspaces#filter) returns.
    type: list
    elements: dict
    required: true
  workspace:
    description: The one of them whose access is looked at.
    type: dict
    required: true
  group_names:
    description: The id of its Fivetran group and the names that the inventory may call it by.
    type: list
    elements: str
    required: true
  leaving:
    description: Hosts that are taken off now.
    type: list
    elements: str
    required: true
  folder:
    description: Folder that the grant in Google Cloud Storage is for; unset means that it is for the whole bucket.
    type: str
"""

EXAMPLES = r"""
- name: Show what could be taken away if no connection were left
  ansible.builtin.debug:
    msg: >-
      {{ [] | onramp.braze_fivetran.departure(found, found[0], group_names=[], leaving=ansible_play_hosts_all) }}
  vars:
    found: "{{ hostvars | onramp.braze_fivetran.workspaces(ansible_play_hosts_all, ansible_play_hosts_all) }}"
"""

RETURN = r"""
_value:
  description: What happens to the access.
  type: dict
  contains:
    buckets_to_release:
      description: Buckets that the role of the workspace shall read no more.
      type: list
      elements: str
      sample: [acme-currents-us]
    buckets_still_read:
      description: Buckets that connections that stay read through the same role.
      type: list
      elements: str
      sample: []
    grant_used_by:
      description: Schemas of the connections that stay and need the same grant in Google Cloud Storage.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._workspaces import sharing
from ..plugin_utils._workspaces.inventory import Workspace


def departure(
    connections: Iterable[Mapping[str, Any]],
    workspaces: Sequence[Workspace],
    workspace: Workspace,
    group_names: Collection[str],
    leaving: Collection[str],
    folder: str | None = None,
) -> Any:
    found = sharing.departure(
        connections, workspaces, workspace, group_names=group_names, leaving=leaving, folder=folder
    )
    return wrap_var(found)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"departure": departure}
