# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example fleet in the shell of ``make sandbox``: as it stands, with the commands of its page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collection import CHECKOUT
from tests.documents import blocks

FLEET = CHECKOUT / "examples" / "fleet"


def in_the_shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in the sandbox's shell, started as ``make sandbox`` starts it."""
    return subprocess.run(
        [sys.executable, "-m", "tests.sandbox", "shell", "--", "sh", "-eu", "-c", script],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=False,
    )


def test_no_example_looks_for_the_sandbox() -> None:
    files = [path for path in (CHECKOUT / "examples").rglob("*") if path.is_file()]
    assert len(files) > 10
    # The keys in the fleet's vault are encrypted.
    assert [path.name for path in files if "sandbox_" in path.read_text().lower()] == []


@pytest.mark.slow
def test_the_commands_of_the_fleets_page_work_in_the_shell_of_the_sandbox(tmp_path: Path) -> None:
    shown = [line[2:] for block in blocks(FLEET / "README.md", "console") for line in block.splitlines()]
    plays = [line for line in shown if line.startswith("ansible-playbook")]
    assert [line.split()[1].rpartition(".")[2] for line in plays] == ["onboard", "verify", "rotate_key", "offboard"]
    # Nobody is there to answer the question of offboard.yml. A copy, because reports and retries are written beside it.
    script = "\n".join(f"{line} -e offboard_confirmed=true" if "offboard" in line else line for line in plays)
    folder = tmp_path / "fleet"
    shutil.copytree(FLEET, folder)
    ended = in_the_shell(f"cd '{folder}'\n{script}\n")
    assert ended.returncode == 0, ended.stdout
    assert "6 workspaces: 6 fine" in ended.stdout
    assert "1 workspace: 1 removed" in ended.stdout or "loyalty_us" in ended.stdout.rpartition("BRAZE WORKSPACES")[2]


@pytest.mark.slow
def test_the_shell_has_keys_of_aws_and_the_profiles_of_the_fleet() -> None:
    asks = (
        "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1] or None).client('sts').get_caller_identity())"
    )
    script = "\n".join(f"python -c \"{asks}\" '{profile}'" for profile in ("", "acme-us", "acme-emea"))
    ended = in_the_shell(script)
    assert ended.returncode == 0, ended.stdout
    assert [line.count("111122223333") > 0 for line in ended.stdout.splitlines()] == [True, True, False]
