#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_webhook
short_description: Let Fivetran tell a URL of yours what happens to connections
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Brings a webhook of a Fivetran account, or of one of its groups, to the described state. Fivetran posts events to
    its URL, such as the end of a sync.
  - A webhook that exists is adopted by its O(url) in the same place, which is the account or the group. What is not set
    stays as it is.
  - When a webhook is created or activated, Fivetran posts a test event to the URL once, and refuses the webhook unless
    it is answered with a status of the 200s. The test event has no C(sync_id).
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
    support: partial
    details:
      - With O(update_secret=always) the secret is sent every time, because the stored one cannot be compared.
      - With O(run_test=true) Fivetran posts a sample every time.
options:
  state:
    description:
      - V(present) creates or changes the webhook, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  id:
    description:
      - Id of an existing webhook. Without it, the webhook is found by O(url). Needed to change the URL.
    type: str
  group_id:
    description:
      - Id of the group whose connections are told of. Unset, those of the whole account are. Permanent.
    type: str
  url:
    description:
      - Where to post. Fivetran takes nothing but C(https://), and it has to reach it from the internet.
      - It is shown in results and diffs. Do not put a secret into it, and check the signature instead.
    type: str
  events:
    description:
      - Which events to post, such as V(sync_start), V(sync_end), V(connection_failure), V(pause_connector) and
        V(delete_connector). The order does not matter. Fivetran's page on webhooks lists them all.
      - Required for a webhook that does not exist yet.
    type: list
    elements: str
  active:
    description:
      - Whether to post. A webhook that is made with V(false) is not tested before it is activated.
      - Unset, a new webhook is active, and another one stays as it is.
    type: bool
  secret:
    description:
      - What Fivetran signs each event with, by HMAC-SHA256 in the header C(X-Fivetran-Signature-256). Fivetran never
        shows it again.
      - Unset, a new webhook signs nothing, and another one keeps its secret.
    type: str
  update_secret:
    description:
      - When to send O(secret) to a webhook that has one, which comes back masked and can therefore not be compared.
      - V(on_create) sends it with the creation, and to a webhook that has none. V(always) sends it every time, and
        reports a change every time.
    type: str
    choices: [on_create, always]
    default: on_create
  run_test:
    description:
      - Whether to let Fivetran post a sample of the first event at the end. The task fails if it is not taken. Not done
        in check mode.
    type: bool
    default: false
requirements:
  - A Fivetran key with the role Account Administrator
seealso:
  - module: onramp.braze_fivetran.fivetran_webhook_info
"""

EXAMPLES = r"""
- name: Be told of every sync in one group that ends
  onramp.braze_fivetran.fivetran_webhook:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    url: https://automation.example.com/fivetran
    events: [sync_end]
    secret: "{{ vault_fivetran_webhook_secret }}"
    # Nobody listens there yet.
    active: false

- name: Hear nothing any more
  onramp.braze_fivetran.fivetran_webhook:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group_id: jovial_daylight
    url: https://automation.example.com/fivetran
    state: absent
"""

RETURN = r"""
webhook:
  description: The webhook as it is now, in check mode as it would be; V(none) after a removal. Never its secret.
  returned: success, and failure if it is known
  type: dict
  contains:
    id:
      description: Id of the webhook; V(none) in check mode if it does not exist yet.
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
test:
  description: What Fivetran says of its sample.
  returned: with O(run_test=true), not in check mode
  type: dict
  contains:
    succeed:
      description: Whether the sample was taken.
      type: bool
      sample: true
    status:
      description: The HTTP status of the answer.
      type: int
      sample: 200
    message:
      description: Fivetran's words.
      type: str
      sample: Success
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: InvalidInput
    message: Webhook URL is not reachable
    status: 400
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.webhook import webhook
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=webhook,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "id": {"type": "str"},
            "group_id": {"type": "str"},
            "url": {"type": "str"},
            "events": {"type": "list", "elements": "str"},
            "active": {"type": "bool"},
            "secret": {"type": "str", "no_log": True},
            # It says when the secret is sent and holds none.
            "update_secret": {
                "type": "str",
                "choices": ["on_create", "always"],
                "default": "on_create",
                "no_log": False,
            },
            "run_test": {"type": "bool", "default": False},
        },
        required_one_of=[("id", "url")],
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
