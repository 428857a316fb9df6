# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module as Ansible does: the one place below the modules that makes an AnsibleModule."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import os
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .clients import Clients
from .execute import PLACE, execute, place_of
from .options.shared import with_next_step
from .task import TRACE_VARIABLE, ModuleSpec


class _Module(AnsibleModule):
    """Says of missing arguments where they come from; it fails while it is made, before anybody has it."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        super().fail_json(with_next_step(msg), **kwargs)


def run(spec: ModuleSpec) -> NoReturn:
    """Do a module's work as an Ansible module and exit."""
    module = _Module(
        argument_spec=dict(spec.argument_spec), supports_check_mode=spec.supports_check_mode, **spec.rules()
    )
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
