# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What heal.yml remembers of what it has tried: nothing damaged stops it, and no two runs try the same."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.attempts_file import read
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.heal.memory import (
    FACT,
    AttemptsMemory,
    of_facts,
    path_of,
)
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._workspaces.model.attempts import (
    KEPT,
    Attempt,
    Attempts,
    cause_of,
)

IDENTITY, CAUSE = "jovial_daylight/braze_shop_us", "access:role_differs"
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = 3600


def memory(path: Path | None, **facts: Any) -> AttemptsMemory:
    return AttemptsMemory.of(str(path) if path else "", {"ansible_facts": facts})


def test_an_attempt_is_remembered_with_what_it_did(tmp_path: Path) -> None:
    path = tmp_path / "new" / "heal.json"
    run = memory(path)
    assert run.begin(IDENTITY, CAUSE, HOUR, NOW)
    run.end(IDENTITY, CAUSE, ["synced"], "healed")
    assert memory(path).read().last(IDENTITY, CAUSE) == Attempt(NOW, ("synced",), "healed")
    assert run.warnings == []


@pytest.mark.parametrize(("minutes", "cooldown", "goes_ahead"), [(59, HOUR, False), (60, HOUR, True), (0, 0, True)])
def test_another_attempt_waits_for_the_cooldown(tmp_path: Path, minutes: int, cooldown: int, goes_ahead: bool) -> None:
    path = tmp_path / "heal.json"
    assert memory(path).begin(IDENTITY, CAUSE, HOUR, NOW - timedelta(minutes=minutes))
    assert memory(path).begin(IDENTITY, CAUSE, cooldown, NOW) is goes_ahead
    assert memory(path).begin(IDENTITY, "another:cause", cooldown, NOW)


def test_a_fact_remembers_where_no_file_does(tmp_path: Path) -> None:
    run = memory(None)
    assert run.begin(IDENTITY, CAUSE, HOUR, NOW)
    assert list(tmp_path.iterdir()) == []
    fact = json.loads(json.dumps(run.fact(IDENTITY)))
    assert not memory(None, **{FACT: fact}).begin(IDENTITY, CAUSE, HOUR, NOW + timedelta(minutes=5))
    assert memory(None).begin(IDENTITY, CAUSE, HOUR, NOW)


def test_the_later_one_counts_of_what_file_and_fact_remember(tmp_path: Path) -> None:
    path = tmp_path / "heal.json"
    memory(path).begin(IDENTITY, CAUSE, HOUR, NOW - timedelta(hours=2))
    fact = Attempts({(IDENTITY, CAUSE): Attempt(NOW - timedelta(minutes=1))}).as_json()
    assert not memory(path, **{FACT: fact}).begin(IDENTITY, CAUSE, HOUR, NOW)
    memory(path).begin(IDENTITY, CAUSE, HOUR, NOW)
    old = Attempts({(IDENTITY, CAUSE): Attempt(NOW - timedelta(hours=2))}).as_json()
    assert not memory(path, **{FACT: old}).begin(IDENTITY, CAUSE, HOUR, NOW)


def _begin(path: Path) -> bool:
    return memory(path).begin(IDENTITY, CAUSE, HOUR, NOW)


def test_of_many_runs_at_once_one_goes_ahead(tmp_path: Path) -> None:
    with get_context("fork").Pool(4) as pool:
        assert sum(pool.map(_begin, [tmp_path / "heal.json"] * 40, chunksize=1)) == 1


def test_of_many_runs_at_once_none_forgets_what_another_has_tried(tmp_path: Path) -> None:
    path = tmp_path / "heal.json"
    with get_context("fork").Pool(4) as pool:
        pool.starmap(_begin_one, [(path, number) for number in range(40)], chunksize=1)
    assert len(read(path).known) == 40


