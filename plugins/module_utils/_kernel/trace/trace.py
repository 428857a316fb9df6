# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what the vendors are asked, and what they answer, into one file a run, without secrets.

Nothing here is imported unless a trace is asked for. Ansible's workers, and the modules that they execute, write into
the same file, each line at once. ``docs/trace.md`` describes the file.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import Failure, OnrampError
from ..http import transport as _http_transport
from ..secrets.names import SECRETS_OF_THE_ENVIRONMENT
from .connection import traced_pools
from .exchange import Exchange
from .redact import Scrubber

# Raised whenever a reader of older files would misunderstand a line.
FORMAT = 1
# By it, a module in a process of its own is told where to go on. It holds no secret of anybody; the key of the
# placeholders goes this way to processes of the same user only.
VARIABLE = "ONRAMP_BRAZE_FIVETRAN_TRACE"
_RETRIED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class TracedRun:
    """One run of Ansible: where its trace is, by which key secrets are replaced, when it began (a monotonic clock)."""

    file: str
    key: str
    began: float


@dataclass(frozen=True)
class TracedTask:
    """Who asks: a task, and the host that it works for."""

    task: str = ""
    host: str = ""


class Trace:
    """The trace of this process. ``broken`` is told once, if a line cannot be written any more."""

    def __init__(
        self,
        run: TracedRun,
        header: Callable[[], Mapping[str, Any]] | None = None,
        broken: Callable[[str], None] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self.run = run
        self.asker = TracedTask()
        environment = [os.environ.get(name, "") for name in SECRETS_OF_THE_ENVIRONMENT]
        self.scrubber = Scrubber(bytes.fromhex(run.key), [*environment, *secrets])
        self.broken = broken or (lambda _message: None)
        self._header = header
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._tries: dict[tuple[str, ...], int] = {}

    def open(self) -> None:
        """Make sure that there is a file, and that it begins with its header.

        :raises OSError: it cannot be made or written.
        """
        self._append(b"")

    def write(self, exchange: Exchange) -> None:
        """Write a call that has ended."""
        try:
            line = exchange.as_line(self.scrubber, self.run.began)
            self._append(_encoded({**self._asker(), "try": self._try_of(line), **line}))
        except OSError as error:
            self._give_up(error)
        except Exception as error:
            # The caller gets the answer all the same.
            self.note(f"A call to {exchange.vendor} could not be written ({type(error).__name__}).")

    def note(self, message: str) -> None:
        """Write what a reader has to know of what is not in the file."""
        line = {**self._asker(), "at": round(time.monotonic() - self.run.began, 3), "note": message}
        try:
            self._append(_encoded(line))
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None and self._opened[0] == os.getpid():
            os.close(self._opened[1])
        self._opened = None

    def _asker(self) -> dict[str, str]:
        """Return who asks; a name may be a template that has become anything."""
        return {name: self.scrubber.text(text) for name, text in asdict(self.asker).items()}

    def _give_up(self, error: OSError) -> None:
        # A run is not broken off half way because nobody can read about it later.
        stop()
        self.broken(
            f"The trace {self.run.file} cannot be written any more ({os.strerror(error.errno or 0)}), and lacks what"
            " follows. The run goes on without it."
        )

    def _try_of(self, line: Mapping[str, Any]) -> int:
        """Return which try of a call this is: the same once more, after an answer that asks for that, or none."""
        request = line["request"]
        key = (self.asker.task, self.asker.host, request["method"], request["url"], str(request.get("body")))
        with self._lock:
            number = self._tries.get(key, 0) + 1
            if "error" in line or line["answer"]["status"] in _RETRIED:
                self._tries[key] = number
            else:
                self._tries.pop(key, None)
        return number

    def _append(self, line: bytes) -> None:
        with self._lock:
            file = self._descriptor()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                if self._header is not None and not os.fstat(file).st_size:
                    line = _encoded(self._header()) + line
                while line:
                    line = line[os.write(file, line) :]
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _descriptor(self) -> int:
        """Return the file, opened by this process itself: a lock is not one among those who have inherited it."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), _opened(self.run.file))
        return self._opened[1]


def _opened(path: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        file = os.open(path, flags | os.O_NONBLOCK)
    found = os.fstat(file)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
        return file
    os.close(file)
    raise PermissionError(13, "somebody else has put something there")


def _encoded(line: Mapping[str, Any]) -> bytes:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode(errors="backslashreplace") + b"\n"


_active: Trace | None = None


def active() -> Trace | None:
    """Return the trace of this process, if one is written."""
    return _active


def start(
    run: TracedRun, header: Callable[[], Mapping[str, Any]], broken: Callable[[str], None], secrets: Iterable[str] = ()
) -> Trace:
    """Write a trace from now on, of every client that is made from now on; go on with the one that is written.

    ``header``: makes the first line, if there is none. ``secrets``: those that are known, beside those of the
    environment and those that are sent.

    :raises OnrampError: the file cannot be made.
    """
    if _active is not None and _active.run == run:
        _active.broken = broken
        _active.scrubber.learn(*secrets)
        return _active
    trace = Trace(run, header, broken, secrets)
    try:
        os.makedirs(os.path.dirname(run.file), mode=0o700, exist_ok=True)
        trace.open()
    except OSError as error:
        raise _refused(os.path.dirname(run.file), error) from None
    _set(trace)
    return trace


def _refused(folder: str, error: OSError) -> OnrampError:
    why = os.strerror(error.errno or 0)
    return OnrampError(
        msg=f"ONRAMP_TRACE (onramp_trace): no trace can be written into the folder {folder!r}: {why}. Nothing was asked"
        " of anybody. Name a folder that you may write into, or none.",
        failure=Failure(code="no_trace", message=f"No trace can be written into the folder {folder!r}: {why}."),
    )


def stop() -> None:
    """Write no more."""
    if _active is not None:
        _active.close()
    _set(None)


def _set(trace: Trace | None) -> None:
    global _active
    _active = trace
    _http_transport.traced = None if trace is None else _traced


def _traced(pools: Mapping[str, Any], vendor: str) -> Mapping[str, Any]:
    return traced_pools(pools, vendor, _write)


def _write(exchange: Exchange) -> None:
    if _active is not None:
        _active.scrubber.learn(*exchange.credentials())
        _active.write(exchange)


def for_other_processes() -> dict[str, str]:
    """Return the environment by which a module in a process of its own goes on with the trace."""
    if _active is None:
        return {}
    return {VARIABLE: json.dumps({"run": asdict(_active.run), "asker": asdict(_active.asker)})}


def resume(secrets: Iterable[str] = ()) -> None:
    """Go on, in a module's own process, with the trace of the run that started it. ``secrets``: what it was given."""
    told = json.loads(os.environ[VARIABLE])
    trace = Trace(TracedRun(**told["run"]), secrets=secrets)
    trace.asker = replace(trace.asker, **told["asker"])
    _set(trace)


def listen_to_botocore(session: Any) -> None:
    """Let all sessions of a class of botocore be listened to, in a process whose clients somebody else makes."""
    make = session.__init__

    def make_and_listen(self: Any, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        pools = getattr(self, "_pool_classes_by_scheme", None)
        if isinstance(pools, dict):
            # The pools of hosts and proxies, which are made later, all look into this dictionary.
            pools.update(_traced(pools, "AWS"))

    session.__init__ = make_and_listen
