# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workspaces
short_description: List the Braze workspaces of the inventory with what they may share
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns what decides which workspaces share an IAM role, a grant or an answer of Fivetran. Made for the playbooks of
    this collection.
  - What a workspace cannot tell, because a variable of it cannot be evaluated, is empty; the check of its settings says
    so.
positional: _input, names, playing
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  names:
    description: Hosts that are workspaces.
    type: list
    elements: str
    required: true
  playing:
    description: Hosts of the play. Of those that ask Fivetran the same with the same credentials, one asks for all.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show which workspaces there are
  ansible.builtin.debug:
    msg: "{{ hostvars | onramp.braze_fivetran.workspaces(ansible_play_hosts_all, ansible_play_hosts_all) }}"
"""

RETURN = r"""
_value:
  description: One for each name, in the same order.
  type: list
  elements: dict
  sample:
    - name: shop_us
      group: Warehouse
      reader: shop_us
      schema: braze_shop_us
      storage: s3
      role: " Fivetran"
      bucket: acme-currents-us
      profile: ""
      preflight: fail
      access:
        s3_access_role_name: Fivetran
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.unsafe_proxy import wrap_var
from jinja2 import Undefined

from ..plugin_utils._workspaces.inventory import Read, read_workspaces


def reading(hostvars: Mapping[str, Mapping[str, Any]]) -> Read:
    """Return how to read a variable of a host."""
    # Ansible merges all variables of a host anew whenever it is looked up.
    variables_of = cache(hostvars.__getitem__)

    def read(name: str, variable: str) -> Any:
        variables = variables_of(name)
        if variable not in variables:
            return None
        try:
            value = variables[variable]
        except AnsibleError:
            return None
        return None if isinstance(value, Undefined) else value

    return read


def workspaces(hostvars: Mapping[str, Mapping[str, Any]], names: Iterable[str], playing: Iterable[str]) -> Any:
    return wrap_var(read_workspaces(names, playing, reading(hostvars)))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"workspaces": workspaces}
