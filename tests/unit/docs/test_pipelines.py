# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CI runs the targets that a contributor runs, and README says of other releases what CI and the Makefile say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.collection import CHECKOUT
from tests.install_collections import RELEASES

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
README = (CHECKOUT / "README.md").read_text()


def jobs() -> Iterator[dict[str, Any]]:
    """Yield the jobs of all workflows."""
    for workflow in WORKFLOWS:
        yield from yaml.safe_load(workflow.read_text())["jobs"].values()


def test_every_command_of_the_pipeline_is_a_target_that_exists() -> None:
    commands = [step["run"] for job in jobs() for step in job["steps"] if "run" in step]
    commands += [line for line in (CHECKOUT / ".ci" / "run").read_text().splitlines() if line.startswith("make ")]
    assert len(commands) > 3
    for command in commands:
        make, target, *variables = re.sub(r"\$\{\{.*?\}\}", "", command).split()
        assert make == "make", command
        assert target in TARGETS, command
        assert all(re.fullmatch(r"[A-Z]+=\S*", variable) for variable in variables), command


def test_every_target_of_the_contributors_page_exists() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", (CHECKOUT / "CONTRIBUTING.md").read_text()))
    assert named <= TARGETS
    assert named >= {"lint", "test", "test-full", "test-python", "check", "ansible-test-integration"}


def test_readme_names_the_releases_that_the_pipeline_runs() -> None:
    [matrix] = [job["strategy"]["matrix"]["include"] for job in jobs() if "include" in str(job.get("strategy"))]
    for entry in matrix:
        python, core, amazon = (re.escape(str(entry[name])) for name in ("python", "core", "amazon"))
        row = rf"^\| {python}[.\d]* \| {core} \| {amazon}"
        assert re.search(row, README, re.MULTILINE), entry
        assert entry["amazon"] in RELEASES
