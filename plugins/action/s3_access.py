# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws import client as aws_client
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.arguments import (
    instance_profile,
)
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._aws.access.writing.write import write_access
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec
from ansible_collections.onramp.braze_fivetran.plugins.modules import s3_access
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.environment import (
    environment_of_task,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.in_process import InProcessAction
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.local_module import (
    LocalModules,
    knows_option,
)

# Here once, in the process that Ansible forks a worker from for every host.
aws_client.preload()


class ActionModule(InProcessAction):
    """Writes the IAM policy and the role for Fivetran, on the controller and with the modules of amazon.aws."""

    module = s3_access
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the work in the environment that the play gives its tasks."""
        with environment_of_task(self):
            return super().run(tmp, task_vars)

    def _is_the_same_here(self, _variables: Mapping[str, Any]) -> bool:
        return True

    def _spec(self, variables: Mapping[str, Any]) -> ModuleSpec:
        modules = LocalModules(self, variables)

        def run_module(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            known = {
                option: value for option, value in instance_profile(arguments).items() if knows_option(name, option)
            }
            return modules.run(name, {**arguments, **known})

        return replace(s3_access.SPEC, work=lambda task: write_access(task, run_module))
