# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From broken to healed without a person: ansible-rulebook runs the rulebook ``heal``, and the world breaks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.integration.events.loop import SILENT, SOON, fleet, looping, posted
from tests.integration.events.rulebook import needs_rulebook
from tests.integration.playbooks.fleet import connections, play
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox
from tests.sandbox.currents import generate_currents
from tests.sandbox.fleet_world import layout

pytestmark = [pytest.mark.slow, pytest.mark.waits, needs_rulebook]


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    s3 = sandbox.aws("s3")
    for name, content in generate_currents(hours=world.recent_hours(), **layout(SILENT, "S3")):
        s3.put_object(Bucket=world.S3_BUCKET, Key=name, Body=content)
    result = play(sandbox, "onboard", inventory=fleet())
    assert result.exit_code == 0, result.output
    for schema in connections(sandbox):
        (ended,) = breaking.notice(sandbox, connections(sandbox)[schema]["id"])
        assert ended["status"] == "SUCCESSFUL", ended["reason"]
    return sandbox


@pytest.mark.parametrize("source", ["webhook", "status"])
def test_what_breaks_is_healed_and_what_only_a_person_can_mend_is_explained(
    onboarded: Sandbox, tmp_path: Path, source: str
) -> None:
    with looping(onboarded, tmp_path, source, fleet()) as loop:
        loop.breaks("braze_trust", lambda: breaking.trust_edited(onboarded))
        loop.breaks("braze_shop_eu", lambda: breaking.grant_removed(onboarded))
        loop.breaks("braze_key", lambda: breaking.stored_key_revoked(onboarded, loop.id_of("braze_key")))
        loop.breaks("braze_role", lambda: breaking.role_deleted(onboarded))
        loop.breaks("braze_source", lambda: breaking.source_failed(onboarded, loop.id_of("braze_source")))

        def silence() -> None:
            breaking.currents_stopped(onboarded, prefix=SILENT)
            # Fivetran has no event for that: it says so where something else happens to the connection.
            breaking.source_failed(onboarded, loop.id_of("braze_silent"))

        loop.breaks("braze_silent", silence, lambda: "silent" in {row["workspace"] for row in loop.told()})
        print(f"Seconds from the event: {loop.took}")
        told = {row["workspace"]: row for row in loop.told()}
        assert {name: row["state"] for name, row in told.items()} == {
            **dict.fromkeys(("trust", "shop_eu", "key", "role", "source"), "healed"), "silent": "needs_a_person",
        }  # fmt: skip
        assert "Currents" in told["silent"]["message"]
        # Syncs have started and ended, tests have passed: nothing that a run brings about starts another one.
        time.sleep(SOON)
        assert loop.runs() == 6


def test_what_only_a_person_can_mend_does_not_turn_in_circles(onboarded: Sandbox, tmp_path: Path) -> None:
    with looping(onboarded, tmp_path, "webhook", fleet()) as loop:
        # The key of all of them: what the inventory holds works no more than what Fivetran holds.
        onboarded.seed("braze", "revoke_key", key=world.BRAZE_KEY_SHOP_US)
        loop.breaks("braze_key", lambda: None, lambda: len(loop.told()) > 0)
        (told,) = loop.told()
        assert (told["workspace"], told["state"]) == ("key", "needs_a_person")
        assert "API Keys" in str(told["finding"])
        # The schedule goes on, and so do the tests that somebody runs in the dashboard: each fails.
        for _time in range(2):
            breaking.notice(onboarded, loop.id_of("braze_key"))
            onboarded.seed("fivetran", "post_event", connection=loop.id_of("braze_key"), event="connection_failure")
            time.sleep(SOON)
        # Each sync that fails starts a run, which does nothing and tells nobody again.
        assert loop.runs() <= 3
        assert loop.told() == [told]
        assert not [entry for entry in onboarded.journal("fivetran") if entry.path.endswith("/sync")]


