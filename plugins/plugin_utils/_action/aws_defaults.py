# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ``module_defaults`` of a play say of AWS, for this collection and for amazon.aws.

Ansible itself gives the defaults of a group to the members of the group, and only amazon.aws can make a module a member
of its own. And where a role passes an option as ``default(omit)``, Ansible drops what the defaults say of it.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._aws.credentials.connection import with_defaults
from ...module_utils._kernel.options.shared import AWS_OPTIONS

# As Ansible resolves them; of each line, the later ones outweigh. The last is the module that this collection runs.
_OF_AMAZON = ("group/ansible.builtin.aws", "group/amazon.aws.aws", "amazon.aws.iam_role")
_OURS = ("group/onramp.braze_fivetran.aws",)
_MAIN_NAMES: Mapping[str, str] = {
    spelling: option
    for option, spec in AWS_OPTIONS.arguments.items()
    for spelling in (option, *spec.get("aliases", ()))
}


def with_aws_defaults(arguments: Mapping[str, Any], task: Any, templar: Any) -> dict[str, Any]:
    """Return the arguments of a module that talks to AWS, with what the ``module_defaults`` of the task say of that.

    The task's own arguments outweigh, then what is said for this collection. Who acts is taken from one of them.
    """
    layers = [layer for layer in task.module_defaults or () if isinstance(layer, Mapping)]
    if not layers:
        return dict(arguments)
    said = {_MAIN_NAMES[name]: value for name, value in arguments.items() if name in _MAIN_NAMES}
    others = {name: value for name, value in arguments.items() if name not in _MAIN_NAMES}
    for sources in ((*_OURS, str(task.resolved_action or task.action)), _OF_AMAZON):
        said = with_defaults(said, _connection(sources, layers, templar))
    return {**others, **said}


def _connection(sources: Iterable[str], layers: Iterable[Mapping[str, Any]], templar: Any) -> dict[str, Any]:
    """Return the options of the connection by their main names, evaluated; inner layers stand last, and outweigh."""
    found: dict[str, Any] = {}
    for source in sources:
        for layer in layers:
            defaults = layer.get(source)
            if isinstance(defaults, Mapping):
                known = {_MAIN_NAMES[name]: value for name, value in defaults.items() if name in _MAIN_NAMES}
                found |= templar.template(known)
    return found
