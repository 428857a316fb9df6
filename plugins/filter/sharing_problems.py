# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sharing_problems
short_description: Say why workspaces cannot share an IAM role
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns what a workspace wants differently from those that name the same IAM role or policy. Made for the playbooks
    of this collection.
positional: _input, workspace, group_names
options:
  _input:
    description: What P(onramp.braze_fivetran.workspaces#filter) returns.
    type: list
    elements: dict
    required: true
  workspace:
    description: One of them.
    type: dict
    required: true
  group_names:
    description: The id of its Fivetran group and the names that the inventory may call it by.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what the first workspace cannot share
  ansible.builtin.debug:
    msg: "{{ found | onramp.braze_fivetran.sharing_problems(found[0], ['Warehouse', 'jovial_daylight']) }}"
  vars:
    found: "{{ hostvars | onramp.braze_fivetran.workspaces(ansible_play_hosts_all, ansible_play_hosts_all) }}"
"""

RETURN = r"""
_value:
  description: A sentence each; empty if the role can be shared.
  type: list
  elements: str
  sample: []
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._workspaces.inventory import Workspace
from ..plugin_utils._workspaces.sharing import sharing_problems


def problems(workspaces: Sequence[Workspace], workspace: Workspace, group_names: Collection[str]) -> Any:
    return wrap_var(sharing_problems(workspaces, workspace, group_names))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"sharing_problems": problems}
