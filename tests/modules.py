# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call a module's work in this process, with the same validation of arguments that Ansible makes.

It is the whole module but for the process around it: real requests, no mocks, and waits that take no time. What the
process adds is tested with real plays (``tests/playbook.py``).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import Clock
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.execute import execute
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.runner import validator
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import ModuleSpec

from tests import returned
from tests.clock import Hurried
from tests.collection import MODULES


@dataclass
class ModuleResult:
    """What the module would have returned; ``failed`` and ``msg`` as Ansible shows them."""

    values: dict[str, Any]
    warnings: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.values.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.values.get("changed"))

    @property
    def msg(self) -> str:
        return str(self.values.get("msg", ""))

    @property
    def code(self) -> str:
        """Return the code of ``failure``."""
        return str(self.values["failure"]["code"])

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def run_module(
    name: str,
    arguments: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    check: bool = False,
    time: Hurried | None = None,
) -> ModuleResult:
    """Run module ``name`` (without namespace) with ``environment`` for its fallbacks; ``time`` is what it waits by."""
    with patch.dict("os.environ", environment):
        result = run_spec(load(name), arguments, check=check, clock=(time or Hurried()).clock)
    # Also vendors that give values of other types are called here.
    returned.hold(name, result.values, typed=False)
    return result


def run_spec(spec: ModuleSpec, arguments: Mapping[str, Any], *, clock: Clock, check: bool = False) -> ModuleResult:
    """Run what a module declares."""
    validation = validator(spec.options).validate(dict(arguments))
    if validation.error_messages:
        return ModuleResult({"failed": True, "msg": "; ".join(validation.error_messages)})
    warnings: list[str] = []
    values = execute(
        spec,
        validation.validated_parameters,
        check_mode=check,
        diff=True,
        warn=warnings.append,
        clients=Clients(clock),
        unforeseen=raise_again,
    )
    return ModuleResult(values, warnings)


def raise_again(error: Exception) -> None:
    """Let a test fail where the mistake is."""
    raise error


def load(name: str) -> ModuleSpec:
    """Return what the module declares."""
    spec: ModuleSpec = importlib.import_module(f"{MODULES}.{name}").SPEC
    return spec
