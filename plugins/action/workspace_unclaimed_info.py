# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.inventory.host import Host
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import client_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import InvalidArgument, OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import HTTP_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.printable import sentence
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_unclaimed_info import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.play import play_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.shared_limits import clients
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.tracing import trace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.credentials import fivetran_credentials
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.leaving import (
    Leaving,
    find_leaving,
    leaving,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.look import Credentials
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import GROUP, secrets_of_run
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.reader import HostVariables
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._settings.settings import Unreadable
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.look.asked import RENAMED
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.planning import read_inventory

SECRETS_OF_AWS = ("secret_key", "session_token")
FIVETRAN = ("fivetran_api_key", "fivetran_api_secret", "fivetran_api_url")


class ActionModule(ControllerAction):
    """Finds a Braze connection that no host claims, in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the connection as a host."""
        trace(self, variables)
        params, secrets = validated(OPTIONS, self._task.args), list[str]()
        try:
            found = {"changed": False, **self._find(params, variables, secrets).as_json()}
        except OnrampError as error:
            found = {**error.as_result(), "failed": True, "changed": False}
        redactor = Redactor([*secrets, *secrets_of_run(variables, play_of(self._task))])
        # What Fivetran tells is no template.
        told: dict[str, Any] = wrap_var(redactor.data(found))
        return told

    def _find(self, params: Mapping[str, Any], variables: Mapping[str, Any], secrets: list[str]) -> Leaving:
        """Find it, with the credentials of a host; what is secret of them is added to ``secrets``."""
        hosts, groups = variables["hostvars"], variables.get("groups") or {}
        names = [str(name) for name in groups.get(GROUP) or ()]
        play = play_of(self._task)
        read = read_inventory(hosts, play, names, os.environ, "offboard")
        new = self._new_host(hosts, play)
        credentials = fivetran_credentials(_values(new, FIVETRAN), os.environ)
        secrets += [credentials["fivetran_api_key"], credentials["fivetran_api_secret"]]
        limits = {name: params[name] for name in HTTP_OPTIONS.arguments}
        client = client_from_params({**credentials, **limits}, clients=clients())
        inventory = [entry for entry, _hints in read.values()]
        connection = find_leaving(client, params["group"].strip(), params["schema"].strip(), inventory)
        taken = {str(name) for name in (*groups, *(host for members in groups.values() for host in members))}
        cloud = _cloud_credentials(new, limits)
        secrets += [str(cloud.aws[name]) for name in SECRETS_OF_AWS if name in cloud.aws]
        return leaving(connection, taken, client, cloud)

    def _new_host(self, hosts: Any, play: Any) -> HostVariables:
        """Return the variables of a host that the inventory does not know yet: those of the group, and of all."""
        host = Host("onramp_leaving")
        for name in ("all", GROUP):
            group = hosts._inventory.groups.get(name)
            if group is not None:
                host.add_group(group)
        variables = hosts._variable_manager.get_vars(play=play, host=host, include_hostvars=True)
        return HostVariables(variables, hosts._loader)


def _values(variables: HostVariables, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is set of these variables.

    :raises InvalidArgument: one cannot be evaluated.
    """
    found: dict[str, Any] = {}
    for name in names:
        if name in variables.names():
            try:
                found[name] = variables.value(name)
            except Unreadable as reason:
                raise InvalidArgument(f"{name}: cannot be evaluated: {sentence(str(reason))}") from None
    return found


def _cloud_credentials(variables: HostVariables, limits: Mapping[str, Any]) -> Credentials:
    names = ("gcs_access_credentials_file", "gcs_access_user_project")
    found = {name: str(value) for name, value in _values(variables, names).items() if value}
    of_aws = {f"s3_access_{short}": option for short, option in (*RENAMED.items(), ("aws_ca_bundle", "aws_ca_bundle"))}
    said = _values(variables, tuple(of_aws))
    aws = {of_aws[name]: value for name, value in said.items() if value not in (None, "")}
    profile = aws.pop("profile", None)
    return Credentials(
        aws_profiles=(str(profile),) if profile else (),
        aws=aws,
        gcs={
            "credentials_file": found.get("gcs_access_credentials_file"),
            "user_project": found.get("gcs_access_user_project"),
            **limits,
        },
    )
