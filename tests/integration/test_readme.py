# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README shows is what happens."""

from __future__ import annotations

import os
import subprocess
import sys

from tests import demo
from tests.collection import CHECKOUT, COLLECTIONS

BEGIN, END = "<!-- demo output begins -->\n", "<!-- demo output ends -->"
README = CHECKOUT / "README.md"


def shown(output: str) -> str:
    """Return what the README shows of the demonstration: headlines, recaps, the last report, and what exists then."""
    lines = [line.rstrip() for line in output.splitlines()]
    recaps = [number for number, line in enumerate(lines) if line.startswith("PLAY RECAP")]
    excerpt = ["$ make demo"]
    for title, recap in zip((demo.FIRST, demo.SECOND), recaps, strict=True):
        excerpt += [title, "...", *lines[recap : recap + 3], ""]
    reports = [number for number, line in enumerate(lines) if line.startswith("BRAZE WORKSPACES")]
    excerpt += lines[reports[-1] : lines.index(f"Written as HTML: {demo.REPORT}", reports[-1]) + 1]
    excerpt.append("")
    # The roles that every new bucket has say nothing about this collection.
    excerpt += [line for line in lines[lines.index(demo.RESULT) :] if "roles/storage.legacy" not in line]
    return "```console\n" + "\n".join(excerpt) + "\n```\n"


def test_the_demonstration_ends_well_and_prints_what_the_readme_shows() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    readme = README.read_text()
    before, _begin, rest = readme.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    current = before + BEGIN + shown(finished.stdout) + END + after
    if os.environ.get("UPDATE_README"):
        README.write_text(current)
    assert README.read_text() == current, "run the test again with UPDATE_README=1"
