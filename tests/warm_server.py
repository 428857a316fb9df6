# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python that forks for each play (``warm.py``), and what forks from it.

It imports what reads neither configuration nor environment. What else a play imports is imported in a stage: a fork
that has the variables and the folder of its plays, and forks for each of them. Variables that nothing reads while it is
imported are set for the play only.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import warm_imports, warm_modules

LARGEST_REQUEST = 1 << 17
READY = b"ready"
# Each keeps some dozen megabytes of its own.
MOST_STAGES = 4
# Variables that are read when a play needs them.
READ_LATE = (
    "AWS_",
    "CLOUDSDK_",
    "FIVETRAN_",
    "GOOGLE_",
    "NO_PROXY",
    "RECORD_RESULTS_FILE",
    "SANDBOX_",
    "STORAGE_EMULATOR_HOST",
    "no_proxy",
)
# But this one tells where botocore's models are, which the collection reads while it is imported.
READ_EARLY = ("AWS_DATA_PATH",)


def is_late(variable: str) -> bool:
    """Tell whether nothing reads it while it is imported."""
    return variable.startswith(READ_LATE) and variable not in READ_EARLY


def early(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may be read while something is imported."""
    return {name: value for name, value in environment.items() if not is_late(name)}


def surroundings(request: Mapping[str, Any]) -> str:
    """Return what can make a difference to what is imported; nothing where files can, too."""
    environment, folder = early(request["environment"]), request["cwd"]
    homes = (Path(folder) / "ansible.cfg", Path(environment.get("HOME", folder)) / ".ansible.cfg")
    files = [file for file in (*homes, Path("/etc/ansible/ansible.cfg")) if file.exists()]
    if files or {"ANSIBLE_CONFIG", "ANSIBLE_LOG_PATH"} & set(environment) or not warm_imports.can_prepare():
        return ""
    return json.dumps([request["command"][0], folder, environment], sort_keys=True)


class Server:
    """Forks for each request, until nobody can ask any more."""

    def __init__(self, channel: socket.socket, folder: Path, *, is_stage: bool = False) -> None:
        self._channel = channel
        self._folder = folder
        self._is_stage = is_stage
        # By process, where to write how it ended.
        self._running: dict[int, int] = {}
        self._asked_for: set[str] = set()
        # The one used last at the end; none where there cannot be one.
        self._stages: dict[str, socket.socket | None] = {}

    def serve(self) -> int:
        """Return the exit code, in a fork that of the play."""
        woken, waking = os.pipe()
        for end in (woken, waking):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waking)
        signal.signal(signal.SIGCHLD, lambda *_signal: None)
        waited_for = [self._channel.fileno(), woken]
        while len(waited_for) > 1 or self._running:
            ready, _writable, _failed = select.select(waited_for, [], [])
            if woken in ready:
                os.read(woken, 1 << 10)
                self._tell_who_ended()
            if self._channel.fileno() in ready:
                request, descriptors, _flags, _address = socket.recv_fds(self._channel, LARGEST_REQUEST, 2)
                if not request:
                    waited_for.remove(self._channel.fileno())
                elif (code := self._start(request, *descriptors)) is not None:
                    return code
        self._end_stages()
        return 0

    def _end_stages(self) -> None:
        for stage in filter(None, self._stages.values()):
            stage.close()
        with suppress(ChildProcessError):
            while True:
                os.wait()

    def _tell_who_ended(self) -> None:
        # Nobody may run, and nobody may be listening any more.
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if status := self._running.pop(ended[0], None):
                    with suppress(BrokenPipeError):
                        os.write(status, f"{os.waitstatus_to_exitcode(ended[1])}\n".encode())
                    os.close(status)

    def _start(self, request: bytes, output: int, status: int) -> int | None:
        """Start a play, here or in a stage; only in a fork, return its exit code."""
        wanted = json.loads(request)
        key = "" if self._is_stage else surroundings(wanted)
        # What is asked for once needs no stage.
        if key in self._asked_for and key not in self._stages and (code := self._make_stage(key, wanted)) is not None:
            return code
        if not self._passed_on(key, request, output, status):
            pid = os.fork()
            if pid == 0:
                return self._play(wanted, output)
            self._running[pid] = status
            os.write(status, f"{pid}\n".encode())
            os.close(output)
        if key:
            self._asked_for.add(key)
        return None

    def _passed_on(self, key: str, request: bytes, output: int, status: int) -> bool:
        """Let the stage start the play, if there is one."""
        stage = self._stages.get(key)
        if stage is None:
            return False
        self._stages[key] = self._stages.pop(key)
        try:
            socket.send_fds(stage, [request], [output, status])
        except OSError:
            self._stages[key] = None
            return False
        os.close(output)
        os.close(status)
        return True

    def _make_stage(self, key: str, wanted: Mapping[str, Any]) -> int | None:
        """Fork one, and return here when it is ready; in what has forked from it, the exit code of a play."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            return _stage(its, wanted, self._folder)
        its.close()
        ready = ours.recv(len(READY)) == READY
        self._stages[key] = ours if ready else None
        if not ready:
            ours.close()
        if len(self._stages) > MOST_STAGES and (oldest := self._stages.pop(next(iter(self._stages)))):
            oldest.close()
        return None

    def _play(self, wanted: Mapping[str, Any], output: int) -> int:
        """Be what a new process would be, and run the play."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _print_to(output)
        os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
        if not self._is_stage:
            os.environ.clear()
        _be(wanted, wanted["environment"])
        return warm_imports.play()


def _stage(channel: socket.socket, wanted: Mapping[str, Any], folder: Path) -> int:
    """Import what a play imports, and serve; if that fails or prints something, each play shall do so itself."""
    signal.set_wakeup_fd(-1)
    printed = os.memfd_create("printed")
    _print_to(printed)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor not in (0, 1, 2, printed, channel.fileno()):
            with suppress(OSError):
                os.close(descriptor)
    os.environ.clear()
    _be(wanted, early(wanted["environment"]))
    own = folder / str(os.getpid())
    own.mkdir()
    warm_imports.for_all_plays(own)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fstat(printed).st_size:
        return 1
    channel.send(READY)
    return Server(channel, own, is_stage=True).serve()


def _be(wanted: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    os.chdir(wanted["cwd"])
    os.environ.update(environment)
    random.seed()
    sys.argv = wanted["command"]
    # As for the script that starts Ansible.
    sys.path[0] = str(Path(sys.argv[0]).parent)


def _print_to(output: int) -> None:
    """Let the streams of this process lead there, opened as Python opens them when it starts."""
    for name in ("stdout", "stderr"):
        old = getattr(sys, name)
        os.dup2(output, old.fileno())
        new = open(old.fileno(), "w", encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        new.reconfigure(line_buffering=old.line_buffering)
        for stream in (name, f"__{name}__"):
            setattr(sys, stream, new)


if __name__ == "__main__":
    warm_imports.for_everybody()
    server = Server(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))
    # Python would take everything apart that was imported; a fork would have it copied for that.
    os._exit(warm_modules.exit_code(lambda: sys.exit(server.serve())))
