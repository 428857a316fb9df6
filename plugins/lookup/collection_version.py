# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: collection_version
short_description: Return the version of an installed collection
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Returns the version of the collection that Ansible uses under a name. Roles that work with several major versions of
    another collection can decide by it.
options:
  _terms:
    description:
      - Names of collections, for example V(amazon.aws).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show which amazon.aws is in use
  ansible.builtin.debug:
    msg: "{{ lookup('onramp.braze_fivetran.collection_version', 'amazon.aws') }}"
"""

RETURN = r"""
_raw:
  description: One version for each name.
  type: list
  elements: str
  sample: ["10.1.2"]
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        return [_version(name) for name in terms]


def _version(name: str) -> str:
    """Return the version that the collection's own metadata states.

    :raises AnsibleLookupError: if it is not installed, or states none.
    """
    try:
        folder = Path(next(iter(import_module(f"ansible_collections.{name}").__path__)))
    except ImportError:
        raise AnsibleLookupError(f"The collection {name!r} is not installed.") from None
    manifest, source = folder / "MANIFEST.json", folder / "galaxy.yml"
    if manifest.is_file():
        return str(json.loads(manifest.read_text())["collection_info"]["version"])
    if source.is_file():
        return str(yaml.safe_load(source.read_text())["version"])
    raise AnsibleLookupError(f"The collection {name!r} states no version: it has neither MANIFEST.json nor galaxy.yml.")
