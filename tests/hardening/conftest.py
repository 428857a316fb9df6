# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hands the counts of the hardening tests to the end of the report, also from pytest-xdist's workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.hardening.faults import Elsewhere, another_host
from tests.hardening.tally import Tally, table

PROPERTY = "hardening"
# What a test has to say of its size, in one sentence.
SIZE = "size of a matrix"


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Count what the test tries; the test's module is the row of the report."""
    tally = Tally()
    yield tally
    row = request.node.originalname.removeprefix("test_").replace("_", " ")
    request.node.user_properties.append((PROPERTY, (row, dict(tally.counts))))


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Give another host that redirects lead to."""
    with another_host() as host:
        yield host


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the size of the fault matrix and what came of it."""
    rows: dict[str, Counter[str]] = {}
    sizes: list[str] = []
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", "") not in ("call", "teardown"):
            continue
        for name, value in report.user_properties:
            if name == PROPERTY:
                rows.setdefault(value[0], Counter()).update(value[1])
            if name == SIZE and report.when == "call":
                sizes.append(value)
    for line in sizes:
        terminalreporter.write_line(line)
    if rows:
        terminalreporter.section("Hold under fire: faults tried and what came of them")
        for line in table(rows):
            terminalreporter.write_line(line)
