# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules without the start of their Python: a worker of Ansible that starts one forks, as ``warm.py`` does for plays.

What Ansible has packed for the module is run as it is. A module that is started in any other way than Ansible's usual
one, such as with an environment of its own or as another user, is a new process all the same.
"""

from __future__ import annotations

import atexit
import importlib
import os
import re
import runpy
import selectors
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

# As Ansible's local connection is told to run a module: this Python, and the file, if it is not piped in.
_START = re.compile(r"/bin/sh -c '(?P<python>[^ ']+)( (?P<script>[^ ']+/AnsiballZ_\w+\.py))? && sleep 0'")
# As Python opens them when it starts.
_STREAMS = (
    ("stdin", "r", -1, "surrogateescape"),
    ("stdout", "w", -1, "surrogateescape"),
    ("stderr", "w", 1, "backslashreplace"),
)
_READ_AT_ONCE = 1 << 16


def fork_modules() -> None:
    """Let Ansible's local connection fork for a module of Python."""
    connection: Any = importlib.import_module("ansible.plugins.connection.local").Connection
    execute = connection.exec_command

    def exec_command(self: Any, cmd: Any, in_data: bytes | None = None, sudoable: bool = True) -> Any:
        start = _START.fullmatch(cmd) if isinstance(cmd, str) else None
        usual = start is not None and start["python"] == sys.executable and bool(in_data) != bool(start["script"])
        if start is None or not usual or self.become:
            return execute(self, cmd, in_data=in_data, sudoable=sudoable)
        return run(start["script"] or "", in_data or b"", self.cwd)

    connection.exec_command = exec_command


def run(script: str, piped: bytes, folder: str | bytes | None) -> tuple[int, bytes, bytes]:
    """Return how the script, or what is piped in, ends in a folder, and what it prints as output and as errors."""
    printed, said = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _use_streams(printed[1], said[1])
            os.chdir(folder or ".")
            _forget_ansible()
            code = exit_code(lambda: _run_here(script, piped))
        finally:
            os._exit(code)
    os.close(printed[1])
    os.close(said[1])
    output, errors = _read_both(printed[0], said[0])
    _pid, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # As the shell tells it.
        return 128 - code, output, errors + f"{signal.strsignal(-code)}\n".encode()
    return code, output, errors


def _read_both(*ends: int) -> list[bytes]:
    found = {end: bytearray() for end in ends}
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                if chunk := os.read(key.fd, _READ_AT_ONCE):
                    found[key.fd] += chunk
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [bytes(part) for part in found.values()]


def _run_here(script: str, piped: bytes) -> None:
    sys.argv = [script]
    sys.path[0] = str(Path(script).parent) if script else ""
    if script:
        runpy.run_path(script, run_name="__main__")
        return
    sys.modules["__main__"] = main = ModuleType("__main__")
    exec(compile(piped, "<stdin>", "exec", dont_inherit=True), vars(main))


def _use_streams(output: int, errors: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, output, errors)):
        os.dup2(descriptor, number)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    for number, (name, mode, buffering, on_error) in enumerate(_STREAMS):
        stream = open(number, mode, buffering, encoding="utf-8", errors=on_error, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _forget_ansible() -> None:
    """Forget what the worker knows of Ansible, which is not what the module brings, and what it has set up."""
    # What is to be done at the end of the worker is not the module's.
    atexit._clear()
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            handler = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            with suppress(OSError):
                signal.signal(number, handler)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("ansible")]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if not _is_of_ansible(hook)]
    sys.path_importer_cache.clear()
    for name in list(sys.modules):
        if name.partition(".")[0] in ("ansible", "ansible_collections"):
            del sys.modules[name]
    if boto3 := sys.modules.get("boto3"):
        vars(boto3)["DEFAULT_SESSION"] = None


def _is_of_ansible(hook: Callable[..., Any]) -> bool:
    of = getattr(hook, "__self__", hook)
    return str(getattr(of, "__module__", None) or type(of).__module__).startswith("ansible")


def exit_code(work: Callable[[], object]) -> int:
    """Return what a Python exits with that does nothing else, having done what is to be done at its end."""
    code: Any = None
    try:
        work()
    except SystemExit as asked:
        code = asked.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code or 0)
