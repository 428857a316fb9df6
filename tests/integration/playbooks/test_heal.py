# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""heal.yml: what is broken works again, what only a person can do is told with the way to it, and that is all."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.playbooks.ailing import (
    BROKEN,
    LEFT_ALONE,
    TO_HEAL,
    break_all,
    heal,
    id_of,
    inventory,
    onboard,
    outcomes,
    states,
    summary,
)
from tests.integration.playbooks.fleet import IMPATIENT, connections, play
from tests.integration.playbooks.shapes import encrypt
from tests.playbook import PlayResult
from tests.sandbox import breaking, world
from tests.sandbox.client import Sandbox

SYNC, RESYNC, TEST = "fivetran:sync_connection", "fivetran:resync_connection", "fivetran:test_connection"
# Of `source`.
ONLY = ("--limit", "source")


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox with three workspaces that work, and share a role."""
    onboard(sandbox, "key", "source", "shop_us")
    sandbox.clear_journal()
    return sandbox


@pytest.fixture
def ailing(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox in which six workspaces are broken, Fivetran has noticed, one works and one is paused."""
    onboard(sandbox)
    break_all(sandbox)
    return sandbox


def counts(sandbox: Sandbox) -> Counter[str]:
    """Return how often each operation was asked for."""
    return Counter(entry.operation for entry in sandbox.journal() if entry.caller == "outside")


def remembering(folder: Path) -> tuple[str, str]:
    return "-e", f"onramp_heal_state={folder / 'heal.json'}"


def fail_the_source(sandbox: Sandbox, times: int = 1) -> None:
    """Let Fivetran's next sync of `source` fail, and ``times`` - 1 syncs after it."""
    for _time in range(times):
        breaking.source_failed(sandbox, id_of(sandbox, "source"))
    sandbox.seed("fivetran", "advance_clock", seconds=60)
    breaking.notice(sandbox, id_of(sandbox, "source"))
    sandbox.clear_journal()


def test_five_ways_to_break_are_healed_and_the_sixth_is_explained(ailing: Sandbox) -> None:
    before = connections(ailing)
    result = heal(ailing)
    assert states(result) == {
        **dict.fromkeys(TO_HEAL, "healed"),
        "silent": "needs_a_person",
        **dict.fromkeys(LEFT_ALONE, "nothing_broken"),
    }
    assert summary(result) == "Healed 5, nothing broken 2, needs a person 1, cooling down 0."
    assert result.exit_code == 2
    assert [task.host for task in result.failures()] == ["silent"]
    assert "Partner Integrations > Data Export" in result.messages("silent")
    after = connections(ailing)
    for host in TO_HEAL:
        status = after[f"braze_{host}"]["status"]
        assert (status["setup_state"], status["sync_state"]) == ("connected", "scheduled"), host
        assert after[f"braze_{host}"]["succeeded_at"] > before[f"braze_{host}"]["succeeded_at"], host
    for host in LEFT_ALONE:
        assert after[f"braze_{host}"] == before[f"braze_{host}"], host
    done = counts(ailing)
    assert (done[SYNC], done[RESYNC]) == (len(TO_HEAL), 0)
    assert after["braze_key"]["config"]["api_key"] == world.BRAZE_KEY_SHOP_US
    for secret in world.secrets():
        assert secret not in result.output


@pytest.mark.slow
def test_what_was_healed_is_told_and_left_alone_by_the_next_run(ailing: Sandbox) -> None:
    did = {host: " ".join(outcome["did"]) for host, outcome in outcomes(heal(ailing)).items()}
    assert "repaired the role arn:aws:iam::111122223333:role/Fivetran-trust" in did["trust"]
    assert "made the role arn:aws:iam::111122223333:role/Fivetran-gone" in did["gone"]
    assert f"made the grant gs://{world.GCS_BUCKET}" in did["shop_eu"]
    assert did["key"].startswith("sent api_key")
    assert did["source"] == "found the setup tests to pass synced"
    assert did["silent"] == did["shop_us"] == ""
    ailing.clear_journal()
    again = heal(ailing)
    assert summary(again) == "Healed 0, nothing broken 7, needs a person 1, cooling down 0."
    assert ailing.writes() == []
    calls = counts(ailing)
    ailing.clear_journal()
    play(ailing, "verify", inventory=inventory())
    assert not calls - counts(ailing)


