#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_group_info
short_description: Get a Fivetran group with its External ID and service account
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Finds a Fivetran group by name or id and returns what other systems need to trust it, which are the External ID for
    AWS and the e-mail address of the service account for Google Cloud Storage.
  - Returns the group's destination and its state as well.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  group:
    description:
      - Name or id of the group. A name has to be given exactly, including case.
      - An id is looked for first. If several groups have the name, the task fails and lists their ids.
    type: str
    required: true
  gather:
    description:
      - What to ask besides the group itself; each costs one request.
      - V(service_account) is needed for Google Cloud Storage only.
    type: list
    elements: str
    choices: [service_account, destination]
    default: [service_account, destination]
requirements:
  - A Fivetran key that can see the group
seealso:
  - module: onramp.braze_fivetran.fivetran_connection
"""

EXAMPLES = r"""
- name: Read what AWS and Google have to trust
  onramp.braze_fivetran.fivetran_group_info:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group: Warehouse
  register: warehouse

- name: Show them
  ansible.builtin.debug:
    msg: >-
      External ID {{ warehouse.group.external_id }}, service account {{ warehouse.group.service_account }}
"""

RETURN = r"""
group:
  description: The group.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the group and of its destination.
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
    service_account:
      description: E-mail address of the Google service account that reads buckets for this group.
      returned: when O(gather) contains V(service_account)
      type: str
      sample: g-jovial-daylight@fivetran-production.iam.gserviceaccount.com
    destination:
      description: The group's destination; V(none) if none has been set up yet.
      returned: when O(gather) contains V(destination)
      type: dict
      contains:
        id:
          description: Id of the destination, the same as that of the group.
          type: str
          sample: jovial_daylight
        service:
          description: Type of the warehouse.
          type: str
          sample: snowflake
        region:
          description: Where Fivetran processes the data.
          type: str
          sample: GCP_US_EAST4
        setup_status:
          description: V(connected), V(incomplete) or V(broken). Nothing syncs into a destination that is not connected.
          type: str
          sample: connected
        time_zone_offset:
          description: Time zone of the sync schedule, in hours from UTC.
          type: str
          sample: "0"
        networking_method:
          description: How Fivetran reaches the warehouse.
          type: str
          sample: Directly
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: NotFound_Group
    message: There is no Fivetran group 'Warehose' that this API key can see.
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.group import GATHERERS, group_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=group_info,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "group": {"type": "str", "required": True},
            "gather": {"type": "list", "elements": "str", "choices": list(GATHERERS), "default": list(GATHERERS)},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
