#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_plan_info
short_description: Read a plan that was saved
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Reads a plan that M(onramp.braze_fivetran.workspace_plan) has saved, and tells it to a person as it was told then.
    No vendor is asked, and neither credentials nor an inventory are needed.
  - It fails where the file is not a plan, is of another version of the format, or was changed since it was written.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
options:
  path:
    description: The file.
    type: path
    required: true
seealso:
  - module: onramp.braze_fivetran.workspace_plan
"""

EXAMPLES = r"""
- name: Save a plan
  hosts: braze_workspaces
  gather_facts: false
  tasks:
    - name: Look at everything, and plan
      onramp.braze_fivetran.workspace_plan:
        purpose: onboard
        plan_file: plan.json
      run_once: true

- name: Show it for approval
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the plan
      onramp.braze_fivetran.workspace_plan_info:
        path: plan.json
      register: saved

    - name: Show the plan
      ansible.builtin.debug:
        msg: "{{ saved.told }}"
"""

RETURN = r"""
msg:
  description: How all workspaces stand in the plan, in one line.
  returned: success
  type: str
  sample: "Plan: 100 workspaces: 96 fine, 3 to change, 1 refused."
told:
  description: The plan for a person, line by line.
  returned: success
  type: list
  elements: str
  sample: ["A plan for onboard.yml, made 2026-03-01 14:00 UTC by onramp.braze_fivetran 1.0.0."]
purpose:
  description: The playbook whose plan it is, V(onboard), V(rotate_key) or V(offboard).
  returned: success
  type: str
  sample: onboard
made_at:
  description: When it was made, in UTC.
  returned: success
  type: str
  sample: "2026-03-01T14:00:00Z"
workspaces:
  description: The verdict about each workspace, V(fine), V(changes) or V(refused).
  returned: success
  type: dict
  sample:
    shop_us: changes
plan:
  description:
    - The plan as it stands in the file, which C(docs/plan.schema.json) of the collection describes. The option
      O(onramp.braze_fivetran.workspace_plan#module:approved_plan) takes it as it is.
  returned: success
  type: dict
  sample:
    format: onramp.braze_fivetran.plan
    version: 1
failure:
  description: What went wrong, as data.
  returned: failure
  type: dict
  sample:
    code: plan_unusable
    message: "plan.json: It is a folder."
    status:
    request:
    request_id:
    retry_after:
"""

from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

OPTIONS = OptionGroup({"path": {"type": "path", "required": True}})


def main() -> None:
    refuse("workspace_plan_info", OPTIONS)


if __name__ == "__main__":
    main()
