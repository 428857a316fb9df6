# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix with real plays: every request of amazon.aws in every way that it tells apart, every other in one.

What the collection's own modules send is spoiled in every way in ``test_faults_in_process.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hardening.faults import FAULTS, SOON, Elsewhere, Fault, applies, script
from tests.hardening.onboarding import (
    INVENTORY,
    assert_nothing_secret,
    impatient_onboard,
    seed_foreign,
    unclear,
    wrong,
    wrong_access,
)
from tests.hardening.tally import Tally
from tests.playbook import PlayResult, run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

SCHEMAS = {"shop_eu": "braze_shop_eu", "shop_us": "braze_shop_us"}
# Pairs that botocore treats alike: each request meets one of them. It does not read when to come back.
ALIKE = (("HTTP 500", "HTTP 503"), ("truncated", "HTML"), (SOON, "429, come back in an hour"))
BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def playbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return impatient_onboard(tmp_path_factory.mktemp("onboard"))


@dataclass(frozen=True)
class Work:
    """A play under a fault, and what is wrong with what it leaves; ``done``: after it has succeeded."""

    name: str
    play: Callable[[], PlayResult]
    wrong: Callable[[bool], list[str]]


def onboarding(sandbox: Sandbox, playbook: Path, host: str) -> Work:
    return Work(
        host,
        lambda: run_playbook(sandbox, playbook, "--limit", host, inventory=INVENTORY),
        lambda done: wrong(sandbox, {SCHEMAS[host]}, done=done),
    )


def access(sandbox: Sandbox) -> Work:
    """The role s3_access alone, which is all that runs modules of amazon.aws."""
    settings = {"s3_access_external_id": world.GROUP_ID, "s3_access_bucket": world.S3_BUCKET}
    role = {"ansible.builtin.include_role": {"name": "onramp.braze_fivetran.s3_access"}, "vars": settings}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [role]}
    return Work("s3_access", lambda: run_playbook(sandbox, [play]), lambda done: wrong_access(sandbox, done))


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
    attempt(sandbox, onboarding(sandbox, playbook, host), elsewhere, tally, operation, BY_NAME[fault])
    assert tally.problems == []


@pytest.fixture(scope="module")
def requests_of_amazon_aws(running_sandbox: Sandbox) -> dict[str, int]:
    """Return the operations, also of the look after the writing, and how often each is sent before."""
    running_sandbox.reset()
    played = access(running_sandbox).play()
    assert played.exit_code == 0, played.output
    sent = [entry.operation for entry in running_sandbox.journal("aws")]
    operations = [operation for operation in sent if operation.startswith("aws:iam:")]
    # What amazon.aws begins with is a look at what policies there are.
    create = operations.index("aws:iam:CreatePolicy")
    begin = create - 1 - operations[:create][::-1].index("aws:iam:ListPolicies")
    return {operation: operations[:begin].count(operation) for operation in operations[begin:]}


@pytest.mark.slow  # About a hundred and fifty plays.
@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.xml and not fault.never_ends], ids=lambda it: it.name
)
def test_every_request_of_amazon_aws(
    requests_of_amazon_aws: dict[str, int], sandbox: Sandbox, elsewhere: Elsewhere, tally: Tally, fault: Fault
) -> None:
    for number, (operation, skip) in enumerate(requests_of_amazon_aws.items()):
        others = [pair[1 - number % 2] for pair in ALIKE]
        if applies(fault, operation) and fault.name not in others:
            attempt(sandbox, access(sandbox), elsewhere, tally, operation, fault, skip)
    assert tally.problems == []
    assert tally.counts["tried"] >= (2 if fault.of_pages else 5)


@pytest.mark.slow  # About fifty plays.
@pytest.mark.parametrize("host", ["shop_eu", "shop_us"])
def test_every_other_request_of_a_play_with_one_fault_after_the_other(
    sandbox: Sandbox, playbook: Path, elsewhere: Elsewhere, tally: Tally, host: str
) -> None:
    work = onboarding(sandbox, playbook, host)
    clean = work.play()
    assert clean.exit_code == 0, clean.output
    requests = dict.fromkeys(entry.operation for entry in sandbox.journal() if entry.caller == "outside")
    # Of shop_us, what it sends to AWS: the rest is the same.
    chosen = [operation for operation in requests if operation.startswith("aws:") == (host == "shop_us")]
    for number, operation in enumerate(chosen):
        # How long AWS's answers may take is no option; tests/unit/storage/test_patience.py shows that they end.
        patient = operation.startswith("aws:")
        suitable = [fault for fault in FAULTS if applies(fault, operation) and not (patient and fault.never_ends)]
        attempt(sandbox, work, elsewhere, tally, operation, suitable[number % len(suitable)])
    assert tally.problems == []
    assert tally.counts["tried"] == len(chosen) >= 15


def attempt(
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    tally: Tally,
    operation: str,
    fault: Fault,
    skip: int = 0,
) -> None:
    """Play under the fault, which lets ``skip`` requests pass; if that fails, once more without."""
    where = f"{work.name}: {operation}: {fault.name}"
    sandbox.reset()
    seed_foreign(sandbox)
    script(sandbox, fault, operation, times=1, skip=skip, elsewhere=elsewhere.url)
    played = work.play()
    assert any(entry.fault for entry in sandbox.journal()), f"{where}: the fault has hit nothing"
    done = played.exit_code == 0
    if done:
        tally.survived()
    else:
        tally.failed(where, unclear(played))
    assert_nothing_secret(played.output)
    assert elsewhere.from_the_collection() == []
    sandbox.clear_faults()
    tally.objects(where, work.wrong(done))
    if not done:
        again = work.play()
        tally.objects(where, work.wrong(True) if again.exit_code == 0 else [f"the next run fails: {again.messages()}"])