def _begin_one(path: Path, number: int) -> bool:
    return memory(path).begin(f"group/schema_{number}", CAUSE, HOUR, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"version": 2, "attempts": []}', '{"version": 1, "attempts": {}}', "[" * 100_000,
        '{"version": 1, "attempts": [1, {"connection": "a", "cause": "b", "at": "yesterday"}]}',
        '{"version": 1, "attempts": [{"connection": "a b", "cause": "b", "at": "2026-03-01T14:00:00Z"}]}',
        '{"version": 1, "attempts": [{"connection": "a", "cause": "b", "at": "2026-03-01T14:00:00"}]}', "\x00\xff",
    ],
)  # fmt: skip
def test_a_damaged_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "heal.json"
    path.write_text(text, encoding="latin-1")
    assert memory(path).read() == Attempts()
    assert memory(path).begin(IDENTITY, CAUSE, HOUR, NOW)
    assert read(path).last(IDENTITY, CAUSE) == Attempt(NOW)


@pytest.mark.parametrize("fact", [None, 7, [], {"version": 1}, {"version": 1, "attempts": [None]}])
def test_a_damaged_fact_counts_as_none(fact: Any) -> None:
    assert of_facts({FACT: fact}) == Attempts()
    assert of_facts(None) == Attempts()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_in_the_place_of_the_file_is_told_and_stops_nobody(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "heal.json"
    make(path)
    run = memory(path)
    assert run.begin(IDENTITY, CAUSE, HOUR, NOW)
    (warning,) = run.warnings
    assert warning.startswith("onramp_heal_state: ")
    assert str(path) in warning
    # Within the run, the host's own fact remembers it.
    assert not memory(path, **{FACT: run.fact(IDENTITY)}).begin(IDENTITY, CAUSE, HOUR, NOW)


def test_what_is_old_is_forgotten_and_so_is_what_a_wrong_clock_has_dated(tmp_path: Path) -> None:
    path = tmp_path / "heal.json"
    for name, time in (("old", NOW - KEPT - timedelta(days=1)), ("future", NOW + timedelta(days=1)), ("new", NOW)):
        memory(path).begin(f"group/{name}", CAUSE, HOUR, time)
    memory(path).begin("group/newest", CAUSE, HOUR, NOW)
    assert sorted(identity for identity, _cause in read(path).known) == ["group/new", "group/newest"]
    many = Attempts({(f"group/{number}", CAUSE): Attempt(NOW - timedelta(seconds=number)) for number in range(50)})
    assert set(many.bounded(NOW, most=2).known) == {("group/0", CAUSE), ("group/1", CAUSE)}


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-05:00"])
def test_what_lies_in_the_future_is_no_attempt_wherever_it_is_remembered(tmp_path: Path, at: str) -> None:
    path = tmp_path / "heal.json"
    row = {"connection": IDENTITY, "cause": CAUSE, "at": at}
    ahead = {"version": 1, "attempts": [row]}
    path.write_text(json.dumps(ahead))
    assert memory(path).begin(IDENTITY, CAUSE, HOUR, NOW)
    assert memory(None, **{FACT: ahead}).begin(IDENTITY, CAUSE, HOUR, NOW)
    # Nor does it hide the real one.
    assert not memory(path, **{FACT: ahead}).begin(IDENTITY, CAUSE, HOUR, NOW)
    path.write_text(json.dumps(ahead))
    real = Attempts({(IDENTITY, CAUSE): Attempt(NOW)}).as_json()
    assert not memory(path, **{FACT: real}).begin(IDENTITY, CAUSE, HOUR, NOW)


def test_clocks_may_differ_a_little() -> None:
    assert Attempt(NOW + timedelta(minutes=2)).is_within(HOUR, NOW)
    assert not Attempt(NOW + timedelta(minutes=10)).is_within(HOUR, NOW)


def test_the_file_is_in_ansibles_home_unless_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path))
    assert path_of(None) == tmp_path / "onramp_heal.json"
    assert path_of(" ") is None
    assert path_of(str(tmp_path / "there.json")) == tmp_path / "there.json"


def test_a_cause_holds_nothing_that_a_vendor_has_said() -> None:
    cause = cause_of("connection", "setup_broken", ["Invalid API key: abc-secret-def"])
    assert cause.startswith("connection:setup_broken:")
    assert "secret" not in cause
