# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command in a folder until standard input closes; then kill it and remove the folder.

The pipe's other end closes however its owner ends, so nothing is left over even if that is killed. Runs without the
site packages: it has to start fast. If the command ends by itself, the guard ends with its code and leaves the folder,
whose log tells why.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading

SET_PARENT_DEATH_SIGNAL = 1
LOG = "output.log"


def main(folder: str, *command: str) -> None:
    """Guard ``command``, which writes to ``output.log`` in ``folder``."""
    with open(os.path.join(folder, LOG), "wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
        )
    closing = threading.Event()

    def follow() -> None:
        code = process.wait()
        if not closing.is_set():
            os._exit(code & 0xFF or 1)

    threading.Thread(target=follow, daemon=True).start()
    sys.stdin.buffer.read()
    closing.set()
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
