# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: braze_config
short_description: Turn settings of a Braze workspace into Fivetran's configuration
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the configuration of a Fivetran connection of the service C(braze), with Fivetran's own names of the fields,
    and says what is wrong with the settings.
  - The role P(onramp.braze_fivetran.fivetran_connection#role) uses it. In your own tasks it goes with
    M(onramp.braze_fivetran.fivetran_connection).
positional: _input, prefix
options:
  _input:
    description:
      - The settings, named as the variables of the role P(onramp.braze_fivetran.fivetran_connection#role) are without
        their prefix C(fivetran_connection_), such as C(api_url), C(storage), C(bucket) and C(role_arn).
      - A setting that is left out or null is not set, and so is one that is empty, but for C(prefix) and
        C(exports_prefix), which name the root of the bucket then.
      - What is not set is left alone on a connection that exists. A new one has neither Currents nor exports then.
    type: dict
    required: true
  prefix:
    description: What the names of the settings begin with where a person sets them, for the sentences.
    type: str
    default: ""
seealso:
  - module: onramp.braze_fivetran.fivetran_connection
"""

EXAMPLES = r"""
- name: Show what Fivetran calls the settings
  ansible.builtin.debug:
    msg: >-
      {{ {'api_url': 'https://rest.iad-01.braze.com', 'api_key': vault_shop_eu_key, 'storage': 'gcs',
          'bucket': 'acme-currents-eu', 'prefix': 'currents'}
         | onramp.braze_fivetran.braze_config }}
"""

RETURN = r"""
_value:
  description: The configuration and what is wrong with it.
  type: dict
  contains:
    config:
      description: The option O(onramp.braze_fivetran.fivetran_connection#module:config).
      type: dict
      sample:
        api_url: https://rest.iad-01.braze.com
        cloud_storage_type: GCS
        gcs_bucket: acme-currents-eu
        gcs_folder: currents
    config_secrets:
      description: The option O(onramp.braze_fivetran.fivetran_connection#module:config_secrets).
      type: dict
      sample:
        api_key: the-braze-key
    config_on_create:
      description: The option O(onramp.braze_fivetran.fivetran_connection#module:config_on_create).
      type: dict
      sample:
        enable_exports: false
    protected_config:
      description:
        - The option O(onramp.braze_fivetran.fivetran_connection#module:protected_config).
        - Of C(config), the fields that say whose events are read, from where.
      type: list
      elements: str
      sample: [api_url, cloud_storage_type, gcs_bucket]
    problems:
      description: What is wrong with the settings, a sentence each; empty if they go together.
      type: list
      elements: str
      sample: ["bucket: is needed with storage: gcs."]
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._fivetran.connection.braze_config import braze_config

# What a filter gets where a task leaves a setting out by ``omit``: a text before 2.19, an object since then.
OMITTED = re.compile(r"__omit_place_holder__.*|<<Omit>>")


def config(settings: Mapping[str, Any], prefix: str = "") -> Any:
    given = {name: value for name, value in settings.items() if not OMITTED.fullmatch(str(value))}
    return wrap_var(braze_config(given, prefix))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"braze_config": config}
