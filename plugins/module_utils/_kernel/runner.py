# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module as Ansible does: the one place below the plugins that knows Ansible."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import env_fallback

from .clients import Clients
from .execute import PLACE, execute, place_of
from .options.shared import with_next_step
from .options.spec import Arguments, OptionGroup, OptionSpec
from .task import TRACE_VARIABLE, ModuleSpec


class _Module(AnsibleModule):
    """Says of missing arguments where they come from; it fails while it is made, before anybody has it."""

    def __init__(self, options: OptionGroup, *, supports_check_mode: bool = True) -> None:
        super().__init__(
            _in_words_of_ansible(options.arguments), supports_check_mode=supports_check_mode, **options.rules()
        )

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        super().fail_json(with_next_step(msg), **kwargs)


def validator(options: OptionGroup) -> ArgumentSpecValidator:
    """Return what validates arguments as AnsibleModule does."""
    return ArgumentSpecValidator(_in_words_of_ansible(options.arguments), **options.rules())


def refuse(name: str, options: OptionGroup) -> NoReturn:
    """Exit as a module whose work is that of its action plugin, which nothing has run here."""
    _Module(options).fail_json(f"{name} works on the controller only, by its action plugin of the same name.")


def run(spec: ModuleSpec) -> NoReturn:
    """Do a module's work as an Ansible module and exit."""
    module = _Module(spec.options, supports_check_mode=spec.supports_check_mode)
    if os.environ.get(TRACE_VARIABLE):
        # Loaded for those only who want it.
        from .secrets.redact import texts_in
        from .trace.trace import resume

        resume(texts_in(spec.secret_values(module.params)))
    also: dict[str, str] = {}
    result = execute(
        spec,
        module.params,
        check_mode=module.check_mode,
        diff=module._diff,
        warn=module.warn,
        # A module can say what it has waited for at its end only.
        clients=Clients(tell=module.warn),
        unforeseen=lambda error: also.update({PLACE: place_of(error)}),
    )
    if result.pop("failed", False):
        # Not as its exception, which ansible-core 2.19 and newer keep to themselves.
        module.fail_json(**result, **also)
    module.exit_json(**result)


def _in_words_of_ansible(arguments: Arguments) -> dict[str, dict[str, Any]]:
    return {name: _option(option) for name, option in arguments.items()}


def _option(option: OptionSpec) -> dict[str, Any]:
    said: dict[str, Any] = {**option}
    if variables := said.pop("env", None):
        said["fallback"] = (env_fallback, list(variables))
    if "options" in option:
        said["options"] = _in_words_of_ansible(option["options"])
    return said
