#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_group
short_description: Create, rename and remove a Fivetran group
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Brings a Fivetran group to the described state. A group is the place of one destination and its connections.
  - A group that exists is adopted by its name.
  - A group that holds connections is never removed; the error names them.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) creates the group or renames the one with this O(id), V(absent) removes it together with its
        destination. Data in the warehouse is never removed.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - Name of the group. Without O(id), the group is found by it, exactly and including case. If several groups have
        the name, the task fails and lists their ids.
      - With O(id), the name that the group is to have.
    type: str
  id:
    description:
      - Id of an existing group. Fivetran chooses the ids of new groups.
    type: str
requirements:
  - A Fivetran key with the role Account Administrator
seealso:
  - module: onramp.braze_fivetran.fivetran_group_info
"""

EXAMPLES = r"""
- name: Create a group
  onramp.braze_fivetran.fivetran_group:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    name: Warehouse
  register: warehouse

- name: Rename it
  onramp.braze_fivetran.fivetran_group:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    id: "{{ warehouse.group.id }}"
    name: Warehouse US

- name: Remove it
  onramp.braze_fivetran.fivetran_group:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    id: "{{ warehouse.group.id }}"
    state: absent
"""

RETURN = r"""
group:
  description: The group as it is now, in check mode as it would be; V(none) after a removal.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the group and of its destination; V(none) in check mode if it does not exist yet.
      type: str
      sample: jovial_daylight
    name:
      description: Name of the group.
      type: str
      sample: Warehouse
    created_at:
      description: When the group was created, in ISO 8601.
      type: str
      sample: "2024-12-01T15:43:29.013729Z"
    external_id:
      description: The External ID under which Fivetran assumes roles in AWS for this group, the same as its id.
      type: str
      sample: jovial_daylight
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: group_not_empty
    message: "Fivetran group Warehouse (jovial_daylight) still holds 1 connection."
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.group_state import group
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=group,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "name": {"type": "str"},
            "id": {"type": "str"},
        },
        required_one_of=[("id", "name")],
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
