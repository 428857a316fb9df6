# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one worker is refused, all workers of a run know; one that is killed keeps none waiting."""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import signal
import time
import warnings
import weakref
from collections.abc import Callable

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.deadline import CLOCK, Clock
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.errors import OnrampError
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.http.rate_limits import Store, Turn
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action import shared_limits
from ansible_collections.onramp.braze_fivetran.plugins.plugin_utils._action.shared_limits import Shared, clients

from tests.clock import Hurried

FORK = multiprocessing.get_context("fork")


def turn(
    store: Store, name: str = "requests", tell: Callable[[str], None] = lambda _line: None, clock: Clock = CLOCK
) -> Turn:
    return Turn(store, name, "Vendor", name, 60.0, clock, tell)


def in_a_process(work: Callable[[], object]) -> multiprocessing.process.BaseProcess:
    process = FORK.Process(target=work)
    process.start()
    return process


@pytest.fixture(params=["in memory", "in a file"])
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Shared]:
    """Give what makes one, in memory or, as where there is no such memory, in a file."""
    if request.param == "in a file":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return Shared


def test_a_limit_that_one_worker_meets_is_closed_to_the_others_and_to_nothing_else(made: type[Shared]) -> None:
    shared = made()
    assert shared.is_empty()
    in_a_process(lambda: turn(shared).refused(10.0)).join()
    assert not shared.is_empty()
    hurried = Hurried()
    turn(shared, "setup tests", clock=hurried.clock).take()
    assert hurried.waits == []
    turn(shared, clock=hurried.clock).take()
    assert sum(hurried.waits) > 5.0


def test_workers_that_meet_a_limit_together_say_so_once() -> None:
    shared, told = Shared(), FORK.SimpleQueue()
    workers = [in_a_process(lambda: _meet(shared, told.put)) for _number in range(5)]
    for worker in workers:
        worker.join()
    lines = []
    while not told.empty():
        lines.append(told.get())
    assert len(lines) == 1, lines


def _meet(shared: Shared, tell: Callable[[str], None]) -> None:
    turn(shared, tell=tell).refused(30.0)


@pytest.mark.parametrize("has_it", [False, True], ids=["waiting", "writing"])
def test_a_worker_that_is_killed_keeps_none_waiting(has_it: bool) -> None:
    shared, ready = Shared(), FORK.SimpleQueue()

    def work() -> None:
        waiting = turn(shared)
        waiting.refused(0.5)
        if has_it:
            with shared.limit("requests"):
                ready.put(1)
                time.sleep(60)
        ready.put(1)
        waiting.take()

    worker = in_a_process(work)
    ready.get()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    hurried = Hurried()
    turn(shared, clock=hurried.clock).take()
    # Until nobody counts any more with those who stood before.
    assert 0.0 < sum(hurried.waits) < 10.0


def test_while_one_waits_the_file_is_locked_by_nobody() -> None:
    shared = Shared()
    waiting = turn(shared)
    waiting.refused(30.0)
    worker = in_a_process(waiting.take)
    time.sleep(0.3)
    assert worker.is_alive()
    fcntl.lockf(shared._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(shared._file, fcntl.LOCK_UN)
    worker.kill()
    worker.join()


def test_what_is_half_written_is_as_good_as_nothing() -> None:
    shared = Shared()
    turn(shared).refused(60.0)
    os.ftruncate(shared._file, 5)
    assert turn(shared).take() < 5.0


def test_the_file_is_closed_with_what_keeps_it_and_without_a_word(made: type[Shared]) -> None:
    with warnings.catch_warnings(record=True, action="always") as told:
        shared = made()
        file = shared._file
        os.fstat(file)
        del shared
        gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)
    assert told == []


def test_nothing_is_said_at_the_end_where_all_files_are_closed_already(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        # What else there is to be done at the end is the parent's, such as removing its folders.
        weakref.finalize._registry.clear()  # type: ignore[attr-defined]
        kept = Shared()
        os.close(kept._file)
        weakref.finalize._exitfunc()  # type: ignore[attr-defined]

    process = in_a_process(work)
    process.join()
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def what_stops(work: Callable[[Clock, int], object]) -> bytes:
    """Return the code of what stops a worker whose playbook, of this process id, is killed when it begins."""
    sent, writing = os.pipe()

    def worker() -> None:
        os.close(sent)
        clock, playbook = clients().clock, os.getppid()
        clock.attend()
        os.write(writing, b"lives ")
        try:
            work(clock, playbook)
        except OnrampError as error:
            os.write(writing, error.failure.code.encode())

    process = in_a_process(lambda: in_a_process(worker).join())
    os.close(writing)
    assert os.read(sent, 100) == b"lives "
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with os.fdopen(sent, "rb") as rest:
        return rest.read()


def test_a_worker_whose_playbook_was_killed_sends_nothing_an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shared_limits.ATTENDED <= 2.0
    monkeypatch.setattr(shared_limits, "ATTENDED", 0.1)
    begun = time.monotonic()
    assert what_stops(lambda clock, _playbook: clock.sleep(3600.0)) == b"abandoned"
    assert time.monotonic() - begun < 5.0


def test_a_worker_that_begins_when_its_playbook_has_ended_sends_nothing() -> None:
    def begin_late(_clock: Clock, playbook: int) -> None:
        while os.getppid() == playbook:
            time.sleep(0.01)
        clients().clock.attend()

    assert what_stops(begin_late) == b"abandoned"


def test_all_tasks_of_a_process_share_one() -> None:
    assert clients().limits is clients().limits
