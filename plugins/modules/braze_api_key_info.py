#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: braze_api_key_info
short_description: Check a Braze REST API key and its permissions
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Tells whether a REST API key of Braze is good, and which of the 19 permissions that Fivetran needs it holds.
  - Braze has no call that tells this. The module sends one harmless request for each permission, all at once, and
    judges the answers together. Nothing is read out of the workspace, exported or written; the only trace is the date
    in the column B(Last Seen) of the dashboard's list of keys.
  - RV(verdict) tells about a key that is not good. Whether it makes the task fail is for O(on_problem) to say.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
  - onramp.braze_fivetran._attributes.actiongroup_braze
  - onramp.braze_fivetran._braze
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  permissions:
    description:
      - Which permissions to check. By default all that Fivetran asks for.
      - C(feed.list) and C(feed.details) belong to Braze's News Feed, which is retired. They are checked, but a key
        without them is good.
    type: list
    elements: str
    choices:
      - users.export.ids
      - users.export.segment
      - email.unsubscribe
      - email.hard_bounces
      - messages.schedule_broadcasts
      - campaigns.list
      - campaigns.details
      - canvas.list
      - canvas.details
      - segments.list
      - segments.details
      - purchases.product_list
      - events.list
      - feed.list
      - feed.details
      - templates.email.info
      - templates.email.list
      - subscription.status.get
      - subscription.groups.get
    default:
      - users.export.ids
      - users.export.segment
      - email.unsubscribe
      - email.hard_bounces
      - messages.schedule_broadcasts
      - campaigns.list
      - campaigns.details
      - canvas.list
      - canvas.details
      - segments.list
      - segments.details
      - purchases.product_list
      - events.list
      - feed.list
      - feed.details
      - templates.email.info
      - templates.email.list
      - subscription.status.get
      - subscription.groups.get
  on_problem:
    description:
      - What to do if the key is not good, which is every RV(verdict) but V(ok).
      - With V(fail), the task fails with RV(next_step) as its message and returns the verdict all the same.
    type: str
    choices: [ignore, warn, fail]
    default: ignore
  retry_timeout:
    description:
      - Seconds that all requests may take together, with their retries and waits, beside O(rate_limit_timeout).
      - A permission that Braze gives no usable answer about until then is undecided; that does not make the task fail.
notes:
  - If the key has an IP allowlist, the answer holds for the machine that the task runs on. Fivetran has other
    addresses.
seealso:
  - name: Braze's guide to Fivetran
    description: The list of permissions.
    link: https://www.braze.com/docs/partners/data_and_analytics/data_warehouses/fivetran
"""

EXAMPLES = r"""
- name: Stop if the key that was made for Fivetran is not good
  onramp.braze_fivetran.braze_api_key_info:
    api_url: US-01
    api_key: "{{ vault_shop_us_key }}"
    on_problem: fail

- name: Ask for two permissions only
  onramp.braze_fivetran.braze_api_key_info:
    api_url: https://rest.fra-01.braze.eu
    api_key: "{{ vault_shop_eu_key }}"
    permissions:
      - campaigns.list
      - canvas.list
"""

RETURN = r"""
verdict:
  description:
    - V(ok) - the key is valid and holds every needed permission that was asked for.
    - V(missing_permissions) - the key is valid and lacks what RV(missing) names.
    - V(invalid_key) - the instance does not know the key.
    - V(ip_not_allowed) - the key has an IP allowlist without the address of this machine.
    - V(forbidden) - Braze knows the key and refuses everything, because of the plan or an inactive account.
    - V(unreachable) - no REST API of Braze answers at RV(api_url).
    - V(undecided) - Braze gave no usable answer about what RV(undecided) names.
  returned: success, and failure if it is known
  type: str
  sample: missing_permissions
api_url:
  description: REST URL of the instance, whatever O(api_url) was given as.
  returned: success, and failure if it is known
  type: str
  sample: https://rest.iad-01.braze.com
instance:
  description: Name of the instance; V(none) if the collection does not know it.
  returned: success, and failure if it is known
  type: str
  sample: US-01
permissions:
  description:
    - What is known about each permission that was asked for. Empty where the task fails with RV(verdict=invalid_key).
  returned: success, and failure if it is known
  type: list
  elements: dict
  contains:
    name:
      description: Name of the permission, as in Braze's dashboard.
      type: str
      sample: email.unsubscribe
    state:
      description:
        - V(granted), V(missing), V(retired) if Braze has given up the endpoint, or V(undecided).
        - If the verdict is about the key as a whole, what was refused is V(undecided).
      type: str
      sample: missing
    optional:
      description: Whether a key without this permission is good all the same.
      type: bool
      sample: false
    status:
      description: HTTP status of the last answer; V(none) if there was none.
      type: int
      sample: 401
    message:
      description: What the server says to a request that it did not accept, without the key.
      type: str
      sample: You do not have permission to access this resource
missing:
  description: The needed permissions that the key lacks.
  returned: success, and failure if it is known
  type: list
  elements: str
  sample: [email.unsubscribe, campaigns.list]
undecided:
  description: The needed permissions that nothing is known about.
  returned: success, and failure if it is known
  type: list
  elements: str
  sample: []
possible_instances:
  description: With RV(verdict=invalid_key), the instances that the key could belong to.
  returned: success, and failure if it is known
  type: list
  elements: str
  sample: []
next_step:
  description: What to do in Braze's dashboard or elsewhere, in sentences; empty with RV(verdict=ok).
  returned: success, and failure if it is known
  type: str
  sample: >-
    The key is valid and lacks 1 permission of those that Fivetran needs. A key cannot be edited, so make a new one: in
    Braze's dashboard open Settings > APIs and Identifiers > API Keys > Create API key, tick what the present key has
    and in addition email.unsubscribe (under Email). Use the new key, then delete the old one.
failure:
  description: What went wrong, as data. With O(on_problem=fail), the C(code) is the verdict.
  returned: failure
  type: dict
  sample:
    code: invalid_argument
    message: "api_key: is empty. Give the REST API key that was made for Fivetran."
    status:
    request:
    request_id:
    retry_after:
"""

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.api_key import api_key_info
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._braze.permissions import PERMISSION_NAMES
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import BRAZE_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.spec import OptionGroup
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import run
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import REACTIONS, ModuleSpec

SPEC = ModuleSpec(
    work=api_key_info,
    options=BRAZE_OPTIONS
    | OptionGroup(
        {
            "permissions": {
                "type": "list",
                "elements": "str",
                "choices": list(PERMISSION_NAMES),
                "default": list(PERMISSION_NAMES),
            },
            "on_problem": {"type": "str", "choices": list(REACTIONS), "default": "ignore"},
        },
    ),
)


def main() -> None:
    run(SPEC)


if __name__ == "__main__":
    main()
