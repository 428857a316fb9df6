#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_connection
short_description: Create, update, test, start and remove a Fivetran connection
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Brings a Fivetran connection of any service to the described state. A connection that exists is adopted.
  - A new connection is created paused, its setup tests are run, and it is started when they have passed. A connection
    whose tests fail stays paused, and the task fails with the tests' own titles and messages.
  - A warning says so if the group's destination is not connected, because nothing could sync into it.
  - Only options that are given are compared and changed; the rest of a connection that exists is left alone. What
    Fivetran stores as a secret comes back masked; a mask is never a difference. Null, V(false), empty and absent are
    one value, because Fivetran need not return any of them.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
attributes:
  check_mode:
    support: full
    details:
      - Setup tests are not run in check mode.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(update_secrets=always) the secrets are sent every time, because the stored ones cannot be compared.
options:
  state:
    description:
      - V(present) creates or adopts the connection, V(absent) removes it. Data in the warehouse is never removed.
    type: str
    choices: [present, absent]
    default: present
  id:
    description:
      - Id of an existing connection. Otherwise it is found by O(group_id), O(service) and O(schema).
    type: str
  group_id:
    description:
      - Id of the group, as M(onramp.braze_fivetran.fivetran_group_info) returns it. Permanent after creation.
    type: str
  service:
    description:
      - Fivetran's name of the service, for example V(braze). Permanent after creation.
    type: str
  schema:
    description:
      - Name of the connection and of its schema in the warehouse. Unique in its group and permanent after creation.
      - Lower-case letters, digits and underscores; does not start with a digit. For services that fill one table, it
        is V(schema.table) and O(config) holds C(schema) and C(table).
    type: str
  config:
    description:
      - Fields of the service's configuration that are no secrets, under Fivetran's own names. Unknown fields and values
        outside of an enumeration are refused before anything is created, by the metadata of the service.
      - A field that is not given is left alone. An empty string clears a field.
      - C(schema) is filled in from O(schema) unless C(schema), C(schema_prefix) or C(table) is given here.
    type: dict
  config_on_create:
    description:
      - Fields of the configuration that only a connection gets which is created, beside O(config). Of one that exists
        they are neither compared nor changed.
    type: dict
  protected_config:
    description:
      - Names of fields of O(config) that say what the connection reads, such as C(s3bucket). If one that exists holds
        another value there, the task fails before anything is sent, and names both values.
    type: list
    elements: str
    default: []
  config_secrets:
    description:
      - Fields of the configuration that are secrets, such as C(api_key). They are sent together with O(config) and
        never shown.
      - Role ARNs belong into O(config), although Fivetran masks them, because Ansible would remove them from every
        other output as well.
    type: dict
  update_secrets:
    description:
      - When to send fields that Fivetran has stored masked, which can therefore not be compared.
      - V(on_create) sends them only with the creation.
      - V(on_test_failure) sends them also when the setup tests of an existing connection fail, and tests again.
      - V(always) sends them every time and reports a change every time.
    type: str
    choices: [on_create, on_test_failure, always]
    default: on_test_failure
  paused:
    description:
      - Whether the connection is paused. A connection is only started when Fivetran calls it connected.
      - If unset, a new connection is started once its tests have passed, and an existing one is left as it is, unless
        O(start_if_never_synced) is set.
    type: bool
  start_if_never_synced:
    description:
      - Whether a paused connection that has never synced is taken for one whose creation was interrupted. Its setup
        tests are run, and it is started when they have passed.
      - Has no effect if O(paused) is set, or with O(run_setup_tests=never).
    type: bool
    default: false
  pause_after_trial:
    description:
      - Whether to pause the connection when its free trial period ends.
    type: bool
  sync_frequency:
    description:
      - Minutes between two syncs.
      - If unset, Fivetran's default for a new connection is V(360).
    type: int
    choices: [1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440]
  daily_sync_time:
    description:
      - Hour of the daily sync in UTC, V(00:00) to V(23:00). Goes with O(sync_frequency=1440) only.
    type: str
  schedule_type:
    description:
      - V(auto) syncs by schedule, V(manual) only when told to.
    type: str
    choices: [auto, manual]
  data_delay_sensitivity:
    description:
      - How soon Fivetran warns of late data.
      - If unset, Fivetran's default for a new connection is V(NORMAL).
    type: str
    choices: [LOW, NORMAL, HIGH, CUSTOM, SYNC_FREQUENCY]
  data_delay_threshold:
    description:
      - Minutes of delay after which Fivetran warns. Goes with O(data_delay_sensitivity=CUSTOM) only.
    type: int
  networking_method:
    description:
      - How Fivetran reaches the source. V(PrivateLink) needs O(private_link_id), V(ProxyAgent) needs O(proxy_agent_id).
    type: str
    choices: [Directly, PrivateLink, SshTunnel, ProxyAgent]
  private_link_id:
    description:
      - Id of the private link to use.
    type: str
  proxy_agent_id:
    description:
      - Id of the proxy agent to use.
    type: str
  hybrid_deployment_agent_id:
    description:
      - Id of the hybrid deployment agent to use.
    type: str
  destination_schema_names:
    description:
      - Whether tables and columns get Fivetran's names or those of the source. Permanent after creation.
      - If unset, a new connection gets V(FIVETRAN_NAMING).
    type: str
    choices: [FIVETRAN_NAMING, SOURCE_NAMING]
  run_setup_tests:
    description:
      - When to run the setup tests.
      - V(on_change) runs them after a creation or a change that can break access, and while Fivetran does not call the
        connection connected.
      - V(never) leaves a new connection paused.
    type: str
    choices: [on_change, always, never]
    default: on_change
  setup_test_timeout:
    description:
      - Seconds for all runs of the setup tests together. A single run can last over ten minutes.
    type: int
    default: 900
  setup_test_retries:
    description:
      - How often failed tests are run again, where something has been changed by this task or the failure reads as if a
        fresh grant had not reached the servers of the cloud yet. The waits grow from 2 to 30 seconds, in all about
        one and a half minutes for V(6).
    type: int
    default: 6
  failing_test_statuses:
    description:
      - Which statuses of a setup test count as a failure.
    type: list
    elements: str
    choices: [WARNING, SKIPPED, FAILED, JOB_FAILED]
    default: [FAILED, JOB_FAILED]
  trust_certificates:
    description:
      - Whether Fivetran is to trust the certificate of the source during setup tests. Not stored.
    type: bool
    default: false
  trust_fingerprints:
    description:
      - Whether Fivetran is to trust the SSH fingerprint of the source during setup tests. Not stored.
    type: bool
    default: false
  trigger_first_sync:
    description:
      - Whether to start a sync at once after a new connection has been started, instead of waiting for the schedule.
    type: bool
    default: false
  sync_if_broken:
    description:
      - Whether to start a sync where Fivetran calls the connection broken although its setup tests have passed, because
        it does so until a sync succeeds. V(false) leaves that to M(onramp.braze_fivetran.fivetran_connection_sync).
    type: bool
    default: true
