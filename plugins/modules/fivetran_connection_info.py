#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_connection_info
short_description: Get Fivetran connections
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns one connection, the connections of a group or of a service, or all that the key can see, however many pages
    they fill.
  - Stored secrets are masked by Fivetran and stay so.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  id:
    description:
      - Id of a connection. If there is none, the list is empty.
    type: str
  group_id:
    description:
      - Only connections of the group with this id.
    type: str
  schema:
    description:
      - Only connections of this name, that is of this schema in the warehouse.
    type: str
  service:
    description:
      - Only connections of this service, for example V(braze).
    type: str
requirements:
  - A Fivetran key that can see the connections
seealso:
  - module: onramp.braze_fivetran.fivetran_connection
"""

EXAMPLES = r"""
- name: Find the Braze connections of a group
  onramp.braze_fivetran.fivetran_connection_info:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    service: braze
  register: braze

- name: Show which of them do not sync
  ansible.builtin.debug:
    msg: "{{ braze.connections | rejectattr('setup_state', 'eq', 'connected') | map(attribute='schema') }}"
"""

RETURN = r"""
connections:
  description:
    - The connections, in the order in which Fivetran lists them.
    - What is not set, and what Fivetran does not tell, is V(none).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the connection.
      type: str
      sample: speak_inexpensive
    group_id:
      description: Id of the group.
      type: str
      sample: jovial_daylight
    service:
      description: Name of the service.
      type: str
      sample: braze
    schema:
      description: Name of the connection and of its schema in the warehouse.
      type: str
      sample: braze_shop_us
    paused:
      description: Whether the connection is paused.
      type: bool
      sample: false
    setup_state:
      description: V(incomplete), V(connected) or V(broken).
      type: str
      sample: connected
    sync_frequency:
      description: Minutes between two syncs.
      type: int
      sample: 360
    daily_sync_time:
      description: Hour of the daily sync.
      type: str
      sample: "14:00"
    schedule_type:
      description: Whether it syncs by schedule.
      type: str
      sample: auto
    pause_after_trial:
      description: Whether it is paused when the trial ends.
      type: bool
      sample: false
    data_delay_sensitivity:
      description: How soon Fivetran warns of late data.
      type: str
      sample: NORMAL
    data_delay_threshold:
      description: Minutes of delay after which Fivetran warns.
      type: int
      sample: 0
    networking_method:
      description: How Fivetran reaches the source.
      type: str
      sample: Directly
    private_link_id:
      description: Id of the private link.
      type: str
      sample: private_link_id
    proxy_agent_id:
      description: Id of the proxy agent.
      type: str
      sample: proxy_agent_id
    hybrid_deployment_agent_id:
      description: Id of the hybrid deployment agent.
      type: str
      sample: hybrid_deployment_agent_id
    destination_schema_names:
      description: Whose names tables and columns have.
      type: str
      sample: FIVETRAN_NAMING
    created_at:
      description: When it was created, in ISO 8601.
      type: str
      sample: "2024-12-01T15:43:29.013729Z"
    succeeded_at:
      description: When a sync last succeeded, in ISO 8601.
      type: str
      sample: "2024-12-01T15:43:29.013729Z"
    failed_at:
      description: When a sync last failed, in ISO 8601.
      type: str
      sample: "2024-12-01T15:43:29.013729Z"
    config:
      description: Configuration of the service, secrets masked.
      type: dict
      sample:
        api_key: "********"
        s3bucket: acme-currents-us
    status:
      description: State of setup, sync and schedule as Fivetran reports it, with its tasks and warnings.
      type: dict
      sample:
        setup_state: connected
        sync_state: scheduled
        update_state: on_schedule
        is_historical_sync: false
        tasks: []
        warnings: []
    last_sync:
      description: The sync that finished last, read from C(succeeded_at), C(failed_at) and C(status).
      type: dict
      contains:
        outcome:
          description: V(succeeded) or V(failed); V(none) before the first sync has finished.
          type: str
          sample: failed
        finished_at:
          description: When it finished, in ISO 8601; V(none) before the first sync has finished.
          type: str
          sample: "2024-12-01T15:43:29.013729Z"
        reasons:
          description: Why it failed, from Fivetran's tasks and warnings; empty if it succeeded.
          type: list
          elements: str
          sample: ["reconnect: Reconnect: Cannot assume role"]
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

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection_info import connection_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=connection_info,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "id": {"type": "str"},
            "group_id": {"type": "str"},
            "schema": {"type": "str"},
            "service": {"type": "str"},
        },
        mutually_exclusive=[("id", "group_id"), ("id", "schema"), ("id", "service")],
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
