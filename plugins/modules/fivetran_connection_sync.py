#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_connection_sync
short_description: Sync a Fivetran connection now
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Starts a sync of a connection instead of waiting for its schedule, and optionally waits until it has finished.
  - Nothing is started where a sync is running already; that sync is waited for then.
  - A connection that is paused, or that Fivetran does not call connected, is refused, because it would never sync.
  - While it waits, a line tells how long it has waited and until when it does. A module in a process of its own has no
    means to; there, one line tells beforehand.
  - The wait ends at once where the connection breaks, is paused or removed meanwhile, and where Fivetran puts the sync
    off beyond O(wait_timeout).
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran_connection_identity
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
attributes:
  check_mode:
    support: full
    details:
      - Nothing is started and nothing is waited for in check mode.
      - Where the connection is named by its group and schema and is not there, check mode takes it for one that an
        earlier task makes, and a warning says so.
  diff_mode:
    support: none
    details:
      - A sync is an event and changes no setting.
  idempotent:
    support: none
    details:
      - Every run starts a sync, unless one is running, or has ended after O(since).
options:
  force:
    description:
      - Whether to stop a sync that is running and to start over.
    type: bool
    default: false
  resync:
    description:
      - Whether to sync everything again from the beginning (a historical sync), which can take days and costs the
        source as much as the first sync.
      - Nothing is started where a historical sync is running already.
    type: bool
    default: false
  since:
    description:
      - A time in ISO 8601, such as RV(sync.previous_finished_at) of an earlier task. Nothing is started where a sync
        has ended after it, and that sync is the one that O(wait) tells of.
      - So a sync that Fivetran has run meanwhile is not run again.
    type: str
  wait:
    description:
      - Whether to wait until the sync has finished. The task fails if the sync fails, with Fivetran's reason.
      - Looks come every two seconds at first, later every half a minute.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait before the task fails with C(failure.code=sync_timeout). The sync goes on at Fivetran.
      - From V(1) to V(604800), a week.
    type: int
    default: 3600
  config_secrets:
    description:
      - Secrets of the connection's configuration, as for M(onramp.braze_fivetran.fivetran_connection). They are not
        sent. Fivetran may quote them when it says why a sync failed, and what is given here is kept out of all output.
    type: dict
requirements:
  - A Fivetran key with the role Account Administrator, or with the right to manage connections in the group
seealso:
  - module: onramp.braze_fivetran.fivetran_connection
  - module: onramp.braze_fivetran.fivetran_connection_info
"""

EXAMPLES = r"""
- name: Sync now and wait for the data
  onramp.braze_fivetran.fivetran_connection_sync:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    schema: braze_shop_us
    wait: true
    wait_timeout: 7200
  register: synced

- name: Sync everything again
  onramp.braze_fivetran.fivetran_connection_sync:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    id: "{{ synced.connection.id }}"
    resync: true
"""

RETURN = r"""
sync:
  description: What was done.
  returned: success, or failure after the start
  type: dict
  contains:
    started:
      description: Whether this task started a sync, in check mode whether it would. Otherwise one is running already.
      type: bool
      sample: true
    previous_finished_at:
      description:
        - When the sync before this one finished, in ISO 8601; V(none) if there was none. The sync has finished when
          C(last_sync.finished_at) of the connection differs from it.
      type: str
      sample: "2024-12-01T15:43:29.013729Z"
connection:
  description:
    - The connection as it was found or, with O(wait=true), after the sync.
    - What is not set, and what Fivetran does not tell, is V(none); so is, in check mode, everything of a connection
      that an earlier task would make.
  returned: success, or failure after the start
  type: dict
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
    code: sync_failed
    message: "The sync of connection speak_inexpensive (schema braze_shop_us) failed."
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.identity import (
    IDENTITY_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.sync.sync import sync, waiting
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=sync,
    waiting=waiting,
    options=FIVETRAN_OPTIONS
    | IDENTITY_OPTIONS
    | OptionGroup(
        {
            "force": {"type": "bool", "default": False},
            "resync": {"type": "bool", "default": False},
            "since": {"type": "str"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 3600},
            "config_secrets": {"type": "dict", "no_log": True},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
