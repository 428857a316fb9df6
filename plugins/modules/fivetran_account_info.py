#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fivetran_account_info
short_description: Prove a Fivetran API key and tell what it may do
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Tells whose account a Fivetran API key belongs to, whether it is the key of a user or a system key, and whether it
    may create connections in a group.
  - Meant as the first task of a play, so that a wrong key, a key of another account and a key without the right are
    told apart before anything is made. A wrong key fails with C(failure.code=AuthFailed), a key of another account with
    C(wrong_account) or C(NotFound_Group). A missing right is returned, for an assertion, with the remedy.
  - No endpoint of Fivetran tells the rights of a key, so the right is probed. The module asks for a connection of a
    service that does not exist, which cannot be created. A refusal for lack of rights means that they are lacking, a
    refusal of the service means that they are there. The probe is made in check mode as well, because it changes
    nothing.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_fivetran
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  account_id:
    description:
      - Id of the account that the key has to belong to. Another account is an error.
      - If unset, every account is accepted.
    type: str
  group:
    description:
      - Name or id of a group. A name has to be given exactly, including case.
      - If unset, nothing but the account is asked for.
    type: str
  gather:
    description:
      - What to ask about the group; each costs one request, and all are sent at once.
      - V(service_account) is needed for Google Cloud Storage only.
    type: list
    elements: str
    choices: [service_account, destination, may_create_connections]
    default: [may_create_connections]
requirements:
  - A Fivetran key; without further rights it can be told what it lacks
seealso:
  - module: onramp.braze_fivetran.fivetran_group_info
  - module: onramp.braze_fivetran.fivetran_connection
"""

EXAMPLES = r"""
- name: Prove the Fivetran credentials
  onramp.braze_fivetran.fivetran_account_info:
    fivetran_api_key: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APIKEY') }}"
    fivetran_api_secret: "{{ lookup('ansible.builtin.env', 'FIVETRAN_APISECRET') }}"
    group: Warehouse
  register: credentials

- name: Check that the key may create connections
  ansible.builtin.assert:
    that: credentials.may_create_connections is not false
    fail_msg: "{{ credentials.advice }}"
"""

RETURN = r"""
account:
  description: The account, and which key is in use.
  returned: always, if the key is valid
  type: dict
  contains:
    id:
      description: Id of the account.
      type: str
      sample: account_id
    name:
      description: Name of the account.
      type: str
      sample: Acme
    key_type:
      description: V(user) for the key of a user, V(system) for a system key; V(none) if Fivetran does not tell.
      type: str
      sample: user
    user_id:
      description: Id of the user whose key it is; V(none) for a system key.
      type: str
      sample: user_id
    system_key_id:
      description: Id of the system key; V(none) for the key of a user.
      type: str
      sample: system_key_id
group:
  description:
    - The group, as M(onramp.braze_fivetran.fivetran_group_info) returns it. Its C(external_id) is what roles in AWS
      have to trust.
  returned: success and O(group) is given
  type: dict
  sample:
    id: jovial_daylight
    name: Warehouse
    created_at: "2024-12-01T15:43:29.013729Z"
    external_id: jovial_daylight
may_create_connections:
  description:
    - Whether the key may create connections in the group; V(none) if Fivetran's answer does not decide it.
  returned: success, if O(group) is given and O(gather) contains V(may_create_connections)
  type: bool
  sample: true
advice:
  description: What to do where the right is lacking or undecided, else empty.
  returned: success, if O(group) is given and O(gather) contains V(may_create_connections)
  type: str
  sample: The Fivetran key is valid, but it may not create connections in group jovial_daylight.
failure:
  description: What went wrong, as data. The C(code) is Fivetran's own where there is one.
  returned: failure
  type: dict
  sample:
    code: wrong_account
    message: "The Fivetran key is valid, but it belongs to account acme_test, and acme is expected."
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.account import RIGHT, account_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.account.group import GATHERERS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

SPEC = ModuleSpec(
    work=account_info,
    options=FIVETRAN_OPTIONS
    | OptionGroup(
        {
            "account_id": {"type": "str"},
            "group": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": [*GATHERERS, RIGHT], "default": [RIGHT]},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
