# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of actions that run on the controller and have no module behind them."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ...module_utils._kernel.options.spec import OptionGroup
from ...module_utils._kernel.runner import validator


def validated(options: OptionGroup, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments typed, with their defaults.

    :raises AnsibleActionFail: what the options do not allow.
    """
    validation = validator(options).validate(dict(arguments))
    if validation.error_messages:
        raise AnsibleActionFail("; ".join(validation.error_messages))
    parameters: dict[str, Any] = validation.validated_parameters
    return parameters
