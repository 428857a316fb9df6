# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix with real plays: every request of amazon.aws in every way, every other request in one.

What the collection's own modules send is spoiled in every way in ``test_faults_in_process.py``.
"""

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
        pytest.param("shop_us", "aws:iam:CreateRole", "dropped after it was handled", marks=pytest.mark.slow),
        pytest.param("shop_us", "aws:iam:AttachRolePolicy", "HTTP 500", marks=pytest.mark.slow),
    ],
)
def test_a_play_that_is_disturbed(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str, operation: str, fault: str
) -> None:
    attempt(sandbox, playbook, elsewhere, tally, host, operation, BY_NAME[fault])
    assert tally.problems == []


@pytest.mark.slow  # About seventy plays.
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.xml and not fault.never_ends], ids=lambda it: it.name
)
def test_every_request_of_amazon_aws(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, fault: Fault
) -> None:
    for operation, skip in requests_of_amazon_aws(sandbox, playbook).items():
        attempt(sandbox, playbook, elsewhere, tally, "shop_us", operation, fault, skip)
    assert tally.problems == []
    assert tally.counts["tried"] >= 5


def requests_of_amazon_aws(sandbox: Sandbox, playbook: Path) -> dict[str, int]:
    """Return the operations, also of the look after the writing, and how often each is sent before."""
    operations = requests_to_iam(sandbox, playbook)
    # What amazon.aws begins with is a look at what policies there are.
    create = operations.index("aws:iam:CreatePolicy")
    begin = create - 1 - operations[:create][::-1].index("aws:iam:ListPolicies")
    return {operation: operations[:begin].count(operation) for operation in operations[begin:]}


def requests_to_iam(sandbox: Sandbox, playbook: Path) -> list[str]:
    """Return what a run that nothing disturbs sends to IAM. What plans sends in any order, but all before the rest."""
    sandbox.reset()
    played = run_playbook(sandbox, playbook, "--limit", "shop_us", inventory=INVENTORY)
    assert played.exit_code == 0, played.output
    return [entry.operation for entry in sandbox.journal("aws") if entry.operation.startswith("aws:iam:")]


@pytest.mark.slow  # About fifty plays.
@pytest.mark.parametrize("host", ["shop_eu", "shop_us"])
def test_every_other_request_of_a_play_with_one_fault_after_the_other(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str
) -> None:
    clean = run_playbook(sandbox, playbook, "--limit", host, inventory=INVENTORY)
    assert clean.exit_code == 0, clean.output
    requests = dict.fromkeys(entry.operation for entry in sandbox.journal() if entry.caller == "outside")
    # Of shop_us, what it sends to AWS: the rest is the same.
    chosen = [operation for operation in requests if operation.startswith("aws:") == (host == "shop_us")]
    for number, operation in enumerate(chosen):
        # How long AWS's answers may take is no option; tests/unit/storage/test_patience.py shows that they end.
        patient = operation.startswith("aws:")
        suitable = [fault for fault in FAULTS if applies(fault, operation) and not (patient and fault.never_ends)]
        attempt(sandbox, playbook, elsewhere, tally, host, operation, suitable[number % len(suitable)])
    assert tally.problems == []
    assert tally.counts["tried"] == len(chosen) >= 15


def attempt(
    sandbox: Sandbox,
    playbook: Path,
    elsewhere: Elsewhere,
    tally: Tally,
    host: str,
    operation: str,
    fault: Fault,
    skip: int = 0,
) -> None:
    """Onboard one workspace under the fault, which lets ``skip`` requests pass; if that fails, once more without."""
    where = f"{host}: {operation}: {fault.name}"
    sandbox.reset()
    seed_foreign(sandbox)
    script(sandbox, fault, operation, times=1, skip=skip, elsewhere=elsewhere.url)
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
