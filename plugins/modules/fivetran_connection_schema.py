#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_connection_schema
short_description: Choose which schemas, tables and columns of a Fivetran connection sync
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Sets which schemas, tables and columns of a connection sync, which columns are hashed because they hold personal
    data, and what happens to tables that appear in the source later.
  - Only settings that are given are compared, and only those that differ are sent, in one request.
  - A schema or table that does not exist is refused with the nearest name, and so is a setting that Fivetran has
    locked, with Fivetran's reason. Fivetran lists a column only once it has been set, so a column that it does not list
    is sent, and the name is checked by Fivetran.
  - A column that is hashed stays readable in rows that were synced before. Set it before the first sync, while the
    connection is still paused.
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
      - The source is not read in check mode. While a connection has no schema config yet, every given setting is
        reported as a change, names are not checked, and a warning says so.
      - Where the connection is named by its group and schema and is not there, check mode takes it for one that an
        earlier task makes, and a warning says so.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(reload=always) the schema is read from the source every time, which is reported as a change.
options:
  schema_change_handling:
    description:
      - What happens to what appears in the source later. V(ALLOW_ALL) syncs everything new, V(ALLOW_COLUMNS) new
        columns but neither new tables nor new schemas, V(BLOCK_ALL) nothing new.
      - If unset, it is left alone.
    type: str
    choices: [ALLOW_ALL, ALLOW_COLUMNS, BLOCK_ALL]
  schemas:
    description:
      - Schemas with their settings. Schemas, tables, columns and settings that are not given are left alone.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the schema in the source, case-sensitive. Most services have one, which is named like the
            connection.
        type: str
        required: true
      enabled:
        description:
          - Whether the schema syncs.
        type: bool
      tables:
        description:
          - Tables of the schema.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the table, case-sensitive.
            type: str
            required: true
          enabled:
            description:
              - Whether the table syncs.
            type: bool
          sync_mode:
            description:
              - How changed and deleted rows arrive in the warehouse. Not every service offers a choice.
            type: str
            choices: [SOFT_DELETE, HISTORY, LIVE]
          columns:
            description:
              - Columns of the table.
            type: list
            elements: dict
            suboptions:
              name:
                description:
                  - Name of the column, case-sensitive.
                type: str
                required: true
              enabled:
                description:
                  - Whether the column syncs.
                type: bool
              hashed:
                description:
                  - Whether the warehouse gets a hash instead of the value.
                type: bool
              is_primary_key:
                description:
                  - Whether the column belongs to the primary key. Not every service offers the choice.
                type: bool
  reload:
    description:
      - When to read the schema from the source. V(if_missing) reads it where the connection has no schema config yet,
        V(always) every time, which also finds new tables, V(never) fails where there is none.
    type: str
    choices: [if_missing, always, never]
    default: if_missing
  reload_timeout:
    description:
      - Seconds to wait until the schema has been read, which takes long for a source with many tables.
    type: int
    default: 600
requirements:
  - A Fivetran key with the role Account Administrator, or with the right to manage connections in the group
seealso:
  - module: onramp.braze_fivetran.fivetran_connection
"""

EXAMPLES = r"""
- name: Hash what identifies a person, leave one table out, and let no new table in unseen
  onramp.braze_fivetran.fivetran_connection_schema:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    schema: braze_shop_us
    schema_change_handling: ALLOW_COLUMNS
    schemas:
      - name: braze_shop_us
        tables:
          - name: user
            columns:
              - name: email
                hashed: true
              - name: phone
                enabled: false
          - name: campaign
            enabled: false
"""

RETURN = r"""
schema_config:
  description:
    - The schema config as it is now, in check mode as it would be. V(none) in check mode if the connection has none
      yet.
  returned: success
  type: dict
  contains:
    schema_change_handling:
      description: What happens to what appears in the source later.
      type: str
      sample: ALLOW_COLUMNS
    schemas:
      description: Schemas by name, as Fivetran describes them. Columns that were never set are not listed.
      type: dict
      sample:
        braze_shop_us:
          name_in_destination: braze_shop_us
          enabled: true
          tables:
            user:
              name_in_destination: user
              enabled: true
              enabled_patch_settings:
                allowed: true
              supports_columns_config: true
              supports_history_mode: false
              columns:
                email:
                  name_in_destination: email
                  enabled: true
                  hashed: true
                  enabled_patch_settings:
                    allowed: true
reloaded:
  description: Whether the schema was read from the source, in check mode whether it would be.
  returned: success
  type: bool
  sample: false
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: locked
    message: "schemas.shop.tables.user.columns.id.enabled: Fivetran does not let anybody change this."
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.identity import (
    IDENTITY_OPTIONS,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.schema.config import (
    SCHEMA_CHANGE_HANDLINGS,
    SCHEMAS_ARGUMENT,
    schema,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=schema,
    options=FIVETRAN_OPTIONS
    | IDENTITY_OPTIONS
    | OptionGroup(
        {
            "schema_change_handling": {"type": "str", "choices": list(SCHEMA_CHANGE_HANDLINGS)},
            "schemas": SCHEMAS_ARGUMENT,
            "reload": {"type": "str", "choices": ["if_missing", "always", "never"], "default": "if_missing"},
            "reload_timeout": {"type": "int", "default": 600},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
