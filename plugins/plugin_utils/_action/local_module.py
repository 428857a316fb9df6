# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of another collection on the controller, as its user, with secrets on its standard input only.

Whatever the play says of connections, other users and interpreters is meant for hosts, and there is none.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ansible.parsing.plugin_docs import read_docstring
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.loader import module_loader

from ...module_utils._kernel.errors import Failure, OnrampError
from .environment import environment, without_debug
from .tracing import environment_of_foreign_modules

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# By these, boto3 or amazon.aws would look for an identity or an address of their own, beside the one that is passed.
IDENTITY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_URL",
    "AWS_CA_BUNDLE",
)


def without_proxy() -> dict[str, str | None]:
    """Return the variables by which what is asked of this machine goes through no proxy."""
    # Of the two spellings, the first one counts.
    said = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return {"no_proxy": ",".join(filter(None, (said, *LOOPBACK)))}


class _OnController(NormalAction):
    """Executes modules here, as Ansible does where a module has no action of its own."""

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:  # noqa: ARG002
        # A module that is not piped in stands in a file, with its options. Whatever the configuration says.
        return bool(module_style == "new")


class LocalModules:
    """Runs modules for the task of an action plugin."""

    def __init__(self, action: ActionBase, variables: Mapping[str, Any]) -> None:
        self._action = action
        self._variables = {
            **variables,
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
        }

    def run(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the module ``name`` returns for ``arguments``; where it breaks off, ``msg`` says why.

        :raises OnrampError: there is no such module.
        """
        _path(name)
        runner = self._runner()
        changes = {**dict.fromkeys(IDENTITY_VARIABLES), **without_proxy(), **environment_of_foreign_modules()}
        with environment(changes), without_debug():
            result: dict[str, Any] = runner._execute_module(
                module_name=name, module_args=dict(arguments), task_vars=dict(self._variables)
            )
        if result.get("failed"):
            result["msg"] = _broken_off(result) or result.get("msg")
        return result

    def _runner(self) -> _OnController:
        action = self._action
        task = action._task.copy(exclude_parent=False, exclude_tasks=True)
        # What the environment of the play says is set in this process already.
        task.environment, task.become, task.delegate_to, task.async_val = [], False, None, 0
        connection = action._shared_loader_obj.connection_loader.get(
            "ansible.builtin.local", action._play_context, "/dev/null"
        )
        connection.set_options(var_options=self._variables)
        return _OnController(
            task=task,
            connection=connection,
            play_context=action._play_context,
            loader=action._loader,
            templar=action._templar,
            shared_loader_obj=action._shared_loader_obj,
        )


def _broken_off(result: Mapping[str, Any]) -> str:
    """Return why a module ended with an exception: ansible-core 2.19 and newer tells it apart, older ones print it."""
    if result.get("module_stderr"):
        return str(result["module_stderr"]).strip().splitlines()[-1]
    event = getattr(result.get("exception"), "event", None)
    return "" if result.get("msg") else str(getattr(event, "msg", ""))


def knows_option(module: str, option: str) -> bool:
    """Tell whether the module that is installed has an option.

    :raises OnrampError: there is no such module.
    """
    documentation = read_docstring(_path(module), verbose=False)["doc"] or {}
    return option in (documentation.get("options") or {})


def _path(module: str) -> str:
    path = module_loader.find_plugin(module)
    if path is None:
        collection = module.rpartition(".")[0]
        message = f"The module {module} is not installed."
        raise OnrampError(
            msg=f"{message} Install it: ansible-galaxy collection install {collection}. Nothing was changed.",
            failure=Failure(code="missing_collection", message=message),
        )
    return str(path)
