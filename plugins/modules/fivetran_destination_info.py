#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_destination_info
short_description: Get a Fivetran group's destination
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the destination of a group, which is the warehouse that its connections sync into, and whether it is
    connected.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  group_id:
    description:
      - Id of the group, as M(onramp.braze_fivetran.fivetran_group_info) returns it. The destination has the same id.
    type: str
    required: true
requirements:
  - A Fivetran key that can see the group
seealso:
  - module: onramp.braze_fivetran.fivetran_group_info
"""

EXAMPLES = r"""
- name: Look at the warehouse
  onramp.braze_fivetran.fivetran_destination_info:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
  register: warehouse

- name: Check that it is connected
  ansible.builtin.assert:
    that: warehouse.destination.setup_status | default('missing') | lower == 'connected'
"""

RETURN = r"""
destination:
  description:
    - The destination; V(none) if none has been set up yet in the group, or the key cannot see it.
    - What Fivetran does not tell is V(none).
  returned: success
  type: dict
  contains:
    id:
      description: Id of the destination, the same as that of the group.
      type: str
      sample: jovial_daylight
    group_id:
      description: Id of the group.
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
    setup_tests:
      description: Results of the last setup tests of the destination, if Fivetran returns them.
      type: list
      elements: dict
      contains:
        title:
          description: Name of the test.
          type: str
          sample: Validate Login
        status:
          description: V(PASSED), V(SKIPPED), V(WARNING), V(FAILED) or V(JOB_FAILED).
          type: str
          sample: PASSED
        message:
          description: What the test says.
          type: str
          sample: Invalid login credentials.
        details:
          description: Whatever else the test returns, of any type.
          type: raw
          sample: {}
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: AuthFailed
    message: Missing or invalid authorization
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.destination import (
    destination_info,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=destination_info,
    options=FIVETRAN_OPTIONS | OptionGroup({"group_id": {"type": "str", "required": True}}),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
