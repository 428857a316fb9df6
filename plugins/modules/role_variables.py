#!/usr/bin/python

# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: role_variables
short_description: Check the variables of a role of this collection
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Fails with a sentence for each variable of a role that is missing or wrong, before the role does anything. A
    variable that nobody reads, and that is like one of the role, is a warning.
  - Each role of this collection begins with it, by depending on the role C(onramp.braze_fivetran.role_variables).
    Ansible checks the variables of a role, too; but it shows the whole argument spec with what is wrong, and the value.
  - It runs on the controller, within Ansible's own process.
extends_documentation_fragment:
  - onramp.braze_fivetran._attributes
  - onramp.braze_fivetran._attributes.info_module
options:
  role:
    description: The name of the role, without that of the collection.
    type: str
    choices: [braze_api_key, currents_landing, s3_access, gcs_access, fivetran_connection]
    required: true
"""

EXAMPLES = r"""
- name: Check before anything else what the role will be given
  onramp.braze_fivetran.role_variables:
    role: currents_landing
  vars:
    currents_landing_storage: s3
    currents_landing_bucket: acme-currents-us
"""

RETURN = r"""
failure:
  description: The first thing that is wrong, with C(code), C(message) and more.
  returned: when a variable is missing or wrong
  type: dict
  sample:
    code: invalid_argument
    message: "currents_landing_bucket: is not set. Name of the bucket."
handed_over:
  description:
    - What the role hands over until it comes to its end, by fact. The role C(onramp.braze_fivetran.role_variables) sets
      it, so that a role that fails leaves nothing of an earlier call.
  returned: always
  type: dict
  sample:
    currents_landing_verdict:
      changed: false
      failed: true
      msg: The role has failed before it came to this.
"""

from ..module_utils._kernel.options.spec import OptionGroup
from ..module_utils._kernel.runner import refuse

OPTIONS = OptionGroup(
    {
        "role": {
            "type": "str",
            "choices": ["braze_api_key", "currents_landing", "s3_access", "gcs_access", "fivetran_connection"],
            "required": True,
        },
    }
)


def main() -> None:
    refuse("role_variables", OPTIONS)


if __name__ == "__main__":
    main()