@pytest.mark.parametrize("source", ["webhook", "status"])
def test_an_outage_of_a_warehouse_is_one_run_whatever_the_hook_does(
    onboarded: Sandbox, tmp_path: Path, source: str
) -> None:
    onboarded.seed("fivetran", "add_connections", count=33, schema="other_{}", group_id=world.GROUP_ID, service="braze")
    for row in connections(onboarded).values():
        onboarded.seed("fivetran", "edit_connection", id=row["id"], status={"setup_state": "connected"})
    with looping(onboarded, tmp_path, source, fleet(), heal_hook="/nowhere/theirs.yml") as loop:
        before = loop.runs()
        onboarded.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status="broken")
        broken = breaking.notice(onboarded)
        assert len(broken) == 40
        assert {ended["status"] for ended in broken} == {"FAILURE_WITH_TASK"}
        loop.rulebook.wait_until(lambda: loop.runs() > before, 6 * SOON)
        time.sleep(SOON)
        assert loop.runs() == before + 1
        # Of all of them, and in vain; what people have for a hook is wrong, too. The loop goes on.
        assert "needs a person 7" in loop.rulebook.printed
        assert "/nowhere/theirs.yml of onramp_heal_hook has failed" in loop.rulebook.printed
        onboarded.seed("fivetran", "set_destination", id=world.GROUP_ID, setup_status="connected")
        breaking.source_failed(onboarded, loop.id_of("braze_source"))
        breaking.notice(onboarded, loop.id_of("braze_source"))
        loop.rulebook.wait_until(lambda: loop.works("braze_source"), 6 * SOON)


def test_what_breaks_while_a_run_waits_is_healed_after_it(onboarded: Sandbox, tmp_path: Path) -> None:
    with looping(onboarded, tmp_path, "webhook", fleet(), heal_wait=20) as loop:
        breaking.trust_edited(onboarded)
        breaking.notice(onboarded, loop.id_of("braze_trust"))
        # From now on a sync takes longer than a run waits.
        onboarded.seed("fivetran", "set_pace", sync_seconds=40)
        loop.rulebook.wait_for("has not synced yet", 6 * SOON)
        onboarded.seed("fivetran", "set_pace", sync_seconds=0.2)
        breaking.grant_removed(onboarded)
        breaking.notice(onboarded, loop.id_of("braze_shop_eu"))
        loop.rulebook.wait_until(lambda: loop.works("braze_shop_eu"), 8 * SOON)
        loop.rulebook.wait_until(lambda: loop.works("braze_trust"), 8 * SOON)
        assert [row["state"] for row in loop.told() if row["workspace"] == "trust"] == ["syncing"]


def test_what_is_forged_replayed_oversized_or_malformed_starts_nothing(onboarded: Sandbox, tmp_path: Path) -> None:
    with looping(onboarded, tmp_path, "webhook", fleet()) as loop:
        right = posted(connector_id=loop.id_of("braze_source"), connector_name="braze_source")
        assert loop.post(right, "0" * 64) == 401
        assert loop.post(posted(data={"status": "FAILURE", "reason": "x" * 70_000})) == 413
        assert loop.post(b"[" * 2000) == 400
        assert loop.post(posted(created="2020-01-01T00:00:00Z")) == 400
        assert loop.post(posted(event="sync_start")) == 200
        time.sleep(SOON / 2)
        assert "PLAY [" not in loop.rulebook.printed
        # Signed, and once: that one looks.
        assert loop.post(right) == 200
        loop.rulebook.wait_until(lambda: loop.runs() == 1, 6 * SOON)
        assert loop.post(right) == 200
        time.sleep(SOON / 2)
        assert loop.runs() == 1
        assert "nothing broken 1" in loop.rulebook.printed
        assert loop.told() == []


def test_what_has_happened_while_nobody_listened_is_found_at_the_start(onboarded: Sandbox, tmp_path: Path) -> None:
    # Of neither there is an event: no sync has failed yet.
    breaking.currents_stopped(onboarded, prefix=SILENT)
    breaking.trust_edited(onboarded)
    with looping(onboarded, tmp_path, "status", fleet(), fivetran_interval=60, heal_every=86400) as loop:
        loop.rulebook.wait_until(lambda: loop.runs() == 1, 6 * SOON)
        told = {row["workspace"]: row for row in loop.told()}
        assert told["silent"]["state"] == "needs_a_person"
        assert "Currents" in told["silent"]["message"]
        for ended in [breaking.notice(onboarded, loop.id_of("braze_trust"))[0]]:
            assert ended["status"] == "SUCCESSFUL", ended["reason"]