@pytest.mark.slow
def test_a_source_that_fails_again_is_tried_once_within_the_cooldown(onboarded: Sandbox, tmp_path: Path) -> None:
    fail_the_source(onboarded, times=3)
    first = heal(onboarded, *ONLY, *remembering(tmp_path))
    assert first.exit_code == 2
    assert states(first) == {"source": "not_healed"}
    assert breaking.REASON.partition(".")[0] in first.messages("source")
    assert counts(onboarded)[SYNC] == 1
    onboarded.clear_journal()
    second = heal(onboarded, *ONLY, *remembering(tmp_path))
    assert second.exit_code == 2
    assert summary(second) == "Healed 0, nothing broken 0, needs a person 0, cooling down 1."
    assert "onramp_heal_cooldown" in second.messages("source")
    assert "started a sync" in second.messages("source")
    assert onboarded.writes() == []
    assert counts(onboarded)[TEST] == 0
    remembered = (tmp_path / "heal.json").read_text()
    assert breaking.REASON not in remembered
    assert json.loads(remembered)["attempts"][0]["message"] == "not healed (sync_failed)"
    third = heal(onboarded, *ONLY, *remembering(tmp_path), "-e", "onramp_heal_cooldown=0")
    assert states(third) == {"source": "not_healed"}
    assert states(heal(onboarded, *ONLY, *remembering(tmp_path), "-e", "onramp_heal_cooldown=0")) == {
        "source": "healed"
    }


@pytest.mark.slow
def test_where_no_file_outlasts_a_run_a_fact_cache_remembers(onboarded: Sandbox, tmp_path: Path) -> None:
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path)}
    fail_the_source(onboarded, times=3)
    nowhere = (*ONLY, "-e", "onramp_heal_state=")
    assert states(heal(onboarded, *nowhere, **cache)) == {"source": "not_healed"}
    assert states(heal(onboarded, *nowhere, **cache)) == {"source": "cooling_down"}
    assert states(heal(onboarded, *nowhere)) == {"source": "not_healed"}


@pytest.mark.slow
def test_a_key_that_was_revoked_in_braze_is_a_persons_and_nothing_is_tried(onboarded: Sandbox) -> None:
    onboarded.seed("braze", "revoke_key", key=world.BRAZE_KEY_SHOP_US)
    breaking.notice(onboarded, id_of(onboarded, "key"))
    onboarded.clear_journal()
    result = heal(onboarded, "--limit", "key,shop_us")
    # What has not failed yet is told with the next sync.
    assert states(result) == {"key": "needs_a_person", "shop_us": "nothing_broken"}
    assert result.exit_code == 2
    assert "Settings > APIs and Identifiers > API Keys > Create API key" in result.messages("key")
    assert len(outcomes(result)["key"]["findings"]) == 1
    assert onboarded.writes() == []
    assert counts(onboarded)[TEST] == counts(onboarded)[SYNC] == 0
    assert world.BRAZE_KEY_SHOP_US not in result.output


@pytest.mark.slow
def test_check_mode_tells_what_would_be_done_and_does_nothing(ailing: Sandbox, tmp_path: Path) -> None:
    result = heal(ailing, "--check", *remembering(tmp_path))
    assert summary(result) == "To heal 5, healed 0, nothing broken 2, needs a person 1, cooling down 0."
    assert ailing.writes() == []
    assert counts(ailing)[TEST] == 0
    assert list(tmp_path.iterdir()) == []
    assert {host for host in BROKEN if result.changed(host)} == set(TO_HEAL)
    assert {task.host for task in result.failures()} == {"silent"}


# What it is set to, and what is told of it.
NOT_ACCEPTED = (
    ({"onramp_heal_cooldown": 10**12}, "onramp_heal_cooldown: expected a number from 0 to 604800, got 1000000000000."),
    ({"onramp_heal_cooldown": -1}, "onramp_heal_cooldown: expected a number from 0 to 604800, got -1."),
    ({"onramp_heal_cooldown": "soon"}, 'onramp_heal_cooldown: expected a whole number, got "soon".'),
    ({"onramp_heal_wait": 10**12}, "onramp_heal_wait: expected a number from 1 to 604800, got 1000000000000."),
    ({"onramp_heal_wait": "x"}, 'onramp_heal_wait: expected a whole number, got "x".'),
    (
        {"braze_workspaces_at_once": "ten"},
        'braze_workspaces_at_once: expected how many workspaces at a time, as a number or as "25%", or a list of such,'
        ' got "ten".',
    ),
    ({"onramp_part_of_fleet": "half"}, 'onramp_part_of_fleet: expected true or false, got "half".'),
    (
        {"onramp_heal_connections": "braze_shop_us"},
        "onramp_heal_connections: expected a list of connections, each with group_id and schema, or with connection_id,"
        ' as events name them, got "braze_shop_us".',
    ),
    # Who approves a plan expects nothing beside it.
    ({"onramp_approved_plan": "plan.json"}, "onramp_approved_plan: A plan for heal is neither saved nor approved: "),
    ({"onramp_approved_plan": ""}, "onramp_approved_plan: A plan for heal is neither saved nor approved: "),
    (
        {"fivetran_connection_rate_limit_timeout": "long"},
        'fivetran_connection_rate_limit_timeout: expected a whole number, got "long".',
    ),
)


def test_what_a_variable_of_the_run_must_not_be_is_told_by_its_name_before_anything_is_asked(
    onboarded: Sandbox, tmp_path: Path
) -> None:
    for given, sentence in NOT_ACCEPTED:
        result = heal(onboarded, *ONLY, *remembering(tmp_path), "-e", json.dumps(given))
        assert result.exit_code == 2
        assert sentence in result.messages("source")
        assert "report it" not in result.output
    assert counts(onboarded) == {}


