# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of actions that run on the controller and have no module behind them.

What playbooks pass on of what somebody has set for a run is refused under the name that was written.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.module_utils.errors import UnsupportedError

from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.options.limits import LONGEST_SYNC
from ...module_utils._kernel.options.spec import OptionGroup, OptionSpec
from ...module_utils._kernel.runner import validator
from ...module_utils._kernel.secrets.shown import shown
from .._settings.options import Option
from .._settings.rules import VALUE_RULES, number
from .._settings.values import Refused, typed
from .._workspaces.model.attempts import KEPT

_AT_A_TIME = re.compile(r"[0-9]{1,9}%?", re.ASCII)
RATE_LIMIT_TIMEOUT = "fivetran_connection_rate_limit_timeout"


def _as_it_is(value: Any) -> Any:
    return value


def _serial(value: Any) -> Any:
    """Return ``value`` as it is if a play takes it as the number of hosts that it is for at a time."""
    items = value if isinstance(value, list) else [value]
    odd = [one for one in items if isinstance(one, bool) or not _AT_A_TIME.fullmatch(str(one))]
    if odd or not items:
        what = shown(odd[0]) if odd else "an empty list"
        raise Refused(
            f'expected how many workspaces at a time, as a number or as "25%", or a list of such, got {what}.'
        )
    return value


@dataclass(frozen=True)
class Variable:
    """The variable that somebody sets, and the rule for a value of the right type."""

    name: str
    rule: Callable[[Any], Any] = _as_it_is


# By the option of the action. What is older than ``KEPT`` is forgotten, so that no cooldown lasts longer.
OF_PLAN: Mapping[str, Variable] = {
    "step": Variable("onramp_step"),
    "part_of_fleet": Variable("onramp_part_of_fleet"),
    "hand_on": Variable("onramp_hand_on_plan"),
    "tell_each_up_to": Variable("onramp_tell_each_up_to"),
    "rate_limit_timeout": Variable(RATE_LIMIT_TIMEOUT, VALUE_RULES[RATE_LIMIT_TIMEOUT]),
    "heal_connections": Variable("onramp_heal_connections"),
    "heal_cooldown": Variable("onramp_heal_cooldown", partial(number, 0, round(KEPT.total_seconds()))),
    "at_once": Variable("braze_workspaces_at_once", _serial),
    "heal_wait": Variable("onramp_heal_wait", partial(number, 1, LONGEST_SYNC)),
    "heal_state": Variable("onramp_heal_state"),
}
OF_HEALING: Mapping[str, Variable] = {
    "cooldown": OF_PLAN["heal_cooldown"],
    "state": OF_PLAN["heal_state"],
    "hook": Variable("onramp_heal_hook"),
}


def refusals(validation: ValidationResult, module: str = "") -> list[str]:
    """Return what is wrong with arguments, a sentence each, as Ansible says it of a module in a process of its own."""
    of = f" for ({module}) module" if module else ""
    return [
        f"Unsupported parameters{of}: {message}" if isinstance(error, UnsupportedError) else message
        for error, message in zip(validation.errors.errors, validation.error_messages, strict=True)
    ]


def validated(options: OptionGroup, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments typed, with their defaults.

    :raises AnsibleActionFail: what the options do not allow.
    """
    validation = validator(options).validate(dict(arguments))
    if validation.error_messages:
        raise AnsibleActionFail("; ".join(refusals(validation)))
    parameters: dict[str, Any] = validation.validated_parameters
    return parameters


def validated_as_set(
    options: OptionGroup, arguments: Mapping[str, Any], variables: Mapping[str, Variable]
) -> dict[str, Any]:
    """Return the arguments typed, with their defaults.

    :raises InvalidArgument: what a variable must not be, naming it and what is accepted.
    :raises AnsibleActionFail: what the options do not allow.
    """
    given = {option: value for option, value in arguments.items() if value is not None}
    for option, variable in variables.items():
        if option in given:
            try:
                variable.rule(_typed(variable.name, options.arguments[option], given[option]))
            except Refused as refusal:
                raise InvalidArgument(f"{variable.name}: {refusal}") from None
    return validated(options, arguments)


def _typed(name: str, spec: OptionSpec, value: Any) -> Any:
    if spec["type"] == "raw":
        return value
    if spec["type"] != "list":
        return typed(Option(name, spec["type"], tuple(spec.get("choices") or ())), value)
    # Ansible takes a text for a list, too, as -e gives it.
    if validator(OptionGroup({name: spec})).validate({name: value}).error_messages:
        raise Refused(
            "expected a list of connections, each with group_id and schema, or with connection_id, as events name them,"
            f" got {_first_odd(value)}."
        )
    return value


def _first_odd(value: Any) -> str:
    """Return in words what is not a list, or what in it is no connection."""
    odd = [item for item in value if not isinstance(item, Mapping)] if isinstance(value, list) else []
    return f"one with {shown(odd[0])} in it" if odd else shown(value)
