# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix with real plays: every request of the onboarding playbook, spoiled in every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardening.faults import FAULTS, Elsewhere, Fault, applies, script
from tests.hardening.onboarding import (
    INVENTORY,
    assert_nothing_secret,
    impatient_onboard,
    seed_foreign,
    unclear,
    wrong,
)
from tests.hardening.tally import Tally
from tests.playbook import run_playbook
from tests.sandbox.client import Sandbox

SCHEMAS = {"shop_eu": "braze_shop_eu", "shop_us": "braze_shop_us"}
BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def playbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return impatient_onboard(tmp_path_factory.mktemp("onboard"))


@pytest.mark.parametrize(
    ("host", "operation", "fault"),
    [
        pytest.param("shop_eu", "gcs:buckets.setIamPolicy", "dropped after it was handled", marks=pytest.mark.slow),
        ("shop_eu", "fivetran:create_connection", "dropped after it was handled"),
        pytest.param("shop_eu", "fivetran:test_connection", "HTML", marks=pytest.mark.slow),
        pytest.param("shop_eu", "fivetran:list_groups", "429, come back in an hour", marks=pytest.mark.slow),
        ("shop_us", "aws:iam:CreateRole", "dropped after it was handled"),
        pytest.param("shop_us", "aws:iam:AttachRolePolicy", "HTTP 500", marks=pytest.mark.slow),
    ],
)
def test_a_play_that_is_disturbed(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str, operation: str, fault: str
) -> None:
    attempt(sandbox, playbook, elsewhere, tally, host, operation, BY_NAME[fault])
    assert tally.problems == []


@pytest.mark.slow  # Six hundred plays.
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("host", ["shop_eu", "shop_us"])
def test_every_request_of_a_play(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str, fault: Fault
) -> None:
    clean = run_playbook(sandbox, playbook, "--limit", host, inventory=INVENTORY)
    assert clean.exit_code == 0, clean.output
    # Every vendor's requests once: of shop_us, only what it sends to AWS, and Fivetran in its name.
    requests = dict.fromkeys(entry.operation for entry in sandbox.journal())
    for operation in requests:
        if applies(fault, operation) and operation.startswith("aws:") == (host == "shop_us"):
            attempt(sandbox, playbook, elsewhere, tally, host, operation, fault)
    assert tally.problems == []
    assert tally.counts["tried"] >= 10 or not (fault.xml or host == "shop_eu")


def attempt(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str, operation: str, fault: Fault
) -> None:
    """Onboard one workspace under the fault; if that fails, onboard again without."""
    where = f"{host}: {operation}: {fault.name}"
    sandbox.reset()
    seed_foreign(sandbox)
    script(sandbox, fault, operation, times=1, elsewhere=elsewhere.url)
    played = run_playbook(sandbox, playbook, "--limit", host, inventory=INVENTORY)
    assert any(entry.fault for entry in sandbox.journal()), f"{where}: the fault has hit nothing"
    done = played.exit_code == 0
    if done:
        tally.survived()
    else:
        tally.failed(where, unclear(played))
    assert_nothing_secret(played.output)
    assert elsewhere.from_the_collection() == []
    sandbox.clear_faults()
    tally.objects(where, wrong(sandbox, {SCHEMAS[host]}, done=done))
    if not done:
        again = run_playbook(sandbox, playbook, "--limit", host, inventory=INVENTORY)
        problems = wrong(sandbox, {SCHEMAS[host]}, done=True)
        tally.objects(where, problems if again.exit_code == 0 else [f"the next run fails: {again.messages()}"])
