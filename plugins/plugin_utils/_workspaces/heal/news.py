# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told of a run of heal.yml, and what they know already.

A sync that fails all night for the same reason starts a run each time, and wakes nobody a second time.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..model.attempts import Attempts, cause_of
from ..model.healings import HealState
from .memory import AttemptsMemory, of_facts

TOLD = "onramp_heal_told_before"
_PREFIX = "told"
# These end an attempt, of which there is one within the cooldown.
_ENDS = (HealState.HEALED, HealState.SYNCING)
# These are found again by each run.
_LASTS = (HealState.NEEDS_A_PERSON, HealState.NOT_HEALED)


def told_before(facts: Any) -> Attempts:
    """Return what people have been told, as far as the facts of a host know."""
    return of_facts(facts, TOLD)


def all_told(memory: AttemptsMemory) -> dict[str, Any]:
    """Return what people have been told, for a fact."""
    known = memory.read().known.items()
    return Attempts({key: told for key, told in known if key[1].startswith(f"{_PREFIX}:")}).as_json()


def is_news(outcome: Mapping[str, Any], identity: str, memory: AttemptsMemory, cooldown: int) -> bool:
    """Tell whether people are told how a workspace stands."""
    state = HealState(outcome["state"])
    if state not in _LASTS:
        return state in _ENDS
    before = memory.read().last(identity, _cause(outcome))
    return before is None or not before.is_within(cooldown, datetime.now(UTC))


def remember(outcome: Mapping[str, Any], identity: str, memory: AttemptsMemory) -> None:
    """Remember that people have been told how a workspace stands, if it may stand so for long."""
    if HealState(outcome["state"]) in _LASTS:
        memory.begin(identity, _cause(outcome), 0, datetime.now(UTC))


def _cause(outcome: Mapping[str, Any]) -> str:
    finding = outcome.get("finding") or {}
    return cause_of(_PREFIX, str(finding.get("code") or outcome["state"]), [str(finding.get("message") or "")])
