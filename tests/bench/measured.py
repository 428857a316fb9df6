# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one command and write what it took: ``python -I -S measured.py REPORT COMMAND...``; exits as the command does.

A process of its own, because the kernel counts for all children of a process together; and a small one, because a child
begins with the size of its parent.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Write seconds by the clock, seconds of CPU, and MB of the largest process, as JSON."""
    report, *command = sys.argv[1:]
    started = time.monotonic()
    exit_code = subprocess.run(command, check=False).returncode
    wall = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}
    Path(report).write_text(json.dumps(took))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
