# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: findings
short_description: Tell what of a result is not as it should be
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns what differs from a healthy workspace, with sentences for a person.
  - The playbook C(onramp.braze_fivetran.verify) collects them. In your own playbooks they make a drift alarm of single
    steps.
positional: _input, subject
options:
  _input:
    description: What was seen of the O(subject), as named there.
    type: dict
    required: true
  subject:
    description:
      - What was looked at.
      - V(group) - C(group) of M(onramp.braze_fivetran.fivetran_account_info) with V(destination) in its C(gather).
      - V(key) - the result of M(onramp.braze_fivetran.braze_api_key_info).
      - V(landing) - the result of M(onramp.braze_fivetran.braze_currents_info).
      - V(role) - the fact C(s3_access_difference) of the role P(onramp.braze_fivetran.s3_access#role).
      - V(grant) - the result of M(onramp.braze_fivetran.gcs_bucket_iam_member) in check mode.
      - V(connection) - one of C(connections) of M(onramp.braze_fivetran.fivetran_connection_info).
      - V(settings) - C(diff) of the result of M(onramp.braze_fivetran.fivetran_connection) in check mode and with
        C(diff=true).
    type: str
    choices: [group, key, landing, role, grant, connection, settings]
    required: true
"""

EXAMPLES = r"""
- name: Check the Braze API key
  onramp.braze_fivetran.braze_api_key_info:
    api_url: https://rest.iad-01.braze.com
    api_key: "{{ vault_shop_us_key }}"
  register: verdict

- name: Alarm somebody
  ansible.builtin.debug:
    msg: "{{ verdict | onramp.braze_fivetran.findings('key') }}"
"""

RETURN = r"""
_value:
  description: One for each thing that is not as it should be.
  type: list
  elements: dict
  contains:
    step:
      description: The step that it belongs to, as P(onramp.braze_fivetran.workspace_report#callback) calls it.
      type: str
      sample: connection
    severity:
      description: Always V(error); the findings of other plugins have V(warning) and V(info), too.
      type: str
      sample: error
    code:
      description:
        - What kind of thing is wrong, to be matched. V(role_missing), V(role_differs), V(grant_missing),
          V(connection_differs), V(state), V(destination_not_connected), or the verdict about a key or about Currents.
      type: str
      sample: connection_differs
    message:
      description: What is wrong, in sentences.
      type: str
      sample: sync_frequency is 1440, should be 60.
    remedy:
      description: What to do; empty where the message says it.
      type: str
      sample: ""
    field:
      description: The field that differs; empty where no single field is wrong.
      type: str
      sample: sync_frequency
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils._workspaces.model.findings import SUBJECTS, findings


def tell(seen: Mapping[str, Any], subject: str) -> Any:
    if subject not in SUBJECTS:
        raise AnsibleFilterError(f"findings: expected one of {', '.join(SUBJECTS)}, got {subject!r}.")
    return wrap_var([finding.as_json() for finding in findings(subject, seen)])


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"findings": tell}
