# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which existing connection is meant; the spec stands in module_utils/_fivetran/identity.py."""

    DOCUMENTATION = r"""
options:
  id:
    description:
      - Id of the connection. Otherwise it is found by O(group_id) and O(schema).
    type: str
  group_id:
    description:
      - Id of the group, as M(onramp.braze_fivetran.fivetran_group_info) returns it.
    type: str
  schema:
    description:
      - Name of the connection and of its schema in the warehouse, which is unique in the group.
    type: str
"""
