# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix without the processes around it: every request of every step, spoiled in every way, once and always.

``test_faults_in_plays.py`` does the same with real plays, which takes longer.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.clock import Hurried
from tests.collection import CHECKOUT
from tests.hardening import planning
from tests.hardening.faults import (
    FAULTS,
    REQUEST_TIMEOUT,
    TOO_LATE,
    Elsewhere,
    Fault,
    applies,
    patience,
    script,
)
from tests.hardening.steps import Step, steps, unchanged
from tests.hardening.tally import Tally
from tests.modules import ModuleResult
from tests.playbook import run_playbook
from tests.sandbox import world
from tests.sandbox.client import Sandbox

SLOW = "no answer in time"
# Made by amazon.aws, whose modules this process cannot call; test_faults_in_plays.py covers them.
WRITTEN_BY_AMAZON_AWS = {
    "aws:iam:CreatePolicy",
    "aws:iam:CreateRole",
    "aws:iam:AttachRolePolicy",
    # By the look around that writing.
    "aws:iam:ListPolicyVersions",
}
# Sent by Fivetran while it tests a connection.
SENT_BY_FIVETRAN = {"aws:sts:AssumeRole", "aws:s3:GetBucketLocation"}


# Treated alike where they last, and some already where they come once; `make test` leaves out all but one of them.
ALIKE_FOR_GOOD = {
    "HTTP 500", "HTTP 503", "429, come back soon", "truncated", "HTML", "empty", "dropped before it was handled",
    "dropped after it was handled", "another JSON", "drip in a header", "drip in the body", "endless 100 Continue",
    "headers that make no sense", "JSON without a bottom", "the same cursor again", "always another cursor",
    "always another row",
}  # fmt: skip
ALIKE_ONCE = {
    SLOW, "HTTP 500", "429, come back soon", "truncated", "HTML", "empty", "dropped before it was handled",
    "another JSON", "10 MB", "drip in a header", "drip in the body", "endless 100 Continue",
    "the same cursor again", "cursors in a circle",
    "always another cursor", "always another row",
}  # fmt: skip


def cases() -> Iterator[Any]:
    """Yield each fault, once and always. What never answers is tried in a test of its own, all of a vendor at once."""
    for fault in FAULTS:
        yield case_of(fault, 1, f"{fault.name}, once", slow=fault.name in ALIKE_ONCE)
        if fault.name != SLOW:
            yield case_of(fault, 0, f"{fault.name}, always", slow=fault.name in ALIKE_FOR_GOOD)


def case_of(fault: Fault, times: int, name: str, *, slow: bool) -> Any:
    waits = fault.name == SLOW or fault.never_ends
    marks = [*([pytest.mark.slow] if slow else []), *([pytest.mark.waits] if waits else [])]
    return pytest.param(fault, times, id=name, marks=marks)


def is_slow(case: Any) -> bool:
    return any(mark.name == "slow" for mark in case.marks)


CASES = list(cases())
# Each is tried on ten requests of a whole look; `make test` leaves out all but one.
FAST = ("values of other types, always",)
# Of what is tried on every request of every step, `make test` has what once was handled wrongly.
FAST_OF_EACH = (
    "429, come back in an hour, once",
    "dropped after it was handled, once",
    "redirect to another host, always",
    "values of other types, always",
    "cursors in a circle, always",
)
CASES_OF_THE_LOOK = [case_of(*case.values, case.id, slow=case.id not in FAST) for case in CASES]
CASES_OF_EACH = [case_of(*case.values, case.id, slow=case.id not in FAST_OF_EACH) for case in CASES]

# What reads is tried again after it, as tests/unit/storage/test_patience.py shows.
ALIKE_WHERE_AWS_IS_READ = ("HTTP 503, once",)
CASES_OF_AWS = [
    case_of(fault, times, case.id, slow=is_slow(case) or not times or case.id in ALIKE_WHERE_AWS_IS_READ)
    for case in CASES
    for fault, times in [case.values]
    if fault.xml
]
# By step, what a clean run of it has sent.
SENT: dict[str, list[str]] = {}


