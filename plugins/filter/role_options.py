# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_options
short_description: Return which variables roles of this collection take
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the variables of roles of this collection as an argument spec in which none is required.
  - With it a playbook checks the variables of all its roles before the first role makes anything.
positional: _input
options:
  _input:
    description: Names of roles of this collection.
    type: list
    elements: str
    required: true
seealso:
  - module: ansible.builtin.validate_argument_spec
"""

EXAMPLES = r"""
- name: Refuse wrong variables before anything is made
  ansible.builtin.validate_argument_spec:
    argument_spec: "{{ ['s3_access', 'fivetran_connection'] | onramp.braze_fivetran.role_options }}"
"""

RETURN = r"""
_value:
  description: The variables of all roles, by their names.
  type: dict
  sample:
    s3_access_path:
      description: Path of role and policy.
      type: str
"""

from collections.abc import Callable, Iterable
from typing import Any

from ..plugin_utils._workspaces.inventory import role_options


def options(roles: Iterable[str]) -> dict[str, dict[str, Any]]:
    return {name: {**option, "required": False} for role in roles for name, option in role_options(str(role)).items()}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"role_options": options}
