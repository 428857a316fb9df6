# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rate limits that all workers of a run know of, kept in a file without a name that they inherit.

Ansible's workers are forks of the process that has imported this. The file goes with the last of them, and a lock with
its holder, so that a worker that is killed leaves nothing behind and keeps nobody waiting.
"""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from ...module_utils._kernel.clients import Clients
from ...module_utils._kernel.deadline import Clock
from ...module_utils._kernel.errors import Failure, OnrampError
from ...module_utils._kernel.http.rate_limits import Limit, Own, Store
from .progress import say

LARGEST = 1024 * 1024
# For how many seconds a worker may sleep without looking whether its playbook lives.
ATTENDED = 2.0


class Shared:
    """Keeps the limits for all processes that have the file open, and for their threads."""

    def __init__(self) -> None:
        self._file = _nameless_file()
        # At the end of the process the system closes it; a fork may have closed all files by then.
        weakref.finalize(self, os.close, self._file).atexit = False
        # What the system locks is locked for a process, and not for a thread.
        self._lock = Lock()

    def is_empty(self) -> bool:
        return os.fstat(self._file).st_size == 0

    @contextmanager
    def limit(self, name: str) -> Iterator[Limit]:
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                limits = self._read()
                limit = limits.setdefault(name, Limit())
                yield limit
                self._write(limits)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _read(self) -> dict[str, Limit]:
        content = os.pread(self._file, LARGEST, 0)
        # What a process that was killed has half written is as good as nothing.
        with suppress(ValueError, TypeError, AttributeError):
            return {name: _limit(*values) for name, values in json.loads(content).items()}
        return {}

    def _write(self, limits: dict[str, Limit]) -> None:
        plain = {
            name: (limit.opens_at, limit.last_at, limit.told_until, limit.tickets, limit.waiting)
            for name, limit in limits.items()
        }
        content = json.dumps(plain).encode()
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))


def _nameless_file() -> int:
    """Return a file that nobody else can open: in memory where the system has such, so that no disk can be full."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("onramp_limits")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _limit(opens_at: float, last_at: float, told_until: float, tickets: int, waiting: dict[str, float]) -> Limit:
    return Limit(opens_at, last_at, told_until, tickets, {int(ticket): at for ticket, at in waiting.items()})


def _store() -> Store:
    try:
        return Shared()
    except OSError:
        # Without a place for files, each worker finds out by itself.
        return Own()


_STORE = _store()


_FAMILY = {"playbook": os.getppid()}
# In a worker, before it does anything: later, its playbook may have ended already.
os.register_at_fork(after_in_child=lambda: _FAMILY.update(playbook=os.getppid()))


def clients(tell: Callable[[str], None] = say) -> Clients:
    """Return what a task's clients share: with the other workers, what limits they wait for."""
    return Clients(Clock(sleep=_attended_sleep, attend=_attend), _STORE, tell)


def _attended_sleep(seconds: float) -> None:
    """Sleep while the playbook lives."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0.0:
        time.sleep(min(left, ATTENDED))
        _attend()


def _attend() -> None:
    """Go on while the playbook lives: what it would have changed is not changed behind a later run's back.

    :raises OnrampError: it has ended.
    """
    if os.getppid() != _FAMILY["playbook"]:
        msg = "The playbook has ended before this task. Nothing more was sent."
        raise OnrampError(msg=msg, failure=Failure(code="abandoned", message=msg))
