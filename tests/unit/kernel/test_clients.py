# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What talks to vendors is made once for all who say the same, no matter who comes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.clients import Clients
from ansible_collections.onramp.braze_fivetran.plugins.module_utils._kernel.task import Task

THREADS = 32


def test_threads_that_come_at_once_get_the_same_made_once() -> None:
    clients = Clients()
    made: list[object] = []
    together = threading.Barrier(THREADS, timeout=10)

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_number: int) -> object:
        together.wait()
        return clients.get("key", make)

    with ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(ask, range(THREADS)))
    assert got == made * THREADS


def test_one_that_takes_long_to_make_holds_nobody_up_who_wants_another() -> None:
    clients = Clients()
    begun, end = threading.Event(), threading.Event()

    def make_slowly() -> str:
        begun.set()
        assert end.wait(10)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(clients.get, "slow", make_slowly)
        assert begun.wait(10)
        assert clients.get("quick", lambda: "quick") == "quick"
        end.set()
        assert slow.result(10) == "slow"


def test_what_could_not_be_made_is_tried_again_by_the_next() -> None:
    clients = Clients()

    def fail() -> str:
        raise OSError("no way")

    for _time in range(2):
        with pytest.raises(OSError, match="no way"):
            clients.get("key", fail)
    assert clients.get("key", lambda: "made") == "made"
    assert clients.get("key", fail) == "made"


def test_none_can_be_kept_too() -> None:
    clients = Clients()
    assert clients.get("key", lambda: None) is None
    assert clients.get("key", lambda: 1) is None


def test_one_task_shares_with_no_other_unless_it_is_told_to() -> None:
    def task(**fields: Clients) -> Task:
        return Task(params={}, check_mode=False, warn=print, **fields)

    shared = Clients()
    assert task().clients is not task().clients
    assert task(clients=shared).clients is task(clients=shared).clients
