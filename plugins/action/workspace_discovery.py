# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._fivetran.client import client_from_params
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.options.shared import GCS_OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.secrets.redact import Redactor
from ansible_collections.onramp.braze_fivetran.plugins.modules.workspace_discovery import OPTIONS
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.arguments import validated
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.guard import ControllerAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.play import play_of
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.shared_limits import clients
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.tracing import trace
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.credentials import fivetran_credentials
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.discover import discover
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.look import Credentials
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._discovery.new_file import check_new, write_new
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._secrets import secrets_of_run


class ActionModule(ControllerAction):
    """Finds the Braze connections of a Fivetran account in Ansible's own process."""

    options = OPTIONS

    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return what was found, and write it into a file if one is named."""
        trace(self, variables)
        try:
            credentials = fivetran_credentials(self._task.args, os.environ)
            params = validated(OPTIONS, {**self._task.args, **credentials})
            own = [credentials[name] for name in ("fivetran_api_key", "fivetran_api_secret")]
            redactor = Redactor([*own, *secrets_of_run(variables, play_of(self._task))])
            found = self._discover({**params, **credentials}, redactor)
        except OnrampError as error:
            redactor = Redactor(secrets_of_run(variables, play_of(self._task)))
            found = {**error.as_result(), "failed": True, "changed": False}
        # What Fivetran tells is no template.
        told: dict[str, Any] = wrap_var(redactor.data(found))
        return told

    def _discover(self, params: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
        path = Path(os.path.abspath(params["dest"])) if params["dest"] else None
        if path is not None:
            check_new(path)
        credentials = Credentials(
            aws_profiles=tuple(params["aws_profiles"]),
            aws={"region": params["aws_region"]} if params["aws_region"] else {},
            gcs={name: params[name] for name in GCS_OPTIONS.arguments},
        )
        found = discover(
            client_from_params(params, clients=clients()), params["fivetran_groups"], credentials, redactor
        )
        text = redactor.text(found.text)
        changed = path is not None and bool(text)
        if path is not None and changed and not self._task.check_mode:
            write_new(path, text)
        told = found.told(self._written(path, changed))
        return {
            "changed": changed,
            "msg": told[0],
            "told": told,
            "inventory": text,
            "workspaces": found.as_json(),
            "missing": [*found.notes, *found.missing],
            **(self._diff(path, text) if changed and self._task.diff else {}),
        }

    def _written(self, path: Path | None, changed: bool) -> str:
        if path is None:
            return "No file was asked for."
        if not changed:
            return "Nothing was written."
        return f"The inventory {'would be' if self._task.check_mode else 'is'} written to {path}."

    def _diff(self, path: Path | None, text: str) -> dict[str, Any]:
        return {"diff": {"before": "", "after": text, "before_header": str(path), "after_header": str(path)}}
