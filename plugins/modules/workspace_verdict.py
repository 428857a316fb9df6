#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workspace_verdict
short_description: Tell what the plan says of a Braze workspace
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Tells what M(onramp.braze_fivetran.workspace_plan) has found about the host, and fails where the host is refused, or
    where verifying has found something.
  - The plan is the variable C(onramp_plan), as which M(onramp.braze_fivetran.workspace_plan) has to be registered.
  - Of a workspace that is fine, nothing is shown but that it is.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode it reports whether something would be changed. Otherwise the task that changes it reports that.
  diff_mode:
    support: full
    details:
      - In check mode it shows the differences of the plan.
  idempotent:
    support: full
    details:
      - This module does not modify state.
options: {}
seealso:
  - module: onramp.braze_fivetran.workspace_plan
"""

EXAMPLES = r"""
- name: Tell how the workspaces stand
  hosts: braze_workspaces
  gather_facts: false
  tasks:
    - name: Look at everything, and plan
      onramp.braze_fivetran.workspace_plan:
        purpose: onboard
      register: onramp_plan
      run_once: true

    - name: Tell what the plan is for each workspace
      onramp.braze_fivetran.workspace_verdict:
"""

RETURN = r"""
msg:
  description: What is told, a line or a list of lines.
  returned: always
  type: raw
  sample: "shop_us: everything is as it should be."
failure:
  description: The first problem, with C(code) and C(message).
  returned: when the workspace is refused
  type: dict
  sample:
    code: missing_permissions
    message: The Braze API key is not good (missing_permissions).
"""

from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse


def main() -> None:
    refuse("workspace_verdict", OptionGroup())


if __name__ == "__main__":
    main()
