# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who waits at a terminal sees how far it is, and nothing of it is left.

That nobody else gets a byte of it, test_watching.py shows of plays that have no terminal.
"""

from __future__ import annotations

import errno
import os
import pty
import re
from pathlib import Path

from tests.collection import CHECKOUT
from tests.integration.playbooks.fleet import workspaces
from tests.playbook import start_playbook
from tests.sandbox.client import Sandbox

NAMES = ("shop_de", "shop_eu", "shop_uk", "shop_us")
QUIET = {
    "ANSIBLE_STDOUT_CALLBACK": "onramp.braze_fivetran.quiet",
    "ANSIBLE_CALLBACKS_ENABLED": "onramp.braze_fivetran.workspace_report",
    "ONRAMP_REPORT_TABLE": "summary",
    "ONRAMP_REPORT_WIDTH": "100",
}


def read(terminal: int) -> str:
    """Return what is written to a terminal until nobody writes there any more."""
    written = bytearray()
    while True:
        try:
            written += os.read(terminal, 65536)
        except OSError as error:
            # So Linux says that the other side is closed.
            if error.errno != errno.EIO:
                raise
            return written.decode()


def screen(written: str) -> list[str]:
    """Return the lines that a terminal shows."""
    lines, column = [""], 0
    for character in written:
        if character == "\r":
            column = 0
        elif character == "\n":
            lines.append("")
        else:
            lines[-1] = lines[-1][:column].ljust(column) + character + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines if line.strip()]


def test_at_a_terminal_a_line_tells_how_far_it_is_and_nothing_of_it_stays(sandbox: Sandbox, tmp_path: Path) -> None:
    inventory = workspaces(**{name: {} for name in NAMES})
    path = CHECKOUT / "playbooks" / "verify.yml"
    shown, terminal = pty.openpty()
    process = start_playbook(
        sandbox, path, directory=tmp_path, inventory=inventory, environment=QUIET, stderr=terminal, stdout=terminal
    )
    os.close(terminal)
    written = read(shown)
    os.close(shown)
    assert process.wait(60) == 2, written
    looks = [tuple(map(int, found)) for found in re.findall(r"\r(\d+) of (\d+) workspaces looked at *\r", written)]
    assert looks == sorted(looks)
    assert looks[-1] == (4, 4)
    # What prints next finds nothing in the way.
    assert re.search(r"4 of 4 workspaces looked at *\r\r +\r", written)
    assert re.search(r"\r[1-4] of 4 workspaces: \S", written)
    # What callbacks print stands as if nothing had been there before.
    lines = screen(written)
    failed = [line for line in lines if line.startswith("FAILED")]
    assert sorted(failed) == [f"FAILED {name}: Tell what the plan is for each workspace" for name in NAMES]
    assert "4 hosts: 0 fine, 4 failed" in lines
    assert "4 workspaces: 4 failed" in lines
    assert not [line for line in lines if " of 4 workspaces" in line]
