# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How healing ends, and how it is told: workspace by workspace, and in one line. Pure functions."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....module_utils._kernel.finding import Finding
from ....module_utils._kernel.printable import printable
from ..._words import joined
from ..model.healings import Healing, HealState
from ..model.plan import ACCESS_KINDS, Plan, WorkspacePlan
from .ailments import stopped

WORDS: Mapping[HealState, str] = {
    HealState.TO_HEAL: "to heal",
    HealState.HEALED: "healed",
    HealState.SYNCING: "syncing",
    HealState.NOTHING_BROKEN: "nothing broken",
    HealState.NEEDS_A_PERSON: "needs a person",
    HealState.COOLING_DOWN: "cooling down",
    HealState.NOT_HEALED: "not healed",
    HealState.LEFT_OUT: "not asked for",
}
# What the look has found of access may be why.
OF_ACCESS = ("setup_tests_failed", "sync_failed")
# Told although there are none.
ALWAYS = (HealState.HEALED, HealState.NOTHING_BROKEN, HealState.NEEDS_A_PERSON, HealState.COOLING_DOWN)
# Ansible calls these failed.
FAILED = (HealState.NEEDS_A_PERSON, HealState.COOLING_DOWN, HealState.NOT_HEALED)
# Of these, nothing is to be told.
QUIET = (HealState.NOTHING_BROKEN, HealState.LEFT_OUT)
MOST_STRANGERS = 10
# The steps at which what is tried can fail, by the code of the failure.
STEPS: Mapping[str, str] = {"setup_tests_failed": "tests", "sync_failed": "sync", "connection_paused": "sync"}


def state_of(plan: WorkspacePlan) -> HealState:
    """Return how a workspace stands after the plan."""
    return plan.healing.state if plan.healing else HealState.NOT_HEALED


def in_words(states: Iterable[HealState], always: Sequence[HealState] = ()) -> str:
    """Return how many there are of each state."""
    counts = Counter(states)
    parts = [f"{counts[state]} {word}" for state, word in WORDS.items() if counts[state] or state in always]
    return ", ".join(parts) or "none"


def summary(states: Iterable[HealState]) -> str:
    """Return the last line, such as "Healed 2, nothing broken 1, needs a person 0, cooling down 0."."""
    counts = Counter(states)
    parts = [f"{word} {counts[state]}" for state, word in WORDS.items() if counts[state] or state in ALWAYS]
    line = ", ".join(parts)
    return f"{line[0].upper()}{line[1:]}."


def strangers(plan: Plan) -> list[str]:
    """Return a line about connections that are asked for and belong to no workspace."""
    connections = plan.without_workspace
    if not connections:
        return []
    names = [one.shown for one in connections[:MOST_STRANGERS]]
    more = [f"{len(connections) - MOST_STRANGERS} more"] if len(connections) > MOST_STRANGERS else []
    said = printable(joined([*names, *more], "or"))
    return [f"onramp_heal_connections: no workspace of this play has the connection {said}."]


def found_by_healing(healing: Healing | None) -> tuple[Finding, ...]:
    """Return what the report shows of a workspace, beside what is done for it."""
    if healing is None:
        return ()
    return (*healing.causes, *healing.left) if healing.state is HealState.COOLING_DOWN else healing.left


def healing_lines(name: str, healing: Healing) -> list[str]:
    """Return what is told of a workspace before anything is done for it."""
    if healing.state is HealState.LEFT_OUT:
        return [f"{name}: {healing.message}"]
    head = f"{name}: {WORDS[healing.state]}. {healing.message}" if healing.message != "Nothing is broken." else ""
    left = healing.left if healing.state is not HealState.NEEDS_A_PERSON else healing.left[1:]
    hints = healing.hints if healing.state is not HealState.SYNCING else ()
    return [
        head or f"{name}: nothing is broken.",
        *(f"  ! {finding.text()}" for finding in (*left, *hints) if finding.text() != healing.message),
        *(f"  = {note}" for note in healing.notes),
    ]


# How it ends. From here on, what was planned is plain data.


