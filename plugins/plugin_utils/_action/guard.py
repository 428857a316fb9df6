# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what is given to an action out of what Ansible shows of its task, whatever its settings are.

Ansible hands the arguments of a task, evaluated, to callbacks when the task has ended; banners show them if a setting
wants it. And a secret that stands where a name belongs is no more to be shown than one in its place.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.options.spec import Arguments, OptionGroup
from ...module_utils._kernel.secrets.redact import Redactor
from ...module_utils._kernel.secrets.shown import option_of, refuse_secrets, suspects
from .environment import environment_of_task

# What of a result is for people; Ansible or a role prints it.
TOLD = ("msg", "warnings", "next_step", "findings", "refusal", "diff", "invocation")
NO_LOG_PLACEHOLDER = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class GuardedAction(ActionBase):
    """Base of the action plugins."""

    _given: dict[str, Any] | None = None

    def guarded(self, spec: Arguments, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what ``act`` returns, or a refusal of arguments that are secrets; leave none behind in the task."""
        # Not those that an earlier try of the same task has left.
        if self._given is None:
            self._given = dict(self._task.args)
        self._task.args = dict(self._given)
        hidden = suspects(spec, self._given)
        failed: AnsibleActionFail | None = None
        result: dict[str, Any] = {}
        try:
            refuse_secrets(spec, self._given)
            result = act()
        except InvalidArgument as error:
            result = {**error.as_result(), "failed": True, "changed": False}
        except AnsibleActionFail as error:
            failed = error
        finally:
            self._task.args = presentable(spec, self._task.args)
        if failed is not None:
            raise _hiding(hidden, failed)
        return _without(hidden, result) if hidden else result


class ControllerAction(GuardedAction):
    """Base of the actions that run on the controller and have no module behind them. ``options``: their own."""

    TRANSFERS_FILES = False
    _requires_connection = False
    options: OptionGroup

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the action's documentation says."""
        with environment_of_task(self):
            return self.guarded(self.options.arguments, lambda: self._result(tmp, task_vars or {}))

    def _result(self, tmp: str | None, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, variables)
        return {**result, **self._act(variables)}

    @abstractmethod
    def _act(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Do what the action is for, and return what comes of it."""


def _hiding(hidden: Sequence[str], failed: AnsibleActionFail) -> AnsibleActionFail:
    """Return the failure without the suspects. Not to be called where it is caught: ansible-core 2.18 quotes that."""
    redactor = Redactor(hidden)
    hiding = AnsibleActionFail(redactor.text(str(failed)), result=redactor.data(failed.result))
    # There, a traceback of nothing.
    hiding.result.pop("exception", None)
    return hiding


def _without(hidden: Sequence[str], result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without the suspects; what has been accepted as a name stays one in what playbooks go on with."""
    redactor = Redactor(hidden)
    names = result if result.get("failed") else TOLD
    return {name: redactor.data(value) if name in names else value for name, value in result.items()}


def presentable(spec: Arguments, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as they may be shown: without the texts in those that are ``no_log``, and without suspects."""
    redactor = Redactor(suspects(spec, arguments))
    return {
        name: _without_texts(value) if option_of(spec, name).get("no_log") else redactor.data(value)
        for name, value in arguments.items()
    }


def _without_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_texts(item) for item in value]
    return NO_LOG_PLACEHOLDER if isinstance(value, str) else value
