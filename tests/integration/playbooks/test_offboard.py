# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""offboard.yml: everything that was made goes, nothing that somebody else uses does, and nobody is surprised."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.collection import CHECKOUT, COLLECTIONS
from tests.integration.playbooks.fleet import (
    EXAMPLES,
    VERDICT,
    connections,
    grants,
    iam_names,
    play,
    policy_document,
    workspaces,
)
from tests.sandbox import world
from tests.sandbox.client import Sandbox

# Each of these plays several times over; `make test-full` runs them.
pytestmark = pytest.mark.slow

YES = ("-e", "offboard_confirmed=true")
# A second workspace with the same role, in a bucket of its own; and a third one in the bucket of the first.
LOYALTY = {"currents_bucket": "acme-loyalty-us"}
BOTH = ["Fivetran", "Fivetran-S3-Access"]


@pytest.fixture
def onboarded(sandbox: Sandbox) -> Sandbox:
    """Give a sandbox in which both example workspaces have been onboarded."""
    return onboard(sandbox)


def onboard(sandbox: Sandbox, inventory: Any = None) -> Sandbox:
    result = play(sandbox, "onboard", inventory=inventory)
    assert result.exit_code == 0, result.output
    sandbox.clear_journal()
    return sandbox


def test_connection_grant_role_and_policy_go_and_a_second_run_finds_nothing_to_do(onboarded: Sandbox) -> None:
    result = play(onboarded, "offboard", *YES)
    assert result.exit_code == 0, result.output
    assert connections(onboarded) == {}
    assert iam_names(onboarded) == []
    assert grants(onboarded) == []
    operations = [entry.operation for entry in onboarded.writes()]
    access = {"gcs:buckets.setIamPolicy", "aws:iam:DeleteRole", "aws:iam:DeletePolicy"}
    deletions = [place for place, name in enumerate(operations) if name == "fivetran:delete_connection"]
    assert max(deletions) < min(place for place, name in enumerate(operations) if name in access)
    onboarded.clear_journal()
    # Nothing is left to delete, so nobody is asked.
    again = play(onboarded, "offboard", ANSIBLE_CALLBACKS_ENABLED="onramp.braze_fivetran.workspace_report")
    assert again.exit_code == 0, again.output
    assert "would" not in again.output.partition("BRAZE WORKSPACES")[2]
    assert onboarded.writes() == []
    assert not any(stats["changed"] for stats in again.stats.values())


def test_without_a_confirmation_nothing_is_deleted(onboarded: Sandbox) -> None:
    result = play(onboarded, "offboard")
    assert result.exit_code != 0
    for host in ("shop_us", "shop_eu"):
        assert "offboard_confirmed" in result.messages(host)
    assert onboarded.writes() == []


@pytest.mark.parametrize(
    ("answer", "remaining"), [("yes", ["braze_shop_us"]), ("no", ["braze_shop_eu", "braze_shop_us"])]
)
def test_a_person_who_is_asked_decides(onboarded: Sandbox, tmp_path: Path, answer: str, remaining: list[str]) -> None:
    person, terminal = pty.openpty()
    with subprocess.Popen(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(EXAMPLES / "workspaces.yml"), "--limit",
         "shop_eu", str(CHECKOUT / "playbooks" / "offboard.yml")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "TERM": "dumb",
             "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true", **onboarded.env},
        # A terminal that the process controls, or else Ansible asks nobody.
        preexec_fn=lambda: os.login_tty(terminal),
    ) as process:  # fmt: skip
        os.close(terminal)
        try:
            read_until(person, "Type yes to delete them")
            output = read_until(person, "PLAY RECAP", f"{answer}\r".encode())
            process.wait(timeout=60)
        finally:
            process.kill()
    os.close(person)
    assert (process.returncode == 0) == (answer == "yes"), output
    assert sorted(connections(onboarded)) == remaining


def read_until(terminal: int, words: str, answer: bytes = b"") -> str:
    """Read what is printed until ``words`` and all that follows at once; fail after a minute of silence.

    ``answer`` is typed, and again into a silence: Ansible forgets what was typed before it began to listen.
    """
    output, silence = "", 0
    os.write(terminal, answer)
    while words not in output:
        ready, _write, _except = select.select([terminal], [], [], 2)
        if ready:
            output += os.read(terminal, 65536).decode(errors="replace")
            silence = 0
        else:
            os.write(terminal, answer)
            silence += 2
        assert silence < 60, output
    return output


