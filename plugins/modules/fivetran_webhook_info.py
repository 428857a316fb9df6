#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_webhook_info
short_description: List the webhooks of a Fivetran account
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the webhooks of the account and of its groups, all or those that are wanted. Their secrets are never shown.
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
      - Id of one webhook. If there is none with it, the list is empty.
    type: str
  group_id:
    description:
      - Only those of this group, by its id.
    type: str
  url:
    description:
      - Only those that post to exactly this URL.
    type: str
requirements:
  - A Fivetran key with the role Account Administrator
seealso:
  - module: onramp.braze_fivetran.fivetran_webhook
"""

EXAMPLES = r"""
- name: List all webhooks
  onramp.braze_fivetran.fivetran_webhook_info:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
  register: known

- name: Name those that Fivetran has given up
  ansible.builtin.debug:
    msg: "{{ known.webhooks | rejectattr('active') | map(attribute='url') }}"
"""

RETURN = r"""
webhooks:
  description: The webhooks that were found.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the webhook.
      type: str
      sample: program_quoth
    type:
      description: V(account) for all connections of the account, V(group) for those of one group.
      type: str
      sample: group
    group_id:
      description: Id of the group; V(none) for the whole account.
      type: str
      sample: jovial_daylight
    url:
      description: Where Fivetran posts the events.
      type: str
      sample: https://automation.example.com/fivetran
    events:
      description: The events that are posted.
      type: list
      elements: str
      sample: [sync_end]
    active:
      description: Whether events are posted. Fivetran sets it to V(false) when nobody has taken them for a day.
      type: bool
      sample: true
    created_at:
      description: When the webhook was created, in ISO 8601.
      type: str
      sample: "2026-03-01T14:10:05.583Z"
    created_by:
      description: Id of the user who has created it.
      type: str
      sample: _airworthy
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: AuthFailed
    message: Missing or invalid authorization
    status: 401
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.webhook import webhook_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=webhook_info,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "id": {"type": "str"},
            "group_id": {"type": "str"},
            "url": {"type": "str"},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