def operations(sandbox: Sandbox, step: Step) -> list[str]:
    """Return what a clean run of the step sends, each operation once."""
    step.prepare(sandbox)
    sandbox.clear_journal()
    result = step.run(sandbox)
    assert not result.failed, result.msg
    assert step.wrong(sandbox, True) == []
    return sent_once(sandbox)


@pytest.mark.parametrize(("fault", "times"), CASES_OF_EACH)
def test_every_request_to_fivetran_braze_and_google(
    sandbox: Sandbox, elsewhere: Elsewhere, tally: Tally, fault: Fault, times: int
) -> None:
    every_request(sandbox, elsewhere, tally, fault, times, ("fivetran", "braze", "gcs"))
    assert tally.counts["tried"] >= fault.fewest


@pytest.mark.parametrize(("fault", "times"), CASES_OF_AWS)
def test_every_reading_request_to_aws(
    sandbox: Sandbox, elsewhere: Elsewhere, tally: Tally, fault: Fault, times: int
) -> None:
    every_request(sandbox, elsewhere, tally, fault, times, ("aws",))
    assert tally.counts["tried"] >= fault.fewest


def every_request(
    sandbox: Sandbox, elsewhere: Elsewhere, tally: Tally, fault: Fault, times: int, vendors: tuple[str, ...]
) -> None:
    for name, step in steps(sandbox).items():
        if step.vendor not in vendors:
            continue
        if name not in SENT:
            SENT[name] = operations(sandbox, step)
        for operation in SENT[name]:
            # One operation that never answers in time takes seconds; of Braze's twenty, one stands for all.
            waiting = fault.name == SLOW or fault.never_ends
            costly = waiting and operation.startswith("braze:") and operation != "braze:campaigns.list"
            if applies(fault, operation) and not costly:
                where = f"{name}: {operation}: {fault.name}, {'once' if times else 'always'}"
                attempt(sandbox, step, fault, operation, times, elsewhere, tally, where)
    assert elsewhere.from_the_collection() == []
    assert tally.problems == []


def attempt(
    sandbox: Sandbox, step: Step, fault: Fault, operation: str, times: int, elsewhere: Elsewhere, tally: Tally,
    where: str,
) -> None:  # fmt: skip
    """Run the step under the fault, and again without."""
    step.prepare(sandbox)
    sandbox.clear_journal()
    script(sandbox, fault, operation, times=times, elsewhere=elsewhere.url)
    clock = Hurried()
    limits = patience(fault, times)
    started = clock.clock.monotonic()
    try:
        result = step.run(sandbox, clock, **limits)
    except Exception:
        tally.failed(where, traceback.format_exc(limit=-4))
        result = ModuleResult({"failed": True, "msg": "traceback", "failure": {"code": "traceback"}})
    else:
        if result.failed:
            tally.failed(where, unclear(result))
        else:
            tally.survived()
    assert_nothing_secret(str(result.values) + str(result.warnings))
    took = clock.clock.monotonic() - started
    if fault.never_ends and took > longest({**step.arguments, **limits}):
        tally.objects(where, [f"it took {took:.1f} s"])
    sandbox.wait_until_idle()
    sandbox.clear_faults()
    tally.objects(where, step.wrong(sandbox, not result.failed))
    if result.failed:
        again = step.run(sandbox)
        problems = [f"the next run fails: {again.msg}"] if again.failed else step.wrong(sandbox, True)
        tally.objects(where, problems)


def longest(arguments: Mapping[str, Any]) -> float:
    """Return the seconds that a call with these arguments may take.

    Begun at the very end of its time, a last request of Google's client still has its own; and one second more.
    """
    return float(max(arguments["retry_timeout"], arguments.get("setup_test_timeout", 0)) + REQUEST_TIMEOUT + 1)


