# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fivetran
short_description: The Braze connections of a Fivetran account as hosts
version_added: 1.0.0
author:
  - Contributors to the onramp.braze_fivetran project (@onramp-collections)
description:
  - Makes a host of the group C(braze_workspaces) of each connection of the service C(braze), in all groups of a
    Fivetran account or in those that are named, so that C(onramp.braze_fivetran.verify) also looks at what nobody has
    written into an inventory.
  - The file has to be named C(fivetran.yml) or C(fivetran.yaml), or to end with that.
  - A host is named as the schema of its connection; where two groups have the same schema, both with the id of their
    group after it. So is one whose name a group of hosts has already, or a host that claims another connection.
  - Its variables are the settings that the playbooks of this collection need to know which connection it is and what it
    reads - C(fivetran_group), C(fivetran_schema), C(braze_api_url), C(currents_storage), C(currents_bucket) and
    C(currents_prefix). What Fivetran keeps as a secret, C(braze_api_key) above all, it tells nobody; set it for the
    group of hosts, out of a vault. Nor does it tell by which role it reads; set C(s3_access_role_arn) where that is not
    the role of this collection.
  - Facts for O(keyed_groups), O(groups) and O(compose) are C(onramp_connection_id), C(onramp_group_id),
    C(onramp_group_name), C(onramp_setup_state), C(onramp_sync_state), C(onramp_update_state), C(onramp_paused),
    C(onramp_sync_frequency), C(onramp_daily_sync_time), C(onramp_schedule_type), C(onramp_exports_storage),
    C(onramp_created_at), C(onramp_succeeded_at) and C(onramp_failed_at).
  - Two requests are sent, and one more for every 1,000 further connections of the account. Nothing is written.
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - onramp.braze_fivetran._fivetran
  - onramp.braze_fivetran._http_api
  - onramp.braze_fivetran._http_api.times
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [onramp.braze_fivetran.fivetran]
  fivetran_api_key:
    description:
      - A template is evaluated.
    required: false
    env:
      - name: FIVETRAN_APIKEY
  fivetran_api_secret:
    description:
      - A template is evaluated.
    required: false
    env:
      - name: FIVETRAN_APISECRET
  fivetran_api_url:
    description:
      - A template is evaluated.
    env:
      - name: FIVETRAN_API_URL
  fivetran_groups:
    description:
      - Names or ids of the Fivetran groups whose connections become hosts.
      - Without any, all groups that the key can see.
    type: list
    elements: str
    default: []
  only_unclaimed:
    description:
      - Whether connections are left out that a host of the group C(braze_workspaces) claims already, by its
        C(fivetran_schema) and C(fivetran_group). Two hosts for one connection would both be refused.
      - Hosts of inventory sources that are read before this one are known. Give this one last.
    type: bool
    default: true
notes:
  - A source that cannot be read is a warning to Ansible, and the run goes on without its hosts. With
    C(any_unparsed_is_failed = true) in the section C([inventory]) of C(ansible.cfg) it is an error.
  - With a cache, nothing that Fivetran keeps as a secret is in it.
  - What Fivetran tells is never evaluated as a template.
requirements:
  - requests
seealso:
  - name: onramp.braze_fivetran.discover
    description: The playbook that writes such an inventory into a file, with the access to the buckets.
    link: https://github.com/onramp-collections/braze_fivetran/tree/main/docs
"""

EXAMPLES = r"""
# fivetran.yml: every Braze connection that the key in FIVETRAN_APIKEY and FIVETRAN_APISECRET can see
plugin: onramp.braze_fivetran.fivetran
strict: true
keyed_groups:
  - key: onramp_group_name
    prefix: warehouse
  - key: currents_storage
    prefix: storage
  - key: onramp_setup_state
    prefix: setup
groups:
  paused: onramp_paused
