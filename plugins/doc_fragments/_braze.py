# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Access to Braze's REST API; the spec stands in module_utils/_kernel/options.py."""

    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - REST API key of a Braze workspace, made in Braze's dashboard under
        B(Settings > APIs and Identifiers > API Keys).
    type: str
    required: true
  api_url:
    description:
      - The Braze instance, as REST URL (V(https://rest.iad-01.braze.com)), as URL of its dashboard
        (V(https://dashboard-01.braze.com)) or by name (V(US-01)).
      - A host that the collection does not know is used as it is, with a warning.
    type: str
    required: true
seealso:
  - name: Braze REST API
    description: Overview of the API, with the table of instances.
    link: https://www.braze.com/docs/api/basics
"""