requirements:
  - A Fivetran key with the role Account Administrator, or with the right to manage connections in the group
seealso:
  - module: onramp.braze_fivetran.fivetran_group_info
"""

EXAMPLES = r"""
- name: Connect a Braze workspace whose Currents land in S3
  onramp.braze_fivetran.fivetran_connection:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    service: braze
    schema: braze_shop_us
    config:
      api_url: https://rest.iad-01.braze.com
      cloud_storage_type: AWS_S3
      s3bucket: acme-currents-us
      s3folder: currents
      s3role_arn: arn:aws:iam::111122223333:role/Fivetran
    config_secrets:
      api_key: "{{ vault_shop_us_key }}"
    sync_frequency: 60
    paused: false

- name: Pause it
  onramp.braze_fivetran.fivetran_connection:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    service: braze
    schema: braze_shop_us
    paused: true

- name: Remove it
  onramp.braze_fivetran.fivetran_connection:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    service: braze
    schema: braze_shop_us
    state: absent
"""

RETURN = r"""
connection:
  description:
    - The connection as it is now, in check mode as it would be; V(none) after a removal.
    - What is not set, and what Fivetran does not tell, is V(none); so is, in check mode, what only Fivetran decides.
    - Secrets are masked.
  returned: always, if known
  type: dict
  contains:
    id:
      description: Id of the connection; V(none) in check mode if it does not exist yet.
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
      description: V(incomplete), V(connected) or V(broken); V(none) in check mode if it does not exist yet.
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
sent:
  description:
    - The names of the fields that were sent to Fivetran, in check mode of those that would be; those of the
      configuration begin with C(config.).
  returned: with O(state=present)
  type: list
  elements: str
  sample: ["sync_frequency", "config.api_key"]
setup_tests:
  description: Results of the last run of the setup tests.
  returned: when setup tests were run
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
tested_at:
  description: When RV(setup_tests) had run, which Fivetran does not record. ISO 8601, in UTC.
  returned: when setup tests were run
  type: str
  sample: "2026-03-01T14:10:05+00:00"
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: setup_tests_failed
    message: "Connect to S3: FAILED (Cannot assume role)"
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.bring import (
    connection,
    waiting,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.connection.desired import (
    SCHEMA_NAMINGS,
    STORED_FIELDS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.setup_tests import FAILING_STATUSES
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=connection,
    waiting=waiting,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            **STORED_FIELDS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "id": {"type": "str"},
            "group_id": {"type": "str"},
            "service": {"type": "str"},
            "schema": {"type": "str"},
            "config": {"type": "dict"},
            "config_secrets": {"type": "dict", "no_log": True},
            "config_on_create": {"type": "dict"},
            "protected_config": {"type": "list", "elements": "str", "default": []},
            "update_secrets": {
                "type": "str",
                "choices": ["on_create", "on_test_failure", "always"],
                "default": "on_test_failure",
                # It says when secrets are sent and holds none.
                "no_log": False,
            },
            "destination_schema_names": {"type": "str", "choices": list(SCHEMA_NAMINGS)},
            "run_setup_tests": {"type": "str", "choices": ["on_change", "always", "never"], "default": "on_change"},
            "setup_test_timeout": {"type": "int", "default": 900},
            "setup_test_retries": {"type": "int", "default": 6},
            "failing_test_statuses": {
                "type": "list",
                "elements": "str",
                "choices": ["WARNING", "SKIPPED", "FAILED", "JOB_FAILED"],
                "default": list(FAILING_STATUSES),
            },
            "trust_certificates": {"type": "bool", "default": False},
            "trust_fingerprints": {"type": "bool", "default": False},
            "start_if_never_synced": {"type": "bool", "default": False},
            "trigger_first_sync": {"type": "bool", "default": False},
            "sync_if_broken": {"type": "bool", "default": True},
        },
        required_one_of=[("id", "schema")],
        required_together=[("group_id", "service", "schema")],
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