compose:
  # ansible-core 2.19 and newer let an expression look things up. With 2.18, set this in group_vars.
  braze_api_key: "lookup('ansible.builtin.env', 'BRAZE_KEY_' ~ inventory_hostname | upper)"
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible import template
from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import (
    FivetranClient,
    client_from_params,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import HTTP_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.tracing import ENVIRONMENT, trace_task
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.claimed import (
    GROUP,
    claims,
    taken_names,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.connections import FoundConnection
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.credentials import fivetran_credentials
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.listing import (
    AccountListing,
    list_account,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.variables import (
    IDENTITY,
    Placeholder,
    facts,
    identity,
    is_plain,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import known_secrets, literal_secrets

ENDINGS = ("fivetran.yml", "fivetran.yaml")
CREDENTIALS = ("fivetran_api_key", "fivetran_api_secret", "fivetran_api_url")
# Before ansible-core 2.19, every text that is not marked as unsafe is a template.
TEMPLATE: Callable[[str], str] = getattr(template, "trust_as_template", str)
# Of what is kept in a cache; another one is another layout.
CACHE_LAYOUT = 1


def _safe_group_name(name: Any) -> str:
    """Return a name that a group of hosts can have. What Fivetran calls a group can be anything."""
    safe: str = to_safe_group_name(str(name), force=True, silent=True)
    return safe


def _variable(value: Any) -> Any:
    """Return a value as a variable. What could be a template to anybody is marked as none."""
    if isinstance(value, Placeholder):
        return TEMPLATE(value.template)
    # Marked as unsafe, a text is no longer text to those who read what ansible-inventory prints.
    return TEMPLATE(value) if isinstance(value, str) and is_plain(value) else wrap_var(value)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "onramp.braze_fivetran.fivetran"
    _sanitize_group_name = staticmethod(_safe_group_name)

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            if os.environ.get(ENVIRONMENT):
                trace_task(os.environ[ENVIRONMENT], f"inventory {os.path.basename(path)}")
            listing = self._listing(config, path, cache)
            wanted = listing.of_groups(self.get_option("fivetran_groups"))
        except OnrampError as error:
            raise AnsibleParserError(error.msg) from None
        inventory.add_group(GROUP)
        found = list(claims(self.inventory, self.loader, dict(self._vars or {}), self.display.warning))
        hosts = listing.hosts(taken_names(inventory, found, listing.connections))
        left_out = found if self.get_option("only_unclaimed") else []
        for connection in wanted:
            if not any(claim.covers(connection) for claim in left_out):
                self._add(hosts[connection.id], connection)

    def _listing(self, config: Mapping[str, Any], path: str, cache: bool) -> AccountListing:
        """Return what the account holds: out of the cache if that is wanted, and there."""
        given = {name: self.templar.template(config[name]) for name in CREDENTIALS if config.get(name) is not None}
        credentials = fivetran_credentials(given, os.environ)
        redactor = Redactor([credentials["fivetran_api_key"], credentials["fivetran_api_secret"], *self._known()])
        if not self.get_option("cache"):
            return list_account(self._client(credentials), redactor)
        key = self._cache_key(path, credentials)
        if cache:
            try:
                return AccountListing.from_json(self._cache[key])
            except (KeyError, TypeError):
                # There is none yet, or another version of this collection has left it.
                pass
        listing = list_account(self._client(credentials), redactor)
        self._cache[key] = listing.as_json()
        return listing

    def _known(self) -> set[str]:
        """Return the secrets of what is read so far, and of the environment; nothing is evaluated for that."""
        inventory: Any = self.inventory
        sources = [*inventory.hosts.values(), *inventory.groups.values()]
        return {*known_secrets(), *(text for source in sources for text in literal_secrets(source.vars))}

    def _cache_key(self, path: str, credentials: Mapping[str, str]) -> str:
        """Return what is different for each file, account and layout."""
        text = "\0".join((credentials["fivetran_api_url"], credentials["fivetran_api_key"], str(CACHE_LAYOUT)))
        return f"{self.get_cache_key(path)}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def _client(self, credentials: Mapping[str, str]) -> FivetranClient:
        limits = {name: self.get_option(name) for name in HTTP_OPTIONS.arguments}
        return client_from_params({**credentials, **limits}, clients=Clients(tell=self._tell))

    def _tell(self, line: str) -> None:
        # Standard output may be an inventory that somebody reads.
        self.display.display(line, stderr=True)

    def _compose(self, template: Any, variables: Any, *more: Any, **named: Any) -> Any:
        # Before ansible-core 2.19, what an expression makes of a text of Fivetran would be a template again.
        value = super()._compose(template, variables, *more, **named)
        return value if isinstance(value, str) and is_plain(value) else wrap_var(value)

    def _add(self, host: str, connection: FoundConnection) -> None:
        inventory: Any = self.inventory
        strict = self.get_option("strict")
        inventory.add_host(host, group=GROUP)
        settings = identity(connection, host)
        # All hosts have the same variables, so that an expression can be strict.
        told = {**dict.fromkeys(IDENTITY, ""), **settings, **facts(connection)}
        variables = {name: _variable(value) for name, value in told.items()}
        for name, value in variables.items():
            inventory.set_variable(host, name, value)
        variables["inventory_hostname"] = host
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)
