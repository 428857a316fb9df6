# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_makers
short_description: Choose which workspace makes the IAM role that several share
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns for each IAM role which workspace brings it to its state. Made for the playbooks of this collection.
positional: _input, answers, batch, known
options:
  _input:
    description: What P(onramp.braze_fivetran.workspaces#filter) returns.
    type: list
    elements: dict
    required: true
  answers:
    description:
      - The results of a loop of M(onramp.braze_fivetran.fivetran_account_info) over the workspaces that ask Fivetran
        for all, with each one's name as the C(item). What has failed holds no C(group).
    type: list
    elements: dict
    required: true
  batch:
    description: Hosts that are played now.
    type: list
    elements: str
    required: true
  known:
    description: What this filter returned for earlier batches; it is kept.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show who makes the roles
  ansible.builtin.debug:
    msg: >-
      {{ hostvars | onramp.braze_fivetran.workspaces(ansible_play_hosts_all, ansible_play_hosts_all)
         | onramp.braze_fivetran.role_makers(answers, ansible_play_batch) }}
  vars:
    answers:
      - item: "{{ inventory_hostname }}"
        group:
          id: jovial_daylight
"""

RETURN = r"""
_value:
  description: Names of workspaces by AWS profile, name of the role, and id of the Fivetran group.
  type: dict
  sample:
    " Fivetran jovial_daylight": shop_us
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._workspaces.inventory import Workspace
from ..plugin_utils._workspaces.sharing import role_makers


def makers(
    workspaces: Sequence[Workspace],
    answers: Iterable[Mapping[str, Any]],
    batch: Collection[str],
    known: Mapping[str, str] | None = None,
) -> Any:
    group_ids = {answer["item"]: answer["group"]["id"] for answer in answers if "group" in answer}
    return wrap_var(role_makers(workspaces, group_ids, batch, known))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"role_makers": makers}
