# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible without its start: one Python imports what every play imports, and forks for each play.

Hundreds of plays would each spend a second on that. What a fork runs is Ansible's own ``main``: ``warm_server.py``
forks, and ``warm_imports.py`` says what is imported before. With ``COLD_PLAYS=all`` every play is a process of its own
all the same; with ``COLD_PLAYS=first``, as ``make test-full`` has it, the first one of each test that is not slow.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock

ENTRY = "ansible-playbook"
# Variables that Python reads when it starts, and botocore while it is imported.
READ_AT_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "HOME")
CHECKOUT = Path(__file__).resolve().parent.parent
# "all" plays are cold, or the "next" one only.
COLD_PLAYS = "COLD_PLAYS"


def can_be_warm(environment: Mapping[str, str]) -> bool:
    """Tell whether a fork is what a new process would be with this environment."""
    names = {name for name in {*environment, *_environment()} if name.startswith(READ_AT_THE_START)}
    possible = sys.platform == "linux" and os.environ.get(COLD_PLAYS) not in ("all", "next")
    return possible and all(environment.get(name) == _environment().get(name) for name in names)


def let_the_next_be_cold(*, cold: bool) -> None:
    """Say whether the next play is a process of its own all the same, where not all are."""
    if os.environ.get(COLD_PLAYS) != "all":
        os.environ[COLD_PLAYS] = "next" if cold else "none"


@cache
def play_folder() -> Path:
    """Return the home of one play after the other, and their folder; who plays makes it and removes it."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name) / "play"


class WarmPlay:
    """A play in a fork; it is used as a ``subprocess.Popen`` is, in a process group of its own."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self._output, its_output = os.pipe()
        self._status, its_status = os.pipe()
        request = json.dumps({"command": list(command), "cwd": str(cwd), "environment": dict(environment)}).encode()
        try:
            with _LOCK:
                socket.send_fds(_server(), [request], [its_output, its_status])
        finally:
            os.close(its_output)
            os.close(its_status)
        self.pid = int(_line(self._status))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None as long as it runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.returncode = int(_line(self._status))
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Return everything that was printed, when it has ended.

        :raises subprocess.TimeoutExpired: it has not.
        """
        end = None if timeout is None else time.monotonic() + timeout
        printed = bytearray()
        while True:
            if not select.select([self._output], [], [], None if end is None else max(0, end - time.monotonic()))[0]:
                raise subprocess.TimeoutExpired(ENTRY, timeout or 0)
            if not (chunk := os.read(self._output, 1 << 16)):
                break
            printed += chunk
        if self.returncode is None:
            self.returncode = int(_line(self._status))
        os.close(self._output)
        os.close(self._status)
        return io.TextIOWrapper(io.BytesIO(printed), encoding="utf-8").read(), None


def printed_by(play: WarmPlay | subprocess.Popen[str], timeout: float) -> str:
    """Return everything that a play prints until it ends; kill it, with all that it has started, if nobody waits."""
    try:
        output, _nothing = play.communicate(timeout=timeout)
    except BaseException:
        os.killpg(play.pid, signal.SIGKILL)
        play.communicate()
        raise
    return output


_LOCK = Lock()


@cache
def _environment() -> dict[str, str]:
    inherited = ("PATH", "PYTHONPATH", "LANG")
    given = {name: os.environ[name] for name in inherited if name in os.environ}
    return {**given, "LC_ALL": "C.UTF-8", "HOME": str(play_folder())}


@cache
def _server() -> socket.socket:
    """Start the Python that forks; it ends with this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = tempfile.TemporaryDirectory()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_server", str(its.fileno()), folder.name],
        cwd=CHECKOUT,
        env=_environment(),
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    its.close()
    atexit.register(folder.cleanup)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def _line(descriptor: int) -> bytes:
    """Return the next line, of a descriptor in which nothing may be read beyond it."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(descriptor, 1)):
            message = "the Python that runs plays has ended"
            raise RuntimeError(message)
        line += byte
    return line
