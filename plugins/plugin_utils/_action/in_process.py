# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module's own work inside Ansible's worker, where that is what the play means anyway.

A module's process costs a third of a second before it does anything. Where the task runs on the controller, under the
controller's own Python, as the same user, the same code can run in the worker instead, with the same validation of
arguments, check mode, diff and redaction. In every other case the module is executed as ever.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ...module_utils._kernel.execute import PLACE, execute, place_of
from ...module_utils._kernel.options.shared import with_next_step
from ...module_utils._kernel.printable import printable
from ...module_utils._kernel.runner import validator
from ...module_utils._kernel.secrets.redact import texts_in
from ...module_utils._kernel.task import ModuleSpec
from .._secrets import Discretion, secrets_of_run
from .arguments import refusals
from .aws_defaults import with_aws_defaults
from .environment import environment, without_debug
from .guard import GuardedAction, presentable
from .play import play_of
from .progress import say
from .shared_limits import clients as shared_clients
from .tracing import environment_of_modules, note, trace
from .warnings import WARNINGS, display_deprecations, naming, warnings_of_arguments, withheld

# Set to false to execute every module in a process of its own.
SWITCH = "onramp_in_process"


class InProcessAction(GuardedAction):
    """Base of the action plugins; ``module`` is the imported module file of the same name."""

    module: ModuleType
    # What runs asynchronously is executed as a module.
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module's work here if that is the same, else execute the module."""
        return self.guarded(self.module.SPEC.options.arguments, lambda: self._run(tmp, task_vars or {}))

    def _run(self, tmp: str | None, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, variables)
        trace(self, variables)
        spec = self._spec(variables)
        if "access_key" in spec.options.arguments:
            self._task.args = with_aws_defaults(self._task.args, self._task, self._templar)
        arguments = {name: value for name, value in self._task.args.items() if not name.startswith("_ansible_")}
        validation = validator(spec.options).validate(arguments)
        params = validation.validated_parameters
        discretion = Discretion(
            list(texts_in(spec.secret_values(params))), lambda: secrets_of_run(variables, play_of(self._task))
        )
        host = str(variables.get("inventory_hostname"))

        def progress(message: str) -> None:
            say(discretion.text(printable(f"{host}: {message}")))

        if self._is_the_same_here(variables):
            if _wants_invocation(variables):
                result["invocation"] = {"module_args": presentable(spec.options.arguments, params)}
            if validation.error_messages:
                message = "; ".join(map(with_next_step, refusals(validation, self._task.action)))
                raise AnsibleActionFail(discretion.text(message), result=result)
            display_deprecations(validation)
            result.update(self._done_here(spec, validation, progress))
        else:
            awaited = "" if validation.error_messages else spec.waiting(params)
            if awaited and not self._task.check_mode:
                progress(awaited)
            result.update(self._executed(variables))
        if result.get(WARNINGS):
            result[WARNINGS] = naming(host, result[WARNINGS], warnings_of_arguments(validation))
        return discretion.result(result)

    def _spec(self, _variables: Mapping[str, Any]) -> ModuleSpec:
        """Return what the module declares; an action that does more than its module declares other work."""
        spec: ModuleSpec = self.module.SPEC
        return spec

    def _done_here(
        self, spec: ModuleSpec, validation: ValidationResult, progress: Callable[[str], None]
    ) -> dict[str, Any]:
        """Return what the module's work comes to in this process."""
        warnings = warnings_of_arguments(validation)
        result = execute(
            spec,
            validation.validated_parameters,
            check_mode=self._task.check_mode,
            diff=self._task.diff,
            warn=warnings.append,
            progress=progress,
            clients=shared_clients(),
            unforeseen=_show_place,
        )
        return {**result, WARNINGS: warnings} if warnings else result

    def _executed(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return what the module returns in a process of its own.

        What runs asynchronously returns later, and to a task of Ansible's own: its warnings stay without the host.
        """
        if self._connection.transport != "local" or self._connection.become:
            note("The module is executed on another machine, or as another user. What it asks is not in this trace.")
        with withheld(variables) as also, environment(environment_of_modules()), without_debug():
            result: dict[str, Any] = self._execute_module(task_vars=variables, wrap_async=self._task.async_val)
        if place := result.pop(PLACE, ""):
            Display().vvv(place)
        return result | {name: [*items, *(result.get(name) or ())] for name, items in also.items() if items}

    def _is_the_same_here(self, variables: Mapping[str, Any]) -> bool:
        """Tell whether the module's own process would be this Python, on this machine, as this user."""
        task = self._task
        if not boolean(self._templar.template(variables.get(SWITCH, True)), strict=False):
            return False
        interpreter = self._templar.template(variables.get("ansible_python_interpreter"))
        # The connection knows whether somebody else's rights are taken on, by keyword or by variable.
        plain = not (self._connection.become or task.async_val or any(task.environment or []))
        return (
            plain
            # What makes connections in a forked process may end that process there.
            and sys.platform != "darwin"
            and self._connection.transport == "local"
            # Not their real paths: two virtual environments share one binary and have different packages.
            and interpreter == sys.executable
        )


def _show_place(error: Exception) -> None:
    """Show where an error happened to those who want to know it; those of Ansible are for Ansible to tell."""
    if isinstance(error, AnsibleError):
        raise error
    Display().vvv(place_of(error))


def _wants_invocation(variables: Mapping[str, Any]) -> bool:
    """Tell whether results repeat the arguments: always before ansible-core 2.21, then by its setting."""
    known = "INJECT_INVOCATION" in constants.config.get_configuration_definitions()
    return not known or bool(constants.config.get_config_value("INJECT_INVOCATION", variables=dict(variables)))