def test_check_mode_predicts_and_deletes_nothing(onboarded: Sandbox) -> None:
    result = play(onboarded, "offboard", "--check")
    assert result.exit_code == 0, result.output
    assert onboarded.writes() == []
    for host, kinds in {"shop_eu": ["grant", "connection"], "shop_us": ["policy", "role", "connection"]}.items():
        assert result.changed(host) == 1
        [plan] = result.results("onramp.braze_fivetran.workspace_plan")
        changes = plan["workspaces"][host]["changes"]
        assert [(change["kind"], change["action"]) for change in changes] == [(kind, "delete") for kind in kinds]


def test_a_role_that_another_connection_uses_survives_without_the_bucket_of_the_first(sandbox: Sandbox) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-loyalty-us")
    inventory = workspaces(loyalty_us=LOYALTY)
    onboard(sandbox, inventory)
    first = play(sandbox, "offboard", "--limit", "shop_us", *YES, inventory=inventory)
    assert first.exit_code == 0, first.output
    assert iam_names(sandbox) == BOTH
    assert world.S3_BUCKET not in policy_document(sandbox)
    assert "acme-loyalty-us" in policy_document(sandbox)
    second = play(sandbox, "offboard", "--limit", "loyalty_us", *YES, inventory=inventory)
    assert second.exit_code == 0, second.output
    assert iam_names(sandbox) == []


def test_two_workspaces_that_share_a_role_leave_together(sandbox: Sandbox) -> None:
    sandbox.aws("s3").create_bucket(Bucket="acme-loyalty-us")
    inventory = workspaces(loyalty_us=LOYALTY)
    onboard(sandbox, inventory)
    result = play(sandbox, "offboard", "--limit", "shop_us,loyalty_us", *YES, inventory=inventory)
    assert result.exit_code == 0, result.output
    assert iam_names(sandbox) == []
    assert list(connections(sandbox)) == ["braze_shop_eu"]


def test_buckets_that_another_connection_reads_stay_granted(sandbox: Sandbox) -> None:
    twin = {"currents_storage": "gcs", "currents_bucket": world.GCS_BUCKET}
    inventory = workspaces(app_us={}, app_eu=twin)
    onboard(sandbox, inventory)
    before = policy_document(sandbox), grants(sandbox)
    result = play(sandbox, "offboard", "--limit", "shop_us,shop_eu", *YES, inventory=inventory)
    assert result.exit_code == 0, result.output
    assert sorted(connections(sandbox)) == ["braze_app_eu", "braze_app_us"]
    assert (policy_document(sandbox), grants(sandbox)) == before
    assert "braze_app_eu" in str(list(result.results(VERDICT, "shop_eu")))
    assert "braze_app_us" in str(list(result.results(VERDICT, "shop_us")))


def test_a_connection_that_the_inventory_does_not_know_keeps_its_access(onboarded: Sandbox) -> None:
    stored = connections(onboarded)["braze_shop_eu"]
    fields = {"group_id": world.GROUP_ID, "service": "braze", "schema": "made_by_hand", "config": stored["config"]}
    onboarded.seed("fivetran", "add_connection", **fields)
    result = play(onboarded, "offboard", "--limit", "shop_eu", *YES)
    assert result.exit_code == 0, result.output
    assert len(grants(onboarded)) == 1
    assert "made_by_hand" in connections(onboarded)


@pytest.mark.parametrize(
    "fault",
    [
        {"server": "fivetran", "operation": "delete_connection"},
        {"server": "gcs", "operation": "buckets.setIamPolicy"},
        {"server": "aws", "operation": "iam:DeletePolicy"},
        {"server": "aws", "operation": "iam:DeleteRole"},
    ],
    ids=["connection", "grant", "policy", "role"],
)
def test_a_run_that_was_cut_off_is_finished_by_the_next(onboarded: Sandbox, fault: dict[str, str]) -> None:
    onboarded.fault("status", status=403, times=0, **fault)
    broken = play(onboarded, "offboard", *YES)
    assert broken.exit_code != 0
    onboarded.clear_faults()
    result = play(onboarded, "offboard", *YES)
    assert result.exit_code == 0, result.output
    assert connections(onboarded) == {}
    assert iam_names(onboarded) == []
    assert grants(onboarded) == []


def test_a_key_that_is_gone_already_is_not_needed(onboarded: Sandbox) -> None:
    inventory = workspaces()
    for host in inventory["braze_workspaces"]["hosts"].values():
        del host["braze_api_key"]
    result = play(onboarded, "offboard", *YES, inventory=inventory)
    assert result.exit_code == 0, result.output
    assert connections(onboarded) == {}