def unclear(result: ModuleResult) -> str:
    """Return what is wrong with a failure's message; nothing if a person and a playbook can use it."""
    if len(result.msg) < 20 or " " not in result.msg:
        return f"the message says nothing: {result.msg!r}"
    if "Traceback" in result.msg or "object at 0x" in result.msg or len(result.msg) > 4000:
        return f"the message is not for people: {result.msg[:500]!r}"
    if not result.values.get("failure", {}).get("code"):
        return "there is no failure.code"
    return ""


def assert_nothing_secret(text: str) -> None:
    for secret in world.secrets():
        assert secret not in text


@pytest.mark.waits
@pytest.mark.parametrize(
    "vendor", ["braze", *(pytest.param(vendor, marks=pytest.mark.slow) for vendor in ("fivetran", "gcs"))]
)
def test_a_vendor_that_never_answers_in_time(sandbox: Sandbox, tally: Tally, vendor: str) -> None:
    for name, step in steps(sandbox).items():
        if step.vendor == vendor:
            step.prepare(sandbox)
            sandbox.clear_journal()
            sandbox.fault("delay", server=vendor, times=0, delay=TOO_LATE)
            result = step.run(sandbox)
            assert result.failed
            tally.failed(name, unclear(result))
            assert sandbox.writes() == []
            sandbox.clear_faults()
    assert tally.problems == []


@pytest.mark.parametrize(("fault", "times"), CASES_OF_THE_LOOK)
def test_every_request_of_the_look_at_all_workspaces(
    sandbox: Sandbox, elsewhere: Elsewhere, tally: Tally, fault: Fault, times: int
) -> None:
    clean = planning.plan(sandbox)
    assert [workspace["problems"] for workspace in clean["workspaces"].values()] == [[], []]
    requests = [operation for operation in sorted(sent_once(sandbox)) if applies(fault, operation)]
    # Of Braze's twenty, one stands for all.
    differing = [name for name in requests if not name.startswith("braze:") or name == "braze:campaigns.list"]
    # Each by itself meets every fault above; here, every second one, once the ones and once the others.
    chosen = differing[(FAULTS.index(fault) + times) % 2 :: 2]
    for operation in chosen:
        where = f"{operation}: {fault.name}, {'once' if times else 'always'}"
        sandbox.clear_journal()
        script(sandbox, fault, operation, times=times, elsewhere=elsewhere.url)
        spoiled = planning.plan(sandbox, **patience(fault, times))
        sandbox.wait_until_idle()
        assert any(entry.fault for entry in sandbox.journal()), f"{where}: the fault has hit nothing"
        if any(workspace["failed"] for workspace in spoiled["workspaces"].values()):
            tally.failed(where, planning.unclear(spoiled))
        else:
            tally.survived()
        tally.objects(where, [*planning.wrong(clean, spoiled), *unchanged(sandbox, True)])
        assert_nothing_secret(str(spoiled))
        sandbox.clear_faults()
    assert elsewhere.from_the_collection() == []
    assert planning.plan(sandbox)["workspaces"] == clean["workspaces"]
    assert tally.problems == []
    assert tally.counts["tried"] == len(chosen) >= fault.fewest // 2


def sent_once(sandbox: Sandbox) -> list[str]:
    """Return the operations in the journal, each once."""
    return list(dict.fromkeys(entry.operation for entry in sandbox.journal()))


def test_the_steps_send_what_the_playbook_sends(sandbox: Sandbox) -> None:
    inventory = CHECKOUT / "examples" / "workspaces.yml"
    played = run_playbook(sandbox, CHECKOUT / "playbooks" / "onboard.yml", inventory=inventory)
    assert played.exit_code == 0, played.output
    sent = {entry.operation for entry in sandbox.journal()}
    sandbox.reset()
    covered: set[Any] = set()
    for step in steps(sandbox).values():
        covered.update(operations(sandbox, step))
    assert sent - covered == WRITTEN_BY_AMAZON_AWS | SENT_BY_FIVETRAN
