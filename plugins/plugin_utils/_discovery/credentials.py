# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for Fivetran out of options or the environment, judged as those of a workspace are."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...module_utils._kernel.errors import InvalidArgument
from ...module_utils._kernel.options.shared import FIVETRAN_OPTIONS
from .._settings.reading import ENVIRONMENT
from .._settings.rules import credential, fivetran_url
from .._settings.values import Refused

_CHECKS: Mapping[str, Callable[[str], str]] = {
    "fivetran_api_key": credential,
    "fivetran_api_secret": credential,
    "fivetran_api_url": fivetran_url,
}


def fivetran_credentials(options: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Return key, secret and URL. An option wins, and where it is wrong, nothing takes its place.

    :raises InvalidArgument: everything that is missing or cannot be used, by the names that a person has set.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, check in _CHECKS.items():
        source, value = _source(name, options, environment)
        if value is None:
            problems.append(f"{name}: is not set, and {source} is not set in the environment either.")
            continue
        try:
            found[name] = check(value)
        except Refused as refusal:
            problems.append(f"{source}: {refusal}")
    if problems:
        raise InvalidArgument(" ".join(problems))
    return found


def _source(name: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str, str | None]:
    """Return where the value comes from, and the value."""
    if options.get(name) is not None:
        return name, str(options[name])
    variable = ENVIRONMENT[name]
    return variable, environment.get(variable, FIVETRAN_OPTIONS.arguments[name].get("default"))