def planned(healing: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome of a workspace for which nothing is done."""
    left = [*(healing["causes"] if healing["state"] == HealState.COOLING_DOWN else ()), *healing["left"]]
    left += _hints(healing) if healing["state"] in FAILED else []
    return _outcome(HealState(healing["state"]), [], healing["message"], left)


def outcome(
    plan: Mapping[str, Any],
    connection: Mapping[str, Any],
    sync: Mapping[str, Any],
    failure: Mapping[str, Any],
    failed_at: str = "",
) -> dict[str, Any]:
    """Return how healing has ended.

    ``plan``: of the workspace. ``connection``, ``sync``: the results of testing and syncing, empty where that was not
    come to. ``failure``: the result of what has failed, ``failed_at`` which step.
    """
    healing, did = plan["healing"], _did(plan, connection, sync, failure)
    left = list(healing["left"])
    if failure:
        found = _found(plan, failure, failed_at)
        state = HealState.NEEDS_A_PERSON if found["code"] == "stopped_by_fivetran" else HealState.NOT_HEALED
        hints = _hints(healing) if found["code"] in OF_ACCESS else []
        return _outcome(state, did, _texts(found, *hints), [found, *hints, *left])
    state, message = _ended(plan["schema"], connection, sync)
    if state is HealState.NOT_HEALED:
        hints = _hints(healing)
        found = Finding("connection", "error", "still_broken", message).as_json()
        return _outcome(state, did, _texts(found, *hints), [found, *hints, *left])
    if left:
        return _outcome(HealState.NEEDS_A_PERSON, did, _text(left[0]), left)
    return _outcome(state, did, message, left)


def _ended(schema: str, connection: Mapping[str, Any], sync: Mapping[str, Any]) -> tuple[HealState, str]:
    late = sync.get("failure") or {}
    if late.get("code") == "sync_timeout":
        said, _end, _advice = str(late.get("message")).partition(" It goes on at Fivetran:")
        return (
            HealState.SYNCING,
            f"{said} Fivetran goes on with it, and calls the connection connected once it succeeds.",
        )
    # Where only access was repaired, nothing is known of the connection, and nothing was wrong with it.
    found = (sync.get("connection") or connection.get("connection") or {}).get("setup_state")
    if found in (None, "connected"):
        return HealState.HEALED, f"Fivetran calls the connection {schema} connected." if found else ""
    return HealState.NOT_HEALED, f"Fivetran still calls the connection {schema} {found}."


def _did(
    plan: Mapping[str, Any], connection: Mapping[str, Any], sync: Mapping[str, Any], failure: Mapping[str, Any]
) -> list[str]:
    """Return what was done, in words that go on after "It"."""
    did = []
    for change in plan["changes"] if connection or not failure else ():
        if change["kind"] in ACCESS_KINDS and change["action"] != "none":
            verb = "made" if change["action"] == "create" else "repaired"
            did.append(f"{verb} the {change['kind']} {change['name']}")
    sent = [str(name).removeprefix("config.") for name in connection.get("sent") or ()]
    if sent:
        did.append(f"sent {joined(sent)}")
    if connection.get("setup_tests") and not connection.get("failed"):
        did.append("found the setup tests to pass")
    if sync.get("connection"):
        did.append("started a sync" if sync.get("failure") else "synced")
    return did


def _found(plan: Mapping[str, Any], failure: Mapping[str, Any], failed_at: str) -> dict[str, str]:
    """Return the finding that a failure is."""
    known = failure.get("failure") or {}
    code = str(known.get("code") or "failed")
    if code == "connection_paused":
        return stopped(str(plan["schema"])).as_json()
    step = STEPS.get(code, failed_at)
    return Finding(step, "error", code, printable(str(failure.get("msg") or "It failed."))).as_json()


def _hints(healing: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(healing.get("hints") or ())


def _texts(*findings: Mapping[str, Any]) -> str:
    return " ".join(map(_text, findings))


def _text(finding: Mapping[str, Any]) -> str:
    return f"{finding['message']} {finding['remedy']}".strip()


def _outcome(state: HealState, did: Sequence[str], message: str, left: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "state": state.value,
        "did": list(did),
        "message": message,
        "finding": dict(left[0]) if left else {},
        "findings": [dict(finding) for finding in left],
    }


def failed_message(name: str, ended: Mapping[str, Any]) -> str:
    """Return why a workspace is not well, and all that is left to a person."""
    others = ended["findings"][1:] if ended["state"] == HealState.NEEDS_A_PERSON else []
    if ended["state"] == HealState.COOLING_DOWN:
        # Why it was tried, the sentence says.
        others = [finding for finding in ended["findings"] if finding["severity"] != "error"]
    return " ".join([sentence(name, ended), *map(_text, others)])


def remembered(ended: Mapping[str, Any]) -> str:
    """Return how it has ended in our own words: what a vendor has said is not kept in a file."""
    code = str(ended["finding"].get("code") or "")
    return f"{WORDS[HealState(ended['state'])]} ({code})" if code else WORDS[HealState(ended["state"])]


def sentence(name: str, ended: Mapping[str, Any]) -> str:
    """Return how healing has ended for a workspace, for a person."""
    did = f" It {joined(ended['did'])}." if ended["did"] else ""
    return f"{name}: {WORDS[HealState(ended['state'])]}.{did} {ended['message']}".rstrip()
