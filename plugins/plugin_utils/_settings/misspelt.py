# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which setting somebody means who has written none."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache

from .options import OVERRULED, Option, all_options, role_of, role_options, without_role

# What people call things who know them from the vendors' own pages.
OTHER_WORDS: Mapping[str, str] = {
    "braze_url": "braze_api_url",
    "braze_rest_endpoint": "braze_api_url",
    "braze_endpoint": "braze_api_url",
    "braze_key": "braze_api_key",
    "currents_container": "currents_bucket",
    "currents_folder": "currents_prefix",
    "currents_path": "currents_prefix",
    "currents_type": "currents_storage",
    "fivetran_destination": "fivetran_group",
    "fivetran_destination_id": "fivetran_group",
    "fivetran_group_name": "fivetran_group",
    "fivetran_connector_name": "fivetran_schema",
    "fivetran_schema_name": "fivetran_schema",
    "onramp_max_lag": "onramp_max_lag_hours",
}


# How alike a name has to be, from 0 to 1, to be taken for a misspelt one.
_ALIKE = 0.85


_ALIKE_WITHIN_ROLE = 0.75


@cache
def suggestion(name: str) -> str | None:
    """Return the variable that was meant by ``name``, None if it is like none."""
    meant = OTHER_WORDS.get(name) or without_role(name) or _misspelt(name)
    # Of a role's variable that the playbooks overrule, the one of the workspace that they take it from.
    return OVERRULED.get(meant or "") or meant


def _misspelt(name: str) -> str | None:
    role = role_of(name)
    if role is None:
        return next(iter(difflib.get_close_matches(name, all_options(), 1, _ALIKE)), None)
    return closest(name, role_options(role))


def closest(name: str, options: Mapping[str, Option]) -> str | None:
    """Return the one of a role's variables that ``name`` is most like, None if it is like none."""
    # Without the role's name, which would make everything alike.
    shorts = {option.short: option.name for option in options.values()}
    role = next(iter(options.values())).role
    short = next(iter(difflib.get_close_matches(name.removeprefix(f"{role}_"), shorts, 1, _ALIKE_WITHIN_ROLE)), None)
    return shorts[short] if short else None
