# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Credentials of Fivetran's REST API; the spec stands in module_utils/_kernel/options.py."""

    DOCUMENTATION = r"""
options:
  fivetran_api_key:
    description:
      - Key of the Fivetran REST API.
      - In Fivetran's dashboard, a user's key is made under B(Account settings > API config), a system key under
        B(Account settings > Account Management > System Keys).
      - If unset, the environment variable E(FIVETRAN_APIKEY) is used.
    type: str
    required: true
  fivetran_api_secret:
    description:
      - Secret that belongs to O(fivetran_api_key).
      - If unset, the environment variable E(FIVETRAN_APISECRET) is used.
    type: str
    required: true
  fivetran_api_url:
    description:
      - Base URL of the Fivetran REST API, with or without the trailing C(/v1).
      - If unset, the environment variable E(FIVETRAN_API_URL) is used.
    type: str
    default: https://api.fivetran.com
seealso:
  - name: Fivetran REST API
    description: Reference of the API that this module calls.
    link: https://fivetran.com/docs/rest-api
"""
