# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: no promise of stability to anybody outside it.

"""Read, look, decide: from the inventory's variables to the plan of all workspaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...module_utils._clients import Clients
from ...module_utils._redact import Redactor
from .asked import PURPOSES, Wanted
from .decide import decide
from .drafts import Situation
from .look import Limits, Look
from .options import all_options
from .plan import Plan
from .reader import HostVariables, host_variables
from .settings import TOLD_OF_UNUSABLE, Problem, Settings, Unreadable, Unusable, hints, read_settings

Entry = Settings | Unusable


def read_inventory(
    hostvars: Any,
    play: Any,
    names: Iterable[str],
    environment: Mapping[str, str],
    purpose: str,
    also: Callable[[HostVariables], None] = lambda _variables: None,
) -> dict[str, tuple[Entry, list[str]]]:
    """Return the settings of every workspace, or why they cannot be used, and hints at misspelt names.

    ``also``: what else wants to read the variables of each, once they are evaluated.
    """
    needs_key = PURPOSES[purpose].key
    read: dict[str, tuple[Entry, list[str]]] = {}
    for name in names:
        try:
            variables = host_variables(hostvars, play, name)
            read[name] = (read_settings(name, variables, environment, needs_key=needs_key), hints(variables))
            also(variables)
        except Unreadable as error:
            problem = Problem(variable="", message=f"The variables of this workspace cannot be read: {error}")
            read[name] = (unreadable(name, problem), [])
    return read


def unreadable(name: str, problem: Problem) -> Unusable:
    """Return a workspace of which nothing is known."""
    return Unusable(name, problems=(problem,), known={}, unknown=frozenset(TOLD_OF_UNUSABLE))


def plan_of(
    purpose: str,
    read: Mapping[str, tuple[Entry, Sequence[str]]],
    playing: frozenset[str],
    limits: Limits,
    clients: Clients | None = None,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Plan, Redactor]:
    """Look and decide. Beside the plan, return what keeps every secret of the inventory out of what is told.

    ``clients``: what the looks share, with the clock that they wait by. ``told``: is told how far the look is.
    """
    entries = [entry for entry, _hints in read.values()]
    readable = tuple(entry for entry in entries if isinstance(entry, Settings))
    names = frozenset(name for name in playing if name in read)
    wanted = Wanted(PURPOSES[purpose], readable, names & {settings.name for settings in readable})
    clients = clients or Clients()
    seen = Look(wanted, limits, clients, told).take()
    situation = _asked_again(wanted, Situation(PURPOSES[purpose], entries, names, seen, limits), clients)
    misspelt = {name: tuple(hint) for name, (_entry, hint) in read.items() if hint}
    return decide(situation, misspelt), Redactor(_secrets(readable))


def _asked_again(wanted: Wanted, situation: Situation, clients: Clients) -> Situation:
    """Return the situation with AWS's own answers to what is in doubt about roles; mostly nothing is."""
    if not any(settings.storage == "s3" for settings in wanted.playing):
        return situation
    from .s3_doubts import doubts

    found = list(doubts(situation))
    if not found:
        return situation
    seen = Look(wanted, situation.limits, clients).ask_aws(found)
    return replace(situation, seen=situation.seen.and_also(seen))


def _secret_options() -> list[tuple[str, str]]:
    """Return the variables of roles that hold secrets, as role and name without the role's."""
    return [(option.role, option.short) for option in all_options().values() if option.role and option.no_log]


def _secrets(inventory: Iterable[Settings]) -> list[str]:
    found: set[str] = set()
    for settings in inventory:
        found |= {settings.fivetran_api_key, settings.fivetran_api_secret, settings.braze_api_key}
        found.add(settings.connection_string)
        found |= {str(settings.roles[role].get(short) or "") for role, short in _secret_options()}
    return sorted(filter(None, found))
