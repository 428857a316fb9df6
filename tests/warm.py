# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible without its start: one Python imports what every play imports, and forks for each play.

Hundreds of plays would each spend half a second on that. What a fork runs is Ansible's own ``main``; nothing is
imported before it that reads a configuration or the environment while it is imported. Of collections, which Ansible
compiles anew in each process, the code is kept; of Ansible's own plugins, the list of where they have moved to. Where
``COLD_PLAYS`` is set, as by ``make test-full``, every play is a process of its own all the same.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from types import CodeType
from typing import Any

# Of Ansible itself only what it imports before its configuration.
IMPORTED = (
    "asyncio",
    "concurrent.futures.thread",
    "ctypes.util",
    "curses",
    "difflib",
    "email.parser",
    "getpass",
    "html.parser",
    "http.client",
    "inspect",
    "multiprocessing.queues",
    "pdb",
    "resolvelib",
    "shlex",
    "smtplib",
    "tarfile",
    "unittest",
    "urllib.request",
    "uuid",
    "zipfile",
    "ansible.config.manager",
    "boto3",
    "botocore.client",
    "botocore.credentials",
    "botocore.endpoint",
    "botocore.loaders",
    "botocore.session",
    "botocore.signers",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.ciphers",
    "cryptography.hazmat.primitives.kdf.pbkdf2",
    "cryptography.hazmat.primitives.padding",
    "cryptography.hazmat.primitives.serialization",
    "fastavro",
    "google.auth.transport.requests",
    "google.cloud.storage",
    "google.oauth2.service_account",
    "jinja2.nativetypes",
    "packaging.requirements",
    "packaging.version",
    "requests",
    "yaml",
)
# They read configuration and environment while they are imported.
NEVER_IMPORTED = ("ansible.constants", "ansible.utils.display")
ENTRY = "ansible-playbook"
CHECKOUT = Path(__file__).resolve().parent.parent
# As Ansible names the files that it compiles.
COMPILED = CHECKOUT / ".cache" / "collections" / "ansible_collections" / "onramp" / "braze_fivetran" / "plugins"
LARGEST_REQUEST = 1 << 17


def can_be_warm(environment: Mapping[str, str]) -> bool:
    """Tell whether a fork is what a new process would be with this environment."""
    names = {name for name in {*environment, *_environment()} if name.startswith(("PYTHON", "LC_", "LANG", "LD_"))}
    possible = sys.platform == "linux" and "COLD_PLAYS" not in os.environ
    return possible and all(environment.get(name) == _environment().get(name) for name in names)


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
        self.returncode = int(_line(self._status))
        os.close(self._output)
        os.close(self._status)
        return io.TextIOWrapper(io.BytesIO(printed), encoding="utf-8").read(), None


_LOCK = Lock()


@cache
def _environment() -> dict[str, str]:
    inherited = ("PATH", "PYTHONPATH", "LANG")
    return {**{name: os.environ[name] for name in inherited if name in os.environ}, "LC_ALL": "C.UTF-8"}


@cache
def _server() -> socket.socket:
    """Start the Python that forks; it ends with this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno())],
        env=_environment(),
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    its.close()
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


def _serve(channel: socket.socket) -> int:
    """Fork for each request, until nobody can ask any more; in a fork, return its exit code."""
    woken, waking = os.pipe()
    for end in (woken, waking):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_signal: None)
    running: dict[int, int] = {}
    while True:
        ready, _writable, _failed = select.select([channel.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 1 << 10)
            _tell_who_ended(running)
        if channel.fileno() in ready:
            request, descriptors, _flags, _address = socket.recv_fds(channel, LARGEST_REQUEST, 2)
            if not request:
                return 0
            output, status = descriptors
            pid = os.fork()
            if pid == 0:
                return _play(json.loads(request), output)
            running[pid] = status
            os.write(status, f"{pid}\n".encode())
            os.close(output)


def _tell_who_ended(running: dict[int, int]) -> None:
    while running:
        pid, how = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        status = running.pop(pid)
        # Nobody may be listening any more.
        with suppress(BrokenPipeError):
            os.write(status, f"{os.waitstatus_to_exitcode(how)}\n".encode())
        os.close(status)


def _play(request: Mapping[str, Any], output: int) -> int:
    """Be what a new process would be, and run the play."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for stream in ("stdout", "stderr"):
        _print_to(output, stream)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    sys.argv = request["command"]
    # As for the script that starts Ansible.
    sys.path[0] = str(Path(sys.argv[0]).parent)
    main: Any = importlib.import_module("ansible.cli.playbook").main
    _take_what_is_compiled()
    code: int = main()
    return code


@cache
def _compiled() -> dict[tuple[str, bytes], CodeType]:
    """Return the code of the collection by its file and source."""
    files = [(str(path), path.read_bytes()) for path in COMPILED.rglob("*.py")]
    return {(path, source): compile(source, path, "exec", flags=0, dont_inherit=True) for path, source in files}


def _take_what_is_compiled() -> None:
    """Let Ansible's loader of collections compile only what is not here."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    loader = finder._AnsibleCollectionPkgLoaderBase
    compile_it = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        known = (self.get_filename(fullname), self.get_source(fullname))
        return _compiled().get(known) or compile_it(self, fullname)

    loader.get_code = get_code


def _parse_once() -> None:
    """Let Ansible's loader of collections find parsed already where Ansible's own plugins are: ten thousand lines."""
    finder: Any = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    runtime = Path(importlib.import_module("ansible").__file__ or "").parent / "config" / "ansible_builtin_runtime.yml"
    parse, content = finder._meta_yml_to_dict, runtime.read_bytes()
    parsed = parse(content, ("ansible.builtin", runtime.name))
    finder._meta_yml_to_dict = lambda text, *more: parsed if text in (content, content.decode()) else parse(text, *more)


def _print_to(output: int, name: str) -> None:
    """Let a stream of this process lead there, opened as Python opens it when it starts."""
    old = getattr(sys, name)
    os.dup2(output, old.fileno())
    buffering = 1 if old.line_buffering else -1
    new = open(old.fileno(), "w", buffering, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
    for stream in (name, f"__{name}__"):
        setattr(sys, stream, new)


def _import() -> None:
    for name in IMPORTED:
        # Not every one comes with every release of the others.
        with suppress(ImportError):
            importlib.import_module(name)
    read = [name for name in NEVER_IMPORTED if name in sys.modules]
    if read:
        sys.exit(f"{', '.join(read)} must not be imported before the environment of a play is there")
    _compiled()
    _parse_once()
    # What lives for ever is not copied into each fork by the collector.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import()
    sys.exit(_serve(socket.socket(fileno=int(sys.argv[1]))))
