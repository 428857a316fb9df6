# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare the configuration that is wanted of a connection with the one that is stored, and check it."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._kernel.difference import Difference, differences, holds_mask, is_empty
from ..._kernel.errors import InvalidArgument
from ..client import JsonObject
from ..metadata import config_errors, password_fields
from .braze_config import SERVICE, fields_of_switched, means_the_same, spelled
from .state import hidden, is_connected, is_role, stored_config


def config_differences(
    wanted: Mapping[str, Any],
    secrets: Mapping[str, Any],
    actual: JsonObject,
    *,
    metadata: JsonObject | None = None,
    send_hidden: bool = False,
) -> tuple[Difference, ...]:
    """Return what of the configuration differs from that of ``actual``, whatever its spelling.

    ``secrets``: of ``wanted``, what must not be shown. ``metadata``: JSON schema of the configuration, where it is
    known. ``send_hidden``: what Fivetran does not show is sent, too.
    """
    enumerations, stored = _enumerations(metadata), stored_config(actual)
    found = tuple(
        item
        for item in differences(wanted, stored, secrets=secrets, send_masked=send_hidden)
        if is_sent_again(item) or not _is_spelling(item, actual, enumerations)
    )
    if not send_hidden and actual.get("service") == SERVICE:
        # Whose role or connection string is stored there, of an earlier time, nobody knows.
        switched = fields_of_switched([item.name for item in found])
        masked = {name: value for name, value in wanted.items() if name in switched and holds_mask(stored.get(name))}
        again = differences(masked, stored, secrets=secrets, send_masked=True)
        found = tuple(sorted((*found, *again), key=lambda item: item.name))
    # A connection that is connected has its secrets, also where they are not returned at all. Of one that is to read
    # something else nobody knows.
    unreturned = hidden(wanted, secrets, actual) - set(stored)
    if not send_hidden and is_connected(actual) and {item.name for item in found} <= unreturned:
        return ()
    return found


def is_sent_again(item: Difference) -> bool:
    """Tell whether the field is stored masked, so that nobody can say whether it differs."""
    return holds_mask(item.before)


def replaces(item: Difference, service: Any) -> bool:
    """Tell whether the difference replaces a value by another one. What is masked may be the same."""
    is_nothing = is_empty(item.before) or (service == SERVICE and means_the_same(item.name, None, item.before))
    return not is_nothing and not is_sent_again(item)


def spelled_alike(item: Difference) -> bool:
    """Tell whether both values are one name of an enumeration."""
    before, after = item.before, item.after
    return isinstance(before, str) and isinstance(after, str) and spelled(before) == spelled(after)


def _is_spelling(item: Difference, actual: JsonObject, enumerations: frozenset[str]) -> bool:
    if item.name in enumerations and spelled_alike(item):
        return True
    return actual.get("service") == SERVICE and means_the_same(item.name, item.after, item.before)


def _enumerations(metadata: JsonObject | None) -> frozenset[str]:
    properties = (metadata or {}).get("properties")
    fields = properties if isinstance(properties, dict) else {}
    return frozenset(name for name, data in fields.items() if isinstance(data, dict) and data.get("enum"))


def check_config(plain: Mapping[str, Any], secrets: Mapping[str, Any], metadata: JsonObject) -> Iterable[str]:
    """Check a configuration before it is sent; return what to warn of.

    :raises InvalidArgument: a field or a value that the service does not know.
    """
    errors = config_errors(metadata, {**plain, **secrets})
    if errors:
        raise InvalidArgument(" ".join(errors))
    exposed = sorted(name for name in password_fields(metadata) & set(plain) if not is_role(plain[name]))
    if not exposed:
        return ()
    return (
        f"config: {', '.join(exposed)} {'is a secret' if len(exposed) == 1 else 'are secrets'} of this service."
        " Give it in config_secrets instead, because Ansible prints config with -vvv and on failure.",
    )