@pytest.mark.slow
def test_only_what_is_asked_for_is_taken_up(ailing: Sandbox) -> None:
    asked = [
        {"group_id": world.GROUP_ID, "schema": "braze_trust", "kind": "broken"},
        {"connection_id": id_of(ailing, "source")},
        {"group_id": world.GROUP_ID, "schema": "braze_of_nobody"},
    ]
    result = heal(ailing, "-e", json.dumps({"onramp_heal_connections": asked}))
    assert result.exit_code == 0, result.output
    # No task is run for the others, and nobody asks Braze about them.
    assert states(result) == {"trust": "healed", "source": "healed"}
    assert sum(task.host not in ("trust", "source") for task in result.tasks) <= 3
    assert (
        f"no workspace of this play has the connection braze_of_nobody of the group {world.GROUP_ID}" in result.output
    )
    limited = heal(ailing, "--limit", "gone,shop_eu")
    assert states(limited) == {"gone": "healed", "shop_eu": "healed"}
    assert connections(ailing)["braze_key"]["status"]["setup_state"] == "broken"


@pytest.mark.slow
def test_a_sync_that_takes_longer_is_left_to_fivetran(onboarded: Sandbox) -> None:
    source = id_of(onboarded, "source")
    onboarded.seed("fivetran", "set_sync", outcome="failed", reason="Once", connection=source)
    onboarded.seed("fivetran", "set_sync", outcome="succeeded", polls=40, connection=source)
    breaking.notice(onboarded, source)
    result = heal(onboarded, *ONLY, "-e", "onramp_heal_wait=2")
    assert result.exit_code == 0, result.output
    assert summary(result) == "Healed 0, syncing 1, nothing broken 0, needs a person 0, cooling down 0."
    onboarded.clear_journal()
    assert states(heal(onboarded, *ONLY)) == {"source": "syncing"}
    assert onboarded.writes() == []


@pytest.mark.slow
def test_where_passing_tests_are_enough_no_sync_is_started(onboarded: Sandbox) -> None:
    onboarded.seed("fivetran", "manners", broken_until="its_tests_pass")
    onboarded.seed("fivetran", "edit_connection", id=id_of(onboarded, "source"), status={"setup_state": "broken"})
    onboarded.clear_journal()
    assert states(heal(onboarded, *ONLY)) == {"source": "healed"}
    assert (counts(onboarded)[TEST], counts(onboarded)[SYNC]) == (1, 0)


@pytest.mark.slow
def test_one_that_cannot_be_healed_stops_no_other(ailing: Sandbox) -> None:
    ailing.fault("status", server="fivetran", operation="test_connection", status=403, times=1)
    result = heal(ailing, "--limit", "key,source", "--forks", "1", *IMPATIENT)
    assert sorted(states(result).values()) == ["healed", "not_healed"]
    assert result.exit_code == 2
    (refused,) = [host for host, state in states(result).items() if state == "not_healed"]
    assert "lacks the right" in result.messages(refused)
    assert rescued(result, refused) == 1


@pytest.mark.slow
def test_what_the_look_has_found_of_access_is_told_where_the_tests_fail(onboarded: Sandbox, tmp_path: Path) -> None:
    key = encrypt(onboarded)
    for item in onboarded.aws("s3").list_objects_v2(Bucket=world.S3_BUCKET)["Contents"]:
        onboarded.aws("s3").copy_object(
            Bucket=world.S3_BUCKET, Key=item["Key"], CopySource={"Bucket": world.S3_BUCKET, "Key": item["Key"]},
            ServerSideEncryption="aws:kms", SSEKMSKeyId=key,
        )  # fmt: skip
    breaking.notice(onboarded, id_of(onboarded, "key"))
    remedy = "name the key's ARN in s3_access_kms_key_arns"
    arguments = "--limit", "key", *IMPATIENT, *remembering(tmp_path)
    tried, again = heal(onboarded, *arguments), heal(onboarded, *arguments)
    assert (states(tried)["key"], states(again)["key"]) == ("not_healed", "cooling_down")
    for result in (tried, again):
        told = outcomes(result)["key"]["findings"]
        assert [one["code"] for one in told if remedy in one["remedy"]] == ["kms_decrypt_unknown"]
        assert remedy in result.messages("key")
    assert "kms:Decrypt" in outcomes(tried)["key"]["message"]
    assert remedy in outcomes(tried)["key"]["message"]


def rescued(result: PlayResult, host: str) -> int:
    return result.stats[host]["rescued"]


@pytest.mark.slow
def test_a_shared_role_is_repaired_by_another_where_the_first_one_fails(onboarded: Sandbox) -> None:
    breaking.trust_edited(onboarded)
    breaking.notice(onboarded, id_of(onboarded, "key"), id_of(onboarded, "source"))
    onboarded.fault("status", server="aws", operation="iam:UpdateAssumeRolePolicy", status=403, times=1)
    result = heal(onboarded, "--limit", "key,source")
    assert sorted(states(result).values()) == ["healed", "not_healed"]
