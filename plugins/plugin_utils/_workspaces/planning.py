# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read, look, decide: from the inventory's variables to the plan of all workspaces."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...module_utils._kernel.clients import Clients
from ...module_utils._kernel.secrets.redact import Redactor
from .._settings.options import all_options
from .._settings.reader import HostVariables, host_variables
from .._settings.reading import hints, read_settings
from .._settings.settings import TOLD_OF_UNUSABLE, Entry, Problem, Settings, Unreadable, Unusable, schema_claimed
from .decide.drafts import Situation
from .deciding import decide
from .heal.healing import left_out
from .look.look import Limits, Look
from .look.purposes import PURPOSES, LookScope
from .model.healings import HealRequest
from .model.plan import Plan
from .step import ALL

if TYPE_CHECKING:
    from .._saved_plan.compare import Approval


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
    *,
    is_part: bool = False,
    step: str = ALL,
    heal: HealRequest | None = None,
    approval: Approval | None = None,
    buckets_left: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Plan, Redactor]:
    """Look and decide. Beside the plan, return what keeps every secret of the inventory out of what is told.

    ``clients``: what the looks share, with the clock that they wait by. ``told``: is told how far the look is.
    ``is_part``, ``step``, ``heal``: see :class:`Situation`; the plan is of the whole playbook, whatever the step.
    ``buckets_left``: likewise. ``approval``: the approved plan, of which nothing but parts may be planned.
    """
    entries = [entry for entry, _hints in read.values()]
    readable = tuple(entry for entry in entries if isinstance(entry, Settings))
    names = frozenset(name for name in playing if name in read)
    left_alone = _left_alone(read, names, heal)
    names -= left_alone
    wanted = LookScope(PURPOSES[purpose], readable, names & {settings.name for settings in readable})
    clients = clients or Clients()
    seen = Look(wanted, limits, clients, told).take()
    situation = Situation(
        PURPOSES[purpose], entries, names, seen, limits, is_part=is_part, step=step, heal=heal,
        buckets_left=buckets_left or {},
    )  # fmt: skip
    situation = _asked_again(wanted, situation, clients)
    misspelt = {name: tuple(hint) for name, (_entry, hint) in read.items() if hint}
    plan = decide(situation, misspelt) if approval is None else _approved(situation, misspelt, approval)
    plan = replace(plan, workspaces={**plan.workspaces, **{name: left_out(name) for name in sorted(left_alone)}})
    return plan, Redactor(_secrets(readable))


def _approved(situation: Situation, misspelt: Mapping[str, Sequence[str]], approval: Approval) -> Plan:
    """Return the plan without the workspaces of which it would be another one than was approved."""
    situation = replace(situation, roles_made=approval.roles_made)
    plan = decide(situation, misspelt)
    # Without those that are refused, what they share with others may be as it was approved, or may not be any more.
    while moved := approval.moved(plan):
        situation = replace(situation, refused={**situation.refused, **moved})
        plan = decide(situation, misspelt)
    return approval.noted(plan, [entry.name for entry in situation.inventory], is_part=situation.is_part)


def _left_alone(
    read: Mapping[str, tuple[Entry, Sequence[str]]], names: frozenset[str], heal: HealRequest | None
) -> frozenset[str]:
    """Return which workspaces are not asked for, as far as the names of their connections tell."""
    if heal is None:
        return frozenset()
    known = {name: schema_claimed(read[name][0]) for name in names}
    return frozenset(name for name, schema in known.items() if schema is not None and not heal.may_want(schema))


def _asked_again(wanted: LookScope, situation: Situation, clients: Clients) -> Situation:
    """Return the situation with AWS's own answers to what is in doubt about roles; mostly nothing is."""
    if not any(settings.storage == "s3" for settings in wanted.playing):
        return situation
    from .decide.s3_doubts import doubts

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
