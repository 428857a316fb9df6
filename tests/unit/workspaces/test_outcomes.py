# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How healing ends, out of what the tasks have returned, and how that is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.finding import Finding
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.outcomes import (
    failed_message,
    outcome,
    planned,
    remembered,
    sentence,
    summary,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.healings import HealState

ROLE = "arn:aws:iam::111122223333:role/Fivetran"
STALE = Finding("landing", "error", "stale", "Currents has stopped.", "Send Test Events.").as_json()
TESTED = {"connection": {"setup_state": "broken"}, "setup_tests": [{"status": "PASSED"}], "sent": ["config.api_key"]}
SYNCED = {"connection": {"setup_state": "connected"}, "sync": {"started": True}}
LATE = {
    "connection": {"setup_state": "broken"},
    "failure": {
        "code": "sync_timeout",
        "message": "The sync does not finish within 600 seconds; its sync_state is syncing. It goes on at Fivetran: x",
    },
}


def plan(*left: dict[str, str], access: str = "none") -> dict[str, Any]:
    """Return the plan of a workspace as the playbook has it."""
    changes = [
        {"kind": "role", "name": ROLE, "action": access},
        {"kind": "connection", "name": "s", "action": "update"},
    ]
    return {"schema": "braze_shop_us", "changes": changes, "healing": {"left": list(left)}}


def test_what_was_done_is_told() -> None:
    ended = outcome(plan(access="update"), TESTED, SYNCED, {})
    assert ended["state"] == "healed"
    assert ended["finding"] == {}
    assert sentence("shop_us", ended) == (
        f"shop_us: healed. It repaired the role {ROLE}, sent api_key, found the setup tests to pass and synced."
        " Fivetran calls the connection braze_shop_us connected."
    )
    assert remembered(ended) == "healed"


def test_a_sync_that_takes_longer_is_no_failure() -> None:
    ended = outcome(plan(), TESTED, LATE, {})
    assert ended["state"] == "syncing"
    assert "within 600 seconds; its sync_state is syncing. Fivetran goes on with it" in ended["message"]
    assert ended["finding"] == {}


def test_tests_that_pass_heal_where_fivetran_takes_them_for_enough() -> None:
    connected = {**TESTED, "connection": {"setup_state": "connected"}}
    assert outcome(plan(), connected, {}, {})["state"] == "healed"
    assert outcome(plan(), {**TESTED, "connection": {"setup_state": "incomplete"}}, {}, {})["state"] == "not_healed"


def test_what_is_left_to_a_person_outweighs_what_was_healed() -> None:
    ended = outcome(plan(STALE), TESTED, SYNCED, {})
    assert ended["state"] == "needs_a_person"
    assert ended["finding"] == STALE
    assert "found the setup tests to pass" in failed_message("shop_us", ended)
    assert ended["message"] == "Currents has stopped. Send Test Events."


@pytest.mark.parametrize(
    ("code", "connection", "step", "state"),
    [
        ("setup_tests_failed", {"id": "x"}, "tests", "not_healed"),
        ("sync_failed", {"id": "x"}, "sync", "not_healed"),
        ("connection_paused", None, "sync", "needs_a_person"),
        ("access_denied", None, "access", "not_healed"),
    ],
)
def test_a_failure_is_one_finding_of_its_step(
    code: str, connection: dict[str, str] | None, step: str, state: str
) -> None:
    failure = {"msg": "It did not work. Correct it.", "failure": {"code": code}, "connection": connection}
    ended = outcome(plan(access="update"), {}, {}, failure, "access")
    assert (ended["state"], ended["finding"]["step"]) == (state, step)
    assert ended["did"] == []
    assert len(ended["findings"]) == 1
    assert code in remembered(ended) or ended["finding"]["code"] == "stopped_by_fivetran"


HINT = Finding("access", "warning", "kms_decrypt_unknown", "The bucket encrypts with a key.", "Name it.").as_json()


def hinted(*left: dict[str, str], **healing: Any) -> dict[str, Any]:
    """Return a plan whose look has found what may keep Fivetran from reading."""
    made = plan(*left)
    return {**made, "healing": {**made["healing"], "hints": [HINT], **healing}}


@pytest.mark.parametrize("code", ["setup_tests_failed", "sync_failed"])
def test_what_may_be_why_is_told_with_the_failure(code: str) -> None:
    failure = {"msg": "Correct what the tests name and run again.", "failure": {"code": code}}
    ended = outcome(hinted(STALE), {}, {}, failure, "connection")
    assert ended["message"] == "Correct what the tests name and run again. The bucket encrypts with a key. Name it."
    assert failed_message("shop_us", ended) == f"shop_us: not healed. {ended['message']}"
    assert ended["findings"][1:] == [HINT, STALE]
    assert remembered(ended) == f"not healed ({code})"


def test_what_may_be_why_is_told_where_it_is_still_broken_and_of_nothing_else() -> None:
    ended = outcome(hinted(), {**TESTED, "connection": {"setup_state": "incomplete"}}, {}, {})
    assert ended["message"].endswith("incomplete. The bucket encrypts with a key. Name it.")
    assert ended["findings"][1:] == [HINT]
    assert outcome(hinted(), TESTED, SYNCED, {})["findings"] == []
    assert outcome(hinted(), TESTED, LATE, {})["findings"] == []
    refused = {"msg": "No.", "failure": {"code": "access_denied"}}
    assert len(outcome(hinted(), {}, {}, refused, "access")["findings"]) == 1


def test_what_may_be_why_is_told_as_long_as_it_cools_down_and_beside_what_a_person_has_to_do() -> None:
    broken = Finding("connection", "error", "setup_broken", "It is broken.").as_json()
    cooling = planned(hinted(state="cooling_down", message="It was tried.", causes=[broken])["healing"])
    assert cooling["findings"] == [broken, HINT]
    assert failed_message("a", cooling) == "a: cooling down. It was tried. The bucket encrypts with a key. Name it."
    left = planned(hinted(STALE, state="needs_a_person", message="Currents has stopped.")["healing"])
    assert failed_message("a", left).endswith("Currents has stopped. The bucket encrypts with a key. Name it.")
    syncing = planned(hinted(state="syncing", message="A sync is under way.")["healing"])
    assert syncing["findings"] == []


def test_what_was_done_before_a_failure_is_told_as_well() -> None:
    failed = {**TESTED, "failed": True, "failure": {"code": "setup_tests_failed"}, "msg": "No."}
    ended = outcome(plan(access="create"), failed, {}, failed)
    assert ended["did"] == [f"made the role {ROLE}", "sent api_key"]


def test_the_last_line_counts_what_there_is_and_always_the_four() -> None:
    assert summary([]) == "Healed 0, nothing broken 0, needs a person 0, cooling down 0."
    states = [HealState.HEALED, HealState.HEALED, HealState.SYNCING, HealState.NOTHING_BROKEN, HealState.NOT_HEALED]
    assert summary(states) == "Healed 2, syncing 1, nothing broken 1, needs a person 0, cooling down 0, not healed 1."
    assert summary([HealState.TO_HEAL]) == "To heal 1, healed 0, nothing broken 0, needs a person 0, cooling down 0."
