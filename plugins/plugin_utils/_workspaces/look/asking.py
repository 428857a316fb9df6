# Copyright: Contributors to the onramp.braze_fivetran project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask questions side by side, each of them once, and go on from their answers."""

# Private to this collection: no promise of stability to anybody outside it.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Condition
from typing import Any

from ....module_utils._kernel.clients import Clients
from ....module_utils._kernel.errors import Failure, OnrampError
from ....module_utils._kernel.task import Task
from .questions import Question, Returned, Seen, T

# Answers are waited for most of the time. Each question about a key or a bucket asks with some threads of its own.
QUESTIONS_AT_ONCE = 24


class Asking:
    """Questions under way. ``clients`` are shared by all of them.

    ``told``: is told, by the thread that waits, of how many owners everything has come, and how many there are.
    """

    def __init__(self, clients: Clients, told: Callable[[int, int], None]) -> None:
        self._clients = clients
        self._told = told
        self._pool = ThreadPoolExecutor(QUESTIONS_AT_ONCE, thread_name_prefix="look")
        self._futures: dict[Question[Any], Future[Returned]] = {}
        self._open = 0
        self._moved = Condition()
        # By name, how many questions about nobody else are open; and of how many names none is.
        self._open_of: dict[str, int] = {}
        self._seen_of = 0

    def take(self, items: Iterable[T], begin: Callable[[T], None]) -> Seen:
        """Begin with every item, and return all answers once nothing is open any more."""
        try:
            for item in items:
                begin(item)
            self._wait()
        except BaseException:
            # The task was timed out or interrupted; what runs still ends at its own deadlines.
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        self._pool.shutdown()
        return Seen({question: future.result() for question, future in self._futures.items()})

    def _wait(self) -> None:
        with self._moved:
            while self._open:
                self._moved.wait()
                self._told(self._seen_of, len(self._open_of))

    def _ended(self, owner: str, _future: Future[Returned]) -> None:
        with self._moved:
            self._open -= 1
            if owner:
                self._open_of[owner] -= 1
                self._seen_of += self._open_of[owner] == 0
            self._moved.notify()

    def ask(
        self,
        question: Question[T],
        work: Callable[[Task], T],
        params: Callable[[], Mapping[str, Any]] = dict,
        then: Callable[[T], None] | None = None,
        owner: str = "",
    ) -> None:
        """Ask unless it was asked; ``then`` goes on from a good answer, in the thread that got it.

        ``owner``: the workspace that alone it is about.
        """
        with self._moved:
            if question in self._futures:
                return
            # What follows from an answer is asked before its own question counts as ended.
            self._open += 1
            if owner:
                self._seen_of -= self._open_of.get(owner) == 0
                self._open_of[owner] = self._open_of.get(owner, 0) + 1
            future = self._futures[question] = self._pool.submit(self._answer, work, params, then)
        future.add_done_callback(partial(self._ended, owner))

    def _answer(
        self, work: Callable[[Task], T], params: Callable[[], Mapping[str, Any]], then: Callable[[T], None] | None
    ) -> Returned:
        warnings: list[str] = []
        try:
            task = Task(params=params(), check_mode=True, warn=warnings.append, clients=self._clients)
            value = work(task)
            if then is not None:
                then(value)
        except OnrampError as error:
            return Returned(error=error, warnings=tuple(warnings))
        except Exception as error:
            # Its text may quote anything, so only its kind is told.
            msg = f"An unexpected {type(error).__name__} ended this look. Please report it."
            return Returned(error=OnrampError(msg=msg, failure=Failure(code="unexpected", message=msg)))
        return Returned(value, warnings=tuple(warnings))
