# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark writes is what it measured: of one run only, in medians, beside the goals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import code
from tests.bench.code import MEASURED, OWN, Took
from tests.bench.figures import HEADER, RATIOS_HEADER, Case, Run, in_flight, ratios, row, run_of
from tests.bench.thousands import FLEET_HEADER, FleetRun, fleet_row
from tests.collection import COLLECTIONS
from tests.sandbox.core import Entry

HUNDRED = Case(workspaces=100, latency=0.1, forks=20)


def entry(server: str, started: float, finished: float, caller: str = "outside") -> Entry:
    found = Entry(1, server, f"{server}:get_thing", "GET", "/", {}, caller=caller)
    found.started, found.finished = started, finished
    return found


def run(wall: float, cpu: float, memory: float = 90.0) -> Run:
    return Run(Took(wall, cpu, memory), Counter(braze=19, fivetran=5), in_flight=1.0)


def measured(folder: Path, program: str) -> tuple[int, Took]:
    report = folder / "report.json"
    command = [sys.executable, "-I", "-S", str(MEASURED), str(report), sys.executable, "-c", program]
    exit_code = subprocess.run(command, check=False, timeout=60).returncode
    return exit_code, Took(**json.loads(report.read_text()))


def test_the_memory_of_a_run_is_its_own_and_not_that_of_a_larger_one_before(tmp_path: Path) -> None:
    _exit_code, large = measured(tmp_path, "x = b'x' * 150_000_000")
    _exit_code, small = measured(tmp_path, "pass")
    assert large.memory > 150
    assert small.memory < 100


def test_a_run_is_measured_with_its_children_and_ends_as_its_command_does(tmp_path: Path) -> None:
    child = "import time\\nwhile time.process_time() < 0.3: pass"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}']); sys.exit(3)"
    exit_code, took = measured(tmp_path, program)
    assert exit_code == 3
    assert took.cpu >= 0.3
    assert took.wall >= 0.3


def test_time_under_way_is_counted_once_where_calls_overlap() -> None:
    assert in_flight([entry("aws", 5, 6), entry("gcs", 1, 3), entry("aws", 2, 4)]) == 4


def test_what_the_sandbox_asks_itself_is_no_call_of_the_playbook() -> None:
    found = run_of(Took(1, 1, 1), [entry("braze", 1, 2), entry("braze", 2, 9, caller="fivetran")])
    assert (found.calls, found.in_flight) == (Counter(braze=1), 1)


def test_a_row_has_a_column_for_each_of_its_header_and_the_largest_memory() -> None:
    written = row("abc1234", "rerun", HUNDRED, [run(1, 1, 95), run(2, 9, 120), run(9, 2, 91)])
    assert written.count("|") == HEADER.splitlines()[0].count("|")
    assert "| abc1234 | rerun | 100 | 100 | 20 | 2.0 | 2.0 | 5 | 19 | 0 | 0 |  | 120 | 3 |" in written


def test_a_row_of_a_fleet_has_a_column_for_each_of_its_header_and_tells_how_large_the_plan_is() -> None:
    found = FleetRun(Took(1000.4, 900.6, 768.2), Counter(braze=190_000, fivetran=8), plan=19_000_000)
    written = fleet_row("abc1234", "plan, new", Case(10_000, 0.0, 20), found)
    assert written.count("|") == FLEET_HEADER.splitlines()[0].count("|")
    assert "| plan, new | 10,000 | 0 | 1000 | 901 | 768 MB | 19.0 MB | 8 | 190,000 | 0 | 0 |" in written


@pytest.mark.parametrize(
    ("name", "case", "wall_goal", "cpu_goal"),
    [
        ("rerun", HUNDRED, "≤ 0.35", "≤ 0.20"),
        ("verify", HUNDRED, "≤ 0.17", ""),
        ("rerun", Case(100, 0.0, 20), "", ""),
        ("rerun", Case(50, 0.1, 20), "", ""),
    ],
)
def test_ratios_of_medians_stand_beside_the_goals_that_there_are(
    name: str, case: Case, wall_goal: str, cpu_goal: str
) -> None:
    written = ratios(name, case, [run(40, 80), run(50, 70), run(60, 90)], [run(10, 8)])
    assert written.count("|") == RATIOS_HEADER.splitlines()[0].count("|")
    columns = [column.strip() for column in written.split("|")[4:-1]]
    assert columns == ["50.0", "10.0", "0.20", wall_goal, "80.0", "8.0", "0.10", cpu_goal]


def test_an_earlier_commit_lies_beside_the_checkout_for_as_long_as_it_is_measured() -> None:
    with code.of_commit("HEAD") as earlier:
        assert Path(earlier.playbook("onboard")).is_file()
        assert (earlier.collections / OWN).resolve() == earlier.root.resolve()
        others = [item.name for item in (COLLECTIONS / "ansible_collections").iterdir()]
        assert sorted(item.name for item in (earlier.collections / "ansible_collections").iterdir()) == sorted(others)
    assert not earlier.root.exists()


def test_a_commit_that_does_not_exist_is_said_to() -> None:
    with (
        pytest.raises(ValueError, match="Git knows no commit nothing-of-that-name"),
        code.of_commit("nothing-of-that-name"),
    ):
        pass
