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
from .errors import OnrampError
from .options.shared import with_next_step
from .task import TRACE_VARIABLE, ModuleSpec, Task, named


class _Module(AnsibleModule):
    """Says of missing arguments where they come from; it fails while it is made, before anybody has it."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        super().fail_json(with_next_step(msg), **kwargs)


def run(spec: ModuleSpec) -> NoReturn:
    """Do a module's work as an Ansible module and exit."""
    module = _Module(
        argument_spec=dict(spec.argument_spec), supports_check_mode=spec.supports_check_mode, **spec.rules()
    )
    warn = named("", module.warn)
    if os.environ.get(TRACE_VARIABLE):
        # Loaded for those only who want it.
        from .secrets.redact import texts_in
        from .trace.trace import resume

        hidden = [module.params[name] for name, option in spec.argument_spec.items() if option.get("no_log")]
        resume(texts_in(hidden))
    # A module can say what it has waited for at its end only.
    clients = Clients(tell=warn)
    try:
        result = spec.work(Task(params=module.params, check_mode=module.check_mode, warn=warn, clients=clients))
    except OnrampError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)
