# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets an inventory that names Braze's instances, and keys out of a vault, run in the sandbox as it stands.

The sandbox's environment switches it on. An instance of Braze becomes the sandbox's Braze, as a name server of its own
would do; and who has no vault gets the keys of the two workspaces that the sandbox starts with.
"""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar

from ansible.plugins.loader import vars_loader
from ansible.plugins.vars import BaseVarsPlugin

INSTANCE = re.compile(r"[A-Za-z]{2}-\d\d|(https://)?(rest|dashboard)[\w.-]*\.braze\.(com|eu)(/.*)?")
VAULT = {
    "vault_shop_us_key": "SANDBOX_BRAZE_KEY_SHOP_US",
    "vault_shop_eu_key": "SANDBOX_BRAZE_KEY_SHOP_EU",
}


class VarsModule(BaseVarsPlugin):
    """What the sandbox sets for a host or group."""

    REQUIRES_ENABLED = True
    # What stands in files. Ansible asks for the folder of the inventory, and then for that of the playbook.
    _files: ClassVar[dict[str, dict[str, Any]]] = {}
    _of_reader: ClassVar[set[str]] = set()

    def get_vars(self, loader: Any, path: str, entities: Any) -> dict[str, Any]:
        """Return the variables of hosts or groups that are others here."""
        found: dict[str, Any] = {}
        for entity in entities if isinstance(entities, list) else [entities]:
            files = self._files.setdefault(f"{entity.base_type} {entity.name}", {})
            files.update(vars_loader.get("host_group_vars").get_vars(loader, path, [entity]))
            given = {**entity.vars, **files}
            self._of_reader.update(given)
            found.update(self._keys(given))
            if "SANDBOX_BRAZE_URL" in os.environ and INSTANCE.fullmatch(str(given.get("braze_api_url", ""))):
                found["braze_api_url"] = os.environ["SANDBOX_BRAZE_URL"]
        return found

    def _keys(self, given: dict[str, Any]) -> dict[str, str]:
        """Return the keys that variables name and that the reader has in no vault."""
        texts = [value for value in given.values() if isinstance(value, str)]
        wanted = (name for name in VAULT if name not in self._of_reader and any(name in text for text in texts))
        return {name: os.environ.get(VAULT[name], "") for name in wanted}
